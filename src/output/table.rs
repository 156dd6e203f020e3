//! Aligned columns. On a terminal `tabled` lays them out and fits the last one to the width; into a pipe they
//! are written in two passes over the cells, several times faster and with nothing ever cut.

use std::io::{self, Write};

use tabled::builder::Builder;
use tabled::settings::object::Columns;
use tabled::settings::{Alignment, Padding, Style, Width};
use unicode_width::UnicodeWidthStr;

use super::{Cell, Layout, Renderer, View, text, title};

/// Blanks between two columns.
const GAP: usize = 2;
/// Bytes of lines that are written together.
const LINES: usize = 1 << 14;
/// Narrower than this the last column is not made.
const NARROWEST: usize = 8;

/// Cells kept until all widths are known: one text, and how long each cell is in it. Kept small: fresh memory costs
/// more than the text that is put there.
pub(super) struct Table {
    columns: usize,
    color: bool,
    width: Option<usize>,
    text: String,
    lengths: Vec<u32>,
    widths: Vec<usize>,
    right: Vec<bool>,
}

impl Table {
    pub(super) fn new(layout: &Layout) -> Self {
        let columns = layout.columns.len();
        let mut table = Self {
            columns,
            color: layout.color && layout.headings,
            width: layout.width,
            text: String::new(),
            lengths: Vec::new(),
            widths: vec![0; columns],
            right: vec![false; columns],
        };
        if layout.headings {
            for (at, name) in layout.columns.iter().enumerate() {
                let begin = table.text.len();
                table.text.push_str(&title(name));
                table.end_cell(at, begin);
            }
        }
        table
    }

    /// Keeps the text from `begin` on as a cell, and widens its column to it.
    fn end_cell(&mut self, column: usize, begin: usize) {
        let length = self.text.len() - begin;
        self.lengths.push(u32::try_from(length).unwrap_or(u32::MAX));
        // No character is wider than it has bytes.
        if let Some(widest) = self.widths.get_mut(column)
            && length > *widest
        {
            *widest = self.text.get(begin..).unwrap_or_default().width().max(*widest);
        }
    }

    fn cells(&self) -> impl Iterator<Item = &str> {
        let mut rest = self.text.as_str();
        self.lengths.iter().map(move |length| {
            let (cell, more) = rest.split_at_checked(*length as usize).unwrap_or((rest, ""));
            rest = more;
            cell
        })
    }

    /// Two passes: the widths are known, the cells are padded on their way out.
    fn write_padded(&self, out: &mut dyn Write) -> io::Result<()> {
        let ascii = self.text.is_ascii();
        let mut lines = Vec::with_capacity(2 * LINES);
        let mut cells = self.cells();
        for row in 0..self.lengths.len() / self.columns.max(1) {
            let start = lines.len();
            // Where the column would begin if every character were a byte.
            let mut begin = start;
            for ((widest, right), cell) in self.widths.iter().zip(&self.right).zip(&mut cells) {
                let width = if ascii { cell.len() } else { cell.width() };
                let room = if *right { widest - width.min(*widest) } else { 0 };
                pad(&mut lines, begin + room);
                lines.extend_from_slice(cell.as_bytes());
                begin += widest + GAP + cell.len() - width;
            }
            self.end_line(&mut lines, start, row == 0);
            if lines.len() >= LINES {
                out.write_all(&lines)?;
                lines.clear();
            }
        }
        out.write_all(&lines)
    }

    /// Ends the line that starts there. The first one is the heading, if there is one.
    fn end_line(&self, lines: &mut Vec<u8>, start: usize, first: bool) {
        let length = lines.get(start..).map_or(0, |line| line.trim_ascii_end().len());
        lines.truncate(start + length);
        if first && self.color {
            lines.splice(start..start, *b"\x1b[1m");
            lines.extend_from_slice(b"\x1b[0m");
        }
        lines.push(b'\n');
    }

