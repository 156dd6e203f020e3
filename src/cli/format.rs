//! The options that every verb has: how the answer looks.

use clap::{ArgAction, Args, ValueEnum};

use crate::output::{Format, Times};

/// How the answer looks. Every verb has these options, so the short help of a verb names them in one line, and only the
/// long one lists them.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Output")]
pub struct OutputOptions {
    /// Output format
    ///
    /// json is one document {"objects":[…],"warnings":[…]}, jsonl one object per line. csv and plain (tabs, no
    /// headings) print exact bytes and times in seconds since the epoch. These four never change with terminal,
    /// locale or colour.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "FORMAT",
        default_value = "table",
        hide_default_value = true,
        hide_short_help = true
    )]
    pub format: FormatName,

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
    #[arg(long, global = true, value_enum, value_name = "STYLE", hide_short_help = true)]
    pub time: Option<TimeName>,

    /// When to use colour; NO_COLOR disables auto
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto",
        hide_default_value = true,
        hide_short_help = true
    )]
    pub color: ColorName,

    /// Suppress warnings, notes and hints
    ///
    /// Errors and the exit status are not affected.
    #[arg(short, long, global = true, hide_short_help = true)]
    pub quiet: bool,

    /// Print help: -h in short, --help with examples
    #[arg(short, long, global = true, action = ArgAction::Help, hide_short_help = true)]
    help: Option<bool>,
}

/// Names of the formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatName {
    /// Aligned columns for people
    Table,
    /// One JSON document
    Json,
    /// One JSON object a line
    Jsonl,
    /// Comma-separated values with a heading
    Csv,
    /// Tab-separated values without a heading
    Plain,
}

/// Names of the styles of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TimeName {
    /// Time that has passed: 5m
    Relative,
    /// The local date and time
    Iso,
}

/// When there is colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorName {
    /// On a terminal
    Auto,
    /// Also if output is no terminal
    Always,
    /// Never
    Never,
}

impl OutputOptions {
    /// The format that was asked for.
    pub fn format(&self) -> Format {
        match self.format {
            _ if self.json => Format::Json,
            FormatName::Table => Format::Table,
            FormatName::Json => Format::Json,
            FormatName::Jsonl => Format::Jsonl,
            FormatName::Csv => Format::Csv,
            FormatName::Plain => Format::Plain,
        }
    }

    /// The style of time that was asked for, or what suits the verb.
    pub fn times(&self, otherwise: Times) -> Times {
        match self.time {
            Some(TimeName::Relative) => Times::Relative,
            Some(TimeName::Iso) => Times::Iso,
            None => otherwise,
        }
    }

    /// Returns true if there is colour on an output that is a terminal or not. <https://no-color.org>
    pub fn color(&self, terminal: bool) -> bool {
        match self.color {
            ColorName::Always => true,
            ColorName::Never => false,
            ColorName::Auto => {
                terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        }
    }
}
