// SPDX-License-Identifier: GPL-2.0
//! The workloads, each as steps in a fresh folder of a path.

use crate::{
    cells::{Unit, Work},
    path::Path,
    setup::{BIG_FILE, FOLDER},
};

/// PostMark's block sizes.
pub(crate) const BLOCKS: [u64; 7] = [64, 512, 1024, 2048, 4096, 8192, 16384];

/// Bytes per call when a file is read or written from its start to its end.
pub(crate) const STREAMS: [u64; 3] = [4 << 10, 64 << 10, 1 << 20];

/// Bytes per single call.
pub(crate) const CALL_BYTES: [u64; 2] = [64, 4096];

/// How much is done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    pub(crate) repetitions: u32,
    /// PostMark's files and transactions, the same for all paths.
    pub(crate) postmark: [u32; 2],
    /// The same where only the node that has the disk is compared.
    pub(crate) long_postmark: [u32; 2],
    /// Bytes of a file that is read or written.
    pub(crate) stream: u64,
    /// After that many milliseconds it is given up, and counts as far as it came.
    pub(crate) stream_ms: u32,
    /// Files for the metadata rates.
    pub(crate) files: u32,
    /// Calls timed one by one.
    pub(crate) calls: u32,
}

impl Scale {
    pub(crate) const FULL: Self = Self {
        repetitions: 3,
        postmark: [80, 240],
        long_postmark: [500, 2000],
        stream: 128 << 20,
        stream_ms: 1500,
        files: 150,
        calls: 5000,
    };

    /// To see whether it works.
    pub(crate) const QUICK: Self = Self {
        repetitions: 1,
        postmark: [30, 60],
        long_postmark: [100, 300],
        stream: 32 << 20,
        stream_ms: 500,
        files: 50,
        calls: 1000,
    };
}

/// The workloads' names.
pub(crate) fn postmark(bytes: u64) -> Work {
    Work {
        name: "postmark",
        bytes,
        unit: Unit::Run,
    }
}

pub(crate) fn long_postmark(bytes: u64) -> Work {
    Work {
        name: "postmark-long",
        bytes,
        unit: Unit::Run,
    }
}

pub(crate) fn stream(name: &'static str, bytes: u64) -> Work {
    Work {
        name,
        bytes,
        unit: Unit::Megabyte,
    }
}

pub(crate) fn call(name: &'static str, bytes: u64) -> Work {
    Work {
        name,
        bytes,
        unit: Unit::Call,
    }
}

/// A line for file-bench.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Not measured.
    Do(String),
    Measure(Work, String),
}

/// Makes the steps on a path, in a folder of that name which is there and empty.
type Steps = Box<dyn Fn(Path, &str) -> Vec<Step>>;

/// What is done on several paths in turn before anything else is.
pub(crate) struct Round {
    pub(crate) title: String,
    pub(crate) paths: &'static [Path],
    pub(crate) steps: Steps,
}

/// All rounds of a repetition.
pub(crate) fn rounds(scale: Scale) -> Vec<Round> {
    let mut rounds = Vec::new();
    for bytes in BLOCKS {
        rounds.push(Round {
            title: format!("PostMark, {bytes} bytes"),
            paths: &Path::COMPARED,
            steps: Box::new(move |_, dir| postmark_steps(postmark(bytes), scale.postmark, dir)),
        });
        rounds.push(Round {
            title: format!("PostMark, {bytes} bytes, on the serving node"),
            paths: &[Path::Local, Path::MfsHere],
            steps: Box::new(move |_, dir| {
                postmark_steps(long_postmark(bytes), scale.long_postmark, dir)
            }),
        });
    }
    for bytes in STREAMS {
        rounds.push(Round {
            title: format!("streams, {bytes} bytes"),
            paths: &Path::COMPARED,
            steps: Box::new(move |path, dir| stream_steps(path, bytes, scale, dir)),
        });
    }
    rounds.push(Round {
        title: "metadata".into(),
        paths: &Path::COMPARED,
        steps: Box::new(move |path, dir| metadata_steps(path, scale.files, dir)),
    });
    rounds.push(Round {
        title: "single calls".into(),
        paths: &Path::CALLS,
        steps: Box::new(move |_, dir| call_steps(scale.calls, dir)),
    });
    rounds
}

