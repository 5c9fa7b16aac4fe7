// SPDX-License-Identifier: GPL-2.0
//! Programs in guests: status, output, input, users, time limits.

use std::time::Duration;

use mosix_cluster::testing::on_cluster;

use crate::eventually;

#[test]
fn exec_gives_status_and_both_outputs() {
    on_cluster(2, |c| {
        let out = c
            .node(1)
            .exec("echo to stdout; echo to stderr >&2; exit 7")?;
        assert_eq!(
            (out.status, &*out.stdout, &*out.stderr),
            (7, "to stdout\n", "to stderr\n")
        );
        assert_eq!(c.node(2).exec("hostname")?.stdout, "node2\n");
        assert_eq!(c.node(1).exec("kill -9 $$")?.status, 137);
        // No shell takes part here.
        assert_eq!(
            c.node(1).exec_args(["echo", "$HOME", "*"])?.stdout,
            "$HOME *\n"
        );
        assert_eq!(
            c.node(1)
                .command(["tr", "a-z", "A-Z"])
                .input("input")
                .run()?,
            "INPUT"
        );
        assert!(c.node(1).sh("false; echo not reached").is_err());
        let missing = c.node(1).exec_args(["/no/such/program"])?;
        assert!(
            !missing.success() && missing.stderr.contains("/no/such/program"),
            "{missing:?}"
        );
        Ok(())
    });
}

#[test]
fn exec_is_another_user_when_told() {
    on_cluster(2, |c| {
        assert_eq!(c.node(1).command(["id", "-un"]).user("user").run()?, "user");
        assert_eq!(c.node(1).command(["id", "-u"]).run()?, "0");
        assert!(!c
            .node(1)
            .command(["cat", "/etc/shadow"])
            .user("user")
            .output()?
            .success());
        Ok(())
    });
}

#[test]
fn exec_kills_what_takes_too_long() {
    on_cluster(2, |c| {
        let slow = c
            .node(1)
            .command(["bash", "-c", "sleep 98765 & sleep 98765"])
            .limit(Duration::from_secs(1));
        let error = slow.output().unwrap_err().to_string();
        assert!(error.contains("did not end"), "{error}");
        eventually("the program's children are gone, too", || {
            Ok(!c.node(1).exec("pgrep -f 'sleep 9876[5]'")?.success())
        })
    });
}

#[test]
fn output_streams_while_the_program_runs() {
    on_cluster(2, |c| {
        let mut process = c.node(1).spawn("echo first; echo oops >&2; sleep 600")?;
        eventually("output arrives before the program ends", || {
            let out = process.output_so_far()?;
            Ok(out.stdout == "first\n" && out.stderr == "oops\n")
        })?;
        assert_eq!(process.try_wait()?, None);
        process.kill("TERM")?;
        assert_eq!(process.wait()?.status, 128 + 15);
        Ok(())
    });
}

#[test]
fn input_streams_to_the_running_program() {
    on_cluster(2, |c| {
        let mut process = c.node(1).command(["sed", "-u", "s/^/got /"]).spawn_fed()?;
        process.feed(b"one\n")?;
        eventually("the answer to the first line", || {
            Ok(process.output_so_far()?.stdout == "got one\n")
        })?;
        process.feed(b"two\n")?;
        eventually("the answer to the second", || {
            Ok(process.output_so_far()?.stdout.ends_with("got two\n"))
        })?;
        process.end_input()?;
        let out = process.wait()?;
        assert_eq!((out.status, &*out.stdout), (0, "got one\ngot two\n"));
        eventually("its files in the guest are gone", || {
            Ok(c.node(1).exec("ls /run/node")?.stdout.is_empty())
        })
    });
}

#[test]
fn much_output_arrives_complete() {
    on_cluster(2, |c| {
        // More than is given back to the guest's memory in one step.
        let bytes = 20 << 20;
        let mut process = c.node(1).spawn(&format!("yes | head -c {bytes}"))?;
        let mut count = 0;
        let status = process.forward(|stream, data| {
            assert_eq!(stream, 1, "{}", String::from_utf8_lossy(data));
            count += data.len();
            Ok(())
        })?;
        assert_eq!((status, count), (0, bytes));
        Ok(())
    });
}

#[test]
fn several_programs_run_on_one_node_at_once() {
    on_cluster(2, |c| {
        let mut long = c.node(1).spawn("sleep 600")?;
        std::thread::scope(|scope| -> anyhow::Result<()> {
            let both: Vec<_> = ["one", "two", "three"]
                .map(|word| (word, c.node(1)))
                .into_iter()
                .map(|(word, node)| {
                    scope.spawn(move || (word, node.exec(&format!("sleep 0.2; echo {word}"))))
                })
                .collect();
            for thread in both {
                let (word, out) = thread.join().unwrap();
                assert_eq!(out?.stdout.trim(), word);
            }
            Ok(())
        })?;
        assert_eq!(long.try_wait()?, None);
        Ok(())
    });
}
