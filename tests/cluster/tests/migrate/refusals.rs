// SPDX-License-Identifier: GPL-2.0
//! What cannot move says why and goes on undisturbed.

use anyhow::{ensure, Result};

use crate::world::{on_node, World};

/// Runs `code` as a Python program and asks it to move: it must be refused with `words` and end with
/// status 7 when told to.
fn refused(w: &World<'_>, code: &str, words: &str) -> Result<()> {
    let out = w.node.exec(&format!(
        r#"python3 -c "
import signal, sys, time
signal.signal(signal.SIGUSR1, lambda *_: sys.exit(7))
{code}
print('up', flush=True)
while True: time.sleep(0.01)" >/tmp/m/up 2>/tmp/m/err & p=$!
until grep -q up /tmp/m/up; do kill -0 $p || break; sleep 0.05; done
mosix migrate $p here 2>&1; echo "status $?"
kill -USR1 $p; wait $p; echo "end $?"; cat /tmp/m/err"#
    ))?;
    ensure!(
        out.stdout.contains(words)
            && out.stdout.contains("status 1")
            && out.stdout.contains("end 7"),
        "{words:?} expected, but: {}{}",
        out.stdout,
        out.stderr
    );
    Ok(())
}

#[test]
fn reasons() {
    on_node(|w| {
        for (code, words) in [
            (
                "import threading; threading.Thread(target=time.sleep, args=(1000,), daemon=True).start()",
                "several threads",
            ),
            ("import mmap; m = mmap.mmap(-1, 4096)", "others share"),
            (
                "import ctypes; b = ctypes.create_string_buffer(4096); ctypes.CDLL(None).mlockall(1)",
                "locks memory",
            ),
            (
                "import os; os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))",
                "real-time",
            ),
            (
                "import ctypes; ctypes.CDLL(None).prctl(65, 1, 0, 0, 0)",
                "PR_SET_MDWE",
            ),
            ("import os; os.unshare(os.CLONE_NEWUTS)", "namespace"),
            (
                "signal.signal(signal.SIGVTALRM, lambda *_: None); signal.setitimer(signal.ITIMER_VIRTUAL, 1000)",
                "CPU time",
            ),
        ] {
            refused(w, code, words)?;
        }
        Ok(())
    });
}

#[test]
fn others_and_what_is_not_there() {
    on_node(|w| {
        let out = w.node.exec(
            "sleep 100 & p=$!; sleep 0.2
setpriv --reuid 1001 --regid 1001 --clear-groups mosix migrate $p here; echo $?
mosix migrate 999999 here; echo $?
mosix migrate 1 here; echo $?
mosix migrate $p home; echo $?; kill $p",
        )?;
        let said = format!("{}{}", out.stdout, out.stderr);
        for words in [
            "belongs to somebody else",
            "there is no such process",
            "the first process",
            "is at home",
        ] {
            ensure!(said.contains(words), "{words:?} expected, but: {said}");
        }
        ensure!(
            out.stdout.split_whitespace().eq(["4", "1", "1", "1"]),
            "{said}"
        );
        Ok(())
    });
}
