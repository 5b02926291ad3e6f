//! The user's library: images, disk images, key pairs, blueprints, ephemeral tokens (`ravello-api.md §10`).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{Cloud, CloudError};
use crate::clock::Timestamp;
use crate::document::check::{self, Malformed};
use crate::document::number::{integer, numbers_from_strings};
use crate::document::{id_of, set_if_missing};
use crate::id::{ApplicationId, IdKind, IdSource};
use crate::switches::IdSize;

/// The name of the disk image that network-booting VMs have in their CD-ROM.
pub(crate) const IPXE_IMAGE: &str = "ipxe.iso";

/// What there is beside the applications.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Library {
    pub(crate) disk_images: Shelf,
    pub(crate) images: Shelf,
    pub(crate) key_pairs: Shelf,
    pub(crate) blueprints: Shelf,
    pub(crate) tokens: Shelf,
    pub(crate) owner_id: u64,
}

/// Documents of one kind.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Shelf(Vec<Map<String, Value>>);

impl Shelf {
    pub(crate) fn all(&self) -> &[Map<String, Value>] {
        &self.0
    }

    pub(crate) fn find(&self, id: u64) -> Option<&Map<String, Value>> {
        self.0.iter().find(|document| id_of(document) == Some(id))
    }

    fn find_mut(&mut self, id: u64) -> Option<&mut Map<String, Value>> {
        self.0.iter_mut().find(|document| id_of(document) == Some(id))
    }

    fn remove(&mut self, id: u64) -> bool {
        let before = self.0.len();
        self.0.retain(|document| id_of(document) != Some(id));
        self.0.len() < before
    }
}

/// Which shelf a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    DiskImage,
    Image,
    KeyPair,
    Blueprint,
    Token,
}

impl Kind {
    const fn noun(self) -> &'static str {
        match self {
            Self::DiskImage => "disk image",
            Self::Image => "image",
            Self::KeyPair => "key pair",
            Self::Blueprint => "blueprint",
            Self::Token => "ephemeral access token",
        }
    }
}

/// Whoever owns everything in the simulator.
pub(crate) struct Owner {
    pub(crate) id: u64,
    pub(crate) name: String,
}

impl Owner {
    pub(crate) fn details(&self) -> Value {
        json!({ "userId": self.id, "name": self.name, "deleted": false })
    }
}

impl Library {
    /// A library with the iPXE image and one library VM.
    pub(crate) fn new(ids: &mut IdSource, size: IdSize, now: Timestamp) -> Self {
        let mut draw = |kind| ids.draw(kind, size);
        let ipxe = draw(IdKind::Resource);
        let disk_image = json!({
            "id": ipxe,
            "name": IPXE_IMAGE,
            "description": "Boots from the network, never from the disk.",
            "size": { "value": 672, "unit": "KB" },
            "loadingStatus": "DONE",
            "loadingPercentage": 100,
            "creationTime": now.as_millis(),
        });
        let image = json!({
            "id": draw(IdKind::Resource),
            "name": "empty-vm",
            "description": "A VM with an empty disk and the iPXE CD-ROM.",
            "creationTime": now.as_millis(),
            "numCpus": 2,
            "memorySize": { "value": 4, "unit": "GB" },
            "os": "linux_manuel",
            "hardDrives": [
                { "id": draw(IdKind::Part), "index": 0, "name": "disk", "type": "DISK", "boot": true,
                  "controller": "virtio", "size": { "value": 20, "unit": "GB" } },
                { "id": draw(IdKind::Part), "index": 1, "name": "cdrom", "type": "CDROM", "boot": true,
                  "controller": "ide", "baseDiskImageId": ipxe, "baseDiskImageName": IPXE_IMAGE,
                  "size": { "value": 672, "unit": "KB" } },
            ],
            "networkConnections": [
                { "id": draw(IdKind::Part), "name": "eth0",
                  "device": { "index": 0, "deviceType": "virtio", "useAutomaticMac": true },
                  "ipConfig": { "id": draw(IdKind::Part), "autoIpConfig": {}, "hasPublicIp": false,
                                "externalAccessState": "ALWAYS_PORT_FORWARDING" } },
            ],
            "suppliedServices": [
                { "id": draw(IdKind::Part), "name": "ssh", "protocol": "TCP", "portRange": "22", "external": true },
            ],
            "loadingStatus": "DONE",
        });
        let owner_id = draw(IdKind::Resource);
        let shelf = |value: Value| Shelf(value.as_object().cloned().into_iter().collect());
        Self { disk_images: shelf(disk_image), images: shelf(image), owner_id, ..Self::default() }
    }

