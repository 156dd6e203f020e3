//! What a half-typed command line says so far: the verb, the options that were given, and what stands at the
//! cursor. Reads the definition of the command line; knows no value.

use clap::{Arg, ArgAction, Command};

/// What is to be completed.
#[derive(Debug)]
pub(super) enum CompletionPlace<'a> {
    /// A verb.
    Verb,
    /// The name of an option.
    Option,
    /// A value, after this part of the word: `--format=`.
    Value { arg: &'a Arg, before: &'a str },
    /// Nothing that could be guessed.
    Nothing,
}

/// A line up to the cursor.
#[derive(Debug)]
pub(super) struct CommandLine<'a> {
    /// The verb, or the program while there is none.
    pub(super) command: &'a Command,
    /// Options that were given, by their ids.
    pub(super) given: Vec<&'a str>,
    /// The words that are no options and no values of options, the verb aside.
    pub(super) words: Vec<&'a str>,
    /// What has been typed of the word at the cursor.
    pub(super) current: &'a str,
    /// What stands there.
    pub(super) place: CompletionPlace<'a>,
    /// How many words of a command to run stand before it, where it is a word of one.
    pub(super) run: usize,
    /// The option that the next word is a value of.
    awaited: Option<&'a Arg>,
    /// After `--` nothing is an option.
    literal: bool,
}

/// Returns true if it takes a value, and is no flag.
pub(super) fn takes_value(arg: &Arg) -> bool {
    matches!(arg.get_action(), ArgAction::Set | ArgAction::Append)
}

