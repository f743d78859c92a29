// SPDX-License-Identifier: Apache-2.0
//! What must always hold: the last section of the crate's documentation.

use crate::{
    AuthoredEras, Balance, Claim, Config, Contributions, Credits, CurrentEra, Eras, GenesisIssuance, Pallet, Promised,
    PrunedEras, Settings, TotalBurned, TotalCredits, TotalEmitted, TotalPoints,
};
use alloc::collections::BTreeMap;
use frame_support::{ensure, traits::fungible::Inspect};
use sp_runtime::{AccountId32, Permill, TryRuntimeError};

impl<T: Config> Pallet<T> {
    /// Checks what must always hold: see the last section of the crate's documentation.
    pub fn do_try_state() -> Result<(), TryRuntimeError> {
        let parameters = Settings::<T>::get();
        ensure!(parameters.is_sound(), "rewards: unsound parameters");
        let mut sum: Balance = 0;
        for credit in Credits::<T>::iter_values() {
            ensure!(credit > 0, "rewards: an empty credit is kept");
            sum = sum.saturating_add(credit);
        }
        ensure!(sum == TotalCredits::<T>::get(), "rewards: credits differ from their total");
        ensure!(Self::missing(0) == 0, "rewards: the pot holds less than the credits");

        let (burned, emitted) = (TotalBurned::<T>::get(), TotalEmitted::<T>::get());
        let issuance = T::Currency::total_issuance();
        let promised = Promised::<T>::get();
        ensure!(issuance.saturating_add(promised) <= parameters.cap, "rewards: more issued or promised than the cap");
        let expected = GenesisIssuance::<T>::get().saturating_add(emitted).saturating_sub(burned);
        ensure!(issuance <= expected, "rewards: more issued than genesis and emission explain");
        let most = Permill::from_parts(parameters.kappa_ppm).mul_floor(burned);
        ensure!(TotalPoints::<T>::get() <= most, "rewards: more points than kappa of what was burned");
        Self::check_eras(promised)
    }

    fn check_eras(promised: Balance) -> Result<(), TryRuntimeError> {
        let (parameters, current) = (Settings::<T>::get(), CurrentEra::<T>::get());
        let oldest = parameters.oldest_era(current);
        // By era: points, blocks, and claims of all contributions.
        let mut sums = BTreeMap::<u32, (Balance, u32, Balance)>::new();
        let mut authored = BTreeMap::<AccountId32, u32>::new();
        for (era, who, contribution) in Contributions::<T>::iter() {
            if contribution.blocks > 0 {
                let eras = authored.entry(who).or_default();
                *eras = eras.saturating_add(1);
            }
            ensure!((PrunedEras::<T>::get()..=current).contains(&era), "rewards: a contribution to no era is kept");
            let claim: Claim = Eras::<T>::get(era).claim(&contribution);
            let (points, blocks, claims) = sums.entry(era).or_default();
            *points = points.saturating_add(contribution.points);
            *blocks = blocks.saturating_add(contribution.blocks);
            *claims = claims.saturating_add(claim.total());
        }
        let counted: BTreeMap<AccountId32, u32> = AuthoredEras::<T>::iter().collect();
        ensure!(authored == counted, "rewards: the eras that an account authored in are miscounted");
        let mut unclaimed: Balance = 0;
        for (era, record) in Eras::<T>::iter() {
            ensure!((oldest..=current).contains(&era), "rewards: an expired era is kept");
            let (points, blocks, claims) = sums.get(&era).copied().unwrap_or_default();
            if era == current {
                ensure!(record.points == points && record.blocks == blocks, "rewards: an era differs from its sum");
                ensure!(record.emission() == 0 && record.minted == 0, "rewards: the era under way has emission");
                continue;
            }
            ensure!(record.work <= record.points, "rewards: more emission for work than points");
            ensure!(record.emission() <= parameters.era_budget(era), "rewards: an era's budget is exceeded");
            ensure!(record.minted <= record.emission(), "rewards: more was minted than an era gives");
            ensure!(claims <= record.unclaimed(), "rewards: an era cannot pay its contributions");
            unclaimed = unclaimed.saturating_add(record.unclaimed());
        }
        ensure!(unclaimed == promised, "rewards: what is promised differs from what is unclaimed");
        Ok(())
    }
}
