//! The fields the service knows: which are numbers, which are its own, which are hardware.
//!
//! The sources are `ravello-api.md §6.1` and `§7.1`.

/// Whether a field is a number in the service's model, so that a string of digits becomes one.
///
/// Not everything that looks like a number is one: ports and `vmOrderGroupId` are strings, and the `index`
/// and `value` of a CPU id are hexadecimal.
pub(crate) fn is_numeric(parent: &str, key: &str) -> bool {
    match key {
        "value" => matches!(parent, "memorySize" | "size"),
        "index" => parent != "cpuIds",
        "id" => true,
        _ => NUMERIC.contains(&key),
    }
}

const NUMERIC: &[&str] = &[
    "applicationId",
    "baseBlueprintId",
    "baseDiskImageId",
    "baseVmId",
    "controllerId",
    "controllerIndex",
    "controllerPciSlot",
    "costBucketId",
    "creationTime",
    "expirationFromNowSeconds",
    "expirationTime",
    "ipConfigLuid",
    "keypairId",
    "loadingPercentage",
    "nextStopTime",
    "numCpus",
    "pciSlot",
    "rcu",
    "stopTimeOut",
    "userId",
    "version",
];

/// Whether a number is 64 bits wide in the service's model, so that `X-LongToString` turns it into a string.
pub(crate) fn is_long(key: &str) -> bool {
    key == "id"
        || key == "ids"
        || key.ends_with("Id")
        || key.ends_with("Time")
        || key == "ipConfigLuid"
        || key == "time"
}

/// Fields of a VM that only the deployment has; a design loses them.
pub(crate) const RUN_TIME: &[&str] = &["state", "externalFqdn", "firstTimePublished", "monitorState"];

/// Fields of a VM that no publish carries over: the service keeps them itself.
pub(crate) const BOOKKEEPING: &[&str] =
    &["applicationId", "creationTime", "loadingPercentage", "loadingStatus"];

/// Fields of a VM whose change restarts it when it is published (`ravello-api.md §8.2`).
pub(crate) const HARDWARE: &[&str] = &[
    "allowNested",
    "biosUuid",
    "bootOrder",
    "bootType",
    "busTopology",
    "cpuIds",
    "cpuModel",
    "hardDrives",
    "legacyMode",
    "memorySize",
    "networkConnections",
    "numCpus",
    "os",
    "platform",
    "preferPhysicalHost",
    "rcu",
    "requiresHvm",
    "suppliedServices",
];

/// Fields of a VM that name it: harmless by default, a switch can make them restart it.
pub(crate) const NAMES: &[&str] = &["hostnames", "name"];

/// The remaining fields of a VM that the service knows.
const OTHER: &[&str] = &[
    "baseVmId",
    "configurationManagement",
    "description",
    "id",
    "keypairId",
    "keypairName",
    "powerOffOnStopTimeOut",
    "privateCloudImage",
    "requiresKeypair",
    "stopTimeOut",
    "supportsCloudInit",
    "useCdn",
    "userData",
    "usingNewNetwork",
    "vmOrderGroupId",
];

/// Whether the service knows this field of a VM.
pub(crate) fn is_known_of_vm(key: &str) -> bool {
    [RUN_TIME, BOOKKEEPING, HARDWARE, NAMES, OTHER].iter().any(|fields| fields.contains(&key))
}

/// Fields of an application that the service computes; what a client sends in them is ignored.
pub(crate) const COMPUTED: &[&str] = &[
    "creationTime",
    "deployment",
    "design",
    "designDiffersFromDeployment",
    "id",
    "nextStopTask",
    "nextStopTime",
    "published",
    "version",
];

/// The other fields of an application that the service knows.
const PROPERTIES: &[&str] = &[
    "baseBlueprintId",
    "blueprintName",
    "costBucket",
    "costBucketId",
    "description",
    "name",
    "owner",
    "ownerDetails",
    "usingNewNetwork",
];

/// Whether the service knows this field of an application.
pub(crate) fn is_known_of_application(key: &str) -> bool {
    COMPUTED.contains(&key) || PROPERTIES.contains(&key)
}
