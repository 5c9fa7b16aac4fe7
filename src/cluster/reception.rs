// SPDX-License-Identifier: GPL-2.0

//! The receiving thread of a connection that came in: authenticates the client, then takes in its
//! requests.

use core::{
    fmt,
    net::SocketAddr, //
};

use kernel::{
    prelude::*,
    sync::Arc, //
};

use super::{
    door::{
        Stage,
        Visit, //
    },
    line,
    peer::Peer,
    roster::Roster,
    throttle::Log, //
};
use crate::{
    linux::{
        clock,
        net::{
            Socket,
            Wait, //
        }, //
    },
    rpc::{
        greet::{
            self,
            Decision,
            PATIENCE_MS, //
        },
        handshake::{
            HandshakeError,
            Refusal, //
        },
        link_error::LinkError,
        responder::Responder,
        session::Session, //
    }, //
};

/// Says to a stranger that there is no room, if that can be said without waiting.
pub(super) fn turn_away(socket: &Socket) {
    // It is closed next whether or not this arrives.
    let _ = socket.send(&[Responder::busy().as_bytes()], Wait::No);
}

/// The life of a connection that came in from `from`.
pub(super) fn receive(roster: &Roster, visit: &Visit, from: SocketAddr) {
    let local = roster.local();
    let socket = &visit.socket;
    socket.set_recv_timeout(PATIENCE_MS);
    socket.set_send_timeout(PATIENCE_MS);
    let mut chosen: Option<(Arc<Peer>, Arc<Session>)> = None;
    let identity = &local.identity;
    let mode_of = |node: Option<u16>| {
        let peer = node.and_then(|node| roster.find(node));
        peer.map_or(local.mode, |peer| peer.mode)
    };
    let outcome = greet::as_server(socket, identity, &local.key, mode_of, |claim| {
        let Some(peer) = roster.find(claim.peer.node) else {
            return Decision::Refuse(Refusal::UnknownNode, 0);
        };
        let (decision, session) = peer.decide(claim, from);
        chosen = session.map(|session| (peer, session));
        decision
    });
    match (outcome, chosen) {
        (Ok(established), Some((peer, session))) => {
            visit.established();
            let error = line::serve(socket.clone(), &peer, &session, established);
            ended(roster, &peer, &error);
        }
        (Ok(_), None) => {}
        (Err(error), _) => failed(roster, visit, &error, from),
    }
}

/// An authenticated connection ended.
fn ended(roster: &Roster, peer: &Peer, error: &LinkError) {
    match error {
        LinkError::Goodbye => peer.said_goodbye(),
        LinkError::Frame(reason) => {
            roster.local().doorway.bad_frames.bump();
            pr_warn!(
                "link from node {} closed: {}\n",
                peer.number,
                format_args!("{reason}")
            );
        }
        _ => {}
    }
}

/// Somebody failed to authenticate.
fn failed(roster: &Roster, visit: &Visit, error: &LinkError, from: SocketAddr) {
    let doorway = &roster.local().doorway;
    let mut why: &dyn fmt::Display = error;
    match error {
        // Part of how two nodes agree on an epoch, and no failure.
        LinkError::Handshake(HandshakeError::Denied(Refusal::NotReady | Refusal::DeclaredDead)) => {
            return;
        }
        _ if visit.is(Stage::TimedOut) => {
            doorway.timed_out.bump();
            why = &"took too long to authenticate";
        }
        // The door has counted it.
        _ if visit.is(Stage::Displaced) => why = &"too many connections that do not authenticate",
        LinkError::Socket(e) if *e == EAGAIN => doorway.timed_out.bump(),
        _ => doorway.auth_failures.bump(),
    }
    let now = clock::boottime_ns();
    let log = roster.throttle().lock().failed(from.ip(), now);
    let Log::Write { left_out } = log else {
        return;
    };
    pr_warn!(
        "{}\n",
        format_args!("connection from {from} refused: {why}")
    );
    if left_out != 0 {
        pr_warn!(
            "{}\n",
            format_args!("{left_out} more refusals of {} were not logged", from.ip())
        );
    }
}
