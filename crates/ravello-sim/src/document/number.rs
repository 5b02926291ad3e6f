//! Integers: exact up to 64 bits, spelled as numbers or as strings (`ravello-api.md §2`).

use serde_json::{Map, Number, Value};

use super::fields::{is_long, is_numeric};

/// A whole number that is not negative, written as a number or as a string of digits.
pub(crate) fn integer(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => digits(text).and_then(|number| number.as_u64()),
        _ => None,
    }
}

/// A whole number, also a negative one.
pub(crate) fn signed(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => digits(text).and_then(|number| number.as_i64()),
        _ => None,
    }
}

fn digits(text: &str) -> Option<Number> {
    if let Ok(number) = text.parse::<u64>() {
        return (!text.starts_with('+')).then(|| number.into());
    }
    text.parse::<i64>().ok().map(Number::from)
}

/// Turns strings of digits into numbers, in the fields that are numbers.
pub(crate) fn numbers_from_strings(document: &mut Map<String, Value>) {
    walk(document, "", 0, &mut |parent, key, value| {
        if is_numeric(parent, key)
            && let Value::String(text) = &*value
            && let Some(number) = digits(text)
        {
            *value = Value::Number(number);
        }
    });
}

/// Turns 64-bit numbers into strings, as the header `X-LongToString` asks for.
pub(crate) fn strings_from_longs(value: &mut Value) {
    match value {
        Value::Object(document) => walk(document, "", 0, &mut |_, key, value| {
            if let Value::Number(number) = &*value
                && (number.is_i64() || number.is_u64())
                && (is_long(key) || number.as_i64().is_none_or(|wide| i32::try_from(wide).is_err()))
            {
                *value = Value::String(number.to_string());
            }
        }),
        Value::Array(items) => items.iter_mut().for_each(strings_from_longs),
        Value::Number(number) if number.is_i64() || number.is_u64() => {
            *value = Value::String(number.to_string());
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// How deep a document may be; the JSON parser allows no more either.
const DEPTH: usize = 128;

/// Visits every field that is not an object, with the name of the field that holds its object.
fn walk(
    document: &mut Map<String, Value>,
    parent: &str,
    depth: usize,
    visit: &mut impl FnMut(&str, &str, &mut Value),
) {
    if depth > DEPTH {
        return;
    }
    for (key, value) in document {
        match value {
            Value::Object(inner) => walk(inner, key, depth + 1, visit),
            Value::Array(items) => {
                for item in items {
                    match item {
                        Value::Object(inner) => walk(inner, key, depth + 1, visit),
                        other => visit(parent, key, other),
                    }
                }
            }
            other => visit(parent, key, other),
        }
    }
}
