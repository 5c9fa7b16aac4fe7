// SPDX-License-Identifier: GPL-2.0
//! Writes the man pages and shell completions of the `mosix` command: `mosix-gen OUTDIR` fills
//! `OUTDIR/man` and `OUTDIR/completions`.

use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::{
    roff::{bold, roman, Roff},
    Man,
};
use mosix_tool::{cli::Cli, failure::Exit};
use std::{
    error::Error,
    fs, io,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// The page that is written by hand.
const CLUSTER_TOML: &str = include_str!("../../../../docs/man/cluster.toml.5");

/// The files that mosix(8) tells of.
const FILES: [(&str, &str); 3] = [
    (
        "/etc/mosix/cluster.toml",
        "The nodes of the cluster, see cluster.toml(5); the same on every node.",
    ),
    (
        "/etc/mosix/key",
        "The key of the cluster; the same on every node, readable by root only.",
    ),
    ("/dev/mosix", "The device of the module."),
];

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let [directory] = arguments.as_slice() else {
        eprintln!("usage: mosix-gen OUTDIR");
        return ExitCode::from(2);
    };
    match generate(directory) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("mosix-gen: {}: {error}", directory.display());
            ExitCode::FAILURE
        }
    }
}

/// Writes everything.
fn generate(directory: &Path) -> Result<(), Box<dyn Error>> {
    let completions = directory.join("completions");
    fs::create_dir_all(&completions)?;
    for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
        clap_complete::generate_to(shell, &mut Cli::command(), "mosix", &completions)?;
    }
    let man = directory.join("man");
    fs::create_dir_all(&man)?;
    fs::write(man.join("cluster.toml.5"), CLUSTER_TOML)?;
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    write_pages(&man, &command)?;
    Ok(())
}

/// Writes the page of a command and those of its subcommands.
fn write_pages(directory: &Path, command: &Command) -> Result<(), Box<dyn Error>> {
    let name = command.get_display_name().unwrap_or(command.get_name());
    let mut text = Vec::new();
    page(command, &mut text)?;
    fs::write(directory.join(format!("{name}.8")), text)?;
    for child in command
        .get_subcommands()
        .filter(|child| !child.is_hide_set())
    {
        write_pages(directory, child)?;
    }
    Ok(())
}

/// One page.
fn page(command: &Command, out: &mut Vec<u8>) -> io::Result<()> {
    // The order in a page's header is title, section, date, source, manual.
    let man = Man::new(command.clone().help_template("{about}"))
        .section("8")
        .date("")
        .source(format!("mosix {}", env!("CARGO_PKG_VERSION")))
        .manual("System Manager's Manual");
    man.render_title(out)?;
    man.render_name_section(out)?;
    man.render_synopsis_section(out)?;
    man.render_description_section(out)?;
    man.render_options_section(out)?;
    if command.has_subcommands() {
        man.render_subcommands_section(out)?;
    }
    let mut tail = Roff::new();
    tail.control("SH", ["FILES"]);
    for (path, text) in FILES {
        entry(&mut tail, path, text);
    }
    tail.control("SH", ["EXIT STATUS"]);
    entry(&mut tail, "0", "Success.");
    for (exit, text) in Exit::TABLE {
        entry(&mut tail, &(exit as u8).to_string(), text);
    }
    tail.control("SH", ["SEE ALSO"]);
    tail.text([roman(
        "mosix(8), mosix-init(8), mosix-up(8), mosix-down(8), mosix-status(8), \
                      mosix-version(8), mosix-selftest(8), mosix-config(8), cluster.toml(5)",
    )]);
    tail.to_writer(out)
}

/// A tagged paragraph.
fn entry(page: &mut Roff, tag: &str, text: &str) {
    page.control("TP", []);
    page.text([bold(tag)]);
    page.text([roman(text)]);
}
