//! Options that only some kinds have, as data: the command line is built from these, and a kind that lacks
//! an option can be told which kinds have it.

use std::path::PathBuf;

use super::value::Value;

/// An option of a verb that a kind declares beside the code that obeys it.
#[derive(Debug)]
pub struct Param {
    /// The long option without its hyphens: `max-messages`.
    pub name: &'static str,
    /// What its value is called in help; empty for a flag.
    pub metavar: &'static str,
    /// One line, with the unit.
    pub help: &'static str,
    /// How its text is read.
    pub form: Form,
}

/// How the text of an option is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Bytes, with binary units: `64K` is 65536.
    Size,
    /// A whole number, 0 or above.
    Count,
    /// A whole number that may be negative.
    Integer,
    /// Whole numbers with commas between them.
    Counts,
    /// No value.
    Flag,
    /// A file and one character or number, as `ftok(3)` takes them.
    Key,
    /// A path; the option can be repeated.
    Paths,
    /// Words with commas between them.
    Words,
}

/// The value of an option, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Argument {
    /// Bytes or a whole number.
    Number(u64),
    /// A whole number that may be negative.
    Integer(i64),
    /// Whole numbers.
    Numbers(Vec<u64>),
    /// It was given.
    Given,
    /// A file and a project number for `ftok(3)`.
    Key(PathBuf, u8),
    /// Paths.
    Paths(Vec<PathBuf>),
    /// Words.
    Words(Vec<String>),
}

/// The options that were given.
#[derive(Clone, Debug, Default)]
pub struct Settings(Vec<(&'static Param, Argument)>);

impl Settings {
    /// No option was given.
    pub const NONE: Self = Self(Vec::new());

    /// Adds an option that was given.
    pub fn push(&mut self, param: &'static Param, argument: Argument) {
        self.0.push((param, argument));
    }

    /// The options that were given.
    pub fn params(&self) -> impl Iterator<Item = &'static Param> {
        self.0.iter().map(|(param, _)| *param)
    }

    /// Those of the options that were given which `keep` keeps.
    #[must_use]
    pub fn only(&self, keep: impl Fn(&Param) -> bool) -> Self {
        Self(self.0.iter().filter(|(param, _)| keep(param)).cloned().collect())
    }

    /// Returns true if no option was given.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn get(&self, param: &Param) -> Option<&Argument> {
        self.0.iter().find(|(one, _)| one.name == param.name).map(|(_, argument)| argument)
    }

    /// Returns true if this flag was given.
    pub fn given(&self, param: &Param) -> bool {
        self.get(param).is_some()
    }

    /// A size in bytes or a count.
    pub fn number(&self, param: &Param) -> Option<u64> {
        match self.get(param)? {
            Argument::Number(number) => Some(*number),
            _ => None,
        }
    }

    /// The number of the option called `name` as it is told of an act: `otherwise` where it was not given.
    pub fn told(&self, name: &str, otherwise: u64) -> Value {
        let given = self.0.iter().find(|(param, _)| param.name == name);
        Value::Count(match given {
            Some((_, Argument::Number(number))) => *number,
            _ => otherwise,
        })
    }

    /// A whole number that may be negative.
    pub fn integer(&self, param: &Param) -> Option<i64> {
        match self.get(param)? {
            Argument::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// Paths, in the order in which they were given.
    pub fn paths(&self, param: &Param) -> &[PathBuf] {
        match self.get(param) {
            Some(Argument::Paths(paths)) => paths,
            _ => &[],
        }
    }

    /// A list of words.
    pub fn words(&self, param: &Param) -> Option<&[String]> {
        match self.get(param)? {
            Argument::Words(words) => Some(words),
            _ => None,
        }
    }

    /// A list of counts.
    pub fn numbers(&self, param: &Param) -> Option<&[u64]> {
        match self.get(param)? {
            Argument::Numbers(numbers) => Some(numbers),
            _ => None,
        }
    }

    /// A file and project for `ftok(3)`.
    pub fn key(&self, param: &Param) -> Option<(&PathBuf, u8)> {
        match self.get(param)? {
            Argument::Key(path, project) => Some((path, *project)),
            _ => None,
        }
    }
}
