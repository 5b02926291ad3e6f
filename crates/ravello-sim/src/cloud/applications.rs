//! Applications: create, read, replace, delete, filter (`ravello-api.md §6.2`, `§6.3`, `§10`).

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::{Cloud, CloudError, version_of};
use crate::application::{Application, Aspect};
use crate::clock::Timestamp;
use crate::document::check::{self, Malformed};
use crate::document::fields::{COMPUTED, is_known_of_application};
use crate::document::number::{integer, numbers_from_strings};
use crate::document::{id_of, set_if_missing};
use crate::id::{ApplicationId, IdKind, VmId};
use crate::switches::UnknownFields;

impl Cloud {
    /// All applications, as they are listed.
    pub(crate) fn list(&self) -> Vec<Map<String, Value>> {
        self.applications.values().map(|application| application.render_summary(&self.switches)).collect()
    }

    /// The applications that meet a filter, as they are listed.
    pub(crate) fn filter(&self, filter: &Filter) -> Vec<Map<String, Value>> {
        self.list().into_iter().filter(|application| filter.accepts(application)).collect()
    }

    /// One application, or one aspect of it.
    pub(crate) fn read(
        &self,
        id: ApplicationId,
        aspect: Option<Aspect>,
    ) -> Result<Map<String, Value>, CloudError> {
        Ok(self.application(id)?.render(aspect, &self.switches))
    }

    /// Creates an application from what a client sent.
    pub(crate) fn create(
        &mut self,
        mut document: Map<String, Value>,
        now: Timestamp,
    ) -> Result<ApplicationId, CloudError> {
        numbers_from_strings(&mut document);
        let name = document.get("name").and_then(Value::as_str).unwrap_or_default();
        if name.is_empty() {
            let found = document.get("name");
            return Err(Malformed::new("/name", "a name that is not empty", found).into());
        }
        let (mut design, version) = match document.get("baseBlueprintId").and_then(integer) {
            None => (design_in(&document)?.unwrap_or_default(), 1),
            Some(blueprint) => (self.library.design_of_blueprint(blueprint)?, 0),
        };
        let id = ApplicationId(self.ids.draw(IdKind::Resource, self.switches.id_size));
        self.complete_design(&mut design, id, now);
        let mut properties = self.properties_in(document);
        let owner = self.library.owner();
        set_if_missing(&mut properties, "description", || "".into());
        set_if_missing(&mut properties, "owner", || owner.name.clone().into());
        set_if_missing(&mut properties, "ownerDetails", || owner.details());
        set_if_missing(&mut properties, "usingNewNetwork", || true.into());
        let application =
            Application { id, properties, created: now, version, design, deployment: None, expiration: None };
        self.applications.insert(id, application);
        Ok(id)
    }

    /// Replaces an application: its properties and its design. What runs is not touched.
    pub(crate) fn replace(
        &mut self,
        id: ApplicationId,
        mut document: Map<String, Value>,
        now: Timestamp,
    ) -> Result<(), CloudError> {
        numbers_from_strings(&mut document);
        let current = self.application(id)?.version;
        let named = document.get("id").filter(|id| !id.is_null());
        if named.is_some_and(|named| integer(named) != Some(id.0)) {
            return Err(Malformed::new("/id", "the identifier in the path", named).into());
        }
        let sent = document.get("version").filter(|version| !version.is_null());
        match (sent, version_of(&document)) {
            (None, _) => {}
            (Some(_), Some(sent)) if sent == current => {}
            (Some(_), Some(sent)) => return Err(CloudError::VersionConflict { sent, current }),
            (Some(other), None) => {
                return Err(Malformed::new("/version", "a whole number", Some(other)).into());
            }
        }
        if let Some(name) = document.get("name")
            && name.as_str().is_none_or(str::is_empty)
        {
            return Err(Malformed::new("/name", "a name that is not empty", Some(name)).into());
        }
        let design = design_in(&document)?;
        let mut properties = self.properties_in(document);
        let design = design.map(|mut design| {
            self.complete_design(&mut design, id, now);
            design
        });
        let application = self.application_mut(id)?;
        // What the service assigned stays, also if the client left it out.
        for kept in ["name", "owner", "ownerDetails", "usingNewNetwork"] {
            if let Some(value) = application.properties.get(kept) {
                set_if_missing(&mut properties, kept, || value.clone());
            }
        }
        application.properties = properties;
        if let Some(design) = design {
            application.design = design;
        }
        application.version = application.version.saturating_add(1);
        Ok(())
    }

