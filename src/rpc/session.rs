// SPDX-License-Identifier: GPL-2.0

//! The server's end of a link: one peer's requests to this node.
//!
//! A session outlives connections, and ends with the epoch. Requests are executed by worker threads,
//! several at once, and only while this node may act on the peer's behalf: a request that the peer may
//! have given up because it declared this node dead is never executed afterwards.
//!
//! Lock order: `table`, then the connection's `out`.

use core::mem::{
    take,
    MaybeUninit, //
};

use kernel::{
    new_condvar,
    new_mutex,
    prelude::*,
    sync::{
        Arc,
        CondVar,
        Mutex, //
    },
    time::msecs_to_jiffies, //
};

use super::{
    conn::Conn,
    frame::{
        Body,
        Content,
        Frame, //
    },
    link_error::LinkError,
    replies::{
        Admission,
        Cancellation,
        Replies,
        Slot, //
    },
    service::{
        Answer,
        Request,
        Service, //
    },
    wire::{
        Header,
        Kind,
        RequestId, //
    },
    workers::Workers, //
};
use crate::linux::completion::Completion;

/// Requests that a peer may have under way at once.
pub(crate) const CREDITS: u16 = 64;
/// How long a new connection waits for the old one's receiving thread, in milliseconds.
const HANDOVER_MS: u32 = 500;

/// Says whether this node may act on a peer's behalf at this moment.
pub(crate) trait Fence: Send + Sync {
    /// Whether it may.
    fn may_act(&self) -> bool;
}

/// One peer's requests to this node.
#[pin_data]
pub(crate) struct Session {
    /// Its number, which the peer names to go on with it.
    pub(crate) id: u64,
    /// The life of the peer that it belongs to.
    pub(crate) incarnation: u64,
    /// The epoch that it belongs to.
    pub(crate) epoch: u64,
    from: u16,
    service: Arc<dyn Service>,
    fence: Arc<dyn Fence>,
    workers: Arc<Workers>,
    #[pin]
    table: Mutex<Table>,
    /// Tells that the receiving thread has left.
    #[pin]
    left: CondVar,
    #[pin]
    settled: Completion,
}

struct Table {
    replies: Replies<Frame, KVec<Slot<Frame>>>,
    conn: Option<Arc<Conn>>,
    /// Requests that wait until this node may act on the peer's behalf; memory for one per slot.
    paused: KVec<Paused>,
    /// Memory for the last job, which must not fail.
    last: Option<KBox<MaybeUninit<Job>>>,
    /// A receiving thread is using the session.
    attended: bool,
    stage: Stage,
}

/// How far a session has come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It goes on.
    Open,
    /// It is over; something of it may still be executed.
    Over,
    /// Nothing is executed any more, and the service is being told.
    Settling,
    /// The service knows.
    Settled,
}

impl Table {
    fn is_over(&self) -> bool {
        self.stage != Stage::Open
    }

    /// If it is time to tell the service that the session is over: memory for the job that does.
    fn settles(&mut self) -> Option<KBox<MaybeUninit<Job>>> {
        if self.stage != Stage::Over || self.attended || self.replies.busy() != 0 {
            return None;
        }
        self.stage = Stage::Settling;
        self.last.take()
    }
}

/// What a new session is made of.
pub(crate) struct Terms {
    pub(crate) id: u64,
    pub(crate) from: u16,
    pub(crate) incarnation: u64,
    pub(crate) epoch: u64,
    pub(crate) service: Arc<dyn Service>,
    pub(crate) fence: Arc<dyn Fence>,
    pub(crate) workers: Arc<Workers>,
}

/// What a worker does for a session.
pub(crate) struct Job {
    /// The job behind this one in a queue.
    pub(super) next: Option<KBox<Job>>,
    session: Arc<Session>,
    task: Task,
}

enum Task {
    /// Executes a request.
    Execute {
        id: RequestId,
        kind: Kind,
        body: Body,
    },
    /// Tells the service that nothing of the session is left.
    Settle,
}

/// A request that was put aside.
struct Paused {
    id: RequestId,
    kind: Kind,
    body: Body,
}

impl Job {
    /// Does it, in a thread that is made for that: it has a umask of its own, and may sleep long.
    pub(crate) fn run(self) {
        let Self { session, task, .. } = self;
        match task {
            Task::Execute { id, kind, body } => session.execute(id, kind, body),
            Task::Settle => session.settle(),
        }
    }

