// SPDX-License-Identifier: GPL-2.0
//! Sends the requests of `mosix ping`: several threads share them out among themselves.

use crate::{
    device::ping::Batch,
    failure::{Failure, Result},
};
use mosix_core::control::abi::ping::MAX_COUNT;
use nix::{
    errno::Errno,
    sys::{pthread::pthread_kill, signal::Signal},
};
use std::{
    collections::BTreeMap,
    os::unix::thread::JoinHandleExt as _,
    sync::{
        atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
        Arc,
    },
    thread::{self, JoinHandle},
    time::{Duration, Instant},
};

/// How long one batch should take: short enough to show progress and to look for Ctrl-C.
const BATCH_TIME: Duration = Duration::from_millis(200);

/// Shortest time that a failed request takes: a node that is away refuses at once.
const FAILURE_TIME: Duration = Duration::from_millis(100);

/// How often the main thread looks around.
const POLL: Duration = Duration::from_millis(20);

/// How often there is news for whoever waits.
const PROGRESS: Duration = Duration::from_secs(5);

/// Sends requests, one after the other; each thread has its own.
pub trait Link: Send + 'static {
    /// Sends so many (1 to [`MAX_COUNT`]).
    fn attempt(&self, count: u32) -> Result<Batch>;
}

/// What all requests came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Requests that were made.
    pub sent: u64,
    /// Those of them that a signal ended.
    pub interrupted: u64,
    /// Those of them that failed otherwise, by error.
    pub errors: BTreeMap<i32, u64>,
    /// The round trips of those that were answered, in nanoseconds, in no particular order.
    pub round_trips_ns: Vec<u64>,
    /// The greatest number of executed requests that the node told.
    pub executed: u64,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Why no more requests could be made, if that is so.
    pub failure: Option<Failure>,
}

impl Outcome {
    /// Requests that were answered.
    pub fn answered(&self) -> u64 {
        self.round_trips_ns.len() as u64
    }

    /// Adds a batch; gives the number of its requests that were made.
    fn add(&mut self, batch: Batch) -> u64 {
        let answered = batch.round_trips_ns.len() as u64;
        let made = answered + u64::from(batch.error.is_some());
        self.sent += made;
        match batch.error {
            None => {}
            Some(Errno::EINTR) => self.interrupted += 1,
            Some(error) => *self.errors.entry(error as i32).or_default() += 1,
        }
        self.round_trips_ns.extend(batch.round_trips_ns);
        self.executed = self.executed.max(batch.executed);
        made
    }

    /// Adds what another thread has.
    fn merge(&mut self, other: Self) {
        self.sent += other.sent;
        self.interrupted += other.interrupted;
        for (error, count) in other.errors {
            *self.errors.entry(error).or_default() += count;
        }
        self.round_trips_ns.extend(other.round_trips_ns);
        self.executed = self.executed.max(other.executed);
        self.elapsed = self.elapsed.max(other.elapsed);
        self.failure = self.failure.take().or(other.failure);
    }
}

/// What the threads share.
struct Shared {
    /// Requests that no thread has taken yet.
    left: AtomicU64,
    /// Those that were answered, for progress.
    answered: AtomicU64,
    /// Set by Ctrl-C.
    stop: Arc<AtomicBool>,
    /// Set by a thread that found that no more requests can be made.
    failed: AtomicBool,
    threads: u64,
    begun: Instant,
}

impl Shared {
    fn is_over(&self) -> bool {
        self.stop.load(Relaxed) || self.failed.load(Relaxed)
    }

    /// Takes at most `most` requests, fewer towards the end so that the threads end together.
    fn take(&self, most: u32) -> u32 {
        let share = |left: u64| {
            (left / (2 * self.threads))
                .max(1)
                .min(u64::from(most))
                .min(left)
        };
        let before = self
            .left
            .fetch_update(Relaxed, Relaxed, |left| Some(left - share(left)))
            .unwrap_or_default();
        share(before) as u32
    }

    /// One thread.
    fn work(&self, link: &impl Link) -> Outcome {
        let mut outcome = Outcome::default();
        let mut most = 1;
        while !self.is_over() {
            let count = self.take(most);
            if count == 0 {
                break;
            }
            let begun = Instant::now();
            let batch = match link.attempt(count) {
                Ok(batch) => batch,
                Err(failure) => {
                    self.failed.store(true, Relaxed);
                    outcome.failure = Some(failure);
                    break;
                }
            };
            let took = begun.elapsed();
            let failed = batch.error.is_some_and(|error| error != Errno::EINTR);
            self.answered
                .fetch_add(batch.round_trips_ns.len() as u64, Relaxed);
            let made = outcome.add(batch);
            // What was not tried is for whoever comes next.
            self.left
                .fetch_add(u64::from(count) - made.min(count.into()), Relaxed);
            most = match took {
                _ if failed => 1,
                _ if took * 2 < BATCH_TIME => most.saturating_mul(2).min(MAX_COUNT),
                _ if took > BATCH_TIME * 2 => (most / 2).max(1),
                _ => most,
            };
            if failed {
                self.pause(FAILURE_TIME.saturating_sub(took));
            }
        }
        outcome.elapsed = self.begun.elapsed();
        outcome
    }

    fn pause(&self, time: Duration) {
        let end = Instant::now() + time;
        while !self.is_over() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            thread::sleep(left.min(POLL));
        }
    }
}

/// Makes `count` requests over the links, each by a thread of its own, until `stop` is set; tells
/// `progress` now and then how many have been answered.
///
/// When `stop` is set by a signal's handler, the threads are sent SIGINT, which must have a handler.
pub fn drive<L: Link>(
    links: Vec<L>,
    count: u64,
    stop: Arc<AtomicBool>,
    mut progress: impl FnMut(u64),
) -> Outcome {
    let shared = Arc::new(Shared {
        left: AtomicU64::new(count),
        answered: AtomicU64::new(0),
        stop,
        failed: AtomicBool::new(false),
        threads: links.len().max(1) as u64,
        begun: Instant::now(),
    });
    let start = |link: L| {
        let shared = shared.clone();
        thread::spawn(move || shared.work(&link))
    };
    let threads: Vec<JoinHandle<Outcome>> = links.into_iter().map(start).collect();
    let mut shown = shared.begun;
    let mut pause = Duration::from_millis(1);
    while !threads.iter().all(JoinHandle::is_finished) {
        thread::sleep(pause);
        pause = (pause * 2).min(POLL);
        if shared.is_over() {
            for thread in threads.iter().filter(|thread| !thread.is_finished()) {
                // It may be waiting for an answer. If it has just ended there is nobody to wake.
                let _ = pthread_kill(thread.as_pthread_t(), Signal::SIGINT);
            }
        } else if shown.elapsed() >= PROGRESS {
            shown = Instant::now();
            progress(shared.answered.load(Relaxed));
        }
    }
    let mut outcome = Outcome::default();
    for thread in threads {
        match thread.join() {
            Ok(part) => outcome.merge(part),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    outcome
}

#[cfg(test)]
mod tests;
