//! The tag in a VM's description that remembers a boot device still to be applied.
//!
//! The spelling is the predecessor's (`ravello-api.md §17`), so that either program reads what the other left
//! behind:
//!
//! | tag | device | lifetime |
//! |---|---|---|
//! | `[boot: hd]` | disk | persistent |
//! | `[boot: network]` | network | persistent |
//! | `[boot: hd once]` | disk | one power cycle |
//! | `[boot: network once]` | network | one power cycle |
//!
//! Exactly one space after the colon, lower case. The predecessor does not recognise the last two: it knows no
//! one-shot override, and must not take one for a lasting change.
//!
//! The description belongs to people. These operations are pure, keep the text around the tag byte for byte, and
//! never leave two tags behind. An absent or `null` description is the empty text.

use std::borrow::Cow;

use machine::{BootDevice, IntentTag, Lifetime};

const TAGS: [IntentTag; 4] = [
    IntentTag { device: BootDevice::Disk, lifetime: Lifetime::Persistent },
    IntentTag { device: BootDevice::Network, lifetime: Lifetime::Persistent },
    IntentTag { device: BootDevice::Disk, lifetime: Lifetime::Once },
    IntentTag { device: BootDevice::Network, lifetime: Lifetime::Once },
];

/// The tag in a text. The first one counts, as it did for the predecessor.
pub fn find(text: &str) -> Option<IntentTag> {
    locate(text).map(|(_, tag)| tag)
}

/// The text with this tag and no other. A text that is already so comes back unchanged; otherwise the tag is
/// appended without a separator.
pub fn put(text: &str, tag: IntentTag) -> Cow<'_, str> {
    let spelling = spelling(tag);
    match text.split_once(spelling) {
        Some((before, behind)) if find(&format!("{before}{behind}")).is_none() => Cow::Borrowed(text),
        _ => Cow::Owned(remove(text).into_owned() + spelling),
    }
}

/// The text without any tag, and without anything else missing.
///
/// Pieces that become a tag once the one between them is gone are removed too: whoever reads the text next
/// would take them for one.
pub fn remove(text: &str) -> Cow<'_, str> {
    let mut text = Cow::Borrowed(text);
    while let Some((position, tag)) = locate(&text) {
        text.to_mut().replace_range(position..position + spelling(tag).len(), "");
    }
    text
}

fn locate(text: &str) -> Option<(usize, IntentTag)> {
    TAGS.into_iter()
        .filter_map(|tag| Some((text.find(spelling(tag))?, tag)))
        .min_by_key(|(position, _)| *position)
}

const fn spelling(tag: IntentTag) -> &'static str {
    match (tag.device, tag.lifetime) {
        (BootDevice::Disk, Lifetime::Persistent) => "[boot: hd]",
        (BootDevice::Network, Lifetime::Persistent) => "[boot: network]",
        (BootDevice::Disk, Lifetime::Once) => "[boot: hd once]",
        (BootDevice::Network, Lifetime::Once) => "[boot: network once]",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{IntentTag, TAGS, find, put, remove, spelling};

    #[test]
    fn persistent_tags_are_spelled_as_the_predecessor_did() {
        let [hd, network, ..] = TAGS;
        assert_eq!(put("my node", hd), "my node[boot: hd]");
        assert_eq!(put("", network), "[boot: network]");
        assert_eq!(find("a [boot: hd] b"), Some(hd));
    }

    #[test]
    fn one_shot_tags_are_invisible_to_the_predecessor() {
        for tag in TAGS {
            // The predecessor's expression, as a search for its two literal forms.
            let seen = spelling(tag).contains("[boot: hd]") || spelling(tag).contains("[boot: network]");
            assert_eq!(seen, tag.lifetime == machine::Lifetime::Persistent);
        }
    }

    #[test]
    fn other_spellings_are_not_tags() {
        for text in
            ["[boot:hd]", "[boot:  hd]", "[Boot: hd]", "[boot: HD]", "[boot: cdrom]", "boot: hd", "[boot: hd"]
        {
            assert_eq!(find(text), None, "{text}");
            assert_eq!(remove(text), text);
        }
    }

    #[test]
    fn the_first_of_two_tags_counts_and_both_go() {
        let [hd, network, ..] = TAGS;
        let text = "a[boot: network]b[boot: hd]c";
        assert_eq!(find(text), Some(network));
        assert_eq!(remove(text), "abc");
        assert_eq!(put(text, hd), "abc[boot: hd]");
    }

    #[test]
    fn removal_takes_not_one_character_more() {
        assert_eq!(remove("a[boot: hd]bc"), "abc");
        assert_eq!(remove("a [boot: hd once]\n b"), "a \n b");
    }

    #[test]
    fn a_text_that_already_says_so_is_left_alone() {
        let [hd, ..] = TAGS;
        assert_eq!(put("a[boot: hd]b", hd), "a[boot: hd]b");
        assert_eq!(put("a[boot: hd]b[boot: hd]", hd), "ab[boot: hd]");
    }

    #[test]
    fn fragments_do_not_assemble_into_a_tag() {
        let text = "[boot: [boot: network]hd]";
        assert_eq!(remove(text), "");
        assert_eq!(find(&remove(text)), None);
    }

    fn any_tag() -> impl Strategy<Value = IntentTag> {
        prop::sample::select(TAGS.to_vec())
    }

    /// Texts full of pieces of tags.
    fn any_description() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            any::<String>(),
            any_tag().prop_map(|tag| spelling(tag).to_owned()),
            prop::sample::select(vec![
                "[", "[boot:", " ", "hd", "network", " once", "]", "[boot: ", "é", "\n", "\0"
            ])
            .prop_map(str::to_owned),
        ];
        prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn put_then_find_gives_the_tag(text in any_description(), tag in any_tag()) {
            prop_assert_eq!(find(&put(&text, tag)), Some(tag));
        }

        #[test]
        fn there_are_never_two_tags(text in any_description(), tag in any_tag()) {
            let with_tag = put(&text, tag);
            let count: usize = TAGS.into_iter().map(|each| with_tag.matches(spelling(each)).count()).sum();
            prop_assert_eq!(count, 1);
        }

        #[test]
        fn put_then_remove_gives_the_original_text(text in any_description(), tag in any_tag()) {
            let original = remove(&text).into_owned();
            let with_tag = put(&original, tag).into_owned();
            prop_assert_eq!(remove(&with_tag).into_owned(), original);
        }

        #[test]
        fn foreign_text_survives_whatever_is_put(
            before in "[^\\[\\]]{0,20}", behind in "[^\\[\\]]{0,20}", old in any_tag(), new in any_tag(),
        ) {
            let text = format!("{before}{}{behind}", spelling(old));
            let with_tag = put(&text, new).into_owned();
            prop_assert_eq!(remove(&with_tag).into_owned(), format!("{before}{behind}"));
        }

        #[test]
        fn putting_twice_changes_nothing_more(text in any_description(), tag in any_tag()) {
            let once = put(&text, tag).into_owned();
            prop_assert_eq!(put(&once, tag).into_owned(), once);
        }

        #[test]
        fn removal_leaves_no_tag(text in any_description()) {
            prop_assert_eq!(find(&remove(&text)), None);
        }
    }
}
