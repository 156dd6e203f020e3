//! The verbs, one file each, and what starts and ends them all. Nothing imports this.

mod clean;
mod complete;
mod create;
mod generate;
mod help;
mod kinds;
mod limits;
mod list;
mod lock;
mod r#move;
mod peek;
mod post;
mod read;
mod recv;
mod rm;
mod semop;
mod send;
mod set;
mod show;
mod wait;
mod write;

use std::ffi::OsString;
use std::mem::ManuallyDrop;

use clap::{ArgMatches, Args as _, Command, CommandFactory, FromArgMatches, Parser};

use crate::cli::context::{Context, Exit, VerbResult};
use crate::cli::format::{Honoured, OutputOptions};
use crate::cli::usage::{Refused, unwritten, usage};
use crate::kinds::{KindRecord, QUEUES};
use crate::listing::columns::{self, ColumnHelp};
use crate::model::{Class, Encoded, Fault};
use crate::sys::processes::Proc;
use crate::sys::silent;

/// The verbs, in the order in which help lists them. A verb is its module's `Args` and `run`.
static VERBS: &[Verb] = &[
    Verb { alias: Some("ls"), columns: columns::of_objects, output: Honoured::ALL, ..verb!(list) },
    Verb { columns: columns::of_objects, output: Honoured::ALL, fails: &FINDS, ..verb!(show) },
    Verb { takes: |_| false, output: Honoured::ACTS, fails: &MAKES, ..verb!(create) },
    Verb {
        takes: |record| record.configure.is_some(),
        output: Honoured::ACTS,
        fails: &CHANGES,
        ..verb!(set)
    },
    Verb {
        takes: |record| record.remove.is_some(),
        output: Honoured::ACTS,
        fails: &FINDS,
        ..verb!(rm)
    },
    Verb { columns: clean::columns, output: Honoured::ALL, fails: &SEARCHES, ..verb!(clean) },
    Verb { output: Honoured::MESSAGES, takes: |record| record.messages.is_some(), ..verb!(send) },
    Verb {
        output: Honoured::MESSAGES,
        takes: |record| record.messages.is_some(),
        fails: &WAITS,
        ..verb!(recv)
    },
    Verb {
        name: "move",
        output: Honoured::ACTS,
        takes: |record| QUEUES.of_kind(record).is_ok(),
        ..verb!(r#move)
    },
    Verb { output: Honoured::MESSAGES, takes: peek::takes, fails: &FINDS, ..verb!(peek) },
    Verb { takes: |record| record.memory.is_some(), fails: &FINDS, ..verb!(read) },
    Verb {
        takes: |record| record.memory.is_some(),
        output: Honoured::ACTS,
        fails: &CHANGES,
        ..verb!(write)
    },
    Verb {
        takes: |record| record.counters.is_some(),
        output: Honoured::ACTS,
        fails: &WAITS,
        ..verb!(wait)
    },
    Verb {
        takes: |record| record.counters.is_some(),
        output: Honoured::ACTS,
        fails: &CHANGES,
        ..verb!(post)
    },
    Verb {
        takes: |record| record.counters.is_some_and(|one| one.atomic().is_some()),
        output: Honoured::ACTS,
        fails: &OPERATES,
        ..verb!(semop)
    },
    Verb { takes: |record| record.counters.is_some(), ..verb!(lock) },
    Verb { columns: limits::columns, output: Honoured::FIGURES, fails: &SEARCHES, ..verb!(limits) },
    Verb { columns: kinds::columns, output: Honoured::WORDS, fails: &SEARCHES, ..verb!(kinds) },
    Verb { takes: |_| false, fails: &SEARCHES, ..verb!(generate) },
    Verb { hidden: true, ..verb!(help) },
    Verb { name: complete::NAME, hidden: true, ..verb!(complete) },
];

/// Verbs that search, and need no object to be there.
const SEARCHES: [Class; 2] = [Class::Failed, Class::Usage];

/// Verbs that look for the object that is named.
const FINDS: [Class; 4] = [Class::Failed, Class::Usage, Class::NotFound, Class::Denied];

/// The same, and what they change has limits.
const CHANGES: [Class; 5] =
    [Class::Failed, Class::Usage, Class::NotFound, Class::Denied, Class::Limit];

/// Verbs that create an object.
const MAKES: [Class; 6] =
    [Class::Failed, Class::Usage, Class::NotFound, Class::Denied, Class::Exists, Class::Limit];

/// Verbs that wait, and those that wait for a change that has limits.
const WAITS: [Class; 5] =
    [Class::Failed, Class::Usage, Class::NotFound, Class::Denied, Class::WouldBlock];
const OPERATES: [Class; 6] =
    [Class::Failed, Class::Usage, Class::NotFound, Class::Denied, Class::WouldBlock, Class::Limit];

/// How a verb is defined and run.
struct Verb {
    name: &'static str,
    alias: Option<&'static str>,
    hidden: bool,
    define: fn(Command) -> Command,
    run: fn(&ArgMatches, &mut Context) -> VerbResult,
    /// What `--columns` chooses among, for its help, the manual and completions.
    columns: fn() -> ColumnHelp,
    /// Which of the output options it has: the others are refused, and neither help, the manual nor completions
    /// name them.
    output: Honoured,
    /// Kinds whose objects completions offer: those that the verb can do something to.
    takes: fn(&KindRecord) -> bool,
    /// The exit statuses besides 0 that the verb has, for its manual page.
    fails: &'static [Class],
}

/// The verb of a module.
macro_rules! verb {
    ($module:ident) => {
        Verb {
            name: stringify!($module),
            alias: None,
            hidden: false,
            define: $module::Args::augment_args,
            run: |matches, cx| {
                $module::run(&$module::Args::from_arg_matches(matches).map_err(unreadable)?, cx)
            },
            columns: ColumnHelp::new,
            output: Honoured::NONE,
            takes: |_| true,
            fails: &Class::ALL,
        }
    };
}
use verb;

/// What clap has accepted and a verb cannot read: nothing that a user can type.
fn unreadable(error: clap::Error) -> Exit {
    Exit::Usage(Fault::usage(error.to_string()))
}

/// See and manage every IPC object of this machine
///
/// System V and POSIX shared memory, message queues and semaphores, and FIFOs: each has an address, FACILITY:LOCATOR,
/// which every verb prints and accepts. The form of the locator says the family: shm:0 is a System V id,
/// shm:0x5eed a key, shm:/frames a POSIX name, fifo:/run/app.ctl a path.
///
/// Without a verb it lists every object.
// The template is the usual one without a blank line before the usage: the short help has none to spare.
#[derive(Parser)]
#[command(name = "ipcctl", version, max_term_width = 100, after_long_help = AFTER)]
#[command(subcommand_value_name = "VERB", subcommand_help_heading = HEADING)]
#[command(help_template = "{about-with-newline}{usage-heading} {usage}\n{all-args}{after-help}")]
#[command(disable_help_flag = true, disable_version_flag = true, disable_help_subcommand = true)]
struct Cli {
    #[command(flatten)]
    output: OutputOptions,

    /// Print the version
    #[arg(short = 'V', long, action = clap::ArgAction::Version, hide_short_help = true)]
    version: Option<bool>,
}

const HEADING: &str = "Verbs (options and examples: ipcctl --help, ipcctl VERB --help)";

const AFTER: &str = "\
Examples:
  ipcctl                              list every object
  ipcctl list shm --mine --json       my shared memory, as JSON
  ipcctl show shm:0                   all that is known of one object
  ipcctl create mq:/jobs --mode 0640  make a queue
  ipcctl rm shm:0 sem:/gate           remove two objects
  ipcctl clean                        find what crashed programs left, and remove it
  ipcctl ipcs -m                      what ipcs -m prints; so with ipcrm, ipcmk, lsipc
  ipcctl send mq:/jobs 'resize it'    send a message
  ipcctl recv mq:/jobs --timeout 10   wait for one

Exit status:
  0 done  1 failed or incomplete  2 usage  3 no such object  4 permission denied
  5 would block or timed out  6 it exists already  7 a limit is reached";

/// The definition of the command line, for help, for errors, for the manual and for completions.
fn definition() -> Command {
    VERBS.iter().fold(Cli::command(), |command, verb| {
        let defined = Command::new(verb.name).hide(verb.hidden).visible_aliases(verb.alias);
        let defined = (verb.define)(defined.after_help(verb.output.summary(verb.name)));
        let defined = verb.output.describe(defined, &command);
        command.subcommand(defined)
    })
}

/// As much of it as these arguments can need: most of the time of a short run would go into verbs that are not
/// used, and into copies of the common options for them. What it accepts means the same to the whole of it.
fn part(arguments: &[OsString]) -> Command {
    let is_named = |verb: &&Verb| {
        let names = [Some(verb.name), verb.alias];
        arguments.iter().any(|word| names.into_iter().flatten().any(|name| word == name))
    };
    VERBS.iter().filter(is_named).fold(Cli::command(), |command, verb| {
        command.subcommand(Command::new(verb.name).visible_aliases(verb.alias).defer(verb.define))
    })
}

/// Runs the program with its arguments, and tells its exit status.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments: Vec<_> = arguments.into_iter().collect();
    let mut part = ManuallyDrop::new(part(&arguments));
    let parsed = part
        .try_get_matches_from_mut(&arguments)
        .or_else(|_| definition().try_get_matches_from(&arguments))
        .and_then(|matches| Ok((Cli::from_arg_matches(&matches)?, matches)));
    let (cli, matches) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            let (program, status) = (definition(), usage_status(&arguments));
            let refused = Refused { words: &arguments, program: &program, status };
            return usage(&error, &refused);
        }
    };
    // What ends with the process is not taken apart before: that would be a tenth of a short run.
    let (matches, mut cx) =
        (ManuallyDrop::new(matches), ManuallyDrop::new(Context::new(cli.output)));
    let result = match matches.subcommand() {
        Some((name, matches)) => match VERBS.iter().find(|verb| verb.name == name) {
            Some(verb) => run(verb, matches, usage_status(&arguments), &mut cx),
            None => Err(Exit::Usage(Fault::usage(format!("there is no verb {name}")))),
        },
        None if cx.lists_columns() => columns::help(&columns::of_objects(), &mut cx),
        None => list::run(&list::Args::default(), &mut cx),
    };
    match result.and_then(|()| Ok(cx.flush()?)) {
        Ok(()) => {}
        // Who reads has had enough: nothing is wrong.
        Err(Exit::Output(error)) if error.kind() == std::io::ErrorKind::BrokenPipe => {}
        Err(Exit::Output(error)) => cx.cannot("write the answer", None, &unwritten(&error)),
        Err(Exit::Usage(fault)) => cx.complain_of_usage(&fault),
        Err(Exit::Signal(signal)) => cx.ended_by(signal),
    }
    if matches.subcommand_name() != Some(complete::NAME) {
        tell_silent(&cx);
    }
    // What was said before the signal is true. If it cannot be written, that has been told.
    let _ = cx.flush();
    cx.status()
}

