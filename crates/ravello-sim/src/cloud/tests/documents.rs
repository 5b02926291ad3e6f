//! What the service does to documents (`ravello-api.md §2`, `§6.2`, `§7.1`, `§13`).

use super::*;
use crate::cloud::Filter;
use crate::switches::*;

fn put_design(world: &mut World, design: Value) -> Result<(), CloudError> {
    let mut document = world.shown();
    document["design"] = design;
    world.cloud.replace(world.application, object(document), world.now)
}

#[test]
fn what_is_missing_is_filled_in() {
    let mut world = World::drafted();
    let sparse = json!({
        "name": "sparse",
        "hardDrives": [{ "type": "CDROM", "baseDiskImageName": "ipxe.iso" }],
        "networkConnections": [{ "name": "eth0", "ipConfig": { "staticIpConfig": { "ip": "10.0.0.1" } } }],
        "suppliedServices": [{ "name": "ssh" }],
    });
    let vm = world.cloud.add_vm(world.application, object(sparse), world.now).unwrap();
    let designed = Value::Object(world.designed(vm));
    assert_eq!(designed["id"], json!(vm));
    assert_eq!(designed["applicationId"], json!(world.application));
    for pointer in [
        "/hardDrives/0/id",
        "/hardDrives/0/baseDiskImageId",
        "/networkConnections/0/id",
        "/networkConnections/0/ipConfig/id",
        "/suppliedServices/0/id",
    ] {
        assert!(designed.pointer(pointer).unwrap().is_u64(), "{pointer}");
    }
    let mac = designed["networkConnections"][0]["device"]["generatedMac"].as_str().unwrap();
    assert!(mac.starts_with("2c:c2:60:"), "{mac}");
    assert_eq!(designed["networkConnections"][0]["device"].get("mac"), None, "only after the publish");
}

#[test]
fn mac_and_creation_time_stay_although_a_client_leaves_them_out() {
    let mut world = World::running();
    world.edit(FIRST, "/networkConnections", json!([{ "id": 77, "name": "eth0" }]));
    let before = world.designed(FIRST);
    world.pass(1000);
    let mut sent = before.clone();
    sent.remove("creationTime");
    sent["networkConnections"] = json!([{ "id": 77, "name": "eth0" }]);
    world.cloud.replace_vm(world.application, FIRST, sent, world.now).unwrap();
    assert_eq!(world.designed(FIRST), before);
}

#[test]
fn numeric_strings_become_numbers_where_the_field_is_a_number() {
    let mut world = World::drafted();
    let sent = json!({
        "name": "strings",
        "baseVmId": "0",
        "numCpus": "2",
        "memorySize": { "value": "8192", "unit": "MB" },
        "vmOrderGroupId": "123",
        "cpuIds": [{ "index": "0", "value": "0000000768747541444d416369746e65" }, { "index": "8000000a", "value": "1" }],
        "hardDrives": [{ "index": "1", "type": "DISK", "size": { "value": "60", "unit": "GB" } }],
        "suppliedServices": [{ "portRange": "22", "externalPort": "10022" }],
    });
    let vm = world.cloud.add_vm(world.application, object(sent), world.now).unwrap();
    let designed = Value::Object(world.designed(vm));
    assert_eq!(designed["numCpus"], 2);
    assert_eq!(designed["memorySize"]["value"], 8192);
    assert_eq!(designed["hardDrives"][0]["size"]["value"], 60);
    assert_eq!(designed["hardDrives"][0]["index"], 1);
    assert_eq!(designed["baseVmId"], 0);
    assert_eq!(designed["vmOrderGroupId"], "123", "a string in the real service too");
    assert_eq!(designed["cpuIds"][0]["index"], "0", "hexadecimal");
    assert_eq!(designed["cpuIds"][1]["value"], "1", "hexadecimal");
    assert_eq!(designed["suppliedServices"][0]["portRange"], "22");
    assert_eq!(designed["suppliedServices"][0]["externalPort"], "10022");
}

