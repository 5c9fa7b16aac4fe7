// SPDX-License-Identifier: GPL-2.0

//! Clocks, timers and sleep.

use super::{
    notation::{
        both,
        input,
        output, //
        BLOCKS,
        INT,
        TIMESPEC,
        TIMESPEC_REST,
    },
    row::{
        route,
        rows, //
        Pick,
        Route,
        Row,
        LOW,
    }, //
};

/// Clocks that go on are read where the process is, in its own time namespace. Clocks and timers of CPU
/// time count what was used at home and away, so home answers; it is told with each call how much that is.
/// Timers that send signals stay at home, except those that count the body's CPU time.
pub(super) const ROWS: &[Row] = rows! {
    35  nanosleep           local;
    36  getitimer           pick: &GETITIMER;
    37  alarm               deputy [INT];
    38  setitimer           pick: &SETITIMER;
    96  gettimeofday        local;
    98  getrusage           deputy [INT, output(144)];
    100 times               deputy [output(32)];
    159 adjtimex            deputy [both(208)];
    164 settimeofday        deputy [input(16), input(8)];
    201 time                local;
    222 timer_create        pick: &TIMER_CREATE;
    223 timer_settime       deputy [INT, INT, input(32), output(32)];
    224 timer_gettime       deputy [INT, output(32)];
    225 timer_getoverrun    deputy [INT];
    226 timer_delete        deputy [INT];
    227 clock_settime       deputy [INT, input(16)];
    228 clock_gettime       pick: &CLOCK_GETTIME;
    229 clock_getres        pick: &CLOCK_GETRES;
    230 clock_nanosleep     pick: &CLOCK_NANOSLEEP;
    305 clock_adjtime       deputy [INT, both(208)];
};

/// By timer.
const GETITIMER: Pick = Pick {
    arg: 0,
    mask: LOW,
    rows: rows! {
        0   ITIMER_REAL         deputy [INT, output(32)];
    },
    other: Route::Local,
};

/// By timer.
const SETITIMER: Pick = Pick {
    arg: 0,
    mask: LOW,
    rows: rows! {
        0   ITIMER_REAL         deputy [INT, input(32), output(32)];
    },
    other: Route::Local,
};

/// By clock: one that counts CPU time would stand still at home.
const TIMER_CREATE: Pick = Pick {
    arg: 0,
    mask: LOW,
    rows: rows! {
        0   CLOCK_REALTIME          deputy [INT, input(64), output(4)];
        1   CLOCK_MONOTONIC         deputy [INT, input(64), output(4)];
        7   CLOCK_BOOTTIME          deputy [INT, input(64), output(4)];
        8   CLOCK_REALTIME_ALARM    deputy [INT, input(64), output(4)];
        9   CLOCK_BOOTTIME_ALARM    deputy [INT, input(64), output(4)];
        11  CLOCK_TAI               deputy [INT, input(64), output(4)];
    },
    other: Route::Home("a timer of CPU time"),
};

/// By clock. Negative ones are those of processes and of devices.
const CLOCK_GETTIME: Pick = Pick {
    arg: 0,
    mask: LOW,
    rows: rows! {
        0   CLOCK_REALTIME          local;
        1   CLOCK_MONOTONIC         local;
        4   CLOCK_MONOTONIC_RAW     local;
        5   CLOCK_REALTIME_COARSE   local;
        6   CLOCK_MONOTONIC_COARSE  local;
        7   CLOCK_BOOTTIME          local;
        8   CLOCK_REALTIME_ALARM    local;
        9   CLOCK_BOOTTIME_ALARM    local;
        11  CLOCK_TAI               local;
    },
    other: route!(deputy [INT, output(16)]),
};

/// By clock.
const CLOCK_GETRES: Pick = Pick {
    arg: 0,
    mask: LOW,
    rows: rows! {
        0   CLOCK_REALTIME          local;
        1   CLOCK_MONOTONIC         local;
        4   CLOCK_MONOTONIC_RAW     local;
        5   CLOCK_REALTIME_COARSE   local;
        6   CLOCK_MONOTONIC_COARSE  local;
        7   CLOCK_BOOTTIME          local;
        11  CLOCK_TAI               local;
    },
    other: route!(deputy [INT, output(16)]),
};

/// By clock. Alarm clocks wake a node that sleeps: that of home.
const CLOCK_NANOSLEEP: Pick = Pick {
    arg: 0,
    mask: LOW,
    rows: rows! {
        0   CLOCK_REALTIME          local;
        1   CLOCK_MONOTONIC         local;
        7   CLOCK_BOOTTIME          local;
        11  CLOCK_TAI               local;
    },
    other: route!(deputy [INT, INT, TIMESPEC, TIMESPEC_REST] [BLOCKS]),
};