    /// Has it done by a worker. If there is none a request is answered with an error.
    pub(crate) fn submit(self) {
        let session = self.session.clone();
        let Task::Execute { id, kind, .. } = self.task else {
            return self.run();
        };
        let submitted = match KBox::new(self, GFP_KERNEL) {
            Ok(job) => session.workers.submit(job).is_ok(),
            Err(_) => false,
        };
        if !submitted {
            session.finish(id, kind, Answer::error(ENOMEM));
        }
    }
}

impl Session {
    /// A session that is not connected yet.
    pub(crate) fn new(terms: Terms) -> Result<Arc<Self>> {
        let mut slots = KVec::with_capacity(CREDITS.into(), GFP_KERNEL)?;
        for _ in 0..CREDITS {
            slots.push(Slot::new(), GFP_KERNEL)?;
        }
        let paused = KVec::with_capacity(CREDITS.into(), GFP_KERNEL)?;
        let last = Some(KBox::new_uninit(GFP_KERNEL)?);
        let mut replies = Replies::new(slots);
        replies.grant(CREDITS);
        Arc::pin_init(
            pin_init!(Self {
                id: terms.id,
                incarnation: terms.incarnation,
                epoch: terms.epoch,
                from: terms.from,
                service: terms.service,
                fence: terms.fence,
                workers: terms.workers,
                table <- new_mutex!(Table {
                    replies,
                    conn: None,
                    paused,
                    last,
                    attended: false,
                    stage: Stage::Open,
                }, "mosix::Session::table"),
                left <- new_condvar!("mosix::Session::left"),
                settled <- Completion::new(),
            }),
            GFP_KERNEL,
        )
    }

    /// Sees the old connection off, so that a new one can carry the session. Returns whether that
    /// worked in time; sleeps a while for it.
    pub(crate) fn vacate(&self) -> bool {
        let mut table = self.table.lock();
        if let Some(conn) = table.conn.take() {
            drop(table);
            conn.close();
            table = self.table.lock();
        }
        if table.attended {
            let _ = self
                .left
                .wait_interruptible_timeout(&mut table, msecs_to_jiffies(HANDOVER_MS));
        }
        !table.attended && !table.is_over()
    }

    /// From now on `conn` carries the session.
    ///
    /// # Errors
    ///
    /// `EBUSY` when another connection was faster or the session is over.
    pub(crate) fn attach(&self, conn: Arc<Conn>) -> Result {
        let mut table = self.table.lock();
        if table.attended || table.is_over() {
            return Err(EBUSY);
        }
        table.attended = true;
        table.replies.connect();
        table.conn = Some(conn);
        Ok(())
    }

    /// The receiving thread of the connection leaves.
    pub(crate) fn detach(self: &Arc<Self>) {
        let mut table = self.table.lock();
        table.attended = false;
        table.conn = None;
        let last = table.settles();
        drop(table);
        self.left.notify_all();
        self.close(last);
    }

    /// Ends the session: its connection is closed, what was not begun is not executed, and replies go
    /// nowhere. The service is told when the last execution is done, which may be now.
    pub(crate) fn end(self: &Arc<Self>) {
        let mut table = self.table.lock();
        if table.is_over() {
            return;
        }
        table.stage = Stage::Over;
        let conn = table.conn.take();
        let paused = take(&mut table.paused);
        for request in &paused {
            let _ = table.replies.done(request.id, None);
        }
        let last = table.settles();
        drop(table);
        drop(paused);
        if let Some(conn) = conn {
            conn.close();
        }
        self.close(last);
    }

    /// Has the last job done, if it is time.
    fn close(self: &Arc<Self>, last: Option<KBox<MaybeUninit<Job>>>) {
        let Some(memory) = last else {
            return;
        };
        let job = memory.write(Job {
            next: None,
            session: self.clone(),
            task: Task::Settle,
        });
        // By a worker: it may take long, and who is here may be the heartbeat.
        if let Err(job) = self.workers.submit(job) {
            KBox::into_inner(job).run();
        }
    }

    /// Tells the service that nothing of the session is left.
    fn settle(&self) {
        self.service.ended(self.from);
        self.table.lock().stage = Stage::Settled;
        self.settled.complete_all();
    }

    /// Whether nothing of it is left, and the service knows that it is over.
    pub(crate) fn is_settled(&self) -> bool {
        self.table.lock().stage == Stage::Settled
    }

    /// Waits until a session that is over is settled, however long its last execution takes.
    pub(crate) fn wait_settled(&self) {
        self.settled.wait();
    }

