// SPDX-License-Identifier: GPL-2.0

//! The heartbeat thread: lets time pass for all peers and for the door.

use kernel::{
    new_condvar,
    new_mutex,
    prelude::*,
    sync::{
        atomic::{
            Atomic,
            Relaxed, //
        },
        Arc,
        CondVar,
        Mutex, //
    },
    time::msecs_to_jiffies, //
};

use super::{
    door::Door,
    roster::Roster, //
};
use crate::linux::{
    clock,
    kthread::KThread, //
};

/// Shortest and longest pause between two beats, in milliseconds.
const PAUSE_MS: core::ops::RangeInclusive<u32> = 10..=100;

/// What the thread and its owner share.
#[pin_data]
pub(crate) struct Beat {
    #[pin]
    stopped: Mutex<bool>,
    #[pin]
    wake: CondVar,
    pause_ms: Atomic<u32>,
}

impl Beat {
    /// A heart that is to beat often enough for the given heartbeat, in milliseconds.
    pub(crate) fn new(heartbeat_ms: u32) -> Result<Arc<Self>> {
        let beat = Arc::pin_init(
            pin_init!(Self {
                stopped <- new_mutex!(false, "mosix::Beat::stopped"),
                wake <- new_condvar!("mosix::Beat::wake"),
                pause_ms: Atomic::new(*PAUSE_MS.start()),
            }),
            GFP_KERNEL,
        )?;
        beat.set_heartbeat(heartbeat_ms);
        Ok(beat)
    }

    /// Another heartbeat, in milliseconds.
    pub(crate) fn set_heartbeat(&self, heartbeat_ms: u32) {
        let pause = (heartbeat_ms / 4).clamp(*PAUSE_MS.start(), *PAUSE_MS.end());
        self.pause_ms.store(pause, Relaxed);
    }

    /// Starts the thread.
    pub(crate) fn start(self: &Arc<Self>, roster: Arc<Roster>, door: Arc<Door>) -> Result<KThread> {
        let beat = self.clone();
        KThread::spawn(fmt!("mosix_beat"), move || {
            while beat.rest() {
                let now = clock::boottime_ns();
                roster.for_each(|peer| peer.beat(now));
                door.expire(now);
                roster.common().workers.trim(now);
            }
        })
    }

    /// Waits for the next beat; false when there is none.
    fn rest(&self) -> bool {
        let pause = msecs_to_jiffies(self.pause_ms.load(Relaxed)).max(1);
        let mut stopped = self.stopped.lock();
        if !*stopped {
            let _ = self.wake.wait_interruptible_timeout(&mut stopped, pause);
        }
        !*stopped
    }

    /// Tells the thread to end.
    pub(crate) fn stop(&self) {
        *self.stopped.lock() = true;
        self.wake.notify_all();
    }
}
