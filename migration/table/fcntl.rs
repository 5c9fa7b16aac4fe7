// SPDX-License-Identifier: GPL-2.0

//! Commands of `fcntl`.

use super::{
    notation::{
        both,
        input,
        output, //
        BLOCKS,
        FD,
        INT,
        LONG,
    },
    row::{
        rows, //
        Pick,
        Route,
        LOW,
    }, //
};

/// By the second argument. What the third is follows from it.
pub(super) const FCNTL: Pick = Pick {
    arg: 1,
    mask: LOW,
    rows: rows! {
        0    F_DUPFD            deputy [FD, INT, FD];
        1    F_GETFD            deputy [FD, INT];
        2    F_SETFD            deputy [FD, INT, LONG];
        3    F_GETFL            deputy [FD, INT];
        4    F_SETFL            deputy [FD, INT, LONG];
        5    F_GETLK            deputy [FD, INT, both(32)];
        6    F_SETLK            deputy [FD, INT, input(32)];
        7    F_SETLKW           deputy [FD, INT, input(32)] [BLOCKS];
        8    F_SETOWN           deputy [FD, INT, LONG];
        9    F_GETOWN           deputy [FD, INT];
        10   F_SETSIG           deputy [FD, INT, LONG];
        11   F_GETSIG           deputy [FD, INT];
        15   F_SETOWN_EX        deputy [FD, INT, input(8)];
        16   F_GETOWN_EX        deputy [FD, INT, output(8)];
        17   F_GETOWNER_UIDS    deputy [FD, INT, output(8)];
        36   F_OFD_GETLK        deputy [FD, INT, both(32)];
        37   F_OFD_SETLK        deputy [FD, INT, input(32)];
        38   F_OFD_SETLKW       deputy [FD, INT, input(32)] [BLOCKS];
        1024 F_SETLEASE         deputy [FD, INT, LONG];
        1025 F_GETLEASE         deputy [FD, INT];
        1026 F_NOTIFY           deputy [FD, INT, LONG];
        1027 F_DUPFD_QUERY      deputy [FD, INT, FD];
        1028 F_CREATED_QUERY    deputy [FD, INT];
        1030 F_DUPFD_CLOEXEC    deputy [FD, INT, FD];
        1031 F_SETPIPE_SZ       deputy [FD, INT, LONG];
        1032 F_GETPIPE_SZ       deputy [FD, INT];
        1033 F_ADD_SEALS        deputy [FD, INT, LONG];
        1034 F_GET_SEALS        deputy [FD, INT];
        1035 F_GET_RW_HINT      deputy [FD, INT, output(8)];
        1036 F_SET_RW_HINT      deputy [FD, INT, input(8)];
        1037 F_GET_FILE_RW_HINT deputy [FD, INT, output(8)];
        1038 F_SET_FILE_RW_HINT deputy [FD, INT, input(8)];
        1039 F_GETDELEG         deputy [FD, INT, both(8)];
        1040 F_SETDELEG         deputy [FD, INT, input(8)];
    },
    other: Route::Home("a command of fcntl without a row"),
};
