//! Ravello, as small as it can be and still bite (`ravello-api.md §7.4`, `§8`): transient states that last
//! as long as they like, actions refused outside the right state, a publish that restarts every running VM
//! whose hardware differs, and looks that still show what was.

use std::sync::LazyLock;

use machine::{BootDevice, IntentTag, NodeId, NodeObservation, Observation, Phase, Step};

use crate::clock::TICK;

/// Our nodes, and last the one of somebody else.
static IDS: LazyLock<[NodeId; 3]> = LazyLock::new(|| [NodeId::new("0"), NodeId::new("1"), NodeId::new("2")]);

pub fn id(index: usize) -> NodeId {
    IDS[index].clone()
}

pub fn index(node: &NodeId) -> usize {
    IDS.iter().position(|id| id == node).unwrap()
}

/// The VMs that we care for, and behind them one that somebody else edits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cloud {
    pub vms: Vec<Vm>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Vm {
    pub phase: Phase,
    /// How a transient phase ends.
    end: Phase,
    pub design: Aspect,
    pub deployed: Aspect,
    /// What looks show until time passes, if that is not what is.
    pub shows: Option<Shown>,
    /// It is going off because its guest was asked to.
    pub asked: bool,
    /// What it last booted from.
    pub booted: Option<BootDevice>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Aspect {
    pub boot: BootDevice,
    pub tag: Option<IntentTag>,
    /// Stands for any other hardware setting: whether somebody changed it.
    pub edited: bool,
}

/// What a look shows of one VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Shown {
    pub phase: Phase,
    pub design: Aspect,
    pub deployed: Aspect,
}

/// Something that a request did to a VM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    PoweredOff(usize),
    AskedToShutDown(usize),
    Started(usize),
    /// A publish restarted it.
    Restarted(usize),
    /// The deployment got another boot device.
    Deployed(usize),
    /// The design was written.
    Written(usize),
}

impl Vm {
    pub fn new(phase: Phase, boot: BootDevice) -> Self {
        let aspect = Aspect { boot, tag: None, edited: false };
        let booted = (phase == Phase::On).then_some(boot);
        Self { phase, end: phase, design: aspect, deployed: aspect, shows: None, asked: false, booted }
    }

    pub const fn seen(&self) -> Shown {
        match self.shows {
            Some(shown) => shown,
            None => self.is(),
        }
    }

    pub const fn is(&self) -> Shown {
        Shown { phase: self.phase, design: self.design, deployed: self.deployed }
    }

    pub fn is_transient(&self) -> bool {
        self.phase != self.end
    }

    /// On, or on its way there.
    pub fn runs(&self) -> bool {
        self.end == Phase::On && self.phase != Phase::PoweringOff
    }

    /// At rest and off, also while it is changed there.
    pub fn is_off(&self) -> bool {
        self.end == Phase::Off && self.phase != Phase::PoweringOff
    }

    fn is_touched(&self) -> bool {
        self.deployed.boot != self.design.boot || self.deployed.edited != self.design.edited
    }

    fn go(&mut self, through: Phase, end: Phase) {
        self.phase = through;
        self.end = end;
    }
}

impl Cloud {
    pub fn look(&self) -> Vec<Shown> {
        self.vms.iter().map(Vm::seen).collect()
    }

    /// The transient phase of a VM ends.
    pub fn finish(&mut self, vm: usize) {
        let vm = &mut self.vms[vm];
        vm.phase = vm.end;
        vm.asked = false;
    }

    /// A guest that was asked to shut down does not.
    pub fn stay_on(&mut self, vm: usize) {
        let vm = &mut self.vms[vm];
        vm.go(Phase::On, Phase::On);
        vm.asked = false;
        vm.booted = Some(vm.deployed.boot);
    }

    /// Carries out a step, all of it or nothing; `None` means that the platform refuses it in this state.
    pub fn take(&mut self, step: &Step) -> Option<Vec<Effect>> {
        match step {
            Step::UpdateDesign(changes) => {
                for (node, change) in changes {
                    let vm = &mut self.vms[index(node)];
                    vm.design.boot = change.boot.unwrap_or(vm.design.boot);
                    vm.design.tag = change.tag.unwrap_or(vm.design.tag);
                }
                Some(changes.keys().map(|node| Effect::Written(index(node))).collect())
            }
            Step::Publish => self.publish(),
            Step::Start(nodes) => self.act(nodes, Phase::Off, Phase::PoweringOn, Phase::On, Effect::Started),
            Step::PowerOff(nodes) => {
                self.act(nodes, Phase::On, Phase::PoweringOff, Phase::Off, Effect::PoweredOff)
            }
            Step::Shutdown(nodes) => {
                self.act(nodes, Phase::On, Phase::PoweringOff, Phase::Off, Effect::AskedToShutDown)
            }
            Step::ExtendExpiration(_) => Some(Vec::new()),
        }
    }

    pub fn publish(&mut self) -> Option<Vec<Effect>> {
        if self.vms.iter().any(|vm| vm.is_touched() && vm.is_transient()) {
            return None;
        }
        let mut effects = Vec::new();
        for (index, vm) in self.vms.iter_mut().enumerate() {
            let touched = vm.is_touched();
            if vm.deployed.boot != vm.design.boot {
                effects.push(Effect::Deployed(index));
            }
            vm.deployed = vm.design;
            if touched {
                vm.go(Phase::Updating, vm.phase);
                if vm.end == Phase::On {
                    vm.booted = Some(vm.deployed.boot);
                    effects.push(Effect::Restarted(index));
                }
            }
        }
        Some(effects)
    }

    fn act(
        &mut self,
        nodes: &[NodeId],
        from: Phase,
        through: Phase,
        to: Phase,
        effect: fn(usize) -> Effect,
    ) -> Option<Vec<Effect>> {
        if nodes.iter().any(|node| self.vms[index(node)].phase != from) {
            return None;
        }
        for node in nodes {
            let vm = &mut self.vms[index(node)];
            vm.go(through, to);
            vm.asked = effect(0) == Effect::AskedToShutDown(0);
            vm.booted = (to == Phase::On).then_some(vm.deployed.boot);
        }
        Some(nodes.iter().map(|node| effect(index(node))).collect())
    }
}

/// A look in the form in which a backend gives it.
pub fn observation(look: &[Shown]) -> Observation {
    let nodes = look.iter().enumerate().map(|(index, shown)| {
        let edited = shown.design.edited != shown.deployed.edited;
        let look = NodeObservation {
            name: String::new(),
            phase: shown.phase,
            state: String::new(),
            design_boot: shown.design.boot,
            deployed_boot: Some(shown.deployed.boot),
            tag: shown.design.tag.or(shown.deployed.tag),
            unpublished: if edited { vec!["cpus".to_owned()] } else { Vec::new() },
            stop_timeout: TICK,
        };
        (id(index), look)
    });
    Observation { published: true, expires_at: None, nodes: nodes.collect() }
}
