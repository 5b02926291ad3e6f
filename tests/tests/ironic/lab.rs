//! A simulated cloud, the BMCs of its nodes, and an Ironic that manages them.

use std::path::Path;
use std::process::{Command, Output};
use std::thread;

use ravbmc_tests::cloud::Cloud;
use ravbmc_tests::ravbmc::{self, Process};

use crate::conductor::{Ironic, Timing};
use crate::installation::Installation;
use crate::node::Node;

/// All of it; everything ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Lab {
    /// Ends before the cloud, so that its log ends with the test.
    pub(crate) ironic: Ironic,
    pub(crate) cloud: Cloud,
    names: Vec<String>,
    _demo: Process,
}

impl Lab {
    /// With that many nodes, enrolled. `None` if there is no Ironic here.
    pub(crate) fn start(nodes: usize, speed: &str, timing: Timing, more: &str) -> Option<Self> {
        let installation = Installation::ready()?;
        let demo = Process::demo(nodes, &["--speed", speed]);
        let ironic = Ironic::start(installation, timing, more);
        let configuration = demo.announced["configuration"].as_str().unwrap();
        enrol(&ironic, Path::new(configuration), nodes);
        let mut names: Vec<String> = demo.bmcs().into_iter().map(|bmc| bmc.name).collect();
        names.sort();
        Some(Self { ironic, cloud: Cloud::of(&demo), names, _demo: demo })
    }

    /// A node; the first one is 1.
    pub(crate) fn node(&self, number: usize) -> Node<'_> {
        Node { ironic: &self.ironic, cloud: &self.cloud, name: &self.names[number - 1] }
    }

    /// All nodes.
    pub(crate) fn nodes(&self) -> Vec<Node<'_>> {
        (1..=self.names.len()).map(|number| self.node(number)).collect()
    }
}

/// Does something with all nodes at once.
pub(crate) fn at_once<'lab, T: Send>(
    nodes: &[Node<'lab>],
    act: impl Fn(usize, Node<'lab>) -> T + Sync,
) -> Vec<T> {
    let act = &act;
    thread::scope(|scope| {
        let threads: Vec<_> =
            nodes.iter().enumerate().map(|(index, &node)| scope.spawn(move || act(index, node))).collect();
        threads.into_iter().map(|thread| thread.join().expect("it worked for this node")).collect()
    })
}

/// Creates the nodes that a daemon with this configuration serves: with `ravbmc export` and `baremetal create`.
pub(crate) fn enrol(ironic: &Ironic, configuration: &Path, nodes: usize) {
    let file = ironic.folder().join("nodes.yaml");
    let configuration = configuration.to_str().unwrap();
    let export = ["export", "ironic", "--config", configuration, "--output", file.to_str().unwrap()];
    for mut command in [ravbmc_command(&export), ironic.baremetal(&["create", file.to_str().unwrap()])] {
        let Output { status, stdout, stderr } = command.output().unwrap();
        let said = [stdout, stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat();
        assert!(status.success(), "{command:?}: {said}");
    }
    assert_eq!(ironic.get("/v1/nodes")["nodes"].as_array().unwrap().len(), nodes);
}

fn ravbmc_command(arguments: &[&str]) -> Command {
    let mut command = ravbmc::command();
    command.args(arguments);
    command
}
