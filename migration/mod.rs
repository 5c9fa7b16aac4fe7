// SPDX-License-Identifier: GPL-2.0

//! Processes that move.
//!
//! A moved process is two tasks: its *deputy*, which stays where it was started and is parked in the
//! system call hook, and its *body*, which runs the program. [`process`] is what the two share,
//! [`snapshot`] what goes from one to the other.
//!
//! # Locks
//!
//! `Migration::known`, then `Process::state`. Neither is held over anything that waits; of the errands
//! and handlers, none takes the first.

mod body;
mod deputy;
mod forward;
#[allow(
    dead_code,
    reason = "calls that are too large for one piece are made at home yet"
)]
mod marshal;
mod process;
mod reason;
mod route;
mod snapshot;
#[allow(
    dead_code,
    reason = "the parts that a body on another node needs are not used yet"
)]
mod table;

use kernel::{
    fmt,
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        Mutex, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

use crate::linux::{
    process::ProcessId,
    task::{
        calls::Calls,
        find,
        work::Prepared, //
    }, //
};

use crate::{
    cluster::Refusal,
    control::{
        abi::{
            process as abi,
            text::Text, //
        },
        Mover, //
    }, //
};

use self::{
    process::{
        Cause,
        Place,
        Process, //
    },
    reason::Why, //
};

/// How often a process is asked that cannot go at the moment, and how long it is left alone between.
const TRIES: u32 = 200;
const PAUSE_MS: i64 = 5;

/// All processes that have moved, on this node.
#[pin_data]
pub(crate) struct Migration {
    calls: Arc<Calls>,
    #[pin]
    known: Mutex<KVec<Arc<Process>>>,
}

impl Migration {
    /// May sleep.
    ///
    /// # Errors
    ///
    /// `ENOMEM`; what the kernel lacks, which is in the log then.
    pub(crate) fn new() -> Result<Arc<Self>> {
        let calls = Arc::pin_init(Calls::find(), GFP_KERNEL)?;
        Arc::pin_init(
            pin_init!(Self {
                calls,
                known <- new_mutex!(KVec::new(), "mosix::Migration::known"),
            }),
            GFP_KERNEL,
        )
    }

    /// Splits the process `pid`: it runs on as a body here, and is a deputy at its place. Waits until
    /// that is done; a signal ends the wait.
    ///
    /// # Errors
    ///
    /// See [`Why`].
    fn split(&self, pid: i32) -> Result<(), Why> {
        let process = self.of(pid, true)?;
        for _ in 0..TRIES {
            let ticket = process.ask()?;
            let errand = Arc::new(deputy::Depart::new(process.clone(), ticket), GFP_KERNEL)?;
            let sent = Prepared::new(errand).and_then(|prepared| prepared.send(process.task()));
            if let Err(error) = sent {
                process.cancel(ticket);
                return Err(if error == ESRCH {
                    Why::Gone
                } else {
                    error.into()
                });
            }
            match process.outcome(ticket) {
                Err(why) if why.is_passing() => fsleep(Delta::from_millis(PAUSE_MS)),
                outcome => return outcome,
            }
        }
        Err(Why::Busy)
    }

    /// Joins the process `pid` with its body again, and waits until that is done; a signal ends the
    /// wait.
    ///
    /// # Errors
    ///
    /// See [`Why`].
    fn join(&self, pid: i32) -> Result<(), Why> {
        self.of(pid, false)?.come_home()
    }

    fn of(&self, pid: i32, make: bool) -> Result<Arc<Process>, Why> {
        let task = find::by_pid(pid).ok_or(Why::Gone)?;
        find::require_control(&task).map_err(|_| Why::NotPermitted)?;
        let id = find::id(&task);
        if id == ProcessId::current() {
            return Err(Why::Oneself);
        }
        let mut known = self.known.lock();
        if let Some(process) = known.iter().find(|process| process.id() == id) {
            return Ok(process.clone());
        }
        if !make {
            return Err(Why::AtHome);
        }
        forget_ended(&mut known);
        let process = Process::new(task, self.calls.clone())?;
        known.push(process.clone(), GFP_KERNEL)?;
        Ok(process)
    }
}

impl Mover for Migration {
    fn migrate(&self, pid: i32, target: abi::Target) -> Result<(), Refusal> {
        match target {
            abi::Target::Here => self.split(pid),
            abi::Target::Home => self.join(pid),
        }
        .map_err(|why| Refusal::new(why.error(), &fmt::Adapter(&why)))
    }

    fn processes(&self) -> Result<KVec<abi::Report>> {
        let mut known = self.known.lock();
        forget_ended(&mut known);
        let mut reports = KVec::with_capacity(known.len(), GFP_KERNEL)?;
        for process in known.iter() {
            reports.push(report(process), GFP_KERNEL)?;
        }
        Ok(reports)
    }
}

fn report(process: &Process) -> abi::Report {
    let (place, moves, cause) = process.history();
    let (cause, number) = match cause {
        Cause::None => (abi::Cause::None, 0),
        Cause::Asked => (abi::Cause::Asked, 0),
        Cause::Signal => (abi::Cause::Signal, 0),
        Cause::Call(number) => (abi::Cause::Call, number),
        Cause::Fault(number) => (abi::Cause::Fault, number),
    };
    let place = match place {
        Place::Home | Place::Asked | Place::Ended => abi::Place::Home,
        Place::Leaving => abi::Place::Leaving,
        Place::Away => abi::Place::Away,
        Place::Coming => abi::Place::Coming,
    };
    let name = find::name(process.task());
    let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
    abi::Report {
        pid: (process.id().tgid as u32).into(),
        place: (place as u32).into(),
        moves: moves.into(),
        cause: (cause as u32).into(),
        number: (number as u32).into(),
        name: Text::cut(core::str::from_utf8(name).unwrap_or("?")),
    }
}

fn forget_ended(known: &mut KVec<Arc<Process>>) {
    known.retain(|process| !find::is_exiting(process.task()) || process.is_split());
}
