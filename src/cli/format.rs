//! The options by which verbs are told how the answer looks, and which verb has which of them.

use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Args, Command};

use super::values;
use crate::model::{Fault, Named};
use crate::output::{Format, Times};

/// How the answer looks. Most verbs have some of these options, so the short help of a verb names them in one line, and only the
/// long one lists them.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
pub struct OutputOptions {
    /// Output format
    ///
    /// json is one document {"schema":1,"objects":[…],"warnings":[…]}, jsonl one object per line. csv and plain (tabs, no
    /// headings) print exact bytes and times in seconds since the epoch. These four never change with terminal,
    /// locale or colour.
    #[arg(
        long,
        global = true,
        value_parser = values::named::<Format>(),
        value_name = "FORMAT",
        default_value = "table",
        hide_default_value = true,
        hide_short_help = true
    )]
    pub format: Format,

    /// Short for --format json
    #[arg(long, global = true, conflicts_with = "format", hide_short_help = true)]
    pub json: bool,

    /// Columns to print: A,B instead of the default, +A,B in addition; help lists them
    #[arg(
        short = 'o',
        long,
        global = true,
        value_name = "LIST",
        allow_hyphen_values = true,
        hide_short_help = true
    )]
    pub columns: Option<String>,

    /// Do not print column headings
    #[arg(long, global = true, hide_short_help = true)]
    pub no_headings: bool,

    /// Print exact sizes in tables
    #[arg(long, global = true, hide_short_help = true)]
    pub bytes: bool,

    /// Style of times in tables: relative, or local date and time
    #[arg(long, global = true, value_parser = values::named::<Times>(), value_name = "STYLE", hide_short_help = true)]
    pub time: Option<Times>,

    /// When to use colour; NO_COLOR disables auto
    #[arg(
        long,
        global = true,
        value_parser = values::named::<Color>(),
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        hide_short_help = true
    )]
    pub color: Color,

    /// Do not start a pager for a table that is longer than the terminal
    #[arg(long, global = true, hide_short_help = true)]
    pub no_pager: bool,

    /// Suppress warnings, notes and hints
    ///
    /// Errors and the exit status are not affected.
    #[arg(short, long, global = true, hide_short_help = true)]
    pub quiet: bool,

    /// Print help: -h in short, --help with examples
    #[arg(short, long, global = true, action = ArgAction::Help, hide_short_help = true)]
    help: Option<bool>,
}

/// When there is colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// On a terminal.
    Auto,
    /// Also if output is no terminal.
    Always,
    /// Never.
    Never,
}

impl Named for Color {
    const ALL: &'static [Self] = &[Self::Auto, Self::Always, Self::Never];

    fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Auto => "On a terminal",
            Self::Always => "Also if output is no terminal",
            Self::Never => "Never",
        }
    }
}

/// The output options that a verb may lack, by their ids, in the order of help.
const LACKABLE: [&str; 8] =
    ["format", "json", "columns", "no_headings", "bytes", "time", "color", "no_pager"];

/// Which of the output options a verb has, by their ids. Every verb has `--quiet` and `--help`.
#[derive(Clone, Copy)]
pub struct Honoured {
    ids: &'static [&'static str],
    /// What `--json` is short for or does, where the verb has no other format.
    json: &'static str,
}

impl Honoured {
    /// Nothing is rendered: what is printed is a word, or belongs to somebody else.
    pub const NONE: Self = Self { ids: &[], json: "" };
    /// Messages, whose frame may be JSON.
    pub const MESSAGES: Self = Self { ids: &["json"], json: "Short for --frame json" };
    /// Verbs that act, and say what they did only if they are asked.
    pub const ACTS: Self =
        Self { ids: &["json"], json: "Report what was done as one JSON document" };
    /// Records that have neither sizes nor times.
    pub const WORDS: Self =
        Self { ids: &["format", "json", "columns", "no_headings", "color", "no_pager"], json: "" };
    /// Records without times.
    pub const FIGURES: Self = Self {
        ids: &["format", "json", "columns", "no_headings", "bytes", "color", "no_pager"],
        json: "",
    };
    /// Records of whatever kind.
    pub const ALL: Self = Self { ids: &LACKABLE, json: "" };

    /// Returns true if the verb has the option with this id.
    pub fn has(self, id: &str) -> bool {
        self.ids.contains(&id) || !LACKABLE.contains(&id)
    }

    /// Makes the help of a verb say what the common options, which `all` defines, are to it: those that it lacks
    /// are hidden.
    pub fn describe(self, verb: Command, all: &Command) -> Command {
        let lacked = all.get_arguments().filter(|arg| !self.has(arg.get_id().as_str()));
        let verb = verb.args(lacked.map(|arg| arg.clone().hide(true)));
        let json = all.get_arguments().find(|arg| arg.get_id() == "json" && !self.has("format"));
        let json = json.filter(|_| self.has("json")).cloned();
        verb.args(json.map(|json| json.global(false).help(self.json)))
    }

    /// The line below the short help of a verb, which has no room for the common options.
    pub fn summary(self, verb: &str) -> String {
        let named = [("json", "--json, "), ("columns", "-o LIST, ")];
        let named: String =
            named.iter().filter(|(id, _)| self.has(id)).map(|(_, option)| *option).collect();
        format!("Also {named}-q and more, with examples: ipcctl {verb} --help")
    }

    /// Refuses what was given to a verb that lacks it.
    ///
    /// # Errors
    /// A usage error that names the output options that the verb has.
    pub fn refuse_others(self, verb: &str, matches: &ArgMatches) -> Result<(), Fault> {
        let given = |id: &&&str| matches.value_source(id) == Some(ValueSource::CommandLine);
        let option = |id: &&str| format!("--{}", id.replace('_', "-"));
        match LACKABLE.iter().filter(|id| !self.has(id)).find(given) {
            None => Ok(()),
            Some(id) => {
                let mut has: Vec<_> = self.ids.iter().map(option).collect();
                has.push("--quiet".to_owned());
                let has = has.join(", ");
                Err(Fault::usage(format!("{} is not for {verb}: it has {has}", option(id))))
            }
        }
    }
}

impl OutputOptions {
    /// The format that was asked for.
    pub fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }

    /// The style of time that was asked for, or what suits the verb.
    pub fn times(&self, otherwise: Times) -> Times {
        self.time.unwrap_or(otherwise)
    }

    /// Returns true if there is colour on an output that is a terminal or not. <https://no-color.org>
    pub fn color(&self, terminal: bool) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        }
    }
}
