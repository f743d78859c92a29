// SPDX-License-Identifier: Apache-2.0

use crate::{Babe, Runtime};
use pallet_session::FindAccountFromAuthorIndex;

impl pallet_authorship::Config for Runtime {
    type FindAuthor = FindAccountFromAuthorIndex<Self, Babe>;
    type EventHandler = ();
}
