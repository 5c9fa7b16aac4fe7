// SPDX-License-Identifier: GPL-2.0

//! Tests of the reconnection delays.

use crate::cluster::backoff::*;
use proptest::prelude::*;

#[test]
fn delays_double_up_to_the_longest() {
    let mut backoff = Backoff::new();
    let delays: Vec<u64> = (0..8).map(|_| backoff.delay(0)).collect();
    let ms = [25, 50, 100, 200, 400, 750, 750, 750];
    assert_eq!(delays, ms.map(|ms| ms * 1_000_000));
}

#[test]
fn success_starts_again() {
    let mut backoff = Backoff::new();
    let first = backoff.delay(7);
    backoff.delay(7);
    backoff.reset();
    assert_eq!(backoff.delay(7), first);
}

proptest! {
    /// A node that comes back is dialed within LONGEST, and nobody dials in a tight loop.
    #[test]
    fn every_delay_is_within_bounds(randoms in prop::collection::vec(any::<u64>(), 1..40)) {
        let mut backoff = Backoff::new();
        for random in randoms {
            let delay = backoff.delay(random);
            prop_assert!((FIRST / 2..LONGEST).contains(&delay));
        }
    }

    /// Two nodes with different luck do not keep in step.
    #[test]
    fn delays_are_spread(one: u64, other: u64) {
        prop_assume!(one % (FIRST / 2) != other % (FIRST / 2));
        prop_assert_ne!(Backoff::new().delay(one), Backoff::new().delay(other));
    }
}
