// SPDX-License-Identifier: Apache-2.0
//! Connections that others hold to us: bounded, so that nobody fills memory by connecting.

use super::PeerId;
use std::sync::{Mutex, PoisonError};

/// Most connections of one peer in each protocol. It needs one; after a restart the old one may still be open.
pub(super) const MAX_PEER_CONNECTIONS: usize = 4;
/// Most connections in each protocol. Each may have a mebibyte on the way to us.
pub(super) const MAX_CONNECTIONS: usize = 512;

/// Connections that are open, the one that was used last at the end.
pub(super) struct Connections<C> {
    of_peer: usize,
    in_all: usize,
    open: Mutex<Open<C>>,
}

struct Open<C> {
    last: u64,
    list: Vec<Known<C>>,
}

struct Known<C> {
    number: u64,
    peer: PeerId,
    connection: C,
    /// Exchanges that are under way.
    exchanges: u32,
}

impl<C> Connections<C> {
    pub fn new(of_peer: usize, in_all: usize) -> Self {
        Self { of_peer, in_all, open: Mutex::new(Open { last: 0, list: Vec::new() }) }
    }

    /// Takes in a connection. Gives its number, and the one that has to be closed for it where there are too many of the peer or in all:
    /// that over which nothing has been asked for longest and nothing is under way, or else the new one. Nobody keeps a place by doing
    /// nothing, and whoever is closed and has something to ask connects again.
    pub fn open(&self, peer: PeerId, connection: C) -> (u64, Option<C>) {
        let mut open = self.lock();
        open.last += 1;
        let (number, in_all) = (open.last, open.list.len() >= self.in_all);
        let of_peer = open.list.iter().filter(|known| known.peer == peer).count() >= self.of_peer;
        let has_to_go = |known: &Known<C>| known.exchanges == 0 && (!of_peer || known.peer == peer);
        let closed = match open.list.iter().position(has_to_go) {
            _ if !of_peer && !in_all => None,
            Some(at) => Some(open.list.remove(at).connection),
            None => return (number, Some(connection)),
        };
        open.list.push(Known { number, peer, connection, exchanges: 0 });
        (number, closed)
    }

    /// An exchange over a connection begins.
    pub fn begin(&self, number: u64) {
        let mut open = self.lock();
        if let Some(at) = open.list.iter().position(|known| known.number == number) {
            let mut known = open.list.remove(at);
            known.exchanges += 1;
            open.list.push(known);
        }
    }

    /// An exchange over a connection has ended.
    pub fn end(&self, number: u64) {
        if let Some(known) = self.lock().list.iter_mut().find(|known| known.number == number) {
            known.exchanges = known.exchanges.saturating_sub(1);
        }
    }

    /// A connection is closed.
    pub fn close(&self, number: u64) {
        self.lock().list.retain(|known| known.number != number);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Open<C>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEER: PeerId = [1; 32];

    #[test]
    fn connection_of_a_peer_that_was_used_longest_ago_should_be_closed_when_it_has_too_many() {
        let connections = Connections::new(2, 10);
        let (first, _) = connections.open(PEER, 'a');
        connections.open([2; 32], 'b');
        connections.open(PEER, 'c');
        connections.begin(first);
        connections.end(first);
        assert_eq!(connections.open(PEER, 'd').1, Some('c'));
        assert_eq!(connections.open(PEER, 'e').1, Some('a'));
    }

    #[test]
    fn connection_that_was_used_longest_ago_should_be_closed_when_there_are_too_many() {
        let connections = Connections::new(2, 3);
        connections.open([1; 32], 'a');
        connections.open([2; 32], 'b');
        let (third, _) = connections.open([3; 32], 'c');
        connections.close(third);
        assert_eq!(connections.open([4; 32], 'd').1, None);
        assert_eq!(connections.open([5; 32], 'e').1, Some('a'));
        assert_eq!(connections.open([6; 32], 'f').1, Some('b'));
    }

    #[test]
    fn new_connection_should_be_closed_when_something_is_under_way_over_all_others() {
        let connections = Connections::new(2, 2);
        let (first, _) = connections.open([1; 32], 'a');
        let (second, _) = connections.open([2; 32], 'b');
        connections.begin(first);
        connections.begin(second);
        assert_eq!(connections.open([3; 32], 'c').1, Some('c'));
        connections.end(second);
        assert_eq!(connections.open([3; 32], 'd').1, Some('b'));
    }
}
