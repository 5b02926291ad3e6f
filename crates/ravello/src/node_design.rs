//! New nodes in a design: what the predecessor's `node-create` does, with its faults mended (`ravello-api.md §21`).
//!
//! A node gets an interface in each network of a model VM (usually the one that runs Ironic), with the next address above all
//! others there; a disk, and a CD-ROM with the iPXE image that it boots from. Names are counted on. Everything is computed
//! from one document and depends on nothing else, so it can be done again on a newer one when somebody wrote in between.
//!
//! What differs from the predecessor: numbers go out as numbers; addresses stay inside their network, and clear of those that
//! only the deployment knows; an interface with DHCP and a VM without an ssh service are no reason to fail.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use machine::BootDevice;

use crate::boot_selection::BootSelection;
use crate::document::{Application, Malformed, NetworkConnection, Vm, VmDocument};
use crate::json::Json;

/// The first node of a network gets an address this far above the others: room for machines that are no nodes.
const FIRST_NODE: u32 = 10;

/// How long a guest has to shut down, in seconds.
const STOP_TIMEOUT: u64 = 180;

/// Fields of the model that say which hardware its platform shows; nodes of one lab had better be alike.
const COPIED: [&str; 6] = ["allowNested", "cpuIds", "cpuModel", "os", "platform", "preferPhysicalHost"];

/// What the new nodes shall be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeRequest {
    /// How many.
    pub count: u16,
    /// What their names begin with; a number follows.
    pub prefix: String,
    /// Virtual processors of each.
    pub cpus: u64,
    /// Memory of each, in MiB.
    pub memory_mib: u64,
    /// Disk of each, in GiB.
    pub disk_gib: u64,
    /// The VM whose networks they join; without it the one with the lowest address.
    pub like: Option<String>,
    /// What they boot from.
    pub image: DiskImage,
}

/// An image of the cloud's library.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiskImage {
    /// Its id.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Its size, as the library gives it.
    pub size: Option<Json>,
}

/// A node that was added to a design.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewNode {
    /// Its name.
    pub name: String,
    /// Its static addresses, by interface.
    pub addresses: Vec<Ipv4Addr>,
}

/// Why no node can be added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoNode {
    /// There is nothing to learn the networks from.
    #[error("no VM of the application has a static address, so nothing says which networks nodes belong in")]
    NoModel,
    /// There is no VM of that name.
    #[error("the application has no VM named {0:?}")]
    NoSuchVm(String),
    /// The model has no interface.
    #[error("VM {0:?} has no network interface to be copied")]
    NoInterface(String),
    /// An interface of the model cannot be understood.
    #[error("interface {interface} of VM {vm:?} has no usable IPv4 address and mask: {found}")]
    BadAddress {
        /// The model.
        vm: String,
        /// Its interface.
        interface: String,
        /// What is there.
        found: String,
    },
    /// A network is full.
    #[error("the network of {after} ({network}) has no free address above it for {name}")]
    NetworkFull {
        /// Address and mask.
        network: String,
        /// The highest address in use.
        after: Ipv4Addr,
        /// The node that was to get one.
        name: String,
    },
    /// The design is no list of VMs.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// Reads an image of the library.
///
/// # Errors
/// When it has no id or no name.
pub fn disk_image(image: &Json) -> Result<DiskImage, Malformed> {
    let id = image.get("id").and_then(Json::unsigned).ok_or(Malformed { field: "id" })?;
    let name = image.get("name").and_then(Json::plain).ok_or(Malformed { field: "name" })?;
    Ok(DiskImage { id, name: name.into_owned(), size: image.get("size").cloned() })
}

/// Adds nodes to the design of an application. Nothing else in it is touched.
///
/// # Errors
/// [`NoNode`]; the document is then as it was.
pub fn add_nodes(
    application: &mut Application,
    request: &NodeRequest,
    selection: BootSelection,
) -> Result<Vec<NewNode>, NoNode> {
    let (vms, nodes) = design_nodes(application, request, selection)?;
    application.add_design_vms(vms)?;
    Ok(nodes)
}

fn design_nodes(
    application: &Application,
    request: &NodeRequest,
    selection: BootSelection,
) -> Result<(Vec<Json>, Vec<NewNode>), NoNode> {
    let model = model(application, request.like.as_deref())?;
    let networks = networks(model)?;
    let mut used = used_addresses(application);
    let highest = highest_number(application, &request.prefix);
    let (mut vms, mut nodes) = (Vec::new(), Vec::new());
    for number in (highest.saturating_add(1)..).take(usize::from(request.count)) {
        let name = format!("{}{number}", request.prefix);
        let addresses: Vec<Option<Ipv4Addr>> = networks
            .iter()
            .map(|network| network.next_address(&mut used, &name))
            .collect::<Result<_, _>>()?;
        vms.push(node(model, &name, &networks, &addresses, request, selection));
        nodes.push(NewNode { name, addresses: addresses.into_iter().flatten().collect() });
    }
    Ok((vms, nodes))
}

