// SPDX-License-Identifier: Apache-2.0
//! Published programs: how many stages use each, and how one is given up.

use crate::*;

impl<T: Config> Pallet<T> {
    /// Gives up a program that no kept job runs: its bytes go, its deposit is free.
    pub(crate) fn do_retire(publisher: AccountId32, program: BlobId) -> DispatchResult {
        let published = Programs::<T>::get(program).ok_or(Error::<T>::NoSuchProgram)?;
        ensure!(published.publisher == publisher, Error::<T>::NotPublisher);
        ensure!(ProgramUses::<T>::get(program) == 0, Error::<T>::ProgramInUse);
        let deposit = published.deposit;
        T::Currency::release(&HoldReason::ProgramDeposit.into(), &publisher, deposit, Precision::Exact)?;
        Programs::<T>::remove(program);
        Codes::<T>::remove(program);
        Self::deposit_event(Event::ProgramRetired { program, publisher, deposit });
        Ok(())
    }

    /// Notes that one more stage of a kept job runs a program.
    pub(crate) fn use_program(program: &BlobId) {
        ProgramUses::<T>::mutate(program, |uses| *uses = uses.saturating_add(1));
    }

    /// Notes that a stage that runs a program is gone.
    pub(crate) fn leave_program(program: &BlobId) {
        ProgramUses::<T>::mutate_exists(program, |uses| {
            *uses = uses.and_then(|uses| uses.checked_sub(1)).filter(|left| *left > 0);
        });
    }
}
