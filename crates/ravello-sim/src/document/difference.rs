//! What a publish would change in a VM, and what of it restarts the VM (`ravello-api.md §8`).

use serde_json::{Map, Value};

use super::fields::{BOOKKEEPING, HARDWARE, NAMES};
use crate::switches::Rename;

/// The difference between a VM's design and what was published of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Difference {
    /// The fields that differ.
    pub(crate) fields: Vec<String>,
    /// Whether publishing them restarts a running VM.
    pub(crate) restarts: bool,
}

impl Difference {
    pub(crate) fn between(
        design: &Map<String, Value>,
        published: &Map<String, Value>,
        rename: Rename,
    ) -> Self {
        let mut fields: Vec<String> = design
            .iter()
            .filter(|(key, value)| !same(value, published.get(*key)))
            .chain(published.iter().filter(|(key, value)| !design.contains_key(*key) && !value.is_null()))
            .map(|(key, _)| key.clone())
            .filter(|key| !BOOKKEEPING.contains(&key.as_str()))
            .collect();
        fields.sort_unstable();
        let restarts = fields.iter().any(|field| {
            HARDWARE.contains(&field.as_str())
                || (rename == Rename::Restarts && NAMES.contains(&field.as_str()))
        });
        Self { fields, restarts }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

/// Whether two values are the same: absent and null are.
fn same(value: &Value, other: Option<&Value>) -> bool {
    match other {
        None => value.is_null(),
        Some(other) => value == other,
    }
}
