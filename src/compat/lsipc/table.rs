//! Rows of cells in the six forms that `lsipc` prints. Knows columns and bytes, no object.

use std::io::{self, Write};

use super::columns::LsipcColumn;
use crate::compat::text::{self, escape, escaped, left, right};

/// The forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Aligned columns.
    List,
    /// Columns with one space between them.
    Raw,
    /// `NAME="value"` pairs, a row a line.
    Export,
    /// The same, a pair a line.
    Newline,
    Json,
    /// A label and a value a line, for one object.
    Pretty,
}

/// So much is put together before it is written: cells are short, and there are hundreds of thousands of them.
const CHUNK: usize = 1 << 16;

/// Writes what has been put together, when it is enough.
fn flush(out: &mut dyn Write, text: &mut Vec<u8>) -> io::Result<()> {
    if text.len() >= CHUNK {
        out.write_all(text)?;
        text.clear();
    }
    Ok(())
}

/// Columns between the text of a label and its value, and the least that a value takes.
const PRETTY: usize = 36;

/// Rows that grow cell by cell. An empty cell is not the same as none, but only where one object is shown.
pub(super) struct LsipcTable {
    mode: Mode,
    columns: Vec<&'static LsipcColumn>,
    titles: Vec<String>,
    headings: bool,
    text: Vec<u8>,
    /// How long each cell is in the text, and whether there is one at all. Small: fresh memory costs more than what is
    /// put there.
    cells: Vec<(u32, bool)>,
    /// Rows have been written that are not kept here.
    begun: bool,
}

impl LsipcTable {
    pub(super) fn new(mode: Mode, columns: Vec<&'static LsipcColumn>) -> Self {
        let titles = columns.iter().map(|column| column.name.to_owned()).collect();
        let (text, cells) = (Vec::new(), Vec::new());
        Self { mode, columns, titles, headings: true, text, cells, begun: false }
    }

    /// Titles that can be names of shell variables.
    pub(super) fn shell_names(&mut self) {
        for title in &mut self.titles {
            *title = title.replace('%', "_PCT");
        }
    }

    pub(super) fn no_headings(&mut self) {
        self.headings = false;
    }