impl<'a> CommandLine<'a> {
    /// Reads the words of a line; the last one is that at the cursor.
    pub(super) fn read(root: &'a Command, words: &[&'a str]) -> Self {
        let (current, before) =
            words.split_last().map_or(("", words), |(last, rest)| (*last, rest));
        let mut line = Self {
            command: root,
            given: Vec::new(),
            words: Vec::new(),
            current,
            place: CompletionPlace::Nothing,
            run: 0,
            awaited: None,
            literal: false,
        };
        let known = before.iter().all(|word| line.take(word));
        line.place = if known { line.find_place() } else { CompletionPlace::Nothing };
        line
    }

    /// A word before the cursor. `false`: nothing can be said of what follows.
    fn take(&mut self, word: &'a str) -> bool {
        if let Some(arg) = self.awaited {
            // An option with any number of values has all that follow.
            if arg.get_num_args().is_none_or(|range| range.max_values() == 1) {
                self.awaited = None;
            } else {
                self.run += 1;
            }
        } else if self.literal {
            self.words.push(word);
            self.run += 1;
        } else if word == "--" {
            self.literal = true;
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, value) =
                long.split_once('=').map_or((long, None), |(name, value)| (name, Some(value)));
            self.give(self.command.get_arguments().find(|arg| arg.get_long() == Some(name)), value);
        } else if let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) {
            let (arg, value) = self.cluster(letters);
            self.give(arg, value);
        } else if self.command.has_subcommands() {
            match self.command.find_subcommand(word) {
                Some(verb) => self.command = verb,
                None => return false,
            }
        } else {
            self.words.push(word);
        }
        true
    }

    /// The last option of letters after one hyphen, and the value that stands behind its letter.
    fn cluster(&self, letters: &'a str) -> (Option<&'a Arg>, Option<&'a str>) {
        let mut last = None;
        for (at, letter) in letters.char_indices() {
            last = self.command.get_arguments().find(|arg| arg.get_short() == Some(letter));
            let rest = &letters[at + letter.len_utf8()..];
            if last.is_some_and(takes_value) && !rest.is_empty() {
                return (last, Some(rest));
            }
        }
        (last, None)
    }

    fn give(&mut self, arg: Option<&'a Arg>, value: Option<&str>) {
        if let Some(arg) = arg {
            self.given.push(arg.get_id().as_str());
            // A value that is optional stands behind an equals sign.
            let awaits = takes_value(arg) && value.is_none() && !arg.is_require_equals_set();
            self.awaited = Some(arg).filter(|_| awaits);
        }
    }

    fn find_place(&self) -> CompletionPlace<'a> {
        let word = self.current;
        if let Some(arg) = self.awaited {
            return CompletionPlace::Value { arg, before: "" };
        }
        if !self.literal && word.starts_with('-') {
            let with_value = word.strip_prefix("--").and_then(|long| long.split_once('='));
            let Some((name, value)) = with_value else { return CompletionPlace::Option };
            let arg = self.command.get_arguments().find(|arg| arg.get_long() == Some(name));
            return match arg.filter(|arg| takes_value(arg)) {
                Some(arg) => {
                    CompletionPlace::Value { arg, before: &word[..word.len() - value.len()] }
                }
                None => CompletionPlace::Nothing,
            };
        }
        if self.command.has_subcommands() {
            return CompletionPlace::Verb;
        }
        match self.positional() {
            Some(arg) => CompletionPlace::Value { arg, before: "" },
            None => CompletionPlace::Nothing,
        }
    }

    /// The argument that a word at the cursor is for.
    fn positional(&self) -> Option<&'a Arg> {
        let mut positionals = self.command.get_positionals();
        if self.literal
            && let Some(last) = self.command.get_positionals().find(|arg| arg.is_last_set())
        {
            return Some(last);
        }
        let many = |arg: &&Arg| arg.get_num_args().is_some_and(|range| range.max_values() > 1);
        let before_last = || self.command.get_positionals().filter(|arg| !arg.is_last_set());
        let at = before_last().nth(self.words.len());
        at.or_else(|| positionals.find(|arg| many(arg) && !arg.is_last_set()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> Command {
        let lock = Command::new("lock")
            .arg(Arg::new("json").long("json").action(ArgAction::SetTrue))
            .arg(Arg::new("by").short('b').long("by").value_name("N"))
            .arg(Arg::new("address").value_name("ADDRESS"))
            .arg(Arg::new("command").value_name("COMMAND").num_args(1..).last(true));
        let recv = Command::new("recv").arg(Arg::new("address").value_name("ADDRESS")).arg(
            Arg::new("exec")
                .long("exec")
                .value_name("COMMAND")
                .num_args(1..)
                .allow_hyphen_values(true),
        );
        let rm = Command::new("rm").arg(Arg::new("addresses").value_name("ADDRESS").num_args(1..));
        let mut root = Command::new("ipcctl").subcommand(lock).subcommand(recv).subcommand(rm);
        root.build();
        root
    }

    fn place(words: &[&str]) -> String {
        match CommandLine::read(&root(), words).place {
            CompletionPlace::Verb => "verb".into(),
            CompletionPlace::Option => "option".into(),
            CompletionPlace::Value { arg, before } => format!("{before}{}", arg.get_id()),
            CompletionPlace::Nothing => "nothing".into(),
        }
    }

    #[test]
    fn what_stands_at_the_cursor_follows_from_the_words_before_it() {
        for (words, expected) in [
            (&[""][..], "verb"),
            (&["lo"], "verb"),
            (&["lock", ""], "address"),
            (&["lock", "-"], "option"),
            (&["lock", "--by", ""], "by"),
            (&["lock", "--by=2"], "--by=by"),
            (&["lock", "--by=2", ""], "address"),
            (&["lock", "-b", ""], "by"),
            (&["lock", "-b2", ""], "address"),
            (&["lock", "--json", "sem:0", "--", "ec"], "command"),
            (&["lock", "sem:0", "--", "echo", "-"], "command"),
            (&["lock", "sem:0", ""], "nothing"),
            (&["lock", "--json=", ""], "address"),
            (&["lock", "--json="], "nothing"),
            (&["recv", "mq:0", "--exec", "sort", "-"], "exec"),
            (&["rm", "shm:0", "shm:1", ""], "addresses"),
            (&["rm", "--", ""], "addresses"),
            (&["unknown", ""], "nothing"),
            (&[], "verb"),
        ] {
            assert_eq!(place(words), expected, "{words:?}");
        }
    }

    #[test]
    fn what_was_given_is_remembered() {
        let root = root();
        let line = CommandLine::read(&root, &["lock", "--json", "-b", "2", "sem:0", ""]);
        assert_eq!((line.given, line.words), (vec!["json", "by"], vec!["sem:0"]));
    }
}
