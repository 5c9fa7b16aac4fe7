// SPDX-License-Identifier: GPL-2.0

//! Calls on what is in open files.

use super::{
    notation::{
        both,
        data_in,
        data_out,
        fewer,
        input,
        iovec_in,
        iovec_out,
        output,
        pieces,
        pieces_at, //
        BLOCKS,
        FD,
        INT,
        LONG,
    },
    row::{
        rows, //
        Row,
    }, //
};

/// They are made where the files are: by the deputy. Offsets in memory of the caller go both ways.
pub(super) const ROWS: &[Row] = rows! {
    0   read                deputy [FD, data_out(2), LONG] [BLOCKS, pieces(2)];
    1   write               deputy [FD, data_in(2), LONG] [BLOCKS, pieces(2)];
    8   lseek               deputy [FD, LONG, INT];
    17  pread64             deputy [FD, data_out(2), LONG, LONG] [BLOCKS, pieces_at(2, 3)];
    18  pwrite64            deputy [FD, data_in(2), LONG, LONG] [BLOCKS, pieces_at(2, 3)];
    19  readv               deputy [FD, iovec_out(2), LONG] [BLOCKS, pieces(2)];
    20  writev              deputy [FD, iovec_in(2), LONG] [BLOCKS, pieces(2)];
    40  sendfile            deputy [FD, FD, both(8), LONG] [BLOCKS];
    73  flock               deputy [FD, INT] [BLOCKS];
    74  fsync               deputy [FD];
    75  fdatasync           deputy [FD];
    77  ftruncate           deputy [FD, LONG];
    78  getdents            deputy [FD, data_out(2), INT] [fewer(2)];
    187 readahead           deputy [FD, LONG, LONG];
    217 getdents64          deputy [FD, data_out(2), INT] [fewer(2)];
    221 fadvise64           deputy [FD, LONG, LONG, INT];
    275 splice              deputy [FD, both(8), FD, both(8), LONG, INT] [BLOCKS];
    276 tee                 deputy [FD, FD, LONG, INT] [BLOCKS];
    277 sync_file_range     deputy [FD, LONG, LONG, INT];
    278 vmsplice            home: "puts its own pages into a pipe";
    285 fallocate           deputy [FD, INT, LONG, LONG];
    295 preadv              deputy [FD, iovec_out(2), LONG, LONG, LONG] [BLOCKS, pieces_at(2, 3)];
    296 pwritev             deputy [FD, iovec_in(2), LONG, LONG, LONG] [BLOCKS, pieces_at(2, 3)];
    306 syncfs              deputy [FD];
    326 copy_file_range     deputy [FD, both(8), FD, both(8), LONG, INT];
    327 preadv2             deputy [FD, iovec_out(2), LONG, LONG, LONG, INT] [BLOCKS, pieces_at(2, 3)];
    328 pwritev2            deputy [FD, iovec_in(2), LONG, LONG, LONG, INT] [BLOCKS, pieces_at(2, 3)];
    451 cachestat           deputy [FD, input(16), output(40), INT];
};
