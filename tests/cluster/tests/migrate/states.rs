// SPDX-License-Identifier: GPL-2.0
//! Each state of a process outlives its moves. The processes are functions of guest/states.py.

use anyhow::ensure;

use crate::world::on_node;

/// Moves that a state must have seen at the least.
const LEAST: u32 = 2;

macro_rules! states {
    ($($name:ident)*) => {$(
        #[test]
        fn $name() {
            on_node(|w| {
                let moved = w.state(stringify!($name))?;
                ensure!(moved.moves >= LEAST, "hardly moved: {moved:?}");
                Ok(())
            });
        }
    )*};
}

states! {
    altstack
    children
    clocks
    epolls
    files
    floats
    handlers
    heap
    identity
    masks
    memory
    nanosleeps
    pipes
    polls
    raw_polls
    sigwaits
    sleeps
    stack
    tcp
}
