//! Publishing (`ravello-api.md §8`), rule by rule.

use super::*;
use crate::switches::*;
use VmState::*;

/// The pointer of the boot flag of the DISK.
const BOOT_FLAG: &str = "/hardDrives/1/boot";

#[test]
fn first_publish_creates_and_starts_all_vms() {
    let mut world = World::drafted();
    world.cloud.publish(world.application, &Map::new(), world.now).unwrap();
    assert_eq!(world.states_over(FIRST, 3000), [Publishing, Starting, Started]);
    assert_eq!(world.boots(FIRST), [(BootCause::Publish, BootedFrom::Network, None)]);
}

#[test]
fn first_publish_without_start_ends_stopped() {
    let mut world = World::drafted();
    world.cloud.publish(world.application, &object(json!({ "startAllVms": false })), world.now).unwrap();
    assert_eq!(world.states_over(FIRST, 3000), [Publishing, Stopped]);
    assert_eq!(world.boots(FIRST), []);
}

#[test]
fn second_publish_is_refused() {
    let mut world = World::running();
    assert!(is_wrong_state(&world.cloud.publish(world.application, &Map::new(), world.now)));
}

#[test]
fn performance_optimized_publish_needs_a_region() {
    let mut world = World::drafted();
    let publish = |world: &mut World, body| world.cloud.publish(world.application, &object(body), world.now);
    let invalid = [
        json!({ "optimizationLevel": "PERFORMANCE_OPTIMIZED" }),
        json!({ "optimizationLevel": "BEST" }),
        json!({ "optimizationLevel": 1 }),
        json!({ "preferredRegion": [] }),
        json!({ "startAllVms": "yes" }),
    ];
    for body in invalid {
        assert!(matches!(publish(&mut world, body), Err(CloudError::Invalid { .. })));
    }
    let body = json!({ "optimizationLevel": "PERFORMANCE_OPTIMIZED", "preferredRegion": "eu-west-1" });
    publish(&mut world, body).unwrap();
    assert_eq!(world.shown()["deployment"]["cloudRegion"]["displayName"], "EU West 1");
    assert_eq!(world.shown()["deployment"]["publishOptimization"], "PERFORMANCE_OPTIMIZED");
}

#[test]
fn rule_1_put_changes_the_design_only() {
    let mut world = World::running();
    world.edit(FIRST, BOOT_FLAG, json!(true));
    world.pass(10_000);
    assert_eq!(world.state(FIRST), Started);
    assert_eq!(world.boots(FIRST).len(), 1, "not restarted");
    assert_eq!(world.deployed(FIRST)["hardDrives"][1]["boot"], false);
    assert_eq!(world.designed(FIRST)["hardDrives"][1]["boot"], true);
    assert_eq!(world.shown()["designDiffersFromDeployment"], true);
}

#[test]
fn rule_2_publish_of_hardware_restarts_a_running_vm() {
    let changes = [
        (BOOT_FLAG, json!(true)),
        ("/numCpus", json!(4)),
        ("/memorySize/value", json!(16)),
        ("/bootOrder", json!(["DISK", "CDROM"])),
        ("/hardDrives/-", json!({ "type": "DISK", "index": 2 })),
        ("/networkConnections", json!([{ "ipConfig": { "staticIpConfig": { "ip": "10.0.0.1" } } }])),
        ("/suppliedServices", json!([{ "name": "ssh", "portRange": "22" }])),
    ];
    for (pointer, value) in changes {
        let mut world = World::running();
        world.edit(FIRST, pointer, value);
        world.publish_updates().unwrap();
        assert_eq!(world.states_over(FIRST, 2000), [Updating, Started], "{pointer}");
        let boots = world.boots(FIRST);
        assert_eq!(boots.len(), 2, "{pointer}");
        assert_eq!(boots[0].2, Some(BootEnd::Publish), "{pointer}");
        assert_eq!(boots[1].0, BootCause::PublishRestart, "{pointer}");
        assert_eq!(world.shown()["designDiffersFromDeployment"], false, "{pointer}");
        assert_eq!(world.boots(SECOND), [], "the other VM is not touched by {pointer}");
    }
}

#[test]
fn rule_2_restarted_vm_boots_from_the_device_that_was_published() {
    let mut world = World::running();
    world.edit(FIRST, BOOT_FLAG, json!(true));
    world.publish_updates().unwrap();
    world.pass(1000);
    assert_eq!(world.boots(FIRST)[1], (BootCause::PublishRestart, BootedFrom::Disk, None));
}

#[test]
fn rule_2_stopped_vm_stays_stopped_and_takes_the_change() {
    let mut world = World::running();
    world.edit(SECOND, BOOT_FLAG, json!(true));
    world.publish_updates().unwrap();
    assert_eq!(world.states_over(SECOND, 2000), [Stopped]);
    world.act(SECOND, Action::Start).unwrap();
    world.pass(1000);
    assert_eq!(world.boots(SECOND), [(BootCause::Start, BootedFrom::Disk, None)]);
}

