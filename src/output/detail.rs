//! Everything about one object, a line a fact, for people; tables inside it come last.

use std::borrow::Cow;
use std::io::{self, Write};

use super::{Cell, Format, Layout, View, renderer};
use crate::model::{Rows, Value};

/// Writes the facts of one object. What is unknown says why.
///
/// # Errors
/// What the output says.
pub fn detail(
    out: &mut dyn Write,
    view: &View,
    cells: &[(&str, Cell)],
    color: bool,
) -> io::Result<()> {
    let widest = cells.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let (bold, normal) = if color { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
    let mut text = String::new();
    for (name, value) in cells {
        if matches!(**value, Value::Rows(_)) {
            continue;
        }
        let label = name.replace('-', " ");
        // Several things are told below each other.
        let values = match &**value {
            Value::List(values) if !values.is_empty() => &**values,
            value => std::slice::from_ref(value),
        };
        for (at, value) in values.iter().enumerate() {
            text.clear();
            view.telling(value, &mut text);
            let label = if at == 0 { label.as_str() } else { "" };
            writeln!(out, "{bold}{label:<widest$}{normal}  {text}")?;
        }
    }
    for (_, value) in cells {
        let rows = match &**value {
            Value::Rows(rows) => Cow::Borrowed(&**rows),
            Value::Holders(found) if !found.holders.is_empty() => Cow::Owned(found.rows()),
            _ => continue,
        };
        writeln!(out)?;
        table(out, view, &rows, color)?;
    }
    Ok(())
}

fn table(out: &mut dyn Write, view: &View, rows: &Rows, color: bool) -> io::Result<()> {
    let columns: Vec<_> = rows.fields.iter().map(|field| field.name).collect();
    let layout = Layout { records: "rows", columns: &columns, headings: true, color, width: None };
    let mut table = renderer(Format::Table, &layout);
    for row in &rows.rows {
        let cells: Vec<Cell> = row.iter().map(Cow::Borrowed).collect();
        table.record(out, view, &cells)?;
    }
    table.finish(out, view, &[])
}
