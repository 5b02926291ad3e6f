//! An application: the document that holds the VMs, wanted and real (`ravello-api.md §6.1`).

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use crate::document::vm::{Vm, VmEditor};
use crate::identity::{ApplicationId, VmId};
use crate::json::Json;

/// A whole application as the API sent it, or one of its aspects. Every field is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    id: ApplicationId,
    json: Json,
}

/// An application as lists and filters show it: no VMs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplicationSummary {
    /// Its id.
    pub id: ApplicationId,
    /// Its name; names need not be unique.
    pub name: String,
}

/// A document lacks what nothing can be done without.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the document has no usable {field}")]
pub struct Malformed {
    /// The field that is missing, or is not what it should be.
    pub field: &'static str,
}

impl Application {
    /// Takes a document.
    ///
    /// # Errors
    /// When it carries no id.
    pub fn new(json: Json) -> Result<Self, Malformed> {
        let id = json.get("id").and_then(Json::unsigned).ok_or(Malformed { field: "id" })?;
        Ok(Self { id: ApplicationId(id), json })
    }

    /// Its id.
    pub const fn id(&self) -> ApplicationId {
        self.id
    }

    /// Its name.
    pub fn name(&self) -> String {
        self.json.get("name").and_then(Json::plain).unwrap_or_default().into_owned()
    }

    /// The number that makes a stale PUT fail (`ravello-api.md §6.3`); `None` if the document carries none.
    pub fn version(&self) -> Option<u64> {
        self.json.get("version")?.unsigned()
    }

    /// Whether it has been published. The field is believed; where it is missing, a deployment is the proof.
    pub fn published(&self) -> bool {
        match self.json.get("published").and_then(Json::flag) {
            Some(published) => published,
            None => self.json.get("deployment").is_some_and(|deployment| deployment.get("vms").is_some()),
        }
    }

    /// When it stops by itself; `None` means never.
    ///
    /// The API had three spellings over the years: `nextStopTime`, `nextStopTask.time` and
    /// `deployment.expirationTime` (`ravello-api.md §6.1`). All are read and **the earliest counts**: should
    /// they contradict each other, a machine that stops sooner than announced does harm, and one that gets its
    /// time extended too early does not. Zero and below (-1 is what "never" is set with) are no time.
    pub fn expires_at(&self) -> Option<SystemTime> {
        let times = [
            self.json.get("nextStopTime"),
            self.json.get("nextStopTask").and_then(|task| task.get("time")),
            self.json.get("deployment").and_then(|deployment| deployment.get("expirationTime")),
        ];
        let earliest_ms =
            times.into_iter().flatten().filter_map(Json::unsigned).filter(|&ms| ms > 0).min()?;
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(earliest_ms))
    }

    /// The VMs as wanted.
    pub fn design_vms(&self) -> impl Iterator<Item = Vm<'_>> {
        self.vms("design")
    }

    /// The VMs as deployed.
    pub fn deployment_vms(&self) -> impl Iterator<Item = Vm<'_>> {
        self.vms("deployment")
    }

    /// The VMs as wanted, by id; those without one are left out.
    pub fn design_by_id(&self) -> BTreeMap<VmId, Vm<'_>> {
        by_id(self.design_vms())
    }

    /// The VMs as deployed, by id; those without one are left out.
    pub fn deployment_by_id(&self) -> BTreeMap<VmId, Vm<'_>> {
        by_id(self.deployment_vms())
    }

    /// The VM of that id as wanted.
    pub fn design_vm(&self, id: VmId) -> Option<Vm<'_>> {
        self.design_vms().find(|vm| vm.id() == Some(id))
    }

    /// The VM of that id as deployed.
    pub fn deployment_vm(&self, id: VmId) -> Option<Vm<'_>> {
        self.deployment_vms().find(|vm| vm.id() == Some(id))
    }

    /// The VM of that id as wanted, to be edited.
    pub fn edit_design_vm(&mut self, id: VmId) -> Option<VmEditor<'_>> {
        let vms = self.json.get_mut("design")?.get_mut("vms")?.elements_mut();
        vms.iter_mut().find(|vm| Vm::new(vm).id() == Some(id)).map(VmEditor::new)
    }

    /// Adds VMs to the design, behind the others.
    ///
    /// # Errors
    /// When the design is no list of VMs; then nothing was added.
    pub fn add_design_vms(&mut self, added: Vec<Json>) -> Result<(), Malformed> {
        match self.json.get_mut("design").and_then(|design| design.get_mut("vms")) {
            Some(Json::Array(vms)) => {
                vms.extend(added);
                Ok(())
            }
            _ => Err(Malformed { field: "design.vms" }),
        }
    }

    /// The document itself.
    pub const fn json(&self) -> &Json {
        &self.json
    }

    fn vms(&self, aspect: &str) -> impl Iterator<Item = Vm<'_>> {
        let vms = self.json.get(aspect).and_then(|aspect| aspect.get("vms"));
        vms.map_or(&[][..], Json::elements).iter().map(Vm::new)
    }
}

