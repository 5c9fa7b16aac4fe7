// SPDX-License-Identifier: GPL-2.0

//! Rows: where a call is made, and the notation of the tables.

use super::call::Call;

/// Where a call is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// By the body, natively.
    Local,
    /// By nobody: answered from what came with the image.
    Cached,
    /// By the deputy.
    Deputy(&'static Call),
    /// By the body, natively, unless a file is mapped where it points: then at home.
    Mapping,
    /// By the body, and home is told, or asked by this call: signals.
    Signal(Option<&'static Call>),
    /// By both, each its part: the beginning and the end of processes.
    Life,
    /// By the process, which goes home for it, for this reason.
    Home(&'static str),
    /// That depends on an argument.
    Pick(&'static Pick),
}

/// A call, or a command of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Number of the call or value of the command.
    pub(crate) number: u64,
    /// Its name, as the kernel's table or headers have it.
    pub(crate) name: &'static str,
    /// Where it is made.
    pub(crate) route: Route,
}

/// A choice between routes by an argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Pick {
    /// The argument.
    pub(crate) arg: u8,
    /// The bits of it that are compared.
    pub(crate) mask: u64,
    /// The values.
    pub(crate) rows: &'static [Row],
    /// What if it has none of them.
    pub(crate) other: Route,
}

impl Route {
    /// Decides by the arguments until nothing is left to decide.
    pub(crate) fn resolve(self, args: &[u64; 6]) -> Self {
        let mut route = self;
        while let Self::Pick(pick) = route {
            let arg = args.get(usize::from(pick.arg)).copied().unwrap_or(0);
            let value = arg & pick.mask;
            let row = pick.rows.iter().find(|row| row.number == value);
            route = row.map_or(pick.other, |row| row.route);
        }
        route
    }
}

/// The lower half of a register.
pub(crate) const LOW: u64 = 0xffff_ffff;

/// Rows, one to a line: `number name route;`.
///
/// The routes are `local`, `cached`, `mapping`, `signal`, `life`, `home: reason`, `pick: choice` and
/// `deputy [arguments] [properties]`, the properties only if there are some. A `signal` may say how home is
/// asked: `signal [arguments] [properties]`.
macro_rules! rows {
    ($($number:literal $name:ident $route:ident $([$($part:expr),* $(,)?])* $(: $detail:expr)?;)*) => {
        &[$($crate::migration::table::row::Row {
            number: $number,
            name: stringify!($name),
            route: $crate::migration::table::row::route!($route $([$($part),*])* $(: $detail)?),
        }),*]
    };
}

/// The route of a row.
macro_rules! route {
    (local) => { $crate::migration::table::row::Route::Local };
    (cached) => { $crate::migration::table::row::Route::Cached };
    (mapping) => { $crate::migration::table::row::Route::Mapping };
    (signal) => { $crate::migration::table::row::Route::Signal(None) };
    (signal [$($arg:expr),*] [$($property:expr),*]) => {
        $crate::migration::table::row::Route::Signal(Some(
            $crate::migration::table::row::call!([$($arg),*] [$($property),*])
        ))
    };
    (life) => { $crate::migration::table::row::Route::Life };
    (home: $reason:expr) => { $crate::migration::table::row::Route::Home($reason) };
    (pick: $pick:expr) => { $crate::migration::table::row::Route::Pick($pick) };
    (deputy [$($arg:expr),*]) => {
        $crate::migration::table::row::route!(deputy [$($arg),*] [])
    };
    (deputy [$($arg:expr),*] [$($property:expr),*]) => {
        $crate::migration::table::row::Route::Deputy(
            $crate::migration::table::row::call!([$($arg),*] [$($property),*])
        )
    };
}

/// A call with its properties.
macro_rules! call {
    ([$($arg:expr),*] [$($property:expr),*]) => {
        const {
            &$crate::migration::table::call::Call::new(const { &[$($arg),*] })
                $(.with($property))*
        }
    };
}

pub(crate) use {
    call,
    route,
    rows, //
};