    pub(crate) fn owner(&self) -> Owner {
        Owner { id: self.owner_id, name: "Simulated Owner".to_owned() }
    }

    /// A new VM made of a library VM: everything but the identifiers.
    pub(crate) fn vm_of_image(&self, image: u64) -> Result<Map<String, Value>, CloudError> {
        let found = self.images.find(image);
        let mut vm = found.cloned().ok_or_else(|| missing(Kind::Image, image))?;
        forget_ids(&mut vm);
        vm.shift_remove("creationTime");
        vm.insert("baseVmId".to_owned(), image.into());
        Ok(vm)
    }

    pub(crate) fn design_of_blueprint(&self, blueprint: u64) -> Result<Map<String, Value>, CloudError> {
        let found = self.blueprints.find(blueprint).ok_or_else(|| missing(Kind::Blueprint, blueprint))?;
        let mut design = found.get("design").and_then(Value::as_object).cloned().unwrap_or_default();
        for vm in crate::document::parts_mut(&mut design, "vms") {
            forget_ids(vm);
        }
        Ok(design)
    }

    pub(crate) const fn shelf(&self, kind: Kind) -> &Shelf {
        match kind {
            Kind::DiskImage => &self.disk_images,
            Kind::Image => &self.images,
            Kind::KeyPair => &self.key_pairs,
            Kind::Blueprint => &self.blueprints,
            Kind::Token => &self.tokens,
        }
    }

    const fn shelf_mut(&mut self, kind: Kind) -> &mut Shelf {
        match kind {
            Kind::DiskImage => &mut self.disk_images,
            Kind::Image => &mut self.images,
            Kind::KeyPair => &mut self.key_pairs,
            Kind::Blueprint => &mut self.blueprints,
            Kind::Token => &mut self.tokens,
        }
    }
}

impl Cloud {
    /// All documents of a kind. Deleted key pairs can still be read, but are not listed.
    pub(crate) fn shelved(&self, kind: Kind) -> Vec<Map<String, Value>> {
        let documents = self.library.shelf(kind).all().iter();
        documents.filter(|document| document.get("deleted") != Some(&Value::Bool(true))).map(shown).collect()
    }

    pub(crate) fn shelved_one(&self, kind: Kind, id: u64) -> Result<Map<String, Value>, CloudError> {
        self.library.shelf(kind).find(id).map(shown).ok_or_else(|| missing(kind, id))
    }

    /// Adds a document and returns it as its creator sees it, which for a token is the only time that the
    /// token itself is shown.
    pub(crate) fn shelve(
        &mut self,
        kind: Kind,
        mut document: Map<String, Value>,
        now: Timestamp,
    ) -> Result<Map<String, Value>, CloudError> {
        numbers_from_strings(&mut document);
        let name = if kind == Kind::Blueprint { "blueprintName" } else { "name" };
        let found = document.get(name).or_else(|| document.get("name"));
        let Some(title) = found.and_then(Value::as_str).filter(|title| !title.is_empty()) else {
            return Err(Malformed::new(format!("/{name}"), "a name that is not empty", found).into());
        };
        let title = title.to_owned();
        document.insert("name".to_owned(), title.into());
        let id = self.ids.draw(IdKind::Resource, self.switches.id_size);
        document.insert("id".to_owned(), id.into());
        match kind {
            Kind::DiskImage | Kind::Image => {
                set_if_missing(&mut document, "loadingStatus", || "DONE".into());
                document.insert("creationTime".to_owned(), now.as_millis().into());
            }
            Kind::KeyPair => {
                // Written as a string by the service, for whatever reason.
                document.insert("creationTime".to_owned(), now.as_millis().to_string().into());
            }
            Kind::Blueprint => self.take_blueprint(&mut document, now)?,
            Kind::Token => {
                if let Some(expiration) =
                    document.get("expirationTime").filter(|time| integer(time).is_none())
                {
                    return Err(Malformed::new("/expirationTime", "a time", Some(expiration)).into());
                }
                document.insert("token".to_owned(), self.ids.secret().into());
            }
        }
        let reply = if kind == Kind::Token { document.clone() } else { shown(&document) };
        self.library.shelf_mut(kind).0.push(document);
        Ok(reply)
    }

