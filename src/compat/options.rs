//! Command lines as `getopt_long(3)` reads them: clustered letters, abbreviated long options, values that are
//! attached or follow, operands anywhere, and its error messages. Knows no tool's options.

use std::ffi::{OsStr, OsString};
use std::fmt::{self, Display};
use std::os::unix::ffi::OsStrExt;

use super::shown::Shown;

/// Whether an option takes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    Value,
    /// One that is attached to it, or none.
    Maybe,
}

/// One option. Tools tell them apart by their long names.
pub(super) struct Choice {
    name: &'static str,
    letter: Option<u8>,
    takes: Takes,
}

/// An option with a letter and a name.
pub(super) const fn both(letter: char, name: &'static str, takes: Takes) -> Choice {
    Choice { name, letter: Some(letter as u8), takes }
}

/// An option with a name alone.
pub(super) const fn long(name: &'static str, takes: Takes) -> Choice {
    Choice { name, letter: None, takes }
}

/// What is wrong with an option.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Misuse {
    /// `--foo`, as it was typed.
    Unrecognized(OsString),
    /// As it was typed, and the options it could be.
    Ambiguous(OsString, Vec<&'static str>),
    NoValue(&'static str),
    NeedsValue(&'static str),
    InvalidLetter(u8),
    LetterNeedsValue(u8),
}

impl Display for Misuse {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let letter =
            |letter: &u8| Shown(OsStr::from_bytes(std::slice::from_ref(letter))).to_string();
        match self {
            Self::Unrecognized(word) => write!(out, "unrecognized option '{}'", Shown(word)),
            Self::Ambiguous(word, names) => {
                write!(out, "option '{}' is ambiguous; possibilities:", Shown(word))?;
                names.iter().try_for_each(|name| write!(out, " '--{name}'"))
            }
            Self::NoValue(name) => write!(out, "option '--{name}' doesn't allow an argument"),
            Self::NeedsValue(name) => write!(out, "option '--{name}' requires an argument"),
            Self::InvalidLetter(byte) => write!(out, "invalid option -- '{}'", letter(byte)),
            Self::LetterNeedsValue(byte) => {
                write!(out, "option requires an argument -- '{}'", letter(byte))
            }
        }
    }
}

/// An option that was given, by its long name, and its value.
pub(super) type GivenOption = (&'static str, Option<OsString>);

/// A command line while it is read, one option at a time: the tools act on each before they look at the next.
pub(super) struct Options<'a> {
    choices: &'static [Choice],
    rest: std::slice::Iter<'a, OsString>,
    /// What is left of a word of letters.
    cluster: &'a [u8],
    operands: Vec<OsString>,
    /// POSIXLY_CORRECT: options end at the first operand.
    strict: bool,
}

impl<'a> Options<'a> {
    pub(super) fn new(choices: &'static [Choice], arguments: &'a [OsString]) -> Self {
        let strict = std::env::var_os("POSIXLY_CORRECT").is_some();
        Self { choices, rest: arguments.iter(), cluster: &[], operands: Vec::new(), strict }
    }

    /// The next option.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn next(&mut self) -> Result<Option<GivenOption>, Misuse> {
        if let Some((letter, after)) = self.cluster.split_first() {
            return self.letter(*letter, after).map(Some);
        }
        while let Some(word) = self.rest.next() {
            match word.as_bytes() {
                b"--" => break,
                [b'-', b'-', name @ ..] => return self.long(word, name).map(Some),
                [b'-', letter, after @ ..] => return self.letter(*letter, after).map(Some),
                _ => {
                    self.operands.push(word.clone());
                    if self.strict {
                        break;
                    }
                }
            }
        }
        self.operands.extend(self.rest.by_ref().cloned());
        Ok(None)
    }

    /// The words that are no options, when all options have been read.
    pub(super) fn operands(self) -> Vec<OsString> {
        self.operands
    }

    fn letter(&mut self, letter: u8, after: &'a [u8]) -> Result<GivenOption, Misuse> {
        let choice = self.choices.iter().find(|choice| choice.letter == Some(letter));
        let choice = choice.ok_or(Misuse::InvalidLetter(letter))?;
        let attached = (!after.is_empty()).then(|| OsStr::from_bytes(after).to_owned());
        self.cluster = &[];
        let value = match choice.takes {
            Takes::Nothing => {
                self.cluster = after;
                None
            }
            Takes::Maybe => attached,
            Takes::Value => {
                let value = attached.or_else(|| self.rest.next().cloned());
                Some(value.ok_or(Misuse::LetterNeedsValue(letter))?)
            }
        };
        Ok((choice.name, value))
    }

    fn long(&mut self, word: &OsStr, typed: &[u8]) -> Result<GivenOption, Misuse> {
        let equals = typed.iter().position(|byte| *byte == b'=');
        let name = &typed[..equals.unwrap_or(typed.len())];
        let value = equals.map(|at| OsStr::from_bytes(&typed[at + 1..]).to_owned());
        let choice = self.named(word, name)?;
        let value = match (choice.takes, value) {
            (Takes::Nothing, Some(_)) => return Err(Misuse::NoValue(choice.name)),
            (Takes::Value, None) => {
                Some(self.rest.next().cloned().ok_or(Misuse::NeedsValue(choice.name))?)
            }
            (_, value) => value,
        };
        Ok((choice.name, value))
    }

    /// The option of this name, or the only one that begins like this.
    fn named(&self, word: &OsStr, name: &[u8]) -> Result<&'static Choice, Misuse> {
        if let Some(choice) = self.choices.iter().find(|choice| choice.name.as_bytes() == name) {
            return Ok(choice);
        }
        let begins = |choice: &&Choice| choice.name.as_bytes().starts_with(name);
        let found: Vec<_> = self.choices.iter().filter(begins).collect();
        match found.as_slice() {
            [] => Err(Misuse::Unrecognized(word.to_owned())),
            [choice] => Ok(choice),
            several => {
                let names = several.iter().map(|choice| choice.name).collect();
                Err(Misuse::Ambiguous(word.to_owned(), names))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    static CHOICES: &[Choice] = &[
        both('i', "id", Takes::Value),
        both('s', "semaphores", Takes::Nothing),
        long("shell", Takes::Nothing),
        both('a', "all", Takes::Maybe),
    ];

    fn read(words: &[&str]) -> Result<(Vec<String>, Vec<OsString>), String> {
        let words: Vec<OsString> = words.iter().map(OsString::from).collect();
        let mut options = Options::new(CHOICES, &words);
        let mut given = Vec::new();
        while let Some((name, value)) = options.next().map_err(|misuse| misuse.to_string())? {
            let value = value.map(|value| format!("={}", value.to_string_lossy()));
            given.push(format!("{name}{}", value.unwrap_or_default()));
        }
        Ok((given, options.operands()))
    }

    fn given(words: &[&str]) -> Vec<String> {
        read(words).unwrap().0
    }

    #[test]
    fn letters_cluster_and_values_are_attached_or_follow() {
        assert_eq!(given(&["-si5"]), ["semaphores", "id=5"]);
        assert_eq!(given(&["-i", "-s"]), ["id=-s"]);
        assert_eq!(given(&["-ax", "-a", "x"]), ["all=x", "all"]);
        assert_eq!(given(&["--all=", "--id=a=b", "--id", "c"]), ["all=", "id=a=b", "id=c"]);
    }

    #[test]
    fn long_options_may_be_cut_as_short_as_they_are_clear() {
        assert_eq!(given(&["--se", "--a"]), ["semaphores", "all"]);
        let ambiguous = "option '--s' is ambiguous; possibilities: '--semaphores' '--shell'";
        assert_eq!(read(&["--s"]), Err(ambiguous.into()));
        assert_eq!(read(&["--x=1"]), Err("unrecognized option '--x=1'".into()));
    }

    #[test]
    fn operands_may_stand_anywhere_and_two_hyphens_end_the_options() {
        let (given, operands) = read(&["x", "-s", "-", "--", "-a"]).unwrap();
        assert_eq!(given, ["semaphores"]);
        assert_eq!(operands, ["x", "-", "-a"]);
    }

    #[test]
    fn what_is_wrong_is_said_in_the_words_of_the_c_library() {
        for (words, message) in [
            (["-sx"], "invalid option -- 'x'"),
            (["-i"], "option requires an argument -- 'i'"),
            (["--id"], "option '--id' requires an argument"),
            (["--shell=1"], "option '--shell' doesn't allow an argument"),
            (["-s-"], "invalid option -- '-'"),
        ] {
            assert_eq!(read(&words), Err(message.into()));
        }
    }

    proptest! {
        #[test]
        fn any_words_end_and_none_is_a_panic(words: Vec<Vec<u8>>) {
            let words: Vec<OsString> =
                words.iter().map(|word| OsStr::from_bytes(word).to_owned()).collect();
            let mut options = Options::new(CHOICES, &words);
            for _ in 0..words.iter().map(|word| word.len() + 1).sum::<usize>() + 1 {
                match options.next() {
                    Ok(Some(_)) => {}
                    Ok(None) => return Ok(()),
                    Err(misuse) => {
                        prop_assert!(!misuse.to_string().chars().any(char::is_control));
                        return Ok(());
                    }
                }
            }
            prop_assert!(false, "it goes on and on");
        }
    }
}