    /// A request or a cancel has come in on `conn`. Gives what is to be done about it, by the caller
    /// itself or by a worker.
    ///
    /// # Errors
    ///
    /// The connection has to be closed.
    pub(crate) fn receive(
        self: &Arc<Self>,
        conn: &Conn,
        header: &Header,
        body: Body,
    ) -> Result<Option<Job>, LinkError> {
        let id = header.request_id()?;
        let mut table = self.table.lock();
        let acked = table.replies.acked(header.acked)?;
        let mut send = None;
        let mut execute = false;
        let mut dropped = None;
        if header.kind == Kind::CANCEL {
            match table.replies.cancel(id)? {
                Cancellation::Confirm(old) => {
                    dropped = old;
                    let status = ECANCELED_STATUS;
                    send = Some(Frame::bare(Header::reply(
                        Kind::CANCEL,
                        id.raw(),
                        status,
                        0,
                        0,
                    )));
                }
                Cancellation::Answer(reply) => send = Some(reply.clone()),
                // Nothing that is executed here waits for ever: its own answer will do.
                Cancellation::Interrupt | Cancellation::Answered => {}
            }
        } else {
            match table.replies.admit(id, header.is_retry())? {
                Admission::Execute(old) => {
                    dropped = old;
                    execute = true;
                }
                Admission::InProgress => {}
                Admission::Answer(reply) => send = Some(reply.clone()),
            }
        }
        let answered = send.is_some();
        if let Some(frame) = send {
            conn.enqueue(frame);
        }
        drop(table);
        // Replies can be large: they are freed without the lock.
        drop((acked, dropped));
        if answered {
            conn.flush();
        }
        let kind = header.kind;
        Ok(execute.then(|| Job {
            next: None,
            session: self.clone(),
            task: Task::Execute { id, kind, body },
        }))
    }

    /// Executes a request, if that may be done now. If it may not yet it is put aside, so that it holds
    /// up no worker; one of a session that is over is dropped.
    fn execute(self: &Arc<Self>, id: RequestId, kind: Kind, body: Body) {
        let mut table = self.table.lock();
        if table.is_over() {
            // It is being executed as far as the table knows, and has no reply to keep.
            let _ = table.replies.done(id, None);
            let last = table.settles();
            drop(table);
            return self.close(last);
        }
        if !self.fence.may_act() {
            let paused = Paused { id, kind, body };
            if table.paused.push_within_capacity(paused).is_err() {
                // Cannot be: there is room for a request per slot.
                pr_warn!("node {}: a paused request is lost\n", self.from);
            }
            return;
        }
        drop(table);
        let answer = self.service.execute(Request {
            from: self.from,
            kind,
            body,
        });
        self.finish(id, kind, answer);
    }

    /// This node may act on the peer's behalf again: goes on with what was put aside.
    pub(crate) fn resume(self: &Arc<Self>) {
        // No more than there are now: one that has to pause again must not be found again here.
        let count = self.table.lock().paused.len();
        for _ in 0..count {
            let Some(Paused { id, kind, body }) = self.table.lock().paused.pop() else {
                return;
            };
            let task = Task::Execute { id, kind, body };
            Job {
                next: None,
                session: self.clone(),
                task,
            }
            .submit();
        }
    }

    /// A request has been executed.
    fn finish(self: &Arc<Self>, id: RequestId, kind: Kind, answer: Answer) {
        let (msg_len, data_len) = (answer.body.msg_len(), answer.body.data_len());
        let (status, body) = match Arc::new(answer.body, GFP_KERNEL) {
            Ok(body) => (answer.status, Some(body)),
            // The answer is lost for want of memory: whatever was done, say so.
            Err(_) => (ENOMEM.to_errno(), None),
        };
        let mut header = match body {
            Some(_) => Header::reply(kind, id.raw(), status, msg_len, data_len),
            None => Header::reply(kind, id.raw(), status, 0, 0),
        };
        header.credits = CREDITS;
        let content = body.map_or(Content::Nothing, Content::Reply);
        let frame = Frame { header, content };
        let mut table = self.table.lock();
        let send = table
            .replies
            .done(id, answer.once.then(|| frame.clone()))
            .unwrap_or(false);
        let conn = table.conn.clone().filter(|_| send);
        if let Some(conn) = &conn {
            conn.enqueue(frame);
        }
        let last = table.settles();
        drop(table);
        if let Some(conn) = conn {
            conn.flush();
        }
        self.close(last);
    }
}

/// Status of the reply to a cancel of a request that was not executed.
const ECANCELED_STATUS: i32 = -125;
