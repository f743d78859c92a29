// SPDX-License-Identifier: Apache-2.0
//! What an account runs on, as it states it, and what a job requires of that.
//!
//! Nobody proves a profile. Whoever states more than it has is late with its shards, which costs reputation and never stake; a
//! region is the operator's word alone.

use alloc::string::String;
use bounded_collections::{BoundedVec, ConstU32};
use codec::{Decode, DecodeWithMemTracking, Encode, Input, MaxEncodedLen};
use core::{fmt, str::FromStr};
use scale_info::TypeInfo;

/// Most bytes of a device's name.
pub const MAX_DEVICE_NAME: u32 = 64;
/// Most regions that a job accepts.
pub const MAX_REGIONS: u32 = 8;

/// A country, by its code of two capital letters (ISO 3166-1 alpha-2). Bytes that are no such letters do not decode.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Encode, MaxEncodedLen, TypeInfo)]
pub struct Region([u8; 2]);

impl Region {
    /// The region of two capital letters from A to Z; none for anything else.
    pub fn new(letters: [u8; 2]) -> Option<Self> {
        letters.iter().all(u8::is_ascii_uppercase).then_some(Self(letters))
    }

    /// Its letters.
    pub fn letters(&self) -> [u8; 2] {
        self.0
    }
}

impl Decode for Region {
    fn decode<I: Input>(input: &mut I) -> Result<Self, codec::Error> {
        Self::new(Decode::decode(input)?).ok_or_else(|| "a region is two capital letters".into())
    }
}

impl DecodeWithMemTracking for Region {}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|letter| write!(f, "{}", char::from(*letter)))
    }
}

impl fmt::Debug for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Region {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let letters = <[u8; 2]>::try_from(text.as_bytes()).ok();
        letters
            .and_then(Self::new)
            .ok_or_else(|| alloc::format!("{text:?} is no region: two capital letters of ISO 3166-1, such as DE"))
    }
}

/// What an account runs on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Profile {
    /// Memory of the device in MiB.
    pub memory_mib: u32,
    /// Name of the device, for people.
    pub device: BoundedVec<u8, ConstU32<MAX_DEVICE_NAME>>,
    /// Whether it is an accelerator (and not the CPU).
    pub accelerator: bool,
    /// Its rate in GMAC (10^9 multiply-accumulates) a second, rounded down: what its daemon measured at its start. Zero where
    /// nothing was measured, or less than one.
    pub gmacs_per_second: u32,
    /// Where it stands, if its operator says so.
    pub region: Option<Region>,
}

impl Profile {
    /// The profile of a device; a longer name is cut. Nothing is said of its rate and region.
    pub fn new(memory_mib: u32, device: &str, accelerator: bool) -> Self {
        let device = BoundedVec::truncate_from(device.as_bytes().to_vec());
        Self { memory_mib, device, accelerator, ..Self::default() }
    }
}

/// Which kind of device a job is for.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo,
)]
pub enum Accelerator {
    /// Any.
    #[default]
    #[codec(index = 0)]
    Any,
    /// A processor alone.
    #[codec(index = 1)]
    Cpu,
    /// An accelerator: a GPU.
    #[codec(index = 2)]
    Gpu,
}

/// What a job requires of a worker's device. The default requires nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode, DecodeWithMemTracking, MaxEncodedLen, TypeInfo)]
pub struct Requirements {
    /// Least memory in MiB. A program that takes more requires more.
    pub memory_mib: u32,
    /// Least rate in GMAC a second.
    pub gmacs_per_second: u32,
    /// Regions that it may stand in; anywhere, also where nobody says, when there are none.
    pub regions: BoundedVec<Region, ConstU32<MAX_REGIONS>>,
    /// Which kind of device.
    pub accelerator: Accelerator,
}

impl Requirements {
    /// Whether a device meets them.
    pub fn are_met_by(&self, profile: &Profile) -> bool {
        let kind = match self.accelerator {
            Accelerator::Any => true,
            Accelerator::Cpu => !profile.accelerator,
            Accelerator::Gpu => profile.accelerator,
        };
        let region = self.regions.is_empty() || profile.region.is_some_and(|region| self.regions.contains(&region));
        kind && region && profile.memory_mib >= self.memory_mib && profile.gmacs_per_second >= self.gmacs_per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::{string::ToString, vec, vec::Vec};
    use codec::DecodeAll;
    use proptest::prelude::*;

    fn region(text: &str) -> Region {
        text.parse().unwrap()
    }

    fn profile() -> Profile {
        let region = Some(region("DE"));
        Profile { gmacs_per_second: 50, region, ..Profile::new(4_096, "a device", true) }
    }

    #[test]
    fn requirements_should_be_met_by_anything_when_they_are_none() {
        assert!(Requirements::default().are_met_by(&Profile::default()));
        assert!(Requirements::default().are_met_by(&profile()));
    }

    #[test]
    fn requirements_should_be_met_when_each_is_reached_and_no_more() {
        let needs = |memory_mib, gmacs_per_second| Requirements { memory_mib, gmacs_per_second, ..Default::default() };
        assert!(needs(4_096, 50).are_met_by(&profile()));
        assert!(!needs(4_097, 50).are_met_by(&profile()));
        assert!(!needs(4_096, 51).are_met_by(&profile()));
    }

    #[test]
    fn requirements_should_be_met_by_the_kind_of_device_that_they_name() {
        let needs = |accelerator| Requirements { accelerator, ..Default::default() };
        let cpu = Profile { accelerator: false, ..profile() };
        assert!(needs(Accelerator::Gpu).are_met_by(&profile()) && !needs(Accelerator::Gpu).are_met_by(&cpu));
        assert!(needs(Accelerator::Cpu).are_met_by(&cpu) && !needs(Accelerator::Cpu).are_met_by(&profile()));
    }

    #[test]
    fn requirements_should_be_met_in_a_region_that_they_name_and_nowhere_else() {
        let within = |regions: Vec<Region>| Requirements { regions: regions.try_into().unwrap(), ..Default::default() };
        assert!(within(vec![region("FR"), region("DE")]).are_met_by(&profile()));
        assert!(!within(vec![region("FR")]).are_met_by(&profile()));
        let nowhere = Profile { region: None, ..profile() };
        assert!(!within(vec![region("DE")]).are_met_by(&nowhere), "nobody says where it stands");
    }

    #[test]
    fn region_should_name_what_is_wrong_when_it_is_no_code() {
        for text in ["", "D", "de", "DEU", "D1", "\u{c4}"] {
            let error = text.parse::<Region>().unwrap_err();
            assert!(error.contains("two capital letters"), "{error}");
        }
        assert_eq!(region("DE").to_string(), "DE");
    }

    proptest! {
        #[test]
        fn region_should_decode_only_from_two_capital_letters(bytes in any::<[u8; 2]>()) {
            let valid = bytes.iter().all(|byte| char::from(*byte).is_uppercase() && byte.is_ascii());
            let decoded = Region::decode_all(&mut &bytes[..]);
            prop_assert_eq!(decoded.is_ok(), valid);
            if let Ok(region) = decoded {
                prop_assert_eq!(region.encode(), bytes.to_vec());
            }
        }

        #[test]
        fn profile_should_come_back_when_it_is_encoded_and_decode_from_no_other_bytes(bytes in prop::collection::vec(any::<u8>(), 0..90)) {
            if let Ok(profile) = Profile::decode_all(&mut &bytes[..]) {
                prop_assert_eq!(profile.encode(), bytes);
            }
            let encoded = profile().encode();
            prop_assert_eq!(Profile::decode_all(&mut &encoded[..]).unwrap(), profile());
        }
    }
}
