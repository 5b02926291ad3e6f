//! What the service refuses with 400: wrong shapes, and identifiers that are not unique in the application.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::number::integer;

/// What is wrong with a document, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{pointer}: expected {expected}, found {found}")]
pub struct Malformed {
    /// Where, as a JSON pointer; empty for the document itself.
    pub pointer: String,
    /// What was expected there.
    pub expected: &'static str,
    /// What was there.
    pub found: String,
}

impl Malformed {
    pub(crate) fn new(pointer: impl Into<String>, expected: &'static str, found: Option<&Value>) -> Self {
        let found = match found {
            None => "nothing".to_owned(),
            Some(Value::Null) => "null".to_owned(),
            Some(Value::Array(_)) => "a list".to_owned(),
            Some(Value::Object(_)) => "an object".to_owned(),
            Some(scalar) => shortened(&scalar.to_string()),
        };
        let pointer: String = pointer.into();
        Self { pointer: if pointer.is_empty() { "/".to_owned() } else { pointer }, expected, found }
    }
}

fn shortened(text: &str) -> String {
    const KEPT: usize = 40;
    if text.chars().count() <= KEPT {
        return text.to_owned();
    }
    text.chars().take(KEPT).chain("…".chars()).collect()
}

/// The object that a value must be.
pub(crate) fn object(value: Value, pointer: &str) -> Result<Map<String, Value>, Malformed> {
    match value {
        Value::Object(document) => Ok(document),
        other => Err(Malformed::new(pointer, "an object", Some(&other))),
    }
}

/// Checks a design: its list of VMs, each VM, and that no identifier occurs twice.
pub(crate) fn design(design: &Map<String, Value>, pointer: &str) -> Result<(), Malformed> {
    let mut seen = HashSet::new();
    let vms = list(design, "vms", pointer)?;
    for (index, candidate) in vms.iter().enumerate() {
        let pointer = format!("{pointer}/vms/{index}");
        vm(candidate, &pointer)?;
        unique_ids(candidate, &pointer, &mut seen)?;
    }
    Ok(())
}

/// Checks one VM and that its own identifiers differ from each other.
pub(crate) fn lone_vm(candidate: &Value, pointer: &str) -> Result<(), Malformed> {
    vm(candidate, pointer)?;
    unique_ids(candidate, pointer, &mut HashSet::new())
}

fn vm(candidate: &Value, pointer: &str) -> Result<(), Malformed> {
    let Some(vm) = candidate.as_object() else {
        return Err(Malformed::new(pointer, "a VM: an object", Some(candidate)));
    };
    identifier(vm, pointer)?;
    match vm.get("name") {
        Some(Value::String(name)) if !name.is_empty() => {}
        other => return Err(Malformed::new(format!("{pointer}/name"), "a name that is not empty", other)),
    }
    optional(vm, "description", pointer, "a text", Value::is_string)?;
    optional(vm, "numCpus", pointer, "a whole number", |value| integer(value).is_some())?;
    optional(vm, "stopTimeOut", pointer, "a number of seconds", |value| integer(value).is_some())?;
    optional(vm, "powerOffOnStopTimeOut", pointer, "true or false", Value::is_boolean)?;
    optional(vm, "bootOrder", pointer, "a list of DISK and CDROM", |value| {
        value.as_array().is_some_and(|order| order.iter().all(Value::is_string))
    })?;
    size(vm, "memorySize", pointer)?;
    for (index, drive) in list(vm, "hardDrives", pointer)?.iter().enumerate() {
        hard_drive(drive, &format!("{pointer}/hardDrives/{index}"))?;
    }
    for (index, connection) in list(vm, "networkConnections", pointer)?.iter().enumerate() {
        network_connection(connection, &format!("{pointer}/networkConnections/{index}"))?;
    }
    for (index, service) in list(vm, "suppliedServices", pointer)?.iter().enumerate() {
        let pointer = format!("{pointer}/suppliedServices/{index}");
        let Some(service) = service.as_object() else {
            return Err(Malformed::new(pointer, "a service: an object", Some(service)));
        };
        identifier(service, &pointer)?;
    }
    Ok(())
}