/// The VM whose networks nodes join.
fn model<'a>(application: &'a Application, like: Option<&str>) -> Result<Vm<'a>, NoNode> {
    let Some(name) = like else {
        let first_address =
            |vm: &Vm<'_>| vm.network_connections().first().and_then(|first| first.static_address());
        let addressed = application.design_vms().filter_map(|vm| Some((first_address(&vm)?, vm)));
        return addressed.min_by_key(|(address, _)| *address).map(|(_, vm)| vm).ok_or(NoNode::NoModel);
    };
    application.design_vms().find(|vm| vm.name() == name).ok_or_else(|| NoNode::NoSuchVm(name.to_owned()))
}

/// One interface of the model, and the network it is in.
struct Network<'a> {
    connection: NetworkConnection<'a>,
    /// Address and mask; `None` with DHCP.
    subnet: Option<(Ipv4Addr, Ipv4Addr)>,
}

fn networks(model: Vm<'_>) -> Result<Vec<Network<'_>>, NoNode> {
    let connections = model.network_connections();
    if connections.is_empty() {
        return Err(NoNode::NoInterface(model.name().into_owned()));
    }
    connections.into_iter().map(|connection| network(model, connection)).collect()
}

fn network<'a>(model: Vm<'_>, connection: NetworkConnection<'a>) -> Result<Network<'a>, NoNode> {
    let fixed = connection.json().get("ipConfig").and_then(|ip| ip.get("staticIpConfig"));
    let Some(fixed) = fixed else { return Ok(Network { connection, subnet: None }) };
    let part = |field| fixed.get(field)?.text()?.trim().parse::<Ipv4Addr>().ok();
    let is_usable = |(_, mask): &(Ipv4Addr, Ipv4Addr)| {
        let host_bits = !u32::from(*mask);
        // A mask is ones, then zeros; and there is room for hosts.
        host_bits & host_bits.wrapping_add(1) == 0 && host_bits >= 3
    };
    match part("ip").zip(part("mask")).filter(is_usable) {
        Some(subnet) => Ok(Network { connection, subnet: Some(subnet) }),
        None => Err(NoNode::BadAddress {
            vm: model.name().into_owned(),
            interface: connection.name().into_owned(),
            found: fixed.to_string(),
        }),
    }
}

impl Network<'_> {
    /// The address after the highest one in use; `None` with DHCP.
    fn next_address(&self, used: &mut BTreeSet<Ipv4Addr>, name: &str) -> Result<Option<Ipv4Addr>, NoNode> {
        let Some((ip, mask)) = self.subnet else { return Ok(None) };
        let mask_bits = u32::from(mask);
        let base = u32::from(ip) & mask_bits;
        let broadcast = base | !mask_bits;
        let inside: Vec<u32> =
            used.iter().map(|ip| u32::from(*ip)).filter(|bits| bits & mask_bits == base).collect();
        let highest = inside.iter().copied().max().unwrap_or_else(|| u32::from(ip));
        let is_first_node = inside.len() <= 1;
        let step = if is_first_node { FIRST_NODE } else { 1 };
        let free = |step| highest.checked_add(step).filter(|next| *next < broadcast).map(Ipv4Addr::from);
        let next = free(step).or_else(|| free(1)).ok_or_else(|| NoNode::NetworkFull {
            network: format!("mask {mask}"),
            after: Ipv4Addr::from(highest),
            name: name.to_owned(),
        })?;
        used.insert(next);
        Ok(Some(next))
    }
}

/// Every IPv4 address that a VM has or is to have.
fn used_addresses(application: &Application) -> BTreeSet<Ipv4Addr> {
    let vms = application.design_vms().chain(application.deployment_vms());
    let addresses = vms.flat_map(|vm| vm.network_connections()).flat_map(NetworkConnection::addresses);
    addresses
        .filter_map(|address| match address {
            IpAddr::V4(v4) => Some(v4),
            IpAddr::V6(_) => None,
        })
        .collect()
}

/// The highest number behind the prefix in any name; 0 if there is none.
fn highest_number(application: &Application, prefix: &str) -> u64 {
    let vms = application.design_vms().chain(application.deployment_vms());
    let number = |vm: Vm<'_>| vm.name().strip_prefix(prefix)?.parse::<u64>().ok();
    vms.filter_map(number).max().unwrap_or(0)
}

