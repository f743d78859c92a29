// SPDX-License-Identifier: Apache-2.0
//! Benchmarks of the clock's hooks; it has no calls.

use super::*;
use frame_benchmarking::v2::*;
use frame_support::traits::Hooks;

#[benchmarks]
mod benches {
    use super::*;

    /// The block that ends a period: it mixes, keeps a seed and clears the longest list of authors.
    #[benchmark]
    fn on_block() -> Result<(), BenchmarkError> {
        let settings = Parameters { min_authors: MAX_MIN_AUTHORS, ..Settings::<T>::get() };
        Settings::<T>::put(settings);
        let authors: alloc::vec::Vec<Account> = (0..MAX_MIN_AUTHORS).map(|i| [i as u8; 32]).collect();
        let authors = BoundedVec::try_from(authors).map_err(|_| BenchmarkError::Stop("too many authors"))?;
        Authors::<T>::put(authors);
        let last: BlockNumberFor<T> = settings.draw_period_blocks.saturating_sub(1).into();

        #[block]
        {
            Pallet::<T>::on_initialize(last);
            // A block outside consensus, as those of benchmarks are, has no VRF output.
            if T::BlockRandomness::get().is_none() {
                Pallet::<T>::mix([1; 32], Some([u8::MAX; 32]), settings.min_authors);
            }
            Pallet::<T>::on_finalize(last);
        }

        assert!(Pallet::<T>::seed(0).is_some());
        Ok(())
    }

    impl_benchmark_test_suite!(Pallet, crate::tests::mock::new_test_ext(), crate::tests::mock::Test);
}
