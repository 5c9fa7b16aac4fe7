// SPDX-License-Identifier: GPL-2.0
//! Failures of the command: what went wrong, what to do about it, and the exit status.

use std::{
    fmt,
    io::{self, Write as _},
    process::ExitCode,
};

/// Exit statuses of the command, as documented in mosix(8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Something failed that none of the others is for.
    Failure = 1,
    /// The command line, the configuration or the key file is wrong.
    Config = 2,
    /// The module is not loaded and could not be loaded.
    NoModule = 3,
    /// The caller may not do that.
    NotPermitted = 4,
    /// The node is not up, or peers that were waited for are missing.
    NotUp = 5,
    /// The command and the module are of different versions.
    Version = 6,
}

impl Exit {
    /// All exit statuses but success, with the words that mosix(8) has for them.
    pub const TABLE: [(Exit, &'static str); 6] = [
        (
            Exit::Failure,
            "Failure: something failed that none of the following is for.",
        ),
        (
            Exit::Config,
            "The command line, the configuration or the key file is wrong.",
        ),
        (
            Exit::NoModule,
            "The module is not loaded and could not be loaded.",
        ),
        (Exit::NotPermitted, "The caller may not do that (root may)."),
        (
            Exit::NotUp,
            "The node is not up, or peers that were waited for are missing.",
        ),
        (
            Exit::Version,
            "The command and the loaded module are of different versions.",
        ),
    ];
}

/// A failure that ends the command.
#[derive(Debug)]
pub struct Failure {
    /// The exit status.
    pub exit: Exit,
    /// What went wrong, and where.
    pub cause: String,
    /// What to do about it.
    pub cure: Option<String>,
}

/// The result of everything in the command that can fail.
pub type Result<T = ()> = std::result::Result<T, Failure>;

impl Failure {
    /// A failure whose cause says it all.
    pub fn new(exit: Exit, cause: impl Into<String>) -> Self {
        Self {
            exit,
            cause: cause.into(),
            cure: None,
        }
    }

    /// Adds what to do about it.
    pub fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }

    /// A failure of the operating system while doing `what`; `EACCES` and `EPERM` become
    /// [`Exit::NotPermitted`], everything else `exit`.
    pub fn io(exit: Exit, what: impl fmt::Display, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::PermissionDenied {
            Self::new(Exit::NotPermitted, format!("{what}: {error}")).cure("run it as root")
        } else {
            Self::new(exit, format!("{what}: {error}"))
        }
    }

    /// Says it on stderr and gives the exit status.
    pub fn report(&self) -> ExitCode {
        // A closed stderr must not turn the exit status into that of a panic.
        let _ = writeln!(io::stderr(), "{self}");
        ExitCode::from(self.exit as u8)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "mosix: {}", self.cause)?;
        if let Some(cure) = &self.cure {
            write!(f, "\nmosix: cure: {cure}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Failure {}