fn node(
    model: Vm<'_>,
    name: &str,
    networks: &[Network<'_>],
    addresses: &[Option<Ipv4Addr>],
    request: &NodeRequest,
    selection: BootSelection,
) -> Json {
    let mut members = vec![
        ("name", Json::string(name)),
        ("description", Json::string("")),
        ("hostnames", Json::Array(vec![Json::string(name)])),
        ("numCpus", Json::number(request.cpus)),
        ("memorySize", memory_size(request.memory_mib)),
        ("stopTimeOut", Json::number(STOP_TIMEOUT)),
        ("powerOffOnStopTimeOut", Json::flag_value(true)),
        ("bootOrder", Json::Array(vec![Json::string("CDROM"), Json::string("DISK")])),
        ("hardDrives", Json::Array(vec![disk(request.disk_gib), cdrom(&request.image)])),
    ];
    members.extend(COPIED.into_iter().filter_map(|field| Some((field, model.json().get(field)?.clone()))));
    let interfaces = networks.iter().zip(addresses).enumerate();
    let interfaces = interfaces.map(|(index, (network, address))| interface(network, index, *address));
    members.push(("networkConnections", Json::Array(interfaces.collect())));
    if let Some(service) = ssh(model, networks, addresses) {
        members.push(("suppliedServices", Json::Array(vec![service])));
    }
    let mut vm = VmDocument::new(object(members));
    // It has a disk, and the network is always possible.
    let _ = selection.write(&mut vm.edit(), BootDevice::Network);
    vm.into()
}

fn disk(gib: u64) -> Json {
    object(vec![
        ("index", Json::number(1)),
        ("name", Json::string("sda")),
        ("type", Json::string("DISK")),
        ("boot", Json::flag_value(false)),
        ("controller", Json::string("virtio")),
        ("size", size(gib, "GB")),
    ])
}

fn cdrom(image: &DiskImage) -> Json {
    let mut members = vec![
        ("index", Json::number(0)),
        ("name", Json::string("cdrom")),
        ("type", Json::string("CDROM")),
        ("boot", Json::flag_value(true)),
        ("controller", Json::string("ide")),
        ("baseDiskImageId", Json::number(image.id)),
        ("baseDiskImageName", Json::string(&image.name)),
    ];
    members.extend(image.size.clone().map(|size| ("size", size)));
    object(members)
}

/// An interface in the same network as the model's: same mask, router and name servers, nothing public.
fn interface(network: &Network<'_>, index: usize, address: Option<Ipv4Addr>) -> Json {
    let model = network.connection.json();
    let index = u64::try_from(index).unwrap_or(u64::MAX);
    let device_type = model.get("device").and_then(|device| device.get("deviceType")).cloned();
    let device = object(vec![
        ("index", Json::number(index)),
        ("deviceType", device_type.unwrap_or_else(|| Json::string("virtio"))),
        ("useAutomaticMac", Json::flag_value(true)),
    ]);
    let fixed = model.get("ipConfig").and_then(|ip| ip.get("staticIpConfig"));
    let way = match (fixed, address) {
        (Some(fixed), Some(address)) => {
            let mut own: Vec<_> = ["mask", "gateway", "dns"]
                .into_iter()
                .filter_map(|field| Some((field, fixed.get(field)?.clone())))
                .collect();
            own.insert(0, ("ip", Json::string(&address.to_string())));
            ("staticIpConfig", object(own))
        }
        _ => ("autoIpConfig", object(Vec::new())),
    };
    let name = network.connection.name();
    let name = if name.is_empty() { format!("eth{index}") } else { name.into_owned() };
    object(vec![
        ("name", Json::string(&name)),
        ("device", device),
        (
            "ipConfig",
            object(vec![
                way,
                ("hasPublicIp", Json::flag_value(false)),
                ("externalAccessState", Json::string("ALWAYS_PORT_FORWARDING")),
            ]),
        ),
    ])
}

/// The ssh service, on the interface on which the model has one; none if it has none.
fn ssh(model: Vm<'_>, networks: &[Network<'_>], addresses: &[Option<Ipv4Addr>]) -> Option<Json> {
    let services = model.json().get("suppliedServices")?.elements();
    let service = services
        .iter()
        .find(|service| service.get("portRange").and_then(Json::plain).is_some_and(|ports| ports == "22"))?;
    let is_on = |network: &Network<'_>| {
        let ip_config = network.connection.json().get("ipConfig");
        let by = |field: &str, own: &str| {
            let wanted = service.get(field)?.plain()?;
            Some(wanted == ip_config?.get(own)?.plain()?)
        };
        let by_address = || {
            let wanted = service.get("ip")?.plain()?;
            Some(wanted == network.subnet?.0.to_string())
        };
        by("ipConfigLuid", "id").or_else(by_address).unwrap_or(false)
    };
    let (_, address) = networks.iter().zip(addresses).find(|(network, _)| is_on(network))?;
    Some(object(vec![
        ("name", Json::string("ssh")),
        ("protocol", Json::string("TCP")),
        ("portRange", Json::string("22")),
        ("external", Json::flag_value(service.get("external").and_then(Json::flag).unwrap_or(true))),
        ("ip", Json::string(&(*address)?.to_string())),
    ]))
}

fn memory_size(mib: u64) -> Json {
    if mib.is_multiple_of(1024) { size(mib / 1024, "GB") } else { size(mib, "MB") }
}

fn size(value: u64, unit: &str) -> Json {
    object(vec![("value", Json::number(value)), ("unit", Json::string(unit))])
}

fn object(members: Vec<(&str, Json)>) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

#[cfg(test)]
mod tests;
