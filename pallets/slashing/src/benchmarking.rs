// SPDX-License-Identifier: Apache-2.0
//! Benchmarks of the call.

use super::*;
use frame_benchmarking::v2::*;
use frame_system::RawOrigin;

#[benchmarks]
mod benches {
    use super::*;

    #[benchmark]
    fn set_dry_run() {
        #[extrinsic_call]
        _(RawOrigin::Root, true);

        assert!(DryRun::<T>::get());
    }

    impl_benchmark_test_suite!(Pallet, crate::tests::mock::new_test_ext(), crate::tests::mock::Test);
}
