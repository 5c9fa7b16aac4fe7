// SPDX-License-Identifier: GPL-2.0

//! Commands of `ioctl`: those of terminals, sockets, regular files and block devices whose memory is known.

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

/// By the second argument. What is not here may follow pointers that nobody knows of.
pub(super) const IOCTL: Pick = Pick {
    arg: 1,
    mask: LOW,
    rows: rows! {
        0x2        FIGETBSZ           deputy [FD, INT, output(4)];
        0x1260     BLKGETSIZE         deputy [FD, INT, output(8)];
        0x1268     BLKSSZGET          deputy [FD, INT, output(4)];
        0x5401     TCGETS             deputy [FD, INT, output(36)];
        0x5402     TCSETS             deputy [FD, INT, input(36)] [BLOCKS];
        0x5403     TCSETSW            deputy [FD, INT, input(36)] [BLOCKS];
        0x5404     TCSETSF            deputy [FD, INT, input(36)] [BLOCKS];
        0x5405     TCGETA             deputy [FD, INT, output(18)];
        0x5406     TCSETA             deputy [FD, INT, input(18)] [BLOCKS];
        0x5407     TCSETAW            deputy [FD, INT, input(18)] [BLOCKS];
        0x5408     TCSETAF            deputy [FD, INT, input(18)] [BLOCKS];
        0x5409     TCSBRK             deputy [FD, INT, LONG] [BLOCKS];
        0x540a     TCXONC             deputy [FD, INT, LONG] [BLOCKS];
        0x540b     TCFLSH             deputy [FD, INT, LONG] [BLOCKS];
        0x540c     TIOCEXCL           deputy [FD, INT];
        0x540d     TIOCNXCL           deputy [FD, INT];
        0x540e     TIOCSCTTY          deputy [FD, INT, LONG];
        0x540f     TIOCGPGRP          deputy [FD, INT, output(4)];
        0x5410     TIOCSPGRP          deputy [FD, INT, input(4)] [BLOCKS];
        0x5411     TIOCOUTQ           deputy [FD, INT, output(4)];
        0x5412     TIOCSTI            deputy [FD, INT, input(1)];
        0x5413     TIOCGWINSZ         deputy [FD, INT, output(8)];
        0x5414     TIOCSWINSZ         deputy [FD, INT, input(8)];
        0x5415     TIOCMGET           deputy [FD, INT, output(4)];
        0x5416     TIOCMBIS           deputy [FD, INT, input(4)];
        0x5417     TIOCMBIC           deputy [FD, INT, input(4)];
        0x5418     TIOCMSET           deputy [FD, INT, input(4)];
        0x5419     TIOCGSOFTCAR       deputy [FD, INT, output(4)];
        0x541a     TIOCSSOFTCAR       deputy [FD, INT, input(4)];
        0x541b     FIONREAD           deputy [FD, INT, output(4)];
        0x541d     TIOCCONS           deputy [FD, INT];
        0x5420     TIOCPKT            deputy [FD, INT, input(4)];
        0x5421     FIONBIO            deputy [FD, INT, input(4)];
        0x5422     TIOCNOTTY          deputy [FD, INT];
        0x5423     TIOCSETD           deputy [FD, INT, input(4)] [BLOCKS];
        0x5424     TIOCGETD           deputy [FD, INT, output(4)];
        0x5425     TCSBRKP            deputy [FD, INT, LONG] [BLOCKS];
        0x5427     TIOCSBRK           deputy [FD, INT] [BLOCKS];
        0x5428     TIOCCBRK           deputy [FD, INT];
        0x5429     TIOCGSID           deputy [FD, INT, output(4)];
        0x5441     TIOCGPTPEER        deputy [FD, INT, LONG];
        0x5450     FIONCLEX           deputy [FD, INT];
        0x5451     FIOCLEX            deputy [FD, INT];
        0x5452     FIOASYNC           deputy [FD, INT, input(4)];
        0x5460     FIOQSIZE           deputy [FD, INT, output(8)];
        0x8901     FIOSETOWN          deputy [FD, INT, input(4)];
        0x8902     SIOCSPGRP          deputy [FD, INT, input(4)];
        0x8903     FIOGETOWN          deputy [FD, INT, output(4)];
        0x8904     SIOCGPGRP          deputy [FD, INT, output(4)];
        0x8905     SIOCATMARK         deputy [FD, INT, output(4)];
        0x8906     SIOCGSTAMP         deputy [FD, INT, output(16)];
        0x8910     SIOCGIFNAME        deputy [FD, INT, both(40)];
        0x8913     SIOCGIFFLAGS       deputy [FD, INT, both(40)];
        0x8915     SIOCGIFADDR        deputy [FD, INT, both(40)];
        0x8917     SIOCGIFDSTADDR     deputy [FD, INT, both(40)];
        0x8919     SIOCGIFBRDADDR     deputy [FD, INT, both(40)];
        0x891b     SIOCGIFNETMASK     deputy [FD, INT, both(40)];
        0x891d     SIOCGIFMETRIC      deputy [FD, INT, both(40)];
        0x8921     SIOCGIFMTU         deputy [FD, INT, both(40)];
        0x8927     SIOCGIFHWADDR      deputy [FD, INT, both(40)];
        0x8933     SIOCGIFINDEX       deputy [FD, INT, both(40)];
        0x8942     SIOCGIFTXQLEN      deputy [FD, INT, both(40)];
        0x40045431 TIOCSPTLCK         deputy [FD, INT, input(4)];
        0x40049409 FICLONE            deputy [FD, INT, FD];
        0x40086602 FS_IOC_SETFLAGS    deputy [FD, INT, input(8)];
        0x401c5820 FS_IOC_FSSETXATTR  deputy [FD, INT, input(28)];
        0x4020940d FICLONERANGE       deputy [FD, INT, input(32)];
        0x402c542b TCSETS2            deputy [FD, INT, input(44)] [BLOCKS];
        0x402c542c TCSETSW2           deputy [FD, INT, input(44)] [BLOCKS];
        0x402c542d TCSETSF2           deputy [FD, INT, input(44)] [BLOCKS];
        0x80045430 TIOCGPTN           deputy [FD, INT, output(4)];
        0x80045432 TIOCGDEV           deputy [FD, INT, output(4)];
        0x80045438 TIOCGPKT           deputy [FD, INT, output(4)];
        0x80045439 TIOCGPTLCK         deputy [FD, INT, output(4)];
        0x80045440 TIOCGEXCL          deputy [FD, INT, output(4)];
        0x80081272 BLKGETSIZE64       deputy [FD, INT, output(8)];
        0x80086601 FS_IOC_GETFLAGS    deputy [FD, INT, both(8)];
        0x80087601 FS_IOC_GETVERSION  deputy [FD, INT, both(8)];
        0x801c581f FS_IOC_FSGETXATTR  deputy [FD, INT, output(28)];
        0x802c542a TCGETS2            deputy [FD, INT, output(44)];
    },
    other: Route::Home("a command of ioctl without a row"),
};
