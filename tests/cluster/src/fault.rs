// SPDX-License-Identifier: GPL-2.0
//! What can be done to a node from outside.

use anyhow::Result;

use crate::{launch, monitor::Monitor, netns, node::Node};

/// A fault, or its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Fault {
    /// The power fails. `start` switches the node on again.
    Kill,
    /// The processor stops, and with it the node's clock.
    Freeze,
    /// A frozen node goes on.
    Thaw,
    /// The network cable is pulled: the node sees its carrier go.
    Cut,
    /// The switch loses all of the node's packets while the carrier stays.
    Silence,
    /// The end of cut and silence.
    Heal,
    /// The power fails and comes back; done when the node is ready.
    Reboot,
}

pub(crate) fn apply(node: &Node, fault: Fault) -> Result<()> {
    let number = node.number();
    match fault {
        Fault::Kill => {
            node.check_on()?;
            launch::kill(node)
        }
        Fault::Freeze => node.monitor()?.freeze(),
        Fault::Thaw => node.monitor()?.thaw(),
        Fault::Cut => node.monitor()?.set_link(false),
        Fault::Silence => {
            node.check_on()?;
            netns::inside(node.keeper_pid()?, || netns::connect_tap(number, false))
        }
        Fault::Heal => {
            let mut monitor: Monitor = node.monitor()?;
            netns::inside(node.keeper_pid()?, || netns::connect_tap(number, true))?;
            monitor.set_link(true)
        }
        Fault::Reboot => {
            launch::kill(node)?;
            node.start()
        }
    }
}
