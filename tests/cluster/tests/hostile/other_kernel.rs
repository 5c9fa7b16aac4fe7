// SPDX-License-Identifier: GPL-2.0
//! A node that is no enemy, only different: another kernel build, another protocol.

use std::{
    net::TcpListener,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use anyhow::Result;
use mosix_cluster::mosix::{self, wait_for};
use mosix_core::peer::{kind, Frame, Player};

use crate::attacker::{on_scene, Scene};

/// A lease of the default length.
const LEASE_NS: u64 = 2_000_000_000;

#[test]
fn a_node_with_another_kernel_or_protocol_is_shown_as_incompatible() {
    on_scene("header", |scene| {
        let listener = scene.c.tcp_listen(mosix::PORT)?;
        let other_kernel = scene.insider();
        shown(scene, &listener, &other_kernel, "another kernel build: files only")?;
        let other_protocol = Player {
            protocol: 7,
            incarnation: 2,
            ..scene.insider()
        };
        shown(scene, &listener, &other_protocol, "speaks protocol 7, this node 1: files only")
    });
}

/// Lets the victim find node 3, played as `player`; it has to show it as incompatible for that reason.
fn shown(scene: &Scene<'_>, listener: &TcpListener, player: &Player, why: &str) -> Result<()> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let _ = serve(scene, listener, player, &done);
            }
        });
        let wanted = format!("node 3 is incompatible: {why}");
        let found = wait_for(&scene.victim(), &wanted, |status| {
            let peer = status.peer(3);
            let reason = peer.reason.as_deref().unwrap_or_default();
            peer.state == "incompatible" && reason.contains(why)
        });
        done.store(true, Ordering::Relaxed);
        found.map(drop)
    })
}

/// Answers the victim's heartbeats as long as the connection lasts.
fn serve(
    scene: &Scene<'_>,
    listener: &TcpListener,
    player: &Player,
    done: &AtomicBool,
) -> Result<()> {
    let mut link = player.answer(scene.accept(listener)?)?;
    while !done.load(Ordering::Relaxed) {
        let frame = link.receive()?;
        if frame.kind == kind::PING {
            link.send(&Frame::pong(frame.id, LEASE_NS))?;
        }
    }
    Ok(())
}
