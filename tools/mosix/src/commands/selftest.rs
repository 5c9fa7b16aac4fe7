// SPDX-License-Identifier: GPL-2.0
//! `mosix selftest`: does the system call hook see every call of a marked thread, count it once,
//! leave it as it was, and see none of an unmarked one? And what does it cost?

use crate::{
    cli::{self, Cli},
    device::Device,
    failure::{Exit, Failure, Result},
    output::{print, print_json},
};
use mosix_core::control::abi::{HookCounters, HookOp};
use nix::libc;
use serde::Serialize;
use std::{hint::black_box, os::unix::process::parent_id, time::Instant};

/// The system call that is made: it does next to nothing, so what is measured is the way there.
const WATCHED: u32 = libc::SYS_getppid as u32;

/// Measurements of each kind, alternating; the fastest one counts, being the least disturbed.
const ROUNDS: usize = 5;

/// What `--json` prints; times are nanoseconds per system call.
#[derive(Serialize)]
struct Report {
    calls: u32,
    rounds: usize,
    native_ns: f64,
    hooked_ns: f64,
    /// Those that the hook counted in the round that is checked.
    counted: u64,
}

/// Tries the hook on this thread.
pub fn run(cli: &Cli, arguments: &cli::Selftest) -> Result {
    let calls = arguments.calls;
    let device = Device::open(&cli.device)?;
    let counted = check(&device, calls)?;
    let mut native_ns = f64::INFINITY;
    let mut hooked_ns = f64::INFINITY;
    for _ in 0..ROUNDS {
        native_ns = native_ns.min(measure(calls));
        device.hook_try(HookOp::Start, WATCHED)?;
        let hooked = measure(calls);
        device.hook_try(HookOp::Stop, 0)?;
        hooked_ns = hooked_ns.min(hooked);
    }
    let report = Report {
        calls,
        rounds: ROUNDS,
        native_ns,
        hooked_ns,
        counted,
    };
    if cli.json {
        return print_json(&report, false);
    }
    print(&format!(
        "system call hook: {calls} calls, every one counted, none changed\n\
         getppid native  {native_ns:8.1} ns per call\n\
         getppid hooked  {hooked_ns:8.1} ns per call ({:+.1})\n\
         (measured on this machine, the fastest of {ROUNDS} rounds)\n",
        hooked_ns - native_ns,
    ))
}

/// Checks the counters to the call. Nothing else may make a system call in here.
fn check(device: &Device, calls: u32) -> Result<u64> {
    let expected = u64::from(calls);
    let native = call(calls);

    let started = device.hook_try(HookOp::Start, WATCHED)?;
    let hooked = call(calls);
    let read = device.hook_try(HookOp::Read, 0)?;
    let stopped = device.hook_try(HookOp::Stop, 0)?;
    // Between a stop and a start nothing is counted.
    let unmarked = call(calls);
    let again = device.hook_try(HookOp::Start, WATCHED)?;
    let last = device.hook_try(HookOp::Stop, 0)?;

    // Each reading is itself a system call that the hook has seen.
    for (when, counters, total, watched) in [
        ("after the start", started, 0, 0),
        ("after the calls", read, expected + 1, expected),
        ("after the stop", stopped, expected + 2, expected),
        ("after another start", again, 0, 0),
        ("after another stop", last, 1, 0),
    ] {
        expect(when, counters, total, watched)?;
    }
    if native != hooked || native != unmarked {
        return Err(Failure::new(
            Exit::Failure,
            format!("getppid gave {hooked} in all through the hook, {native} without it"),
        ));
    }
    Ok(read.watched.get())
}

/// Compares counters with what they must be.
fn expect(when: &str, counters: HookCounters, total: u64, watched: u64) -> Result {
    let found = (counters.total.get(), counters.watched.get());
    if found == (total, watched) {
        return Ok(());
    }
    Err(Failure::new(
        Exit::Failure,
        format!(
            "{when} the hook must have counted {total} system calls, {watched} of them getppid; \
             it counted {} and {}",
            found.0, found.1
        ),
    )
    .cure("do not use this module on this kernel; report the two versions of \"mosix version\""))
}

/// Makes the calls and adds up what they return.
fn call(calls: u32) -> u64 {
    (0..calls).map(|_| u64::from(black_box(parent_id()))).sum()
}

/// Nanoseconds per call.
fn measure(calls: u32) -> f64 {
    let start = Instant::now();
    black_box(call(calls));
    start.elapsed().as_nanos() as f64 / f64::from(calls)
}