    /// The last column alone may be shortened, to what the others leave of the terminal.
    fn write_fitted(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        let mut builder = Builder::default();
        let cells: Vec<_> = self.cells().collect();
        for row in cells.chunks(self.columns) {
            builder.push_record(row.iter().copied());
        }
        let mut table = builder.build();
        table.with(Style::empty()).with(Padding::zero());
        for (at, right) in self.right.iter().enumerate() {
            if *right {
                table.modify(Columns::one(at), Alignment::right());
            }
        }
        if let Some(last) = self.columns.checked_sub(1) {
            table.modify(Columns::new(..last), Padding::new(0, GAP, 0, 0));
            let others: usize = self.widths.iter().take(last).map(|width| width + GAP).sum();
            let room = width.saturating_sub(others).max(NARROWEST);
            if self.widths.last().is_some_and(|widest| *widest > room) {
                table.modify(Columns::one(last), Width::truncate(room).suffix("…"));
            }
        }
        let mut lines = Vec::new();
        for (at, line) in table.to_string().lines().enumerate() {
            let start = lines.len();
            lines.extend_from_slice(line.as_bytes());
            self.end_line(&mut lines, start, at == 0);
        }
        out.write_all(&lines)
    }
}

impl Renderer for Table {
    fn record(&mut self, _out: &mut dyn Write, view: &View, cells: &[Cell]) -> io::Result<()> {
        for (at, value) in cells.iter().take(self.columns).enumerate() {
            let begin = self.text.len();
            view.human(value, &mut self.text);
            self.end_cell(at, begin);
            if text::is_number(value)
                && let Some(right) = self.right.get_mut(at)
            {
                *right = true;
            }
        }
        Ok(())
    }

    fn finish(
        &mut self,
        out: &mut dyn Write,
        _view: &View,
        _warnings: &[String],
    ) -> io::Result<()> {
        match self.width {
            Some(width) if !self.lengths.is_empty() => self.write_fitted(out, width),
            _ => self.write_padded(out),
        }
    }
}

/// Puts blanks at the end up to this length. Most are few, and all are put there together.
fn pad(lines: &mut Vec<u8>, length: usize) {
    static BLANKS: [u8; 16] = [b' '; 16];
    while lines.len() < length {
        lines.extend_from_slice(&BLANKS);
    }
    lines.truncate(length);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Value;
    use crate::output::{Names, Times};
    use std::borrow::Cow;

    fn render(width: Option<usize>, rows: &[(u64, &str)]) -> String {
        let layout = Layout {
            records: "rows",
            columns: &["size", "name"],
            headings: true,
            color: false,
            width,
        };
        let view = View { names: Names::default(), bytes: true, times: Times::Relative, now: 0 };
        let mut table = Table::new(&layout);
        let mut out = Vec::new();
        for (size, name) in rows {
            let cells = [Cow::Owned(Value::Bytes(*size)), Cow::Owned(Value::Text((*name).into()))];
            table.record(&mut out, &view, &cells).unwrap();
        }
        table.finish(&mut out, &view, &[]).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_wide_terminal_and_a_pipe_show_the_same() {
        let rows = [(1, "größe"), (123456, "x"), (99, "漢字"), (5, "")];
        assert_eq!(render(None, &rows), render(Some(200), &rows));
        assert!(render(None, &rows).contains("\n     1  größe\n123456  x\n"));
        assert_eq!(render(None, &[]), "SIZE  NAME\n");
        assert_eq!(render(Some(80), &[]), "SIZE  NAME\n");
    }

    #[test]
    fn the_last_column_alone_is_shortened_and_only_on_a_terminal() {
        let rows = [(1234567890123, "a-name-that-does-not-fit-at-all")];
        assert!(render(None, &rows).contains("a-name-that-does-not-fit-at-all"));
        let narrow = render(Some(24), &rows);
        assert!(narrow.contains("1234567890123") && narrow.contains('…'), "{narrow}");
        assert!(narrow.lines().all(|line| line.width() <= 24), "{narrow}");
    }
}
