// SPDX-License-Identifier: GPL-2.0

//! Proves at load that the hook works, on a process of its own.
//!
//! A kernel thread makes no system calls, so a user mode helper is started and marked after its exec,
//! before its first instruction. The first call it makes by itself is the last one too: from then on
//! it is moved back onto the same `syscall` instruction time and again, with number and arguments
//! that the test chose, and in the end it is killed. What the instruction returned is the number of
//! the next call, so the test sees what the program would see. Should the hook not work, the mark
//! makes the first call raise SIGSYS: the program never gets to do anything.

use kernel::{
    fmt,
    prelude::*,
    sync::{
        Arc,
        CondVar,
        CondVarTimeoutResult,
        SpinLock, //
    },
    time::msecs_to_jiffies, //
};

use super::{
    arch,
    live,
    resolve::Syscall,
    signal,
    Call,
    Intercept,
    Mark,
    Refusal,
    Verdict, //
};
use crate::linux::{
    bindings::__NR_getppid,
    task::launch, //
};

/// How long the process may take from its first instruction to the end of the test.
const TIMEOUT_MS: u32 = 10_000;

/// How often it is checked whether the process is still there.
const CHECK_MS: u32 = 100;

const GETPPID: i32 = __NR_getppid as i32;

/// System call numbers are below this, in every table.
const NR_LIMIT: i32 = 1024;

/// What getppid is called with: it takes no arguments, so any will do.
const ARGS: [usize; 6] = [
    0x5e1f_7e57_0000_0001,
    0x5e1f_7e57_0000_0002,
    0x5e1f_7e57_0000_0003,
    0x5e1f_7e57_0000_0004,
    0x5e1f_7e57_0000_0005,
    0x5e1f_7e57_0000_0006,
];

/// What a call is answered with: neither a process id of ours nor an error.
const ANSWER: isize = 0x2d1c_9e57;

/// Why the hook is not trusted.
#[derive(Clone, Copy)]
pub(crate) enum Failure {
    /// The loading task itself is flagged, or looks ours.
    LoaderMarked,
    /// No program could be started.
    NoProgram(launch::Failure),
    /// The process ended before its first instruction.
    NeverRan,
    /// The process cannot be marked.
    Refused(Refusal),
    /// No answer in time, at this step.
    TimedOut(Step),
    /// The process died at this step, as the stock function lets marked tasks die.
    Died(Step),
    /// A signal came while waiting.
    Interrupted,
    /// A call came with a number that the step does not allow.
    WrongNumber(Step, i32),
    /// A call came from where no program can be, or through another ABI.
    WrongPlace(usize),
    /// The arguments are not those that were set.
    WrongArguments,
    /// The native call did not return what it must: expected, got.
    WrongResult(isize, i32),
    /// The program did not get the answer but this.
    AnswerLost(i32),
    /// Calls of other tasks came to the hook: expected, got.
    Strangers(usize, usize),
    /// No memory.
    NoMemory,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::LoaderMarked => f.write_str("an unmarked task looks like a marked one"),
            Self::NoProgram(failure) => failure.fmt(f),
            Self::NeverRan => f.write_str("the test process ended before its first instruction"),
            Self::Refused(refusal) => {
                f.write_str("the test process cannot be marked: ")?;
                refusal.fmt(f)
            }
            Self::TimedOut(step) => write!(
                f,
                "no system call came to the hook within {} s (step {step:?})",
                TIMEOUT_MS / 1000
            ),
            Self::Died(step) => write!(
                f,
                "the test process died before its system call came to the hook (step {step:?})"
            ),
            Self::Interrupted => f.write_str("interrupted by a signal"),
            Self::WrongNumber(step, nr) => write!(f, "wrong call number {nr} (step {step:?})"),
            Self::WrongPlace(ip) => write!(f, "a call came from nowhere ({ip:#x})"),
            Self::WrongArguments => f.write_str("wrong arguments"),
            Self::WrongResult(want, got) => {
                write!(f, "a native call returned {got} instead of {want}")
            }
            Self::AnswerLost(got) => write!(f, "an answer did not arrive, but {got:#x}"),
            Self::Strangers(want, got) => {
                write!(f, "{got} calls came to the hook instead of {want}")
            }
            Self::NoMemory => f.write_str("no memory"),
        }
    }
}

/// What the next call of the process is to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The program's own first call comes to the hook.
    Own,
    /// Number and arguments are those that were set; the call is let through.
    Pass,
    /// The kernel did the call: its number is what getppid returned.
    Passed,
    /// The call is answered.
    Answer,
    /// The kernel did not do the call: its number is the answer.
    Answered,
}

struct Progress {
    step: Step,
    calls: usize,
    parent: isize,
    mark: Option<Mark>,
    outcome: Option<Result<(), Failure>>,
}

/// The test, shared by the loading task and the process.
#[pin_data]
struct Session {
    getppid: Syscall,
    #[pin]
    progress: SpinLock<Progress>,
    #[pin]
    changed: CondVar,
}