    /// Deletes an application, whatever state it is in.
    pub(crate) fn delete(&mut self, id: ApplicationId, now: Timestamp) -> Result<(), CloudError> {
        let (application, mut around) = self.split_at(id)?;
        for machine in
            application.deployment.iter_mut().flat_map(|deployment| deployment.machines.values_mut())
        {
            machine.remove(now, &mut around);
        }
        self.applications.remove(&id);
        Ok(())
    }

    /// Fills in what a design lacks: identifiers, MACs, the application.
    pub(super) fn complete_design(
        &mut self,
        design: &mut Map<String, Value>,
        id: ApplicationId,
        now: Timestamp,
    ) {
        let before =
            self.applications.get(&id).map(|application| application.design.clone()).unwrap_or_default();
        let before: HashMap<u64, &Map<String, Value>> =
            crate::document::vms(&before).filter_map(|vm| Some((id_of(vm)?, vm))).collect();
        let mut completion = self.completion(id, now);
        for vm in crate::document::parts_mut(design, "vms") {
            let known = id_of(vm).and_then(|id| before.get(&id).copied());
            completion.complete(vm, known);
        }
    }

    /// An application by its name.
    pub(crate) fn application_named(&self, name: &str) -> Option<ApplicationId> {
        let named = |known: &&Application| known.properties.get("name").and_then(Value::as_str) == Some(name);
        self.applications.values().find(named).map(|application| application.id)
    }

    /// The VM of an application by its name.
    pub(crate) fn vm_named(&self, application: &str, vm: &str) -> Option<VmId> {
        let application = self.application(self.application_named(application)?).ok()?;
        let named = |known: &&Map<String, Value>| known.get("name").and_then(Value::as_str) == Some(vm);
        crate::document::vms(&application.design).find(named).and_then(id_of).map(VmId)
    }

    fn properties_in(&self, document: Map<String, Value>) -> Map<String, Value> {
        let keep_unknown = self.switches.unknown_fields == UnknownFields::Stored;
        document
            .into_iter()
            .filter(|(key, _)| !COMPUTED.contains(&key.as_str()))
            .filter(|(key, _)| keep_unknown || is_known_of_application(key))
            .collect()
    }
}

/// The design in a document, checked; `None` if it has none.
fn design_in(document: &Map<String, Value>) -> Result<Option<Map<String, Value>>, Malformed> {
    match document.get("design") {
        None | Some(Value::Null) => Ok(None),
        Some(value) => {
            let design = check::object(value.clone(), "/design")?;
            check::design(&design, "/design")?;
            Ok(Some(design))
        }
    }
}

/// The body of a filter request (`ravello-api.md §10`).
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Filter {
    All(Vec<Self>),
    Any(Vec<Self>),
    Equals { property: String, operand: Value },
    Contains { property: String, operand: String },
}

impl Filter {
    /// Reads a filter.
    pub(crate) fn from_document(value: &Value) -> Result<Self, CloudError> {
        let invalid = |why: String| CloudError::Invalid { why };
        let text = |key: &str| value.get(key).and_then(Value::as_str);
        match (text("type"), text("operator")) {
            (Some("COMPLEX"), Some(operator @ ("And" | "Or"))) => {
                let Some(criteria) = value.get("criteria").and_then(Value::as_array) else {
                    return Err(invalid("a COMPLEX criterion needs a list of criteria".to_owned()));
                };
                let criteria = criteria.iter().map(Self::from_document).collect::<Result<_, _>>()?;
                Ok(if operator == "And" { Self::All(criteria) } else { Self::Any(criteria) })
            }
            (Some("SIMPLE"), Some(operator @ ("Equals" | "Contains"))) => {
                let Some(property) = text("propertyName").map(str::to_owned) else {
                    return Err(invalid("a SIMPLE criterion needs a propertyName".to_owned()));
                };
                let operand = value.get("operand").cloned().unwrap_or_default();
                if operator == "Equals" {
                    return Ok(Self::Equals { property, operand });
                }
                Ok(Self::Contains { property, operand: spelled(&operand) })
            }
            (kind, operator) => Err(invalid(format!(
                "a criterion is COMPLEX with And or Or, or SIMPLE with Equals or Contains; not {} with {}",
                kind.unwrap_or("nothing"),
                operator.unwrap_or("nothing")
            ))),
        }
    }

    fn accepts(&self, application: &Map<String, Value>) -> bool {
        match self {
            Self::All(criteria) => criteria.iter().all(|criterion| criterion.accepts(application)),
            Self::Any(criteria) => criteria.iter().any(|criterion| criterion.accepts(application)),
            Self::Equals { property, operand } => {
                application.get(property).is_some_and(|value| spelled(value) == spelled(operand))
            }
            Self::Contains { property, operand } => {
                application.get(property).is_some_and(|value| spelled(value).contains(operand))
            }
        }
    }
}

/// A value as text: a number and the string of its digits are the same.
fn spelled(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
