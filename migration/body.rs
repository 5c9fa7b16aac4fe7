// SPDX-License-Identifier: GPL-2.0

//! The body: the task that runs the program of a process that is away.

use kernel::{
    new_mutex,
    prelude::*,
    sync::{
        aref::ARef,
        Arc,
        Mutex, //
    },
    task::Task, //
};

use crate::linux::{
    bytes,
    hook::{
        Call,
        Intercept,
        Mark,
        Verdict, //
    },
    module::ModuleRef,
    task::{
        launch,
        signals::{
            self,
            Taken, //
        },
        times::CpuTime,
        work::{
            Errand,
            Standby, //
        }, //
    }, //
};

use super::{
    forward::{
        self,
        Then,
        ROOM, //
    },
    process::{
        Cause,
        Nudge,
        Process, //
    },
    reason::{
        Reason,
        Why, //
    },
    route::{
        self,
        Where, //
    },
    snapshot::{
        Cpu,
        Memory,
        Snapshot, //
    },
    table, //
};

/// Makes a fresh process the body.
pub(super) struct Landing(Arc<Process>);

impl Landing {
    pub(super) fn new(process: Arc<Process>) -> Self {
        Self(process)
    }

    fn land(&self) -> Result<(ARef<Task>, Mark, ModuleRef), Why> {
        let process = &self.0;
        let snapshot = process.take_offer().ok_or(Why::Gone)?;
        let module = ModuleRef::get()?;
        let recall = Recall::new(process.clone())?;
        let fault = Standby::new(recall.clone())?;
        let nudge = Standby::new(Arc::new(Nudge, GFP_KERNEL)?)?;
        let room = bytes::zeroed(ROOM as usize)?;
        let handler = Arc::pin_init(
            pin_init!(Body {
                recall,
                fault,
                nudge,
                room <- new_mutex!(room, "mosix::Body::room"),
            }),
            GFP_KERNEL,
        )?;
        // Before anything of the program is used.
        if let Some(identity) = &snapshot.identity {
            identity.assume(process.calls())?;
        }
        // What is sent to a process is sent to its deputy.
        signals::ignore_others();
        snapshot.memory.give(process.calls())?;
        let mark = Mark::current(handler).map_err(Reason::Hook)?;
        snapshot.cpu.give(process.calls())?;
        Ok((ARef::from(kernel::current!() as &Task), mark, module))
    }
}

impl launch::Arrival for Landing {
    fn arrived(this: &Arc<Self>) {
        let landed = this.land();
        let failed = landed.is_err();
        let awaited = this.0.landed(landed);
        if failed || !awaited {
            signals::kill(kernel::current!());
        }
    }

    fn missed(this: &Arc<Self>) {
        this.0.landed(Err(Why::Gone));
    }
}

/// Takes the program home.
pub(super) struct Recall {
    process: Arc<Process>,
}

impl Recall {
    pub(super) fn new(process: Arc<Process>) -> Result<Arc<Self>> {
        Ok(Arc::new(Self { process }, GFP_KERNEL)?)
    }

    /// Sends the program home, with `cpu` as the state it goes on from, and ends the current task.
    fn leave(&self, cause: Option<Cause>, fault: Option<Taken>, cpu: impl FnOnce() -> Result<Cpu>) {
        if self.process.leaves(cause) {
            let snapshot = cpu().map_err(Why::from).and_then(|cpu| {
                let snapshot = Snapshot {
                    cpu,
                    memory: Memory::take()?,
                    identity: None,
                    fault,
                    used: CpuTime::current(),
                };
                Ok(KBox::new(snapshot, GFP_KERNEL)?)
            });
            match snapshot {
                Ok(snapshot) => drop(self.process.deliver(snapshot)),
                // The deputy hears of this task's end.
                Err(why) => pr_err!("a program cannot be taken home: {why}\n"),
            }
        }
        signals::kill(kernel::current!());
    }
}

impl Errand for Recall {
    fn run(this: &Arc<Self>) {
        if signals::is_killed() {
            return;
        }
        let fault = signals::take().filter(Taken::is_fault);
        let cause = fault.as_ref().map(|fault| Cause::Fault(fault.number()));
        this.leave(cause, fault, || Cpu::take_body(this.process.calls()));
    }

    /// The deputy hears of the task's end.
    fn missed(_: &Arc<Self>) {}
}

/// Handles the body's calls.
#[pin_data]
struct Body {
    recall: Arc<Recall>,
    fault: Standby<Recall>,
    nudge: Standby<Nudge>,
    /// What calls are packed into; used by the body itself only.
    #[pin]
    room: Mutex<KVVec<u8>>,
}

impl Body {
    /// Makes the call at home.
    fn go_home(&self, call: &Call<'_>) -> Verdict {
        let calls = self.recall.process.calls();
        self.recall.leave(Some(Cause::Call(call.nr())), None, || {
            Cpu::take_before(call, calls)
        });
        Verdict::Answered(0)
    }

    /// Has the deputy make the call.
    fn forward(&self, call: &Call<'_>, row: &'static table::call::Call) -> Verdict {
        let mut room = core::mem::take(&mut *self.room.lock());
        let verdict = self.forward_by(call, row, &mut room);
        *self.room.lock() = room;
        verdict
    }

    fn forward_by(
        &self,
        call: &Call<'_>,
        row: &'static table::call::Call,
        room: &mut [u8],
    ) -> Verdict {
        let process = &self.recall.process;
        let Some((sent, request)) = forward::pack(call.nr() as u32, row, call.args(), room) else {
            return self.go_home(call);
        };
        let Some(reply) = process.request(request) else {
            return Verdict::Answered(0);
        };
        if reply.then == Then::HomeBefore {
            return self.go_home(call);
        }
        let Some(result) = sent.unpack(&reply, room) else {
            pr_err!("the answer to system call {} is malformed\n", call.nr());
            signals::kill(kernel::current!());
            return Verdict::Answered(0);
        };
        if reply.then == Then::HomeAfter {
            self.recall.leave(Some(Cause::Signal), None, || {
                Cpu::take_after(result, process.calls())
            });
            return Verdict::Answered(0);
        }
        Verdict::Answered(result)
    }
}

impl Intercept for Body {
    fn on_syscall(&self, call: &mut Call<'_>) -> Verdict {
        match route::of(call) {
            Where::Here => Verdict::Native,
            Where::Deputy(row) => self.forward(call, row),
            Where::Home => self.go_home(call),
        }
    }

    fn on_exit(&self) {
        let process = &self.recall.process;
        process.body_ended();
        // The deputy may be in a call that it makes for this task.
        self.nudge.send(process.task());
    }

    fn on_signal(&self) {
        self.fault.send(kernel::current!());
    }
}
