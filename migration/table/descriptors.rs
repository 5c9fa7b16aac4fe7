// SPDX-License-Identifier: GPL-2.0

//! Calls on file descriptors, and those that wait for several.

use super::{
    call::Arg,
    notation::{
        fd_set,
        fewer,
        input,
        items_both,
        items_out,
        output,
        BLOCKS,
        FD,
        INT,
        LONG,
        SIGINFO,
        SIGSET,
        TIMEOUT, //
        TIMESPEC,
    },
    row::{
        rows, //
        Row,
    }, //
};

/// They are made on the descriptors of home.
pub(super) const ROWS: &[Row] = rows! {
    3   close               deputy [FD];
    7   poll                deputy [items_both(1, 8), INT, INT] [BLOCKS];
    16  ioctl               pick: &super::ioctl::IOCTL;
    22  pipe                deputy [output(8)];
    23  select              deputy [INT, fd_set(0), fd_set(0), fd_set(0), TIMEOUT] [BLOCKS];
    32  dup                 deputy [FD];
    33  dup2                deputy [FD, FD];
    72  fcntl               pick: &super::fcntl::FCNTL;
    213 epoll_create        deputy [INT];
    232 epoll_wait          deputy [FD, items_out(2, 12), INT, INT] [BLOCKS, fewer(2)];
    233 epoll_ctl           deputy [FD, INT, FD, input(12)];
    270 pselect6            deputy [INT, fd_set(0), fd_set(0), fd_set(0), TIMEOUT, Arg::SigsetPointer] [BLOCKS];
    271 ppoll               deputy [items_both(1, 8), INT, TIMEOUT, SIGSET, LONG] [BLOCKS];
    281 epoll_pwait         deputy [FD, items_out(2, 12), INT, INT, SIGSET, LONG] [BLOCKS, fewer(2)];
    282 signalfd            deputy [FD, SIGSET, LONG];
    283 timerfd_create      deputy [INT, INT];
    284 eventfd             deputy [INT];
    286 timerfd_settime     deputy [FD, INT, input(32), output(32)];
    287 timerfd_gettime     deputy [FD, output(32)];
    289 signalfd4           deputy [FD, SIGSET, LONG, INT];
    290 eventfd2            deputy [INT, INT];
    291 epoll_create1       deputy [INT];
    292 dup3                deputy [FD, FD, INT];
    293 pipe2               deputy [output(8), INT];
    319 memfd_create        deputy [Arg::Text(250), INT];
    424 pidfd_send_signal   deputy [FD, INT, SIGINFO, INT];
    434 pidfd_open          deputy [INT, INT];
    436 close_range         deputy [INT, INT, INT];
    438 pidfd_getfd         deputy [FD, FD, INT];
    441 epoll_pwait2        deputy [FD, items_out(2, 12), INT, TIMESPEC, SIGSET, LONG] [BLOCKS, fewer(2)];
};
