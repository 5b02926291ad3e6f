//! JSON that goes back exactly as it came.
//!
//! The API replaces what it is sent, so whatever a read-modify-write does not mean to change has to survive it
//! to the letter: fields that nobody here has heard of, their order, ids of 19 digits, decimals of any length
//! (`ravello-api.md §2`). General-purpose JSON values put numbers into 64-bit machine types. This one keeps the
//! text of every scalar and interprets it only when somebody asks. No number ever becomes a float.
//!
//! Invariant: printing a parsed document gives the same document without insignificant white space.
//!
//! This is not a parser of its own: the grammar, including escapes, is `serde_json`'s.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;

/// Documents of the API are about ten levels deep; far beyond that it is an attack on the stack.
const MAX_DEPTH: usize = 64;

/// A JSON value whose scalars keep their spelling.
#[derive(Clone, PartialEq, Eq)]
pub enum Json {
    /// Members in the order of the text. A name that occurs twice is kept twice; the first one counts.
    Object(Vec<(String, Self)>),
    /// Elements in order.
    Array(Vec<Self>),
    /// A string, number, `true`, `false` or `null`.
    Scalar(Scalar),
}

/// The verbatim text of a string, number, `true`, `false` or `null`.
#[derive(Clone, PartialEq, Eq)]
pub struct Scalar(Box<str>);

impl Json {
    /// Reads a document.
    ///
    /// # Errors
    /// When it is not UTF-8, not JSON, or nested deeper than any document of the API.
    pub fn parse(text: &[u8]) -> Result<Self, serde_json::Error> {
        let text = std::str::from_utf8(text).map_err(serde_json::Error::custom)?;
        Self::unfold(serde_json::from_str(text)?, MAX_DEPTH)
    }

    fn unfold(raw: &RawValue, depth_left: usize) -> Result<Self, serde_json::Error> {
        let text = raw.get();
        let is_container = text.starts_with(['{', '[']);
        let Some(depth_left) = depth_left.checked_sub(usize::from(is_container)) else {
            return Err(serde_json::Error::custom("nested too deeply"));
        };
        if text.starts_with('{') {
            let Members(members) = serde_json::from_str(text)?;
            let unfolded =
                members.into_iter().map(|(name, value)| Ok((name, Self::unfold(value, depth_left)?)));
            unfolded.collect::<Result<_, _>>().map(Self::Object)
        } else if is_container {
            let elements: Vec<&RawValue> = serde_json::from_str(text)?;
            elements
                .into_iter()
                .map(|each| Self::unfold(each, depth_left))
                .collect::<Result<_, _>>()
                .map(Self::Array)
        } else {
            Ok(Self::Scalar(Scalar(text.into())))
        }
    }

    /// A string value.
    pub fn string(text: &str) -> Self {
        Self::Scalar(Scalar(quote(text).into()))
    }

    /// `true` or `false`.
    pub fn flag_value(flag: bool) -> Self {
        Self::Scalar(Scalar(if flag { "true" } else { "false" }.into()))
    }

    /// A whole number.
    pub fn number(number: u64) -> Self {
        Self::Scalar(Scalar(number.to_string().into()))
    }

    /// The members of an object; nothing for every other value.
    pub fn members(&self) -> &[(String, Self)] {
        match self {
            Self::Object(members) => members,
            Self::Array(_) | Self::Scalar(_) => &[],
        }
    }

    /// The elements of an array; nothing for every other value.
    pub fn elements(&self) -> &[Self] {
        match self {
            Self::Array(elements) => elements,
            Self::Object(_) | Self::Scalar(_) => &[],
        }
    }

    /// The elements of an array, to be edited.
    pub fn elements_mut(&mut self) -> &mut [Self] {
        match self {
            Self::Array(elements) => elements,
            Self::Object(_) | Self::Scalar(_) => &mut [],
        }
    }

    /// The member of that name. A `null` counts as absent: the API writes either.
    pub fn get(&self, name: &str) -> Option<&Self> {
        let (_, value) = self.members().iter().find(|(each, _)| each == name)?;
        (!value.is_null()).then_some(value)
    }

