// SPDX-License-Identifier: GPL-2.0
//! A node that is no enemy, only different: another kernel build, another protocol.

use anyhow::Result;
use mosix_cluster::mosix::wait_for;
use mosix_core::peer::Player;

use crate::attacker::{on_scene, Scene};

#[test]
fn a_node_with_another_kernel_or_protocol_is_shown_as_incompatible() {
    on_scene("header", |scene| {
        let other_kernel = scene.insider();
        shown(scene, &other_kernel, "another kernel build: files only")?;
        let other_protocol = Player {
            protocol: 7,
            incarnation: 2,
            ..scene.insider()
        };
        shown(
            scene,
            &other_protocol,
            "speaks protocol 7, this node 1: files only",
        )
    });
}

/// Lets the victim find node 3, played as `player`; it has to show it as incompatible for that reason.
fn shown(scene: &Scene<'_>, player: &Player, why: &str) -> Result<()> {
    scene.while_answering(player, || {
        let wanted = format!("node 3 is incompatible: {why}");
        let found = wait_for(&scene.victim(), &wanted, |status| {
            let peer = status.peer(3);
            let reason = peer.reason.as_deref().unwrap_or_default();
            peer.state == "incompatible" && reason.contains(why)
        });
        found.map(drop)
    })
}
