// SPDX-License-Identifier: GPL-2.0

//! The threads that execute requests.
//!
//! As many as there are requests at once, up to [`WORKERS`]; what comes beyond that waits in a queue.
//! Who is idle is called in again last in, first out, so that few requests stay with the thread, and
//! the CPU, that has everything at hand; who stays idle for [`IDLE_NS`] is let go.
//!
//! Not a workqueue of the kernel's: its threads share their umask with all others, and may not be given
//! one of their own.
//!
//! Lock order: `inner`, then a desk's `order`; both are spinlocks.

use core::mem::take;

use kernel::{
    new_spinlock,
    prelude::*,
    sync::{
        Arc,
        SpinLock, //
    },
    time::{
        delay::fsleep,
        Delta, //
    }, //
};

use super::session::Job;
use crate::linux::{
    clock,
    completion::Completion,
    kthread::{
        self,
        KThread, //
    },
    memalloc::NofsScope, //
};

/// Requests of all peers that are executed at once.
const WORKERS: usize = 64;
/// Idle threads that are kept in any case.
const KEPT: usize = 2;
/// How long others may be idle, in nanoseconds.
const IDLE_NS: u64 = 10_000_000_000;

/// What an idle thread is called for.
enum Order {
    Work(KBox<Job>),
    Leave,
}

/// Where an idle thread waits.
#[pin_data]
struct Desk {
    #[pin]
    order: SpinLock<Option<Order>>,
    #[pin]
    call: Completion,
}

impl Desk {
    fn new() -> Result<Arc<Self>> {
        Arc::pin_init(
            pin_init!(Self {
                order <- new_spinlock!(None, "mosix::Desk::order"),
                call <- Completion::new(),
            }),
            GFP_KERNEL,
        )
    }

    /// Calls the thread that waits here.
    fn give(&self, order: Order) {
        *self.order.lock() = Some(order);
        self.call.complete();
    }

    /// Waits to be called.
    fn wait(&self) -> Order {
        loop {
            // A thread of the kernel's gets no signals.
            let _ = self.call.wait_interruptible();
            if let Some(order) = self.order.lock().take() {
                return order;
            }
        }
    }
}

/// An idle thread.
struct Idle {
    desk: Arc<Desk>,
    since_ns: u64,
}

/// A thread, which is waited for when this is dropped.
struct Worker {
    desk: Arc<Desk>,
    _thread: KThread,
}

/// Jobs in the order in which they came, without memory of its own: taking one in cannot fail.
#[derive(Default)]
struct Queue {
    /// First come first.
    front: Option<KBox<Job>>,
    /// Last come first.
    back: Option<KBox<Job>>,
}

impl Queue {
    fn push(&mut self, mut job: KBox<Job>) {
        job.next = self.back.take();
        self.back = Some(job);
    }

    fn pop(&mut self) -> Option<KBox<Job>> {
        if self.front.is_none() {
            while let Some(mut job) = self.back.take() {
                self.back = job.next.take();
                job.next = self.front.take();
                self.front = Some(job);
            }
        }
        let mut job = self.front.take()?;
        self.front = job.next.take();
        Some(job)
    }
}

struct Inner {
    queue: Queue,
    /// Who waits, last come last.
    idle: KVec<Idle>,
    workers: KVec<Worker>,
    /// Threads that are there, are being made, or are being waited for.
    staff: usize,
    /// Threads among them that have a job.
    busy: usize,
    /// Somebody waits for the end of all jobs.
    draining: bool,
}

/// All threads that execute requests of this node's peers.
#[pin_data]
pub(crate) struct Workers {
    #[pin]
    inner: SpinLock<Inner>,
    #[pin]
    drained: Completion,
}

impl Workers {
    /// None yet.
    pub(crate) fn new() -> Result<Arc<Self>> {
        // All the memory that is ever needed: nothing is allocated under the lock.
        let idle = KVec::with_capacity(WORKERS, GFP_KERNEL)?;
        let workers = KVec::with_capacity(WORKERS, GFP_KERNEL)?;
        Arc::pin_init(
            pin_init!(Self {
                inner <- new_spinlock!(Inner {
                    queue: Queue::default(),
                    idle,
                    workers,
                    staff: 0,
                    busy: 0,
                    draining: false,
                }, "mosix::Workers::inner"),
                drained <- Completion::new(),
            }),
            GFP_KERNEL,
        )
    }

