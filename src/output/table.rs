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
/// Narrower than this the last column is not made.
const NARROWEST: usize = 8;

/// Cells kept until all widths are known: one text, and where each cell ends.
pub(super) struct Table {
    columns: usize,
    color: bool,
    width: Option<usize>,
    text: String,
    ends: Vec<usize>,
    /// All of it is ASCII: then widths are lengths.
    ascii: bool,
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
            ends: Vec::new(),
            ascii: true,
            widths: vec![0; columns],
            right: vec![false; columns],
        };
        if layout.headings {
            for (at, name) in layout.columns.iter().enumerate() {
                table.text.push_str(&title(name));
                table.end_cell(at);
            }
        }
        table
    }

    fn end_cell(&mut self, column: usize) {
        let begin = self.ends.last().copied().unwrap_or(0);
        self.ends.push(self.text.len());
        let cell = self.text.get(begin..).unwrap_or_default();
        self.ascii &= cell.is_ascii();
        let width = self.width_of(cell);
        if let Some(widest) = self.widths.get_mut(column) {
            *widest = width.max(*widest);
        }
    }

    fn width_of(&self, cell: &str) -> usize {
        if self.ascii { cell.len() } else { cell.width() }
    }

    fn cells(&self) -> impl Iterator<Item = &str> {
        let mut begin = 0;
        self.ends.iter().map(move |&end| {
            let cell = self.text.get(begin..end).unwrap_or_default();
            begin = end;
            cell
        })
    }

    /// Two passes: the widths are known, the cells are padded on their way out.
    fn write_padded(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut line = String::new();
        let mut cells = self.cells();
        for row in 0..self.ends.len() / self.columns.max(1) {
            line.clear();
            for ((widest, right), cell) in self.widths.iter().zip(&self.right).zip(&mut cells) {
                let room = widest.saturating_sub(self.width_of(cell));
                let (before, after) = if *right { (room, GAP) } else { (0, room + GAP) };
                blanks(before, &mut line);
                line.push_str(cell);
                blanks(after, &mut line);
            }
            self.write_line(out, &mut line, row == 0)?;
        }
        Ok(())
    }

    /// The first line is the heading, if there is one.
    fn write_line(&self, out: &mut dyn Write, line: &mut String, first: bool) -> io::Result<()> {
        line.truncate(line.trim_end().len());
        if first && self.color {
            line.insert_str(0, "\x1b[1m");
            line.push_str("\x1b[0m");
        }
        line.push('\n');
        out.write_all(line.as_bytes())
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
        for (at, line) in table.to_string().lines().enumerate() {
            self.write_line(out, &mut line.to_owned(), at == 0)?;
        }
        Ok(())
    }
}

/// So many blanks.
fn blanks(mut count: usize, out: &mut String) {
    const BLANKS: &str = "                                ";
    while count > 0 {
        let some = count.min(BLANKS.len());
        out.push_str(&BLANKS[..some]);
        count -= some;
    }
}

impl Renderer for Table {
    fn record(&mut self, _out: &mut dyn Write, view: &View, cells: &[Cell]) -> io::Result<()> {
        for (at, (_, value)) in cells.iter().take(self.columns).enumerate() {
            view.human(value, &mut self.text);
            self.end_cell(at);
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
            Some(width) if !self.ends.is_empty() => self.write_fitted(out, width),
            _ => self.write_padded(out),
        }
    }
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
            let cells = [
                ("size", Cow::Owned(Value::Bytes(*size))),
                ("name", Cow::Owned(Value::Text((*name).into()))),
            ];
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
