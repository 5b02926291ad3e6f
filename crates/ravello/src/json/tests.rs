//! What goes in comes out.

use proptest::prelude::*;

use super::Json;

fn parse(text: &str) -> Json {
    Json::parse(text.as_bytes()).unwrap()
}

#[test]
fn every_spelling_of_a_scalar_survives() {
    let text = concat!(
        r#"{"id":9223372036854775807,"beyond":99999999999999999999999,"exact":0.10000000000000000000001,"#,
        r#""exponent":1E5,"zero":-0.0,"string":"4400000000000021","escaped":"\u00e9\/\ud800","none":null,"#,
        r#""yes":true,"empty":{},"list":[[],1,"a"]}"#
    );
    assert_eq!(parse(text).to_string(), text);
}

#[test]
fn white_space_is_the_only_loss() {
    assert_eq!(parse(" { \"a b\" : [ 1 , 2 ]\n} ").to_string(), r#"{"a b":[1,2]}"#);
}

#[test]
fn repeated_names_are_kept_and_the_first_counts() {
    let twice = parse(r#"{"a":1,"a":2}"#);
    assert_eq!(twice.to_string(), r#"{"a":1,"a":2}"#);
    assert_eq!(twice.get("a").and_then(Json::unsigned), Some(1));
}

#[test]
fn numbers_are_read_from_numbers_and_strings_without_rounding() {
    for text in ["9007199254740993", "\"9007199254740993\"", "\" 9007199254740993 \""] {
        assert_eq!(parse(text).unsigned(), Some((1 << 53) + 1), "{text}");
    }
    assert_eq!(parse("18446744073709551615").unsigned(), Some(u64::MAX));
    assert_eq!(parse("\"-1\"").signed(), Some(-1));
    for text in ["1.5", "1e3", "true", "null", "[]", "\"x\"", "-1"] {
        assert_eq!(parse(text).unsigned(), None, "{text}");
    }
}

#[test]
fn flags_are_read_bare_and_as_strings() {
    assert_eq!(parse("true").flag(), Some(true));
    assert_eq!(parse("\"false\"").flag(), Some(false));
    assert_eq!(parse("1").flag(), None);
}

#[test]
fn null_counts_as_absent_but_is_replaced_in_place() {
    let mut json = parse(r#"{"a":null,"b":1}"#);
    assert_eq!(json.get("a"), None);
    json.set("a", Json::string("é\n"));
    json.set("c", Json::flag_value(true));
    assert_eq!(json.to_string(), r#"{"a":"é\n","b":1,"c":true}"#);
}

#[test]
fn text_that_is_not_unicode_is_not_guessed() {
    assert_eq!(parse(r#""\ud800""#).text(), None);
    assert_eq!(parse(r#""\u0041\n""#).text().as_deref(), Some("A\n"));
}

#[test]
fn bad_documents_are_errors_not_panics() {
    for bad in [&b""[..], b"{", b"{\"a\":}", b"<html>", b"\xff", b"1 2", b"[1,]", b"{\"a\" 1}"] {
        assert!(Json::parse(bad).is_err(), "{bad:?}");
    }
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    assert!(Json::parse(deep.as_bytes()).is_err());
    let bearable = "[".repeat(super::MAX_DEPTH) + &"]".repeat(super::MAX_DEPTH);
    assert_eq!(parse(&bearable).to_string(), bearable);
}

fn document() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::Value;
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..8)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #[test]
    fn printing_what_was_parsed_gives_the_same_bytes(value in document()) {
        let text = value.to_string();
        prop_assert_eq!(parse(&text).to_string(), text);
    }

    #[test]
    fn pretty_printed_text_means_the_same(value in document()) {
        let pretty = serde_json::to_string_pretty(&value).unwrap();
        prop_assert_eq!(parse(&pretty).to_string(), value.to_string());
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        if let Ok(json) = Json::parse(&bytes) {
            prop_assert_eq!(Json::parse(json.to_string().as_bytes()).unwrap(), json);
        }
    }

    #[test]
    fn strings_are_quoted_and_read_back(text in any::<String>()) {
        let json = Json::string(&text);
        prop_assert_eq!(json.text().unwrap(), text.as_str());
        prop_assert_eq!(parse(&json.to_string()), json);
    }
}

#[test]
fn differences_are_told_with_pointer_old_and_new_value() {
    let old = Json::parse(br#"{"a":1,"b":{"x/y":[true,{"c":"old"}]},"gone":null,"same":9007199254740993}"#)
        .unwrap();
    let new =
        Json::parse(br#"{"b":{"x/y":[true,{"c":"new"}]},"a":2,"same":9007199254740993,"come":[]}"#).unwrap();
    let expected =
        ["/a: 1 -> 2", r#"/b/x~1y/1/c: "old" -> "new""#, "/gone: null -> removed", "/come: absent -> []"];
    assert_eq!(old.differences(&new), expected);
    assert!(old.differences(&old).is_empty());
}