/// One run of Debian's program.
fn postmark_steps(work: Work, [files, transactions]: [u32; 2], dir: &str) -> Vec<Step> {
    let bytes = work.bytes;
    vec![
        Step::Do(format!(
            "printf '%s\\n' 'set size 500 10000' 'set number {files}' 'set transactions {transactions}' \
             'set seed 42' 'set read {bytes}' 'set write {bytes}' 'set buffering false' \
             'set location {dir}' run quit >/tmp/postmark"
        )),
        Step::Measure(work, "run postmark /tmp/postmark".into()),
    ]
}

/// A file that is written, and one of the server's that is read twice.
fn stream_steps(path: Path, bytes: u64, scale: Scale, dir: &str) -> Vec<Step> {
    let Scale {
        stream: total,
        stream_ms,
        ..
    } = scale;
    let read = format!(
        "read {}/{FOLDER}/{BIG_FILE} {bytes} {total} {stream_ms}",
        path.root()
    );
    let mut steps = vec![
        Step::Measure(
            stream("write", bytes),
            format!("write {dir}/new {bytes} {total} {stream_ms}"),
        ),
        Step::Do(format!("rm {dir}/new")),
    ];
    if path.is_remote() {
        // The server keeps the file in its memory, the client does not.
        steps.push(Step::Do("echo 3 >/proc/sys/vm/drop_caches".into()));
    }
    steps.push(Step::Measure(stream("read", bytes), read.clone()));
    steps.push(Step::Measure(stream("read again", bytes), read));
    steps
}

/// Calls on names, and one on an open file.
fn metadata_steps(path: Path, files: u32, dir: &str) -> Vec<Step> {
    // What takes microseconds is done more often.
    let calls = if path.is_remote() { files } else { files * 20 };
    let measure = |name, line| Step::Measure(call(name, 0), line);
    vec![
        measure("create", format!("create {dir} {files}")),
        measure("stat", format!("stat {dir} {files} {calls}")),
        measure("open+close", format!("open {dir} {files} {calls}")),
        measure("fstat", format!("fstat {dir}/0 {}", calls * 4)),
        measure("unlink", format!("unlink {dir} {files}")),
    ]
}

/// Calls on one file.
fn call_steps(calls: u32, dir: &str) -> Vec<Step> {
    let mut steps = vec![Step::Do(format!("touch {dir}/0"))];
    for bytes in CALL_BYTES {
        for name in ["pread", "pwrite"] {
            let line = format!("{name} {dir}/0 {bytes} {calls}");
            steps.push(Step::Measure(call(name, bytes), line));
        }
    }
    for (name, word) in [("stat of one", "stat"), ("open+close of one", "open")] {
        let line = format!("{word} {dir} 1 {calls}");
        steps.push(Step::Measure(call(name, 0), line));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_does_the_same_postmark() {
        for round in rounds(Scale::FULL) {
            if !round.title.starts_with("PostMark") {
                continue;
            }
            let texts = round
                .paths
                .iter()
                .map(|path| format!("{:?}", (round.steps)(*path, "/d")));
            let texts: std::collections::BTreeSet<String> = texts.collect();
            assert_eq!(texts.len(), 1, "{}", round.title);
        }
    }

    #[test]
    fn a_line_is_not_too_long_for_file_bench() {
        for round in rounds(Scale::FULL) {
            for path in round.paths {
                for step in (round.steps)(*path, "/mnt/nfs-coherent-no-deleg/bench/1000") {
                    let (Step::Do(line) | Step::Measure(_, line)) = step;
                    assert!(line.len() < 1000 && !line.contains('\n'), "{line}");
                }
            }
        }
    }
}
