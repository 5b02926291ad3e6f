//! What a publish would carry out on a VM: its design compared with its deployment (`ravello-api.md §8`).
//!
//! `publishUpdates` makes the whole deployment equal to the whole design, and restarts every running VM whose
//! hardware differs. So somebody else's unpublished edit has to be seen before we publish anything.
//!
//! The two documents are never equal as text: the deployment has run-time fields, the platform fills in what
//! the design left open, numbers may be strings, members and elements may be in another order. The rules:
//!
//! * Fields that describe (`description`, the VM's name and host names) and fields that report (`state`,
//!   allocated and public addresses, loading progress…) never count.
//! * A field of the design counts if the deployment says something else, also one that this program does not
//!   know: it is safer to hold a publish back than to restart a machine.
//! * A field that only the deployment has is the platform's own addition, except for the few whose removal
//!   from the design means something (`LASTING`).
//! * Absent, `null`, `false`, and empty are the same. Drives, interfaces and services are matched by id.
//!
//! The boot device is not compared: the caller reports it by itself.
//!
//! Not seen here: differences in the application's network, which belong to no VM.

use std::ptr;

use crate::boot_selection::BootSelection;
use crate::document::{Vm, VmDocument, size_bytes};
use crate::json::Json;

/// Fields of a VM that describe it, or say where it comes from.
const DESCRIPTIVE: [&str; 6] =
    ["applicationId", "baseVmId", "creationTime", "description", "hostnames", "name"];

/// Fields, at any depth, that report what the platform does or has chosen.
const REPORTED: [&str; 16] = [
    "_href",
    "allocatedIp",
    "externalFqdn",
    "externalPort",
    "firstTimePublished",
    "fqdn",
    "generatedMac",
    "id",
    "keypairName",
    "loadingPercentage",
    "loadingStatus",
    "monitorState",
    "publicIp",
    "runtimeInformation",
    "state",
    "stateMessage",
];

/// Fields, at any depth, that count although only the deployment has them: gone from the design, they will be
/// gone from the VM.
const LASTING: [&str; 10] = [
    "additionalIpConfig",
    "baseDiskImageId",
    "boot",
    "cpuIds",
    "hardDrives",
    "hasPublicIp",
    "needElasticIp",
    "networkConnections",
    "staticIpConfig",
    "suppliedServices",
];

/// Names what a publish would change on a VM apart from its boot device, in words for people, such as
/// `drive 0 (DISK): size`. Empty if nothing that matters differs.
pub fn unpublished(design: Vm<'_>, deployed: Vm<'_>, selection: BootSelection) -> Vec<String> {
    let mut found = Vec::new();
    if selection.read(design) == selection.read(deployed) {
        compare_members(&Place::Vm, design.json(), deployed.json(), &mut found);
    } else {
        let mut aligned = VmDocument::new(deployed.json().clone());
        selection.align(&mut aligned.edit(), design);
        compare_members(&Place::Vm, design.json(), aligned.json(), &mut found);
    }
    found
}

/// Where in a VM we are, in words.
enum Place {
    Vm,
    /// A field such as `memorySize` or `ipConfig.staticIpConfig`.
    Field(String),
    /// A part such as `drive 0 (DISK)`.
    Part(String),
}

impl Place {
    fn field(&self, name: &str) -> Self {
        Self::Field(match self {
            Self::Vm => name.to_owned(),
            Self::Field(place) => format!("{place}.{name}"),
            Self::Part(place) => format!("{place}: {name}"),
        })
    }

    fn part(&self, list: &str, part: &Json, position: usize) -> Self {
        let number = part.get("index").or_else(|| part.get("device")?.get("index")).and_then(Json::unsigned);
        let number = number.map_or_else(|| position.to_string(), |index| index.to_string());
        let text = |name| part.get(name).and_then(Json::plain).unwrap_or_else(|| number.as_str().into());
        Self::Part(match (self, list) {
            (Self::Vm, "hardDrives") => match part.get("type").and_then(Json::plain) {
                Some(kind) => format!("drive {number} ({kind})"),
                None => format!("drive {number}"),
            },
            (Self::Vm, "networkConnections") => format!("interface {}", text("name")),
            (Self::Vm, "suppliedServices") => format!("service {}", text("name")),
            (Self::Vm | Self::Field(_) | Self::Part(_), _) => return self.field(&format!("{list} {number}")),
        })
    }

    fn ignores(&self, name: &str) -> bool {
        REPORTED.contains(&name) || matches!(self, Self::Vm) && DESCRIPTIVE.contains(&name)
    }

    fn changed(self) -> String {
        match self {
            Self::Vm => "the VM".to_owned(),
            Self::Field(place) | Self::Part(place) => place,
        }
    }
}

