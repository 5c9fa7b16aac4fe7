// SPDX-License-Identifier: GPL-2.0

//! A process that moves: what its deputy, its body and those who ask for a move have in common.

use kernel::{
    new_condvar,
    new_spinlock,
    prelude::*,
    sync::{
        aref::ARef,
        Arc,
        CondVar,
        SpinLock, //
    },
    task::Task, //
};

use crate::linux::{
    completion::Completion,
    hook::Mark,
    module::ModuleRef,
    process::ProcessId,
    task::{
        calls::Calls,
        find,
        signals, //
    }, //
};

use super::{
    forward::{
        Arena,
        Reply,
        Request, //
    },
    reason::Why,
    snapshot::{
        Cpu,
        Snapshot, //
    }, //
};

mod asked;
mod calls;

pub(super) use self::calls::Nudge;

/// Where a process is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Where it belongs.
    Home,
    /// It has been asked to leave.
    Asked,
    /// On its way out.
    Leaving,
    /// It has a body.
    Away,
    /// On its way back.
    Coming,
    /// It has ended.
    Ended,
}

/// Why a process came home.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It never left.
    None,
    /// Somebody asked.
    Asked,
    /// A signal, a stop or the like.
    Signal,
    /// A system call, by its number.
    Call(i32),
    /// A fault, by the number of its signal.
    Fault(i32),
}

/// A body that runs.
struct Body {
    task: ARef<Task>,
    _mark: Mark,
    _module: ModuleRef,
}

struct State {
    place: Place,
    /// Counts requests, so that one that nobody waits for any more is not done.
    ticket: u64,
    /// What the request came to.
    outcome: Option<Result<(), Why>>,
    /// What is on its way to the other side.
    snapshot: Option<KBox<Snapshot>>,
    /// A call of the body, and the answer to it.
    request: Option<KBox<Request>>,
    reply: Option<KBox<Reply>>,
    /// An answer that waits until the deputy has been outside.
    held: Option<KBox<Reply>>,
    arena: Option<Arena>,
    /// Where the program was when its deputy was parked.
    parked: Option<KBox<Cpu>>,
    /// Makes the task a deputy, and keeps the module.
    deputy: Option<(Mark, ModuleRef)>,
    body: Option<Body>,
    moves: u64,
    cause: Cause,
    /// Somebody wants it home.
    wanted: bool,
}

/// What a deputy is to do.
pub(super) enum Next {
    /// Go on waiting, for whatever comes.
    Wait,
    /// Go on waiting for the body's answer.
    Await,
    /// See to it that the program comes home.
    Recall(ARef<Task>),
    /// Make a call for the body, or send it home if that is not to be.
    Make(KBox<Request>, bool),
    /// Take the program back.
    Take(KBox<Snapshot>),
    /// Die: the body is gone, and the program with it.
    Die,
}

/// A process, known from its first request on.
#[pin_data]
pub(crate) struct Process {
    task: ARef<Task>,
    id: ProcessId,
    calls: Arc<Calls>,
    #[pin]
    state: SpinLock<State>,
    /// For those who have asked.
    #[pin]
    changed: CondVar,
    /// For the deputy.
    #[pin]
    bell: Completion,
    /// For the body.
    #[pin]
    answered: Completion,
}

