//! JSON, typed: numbers are numbers, sizes bytes, times RFC 3339 in UTC, and what is not known is `null`.

use std::io::{self, Write};

use super::{Cell, Renderer, View, text};
use crate::model::{Rows, Value};

pub(super) struct Json {
    /// What the records are called in the document; `None` for a line each.
    records: Option<&'static str>,
    first: bool,
    line: Vec<u8>,
    text: String,
}

impl Json {
    pub(super) fn document(records: &'static str) -> Self {
        Self { records: Some(records), first: true, line: Vec::new(), text: String::new() }
    }

    pub(super) fn lines() -> Self {
        Self { records: None, first: true, line: Vec::new(), text: String::new() }
    }

    /// What stands before a record, and before the end when none came.
    fn lead(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let first = std::mem::replace(&mut self.first, false);
        match self.records {
            Some(records) if first => write!(out, "{{\"{records}\":["),
            Some(_) => out.write_all(b","),
            None => Ok(()),
        }
    }

    fn value(&mut self, view: &View, value: &Value) -> io::Result<()> {
        match value {
            Value::Unknown(_) | Value::None(_) => self.line.extend_from_slice(b"null"),
            Value::Flag(flag) => {
                self.line.extend_from_slice(if *flag { b"true" } else { b"false" })
            }
            Value::Count(number) | Value::Bytes(number) | Value::Id(number) => {
                serde_json::to_writer(&mut self.line, number)?
            }
            Value::Percent(share) => {
                serde_json::to_writer(&mut self.line, &((share * 1000.0).round() / 1000.0))?
            }
            Value::Pid(pid) => serde_json::to_writer(&mut self.line, pid)?,
            Value::Age(since) => {
                serde_json::to_writer(&mut self.line, &view.now.saturating_sub(since.secs))?
            }
            Value::Time(time) => serde_json::to_writer(&mut self.line, &text::rfc3339(*time))?,
            Value::Word(word) => serde_json::to_writer(&mut self.line, word)?,
            Value::Rows(rows) => self.rows(view, rows)?,
            Value::Holders(found) => self.rows(view, &found.rows())?,
            Value::List(values) => {
                self.line.push(b'[');
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        self.line.push(b',');
                    }
                    self.value(view, value)?;
                }
                self.line.push(b']');
            }
            Value::Key(_)
            | Value::Mode(_)
            | Value::User(_)
            | Value::Group(_)
            | Value::Text(_)
            | Value::Name(_)
            | Value::Address(_)
            | Value::Phrase(_) => {
                self.text.clear();
                view.exact(value, "-", &mut self.text);
                serde_json::to_writer(&mut self.line, &self.text)?;
            }
        }
        Ok(())
    }

    fn rows(&mut self, view: &View, rows: &Rows) -> io::Result<()> {
        self.line.push(b'[');
        for (at, row) in rows.rows.iter().enumerate() {
            if at > 0 {
                self.line.push(b',');
            }
            self.object(view, rows.fields.iter().map(|field| field.name).zip(row))?;
        }
        self.line.push(b']');
        Ok(())
    }

    fn object<'a>(
        &mut self,
        view: &View,
        cells: impl Iterator<Item = (&'a str, &'a Value)>,
    ) -> io::Result<()> {
        self.line.push(b'{');
        for (at, (name, value)) in cells.enumerate() {
            self.line.extend_from_slice(if at > 0 { b",\"" } else { b"\"" });
            // Names are ours, lower case with hyphens; keys have underscores.
            self.line.extend(name.bytes().map(|byte| if byte == b'-' { b'_' } else { byte }));
            self.line.extend_from_slice(b"\":");
            self.value(view, value)?;
        }
        self.line.push(b'}');
        Ok(())
    }
}

impl Renderer for Json {
    fn record(&mut self, out: &mut dyn Write, view: &View, cells: &[Cell]) -> io::Result<()> {
        self.lead(out)?;
        self.line.clear();
        if self.records.is_some() {
            self.line.push(b'\n');
        }
        self.object(view, cells.iter().map(|(name, value)| (*name, &**value)))?;
        if self.records.is_none() {
            self.line.push(b'\n');
        }
        out.write_all(&self.line)
    }

    fn finish(&mut self, out: &mut dyn Write, _view: &View, warnings: &[String]) -> io::Result<()> {
        if self.records.is_none() {
            return Ok(());
        }
        if self.first {
            self.lead(out)?;
        }
        out.write_all(b"],\"warnings\":")?;
        serde_json::to_writer(&mut *out, warnings)?;
        out.write_all(b"}\n")
    }
}
