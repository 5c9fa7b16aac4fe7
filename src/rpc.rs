// SPDX-License-Identifier: GPL-2.0

//! Links: authenticated request and reply between nodes.
//!
//! Every node dials every other; the dialer of a connection is its client. A *session* carries one
//! client's requests to one server and outlives connections. The pure part (frames, handshake, tables)
//! knows no sockets and no memory and is tested on the host; `conn`, `receive`, `greet`, `client` and
//! `session` put it over sockets. See docs/protocol.md.

// Pure.
pub(crate) mod frame_error;
pub(crate) mod handshake;
pub(crate) mod initiator;
pub(crate) mod integrity;
pub(crate) mod keys;
pub(crate) mod kind;
pub(crate) mod message;
#[allow(dead_code, reason = "the host tests look inside")]
pub(crate) mod replies;
#[allow(dead_code, reason = "the host tests look inside")]
pub(crate) mod requests;
pub(crate) mod responder;
pub(crate) mod transcript;
#[allow(dead_code, reason = "the host tests make frames of their own")]
pub(crate) mod wire;

pub(crate) mod call;
pub(crate) mod client;
pub(crate) mod conn;
pub(crate) mod fifo;
pub(crate) mod frame;
pub(crate) mod gate;
pub(crate) mod greet;
pub(crate) mod inbox;
pub(crate) mod link_error;
pub(crate) mod receive;
pub(crate) mod service;
pub(crate) mod session;
pub(crate) mod workers;
