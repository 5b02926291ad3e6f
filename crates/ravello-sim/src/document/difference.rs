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
        let absent = Value::Null;
        let mut fields: Vec<&String> = design.keys().chain(published.keys()).collect();
        fields.sort_unstable();
        fields.dedup();
        let differs = |field: &&String, same: fn(&Value, &Value) -> bool| {
            !same(design.get(*field).unwrap_or(&absent), published.get(*field).unwrap_or(&absent))
        };
        fields.retain(|field| !BOOKKEEPING.contains(&field.as_str()) && differs(field, PartialEq::eq));
        let is_hardware =
            |field: &str| HARDWARE.contains(&field) || (rename == Rename::Restarts && NAMES.contains(&field));
        let restarts = fields.iter().any(|field| is_hardware(field) && differs(field, means_the_same));
        let fields = fields.into_iter().cloned().collect();
        Self { fields, restarts }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }
}

/// Whether two values of hardware mean the same: what is absent, null, false or empty is the same, and the
/// order of parts that have identifiers says nothing.
fn means_the_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Object(left), Value::Object(right)) => {
            let absent = Value::Null;
            left.keys().chain(right.keys()).all(|key| {
                means_the_same(left.get(key).unwrap_or(&absent), right.get(key).unwrap_or(&absent))
            })
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left.iter().enumerate().all(|(index, item)| {
                    let same_id =
                        item.get("id").map(|id| right.iter().find(|other| other.get("id") == Some(id)));
                    same_id
                        .unwrap_or_else(|| right.get(index))
                        .is_some_and(|other| means_the_same(item, other))
                })
        }
        _ => left == right || (is_vacant(left) && is_vacant(right)),
    }
}

fn is_vacant(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.values().all(is_vacant),
        Value::Bool(true) | Value::Number(_) | Value::String(_) => false,
    }
}
