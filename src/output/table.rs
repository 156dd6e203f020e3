//! Aligned columns for a pipe: written in two passes over the cells, several times faster than what a terminal gets, and with
//! nothing ever cut.

use std::io::{self, Write};

use unicode_width::UnicodeWidthStr;

use super::{Cell, Layout, Renderer, View, text, title};

/// Blanks between two columns.
const GAP: usize = 2;
/// Bytes of lines that are written together.
const LINES: usize = 1 << 14;

/// Cells kept until all widths are known: one text, and how long each cell is in it. Kept small: fresh memory costs
/// more than the text that is put there.
pub(super) struct Table {
    columns: usize,
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
        for _ in 0..self.lengths.len() / self.columns.max(1) {
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
            end_line(&mut lines, start);
            if lines.len() >= LINES {
                out.write_all(&lines)?;
                lines.clear();
            }
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
        self.write_padded(out)
    }
}

/// Ends the line that starts there.
fn end_line(lines: &mut Vec<u8>, start: usize) {
    let length = lines.get(start..).map_or(0, |line| line.trim_ascii_end().len());
    lines.truncate(start + length);
    lines.push(b'\n');
}

/// Puts blanks at the end up to this length. Most are few, and all are put there together.
fn pad(lines: &mut Vec<u8>, length: usize) {
    static BLANKS: [u8; 16] = [b' '; 16];
    while lines.len() < length {
        lines.extend_from_slice(&BLANKS);
    }
    lines.truncate(length);
}
