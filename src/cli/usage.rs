//! What the parser of the command line has to say, in the words of this program.

use std::error::Error;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::Path;

use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::context::write_error;
use super::suggest;
use crate::model::{Class, Fault, quoted};
use crate::sys::stream::StandardOutput;

/// A command line that clap has refused.
pub struct Refused<'a> {
    /// Its words, the name of the program first.
    pub words: &'a [OsString],
    /// All verbs with their options.
    pub program: &'a Command,
    /// The exit status of a command line that makes no sense.
    pub status: u8,
}

/// What clap has to say: help and version on standard output, errors in our form on standard error.
pub fn usage(error: &clap::Error, refused: &Refused) -> u8 {
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
    let (cause, hint) = refused.explain(error).unwrap_or_else(|| in_our_words(error));
    let hint = hint.map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
    // The arguments are repeated in it, and may be anything.
    let text = format!("{cause}{hint}");
    let safe: String =
        text.chars().map(|c| if c.is_control() && c != '\n' { '?' } else { c }).collect();
    write_error(&format!("ipcctl: {safe}"));
    refused.status
}

/// What is wrong, and what to do.
type Explanation = (String, Option<String>);

impl Refused<'_> {
    /// The verb that was asked for.
    fn verb(&self) -> Option<&Command> {
        let words = self.words.iter().skip(1).filter_map(|word| word.to_str());
        words
            .filter(|word| !word.starts_with('-'))
            .find_map(|word| self.program.find_subcommand(word))
    }

    /// What clap says less well.
    fn explain(&self, error: &clap::Error) -> Option<Explanation> {
        let context = |kind| match error.get(kind) {
            Some(ContextValue::String(text)) => Some(text.as_str()),
            _ => None,
        };
        match error.kind() {
            ErrorKind::InvalidSubcommand => {
                Some(self.no_such_verb(context(ContextKind::InvalidSubcommand)?))
            }
            ErrorKind::UnknownArgument => Some(self.unexpected(context(ContextKind::InvalidArg)?)),
            ErrorKind::ValueValidation => {
                let argument = context(ContextKind::InvalidArg)?;
                let names = ["ADDRESS", "OBJECT"];
                let word = context(ContextKind::InvalidValue)?;
                let sentence = error.source()?.to_string();
                let is_address = names.iter().any(|name| argument.contains(name));
                let fault = is_address.then(|| no_address(OsStr::new(word), sentence))?;
                Some((fault.cause, fault.hint))
            }
            _ => None,
        }
    }

    fn no_such_verb(&self, word: &str) -> Explanation {
        let verbs = self.program.get_subcommands().filter(|verb| !verb.is_hide_set());
        let names = |verb: &'_ Command| {
            let aliases = verb.get_visible_aliases().map(str::to_owned);
            [verb.get_name().to_owned()].into_iter().chain(aliases).collect::<Vec<_>>()
        };
        let verbs: Vec<String> = verbs.flat_map(names).collect();
        let verbs: Vec<&str> = verbs.iter().map(String::as_str).collect();
        let hint = suggest::verb(word, &verbs).map(|verb| format!("did you mean {verb}?"));
        let hint = hint.unwrap_or_else(|| "ipcctl --help lists the verbs".to_owned());
        (format!("there is no verb {}", quoted(word.as_bytes())), Some(hint))
    }

    fn unexpected(&self, word: &str) -> Explanation {
        let verb = self.verb().unwrap_or(self.program);
        let name = verb.get_name();
        let help = match name {
            "ipcctl" => "ipcctl --help".to_owned(),
            name => format!("ipcctl {name} --help"),
        };
        let shown = quoted(word.as_bytes());
        if !word.starts_with('-') {
            return (format!("{name} does not take {shown}"), Some(format!("see {help}")));
        }
        // What a verb lacks of the common options is hidden in it.
        let lacks = |long: &str| {
            verb.get_arguments().any(|one| one.is_hide_set() && one.get_long() == Some(long))
        };
        let all = verb.get_arguments().chain(self.program.get_arguments());
        let visible = all.filter_map(clap::Arg::get_long).filter(|long| !lacks(long));
        let options: Vec<String> = visible.map(|long| format!("--{long}")).collect();
        let bare = word.split('=').next().unwrap_or(word);
        let hint = match suggest::option(bare, options.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near}?"),
            None if word[1..].starts_with(|letter: char| letter.is_ascii_digit()) => {
                format!("a value that begins with a hyphen is written --OPTION={word}")
            }
            None if name == "send" => {
                format!("a message that begins with a hyphen follows two of them: -- '{word}'")
            }
            None => format!("{help} lists its options"),
        };
        (format!("{name} has no option {shown}"), Some(hint))
    }
}

/// A word that is no address where one is expected, with the rule that it breaks.
pub fn no_address(word: &OsStr, rule: String) -> Fault {
    let found = suggest::addresses(word, Path::new("/proc"));
    let fault = Fault::usage(rule);
    match found.as_slice() {
        [] => fault,
        [one] => fault.hint(format!("did you mean {one}?")),
        several => fault.hint(format!("which of them: {}?", several.join(", "))),
    }
}

/// A full disk under standard output is no limit of ours.
pub fn unwritten(error: &io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::StorageFull => Fault::new(Class::Failed, "no space left on the device"),
        _ => Fault { class: Class::Failed, ..Fault::from_os(error) },
    }
}

/// What clap has to say, as the rest of the program would say it.
fn in_our_words(error: &clap::Error) -> Explanation {
    let text = error.render().to_string();
    let (mut cause, mut hint) = (Vec::new(), None);
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let line = line.strip_prefix("error: ").unwrap_or(line);
        let tip = line.strip_prefix("tip: ");
        let last = line.strip_prefix("For more information, ").map(|_| "try --help");
        match tip.or(last) {
            // One hint is enough, and the first one says more.
            Some(tip) => hint = hint.or_else(|| Some(tip.to_owned())),
            None => cause.push(line.to_owned()),
        }
    }
    (cause.join("\n"), hint)
}
