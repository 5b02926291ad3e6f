//! The API's documents: typed views over JSON that keep every field (`ravello-api.md §6.1`, `§7.1`).
//!
//! Reading goes through [`Vm`] and its parts, small views that borrow from the document. Writing goes through
//! [`VmEditor`], which touches the one field it is asked to and nothing else. Ids and times are accepted as
//! number or string everywhere.
//!
//! This is not a model of the service: fields that nothing here needs have no accessor, and stay.

pub mod application;
pub mod state;
pub mod vm;

pub use application::{Application, ApplicationSummary, Malformed};
pub use state::VmState;
pub use vm::{Description, HardDrive, NetworkConnection, Vm, VmDocument, VmEditor};

use crate::json::Json;

/// A size such as `{"value": 8, "unit": "GB"}` in bytes; `None` if it says something else, or overflows.
pub(crate) fn size_bytes(size: &Json) -> Option<u64> {
    let shift = match size.get("unit")?.text()?.as_ref() {
        "BYTE" => 0,
        "KB" => 10,
        "MB" => 20,
        "GB" => 30,
        "TB" => 40,
        _ => return None,
    };
    size.get("value")?.unsigned()?.checked_mul(1 << shift)
}
