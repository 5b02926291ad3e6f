//! `ravbmc node`: lists, shows and creates nodes.

mod create;
mod view;

use anyhow::{Result, bail};

use self::view::NodeView;
use super::pending;
use crate::arguments::node::{NodeCommand, NodeListArguments, NodeShowArguments};
use crate::fleet::Fleet;
use crate::output;

/// Does what was asked for.
pub(crate) async fn run(command: NodeCommand) -> Result<()> {
    match command {
        NodeCommand::List(arguments) => list(arguments).await,
        NodeCommand::Show(arguments) => show(arguments).await,
        NodeCommand::Create(arguments) => create::run(arguments).await,
    }
}

async fn list(arguments: NodeListArguments) -> Result<()> {
    let views = views(&Fleet::look(&arguments.configured).await?).await?;
    if arguments.json { output::print_json(&views) } else { output::print(&view::table(&views)) }
}

async fn show(arguments: NodeShowArguments) -> Result<()> {
    let fleet = Fleet::look(&arguments.configured).await?;
    let is_it = |view: &NodeView| view.name == arguments.node || view.node.as_str() == arguments.node;
    let mut found = views(&fleet).await?.into_iter().filter(is_it);
    match (found.next(), found.next()) {
        (Some(view), None) if arguments.json => output::print_json(&view),
        (Some(view), None) => output::print(&view.text()),
        (None, _) => bail!("there is no node {:?}; `ravbmc node list` shows them all", arguments.node),
        (Some(one), Some(other)) => {
            bail!("{:?} is the name of two nodes: {} and {}; use the id", one.name, one.node, other.node)
        }
    }
}

/// Every node, with what its daemon says is pending.
async fn views(fleet: &Fleet) -> Result<Vec<NodeView>> {
    let pending = pending::look(&fleet.state_dir).await?;
    let mut views = Vec::new();
    for application in &fleet.applications {
        let seen = application.observation();
        for node in &application.nodes {
            let waits =
                pending.iter().flat_map(|pending| &pending.nodes).find(|waits| waits.node == node.node);
            let name = &application.configuration.name;
            views.push(NodeView::new(name, node, seen.nodes.get(&node.node), fleet.bmc(node), waits));
        }
    }
    Ok(views)
}
