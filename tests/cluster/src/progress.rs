// SPDX-License-Identifier: GPL-2.0
//! What a long operation does and how long it took, on standard error.

use std::{
    io::{IsTerminal, Write},
    time::Instant,
};

/// One step under way. On a terminal its line is completed in place; otherwise only the completed
/// line is printed.
#[derive(Debug)]
pub struct Step {
    what: String,
    start: Instant,
    silent: bool,
    finished: bool,
}

impl Step {
    /// Announces a step.
    pub fn begin(what: impl Into<String>) -> Self {
        let step = Self {
            what: what.into(),
            start: Instant::now(),
            silent: false,
            finished: false,
        };
        if std::io::stderr().is_terminal() {
            eprint!("{} ...", step.what);
            let _ = std::io::stderr().flush();
        }
        step
    }

    /// A step that nobody is to see.
    pub fn silent() -> Self {
        Self {
            what: String::new(),
            start: Instant::now(),
            silent: true,
            finished: false,
        }
    }

    /// Completes the step; `result` says what came out of it.
    pub fn done(mut self, result: &str) {
        self.finish(result);
    }

    /// Seconds since the step began.
    pub fn seconds(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    fn finish(&mut self, result: &str) {
        self.finished = true;
        if self.silent {
            return;
        }
        let clear = if std::io::stderr().is_terminal() {
            "\r\x1b[K"
        } else {
            ""
        };
        eprintln!(
            "{clear}{} ... {result} ({:.1} s)",
            self.what,
            self.seconds()
        );
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        if !self.finished {
            self.finish("failed");
        }
    }
}
