// SPDX-License-Identifier: GPL-2.0

//! Calls on names of files.

use super::{
    call::Arg,
    notation::{
        at_most,
        both,
        data_both,
        data_in,
        data_out,
        input,
        output,
        BLOCKS,
        FD,
        INT,
        LONG,
        NATIVE,
        PATH, //
    },
    row::{
        rows, //
        Row,
    }, //
};

/// Longest name of an extended attribute, its NUL included.
const ATTRIBUTE: Arg = Arg::Text(256);

/// Value of an extended attribute or a list of them: the kernel takes and gives no more.
const fn value(arg: Arg) -> Arg {
    at_most(arg, 65536)
}

/// A struct that grows with the kernel: its size is an argument, and a page at most.
const fn sized(arg: Arg) -> Arg {
    at_most(arg, 4096)
}

/// They are made in the directories and with the umask of home.
pub(super) const ROWS: &[Row] = rows! {
    2   open                deputy [PATH, INT, INT] [BLOCKS];
    4   stat                deputy [PATH, output(144)];
    5   fstat               deputy [FD, output(144)];
    6   lstat               deputy [PATH, output(144)];
    21  access              deputy [PATH, INT];
    76  truncate            deputy [PATH, LONG];
    79  getcwd              deputy [at_most(data_out(1), 4096), LONG];
    80  chdir               deputy [PATH];
    81  fchdir              deputy [FD];
    82  rename              deputy [PATH, PATH];
    83  mkdir               deputy [PATH, INT];
    84  rmdir               deputy [PATH];
    85  creat               deputy [PATH, INT] [BLOCKS];
    86  link                deputy [PATH, PATH];
    87  unlink              deputy [PATH];
    88  symlink             deputy [PATH, PATH];
    89  readlink            deputy [PATH, value(data_out(2)), INT];
    90  chmod               deputy [PATH, INT];
    91  fchmod              deputy [FD, INT];
    92  chown               deputy [PATH, INT, INT];
    93  fchown              deputy [FD, INT, INT];
    94  lchown              deputy [PATH, INT, INT];
    95  umask               deputy [INT] [NATIVE];
    132 utime               deputy [PATH, input(16)];
    133 mknod               deputy [PATH, INT, INT];
    136 ustat               deputy [INT, output(32)];
    137 statfs              deputy [PATH, output(120)];
    138 fstatfs             deputy [FD, output(120)];
    162 sync                deputy [];
    188 setxattr            deputy [PATH, ATTRIBUTE, value(data_in(3)), LONG, INT];
    189 lsetxattr           deputy [PATH, ATTRIBUTE, value(data_in(3)), LONG, INT];
    190 fsetxattr           deputy [FD, ATTRIBUTE, value(data_in(3)), LONG, INT];
    191 getxattr            deputy [PATH, ATTRIBUTE, value(data_out(3)), LONG];
    192 lgetxattr           deputy [PATH, ATTRIBUTE, value(data_out(3)), LONG];
    193 fgetxattr           deputy [FD, ATTRIBUTE, value(data_out(3)), LONG];
    194 listxattr           deputy [PATH, value(data_out(2)), LONG];
    195 llistxattr          deputy [PATH, value(data_out(2)), LONG];
    196 flistxattr          deputy [FD, value(data_out(2)), LONG];
    197 removexattr         deputy [PATH, ATTRIBUTE];
    198 lremovexattr        deputy [PATH, ATTRIBUTE];
    199 fremovexattr        deputy [FD, ATTRIBUTE];
    235 utimes              deputy [PATH, input(32)];
    253 inotify_init        deputy [];
    254 inotify_add_watch   deputy [FD, PATH, INT];
    255 inotify_rm_watch    deputy [FD, INT];
    257 openat              deputy [FD, PATH, INT, INT] [BLOCKS];
    258 mkdirat             deputy [FD, PATH, INT];
    259 mknodat             deputy [FD, PATH, INT, INT];
    260 fchownat            deputy [FD, PATH, INT, INT, INT];
    261 futimesat           deputy [FD, PATH, input(32)];
    262 newfstatat          deputy [FD, PATH, output(144), INT];
    263 unlinkat            deputy [FD, PATH, INT];
    264 renameat            deputy [FD, PATH, FD, PATH];
    265 linkat              deputy [FD, PATH, FD, PATH, INT];
    266 symlinkat           deputy [PATH, FD, PATH];
    267 readlinkat          deputy [FD, PATH, value(data_out(3)), INT];
    268 fchmodat            deputy [FD, PATH, INT];
    269 faccessat           deputy [FD, PATH, INT];
    280 utimensat           deputy [FD, PATH, input(32), INT];
    294 inotify_init1       deputy [INT];
    300 fanotify_init       deputy [INT, INT];
    301 fanotify_mark       deputy [FD, INT, LONG, FD, PATH];
    303 name_to_handle_at   deputy [FD, PATH, both(136), both(8), INT];
    304 open_by_handle_at   deputy [FD, input(136), INT] [BLOCKS];
    316 renameat2           deputy [FD, PATH, FD, PATH, INT];
    332 statx               deputy [FD, PATH, INT, INT, output(256)];
    437 openat2             deputy [FD, PATH, sized(data_in(3)), LONG] [BLOCKS];
    439 faccessat2          deputy [FD, PATH, INT, INT];
    452 fchmodat2           deputy [FD, PATH, INT, INT];
    463 setxattrat          home: "a value behind a pointer in a struct";
    464 getxattrat          home: "a value behind a pointer in a struct";
    465 listxattrat         deputy [FD, PATH, INT, value(data_out(4)), LONG];
    466 removexattrat       deputy [FD, PATH, INT, ATTRIBUTE];
    468 file_getattr        deputy [FD, PATH, sized(data_both(3)), LONG, INT];
    469 file_setattr        deputy [FD, PATH, sized(data_in(3)), LONG, INT];
};
