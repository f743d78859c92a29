// SPDX-License-Identifier: Apache-2.0
//! A memory of bounded size: what was used least recently is forgotten first.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
};

/// Values by their keys, each with a weight; together they weigh no more than was agreed.
#[derive(Clone, Debug)]
pub struct Recent<K, V> {
    most: usize,
    weight: usize,
    uses: u64,
    values: HashMap<K, Entry<V>>,
    /// Keys by their last use.
    order: BTreeMap<u64, K>,
}

#[derive(Clone, Debug)]
struct Entry<V> {
    value: V,
    weight: usize,
    used: u64,
}

impl<K: Clone + Eq + Hash, V: Clone> Recent<K, V> {
    /// An empty memory for values that weigh `most` together.
    pub fn new(most: usize) -> Self {
        Self { most, weight: 0, uses: 0, values: HashMap::new(), order: BTreeMap::new() }
    }

    /// The value of a key, which counts as a use of it.
    pub fn get(&mut self, key: &K) -> Option<V> {
        self.uses += 1;
        let entry = self.values.get_mut(key)?;
        if let Some(key) = self.order.remove(&entry.used) {
            self.order.insert(self.uses, key);
        }
        entry.used = self.uses;
        Some(entry.value.clone())
    }

    /// Whether there is a value of a key, which is no use of it.
    pub fn contains(&self, key: &K) -> bool {
        self.values.contains_key(key)
    }

    /// Remembers a value, and forgets others until all weigh little enough. One that weighs too much alone is not remembered.
    pub fn insert(&mut self, key: K, value: V, weight: usize) {
        self.remove(&key);
        if weight > self.most {
            return;
        }
        while self.weight.saturating_add(weight) > self.most {
            let Some(oldest) = self.order.first_key_value().map(|(_, key)| key.clone()) else { break };
            self.remove(&oldest);
        }
        self.uses += 1;
        self.weight += weight;
        self.order.insert(self.uses, key.clone());
        self.values.insert(key, Entry { value, weight, used: self.uses });
    }

    fn remove(&mut self, key: &K) {
        if let Some(Entry { weight, used, .. }) = self.values.remove(key) {
            self.order.remove(&used);
            self.weight -= weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const MOST: usize = 100;

    proptest! {
        #[test]
        fn memory_should_keep_what_was_used_last_as_far_as_it_weighs_little_enough(
            steps in prop::collection::vec((0u8..12, prop::option::of(0usize..120)), 0..200),
        ) {
            let mut recent = Recent::new(MOST);
            // Keys with weights and values, the one that was used last at the end.
            let mut model: Vec<(u8, usize, usize)> = Vec::new();
            for (number, (key, weight)) in steps.into_iter().enumerate() {
                let known = model.iter().position(|(of, ..)| *of == key).map(|at| model.remove(at));
                match weight {
                    Some(weight) => {
                        recent.insert(key, number, weight);
                        if weight <= MOST {
                            model.push((key, weight, number));
                            while model.iter().map(|(_, weight, _)| weight).sum::<usize>() > MOST {
                                model.remove(0);
                            }
                        }
                    }
                    None => {
                        prop_assert_eq!(recent.get(&key), known.map(|(.., value)| value));
                        model.extend(known);
                    }
                }
                for key in 0..12 {
                    prop_assert_eq!(recent.contains(&key), model.iter().any(|(of, ..)| *of == key));
                }
            }
        }
    }
}