/// Names the processes that did not answer: where it matters, what they may have is unknown.
fn tell_silent(cx: &Context) {
    const NAMED: usize = 5;
    let pids = silent::pids();
    let (Some(_), Ok(proc)) = (pids.first(), Proc::open(&cx.proc)) else { return };
    let mut names: Vec<String> = Vec::new();
    for pid in pids.iter().take(NAMED) {
        let mut buffer = [0; 64];
        let process = proc.process(*pid);
        let command = process.and_then(|process| Ok(process.read(c"comm", &mut buffer)?.len()));
        let command = buffer.get(..command.unwrap_or(0)).unwrap_or_default().trim_ascii_end();
        names.push(format!("{pid} ({})", Encoded(command)));
    }
    if pids.len() > NAMED {
        names.push(format!("and {} more", pids.len() - NAMED));
    }
    let (names, count) = (names.join(", "), pids.len());
    cx.caution(&match count {
        1 => format!("1 process does not answer: {names}"),
        _ => format!("{count} processes do not answer: {names}"),
    });
}

/// Runs a verb, if it has all of the output options that were given.
fn run(verb: &Verb, matches: &ArgMatches, misused: u8, cx: &mut Context) -> VerbResult {
    if let Err(fault) = verb.output.refuse_others(verb.name, matches) {
        if misused != Class::Usage as u8 {
            cx.exit_with(misused);
        }
        return Err(fault.into());
    }
    if cx.lists_columns() { columns::help(&(verb.columns)(), cx) } else { (verb.run)(matches, cx) }
}