    /// Replaces a document; its identifier and its secret stay.
    pub(crate) fn reshelve(
        &mut self,
        kind: Kind,
        id: u64,
        mut document: Map<String, Value>,
    ) -> Result<Map<String, Value>, CloudError> {
        numbers_from_strings(&mut document);
        let current = self.library.shelf_mut(kind).find_mut(id).ok_or_else(|| missing(kind, id))?;
        document.insert("id".to_owned(), id.into());
        for kept in ["publicKey", "token", "creationTime", "design"] {
            if let Some(value) = current.get(kept) {
                document.insert(kept.to_owned(), value.clone());
            }
        }
        *current = document;
        Ok(shown(current))
    }

    pub(crate) fn unshelve(&mut self, kind: Kind, id: u64) -> Result<(), CloudError> {
        if kind == Kind::KeyPair {
            let found = self.library.key_pairs.find_mut(id).ok_or_else(|| missing(kind, id))?;
            found.insert("deleted".to_owned(), true.into());
            return Ok(());
        }
        if self.library.shelf_mut(kind).remove(id) { Ok(()) } else { Err(missing(kind, id)) }
    }

    /// Both halves of a new key pair. They look like one; nothing can be encrypted with them.
    pub(crate) fn generate_key_pair(&mut self, now: Timestamp) -> Result<Map<String, Value>, CloudError> {
        let public = STANDARD_NO_PAD.encode(self.ids.bytes(279));
        let private = STANDARD.encode(self.ids.bytes(1190));
        let name = format!("key-{}", now.as_millis());
        let mut document = Map::new();
        document.insert("name".to_owned(), name.clone().into());
        document.insert("publicKey".to_owned(), format!("ssh-rsa {public} {name}").into());
        let mut pair = self.shelve(Kind::KeyPair, document.clone(), now)?;
        pair.extend(document);
        let armoured = format!("-----BEGIN RSA PRIVATE KEY-----\n{private}\n-----END RSA PRIVATE KEY-----\n");
        pair.insert("privateKey".to_owned(), armoured.into());
        Ok(pair)
    }

    fn take_blueprint(
        &mut self,
        document: &mut Map<String, Value>,
        now: Timestamp,
    ) -> Result<(), CloudError> {
        document.insert("creationTime".to_owned(), now.as_millis().into());
        let design = match document.get("applicationId").and_then(integer) {
            Some(application) => self.application(ApplicationId(application))?.design.clone(),
            None => match document.get("design") {
                None | Some(Value::Null) => Map::new(),
                Some(design) => check::object(design.clone(), "/design")?,
            },
        };
        check::design(&design, "/design")?;
        document.insert("design".to_owned(), design.into());
        Ok(())
    }
}

/// What a reader gets to see: neither halves of a key pair nor the text of a token.
fn shown(document: &Map<String, Value>) -> Map<String, Value> {
    let secret = ["publicKey", "privateKey", "token"];
    document
        .iter()
        .filter(|(key, _)| !secret.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}

fn missing(kind: Kind, id: u64) -> CloudError {
    CloudError::NotFound { what: format!("{} {id}", kind.noun()) }
}

/// A copy gets identifiers and MACs of its own.
fn forget_ids(document: &mut Map<String, Value>) {
    document.shift_remove("id");
    document.shift_remove("generatedMac");
    for (_, value) in document.iter_mut() {
        match value {
            Value::Object(inner) => forget_ids(inner),
            Value::Array(items) => items.iter_mut().filter_map(Value::as_object_mut).for_each(forget_ids),
            _ => {}
        }
    }
}
