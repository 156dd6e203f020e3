//! Values to text. Knows values and column names, never a kind: one file a format.

mod color;
mod csv;
mod detail;
mod fitted;
mod groups;
mod hex;
mod json;
mod names;
mod plain;
mod progress;
mod shorten;
mod table;
mod text;

use std::borrow::Cow;
use std::io::{self, Write};

use crate::model::{Named, Value};

pub use color::{Palette, Tone};
pub use detail::{Sheet, detail};
pub use groups::{Groups, SUMS};
pub use hex::Dump;
pub use names::Names;
pub use progress::{Progress, ProgressUnit};
pub use shorten::wrapped;
pub use text::{Times, View};

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Aligned columns for people.
    Table,
    /// One JSON document.
    Json,
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated values with a heading.
    Csv,
    /// Tab-separated values without a heading.
    Plain,
}

impl Named for Format {
    const ALL: &'static [Self] = &[Self::Table, Self::Json, Self::Jsonl, Self::Csv, Self::Plain];

    fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Csv => "csv",
            Self::Plain => "plain",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Table => "Aligned columns for people",
            Self::Json => "One JSON document",
            Self::Jsonl => "One JSON object a line",
            Self::Csv => "Comma-separated values with a heading",
            Self::Plain => "Tab-separated values without a heading",
        }
    }
}

impl Format {
    /// Returns true if records name their values. Then they may have more values than there are columns.
    pub fn names_values(self) -> bool {
        matches!(self, Self::Json | Self::Jsonl)
    }
}

/// One value of a record.
pub type Cell<'a> = Cow<'a, Value>;

/// Writes records in one format.
pub trait Renderer {
    /// The names of the cells of the records that follow. Formats that name values are told before the first
    /// record and whenever the names change, which is seldom; to the others it does not matter.
    fn names(&mut self, _names: &[&str]) {}

    /// Writes what is told of the whole before the first record. Formats that do not name values leave it out.
    ///
    /// # Errors
    /// What the output says.
    fn head(
        &mut self,
        _out: &mut dyn Write,
        _view: &View,
        _values: &[(&str, Value)],
    ) -> io::Result<()> {
        Ok(())
    }

    /// Writes or keeps one record. Its first cells are the columns, in order; formats that name values write
    /// the others too.
    ///
    /// # Errors
    /// What the output says.
    fn record(&mut self, out: &mut dyn Write, view: &View, cells: &[Cell]) -> io::Result<()>;

    /// A last line for people at a terminal.
    fn footer(&mut self, _line: String) {}

    /// How many lines of a terminal are still to be written, where they have been kept.
    fn lines(&self) -> usize {
        0
    }

    /// Writes what is left when all records have come.
    ///
    /// # Errors
    /// What the output says.
    fn finish(&mut self, out: &mut dyn Write, view: &View, warnings: &[String]) -> io::Result<()>;
}

/// What the renderers need to know of a listing as a whole.
pub struct Layout<'a> {
    /// What the records are called in JSON: `objects`.
    pub records: &'static str,
    /// The names of the columns.
    pub columns: &'a [&'a str],
    /// Column headings are printed.
    pub headings: bool,
    /// What has which colour.
    pub palette: &'a Palette,
    /// The columns were asked for by name.
    pub chosen: bool,
    /// Columns of the terminal, when there is one.
    pub width: Option<usize>,
}

/// The renderer of a format.
pub fn renderer(format: Format, layout: &Layout) -> Box<dyn Renderer> {
    match format {
        Format::Table if layout.width.is_some() || layout.palette.is_on() => {
            Box::new(fitted::Fitted::new(layout))
        }
        Format::Table => Box::new(table::Table::new(layout)),
        Format::Json => Box::new(json::Json::document(layout.records)),
        Format::Jsonl => Box::new(json::Json::lines()),
        Format::Csv => Box::new(csv::Csv::new(layout)),
        Format::Plain => Box::new(plain::Plain::new(layout.columns.len())),
    }
}

/// A column's title.
fn title(name: &str) -> String {
    name.to_ascii_uppercase()
}
