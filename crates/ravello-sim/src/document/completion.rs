//! What the service fills in when a VM is written: identifiers, MACs, the application, names of images.

use serde_json::{Map, Value, json};

use super::fields::{RUN_TIME, is_known_of_vm};
use super::{id_of, number, parts_mut, set_if_missing};
use crate::clock::Timestamp;
use crate::id::{ApplicationId, IdKind, IdSource, VmId};
use crate::switches::{IdSize, UnknownFields};

/// What a VM is completed with.
pub(crate) struct Completion<'a> {
    pub(crate) ids: &'a mut IdSource,
    pub(crate) id_size: IdSize,
    pub(crate) unknown_fields: UnknownFields,
    pub(crate) disk_images: &'a [Map<String, Value>],
    pub(crate) application: ApplicationId,
    pub(crate) now: Timestamp,
}

impl Completion<'_> {
    /// Turns what a client sent into what the design stores, and returns its identifier. `before` is the VM
    /// that it replaces: values that the service assigned once do not change because a client left them out.
    pub(crate) fn complete(
        &mut self,
        vm: &mut Map<String, Value>,
        before: Option<&Map<String, Value>>,
    ) -> VmId {
        number::numbers_from_strings(vm);
        for field in RUN_TIME {
            vm.shift_remove(*field);
        }
        if self.unknown_fields == UnknownFields::Dropped {
            vm.retain(|key, _| is_known_of_vm(key));
        }
        let id = self.identify(vm);
        vm.insert("applicationId".to_owned(), self.application.0.into());
        let created = before.and_then(|before| before.get("creationTime").cloned());
        let now = self.now.as_millis();
        set_if_missing(vm, "creationTime", || created.unwrap_or_else(|| now.into()));
        set_if_missing(vm, "loadingStatus", || "DONE".into());
        set_if_missing(vm, "loadingPercentage", || 100.into());
        for list in ["hardDrives", "networkConnections", "suppliedServices"] {
            for part in parts_mut(vm, list) {
                self.identify(part);
            }
        }
        for drive in parts_mut(vm, "hardDrives") {
            self.complete_drive(drive);
        }
        for connection in parts_mut(vm, "networkConnections") {
            let before = before.and_then(|before| same_part(before, "networkConnections", id_of(connection)));
            self.complete_connection(connection, before);
        }
        VmId(id)
    }

    fn identify(&mut self, part: &mut Map<String, Value>) -> u64 {
        if let Some(id) = id_of(part) {
            self.ids.reserve(id);
            return id;
        }
        let id = self.ids.draw(IdKind::Part, self.id_size);
        part.insert("id".to_owned(), id.into());
        id
    }

    fn complete_drive(&self, drive: &mut Map<String, Value>) {
        set_if_missing(drive, "loadingStatus", || "DONE".into());
        let id = drive.get("baseDiskImageId").and_then(number::integer);
        let name = drive.get("baseDiskImageName").and_then(Value::as_str);
        let image = self.disk_images.iter().find(|known| match id {
            Some(id) => id_of(known) == Some(id),
            None => name.is_some() && known.get("name").and_then(Value::as_str) == name,
        });
        if let Some(image) = image {
            set_if_missing(drive, "baseDiskImageId", || image.get("id").cloned().unwrap_or_default());
            set_if_missing(drive, "baseDiskImageName", || image.get("name").cloned().unwrap_or_default());
            set_if_missing(drive, "size", || image.get("size").cloned().unwrap_or_default());
        }
    }

    fn complete_connection(
        &mut self,
        connection: &mut Map<String, Value>,
        before: Option<&Map<String, Value>>,
    ) {
        if let Some(configuration) = connection.get_mut("ipConfig").and_then(Value::as_object_mut) {
            self.identify(configuration);
        }
        set_if_missing(connection, "device", || json!({}));
        let Some(device) = connection.get_mut("device").and_then(Value::as_object_mut) else { return };
        let generated = before
            .and_then(|before| before.get("device"))
            .and_then(|device| device.get("generatedMac"))
            .filter(|mac| !mac.is_null())
            .cloned();
        set_if_missing(device, "generatedMac", || generated.unwrap_or_else(|| self.ids.mac().into()));
        set_if_missing(device, "useAutomaticMac", || true.into());
        // The deployment repeats an automatic MAC as `mac`; sent back, it says nothing new.
        let automatic = device.get("useAutomaticMac") == Some(&Value::Bool(true));
        if automatic && device.get("mac") == device.get("generatedMac") {
            device.shift_remove("mac");
        }
    }
}

fn same_part<'a>(
    document: &'a Map<String, Value>,
    list: &str,
    id: Option<u64>,
) -> Option<&'a Map<String, Value>> {
    let parts = document.get(list)?.as_array()?;
    parts.iter().filter_map(Value::as_object).find(|part| id.is_some() && id_of(part) == id)
}