#[test]
fn unknown_fields_are_kept_unless_switched_off() {
    for (switch, kept) in [(UnknownFields::Stored, true), (UnknownFields::Dropped, false)] {
        let mut world = World::running();
        world.cloud.switches.unknown_fields = switch;
        let mut document = world.shown();
        document["_href"] = json!("/applications/1");
        document["design"]["vms"][0]["foreign"] = json!({ "deep": [1, "two"] });
        world.cloud.replace(world.application, object(document), world.now).unwrap();
        let shown = world.shown();
        assert_eq!(shown.get("_href").is_some(), kept);
        assert_eq!(shown["design"]["vms"][0].get("foreign").is_some(), kept);
        assert_eq!(shown["design"]["vms"][0]["description"], "a VM");
    }
}

#[test]
fn put_of_the_whole_removes_vms_that_are_missing_from_the_design_only() {
    let mut world = World::running();
    put_design(&mut world, json!({ "vms": [vm(SECOND, "second")] })).unwrap();
    assert_eq!(world.shown()["design"]["vms"].as_array().unwrap().len(), 1);
    assert_eq!(world.state(FIRST), VmState::Started, "what runs is not touched");
}

#[test]
fn what_a_client_sends_as_deployment_or_computed_value_is_ignored() {
    let mut world = World::running();
    let mut document = world.shown();
    document["deployment"]["vms"] = json!([]);
    document["published"] = json!(false);
    document["creationTime"] = json!(0);
    world.cloud.replace(world.application, object(document), world.now).unwrap();
    let shown = world.shown();
    assert_eq!(shown["deployment"]["vms"].as_array().unwrap().len(), 2);
    assert_eq!(shown["published"], true);
    assert_eq!(shown["creationTime"], json!(1_500_000_000_000_u64));
}

#[test]
fn wrong_shapes_are_refused_with_their_place() {
    let broken = [
        (json!({ "vms": {} }), "/design/vms"),
        (json!({ "vms": [7] }), "/design/vms/0"),
        (json!({ "vms": [{}] }), "/design/vms/0/name"),
        (json!({ "vms": [{ "name": "a", "id": "x" }] }), "/design/vms/0/id"),
        (json!({ "vms": [{ "name": "a", "id": -1 }] }), "/design/vms/0/id"),
        (json!({ "vms": [{ "name": "a", "description": [] }] }), "/design/vms/0/description"),
        (json!({ "vms": [{ "name": "a", "hardDrives": {} }] }), "/design/vms/0/hardDrives"),
        (
            json!({ "vms": [{ "name": "a", "hardDrives": [{ "boot": "yes" }] }] }),
            "/design/vms/0/hardDrives/0/boot",
        ),
        (
            json!({ "vms": [{ "name": "a", "hardDrives": [{ "type": "TAPE" }] }] }),
            "/design/vms/0/hardDrives/0/type",
        ),
        (json!({ "vms": [{ "name": "a", "memorySize": 8 }] }), "/design/vms/0/memorySize"),
        (
            json!({ "vms": [{ "name": "a", "networkConnections": [{ "ipConfig": [] }] }] }),
            "/design/vms/0/networkConnections/0/ipConfig",
        ),
        (json!({ "vms": [{ "name": "a", "id": 5 }, { "name": "b", "id": "5" }] }), "/design/vms/1/id"),
        (
            json!({ "vms": [{ "name": "a", "id": 5, "hardDrives": [{ "id": 5 }] }] }),
            "/design/vms/0/hardDrives/0/id",
        ),
        (json!([]), "/design"),
    ];
    for (design, place) in broken {
        let mut world = World::running();
        let before = world.shown();
        let outcome = put_design(&mut world, design.clone());
        let Err(CloudError::Malformed(malformed)) = outcome else { panic!("{design}: {outcome:?}") };
        assert_eq!(malformed.pointer, place, "{design}");
        assert_eq!(world.shown(), before, "{design} changes nothing");
    }
}

#[test]
fn identifier_of_a_part_of_another_vm_is_refused() {
    let mut world = World::running();
    let thief = json!({ "name": "thief", "hardDrives": [{ "id": FIRST.0 + 1_000 }] });
    let outcome = world.cloud.add_vm(world.application, object(thief), world.now);
    assert!(matches!(outcome, Err(CloudError::Invalid { .. })));
}