    /// Has a job done, as soon as a thread is free. May sleep, not for the job.
    ///
    /// # Errors
    ///
    /// The job comes back if there is no thread and none can be had.
    pub(crate) fn submit(self: &Arc<Self>, job: KBox<Job>) -> Result<(), KBox<Job>> {
        let mut inner = self.inner.lock();
        if let Some(idle) = inner.idle.pop() {
            inner.busy = inner.busy.saturating_add(1);
            drop(inner);
            idle.desk.give(Order::Work(job));
            return Ok(());
        }
        if inner.staff >= WORKERS {
            inner.queue.push(job);
            return Ok(());
        }
        inner.staff = inner.staff.saturating_add(1);
        inner.busy = inner.busy.saturating_add(1);
        drop(inner);
        self.hire(job)
    }

    /// Makes a thread, which begins with `job`; it is counted already.
    fn hire(self: &Arc<Self>, job: KBox<Job>) -> Result<(), KBox<Job>> {
        let hired = Desk::new().and_then(|desk| {
            let (own, all) = (desk.clone(), self.clone());
            let thread = KThread::spawn(fmt!("mosix_work"), move || all.work(&own))?;
            Ok((desk, thread))
        });
        let mut inner = self.inner.lock();
        let Ok((desk, thread)) = hired else {
            inner.staff = inner.staff.saturating_sub(1);
            inner.busy = inner.busy.saturating_sub(1);
            if inner.staff == 0 {
                return Err(job);
            }
            // One of the others does it.
            inner.queue.push(job);
            return Ok(());
        };
        let worker = Worker {
            desk: desk.clone(),
            _thread: thread,
        };
        // There is room for all.
        let _ = inner.workers.push_within_capacity(worker);
        drop(inner);
        desk.give(Order::Work(job));
        Ok(())
    }

    /// The life of a thread.
    fn work(&self, desk: &Arc<Desk>) {
        // Else a request's umask would be everybody's.
        while kthread::unshare_fs_struct().is_err() {
            fsleep(Delta::from_millis(10));
        }
        let _nofs = NofsScope::enter();
        while let Order::Work(job) = desk.wait() {
            let mut next = Some(job);
            while let Some(job) = next {
                KBox::into_inner(job).run();
                next = self.next(desk);
            }
        }
    }

    /// The next job; without one the thread is idle from now on.
    fn next(&self, desk: &Arc<Desk>) -> Option<KBox<Job>> {
        let mut inner = self.inner.lock();
        if let Some(job) = inner.queue.pop() {
            return Some(job);
        }
        inner.busy = inner.busy.saturating_sub(1);
        let idle = Idle {
            desk: desk.clone(),
            since_ns: clock::boottime_ns(),
        };
        // There is room for all.
        let _ = inner.idle.push_within_capacity(idle);
        let drained = inner.draining && inner.busy == 0;
        drop(inner);
        if drained {
            self.drained.complete();
        }
        None
    }

    /// Lets one go that was idle for long; to be called now and then.
    pub(crate) fn trim(&self, now_ns: u64) {
        let mut inner = self.inner.lock();
        let long = |idle: &Idle| now_ns.saturating_sub(idle.since_ns) > IDLE_NS;
        if inner.idle.len() <= KEPT || !inner.idle.first().is_some_and(long) {
            return;
        }
        let Ok(idle) = inner.idle.remove(0) else {
            return;
        };
        let at = inner
            .workers
            .iter()
            .position(|worker| Arc::ptr_eq(&worker.desk, &idle.desk));
        let worker = at.and_then(|at| inner.workers.remove(at).ok());
        drop(inner);
        idle.desk.give(Order::Leave);
        drop(worker);
        let mut inner = self.inner.lock();
        inner.staff = inner.staff.saturating_sub(1);
    }

    /// Waits until all jobs are done and lets all threads go. Nobody but a job may submit one from now
    /// on.
    pub(crate) fn end(&self) {
        let mut inner = self.inner.lock();
        inner.draining = true;
        let busy = inner.busy != 0;
        drop(inner);
        if busy {
            self.drained.wait();
        }
        let mut inner = self.inner.lock();
        let idle = take(&mut inner.idle);
        let workers = take(&mut inner.workers);
        inner.staff = 0;
        drop(inner);
        for idle in &idle {
            idle.desk.give(Order::Leave);
        }
        drop(workers);
    }
}
