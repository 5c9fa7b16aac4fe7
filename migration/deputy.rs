// SPDX-License-Identifier: GPL-2.0

//! The deputy: the task of a process at home while its program is elsewhere.
//!
//! It is parked at a system call instruction of its vDSO, which it executes again and again; the hook
//! takes the call, and in it the deputy waits. Whatever the kernel wants of it meanwhile (a freezer, a
//! live patch) it gets by the deputy leaving the call and coming again. All signals are blocked but in
//! the wait itself, as no handler can run on memory that is not there: a signal brings the program home
//! first, and is taken there.

use kernel::{
    prelude::*,
    sync::Arc, //
};

use crate::linux::{
    hook::{
        Call,
        Intercept,
        Mark,
        Verdict, //
    },
    module::ModuleRef,
    nr,
    task::{
        identity::Identity,
        launch,
        signals,
        space,
        times::CpuTime,
        work::{
            self,
            Errand,
            Prepared, //
        }, //
    }, //
};

use super::{
    body::{
        Landing,
        Recall, //
    },
    forward::{
        Reply,
        Then, //
    },
    process::{
        Next,
        Process, //
    },
    reason::{
        self,
        Reason,
        Why, //
    },
    snapshot::{
        self,
        Cpu,
        Memory,
        Snapshot, //
    }, //
};

/// Parks a process, so that it leaves.
pub(super) struct Depart {
    process: Arc<Process>,
    ticket: u64,
}

impl Depart {
    pub(super) fn new(process: Arc<Process>, ticket: u64) -> Self {
        Self { process, ticket }
    }
}

impl Errand for Depart {
    fn run(this: &Arc<Self>) {
        if !this.process.begin(this.ticket) {
            return;
        }
        if let Err(why) = park(&this.process) {
            this.process.stays(why);
        }
    }

    fn missed(this: &Arc<Self>) {
        if this.process.begin(this.ticket) {
            this.process.deputy_ended();
        }
    }
}

/// Takes the current task off its program, which then stands still where it is.
fn park(process: &Arc<Process>) -> Result<(), Why> {
    reason::check()?;
    let place = space::syscall_instruction().ok_or(Reason::NoVdso)?;
    let module = ModuleRef::get()?;
    let handler = Arc::new(Deputy(process.clone()), GFP_KERNEL)?;
    let parked = KBox::new_uninit(GFP_KERNEL)?;
    let mark = Mark::current(handler).map_err(Reason::Hook)?;
    let cpu = Cpu::take_home(process.calls())?;
    let parked = KBox::write(parked, cpu);
    process.parked(parked, mark, module);
    signals::block_all();
    crate::linux::task::regs::park(place, nr::GETPID as usize);
    Ok(())
}

/// Handles the deputy's calls, of which there is only the one it is parked at.
struct Deputy(Arc<Process>);

impl Intercept for Deputy {
    fn on_syscall(&self, call: &mut Call<'_>) -> Verdict {
        let Some(parked) = self.0.take_parked() else {
            return die("its registers are lost");
        };
        match self.0.arrival() {
            Some(Ok(())) => {}
            _ => {
                if let Err(why) = self.send_out(&parked) {
                    return self.stay(&parked, why);
                }
            }
        }
        self.serve(parked, call)
    }

    fn on_exit(&self) {
        self.0.deputy_ended();
    }
}

impl Deputy {
    /// Gives the program to a new task and waits until that runs it.
    fn send_out(&self, parked: &Cpu) -> Result<(), Why> {
        let process = &self.0;
        let snapshot = Snapshot {
            cpu: parked.copy()?,
            memory: Memory::take()?,
            identity: Some(Identity::current()),
            fault: None,
            used: CpuTime::default(),
        };
        process.offer(KBox::new(snapshot, GFP_KERNEL)?);
        let landing = Arc::new(Landing::new(process.clone()), GFP_KERNEL)?;
        let helper = launch::start(landing).map_err(Why::NoHelper)?;
        loop {
            if let Some(outcome) = process.arrival() {
                outcome?;
                break;
            }
            if process.bell().wait_killable().is_err() {
                helper.kill();
                return Err(Why::Gone);
            }
        }
        // It takes memory and does no harm if it stays.
        if let Err(error) = snapshot::forget_memory(process.calls()) {
            pr_warn!("a deputy keeps its memory: {error:?}\n");
        }
        Ok(())
    }

