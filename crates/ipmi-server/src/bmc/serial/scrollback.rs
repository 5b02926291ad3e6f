//! What a node has printed lately.

use std::collections::VecDeque;

/// The last characters of a console, for whoever looks later.
#[derive(Debug)]
pub(super) struct Scrollback {
    capacity: usize,
    characters: VecDeque<u8>,
    /// Whether older ones are gone.
    cut: bool,
}

impl Scrollback {
    /// Nothing yet. Memory is taken as characters come.
    pub(super) const fn new(capacity: usize) -> Self {
        Self { capacity, characters: VecDeque::new(), cut: false }
    }

    pub(super) fn push(&mut self, characters: &[u8]) {
        let kept = characters.len().min(self.capacity);
        let (_, newest) = characters.split_at(characters.len().saturating_sub(kept));
        let excess = self.characters.len().saturating_add(newest.len()).saturating_sub(self.capacity);
        self.cut |= excess > 0 || newest.len() < characters.len();
        self.characters.drain(..excess.min(self.characters.len()));
        self.characters.extend(newest);
    }

    /// All that is kept. If older characters are gone it begins with a line, so that nobody sees half of a character or of an
    /// escape sequence.
    pub(super) fn replay(&self) -> Vec<u8> {
        let begin = match self.characters.iter().position(|character| *character == b'\n') {
            Some(end_of_line) if self.cut => end_of_line.saturating_add(1),
            _ => 0,
        };
        self.characters.range(begin..).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

    use proptest::prelude::*;

    use super::Scrollback;

    #[test]
    fn everything_is_kept_until_it_is_too_much() {
        let mut scrollback = Scrollback::new(10);
        scrollback.push(b"one\ntwo\n");
        assert_eq!(scrollback.replay(), b"one\ntwo\n");
        scrollback.push(b"three\n");
        assert_eq!(scrollback.replay(), b"three\n", "lines are not cut in half");
    }

    #[test]
    fn text_without_lines_is_replayed_as_far_as_it_is_kept() {
        let mut scrollback = Scrollback::new(4);
        scrollback.push(b"abcdefgh");
        assert_eq!(scrollback.replay(), b"efgh");
    }

    #[test]
    fn scrollback_of_nothing_keeps_nothing() {
        let mut scrollback = Scrollback::new(0);
        scrollback.push(b"abc\ndef");
        assert_eq!(scrollback.replay(), b"");
    }

    proptest! {
        #[test]
        fn replay_is_the_end_of_what_was_printed(
            pieces in proptest::collection::vec(proptest::collection::vec(b'a'..b'f', 0..30), 0..20),
            capacity in 0..100_usize,
        ) {
            let mut scrollback = Scrollback::new(capacity);
            pieces.iter().for_each(|piece| scrollback.push(piece));
            let all = pieces.concat();
            let replay = scrollback.replay();
            prop_assert_eq!(replay.len(), all.len().min(capacity));
            prop_assert!(all.ends_with(&replay));
        }
    }
}
