// SPDX-License-Identifier: GPL-2.0
//! Writes the man pages and shell completions of the `mosix` command: `mosix-gen OUTDIR` fills
//! `OUTDIR/man` and `OUTDIR/completions`.

use clap::{Command, CommandFactory as _};
use clap_complete::Shell;
use clap_mangen::{
    roff::{bold, roman, Roff},
    Man,
};
use jiff::Timestamp;
use mosix_tool::cli::Cli;
use std::{
    error::Error,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

mod sections;

/// The pages that are written by hand.
const WRITTEN: [(&str, &str); 2] = [
    (
        "cluster.toml.5",
        include_str!("../../../../../docs/man/cluster.toml.5"),
    ),
    ("mfs.5", include_str!("../../../../../docs/man/mfs.5")),
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
    for (name, text) in WRITTEN {
        fs::write(man.join(name), text)?;
    }
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    let mut see_also = format!("{}(8)", page_name(&command));
    for child in shown(&command) {
        see_also += &format!(", {}(8)", page_name(child));
    }
    see_also += ", cluster.toml(5), mfs(5)";
    write_pages(&man, &command, &date()?, &see_also)
}

/// Writes the page of a command and those of its subcommands.
fn write_pages(
    directory: &Path,
    command: &Command,
    date: &str,
    see_also: &str,
) -> Result<(), Box<dyn Error>> {
    let name = page_name(command);
    let mut text = Vec::new();
    let man = Man::new(command.clone())
        .section("8")
        .date(date)
        .source(format!("mosix {}", env!("CARGO_PKG_VERSION")))
        .manual("System Manager's Manual");
    man.render_title(&mut text)?;
    man.render_name_section(&mut text)?;
    man.render_synopsis_section(&mut text)?;
    man.render_description_section(&mut text)?;
    man.render_options_section(&mut text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(&mut text)?;
    }
    let mut tail = Roff::new();
    for (title, entries) in sections::of(name) {
        tail.control("SH", [title]);
        for (tag, paragraph) in entries {
            tail.control("TP", []);
            tail.text([bold(tag)]);
            tail.text([roman(paragraph)]);
        }
    }
    tail.control("SH", ["SEE ALSO"]);
    tail.text([roman(see_also)]);
    tail.to_writer(&mut text)?;
    fs::write(directory.join(format!("{name}.8")), text)?;
    for child in shown(command) {
        write_pages(directory, child, date, see_also)?;
    }
    Ok(())
}

/// The subcommands that users are told of.
fn shown(command: &Command) -> impl Iterator<Item = &Command> {
    command
        .get_subcommands()
        .filter(|child| !child.is_hide_set())
}

/// The name of a command's page, such as `mosix-up`.
fn page_name(command: &Command) -> &str {
    command.get_display_name().unwrap_or(command.get_name())
}

/// The date on the pages: today, or what a reproducible build asks for.
fn date() -> Result<String, Box<dyn Error>> {
    let time = match std::env::var("SOURCE_DATE_EPOCH") {
        Ok(seconds) => Timestamp::from_second(seconds.parse()?)?,
        Err(_) => Timestamp::now(),
    };
    Ok(time.strftime("%Y-%m-%d").to_string())
}