    /// Goes on with the program here, as if nothing had been.
    fn stay(&self, parked: &Cpu, why: Why) -> Verdict {
        if parked.give_back(self.0.calls()).is_err() {
            return die("its registers cannot be given back");
        }
        self.0.stays(why);
        Verdict::Restored
    }

    /// Waits until the program comes home, or the kernel wants something.
    fn serve(&self, parked: KBox<Cpu>, call: &mut Call<'_>) -> Verdict {
        let process = &self.0;
        signals::set_mask(parked.mask());
        process.release();
        let mut disturbed = false;
        loop {
            if signals::is_killed() {
                return Verdict::Answered(0);
            }
            match process.next(disturbed) {
                Next::Take(snapshot) => return self.take_back(&parked, &snapshot),
                Next::Die => return die("the task that ran its program is gone"),
                Next::Recall(body) => {
                    // If it cannot be sent, the body is about to end, which rings, too.
                    let _ = Recall::new(process.clone())
                        .and_then(Prepared::new)
                        .and_then(|prepared| prepared.send(&body))
                        .inspect_err(|_| signals::kill(&body));
                }
                Next::Make(request, may) => {
                    let reply = match process.arena() {
                        Ok(arena) if may => request.make(arena, process.calls()),
                        _ => Reply::home(),
                    };
                    drop(request);
                    let Ok(reply) = KBox::new(reply, GFP_KERNEL) else {
                        return die("there is no memory for the answer to its program");
                    };
                    // What the call has left to do is done before the program hears of it.
                    let outside = reply.then == Then::GoOn && work::is_pending();
                    process.answer(reply, outside);
                    if outside {
                        return self.leave(parked, call);
                    }
                }
                Next::Await => {
                    let _ = process.bell().wait_killable();
                }
                Next::Wait if signals::is_pending() => disturbed = true,
                Next::Wait if signals::is_interrupted() => {
                    // Work of the kernel's own.
                    return self.leave(parked, call);
                }
                Next::Wait => {
                    let _ = process.bell().wait_interruptible();
                }
            }
        }
    }

    /// Leaves the call, so that the kernel does what it wants to, and comes again.
    fn leave(&self, parked: KBox<Cpu>, call: &mut Call<'_>) -> Verdict {
        signals::block_all();
        self.0.keep_parked(parked);
        call.rewind();
        Verdict::Answered(nr::GETPID as isize)
    }

    /// Takes the program back from its body.
    fn take_back(&self, parked: &Cpu, snapshot: &Snapshot) -> Verdict {
        let calls = self.0.calls();
        let back = snapshot
            .memory
            .give(calls)
            .and_then(|()| snapshot.cpu.give(calls));
        if let Err(error) = back {
            pr_err!("process {}: {error:?}\n", self.0.id().tgid);
            return die("there is no room for its program");
        }
        // The body has not gone on with the call: it came home with it.
        if snapshot.cpu.wants_restart() {
            parked.give_restart();
        }
        snapshot.used.add_to_current();
        self.0.joined();
        if let Some(fault) = &snapshot.fault {
            fault.raise();
        }
        Verdict::Restored
    }
}

/// Ends the current process, which has no program any more.
fn die(why: &str) -> Verdict {
    let task = kernel::current!();
    pr_err!("killed process {}: {why}\n", task.pid());
    signals::kill(task);
    Verdict::Answered(0)
}
