// SPDX-License-Identifier: GPL-2.0

//! Calls on sockets.

use super::{
    call::{
        Arg,
        Dir, //
    },
    notation::{
        at_most,
        both,
        data_in,
        data_out,
        fewer,
        output,
        pieces,
        sized_both,
        sized_out,
        sockaddr_in,
        BLOCKS,
        FD,
        INT,
        LONG,
        TIMESPEC_REST, //
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

/// They are made on the sockets of home, so that connections live on.
pub(super) const ROWS: &[Row] = rows! {
    41  socket              deputy [INT, INT, INT];
    42  connect             deputy [FD, sockaddr_in(2), INT] [BLOCKS];
    43  accept              deputy [FD, sockaddr_out(2), both(4)] [BLOCKS];
    44  sendto              deputy [FD, data_in(2), LONG, INT, sockaddr_in(5), INT] [BLOCKS, pieces(2)];
    45  recvfrom            deputy [FD, data_out(2), LONG, INT, sockaddr_out(5), both(4)] [BLOCKS, fewer(2)];
    46  sendmsg             deputy [FD, Arg::Msghdr(Dir::In), INT] [BLOCKS];
    47  recvmsg             deputy [FD, Arg::Msghdr(Dir::Out), INT] [BLOCKS];
    48  shutdown            deputy [FD, INT];
    49  bind                deputy [FD, sockaddr_in(2), INT];
    50  listen              deputy [FD, INT];
    51  getsockname         deputy [FD, sockaddr_out(2), both(4)];
    52  getpeername         deputy [FD, sockaddr_out(2), both(4)];
    53  socketpair          deputy [INT, INT, INT, output(8)];
    54  setsockopt          pick: &SET_LEVEL;
    55  getsockopt          pick: &GET_LEVEL;
    288 accept4             deputy [FD, sockaddr_out(2), both(4), INT] [BLOCKS];
    299 recvmmsg            deputy [FD, Arg::Mmsghdr { dir: Dir::Out, count: 2 }, INT, INT, TIMESPEC_REST] [BLOCKS];
    307 sendmmsg            deputy [FD, Arg::Mmsghdr { dir: Dir::In, count: 2 }, INT, INT] [BLOCKS];
};

/// An address of a socket to be written, its size at an argument; none is longer.
const fn sockaddr_out(arg: u8) -> Arg {
    at_most(sized_out(arg), 128)
}

/// `setsockopt` with a value that has no pointers.
const SET: Route = route!(deputy [FD, INT, INT, data_in(4), INT]);
/// `getsockopt` likewise.
const GET: Route = route!(deputy [FD, INT, INT, sized_both(4), both(4)]);
/// Options that are programs or tables and have pointers in them.
const POINTERS: &str = "an option of a socket that holds pointers";

/// By level.
const SET_LEVEL: Pick = Pick {
    arg: 1,
    mask: LOW,
    rows: rows! {
        0   IPPROTO_IP          pick: &SET_IP;
        1   SOL_SOCKET          pick: &SET_SOCKET;
        6   IPPROTO_TCP         deputy [FD, INT, INT, data_in(4), INT];
        17  IPPROTO_UDP         deputy [FD, INT, INT, data_in(4), INT];
        41  IPPROTO_IPV6        pick: &SET_IP;
        270 SOL_NETLINK         deputy [FD, INT, INT, data_in(4), INT];
    },
    other: Route::Home("a level of socket options without a row"),
};

/// Of `SOL_SOCKET`.
const SET_SOCKET: Pick = Pick {
    arg: 2,
    mask: LOW,
    rows: rows! {
        26  SO_ATTACH_FILTER            home: POINTERS;
        51  SO_ATTACH_REUSEPORT_CBPF    home: POINTERS;
    },
    other: SET,
};

/// Of `IPPROTO_IP` and `IPPROTO_IPV6`: from 64 on they are netfilter's.
const SET_IP: Pick = Pick {
    arg: 2,
    mask: LOW & !63,
    rows: rows! {
        0   below_netfilter     deputy [FD, INT, INT, data_in(4), INT];
    },
    other: Route::Home(POINTERS),
};

/// By level.
const GET_LEVEL: Pick = Pick {
    arg: 1,
    mask: LOW,
    rows: rows! {
        0   IPPROTO_IP          pick: &GET_IP;
        1   SOL_SOCKET          pick: &GET_SOCKET;
        6   IPPROTO_TCP         pick: &GET_TCP;
        17  IPPROTO_UDP         deputy [FD, INT, INT, sized_both(4), both(4)];
        41  IPPROTO_IPV6        pick: &GET_IP;
        270 SOL_NETLINK         deputy [FD, INT, INT, sized_both(4), both(4)];
    },
    other: Route::Home("a level of socket options without a row"),
};

/// Of `SOL_SOCKET`.
const GET_SOCKET: Pick = Pick {
    arg: 2,
    mask: LOW,
    rows: rows! {
        26  SO_GET_FILTER       home: "an option of a socket whose length is no number of bytes";
    },
    other: GET,
};

/// Of `IPPROTO_TCP`.
const GET_TCP: Pick = Pick {
    arg: 2,
    mask: LOW,
    rows: rows! {
        35  TCP_ZEROCOPY_RECEIVE    home: POINTERS;
    },
    other: GET,
};

/// Of `IPPROTO_IP` and `IPPROTO_IPV6`.
const GET_IP: Pick = Pick {
    arg: 2,
    mask: LOW & !63,
    rows: rows! {
        0   below_netfilter     deputy [FD, INT, INT, sized_both(4), both(4)];
    },
    other: Route::Home(POINTERS),
};
