//! The verbs, one file each, and what starts and ends them all. Nothing imports this.

mod columns;
mod context;
mod create;
mod generate;
mod holders;
mod kinds;
mod limits;
mod list;
mod rm;
mod set;
mod show;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::cli::output::Output;
use crate::model::Class;
use context::{Context, Stop};

/// See and manage every IPC object of this machine
///
/// System V and POSIX shared memory, message queues and semaphores, and FIFOs: each has an address, FACILITY:LOCATOR,
/// which every verb prints and accepts. The form of the locator says the family: shm:0 is a System V id,
/// shm:0x5eed a key, shm:/frames a POSIX name, fifo:/run/app.ctl a path.
///
/// Without a verb it lists every object.
#[derive(Parser)]
#[command(name = "ipcctl", version, max_term_width = 100, after_long_help = AFTER, args_conflicts_with_subcommands = false)]
struct Cli {
    #[command(flatten)]
    output: Output,

    #[command(subcommand)]
    command: Option<Command>,
}

const AFTER: &str = "\
Examples:
  ipcctl                              list every object
  ipcctl list shm --mine --json       my shared memory, as JSON
  ipcctl show shm:0                   all that is known of one object
  ipcctl create mq:/jobs --mode 0640  make a queue
  ipcctl rm shm:0 sem:/gate           remove two objects

Exit status:
  0 done  1 failed or incomplete  2 usage  3 no such object  4 permission denied
  5 would block or timed out  6 it exists already  7 a limit is reached";

#[derive(Subcommand)]
enum Command {
    #[command(alias = "ls")]
    List(Box<list::Args>),
    Show(show::Args),
    Create(create::Args),
    Set(set::Args),
    Rm(rm::Args),
    Limits(limits::Args),
    Kinds(kinds::Args),
    #[command(hide = true)]
    Generate(generate::Args),
}

/// The definition of the command line, for the manual and completions.
fn definition() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Runs the program with its arguments.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(error) => return context::usage(&error),
    };
    let mut cx = Context::new(cli.output);
    let result = match cli.command.unwrap_or_else(|| Command::List(Box::default())) {
        Command::List(args) => list::run(&args, &mut cx),
        Command::Show(args) => show::run(&args, &mut cx),
        Command::Create(args) => create::run(&args, &mut cx),
        Command::Set(args) => set::run(&args, &mut cx),
        Command::Rm(args) => rm::run(&args, &mut cx),
        Command::Limits(args) => limits::run(&args, &mut cx),
        Command::Kinds(args) => kinds::run(&args, &mut cx),
        Command::Generate(args) => generate::run(&args, &mut cx),
    };
    let result = result.and_then(|()| Ok(cx.flush()?));
    match result {
        Ok(()) => {}
        // Who reads has had enough: nothing is wrong.
        Err(Stop::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
        Err(Stop::Output(error)) => cx.cannot("write the answer", None, &error.into()),
        Err(Stop::Usage(fault)) => {
            cx.complain(&fault);
            return ExitCode::from(Class::Usage as u8);
        }
    }
    cx.status()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_well_defined() {
        super::definition().debug_assert();
    }
}
