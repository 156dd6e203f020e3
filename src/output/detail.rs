//! Everything about one object, a line a fact, for people; tables inside it come last.

use std::borrow::Cow;
use std::io::{self, Write};
use std::rc::Rc;

use super::shorten::wrapped;
use super::{Cell, Format, Layout, Palette, Tone, View, renderer};
use crate::model::{Rows, Value};

/// Blanks between a label and what it is of.
const GAP: usize = 2;

/// How one object is shown.
pub struct Sheet {
    /// What has which colour.
    pub palette: Rc<Palette>,
    /// Columns of the terminal, when there is one: what is longer goes on in the next line.
    pub width: Option<usize>,
}

/// Writes the facts of one object. What is unknown says why.
///
/// # Errors
/// What the output says.
pub fn detail(
    out: &mut dyn Write,
    view: &View,
    cells: &[(&str, Cell)],
    sheet: &Sheet,
) -> io::Result<()> {
    let widest = cells.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let room = sheet.width.map(|width| width.saturating_sub(widest + GAP));
    let mut text = String::new();
    for (name, value) in cells {
        if matches!(**value, Value::Rows(_)) {
            continue;
        }
        let mut label = name.replace('-', " ");
        // Several sentences are told below each other, words in a row.
        let values = match &**value {
            Value::List(values) if values.iter().any(|one| matches!(one, Value::Text(_))) => {
                &**values
            }
            value => std::slice::from_ref(value),
        };
        for value in values {
            text.clear();
            view.telling(value, &mut text);
            let tone = if *name == "address" { Some(Tone::Address) } else { Tone::of(name, value) };
            let lines = room.map_or_else(|| vec![text.clone()], |room| wrapped(&text, room));
            for line in lines {
                let line = tone.map_or(line.clone(), |tone| sheet.palette.paint(tone, &line));
                let (begin, end) = sheet.palette.around(Tone::Heading);
                writeln!(out, "{begin}{label:<widest$}{end}{:GAP$}{line}", "")?;
                label.clear();
            }
        }
    }
    for (_, value) in cells {
        let rows = match &**value {
            // Headings above nothing say nothing.
            Value::Rows(rows) if !rows.rows.is_empty() => Cow::Borrowed(&**rows),
            Value::Holders(found) if !found.holders.is_empty() => Cow::Owned(found.rows()),
            _ => continue,
        };
        writeln!(out)?;
        table(out, view, &rows, sheet)?;
    }
    Ok(())
}

fn table(out: &mut dyn Write, view: &View, rows: &Rows, sheet: &Sheet) -> io::Result<()> {
    let columns: Vec<_> = rows.fields.iter().map(|field| field.name).collect();
    let layout = Layout {
        records: "rows",
        columns: &columns,
        headings: true,
        palette: &sheet.palette,
        chosen: false,
        width: sheet.width,
    };
    let mut table = renderer(Format::Table, &layout);
    for row in &rows.rows {
        let cells: Vec<Cell> = row.iter().map(Cow::Borrowed).collect();
        table.record(out, view, &cells)?;
    }
    table.finish(out, view, &[])
}
