//! The deterministic list of cases.

use machine::Denied;
use ravello_sim::{BootCause, BootEnd, VmState};
use reconciler::NodeStatus;
use reconciler::status::Wait;

use crate::fault::{EDITED, Fault, Kind};
use crate::lab::{BYSTANDER, Lab, Node, Setting, Wrong, is_rest};
use crate::operation::Operation;
use crate::run;

/// A fault, the kind of request it strikes, and the operation that takes such requests.
#[derive(Clone, Copy, Debug)]
struct Case {
    operation: Operation,
    kind: Kind,
    fault: Fault,
}

#[test]
fn every_fault_on_every_request_of_every_operation_ends_well_or_is_reported() {
    let mut cases = Vec::new();
    for operation in Operation::ALL {
        for kind in Kind::ALL {
            for fault in Fault::ALL {
                if operation.takes(kind) && fault.concerns(kind) {
                    cases.push(Case { operation, kind, fault });
                }
            }
        }
    }
    run("fault matrix", cases, Case::run);
}

impl Case {
    async fn run(self) -> Result<(), String> {
        let nodes = if self.kind.is_batch() { 2 } else { 1 };
        let lab = Lab::new(Setting {
            cookie: self.fault == Fault::SessionsExpired,
            expires: self.kind == Kind::SetExpiration,
            ..Setting::nodes(&vec![self.operation.begins_running(); nodes])
        })
        .await;
        match self.play(&lab).await {
            Ok(()) => Ok(()),
            Err(wrong) => Err(format!("{self:?}: {wrong}\n{}", lab.explain().await)),
        }
    }

    async fn play(self, lab: &Lab) -> Result<(), Wrong> {
        let (operation, fault) = (self.operation, self.fault);
        let arm = || lab.fault(fault.rule(self.kind, lab.bystander));
        match self.kind {
            // The application is looked up by name once, at the beginning.
            Kind::Filter => {
                arm();
                lab.start().await;
                operation.ask(lab, &lab.nodes).await?;
            }
            // What is asked for before the reconciler begins goes out together.
            Kind::BatchStart | Kind::BatchPowerOff | Kind::BatchShutdown => {
                lab.prepare().await;
                arm();
                operation.ask(lab, &lab.nodes).await?;
                lab.go().await;
            }
            _ => {
                lab.start().await;
                lab.look().await;
                arm();
                operation.ask(lab, &lab.nodes).await?;
            }
        }
        if fault.lasts() {
            self.wait_until_told(lab).await?;
            self.take_back(lab);
        }
        for node in &lab.nodes {
            self.see_through(lab, node).await?;
        }
        if operation == Operation::Status {
            lab.until("the status is right", async || {
                lab.chassis(&lab.nodes[0]).await.is_ok_and(|status| status.power_on)
            })
            .await?;
        }
        lab.at_peace(&vec![false; lab.nodes.len()]).await?;
        if lab.hits() == 0 && !fault.lasts() {
            return Err("the fault never struck".to_owned());
        }
        if matches!(fault, Fault::TextEdited(_)) && lab.description("design", lab.bystander) != EDITED {
            return Err("the second writer's text is lost".to_owned());
        }
        Ok(())
    }

    /// Waits until the fault shows where an operator or a client looks.
    async fn wait_until_told(self, lab: &Lab) -> Result<(), Wrong> {
        lab.until("the fault is reported", async || {
            if lab.hits() == 0 {
                return false;
            }
            if self.operation == Operation::Status {
                return matches!(lab.chassis(&lab.nodes[0]).await, Err(Denied::CloudUnreachable { .. }));
            }
            // An extension that fails holds nobody up, and after a batch that is refused each VM gets its own request.
            let overcome = self.kind.is_batch() && lab.nodes.iter().all(|node| is_rest(lab.state(node)));
            let by_the_way = self.kind == Kind::SetExpiration;
            // What is not allowed is given up, and that is a failure of the node's; everything else is waited for.
            let is_final = self.fault == Fault::RefusedForGood(403);
            let of_a_node = !matches!(self.kind, Kind::Get | Kind::Filter);
            let told_by_status = lab.trouble().await.is_some() && !(is_final && of_a_node);
            let statuses = lab.statuses().await;
            let mut statuses = lab.nodes.iter().filter_map(|node| statuses.get(&node.id));
            let done = statuses.clone().all(|status| status.power.is_none()) && overcome;
            by_the_way || told_by_status || done || statuses.any(|status| self.is_told_by(status))
        })
        .await
    }