/// Runs the test. May sleep.
pub(super) fn run(getppid: Syscall) -> Result<(), Failure> {
    let loader = kernel::current!();
    if super::dispatch::is_flagged(loader) && super::dispatch::index(loader).is_some() {
        return Err(Failure::LoaderMarked);
    }
    let before = live::entered();
    let session = Arc::pin_init(
        pin_init!(Session {
            getppid,
            progress <- kernel::new_spinlock!(Progress {
                step: Step::Own,
                calls: 0,
                parent: 0,
                mark: None,
                outcome: None,
            }),
            changed <- kernel::new_condvar!(),
        }),
        GFP_KERNEL,
    )
    .map_err(|_| Failure::NoMemory)?;

    let process = launch::start(session.clone()).map_err(Failure::NoProgram)?;
    let outcome = session.wait();
    if outcome.is_err() {
        process.kill();
    }
    process.wait_for_arrival();
    // The session is the handler of its own mark: this is where the circle ends.
    let mark = session.progress.lock().mark.take();
    drop(mark);
    outcome?;

    let calls = session.progress.lock().calls;
    let entered = live::entered().wrapping_sub(before);
    if entered != calls {
        return Err(Failure::Strangers(calls, entered));
    }
    Ok(())
}

impl Session {
    fn wait(&self) -> Result<(), Failure> {
        let mut checks = 0..TIMEOUT_MS / CHECK_MS;
        let mut left = msecs_to_jiffies(CHECK_MS);
        let mut progress = self.progress.lock();
        loop {
            if let Some(outcome) = progress.outcome {
                return outcome;
            }
            if progress.mark.as_ref().is_some_and(|mark| !mark.is_live()) {
                return Err(Failure::Died(progress.step));
            }
            match self.changed.wait_interruptible_timeout(&mut progress, left) {
                CondVarTimeoutResult::Woken { jiffies } => left = jiffies,
                CondVarTimeoutResult::Signal { .. } => return Err(Failure::Interrupted),
                CondVarTimeoutResult::Timeout if checks.next().is_some() => {
                    left = msecs_to_jiffies(CHECK_MS);
                }
                CondVarTimeoutResult::Timeout => return Err(Failure::TimedOut(progress.step)),
            }
        }
    }

    fn finish(&self, outcome: Result<(), Failure>) {
        self.progress.lock().outcome.get_or_insert(outcome);
        self.changed.notify_all();
    }

    /// Checks a call and says what is to happen with it; `None` when the test is through.
    fn check(&self, call: &mut Call<'_>) -> Result<Option<Verdict>, Failure> {
        let nr = call.nr();
        let (step, parent) = {
            let mut progress = self.progress.lock();
            progress.calls += 1;
            (progress.step, progress.parent)
        };
        if call.is_compat() || call.ip() == 0 || call.ip() >= arch::TASK_SIZE_MAX {
            return Err(Failure::WrongPlace(call.ip()));
        }
        let again = Verdict::Answered(GETPPID as isize);
        let (next, verdict) = match step {
            Step::Own => {
                if !(0..NR_LIMIT).contains(&nr) {
                    return Err(Failure::WrongNumber(step, nr));
                }
                call.set_args(ARGS);
                (Step::Pass, again)
            }
            Step::Pass => {
                if nr != GETPPID {
                    return Err(Failure::WrongNumber(step, nr));
                }
                if call.args() != ARGS {
                    return Err(Failure::WrongArguments);
                }
                self.progress.lock().parent = self.getppid.call(ARGS);
                (Step::Passed, Verdict::Native)
            }
            Step::Passed => {
                if parent < 0 || nr as isize != parent {
                    return Err(Failure::WrongResult(parent, nr));
                }
                (Step::Answer, again)
            }
            Step::Answer => {
                if nr != GETPPID {
                    return Err(Failure::WrongNumber(step, nr));
                }
                (Step::Answered, Verdict::Answered(ANSWER))
            }
            Step::Answered => {
                if nr as isize != ANSWER {
                    return Err(Failure::AnswerLost(nr));
                }
                return Ok(None);
            }
        };
        self.progress.lock().step = next;
        call.rewind();
        Ok(Some(verdict))
    }
}

impl Intercept for Session {
    fn on_syscall(&self, call: &mut Call<'_>) -> Verdict {
        let outcome = match self.check(call) {
            Ok(Some(verdict)) => return verdict,
            Ok(None) => Ok(()),
            Err(failure) => Err(failure),
        };
        // Killed before the loading task hears of it: the program never goes on.
        signal::kill(kernel::current!());
        self.finish(outcome);
        Verdict::Answered(0)
    }
}

impl launch::Arrival for Session {
    /// Runs in the process, before its first instruction.
    fn arrived(this: &Arc<Self>) {
        match Mark::current(this.clone()) {
            Ok(mark) => this.progress.lock().mark = Some(mark),
            Err(refusal) => {
                signal::kill(kernel::current!());
                this.finish(Err(Failure::Refused(refusal)));
            }
        }
    }

    /// Runs in the process when it ends without having run.
    fn missed(this: &Arc<Self>) {
        this.finish(Err(Failure::NeverRan));
    }
}
