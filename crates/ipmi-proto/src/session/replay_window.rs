//! The sliding window over inbound session sequence numbers (`IPMI 2.0 §6.12.13`).
//!
//! A number is accepted once. The window starts at the first authenticated packet, because clients do not agree on the first
//! number (ipmitool counts its packets from before the session too), and moves only for packets whose AuthCode was verified:
//! the caller asks after the verification, never before. The number after `FFFFFFFF` is 1; 0 is never valid in a session.

/// How far a number of RMCP+ may lie above or below the highest one seen.
const REACH: u32 = 16;

/// The same for IPMI 1.5.
const REACH_V15: u32 = 8;

/// Which of the latest inbound sequence numbers have been used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ReplayWindow {
    reach: u32,
    highest: Option<u32>,
    /// Bit `n` is set when `highest - n` was seen; bit 0 is `highest` itself.
    seen: u32,
}

impl ReplayWindow {
    /// A window that takes any first number.
    pub(crate) const fn new() -> Self {
        Self { reach: REACH, highest: None, seen: 0 }
    }

    /// A window of an IPMI 1.5 session, whose first number is agreed on.
    pub(crate) const fn from(first: u32) -> Self {
        let before = match first.wrapping_sub(1) {
            0 => u32::MAX,
            before => before,
        };
        Self { reach: REACH_V15, highest: Some(before), seen: u32::MAX }
    }

    /// Takes `number` if it is new and near enough; `false` means a replay, a stray or an invalid number.
    pub(crate) fn accept(&mut self, number: u32) -> bool {
        if number == 0 {
            return false;
        }
        let Some(highest) = self.highest else {
            self.highest = Some(number);
            self.seen = 1;
            return true;
        };
        let ahead = steps(highest, number);
        if (1..=self.reach).contains(&ahead) {
            self.highest = Some(number);
            self.seen = (self.seen << ahead) | 1;
            return true;
        }
        let behind = steps(number, highest);
        let bit = if behind <= self.reach { 1 << behind } else { 0 };
        if bit == 0 || self.seen & bit != 0 {
            return false;
        }
        self.seen |= bit;
        true
    }
}

/// How many increments lead from one number to the other, on the circle 1 … FFFFFFFF that leaves out 0.
fn steps(from: u32, to: u32) -> u32 {
    let distance = to.wrapping_sub(from);
    if to < from { distance.wrapping_sub(1) } else { distance }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn first_number_may_be_anything_but_zero() {
        assert!(!ReplayWindow::new().accept(0));
        assert!(ReplayWindow::new().accept(3));
        assert!(ReplayWindow::new().accept(u32::MAX));
    }

    #[test]
    fn sixteen_ahead_is_accepted_and_seventeen_is_not() {
        let mut window = ReplayWindow::new();
        assert!(window.accept(100));
        assert!(!window.accept(117));
        assert!(window.accept(116));
    }

    #[test]
    fn sixteen_behind_is_accepted_once_and_seventeen_is_not() {
        let mut window = ReplayWindow::new();
        assert!(window.accept(100));
        assert!(window.accept(84));
        assert!(!window.accept(84));
        assert!(!window.accept(83));
    }

    #[test]
    fn window_of_1_5_begins_at_the_agreed_number_and_reaches_8() {
        let mut window = ReplayWindow::from(100);
        assert!(!window.accept(99));
        assert!(!window.accept(108));
        assert!(window.accept(107));
        assert!(window.accept(100), "late, but within 8");
        assert!(!window.accept(100));
        assert!(window.accept(115));
        assert!(!window.accept(106), "9 behind");
        assert!(window.accept(108));
        let mut first = ReplayWindow::from(1);
        assert!(!first.accept(u32::MAX));
        assert!(first.accept(1));
    }

    #[test]
    fn number_one_follows_ffffffff() {
        let mut window = ReplayWindow::new();
        assert!(window.accept(u32::MAX));
        assert!(window.accept(1));
        assert!(!window.accept(0));
        assert!(!window.accept(u32::MAX));
        assert!(window.accept(u32::MAX - 15));
        assert!(!window.accept(u32::MAX - 16));
    }

    proptest! {
        #[test]
        fn agrees_with_a_naive_model(start in 1u32..=u32::MAX, jumps in prop::collection::vec(-20i64..=20, 0..200)) {
            // The model counts on an unbounded line, the window on the circle.
            let on_circle = |position: i64| {
                let size = i64::from(u32::MAX);
                u32::try_from((i64::from(start) - 1 + position).rem_euclid(size) + 1).unwrap()
            };
            let mut window = ReplayWindow::new();
            prop_assert!(window.accept(start));
            let (mut highest, mut used) = (0i64, HashSet::from([0i64]));
            for jump in jumps {
                let position = highest + jump;
                let expected = position >= highest - 16 && position <= highest + 16 && !used.contains(&position);
                prop_assert_eq!(window.accept(on_circle(position)), expected);
                if expected {
                    used.insert(position);
                    highest = highest.max(position);
                }
            }
        }
    }
}