fn compare_members(place: &Place, design: &Json, deployed: &Json, found: &mut Vec<String>) {
    for (name, wanted) in design.members() {
        // A name that occurs twice counts once, a null not at all.
        let counts = design.get(name).is_some_and(|first| ptr::eq(first, wanted));
        if !counts || place.ignores(name) {
            continue;
        }
        match deployed.get(name) {
            Some(real) if name == "mac" => compare_macs(place, wanted, real, found),
            Some(real) => compare(place, name, wanted, real, found),
            None if is_vacant(wanted) => {}
            None if name == "mac" => match deployed.get("generatedMac") {
                Some(real) => compare_macs(place, wanted, real, found),
                None => found.push(place.field(name).changed()),
            },
            None => found.push(place.field(name).changed()),
        }
    }
    for (name, real) in deployed.members() {
        let is_gone = design.get(name).is_none() && LASTING.contains(&name.as_str()) && !is_vacant(real);
        if is_gone && !place.ignores(name) {
            found.push(place.field(name).changed());
        }
    }
}

fn compare(place: &Place, name: &str, wanted: &Json, real: &Json, found: &mut Vec<String>) {
    match (wanted, real) {
        (Json::Object(_), Json::Object(_)) => match size_bytes(wanted).zip(size_bytes(real)) {
            Some((wanted, real)) if wanted == real => {}
            Some(_) => found.push(place.field(name).changed()),
            None => compare_members(&place.field(name), wanted, real, found),
        },
        (Json::Array(wanted), Json::Array(real)) if wanted.iter().chain(real).any(is_object) => {
            compare_parts(place, name, wanted, real, found);
        }
        (Json::Array(wanted), Json::Array(real)) => {
            let same = wanted.len() == real.len()
                && wanted.iter().zip(real).all(|(wanted, real)| is_same(wanted, real));
            if !same {
                found.push(place.field(name).changed());
            }
        }
        _ if is_same(wanted, real) || is_vacant(wanted) && is_vacant(real) => {}
        _ => found.push(place.field(name).changed()),
    }
}

/// Compares lists of things that have an identity, in whatever order they are.
fn compare_parts(place: &Place, list: &str, wanted: &[Json], real: &[Json], found: &mut Vec<String>) {
    let mut unmatched: Vec<_> = real.iter().enumerate().collect();
    for (position, part) in wanted.iter().enumerate() {
        let here = place.part(list, part, position);
        match unmatched.iter().position(|(at, candidate)| is_same_part((position, part), (*at, candidate))) {
            Some(at) => {
                let (_, counterpart) = unmatched.swap_remove(at);
                compare_members(&here, part, counterpart, found);
            }
            None => found.push(format!("{} added", here.changed())),
        }
    }
    unmatched.sort_by_key(|(position, _)| *position);
    let removed =
        unmatched.into_iter().map(|(at, part)| format!("{} removed", place.part(list, part, at).changed()));
    found.extend(removed);
}

/// By id if both have one, else by index if both have one, else by position.
fn is_same_part((wanted_at, wanted): (usize, &Json), (real_at, real): (usize, &Json)) -> bool {
    let by = |key: fn(&Json) -> Option<u64>| Some(key(wanted)? == key(real)?);
    by(|part| part.get("id")?.unsigned())
        .or_else(|| by(|part| part.get("index").or_else(|| part.get("device")?.get("index"))?.unsigned()))
        .unwrap_or(wanted_at == real_at)
}

/// The platform moves a generated address to `mac` with the first publish, and spells it as it likes.
fn compare_macs(place: &Place, wanted: &Json, real: &Json, found: &mut Vec<String>) {
    let same =
        wanted.plain().zip(real.plain()).is_some_and(|(wanted, real)| wanted.eq_ignore_ascii_case(&real));
    if !same && !is_vacant(wanted) {
        found.push(place.field("mac").changed());
    }
}

fn is_same(wanted: &Json, real: &Json) -> bool {
    match (wanted.plain(), real.plain()) {
        (Some(wanted), Some(real)) => wanted == real,
        _ => wanted == real,
    }
}

fn is_object(json: &Json) -> bool {
    matches!(json, Json::Object(_))
}

fn is_vacant(json: &Json) -> bool {
    match json {
        Json::Object(members) => {
            members.iter().all(|(name, value)| REPORTED.contains(&name.as_str()) || is_vacant(value))
        }
        Json::Array(elements) => elements.is_empty(),
        Json::Scalar(_) => {
            json.is_null() || json.plain().is_some_and(|text| text.is_empty() || text == "false")
        }
    }
}

#[cfg(test)]
mod tests;