fn hard_drive(candidate: &Value, pointer: &str) -> Result<(), Malformed> {
    let Some(drive) = candidate.as_object() else {
        return Err(Malformed::new(pointer, "a drive: an object", Some(candidate)));
    };
    identifier(drive, pointer)?;
    optional(drive, "index", pointer, "a whole number", |value| integer(value).is_some())?;
    optional(drive, "boot", pointer, "true or false", Value::is_boolean)?;
    optional(drive, "type", pointer, "DISK or CDROM", |value| {
        matches!(value.as_str(), Some("DISK" | "CDROM"))
    })?;
    size(drive, "size", pointer)
}

fn network_connection(candidate: &Value, pointer: &str) -> Result<(), Malformed> {
    let Some(connection) = candidate.as_object() else {
        return Err(Malformed::new(pointer, "an interface: an object", Some(candidate)));
    };
    identifier(connection, pointer)?;
    optional(connection, "device", pointer, "an object", Value::is_object)?;
    optional(connection, "ipConfig", pointer, "an object", Value::is_object)?;
    let Some(configuration) = connection.get("ipConfig").and_then(Value::as_object) else { return Ok(()) };
    let pointer = format!("{pointer}/ipConfig");
    identifier(configuration, &pointer)?;
    optional(configuration, "staticIpConfig", &pointer, "an object", Value::is_object)?;
    optional(configuration, "autoIpConfig", &pointer, "an object", Value::is_object)
}

fn size(document: &Map<String, Value>, key: &str, pointer: &str) -> Result<(), Malformed> {
    let Some(size) = document.get(key).filter(|size| !size.is_null()) else { return Ok(()) };
    let pointer = format!("{pointer}/{key}");
    let Some(parts) = size.as_object() else {
        return Err(Malformed::new(pointer, "a size: an object of value and unit", Some(size)));
    };
    optional(parts, "value", &pointer, "a number", |value| value.is_number() || integer(value).is_some())?;
    optional(parts, "unit", &pointer, "one of BYTE, KB, MB, GB, TB", |value| {
        matches!(value.as_str(), Some("BYTE" | "KB" | "MB" | "GB" | "TB"))
    })
}

fn identifier(document: &Map<String, Value>, pointer: &str) -> Result<(), Malformed> {
    optional(document, "id", pointer, "an identifier: a whole number", |value| integer(value).is_some())
}

fn optional(
    document: &Map<String, Value>,
    key: &str,
    pointer: &str,
    expected: &'static str,
    accept: impl FnOnce(&Value) -> bool,
) -> Result<(), Malformed> {
    match document.get(key) {
        None | Some(Value::Null) => Ok(()),
        Some(value) if accept(value) => Ok(()),
        Some(value) => Err(Malformed::new(format!("{pointer}/{key}"), expected, Some(value))),
    }
}

fn list<'a>(document: &'a Map<String, Value>, key: &str, pointer: &str) -> Result<&'a [Value], Malformed> {
    match document.get(key) {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(items)) => Ok(items),
        Some(other) => Err(Malformed::new(format!("{pointer}/{key}"), "a list", Some(other))),
    }
}

/// Every identifier below a VM must be unique in the application (`ravello-api.md §2`).
fn unique_ids(vm: &Value, pointer: &str, seen: &mut HashSet<u64>) -> Result<(), Malformed> {
    let mut check = |part: &Value, pointer: String| match part.get("id").and_then(integer) {
        Some(id) if !seen.insert(id) => Err(Malformed::new(
            format!("{pointer}/id"),
            "an identifier that is unique in the application",
            part.get("id"),
        )),
        _ => Ok(()),
    };
    check(vm, pointer.to_owned())?;
    for key in ["hardDrives", "networkConnections", "suppliedServices"] {
        for (index, part) in vm.get(key).and_then(Value::as_array).into_iter().flatten().enumerate() {
            check(part, format!("{pointer}/{key}/{index}"))?;
            if let Some(configuration) = part.get("ipConfig") {
                check(configuration, format!("{pointer}/{key}/{index}/ipConfig"))?;
            }
        }
    }
    Ok(())
}