    pub(super) fn columns(&self) -> Vec<&'static LsipcColumn> {
        self.columns.clone()
    }

    /// A cell of our own text, which needs no escapes but for the spaces of a raw list.
    pub(super) fn own(&mut self, text: &[u8]) {
        let begin = self.text.len();
        self.text.extend_from_slice(text);
        self.end_cell(begin);
    }

    /// Keeps the text from `begin` on as a cell.
    fn end_cell(&mut self, begin: usize) {
        let length = self.text.len() - begin;
        self.cells.push((u32::try_from(length).unwrap_or(u32::MAX), true));
    }

    /// A cell of text that has spaces, or that others chose.
    pub(super) fn foreign(&mut self, text: &[u8]) {
        let begin = self.text.len();
        match self.mode {
            Mode::List | Mode::Pretty => escape(&mut self.text, text, text::hide_unprintable),
            Mode::Raw => escape(&mut self.text, text, |byte, _| {
                !matches!(byte, b'!'..=b'~') || byte == b'\\'
            }),
            Mode::Export | Mode::Newline => escape(&mut self.text, text, |byte, _| {
                !matches!(byte, b' '..=b'~') || b"\"\\`$".contains(&byte)
            }),
            Mode::Json => json_escape(&mut self.text, text),
        }
        self.end_cell(begin);
    }

    /// Nothing to say.
    pub(super) fn none(&mut self) {
        self.cells.push((0, false));
    }

    /// Every cell, with whether there is one at all.
    fn cells(&self) -> impl Iterator<Item = (&[u8], bool)> {
        let mut rest = self.text.as_slice();
        self.cells.iter().map(move |(length, there)| {
            let (cell, more) = rest.split_at_checked(*length as usize).unwrap_or((rest, &[]));
            rest = more;
            (cell, *there)
        })
    }

    /// Writes the rows that are whole and lets go of them, when they are many and need no others to be written. JSON calls
    /// them `records`.
    pub(super) fn pass_on(&mut self, out: &mut dyn Write, records: &str) -> io::Result<()> {
        if self.text.len() < CHUNK || matches!(self.mode, Mode::List | Mode::Pretty) {
            return Ok(());
        }
        self.write_rows(out, records, None)?;
        self.text.clear();
        self.cells.clear();
        self.begun = true;
        Ok(())
    }

    /// Writes the rows that have not been written, and the end. `width` is that of a terminal on which columns may be cut.
    pub(super) fn write(
        &self,
        out: &mut dyn Write,
        records: &str,
        width: Option<usize>,
    ) -> io::Result<()> {
        self.write_rows(out, records, width)?;
        if self.mode == Mode::Json { out.write_all(b"\n   ]\n}\n") } else { Ok(()) }
    }

    fn write_rows(
        &self,
        out: &mut dyn Write,
        records: &str,
        width: Option<usize>,
    ) -> io::Result<()> {
        match self.mode {
            Mode::Json => self.write_json(out, records),
            Mode::Pretty => self.write_pretty(out),
            Mode::Export => self.write_pairs(out, b' '),
            Mode::Newline => self.write_pairs(out, b'\n'),
            // No rows, no headings.
            _ if self.cells.is_empty() => Ok(()),
            Mode::Raw => self.write_raw(out),
            Mode::List => self.write_list(out, width),
        }
    }

    /// Each with the number of its column.
    fn in_columns<T>(&self, cells: impl Iterator<Item = T>) -> impl Iterator<Item = (usize, T)> {
        (0..self.columns.len()).cycle().zip(cells)
    }

    /// The titles as the first row, if there are any.
    fn with_headings(&self) -> impl Iterator<Item = &[u8]> {
        let headings = self.headings && !self.begun;
        let titles = self.titles.iter().take(if headings { usize::MAX } else { 0 });
        titles.map(|title| title.as_bytes()).chain(self.cells().map(|(cell, _)| cell))
    }

    fn write_raw(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut text = Vec::new();
        for (column, cell) in self.in_columns(self.with_headings()) {
            text.extend_from_slice(cell);
            text.push(if column + 1 == self.columns.len() { b'\n' } else { b' ' });
            flush(out, &mut text)?;
        }
        out.write_all(&text)
    }

    fn write_list(&self, out: &mut dyn Write, width: Option<usize>) -> io::Result<()> {
        let count = self.columns.len();
        let mut widths = vec![0; count];
        for (at, cell) in self.in_columns(self.with_headings()) {
            let widest = &mut widths[at];
            *widest = cell.len().max(*widest);
        }
        if let Some(width) = width {
            self.narrow(&mut widths, width);
        }
        let mut line = Vec::new();
        for (column, cell) in self.in_columns(self.with_headings()) {
            let cell = &cell[..cell.len().min(widths[column])];
            let last = column + 1 == count;
            match (self.columns[column].right, last && cell.is_empty()) {
                (_, true) => {}
                (true, _) => right(&mut line, cell, widths[column]),
                (false, _) if last => line.extend_from_slice(cell),
                (false, _) => left(&mut line, cell, widths[column]),
            }
            if last {
                line.push(b'\n');
                flush(out, &mut line)?;
            } else {
                line.push(b' ');
            }
        }
        out.write_all(&line)
    }

    /// Takes what is too much for a terminal from the columns that may be cut, down to their titles.
    fn narrow(&self, widths: &mut [usize], room: usize) {
        let mut excess = (widths.iter().sum::<usize>() + widths.len() - 1).saturating_sub(room);
        for (at, column) in self.columns.iter().enumerate().rev().filter(|(_, column)| column.cut) {
            let taken = excess.min(widths[at].saturating_sub(column.name.len()));
            widths[at] -= taken;
            excess -= taken;
        }
    }

    fn write_pairs(&self, out: &mut dyn Write, between: u8) -> io::Result<()> {
        let count = self.columns.len();
        let leads: Vec<String> = self.titles.iter().map(|title| format!("{title}=\"")).collect();
        let mut text = Vec::new();
        for (column, (cell, _)) in self.in_columns(self.cells()) {
            text.extend_from_slice(leads[column].as_bytes());
            text.extend_from_slice(cell);
            text.push(b'"');
            text.push(if column + 1 == count { b'\n' } else { between });
            flush(out, &mut text)?;
        }
        out.write_all(&text)
    }

    fn write_pretty(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut line = Vec::new();
        for (column, (cell, there)) in self.columns.iter().zip(self.cells()) {
            if there {
                left(&mut line, format!("{}:", column.label).as_bytes(), PRETTY);
                left(&mut line, cell, PRETTY);
                line.push(b'\n');
            }
        }
        out.write_all(&line)
    }

    fn write_json(&self, out: &mut dyn Write, records: &str) -> io::Result<()> {
        let count = self.columns.len();
        let lead = |title: &String| format!("         \"{}\": ", title.to_ascii_lowercase());
        let leads: Vec<String> = self.titles.iter().map(lead).collect();
        let mut text = Vec::new();
        if !self.begun {
            text.extend_from_slice(format!("{{\n   \"{records}\": [\n").as_bytes());
        }
        let mut first = !self.begun;
        for (column, (cell, _)) in self.in_columns(self.cells()) {
            if column == 0 {
                text.extend_from_slice(if first { b"      {\n" } else { b",{\n" });
                first = false;
            }
            text.extend_from_slice(leads[column].as_bytes());
            if cell.is_empty() {
                text.extend_from_slice(b"null");
            } else {
                text.push(b'"');
                text.extend_from_slice(cell);
                text.push(b'"');
            }
            text.extend_from_slice(if column + 1 == count { b"\n      }" } else { b",\n" });
            flush(out, &mut text)?;
        }
        out.write_all(&text)
    }
}

/// A JSON string is UTF-8: text that is none has its other bytes, and its backslashes, as `\xNN`. Control characters
/// of every kind are escaped.
fn json_escape(out: &mut Vec<u8>, text: &[u8]) {
    let valid = std::str::from_utf8(text).is_ok();
    for chunk in text.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '"' => out.extend_from_slice(b"\\\""),
                '\\' if valid => out.extend_from_slice(b"\\\\"),
                '\\' => out.extend_from_slice(b"\\\\x5c"),
                '\x08' => out.extend_from_slice(b"\\b"),
                '\t' => out.extend_from_slice(b"\\t"),
                '\n' => out.extend_from_slice(b"\\n"),
                '\x0c' => out.extend_from_slice(b"\\f"),
                '\r' => out.extend_from_slice(b"\\r"),
                _ if letter.is_control() => {
                    out.extend_from_slice(format!("\\u{:04x}", u32::from(letter)).as_bytes());
                }
                _ => out.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        for byte in chunk.invalid() {
            out.push(b'\\');
            out.extend_from_slice(escaped(*byte).as_bytes());
        }
    }
}
