//! `version`: optimistic locking (`ravello-api.md §6.3`).

use super::*;
use crate::switches::*;

fn put(world: &mut World, change: impl FnOnce(&mut Value)) -> Result<(), CloudError> {
    let mut document = world.shown();
    change(&mut document);
    world.cloud.replace(world.application, object(document), world.now)
}

#[test]
fn new_application_has_version_one_and_one_from_a_blueprint_zero() {
    let mut world = World::drafted();
    assert_eq!(world.version(), 1);
    let blueprint = json!({ "blueprintName": "copy", "applicationId": world.application });
    let blueprint = world.cloud.shelve(crate::cloud::Kind::Blueprint, object(blueprint), world.now).unwrap();
    let copy = json!({ "name": "copy", "baseBlueprintId": blueprint["id"] });
    let copy = world.cloud.create(object(copy), world.now).unwrap();
    let copy = world.cloud.application(copy).unwrap();
    assert_eq!(copy.version, 0);
    assert_eq!(copy.design["vms"].as_array().unwrap().len(), 2);
    assert_ne!(copy.design["vms"][0]["id"], json!(FIRST), "a copy has identifiers of its own");
}

#[test]
fn put_with_the_current_version_raises_it_by_one() {
    let mut world = World::running();
    let before = world.version();
    put(&mut world, |_| {}).unwrap();
    assert_eq!(world.version(), before + 1);
}

#[test]
fn put_with_another_version_is_refused_and_changes_nothing() {
    let mut world = World::running();
    let version = world.version();
    for stale in [json!(version - 1), json!(version + 1), json!("0")] {
        let outcome = put(&mut world, |document| {
            document["version"] = stale;
            document["name"] = json!("other");
        });
        assert!(matches!(outcome, Err(CloudError::VersionConflict { .. })), "{outcome:?}");
    }
    assert_eq!(world.shown()["name"], "lab");
    assert_eq!(world.version(), version);
}

#[test]
fn put_without_version_is_taken_as_it_is() {
    let mut world = World::running();
    let before = world.version();
    put(&mut world, |document| {
        document.as_object_mut().unwrap().remove("version");
        document["description"] = json!("overwritten");
    })
    .unwrap();
    assert_eq!(world.shown()["description"], "overwritten");
    assert_eq!(world.version(), before + 1);
}

#[test]
fn version_may_be_a_string() {
    let mut world = World::running();
    let version = world.version().to_string();
    put(&mut world, |document| document["version"] = json!(version)).unwrap();
    assert!(put(&mut world, |document| document["version"] = json!("x")).is_err());
}

#[test]
fn single_vm_writes_raise_the_version_unless_switched_off() {
    let mut world = World::running();
    for (switch, raise) in [(VersionOnVmWrite::Raised, 1), (VersionOnVmWrite::Kept, 0)] {
        world.cloud.switches.version_on_vm_write = switch;
        let before = world.version();
        let designed = world.designed(FIRST);
        world.cloud.replace_vm(world.application, FIRST, designed, world.now).unwrap();
        assert_eq!(world.version(), before + raise);
        let added =
            world.cloud.add_vm(world.application, object(json!({ "name": "new" })), world.now).unwrap();
        assert_eq!(world.version(), before + 2 * raise);
        world.cloud.remove_vm(world.application, added).unwrap();
        assert_eq!(world.version(), before + 3 * raise);
    }
}

#[test]
fn vm_put_does_not_disturb_other_vms() {
    let mut world = World::running();
    let stale = world.designed(FIRST);
    world.edit(SECOND, "/description", json!("changed meanwhile"));
    world.cloud.replace_vm(world.application, FIRST, stale, world.now).unwrap();
    assert_eq!(world.designed(SECOND)["description"], "changed meanwhile");
}

#[test]
fn vm_put_is_checked_against_the_version_if_switched_on() {
    let mut world = World::running();
    world.cloud.switches.vm_put_version = VmPutVersion::Checked;
    let mut document = world.designed(FIRST);
    document.insert("version".to_owned(), json!(world.version() + 1));
    let outcome = world.cloud.replace_vm(world.application, FIRST, document, world.now);
    assert!(matches!(outcome, Err(CloudError::VersionConflict { .. })));
}

#[test]
fn actions_and_publishes_raise_the_version_only_if_switched_on() {
    for (switch, raise) in [(VersionOnAction::Kept, 0), (VersionOnAction::Raised, 1)] {
        let mut world = World::running();
        world.cloud.switches.version_on_action = switch;
        let before = world.version();
        world.act(FIRST, Action::PowerOff).unwrap();
        assert_eq!(world.version(), before + raise);
        world.publish_updates().unwrap();
        assert_eq!(world.version(), before + 2 * raise);
        world.cloud.act_on_application(world.application, Action::Start, world.now).unwrap();
        assert_eq!(world.version(), before + 3 * raise);
    }
}