#[test]
fn rule_2_stopped_vm_shows_updating_if_switched_on() {
    let mut world = World::running();
    world.cloud.switches.updating_of_stopped = UpdatingOfStopped::Shown;
    world.edit(SECOND, BOOT_FLAG, json!(true));
    world.publish_updates().unwrap();
    assert_eq!(world.states_over(SECOND, 2000), [Updating, Stopped]);
    assert_eq!(world.boots(SECOND), []);
}

#[test]
fn rule_3_description_alone_does_not_restart() {
    let mut world = World::running();
    for (pointer, value) in [
        ("/description", json!("text [boot: hd]")),
        ("/description", Value::Null),
        ("/stopTimeOut", json!(60)),
        ("/userData", json!("#cloud-config")),
        ("/somethingElse", json!({ "kept": true })),
    ] {
        world.edit(FIRST, pointer, value.clone());
        world.publish_updates().unwrap();
        assert_eq!(world.states_over(FIRST, 2000), [Started], "{pointer}");
        assert_eq!(world.deployed(FIRST).get(&pointer[1..]), Some(&value));
    }
    assert_eq!(world.boots(FIRST).len(), 1);
}

#[test]
fn rule_3_names_restart_only_if_switched_on() {
    for (pointer, value) in [("/name", json!("renamed")), ("/hostnames", json!(["renamed"]))] {
        let mut world = World::running();
        world.edit(FIRST, pointer, value.clone());
        world.publish_updates().unwrap();
        assert_eq!(world.state(FIRST), Started, "{pointer}");

        let mut world = World::running();
        world.cloud.switches.rename = Rename::Restarts;
        world.edit(FIRST, pointer, value);
        world.publish_updates().unwrap();
        assert_eq!(world.state(FIRST), Updating, "{pointer}");
    }
}

#[test]
fn rule_4_publish_takes_the_whole_design_along() {
    let mut world = World::running();
    world.edit(FIRST, "/numCpus", json!(8));
    world.edit(SECOND, "/description", json!("ours"));
    world.publish_updates().unwrap();
    assert_eq!(world.state(FIRST), Updating, "somebody else's change restarts the running VM");
}

#[test]
fn rule_4_drafts_are_created_and_started_unless_asked_not_to() {
    let third = VmId(4_400_000_000_000_023);
    for (drafts, path) in [
        (DraftVms::Start, vec![Publishing, Starting, Started]),
        (DraftVms::LeaveStopped, vec![Publishing, Stopped]),
    ] {
        let mut world = World::running();
        world.cloud.add_vm(world.application, object(vm(third, "third")), world.now).unwrap();
        assert!(world.cloud.machine(world.application, third).is_err(), "a draft is not in the deployment");
        world.cloud.publish_updates(world.application, drafts, world.now).unwrap();
        assert_eq!(world.states_over(third, 3000), path);
        assert_eq!(world.states(), [Started, Stopped], "stopped VMs that are no drafts stay stopped");
    }
}

#[test]
fn rule_4_drafts_are_listed_in_the_deployment_if_switched_on() {
    let mut world = World::running();
    world.cloud.switches.drafts = Drafts::Listed;
    let third = VmId(4_400_000_000_000_023);
    world.cloud.add_vm(world.application, object(vm(third, "third")), world.now).unwrap();
    let deployed = world.shown()["deployment"]["vms"].as_array().unwrap().clone();
    let draft = deployed.iter().find(|vm| vm["name"] == "third").unwrap();
    assert_eq!(draft.get("state"), None);
}

#[test]
fn rule_4_vm_missing_in_the_design_is_removed_by_the_publish() {
    let mut world = World::running();
    world.cloud.remove_vm(world.application, FIRST).unwrap();
    world.pass(10_000);
    assert_eq!(world.state(FIRST), Started, "it runs on until the publish");
    world.publish_updates().unwrap();
    assert_eq!(world.state(FIRST), Terminating);
    assert_eq!(world.boots(FIRST), [(BootCause::Start, BootedFrom::Network, Some(BootEnd::Removed))]);
    world.pass(1000);
    assert!(world.cloud.machine(world.application, FIRST).is_err());
    assert_eq!(world.shown()["deployment"]["vms"].as_array().unwrap().len(), 1);
}

#[test]
fn rule_5_external_ports_are_gone_while_updating() {
    let mut world = World::running();
    world.edit(FIRST, "/suppliedServices", json!([{ "name": "ssh", "portRange": "22", "external": true }]));
    world.publish_updates().unwrap();
    assert_eq!(world.deployed(FIRST)["suppliedServices"][0].get("externalPort"), None);
    world.pass(1000);
    assert!(world.deployed(FIRST)["suppliedServices"][0]["externalPort"].is_string());
}

