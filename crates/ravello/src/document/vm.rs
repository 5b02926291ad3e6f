//! A VM, its drives and its interfaces (`ravello-api.md §7.1`).

use std::borrow::Cow;
use std::net::IpAddr;
use std::time::Duration;

use crate::document::size_bytes;
use crate::document::state::VmState;
use crate::identity::VmId;
use crate::json::Json;

/// How long the platform waits for a guest to shut down if the VM does not say.
const STOP_TIMEOUT_UNSET: Duration = Duration::from_secs(1200);

/// A VM that was read by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmDocument {
    json: Json,
}

/// A view of a VM, in design or deployment.
#[derive(Clone, Copy, Debug)]
pub struct Vm<'a> {
    json: &'a Json,
}

/// Edits a VM. Every method changes the one field that it names; a field that already says so is not touched.
#[derive(Debug)]
pub struct VmEditor<'a> {
    json: &'a mut Json,
}

/// A view of a drive.
#[derive(Clone, Copy, Debug)]
pub struct HardDrive<'a> {
    json: &'a Json,
}

/// A view of a network interface.
#[derive(Clone, Copy, Debug)]
pub struct NetworkConnection<'a> {
    json: &'a Json,
}

/// The description of a VM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Description<'a> {
    /// Free text; empty if absent or `null`.
    Text(Cow<'a, str>),
    /// Something that is no text. It must not be overwritten, for it cannot be kept.
    Unreadable,
}

impl VmDocument {
    /// Takes a document.
    pub const fn new(json: Json) -> Self {
        Self { json }
    }

    /// The VM in it.
    pub const fn view(&self) -> Vm<'_> {
        Vm::new(&self.json)
    }

    /// The VM in it, to be edited.
    pub const fn edit(&mut self) -> VmEditor<'_> {
        VmEditor::new(&mut self.json)
    }

    /// The document itself.
    pub const fn json(&self) -> &Json {
        &self.json
    }
}

impl From<VmDocument> for Json {
    fn from(vm: VmDocument) -> Self {
        vm.json
    }
}

impl<'a> Vm<'a> {
    pub(crate) const fn new(json: &'a Json) -> Self {
        Self { json }
    }

    /// Its id; `None` for a draft that has not got one yet.
    pub fn id(self) -> Option<VmId> {
        self.json.get("id")?.unsigned().map(VmId)
    }

    /// Its name.
    pub fn name(self) -> Cow<'a, str> {
        self.json.get("name").and_then(Json::plain).unwrap_or_default()
    }

    /// Its description.
    pub fn description(self) -> Description<'a> {
        match self.json.get("description") {
            None => Description::Text(Cow::Borrowed("")),
            Some(json) => json.text().map_or(Description::Unreadable, Description::Text),
        }
    }

    /// Its state; only a deployed VM has one.
    pub fn state(self) -> Option<VmState> {
        self.json.get("state")?.text().map(|name| VmState::from_name(&name))
    }

    /// All drives, in the order of the document, which means nothing.
    pub fn hard_drives(self) -> impl Iterator<Item = HardDrive<'a>> {
        self.json.get("hardDrives").map_or(&[][..], Json::elements).iter().map(|json| HardDrive { json })
    }

    /// The disk that the VM can boot from: of the drives of type DISK the one with the lowest index, and the
    /// first one listed of several without an index. The first drive of all may well be the CD-ROM.
    pub fn boot_disk(self) -> Option<HardDrive<'a>> {
        let (_, disk) =
            self.hard_drives().enumerate().filter(|(_, drive)| drive.is_disk()).min_by_key(rank)?;
        Some(disk)
    }

    /// The types of drive that the VM tries, in order; empty if it does not say.
    pub fn boot_order(self) -> Vec<Cow<'a, str>> {
        self.json.get("bootOrder").map_or(&[][..], Json::elements).iter().filter_map(Json::plain).collect()
    }

    /// The interfaces, by device index; those without an index last.
    pub fn network_connections(self) -> Vec<NetworkConnection<'a>> {
        let connections = self.json.get("networkConnections").map_or(&[][..], Json::elements);
        let mut connections: Vec<_> = connections.iter().map(|json| NetworkConnection { json }).collect();
        connections.sort_by_key(|connection| connection.index().unwrap_or(u64::MAX));
        connections
    }

    /// Virtual processors.
    pub fn cpus(self) -> Option<u64> {
        self.json.get("numCpus")?.unsigned()
    }

    /// Memory.
    pub fn memory_bytes(self) -> Option<u64> {
        size_bytes(self.json.get("memorySize")?)
    }

    /// How long a soft shutdown may take before the platform gives up on the guest; 20 minutes if unset.
    pub fn stop_timeout(self) -> Duration {
        self.json.get("stopTimeOut").and_then(Json::unsigned).map_or(STOP_TIMEOUT_UNSET, Duration::from_secs)
    }

    /// The identity that the firmware shows to the guest.
    pub fn bios_uuid(self) -> Option<Cow<'a, str>> {
        self.json.get("biosUuid")?.text()
    }

    /// The VM itself.
    pub const fn json(self) -> &'a Json {
        self.json
    }
}

