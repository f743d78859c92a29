// SPDX-License-Identifier: Apache-2.0

//! Proxies: a daemon signs with a hot key of its own, and the key that owns the stake stays away from the machine.

use crate::{Balance, Balances, Jobs, Runtime, RuntimeCall, RuntimeEvent, System, MILLI_QRN};
use codec::{Decode, DecodeWithMemTracking, Encode, MaxEncodedLen};
use frame_support::{
    parameter_types,
    traits::{ConstU32, InstanceFilter},
};
use quern_pallet_jobs::Call as JobsCall;
use quern_pallet_verification::Call as VerificationCall;
use quern_protocol::{shard::Phase, traits::Shards};
use scale_info::TypeInfo;
use sp_runtime::traits::BlakeTwo256;

/// What a proxy may do for the account that named it.
#[derive(
    Clone,
    Copy,
    Debug,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Encode,
    Decode,
    DecodeWithMemTracking,
    MaxEncodedLen,
    TypeInfo,
)]
pub enum ProxyType {
    /// Everything.
    #[default]
    #[codec(index = 0)]
    Any,
    /// What the daemons send while they work and audit: none of these calls moves a bond or funds to another account, spends
    /// anything but fees, or names another proxy. It opens the disputes that a drawn validator owes, which lock nothing, and no
    /// challenge of an accepted shard or accusation of an auditor. What a stolen hot key can cost is what is locked for open obligations, what of the free bond
    /// is locked for new ones (shards that it takes, audits), and what the entry is worth: it can change
    /// the ask and the endpoint, or retire. And it can use up the calls that are free for the account ([`quern_pallet_duties`]).
    #[codec(index = 1)]
    Daemon,
}

impl InstanceFilter<RuntimeCall> for ProxyType {
    fn filter(&self, call: &RuntimeCall) -> bool {
        match self {
            Self::Any => true,
            Self::Daemon => match call {
                RuntimeCall::Workers(_) => true,
                // The one burns what is free, the other locks a bond for nothing that is owed.
                RuntimeCall::Verification(
                    VerificationCall::demand_leaf { .. } | VerificationCall::accuse_auditor { .. },
                ) => false,
                // Of an accepted shard that locks a bond. In a dispute it locks nothing, and only who was drawn may: one read,
                // of what the call reads anyway.
                RuntimeCall::Verification(VerificationCall::open_dispute { shard, .. }) => {
                    Jobs::shard(shard).is_some_and(|shard| matches!(shard.phase, Phase::Disputed { .. }))
                }
                RuntimeCall::Verification(_) => true,
                RuntimeCall::Jobs(call) => matches!(
                    call,
                    JobsCall::start_shard { .. }
                        | JobsCall::decline_shard { .. }
                        | JobsCall::commit_shards { .. }
                        | JobsCall::acknowledge_shards { .. }
                ),
                _ => false,
            },
        }
    }

    fn is_superset(&self, other: &Self) -> bool {
        matches!(self, Self::Any) || self == other
    }
}

parameter_types! {
    /// Reserved for the list of an account's proxies.
    pub const ProxyDepositBase: Balance = 100 * MILLI_QRN;
    /// Reserved for each proxy: 37 bytes.
    pub const ProxyDepositFactor: Balance = 40 * MILLI_QRN;
    /// Reserved for the list of a proxy's announcements.
    pub const AnnouncementDepositBase: Balance = 100 * MILLI_QRN;
    /// Reserved for each announcement: 68 bytes.
    pub const AnnouncementDepositFactor: Balance = 70 * MILLI_QRN;
}

impl pallet_proxy::Config for Runtime {
    type RuntimeEvent = RuntimeEvent;
    type RuntimeCall = RuntimeCall;
    type Currency = Balances;
    type ProxyType = ProxyType;
    type ProxyDepositBase = ProxyDepositBase;
    type ProxyDepositFactor = ProxyDepositFactor;
    type MaxProxies = ConstU32<16>;
    type WeightInfo = pallet_proxy::weights::SubstrateWeight<Runtime>;
    type MaxPending = ConstU32<16>;
    type CallHasher = BlakeTwo256;
    type AnnouncementDepositBase = AnnouncementDepositBase;
    type AnnouncementDepositFactor = AnnouncementDepositFactor;
    type BlockNumberProvider = System;
}
