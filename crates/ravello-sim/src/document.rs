//! The documents of the API: JSON objects that keep every field, also those the service does not know.
//!
//! A document is a plain `serde_json` object, not a struct: an application or a VM has far more fields than
//! a simulator needs, and a client must get back all of them. What the service itself does to a document
//! lives in the modules below.
//!
//! * [`number`]: integers beyond 2^53 and their spelling as strings (`ravello-api.md §2`)
//! * [`check`]: what is refused with 400 (§4)
//! * [`completion`]: identifiers, MACs and the other values that the service fills in (§13)
//! * [`difference`]: what a publish would change, and what of that restarts a VM (§8)
//! * [`fields`]: the fields the service knows

pub(crate) mod check;
pub(crate) mod completion;
pub(crate) mod difference;
pub(crate) mod fields;
pub(crate) mod number;

use serde_json::{Map, Value};

use crate::id::VmId;

/// The identifier in a document, as a number or as a string of digits.
pub(crate) fn id_of(document: &Map<String, Value>) -> Option<u64> {
    document.get("id").and_then(number::integer)
}

/// The identifier of a VM in its document.
pub(crate) fn vm_id_of(vm: &Value) -> Option<VmId> {
    vm.as_object().and_then(id_of).map(VmId)
}

/// The VMs of a design.
pub(crate) fn vms(design: &Map<String, Value>) -> impl Iterator<Item = &Map<String, Value>> {
    parts(design, "vms")
}

/// The objects of a list in a document.
pub(crate) fn parts<'a>(
    document: &'a Map<String, Value>,
    list: &str,
) -> impl Iterator<Item = &'a Map<String, Value>> + use<'a> {
    document.get(list).and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_object)
}

/// The objects of a list in a document, to be changed.
pub(crate) fn parts_mut<'a>(
    document: &'a mut Map<String, Value>,
    list: &str,
) -> impl Iterator<Item = &'a mut Map<String, Value>> {
    document
        .get_mut(list)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
}

/// Sets what is absent or null.
pub(crate) fn set_if_missing(document: &mut Map<String, Value>, key: &str, value: impl FnOnce() -> Value) {
    if document.get(key).is_none_or(Value::is_null) {
        document.insert(key.to_owned(), value());
    }
}
