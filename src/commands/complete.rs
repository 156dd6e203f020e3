//! `__complete`: what could stand where the cursor is, for the scripts in `completions/`. Hidden: shells call it.
//!
//! It is given the words of the line up to the cursor, without the program, and answers with a candidate a line, a tab
//! and its description. One that ends in `:`, `/`, `=` or `,` goes on. A line that begins with a tab leaves it to the
//! shell: `files`, `dirs` or `commands`, and after a tab what of the word comes before them. Whatever goes wrong, it
//! says nothing and does not fail: nobody wants messages in a half-typed line.

mod addresses;
mod line;
mod source;

use std::ffi::OsString;
use std::io::Write;

use clap::{ArgAction, Command};

use super::{VERBS, definition};
use crate::cli::context::{Context, VerbResult};
use line::{CommandLine, CompletionPlace};
use source::Answer;

/// What shells call.
pub(super) const NAME: &str = "__complete";

/// Tell what could stand at the end of a command line
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// The words up to the cursor; the last one is what has been typed of it
    #[arg(value_name = "WORD", last = true)]
    words: Vec<OsString>,
}

/// A candidate and what it is, before what was typed is held against it.
type Candidate = (String, String);

/// Answers a shell.
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    // Bytes that are no text begin nothing that could be offered.
    let Some(words) = args.words.iter().map(|word| word.to_str()).collect::<Option<Vec<_>>>()
    else {
        return Ok(());
    };
    let mut all = definition();
    all.build();
    let line = CommandLine::read(&all, &words);
    let (before, answer) = answer(&line, cx);
    match answer {
        Answer::Shell(what) => writeln!(cx.out, "\t{what}\t{before}")?,
        Answer::Candidates(candidates) => {
            for (candidate, about) in candidates {
                // What was typed before it in the same word is a part of it for the shell.
                if format!("{before}{candidate}").starts_with(line.current) {
                    writeln!(cx.out, "{before}{candidate}\t{about}")?;
                }
            }
        }
    }
    Ok(())
}

fn answer<'a>(line: &CommandLine<'a>, cx: &Context) -> (&'a str, Answer) {
    match &line.place {
        CompletionPlace::Verb => ("", Answer::Candidates(verbs(line.command))),
        CompletionPlace::Option => ("", Answer::Candidates(options(line))),
        CompletionPlace::Value { arg, before } => {
            let verb = VERBS.iter().find(|verb| verb.name == line.command.get_name());
            let typed = line.current.strip_prefix(before).unwrap_or(line.current);
            let (list, answer) = source::values(arg, verb, typed, line, cx);
            (&line.current[..before.len() + list], answer)
        }
        CompletionPlace::Nothing => ("", Answer::Candidates(Vec::new())),
    }
}

fn verbs(root: &Command) -> Vec<Candidate> {
    let shown = root.get_subcommands().filter(|verb| !verb.is_hide_set());
    shown.map(|verb| (verb.get_name().to_owned(), text(verb.get_about()))).collect()
}

/// The options that can still be given.
fn options(line: &CommandLine) -> Vec<Candidate> {
    let args =
        line.command.get_arguments().filter(|arg| !arg.is_hide_set() && !arg.is_positional());
    let repeats =
        |arg: &clap::Arg| matches!(arg.get_action(), ArgAction::Append | ArgAction::Count);
    let open = args.filter(|arg| repeats(arg) || !line.given.contains(&arg.get_id().as_str()));
    open.filter_map(|arg| Some((format!("--{}", arg.get_long()?), text(arg.get_help())))).collect()
}

fn text(about: Option<&clap::builder::StyledStr>) -> String {
    about
        .map(|about| about.to_string().lines().next().unwrap_or_default().to_owned())
        .unwrap_or_default()
}

/// For `fuzz/`: the words of a half-typed line, with newlines between them.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8], all: &Command) {
    let text = String::from_utf8_lossy(bytes);
    let words: Vec<&str> = text.split('\n').collect();
    let line = CommandLine::read(all, &words);
    match &line.place {
        CompletionPlace::Verb => drop(verbs(line.command)),
        CompletionPlace::Option => drop(options(&line)),
        CompletionPlace::Value { before, .. } => assert!(line.current.starts_with(before)),
        CompletionPlace::Nothing => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A new verb may bring a new name for a value: then somebody has to say what completes it.
    #[test]
    fn every_name_of_a_value_has_a_source() {
        let mut all = definition();
        all.build();
        for command in all.get_subcommands().filter(|verb| verb.get_name() != NAME) {
            for arg in command.get_arguments().filter(|arg| line::takes_value(arg)) {
                let name = source::value_name(arg);
                assert!(
                    !arg.get_possible_values().is_empty() || source::is_known(name),
                    "{name} of {} {}: name it in SOURCES",
                    command.get_name(),
                    arg.get_id()
                );
            }
        }
    }
}