#[test]
fn library_vm_is_copied_with_identifiers_of_its_own() {
    let mut world = World::running();
    let image = world.cloud.library.images.all()[0]["id"].clone();
    let add = |world: &mut World| {
        let request = object(json!({ "baseVmId": image }));
        world.cloud.add_vm(world.application, request, world.now).unwrap()
    };
    let (one, other) = (add(&mut world), add(&mut world));
    let (one, other) = (world.designed(one), world.designed(other));
    assert_eq!(one["baseVmId"], image);
    assert_ne!(one["hardDrives"][0]["id"], other["hardDrives"][0]["id"]);
    let mac = |vm: &Map<String, Value>| vm["networkConnections"][0]["device"]["generatedMac"].clone();
    assert_ne!(mac(&one), mac(&other));
}

#[test]
fn identifiers_are_as_large_as_the_switch_says() {
    for (size, fits) in [
        (IdSize::Realistic, 1_000_000_000_000_000..10_000_000_000_000_000_u64),
        (IdSize::Huge, (1 << 53)..(1 << 63)),
        (IdSize::Small, 1..1_000_000),
    ] {
        let mut world = World::drafted();
        world.cloud.switches.id_size = size;
        let vm = world.cloud.add_vm(world.application, object(json!({ "name": "a" })), world.now).unwrap();
        assert!(fits.contains(&vm.0), "{size:?}: {vm}");
    }
}

#[test]
fn deleted_application_is_gone_also_while_running() {
    let mut world = World::running();
    world.cloud.delete(world.application, world.now).unwrap();
    assert!(matches!(world.cloud.read(world.application, None), Err(CloudError::NotFound { .. })));
    assert_eq!(world.boots(FIRST), [(BootCause::Start, BootedFrom::Network, Some(BootEnd::Removed))]);
}

#[test]
fn summary_has_totals_and_no_vms() {
    let world = World::running();
    let [summary] = &world.cloud.list()[..] else { panic!("one application") };
    assert_eq!(summary["design"].get("vms"), None);
    let deployment = &summary["deployment"];
    assert_eq!(deployment.get("vms"), None);
    assert_eq!(deployment["totalActiveVms"], 1);
    assert_eq!(deployment["totalStoppedVms"], 1);
    assert_eq!(deployment["totalErrorVms"], 0);
}

#[test]
fn filter_understands_and_or_equals_contains() {
    let mut world = World::running();
    world.cloud.create(object(json!({ "name": "lab 2" })), world.now).unwrap();
    let simple = |operator: &str, operand: Value| json!({ "type": "SIMPLE", "propertyName": "name", "operator": operator, "operand": operand });
    let complex = |operator: &str, criteria: Value| json!({ "type": "COMPLEX", "operator": operator, "criteria": criteria });
    let id = json!({ "type": "SIMPLE", "propertyName": "id", "operator": "Equals", "operand": world.application.to_string() });
    for (filter, expected) in [
        (complex("And", json!([simple("Equals", json!("lab"))])), vec!["lab"]),
        (complex("And", json!([])), vec!["lab", "lab 2"]),
        (complex("Or", json!([])), vec![]),
        (
            complex("Or", json!([simple("Equals", json!("lab")), simple("Equals", json!("lab 2"))])),
            vec!["lab", "lab 2"],
        ),
        (
            complex("And", json!([simple("Contains", json!("lab")), simple("Contains", json!(2))])),
            vec!["lab 2"],
        ),
        (id, vec!["lab"]),
        (simple("Equals", json!("nothing")), vec![]),
    ] {
        let filter = Filter::from_document(&filter).unwrap();
        let found = world.cloud.filter(&filter);
        let mut names: Vec<&str> = found.iter().map(|found| found["name"].as_str().unwrap()).collect();
        names.sort_unstable();
        assert_eq!(names, expected, "{filter:?}");
    }
    for broken in
        [json!(1), json!({}), complex("Not", json!([])), complex("And", json!({})), simple("Like", json!(""))]
    {
        assert!(Filter::from_document(&broken).is_err(), "{broken}");
    }
}