#[test]
fn rule_6_publish_is_refused_while_a_vm_it_touches_is_transient() {
    let mut world = World::running();
    world.act(SECOND, Action::Start).unwrap();
    world.edit(SECOND, "/description", json!("text"));
    assert_eq!(world.publish_updates(), Ok(()), "a description touches nothing");
    world.edit(FIRST, BOOT_FLAG, json!(true));
    assert_eq!(world.publish_updates(), Ok(()), "another VM is transient");
    assert_eq!(world.states(), [Updating, Starting]);
    world.edit(SECOND, BOOT_FLAG, json!(true));
    assert!(is_wrong_state(&world.publish_updates()));
    world.pass(1000);
    assert_eq!(world.publish_updates(), Ok(()));
    assert_eq!(world.state(SECOND), Updating);
}

#[test]
fn rule_6_refused_publish_publishes_nothing() {
    let mut world = World::running();
    world.edit(FIRST, "/description", json!("text"));
    world.edit(SECOND, BOOT_FLAG, json!(true));
    world.act(SECOND, Action::Start).unwrap();
    assert!(is_wrong_state(&world.publish_updates()));
    assert_eq!(world.deployed(FIRST)["description"], "a VM");
}

#[test]
fn rule_6_publish_while_transient_follows_the_switch() {
    let mut world = World::running();
    world.act(SECOND, Action::Start).unwrap();
    world.cloud.switches.publish_while_transient = PublishWhileTransient::RefusedAlways;
    assert!(is_wrong_state(&world.publish_updates()), "although there is nothing to publish");
    world.cloud.switches.publish_while_transient = PublishWhileTransient::Accepted;
    world.edit(SECOND, BOOT_FLAG, json!(true));
    world.publish_updates().unwrap();
    assert_eq!(world.states_over(SECOND, 3000), [Starting, Updating, Started]);
    assert_eq!(world.boots(SECOND).last(), Some(&(BootCause::PublishRestart, BootedFrom::Disk, None)));
}

#[test]
fn rule_7_publish_with_nothing_to_publish_does_nothing() {
    let mut world = World::running();
    let before = world.shown();
    world.publish_updates().unwrap();
    assert_eq!(world.shown(), before);
}

#[test]
fn rule_8_publish_updates_of_what_was_never_published_is_refused() {
    let mut world = World::drafted();
    assert!(is_wrong_state(&world.publish_updates()));
}

#[test]
fn change_that_is_taken_back_before_the_publish_restarts_nothing() {
    let mut world = World::running();
    world.edit(FIRST, BOOT_FLAG, json!(true));
    world.edit(FIRST, BOOT_FLAG, json!(false));
    world.publish_updates().unwrap();
    assert_eq!(world.state(FIRST), Started);
    assert_eq!(world.boots(FIRST).len(), 1);
}

#[test]
fn design_may_repeat_what_the_deployment_added() {
    let mut world = World::running();
    world.edit(FIRST, "/networkConnections", json!([{ "name": "eth0", "ipConfig": {} }]));
    world.publish_updates().unwrap();
    world.pass(1000);
    let boots = world.boots(FIRST).len();
    let mut deployed = world.deployed(FIRST);
    assert!(deployed["networkConnections"][0]["device"]["mac"].is_string());
    deployed.insert("description".to_owned(), json!("from the deployment"));
    world.cloud.replace_vm(world.application, FIRST, deployed, world.now).unwrap();
    assert_eq!(world.designed(FIRST).get("state"), None);
    world.publish_updates().unwrap();
    assert_eq!(world.boots(FIRST).len(), boots, "not restarted");
}

#[test]
fn hardware_that_means_the_same_is_published_without_a_restart() {
    let mut world = World::running();
    let mut document = world.designed(FIRST);
    document.insert("suppliedServices".to_owned(), json!([]));
    document.insert("legacyMode".to_owned(), json!(false));
    document.insert("busTopology".to_owned(), json!({ "empty": {} }));
    document["hardDrives"].as_array_mut().unwrap().reverse();
    world.cloud.replace_vm(world.application, FIRST, document, world.now).unwrap();
    world.publish_updates().unwrap();
    assert_eq!(world.state(FIRST), Started);
    assert_eq!(world.shown()["designDiffersFromDeployment"], false);

    world.edit(FIRST, "/hardDrives/0/boot", json!(true));
    world.publish_updates().unwrap();
    assert_eq!(world.state(FIRST), Updating, "the DISK is the first drive now");
    world.pass(1000);
    world.edit(FIRST, "/hardDrives", json!([]));
    world.publish_updates().unwrap();
    assert_eq!(world.state(FIRST), Updating);
}

#[test]
fn fresh_vm_is_missing_at_first_if_switched_on() {
    let mut world = World::drafted();
    world.cloud.switches.fresh_vms = FreshVms::MissingAtFirst;
    world.cloud.publish(world.application, &Map::new(), world.now).unwrap();
    assert_eq!(world.shown()["deployment"]["vms"], json!([]));
    let missing = world.cloud.vm(world.application, FIRST, Some(Aspect::Deployment));
    assert!(matches!(missing, Err(CloudError::NotFound { .. })));
    world.pass(1000);
    assert_eq!(world.states(), [Starting, Starting]);
    assert_eq!(world.shown()["deployment"]["vms"].as_array().unwrap().len(), 2);
}