impl ApplicationSummary {
    /// Reads a summary.
    ///
    /// # Errors
    /// When it carries no id or no name.
    pub fn new(json: &Json) -> Result<Self, Malformed> {
        let id = json.get("id").and_then(Json::unsigned).ok_or(Malformed { field: "id" })?;
        let name = json.get("name").and_then(Json::plain).ok_or(Malformed { field: "name" })?;
        Ok(Self { id: ApplicationId(id), name: name.into_owned() })
    }
}

fn by_id<'a>(vms: impl Iterator<Item = Vm<'a>>) -> BTreeMap<VmId, Vm<'a>> {
    vms.filter_map(|vm| Some((vm.id()?, vm))).collect()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::{Application, ApplicationSummary};
    use crate::identity::{ApplicationId, VmId};
    use crate::json::Json;

    fn application(text: &str) -> Application {
        Application::new(Json::parse(text.as_bytes()).unwrap()).unwrap()
    }

    fn expiry_ms(text: &str) -> Option<u128> {
        let at = application(text).expires_at()?;
        Some(at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis())
    }

    #[test]
    fn all_three_spellings_of_the_expiry_are_read() {
        assert_eq!(expiry_ms(r#"{"id":1,"nextStopTime":1560007200000}"#), Some(1_560_007_200_000));
        assert_eq!(
            expiry_ms(r#"{"id":1,"nextStopTask":{"id":5,"time":"1560007200000"}}"#),
            Some(1_560_007_200_000)
        );
        assert_eq!(
            expiry_ms(r#"{"id":1,"deployment":{"expirationTime":1560007200000}}"#),
            Some(1_560_007_200_000)
        );
    }

    #[test]
    fn the_earliest_expiry_counts() {
        let text = r#"{"id":1,"nextStopTime":3000,"nextStopTask":{"time":2000},"deployment":{"expirationTime":4000}}"#;
        assert_eq!(expiry_ms(text), Some(2000));
    }

    #[test]
    fn no_expiry_means_never() {
        for text in [
            r#"{"id":1}"#,
            r#"{"id":1,"nextStopTime":null}"#,
            r#"{"id":1,"nextStopTime":-1,"deployment":{"expirationTime":0}}"#,
            r#"{"id":1,"nextStopTask":{}}"#,
        ] {
            assert_eq!(expiry_ms(text), None, "{text}");
        }
        assert_eq!(expiry_ms(r#"{"id":1,"nextStopTime":-1,"deployment":{"expirationTime":7}}"#), Some(7));
    }

    #[test]
    fn ids_are_read_as_number_or_string() {
        let text = r#"{"id":"3100000000017","version":"4","design":{"vms":[{"id":"9223372036854775807"}]}}"#;
        let read = application(text);
        assert_eq!(read.id(), ApplicationId(3_100_000_000_017));
        assert_eq!(read.version(), Some(4));
        assert!(read.design_vm(VmId(9_223_372_036_854_775_807)).is_some());
    }

    #[test]
    fn a_deployment_proves_publication_where_the_field_is_missing() {
        assert!(!application(r#"{"id":1}"#).published());
        assert!(application(r#"{"id":1,"deployment":{"vms":[]}}"#).published());
        assert!(!application(r#"{"id":1,"published":false,"deployment":{"vms":[]}}"#).published());
    }

    #[test]
    fn documents_without_id_are_refused() {
        for text in [r#"{}"#, r#"{"id":null}"#, r#"{"id":"x"}"#, r#"[]"#, r#""text""#] {
            assert!(Application::new(Json::parse(text.as_bytes()).unwrap()).is_err(), "{text}");
            assert!(ApplicationSummary::new(&Json::parse(text.as_bytes()).unwrap()).is_err(), "{text}");
        }
    }
}
