//! Names that are host names (RFC 1123): what Kubernetes, MAAS and Ironic all take.

use super::ExportError;
use crate::enrolment::once;
use crate::{Enrolment, Machine};

/// The longest label of a host name.
const LONGEST: usize = 63;

/// Each machine with its host name.
///
/// # Errors
/// When nothing is left of a name, or two become the same.
pub(super) fn named(enrolment: &Enrolment) -> Result<Vec<(String, &Machine)>, ExportError> {
    let named: Vec<(String, &Machine)> = enrolment
        .machines()
        .iter()
        .map(|machine| Ok((hostname(&machine.name)?, machine)))
        .collect::<Result<_, ExportError>>()?;
    once("host name", named.iter().map(|(name, machine)| (name.clone(), machine.name.clone())))?;
    Ok(named)
}

/// The name in lower case, with a hyphen for each run of characters that a host name cannot have.
fn hostname(name: &str) -> Result<String, ExportError> {
    let mut label = String::new();
    for each in name.chars().map(|each| each.to_ascii_lowercase()) {
        if each.is_ascii_alphanumeric() {
            label.push(each);
        } else if !label.is_empty() && !label.ends_with('-') {
            label.push('-');
        }
    }
    label.truncate(LONGEST);
    match label.trim_end_matches('-') {
        "" => Err(ExportError::Unnameable { name: name.to_owned() }),
        label => Ok(label.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_labels() {
        for (name, label) in [
            ("node1", "node1"),
            ("Node 1 (spare)", "node-1-spare"),
            ("__x", "x"),
            ("a.b_c", "a-b-c"),
            ("knoten-ü-7", "knoten-7"),
        ] {
            assert_eq!(hostname(name).unwrap(), label);
        }
        assert_eq!(hostname(&"x".repeat(80)).unwrap().len(), LONGEST);
        assert!(hostname("—").is_err());
    }
}