    fn is_told_by(self, status: &NodeStatus) -> bool {
        let waits_as_it_should = match (self.fault, &status.waiting) {
            (Fault::HardwareEdited(_), Some(Wait::PublishHeldBack { others })) => {
                others.iter().any(|other| other.name == BYSTANDER)
            }
            (Fault::Stuck, Some(Wait::Transient { .. } | Wait::GuestShutdown { .. })) => true,
            (Fault::RefusedForGood(status), Some(Wait::Refused { .. })) => status != 403,
            _ => false,
        };
        waits_as_it_should || status.failure.is_some()
    }

    fn take_back(self, lab: &Lab) {
        match self.fault {
            Fault::Stuck => {
                for node in &lab.nodes {
                    lab.simulator.release(node.vm).unwrap();
                }
            }
            Fault::HardwareEdited(_) => {
                let back = [("/numCpus".to_owned(), serde_json::json!(4))];
                lab.simulator.edit_design(lab.bystander, back).unwrap();
            }
            _ => lab.simulator.clear_faults(),
        }
    }

    /// Waits for the end, asks again if a failure is reported, and compares the boot log.
    async fn see_through(self, lab: &Lab, node: &Node) -> Result<(), Wrong> {
        let operation = self.operation;
        let failure = lab.settled(node).await?;
        let may_fail = matches!(self.fault, Fault::RefusedForGood(403) | Fault::Failed);
        if let Some(failure) = &failure
            && !may_fail
        {
            return Err(format!("the request failed: {failure}"));
        }
        if self.fault == Fault::Failed {
            if failure.is_none() {
                return Err("a VM failed and nobody said so".to_owned());
            }
            return self.repair(lab, node).await;
        }
        if failure.is_some() {
            operation.ask_again(lab, node).await?;
            lab.until("the second request is carried out", async || {
                lab.status_of(node).await.power.is_none() && is_rest(lab.state(node))
            })
            .await?;
            if let Some(failure) = lab.status_of(node).await.failure {
                return Err(format!("the second request failed, too: {failure:?}"));
            }
        }
        lab.expect_boots(node, &operation.boots())
    }

    /// After a VM has failed: an operator repairs it, the failure is told, then it is powered on.
    async fn repair(self, lab: &Lab, node: &Node) -> Result<(), Wrong> {
        let status = lab.chassis(node).await.map_err(|denied| denied.to_string())?;
        if status.power_on || status.control_fault.is_none() {
            return Err(format!("the status hides the failure: {status:?}"));
        }
        lab.simulator.force_state(node.vm, VmState::Stopped).unwrap();
        lab.look().await;
        Operation::On.ask_again(lab, node).await?;
        lab.until("the repaired VM runs", async || {
            lab.status_of(node).await.power.is_none() && lab.state(node) == VmState::Started
        })
        .await?;
        let mut boots = self.operation.boots();
        if self.operation.ends_running() {
            // The start never came to a boot; or, after the power off, it was never sent.
            boots.pop();
        } else if self.operation == Operation::Soft
            && let Some(last) = boots.last_mut()
        {
            // The guest was still going down.
            last.2 = Some(BootEnd::Failed);
        }
        boots.push((BootCause::Start, self.operation.device(), None));
        lab.expect_boots(node, &boots)
    }
}
