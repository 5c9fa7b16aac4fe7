// SPDX-License-Identifier: GPL-2.0

//! System V IPC and POSIX message queues.

use super::{
    notation::{
        data_in,
        data_out,
        input,
        items_in,
        message_in,
        message_out,
        output, //
        BLOCKS,
        FD,
        INT,
        LONG,
        PATH,
        TIMESPEC,
    },
    row::{
        rows, //
        Pick,
        Route,
        Row,
        LOW,
    }, //
};

/// Queues and semaphores are those of home; shared memory is for home alone.
pub(super) const ROWS: &[Row] = rows! {
    29  shmget              deputy [INT, LONG, INT];
    30  shmat               home: "maps shared memory";
    31  shmctl              pick: &SHMCTL;
    64  semget              deputy [INT, INT, INT];
    65  semop               deputy [INT, items_in(2, 6), INT] [BLOCKS];
    66  semctl              pick: &SEMCTL;
    67  shmdt               home: "unmaps shared memory";
    68  msgget              deputy [INT, INT];
    69  msgsnd              deputy [INT, message_in(2), LONG, INT] [BLOCKS];
    70  msgrcv              deputy [INT, message_out(2), LONG, LONG, INT] [BLOCKS];
    71  msgctl              pick: &MSGCTL;
    220 semtimedop          deputy [INT, items_in(2, 6), INT, TIMESPEC] [BLOCKS];
    240 mq_open             deputy [PATH, INT, INT, input(64)];
    241 mq_unlink           deputy [PATH];
    242 mq_timedsend        deputy [FD, data_in(2), LONG, INT, TIMESPEC] [BLOCKS];
    243 mq_timedreceive     deputy [FD, data_out(2), LONG, output(4), TIMESPEC] [BLOCKS];
    244 mq_notify           home: "a notification may be a message with a cookie in memory";
    245 mq_getsetattr       deputy [FD, input(64), output(64)];
};

/// By command.
const SHMCTL: Pick = Pick {
    arg: 1,
    mask: LOW,
    rows: rows! {
        0   IPC_RMID            deputy [INT, INT];
        1   IPC_SET             deputy [INT, INT, input(112)];
        2   IPC_STAT            deputy [INT, INT, output(112)];
        3   IPC_INFO            deputy [INT, INT, output(72)];
        11  SHM_LOCK            deputy [INT, INT];
        12  SHM_UNLOCK          deputy [INT, INT];
        13  SHM_STAT            deputy [INT, INT, output(112)];
        14  SHM_INFO            deputy [INT, INT, output(48)];
        15  SHM_STAT_ANY        deputy [INT, INT, output(112)];
    },
    other: Route::Home("a command of shmctl without a row"),
};

/// By command. Those for all semaphores of a set have arrays whose length only home knows.
const SEMCTL: Pick = Pick {
    arg: 2,
    mask: LOW,
    rows: rows! {
        0   IPC_RMID            deputy [INT, INT, INT];
        1   IPC_SET             deputy [INT, INT, INT, input(104)];
        2   IPC_STAT            deputy [INT, INT, INT, output(104)];
        3   IPC_INFO            deputy [INT, INT, INT, output(40)];
        11  GETPID              deputy [INT, INT, INT];
        12  GETVAL              deputy [INT, INT, INT];
        14  GETNCNT             deputy [INT, INT, INT];
        15  GETZCNT             deputy [INT, INT, INT];
        16  SETVAL              deputy [INT, INT, INT, LONG];
        18  SEM_STAT            deputy [INT, INT, INT, output(104)];
        19  SEM_INFO            deputy [INT, INT, INT, output(40)];
        20  SEM_STAT_ANY        deputy [INT, INT, INT, output(104)];
    },
    other: Route::Home("all semaphores of a set"),
};

/// By command.
const MSGCTL: Pick = Pick {
    arg: 1,
    mask: LOW,
    rows: rows! {
        0   IPC_RMID            deputy [INT, INT];
        1   IPC_SET             deputy [INT, INT, input(120)];
        2   IPC_STAT            deputy [INT, INT, output(120)];
        3   IPC_INFO            deputy [INT, INT, output(32)];
        11  MSG_STAT            deputy [INT, INT, output(120)];
        12  MSG_INFO            deputy [INT, INT, output(32)];
        13  MSG_STAT_ANY        deputy [INT, INT, output(120)];
    },
    other: Route::Home("a command of msgctl without a row"),
};
