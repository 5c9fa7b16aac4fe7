// SPDX-License-Identifier: GPL-2.0
//! Threads that share requests, on links that do not go anywhere.

use super::*;
use crate::failure::Exit;
use std::sync::Mutex;

/// A link that answers like one that counts.
#[derive(Default)]
struct Counting {
    executed: Arc<AtomicU64>,
    asked: Arc<Mutex<Vec<u32>>>,
    delay: Duration,
}

impl Link for Counting {
    fn attempt(&self, count: u32) -> Result<Batch> {
        self.asked.lock().unwrap().push(count);
        thread::sleep(self.delay);
        let before = self.executed.fetch_add(count.into(), Relaxed);
        Ok(Batch {
            round_trips_ns: vec![1_000; count as usize],
            error: None,
            executed: before + u64::from(count),
        })
    }
}

/// A link that does what the function says.
struct Scripted<F>(F);

impl<F: Fn(u32) -> Result<Batch> + Send + 'static> Link for Scripted<F> {
    fn attempt(&self, count: u32) -> Result<Batch> {
        self.0(count)
    }
}

/// A stop flag; SIGINT, which wakes those who wait, does not end the process.
fn stop() -> Arc<AtomicBool> {
    signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::default()).unwrap();
    Arc::default()
}

#[test]
fn every_request_is_made_once() {
    for threads in [1, 3, 8] {
        let (executed, asked) = (
            Arc::<AtomicU64>::default(),
            Arc::<Mutex<Vec<u32>>>::default(),
        );
        let link = |_| Counting {
            executed: executed.clone(),
            asked: asked.clone(),
            delay: Duration::ZERO,
        };
        let count = 30_000;
        let outcome = drive((0..threads).map(link).collect(), count, stop(), |_| ());
        assert_eq!((outcome.sent, outcome.answered()), (count, count));
        assert_eq!(outcome.executed, count);
        assert_eq!(executed.load(Relaxed), count);
        assert!(outcome.errors.is_empty() && outcome.interrupted == 0);
        assert!(outcome.failure.is_none() && !outcome.elapsed.is_zero());
        let asked = asked.lock().unwrap();
        assert!(asked.iter().all(|asked| (1..=MAX_COUNT).contains(asked)));
        assert!(asked.len() < 1_000, "the batches did not grow");
    }
}

#[test]
fn slow_requests_are_made_in_small_batches() {
    let link = Counting {
        delay: BATCH_TIME * 3,
        ..Counting::default()
    };
    let asked = link.asked.clone();
    drive(vec![link], 4, stop(), |_| ());
    assert_eq!(*asked.lock().unwrap(), [1, 1, 1, 1]);
}

#[test]
fn after_an_error_the_rest_is_still_made() {
    let calls = AtomicU64::new(0);
    let link = Scripted(move |count: u32| {
        let failed = calls.fetch_add(1, Relaxed) % 2 == 1;
        let answered = if failed { count - 1 } else { count };
        Ok(Batch {
            round_trips_ns: vec![5; answered as usize],
            error: failed.then_some(Errno::ETIMEDOUT),
            executed: 0,
        })
    });
    let outcome = drive(vec![link], 10, stop(), |_| ());
    assert_eq!(outcome.sent, 10);
    let errors = outcome.errors[&(Errno::ETIMEDOUT as i32)];
    assert!(errors > 0);
    assert_eq!(outcome.answered() + errors, 10);
    assert!(
        outcome.elapsed >= FAILURE_TIME,
        "it did not wait before it tried again"
    );
}

#[test]
fn a_link_that_is_gone_ends_all_threads() {
    let link = |number| {
        Scripted(move |count| {
            if number == 0 {
                return Err(Failure::new(Exit::NotUp, "gone"));
            }
            thread::sleep(Duration::from_millis(1));
            Ok(Batch {
                round_trips_ns: vec![1; count as usize],
                ..Batch::default()
            })
        })
    };
    let outcome = drive((0..2).map(link).collect(), u64::MAX / 2, stop(), |_| ());
    assert_eq!(outcome.failure.unwrap().exit, Exit::NotUp);
    assert_eq!(outcome.sent, outcome.round_trips_ns.len() as u64);
}

#[test]
fn a_stop_interrupts_those_who_wait() {
    let stop = stop();
    let link = {
        let stop = stop.clone();
        Scripted(move |_| {
            stop.store(true, Relaxed);
            // Waits like the ioctl does: until a signal comes.
            nix::unistd::pause();
            Ok(Batch {
                error: Some(Errno::EINTR),
                ..Batch::default()
            })
        })
    };
    let outcome = drive(vec![link], 100, stop, |_| ());
    assert_eq!(
        (outcome.sent, outcome.interrupted, outcome.answered()),
        (1, 1, 0)
    );
    assert!(outcome.errors.is_empty());
}