impl<'a> HardDrive<'a> {
    /// Whether it is a disk, as opposed to a CD-ROM.
    pub fn is_disk(self) -> bool {
        self.json.get("type").and_then(Json::text).is_some_and(|kind| kind == "DISK")
    }

    /// Whether it is a CD-ROM drive.
    pub fn is_cdrom(self) -> bool {
        self.json.get("type").and_then(Json::text).is_some_and(|kind| kind == "CDROM")
    }

    /// Whether an image of the library is in it.
    pub fn has_image(self) -> bool {
        ["baseDiskImageId", "baseDiskImageName"].into_iter().any(|field| self.json.get(field).is_some())
    }

    /// Whether it is marked as bootable. Several drives of a VM can be.
    pub fn is_bootable(self) -> bool {
        self.json.get("boot").and_then(Json::flag).unwrap_or(false)
    }

    /// Its place among the drives.
    pub fn index(self) -> Option<u64> {
        self.json.get("index")?.unsigned()
    }

    /// Its size.
    pub fn size_bytes(self) -> Option<u64> {
        size_bytes(self.json.get("size")?)
    }
}

impl<'a> NetworkConnection<'a> {
    /// The interface itself.
    pub const fn json(self) -> &'a Json {
        self.json
    }

    /// Its name; empty if the document gives none.
    pub fn name(self) -> Cow<'a, str> {
        self.json.get("name").and_then(Json::plain).unwrap_or_default()
    }

    /// Its place among the interfaces.
    pub fn index(self) -> Option<u64> {
        self.json.get("device")?.get("index")?.unsigned()
    }

    /// Its MAC address in the document's spelling: the one set by hand, or else the one that the platform
    /// generated. Before the first publish only the latter exists.
    pub fn mac(self) -> Option<Cow<'a, str>> {
        let device = self.json.get("device")?;
        let mut macs = ["mac", "generatedMac"].into_iter().filter_map(|name| device.get(name)?.text());
        macs.find(|mac| !mac.is_empty())
    }

    /// Its address if it is a static one; then the platform offers no DHCP there.
    pub fn static_address(self) -> Option<IpAddr> {
        address(self.json.get("ipConfig")?.get("staticIpConfig")?.get("ip")?)
    }

    /// Every address that its configurations name: static, reserved or allocated. No public ones.
    pub fn addresses(self) -> Vec<IpAddr> {
        const NAMES: [(&str, &str); 3] =
            [("staticIpConfig", "ip"), ("autoIpConfig", "allocatedIp"), ("autoIpConfig", "reservedIp")];
        let additional = self.json.get("additionalIpConfig").map_or(&[][..], Json::elements);
        let mut addresses = Vec::new();
        for configuration in self.json.get("ipConfig").into_iter().chain(additional) {
            let named =
                NAMES.iter().filter_map(|(part, field)| address(configuration.get(part)?.get(field)?));
            for each in named {
                if !addresses.contains(&each) {
                    addresses.push(each);
                }
            }
        }
        addresses
    }
}

impl<'a> VmEditor<'a> {
    pub(crate) const fn new(json: &'a mut Json) -> Self {
        Self { json }
    }

    /// The VM as it is now.
    pub const fn view(&self) -> Vm<'_> {
        Vm::new(self.json)
    }

    /// Marks the boot disk as bootable. A VM without a disk stays as it is.
    pub fn mark_boot_disk(&mut self) {
        if let Some(disk) = self.boot_disk_mut() {
            set_bootable(disk, true);
        }
    }

    /// Takes the mark from every disk. The CD-ROM keeps its own.
    pub fn unmark_disks(&mut self) {
        let drives = self.json.get_mut("hardDrives").map_or(&mut [][..], Json::elements_mut);
        drives
            .iter_mut()
            .filter(|json| HardDrive { json }.is_disk())
            .for_each(|disk| set_bootable(disk, false));
    }

    /// Replaces the boot order.
    pub fn set_boot_order<'t>(&mut self, types: impl IntoIterator<Item = &'t str>) {
        let types: Vec<_> = types.into_iter().collect();
        if self.view().boot_order() != types {
            self.json.set("bootOrder", Json::Array(types.into_iter().map(Json::string).collect()));
        }
    }

    /// Replaces the description.
    pub fn set_description(&mut self, text: &str) {
        if self.view().description() != Description::Text(Cow::Borrowed(text)) {
            self.json.set("description", Json::string(text));
        }
    }

    fn boot_disk_mut(&mut self) -> Option<&mut Json> {
        let drives = self.json.get_mut("hardDrives")?.elements_mut().iter_mut().enumerate();
        let disks = drives.filter(|(_, json)| HardDrive { json }.is_disk());
        let (_, disk) = disks.min_by_key(|(position, json)| rank(&(*position, HardDrive { json })))?;
        Some(disk)
    }
}

fn set_bootable(drive: &mut Json, bootable: bool) {
    if (HardDrive { json: drive }).is_bootable() != bootable {
        drive.set("boot", Json::flag_value(bootable));
    }
}

/// What makes one drive come before another.
fn rank((position, drive): &(usize, HardDrive<'_>)) -> (u64, usize) {
    (drive.index().unwrap_or(u64::MAX), *position)
}

fn address(json: &Json) -> Option<IpAddr> {
    json.text()?.trim().parse().ok()
}

#[cfg(test)]
mod tests;