/// The status of a command line that makes no sense. Where a command is to be run, 2 would be taken for a status
/// of the command.
fn usage_status(arguments: &[OsString]) -> u8 {
    let verb = arguments.iter().skip(1).find(|word| !word.as_encoded_bytes().starts_with(b"-"));
    if verb.is_some_and(|verb| verb == "lock") { lock::FAILED } else { Class::Usage as u8 }
}

/// The readers of what is typed, for `fuzz/`.
#[cfg(fuzzing)]
pub mod fuzzing {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    use std::sync::OnceLock;

    use clap::Command;

    fn all() -> &'static Command {
        static ALL: OnceLock<Command> = OnceLock::new();
        ALL.get_or_init(|| {
            let mut all = super::definition();
            all.build();
            all
        })
    }

    /// The lines of `rm -`.
    pub fn rm(bytes: &[u8]) {
        super::rm::fuzz(bytes);
    }

    /// A half-typed line.
    pub fn complete(bytes: &[u8]) {
        super::complete::fuzz(bytes, all());
    }

    /// A whole line, with newlines between its words.
    pub fn line(bytes: &[u8]) {
        let words =
            bytes.split(|byte| *byte == b'\n').map(|word| OsString::from_vec(word.to_vec()));
        let words = std::iter::once("ipcctl".into()).chain(words);
        if let Err(error) = all().clone().try_get_matches_from(words) {
            drop(error.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_command_line_is_well_defined() {
        super::definition().debug_assert();
    }

    #[test]
    fn a_verb_that_is_named_is_defined() {
        for verb in super::VERBS {
            for name in [Some(verb.name), verb.alias].into_iter().flatten() {
                let part = super::part(&["ipcctl".into(), name.into()]);
                assert!(part.find_subcommand(name).is_some(), "{name}");
                assert_eq!(part.get_subcommands().count(), 1, "{name}");
            }
        }
    }
}