    /// The member of that name, to be edited; also a `null`.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        match self {
            Self::Object(members) => {
                members.iter_mut().find(|(each, _)| each == name).map(|(_, value)| value)
            }
            Self::Array(_) | Self::Scalar(_) => None,
        }
    }

    /// Gives a member a new value, in its old place, or else at the end. Does nothing to what is not an object.
    pub fn set(&mut self, name: &str, value: Self) {
        if let Some(place) = self.get_mut(name) {
            *place = value;
        } else if let Self::Object(members) = self {
            members.push((name.to_owned(), value));
        }
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Scalar(Scalar(text)) if &**text == "null")
    }

    /// The text of a string; `None` for every other value, and for a string that is no Unicode text (a lone
    /// surrogate).
    pub fn text(&self) -> Option<Cow<'_, str>> {
        let Self::Scalar(Scalar(verbatim)) = self else { return None };
        let inner = verbatim.strip_prefix('"')?.strip_suffix('"')?;
        if inner.contains('\\') {
            serde_json::from_str::<String>(verbatim).ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(inner))
        }
    }

    /// What a person would call this scalar: the text of a string, the spelling of anything else.
    pub fn plain(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Scalar(Scalar(verbatim)) => self.text().or(Some(Cow::Borrowed(verbatim))),
            Self::Object(_) | Self::Array(_) => None,
        }
    }

    /// A whole number that is not negative, spelled as number or as string.
    pub fn unsigned(&self) -> Option<u64> {
        self.plain()?.trim().parse().ok()
    }

    /// A whole number, spelled as number or as string.
    pub fn signed(&self) -> Option<i64> {
        self.plain()?.trim().parse().ok()
    }

    /// A truth value, spelled bare or as string.
    pub fn flag(&self) -> Option<bool> {
        self.plain()?.trim().parse().ok()
    }
}

impl Json {
    /// What another document says differently, a line each: a JSON pointer (RFC 6901), the old value, the new one.
    /// Only for people: members are compared by name, elements by position.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        self.collect_differences(other, "", &mut found);
        found
    }

    fn collect_differences(&self, other: &Self, pointer: &str, found: &mut Vec<String>) {
        match (self, other) {
            (Self::Object(old), Self::Object(new)) => {
                for (name, value) in old {
                    let pointer = format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
                    match new.iter().find(|(each, _)| each == name) {
                        Some((_, now)) => value.collect_differences(now, &pointer, found),
                        None => found.push(format!("{pointer}: {value} -> removed")),
                    }
                }
                for (name, value) in new.iter().filter(|(name, _)| !old.iter().any(|(each, _)| each == name))
                {
                    found.push(format!("{pointer}/{name}: absent -> {value}"));
                }
            }
            (Self::Array(old), Self::Array(new)) if old.len() == new.len() => {
                for (position, (value, now)) in old.iter().zip(new).enumerate() {
                    value.collect_differences(now, &format!("{pointer}/{position}"), found);
                }
            }
            (old, new) if old == new => {}
            (old, new) => found.push(format!("{pointer}: {old} -> {new}")),
        }
    }
}

impl fmt::Display for Json {
    /// Prints the document without white space between its parts.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scalar(Scalar(verbatim)) => f.write_str(verbatim),
            Self::Array(elements) => {
                f.write_str("[")?;
                for (position, element) in elements.iter().enumerate() {
                    f.write_str(if position == 0 { "" } else { "," })?;
                    write!(f, "{element}")?;
                }
                f.write_str("]")
            }
            Self::Object(members) => {
                f.write_str("{")?;
                for (position, (name, value)) in members.iter().enumerate() {
                    f.write_str(if position == 0 { "" } else { "," })?;
                    write!(f, "{}:{value}", quote(name))?;
                }
                f.write_str("}")
            }
        }
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// The members of an object in order, values unread.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;

        impl<'de> Visitor<'de> for InOrder {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(InOrder)
    }
}

#[cfg(test)]
mod tests;
