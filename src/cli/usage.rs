//! What the parser of the command line has to say, in the words of this program.

use std::io;

use super::context::write_error;
use crate::model::{Class, Fault};
use crate::sys::stream::StandardOutput;

/// What clap has to say: help and version on standard output, errors in our form on standard error.
pub fn usage(error: &clap::Error, status: u8) -> u8 {
    if !error.use_stderr() {
        // The standard library takes a closed one for one that has been written to.
        return match StandardOutput.check().and_then(|()| error.print()) {
            Ok(()) => 0,
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => 0,
            Err(error) => {
                let cause = unwritten(&error).cause;
                write_error(&format!("ipcctl: cannot write the answer: {cause}"));
                Class::Failed as u8
            }
        };
    }
    let text = error.render().to_string();
    let lines = text.lines().filter(|line| !line.trim().is_empty()).map(in_our_words);
    let mut lines: Vec<_> = lines.collect();
    // One hint is enough, and the first one says more.
    if lines.iter().filter(|line| line.starts_with("hint: ")).count() > 1 {
        lines.pop();
    }
    let text = lines.join("\n");
    // The arguments are repeated in it, and may be anything.
    let safe: String =
        text.chars().map(|c| if c.is_control() && c != '\n' { '?' } else { c }).collect();
    write_error(&format!("ipcctl: {safe}"));
    status
}

/// A full disk under standard output is no limit of ours.
pub fn unwritten(error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::StorageFull => Fault::new(Class::Failed, "no space left on the device"),
        _ => Fault { class: Class::Failed, ..Fault::from_os(error) },
    }
}

/// A line of what clap has to say, as the rest of the program would say it.
fn in_our_words(line: &str) -> String {
    const WORDS: &[(&str, &str)] = &[
        ("error: unrecognized subcommand ", "there is no verb "),
        ("error: ", ""),
        ("  tip: a similar subcommand exists: ", "hint: there is a verb "),
        ("  tip: some similar subcommands exist: ", "hint: there are verbs "),
        ("  tip: ", "hint: "),
        ("For more information, try '--help'.", "hint: try --help"),
    ];
    for (theirs, ours) in WORDS {
        if let Some(rest) = line.strip_prefix(theirs) {
            return format!("{ours}{rest}");
        }
    }
    line.to_owned()
}
