//! The tests of `ipcctl`: one program that first moves itself into namespaces of its own, so that it
//! needs no privilege, touches no object of the machine it runs on, and runs in parallel.
//!
//! Every test then takes a further IPC and mount namespace on a thread of its own (see `env`), so no
//! test can see the objects of another one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stderr)]

mod book;
mod cases;
mod compat;
mod completion;
mod conformance;
mod endpoints;
mod env;
mod examples;
mod faults;
mod isolation;
mod kinds;
mod layering;
mod leftover;
mod makers;
mod modules;
mod output;
mod packages;
mod pasting;
mod peers;
mod pty;
mod queue_room;
mod recipes;
mod registry;
mod scratch;
mod shell;
mod skeleton;
mod strict_json;
mod subjects;
mod tools;
mod tree;
mod verbs;

use std::process::ExitCode;

use libtest_mimic::{Arguments, FormatSetting};

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    // Of so many, those that fail are of interest: they are told at the end.
    if arguments.filter.is_none() {
        arguments.format.get_or_insert(FormatSetting::Terse);
    }
    let wanted = match cases::Wanted::of_environment(arguments.filter.is_some()) {
        Ok(wanted) => wanted,
        Err(reason) => {
            eprintln!("{reason}");
            return ExitCode::FAILURE;
        }
    };
    // Listing the names must work anywhere, also where namespaces are off.
    let suite = if arguments.list {
        isolation::Suite::unknown()
    } else {
        match isolation::enter() {
            Ok(suite) => suite,
            Err(reason) => {
                eprintln!("{reason}");
                return ExitCode::FAILURE;
            }
        }
    };
    let (slow, quick): (Vec<_>, Vec<_>) =
        registry::all().into_iter().partition(cases::Case::is_slow);
    let left_out = if wanted == cases::Wanted::Quick { slow.len() } else { 0 };
    let chosen =
        slow.into_iter().chain(quick.into_iter().filter(|_| wanted != cases::Wanted::Slow));
    let trials = chosen.map(|case| case.into_trial(suite, wanted)).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    if left_out > 0 && !arguments.list {
        eprintln!(
            "{left_out} slow tests were left out: IPCCTL_TESTS=slow cargo test --test ipcctl"
        );
    }
    conclusion.exit_code()
}
