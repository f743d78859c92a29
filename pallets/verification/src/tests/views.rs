// SPDX-License-Identifier: Apache-2.0
use super::mock::*;
use crate::Disputes;

#[test]
fn disputes_of_should_show_the_disputes_of_a_shard_when_there_are_some() {
    test(|| {
        let (case, _, dispute) = Case::flipped().disputed();
        let shown = Verification::disputes_of(case.id());
        assert_eq!(shown, [(dispute, Disputes::<Test>::get(dispute).unwrap())]);
    });
}

#[test]
fn disputes_should_show_every_dispute_once_when_paged() {
    test(|| {
        let case = Case::flipped().revealed();
        let mut opened: Vec<_> = case.auditors().into_iter().map(|who| case.open(who, case.wrong_position())).collect();
        let first = Verification::disputes(None, 1);
        let second = Verification::disputes(Some(first[0].0), 1);
        assert!(Verification::disputes(Some(second[0].0), 1).is_empty());
        let mut shown = vec![first[0].0, second[0].0];
        shown.sort();
        opened.sort();
        assert_eq!(shown, opened);
    });
}