impl Process {
    pub(super) fn new(task: ARef<Task>, calls: Arc<Calls>) -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                id: find::id(&task),
                task,
                calls,
                state <- new_spinlock!(State {
                    place: Place::Home,
                    ticket: 0,
                    outcome: None,
                    snapshot: None,
                    request: None,
                    reply: None,
                    held: None,
                    arena: None,
                    parked: None,
                    deputy: None,
                    body: None,
                    moves: 0,
                    cause: Cause::None,
                    wanted: false,
                }, "mosix::Process::state"),
                changed <- new_condvar!("mosix::Process::changed"),
                bell <- Completion::new(),
                answered <- Completion::new(),
            }),
            GFP_KERNEL,
        )
    }

    pub(super) fn task(&self) -> &Task {
        &self.task
    }

    pub(super) fn id(&self) -> ProcessId {
        self.id
    }

    pub(super) fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Rings when the deputy should look what is next.
    pub(super) fn bell(&self) -> &Completion {
        &self.bell
    }

    pub(super) fn is_split(&self) -> bool {
        !matches!(self.state.lock().place, Place::Home | Place::Ended)
    }

    /// Where it is, how often it went out, and why it came home last.
    pub(super) fn history(&self) -> (Place, u64, Cause) {
        let state = self.state.lock();
        (state.place, state.moves, state.cause)
    }

    // --- the deputy ------------------------------------------------------------------------------

    /// The process is about to leave, on request `ticket`; false if nobody wants that any more.
    pub(super) fn begin(&self, ticket: u64) -> bool {
        let mut state = self.state.lock();
        let goes = state.place == Place::Asked && state.ticket == ticket;
        if goes {
            state.place = Place::Leaving;
        }
        goes
    }

    /// The current task is parked and marked.
    pub(super) fn parked(&self, parked: KBox<Cpu>, mark: Mark, module: ModuleRef) {
        let mut state = self.state.lock();
        state.parked = Some(parked);
        state.deputy = Some((mark, module));
    }

    /// What the deputy, which is the current task, has to remember.
    pub(super) fn take_parked(&self) -> Option<KBox<Cpu>> {
        self.state.lock().parked.take()
    }

    /// What it has not used of it yet.
    pub(super) fn keep_parked(&self, parked: KBox<Cpu>) {
        self.state.lock().parked = Some(parked);
    }

    /// It stays, or is an ordinary process again after all. Called by the task itself.
    pub(super) fn stays(&self, why: Why) {
        let mut state = self.state.lock();
        state.place = Place::Home;
        state.outcome = Some(Err(why));
        let left = (state.snapshot.take(), state.deputy.take());
        drop(state);
        drop(left);
        self.changed.notify_all();
    }

    /// What the body is made of is ready.
    pub(super) fn offer(&self, snapshot: KBox<Snapshot>) {
        self.state.lock().snapshot = Some(snapshot);
    }

    /// How the body's arrival went, once it is known.
    pub(super) fn arrival(&self) -> Option<Result<(), Why>> {
        let state = self.state.lock();
        match state.place {
            Place::Leaving => state.outcome,
            // It may be on its way back already.
            _ => Some(Ok(())),
        }
    }

    /// What the deputy is to do next. `disturbed`: something at home needs the program.
    pub(super) fn next(&self, disturbed: bool) -> Next {
        let mut state = self.state.lock();
        if let Some(request) = state.request.take() {
            let may = state.place == Place::Away && !disturbed && !state.wanted;
            return Next::Make(request, may);
        }
        match state.place {
            Place::Coming => match (state.snapshot.take(), &state.body) {
                (Some(snapshot), _) => Next::Take(snapshot),
                (None, Some(_)) => Next::Await,
                (None, None) => Next::Die,
            },
            Place::Away if disturbed || state.wanted => match &state.body {
                Some(body) => {
                    let body = body.task.clone();
                    // Said once; the body answers, or its end does.
                    state.place = Place::Coming;
                    state.cause = if state.wanted {
                        Cause::Asked
                    } else {
                        Cause::Signal
                    };
                    drop(state);
                    Next::Recall(body)
                }
                None => Next::Die,
            },
            Place::Away if state.body.is_some() => Next::Wait,
            _ => Next::Die,
        }
    }

    /// The program is home again; its task, which is the current one, is an ordinary process.
    pub(super) fn joined(&self) {
        let mut state = self.state.lock();
        state.place = Place::Home;
        state.wanted = false;
        // It went with everything else.
        state.arena = None;
        let deputy = state.deputy.take();
        drop(state);
        drop(deputy);
        self.changed.notify_all();
    }

    /// The deputy ends: in its last moments, must not sleep.
    pub(super) fn deputy_ended(&self) {
        let mut state = self.state.lock();
        state.place = Place::Ended;
        state.outcome.get_or_insert(Err(Why::Gone));
        let body = state.body.as_ref().map(|body| body.task.clone());
        let deputy = state.deputy.take();
        drop(state);
        drop(deputy);
        if let Some(body) = body {
            signals::kill(&body);
        }
        self.changed.notify_all();
    }

    // --- the body --------------------------------------------------------------------------------

    /// What the body is to be made of.
    pub(super) fn take_offer(&self) -> Option<KBox<Snapshot>> {
        let mut state = self.state.lock();
        if state.place == Place::Leaving {
            state.snapshot.take()
        } else {
            None
        }
    }

    /// The body runs, or does not. False: nobody waits for it any more.
    pub(super) fn landed(&self, result: Result<(ARef<Task>, Mark, ModuleRef), Why>) -> bool {
        let mut state = self.state.lock();
        let awaited = state.place == Place::Leaving;
        let mut late = None;
        match result {
            Ok((task, mark, module)) if awaited => {
                state.body = Some(Body {
                    task,
                    _mark: mark,
                    _module: module,
                });
                state.place = Place::Away;
                state.moves += 1;
                state.outcome = Some(Ok(()));
            }
            Ok(body) => late = Some(body),
            Err(why) if awaited => state.outcome = Some(Err(why)),
            Err(_) => {}
        }
        drop(state);
        drop(late);
        self.bell.complete();
        self.changed.notify_all();
        awaited
    }

    /// The body takes the program home, for `cause` if it has one of its own; whether it may.
    pub(super) fn leaves(&self, cause: Option<Cause>) -> bool {
        let mut state = self.state.lock();
        let away = matches!(state.place, Place::Away | Place::Coming);
        if away {
            state.place = Place::Coming;
            if let Some(cause) = cause {
                state.cause = cause;
            }
        }
        away
    }

    /// The program on its way home. Given back when nobody waits for it any more.
    pub(super) fn deliver(&self, snapshot: KBox<Snapshot>) -> Option<KBox<Snapshot>> {
        let mut state = self.state.lock();
        if state.place != Place::Coming {
            return Some(snapshot);
        }
        state.snapshot = Some(snapshot);
        drop(state);
        self.bell.complete();
        None
    }

    /// The body ends: in its last moments, must not sleep.
    pub(super) fn body_ended(&self) {
        let mut state = self.state.lock();
        let body = state.body.take();
        drop(state);
        drop(body);
        self.bell.complete();
        self.changed.notify_all();
    }
}
