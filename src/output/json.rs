//! JSON, typed: numbers are numbers, sizes bytes, times RFC 3339 in UTC, and what is not known is `null`.

use std::io::{self, Write};

use super::{Cell, Renderer, View, text};
use crate::model::{Rows, Timestamp, Value};

pub(super) struct Json {
    /// What the records are called in the document; `None` for a line each.
    records: Option<&'static str>,
    first: bool,
    line: String,
    /// Names with the keys made of them, by their place in the record: the next record mostly has the same.
    keys: Vec<(String, String)>,
    /// The point in time that was written last: objects that were made together share it.
    time: Option<(Timestamp, String)>,
}

impl Json {
    pub(super) fn document(records: &'static str) -> Self {
        Self { records: Some(records), ..Self::lines() }
    }

    pub(super) fn lines() -> Self {
        Self { records: None, first: true, line: String::new(), keys: Vec::new(), time: None }
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

    fn value(&mut self, view: &View, value: &Value) {
        match value {
            Value::Unknown(_) | Value::None(_) => self.line.push_str("null"),
            Value::Percent(share) => {
                push(&mut self.line, &((share * 1000.0).round() / 1000.0));
            }
            Value::Time(time) => self.time(*time),
            Value::Rows(rows) => self.rows(view, rows),
            Value::Holders(found) if found.holders.is_empty() => self.line.push_str("[]"),
            Value::Holders(found) => self.rows(view, &found.rows()),
            Value::List(values) => {
                self.line.push('[');
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        self.line.push(',');
                    }
                    self.value(view, value);
                }
                self.line.push(']');
            }
            Value::Flag(_)
            | Value::Count(_)
            | Value::Bytes(_)
            | Value::Id(_)
            | Value::Pid(_)
            | Value::Age(_) => view.exact(value, "null", &mut self.line),
            Value::Key(_)
            | Value::Mode(_)
            | Value::User(_)
            | Value::Group(_)
            | Value::Word(_)
            | Value::Text(_)
            | Value::Name(_)
            | Value::Address(_)
            | Value::Phrase(_) => {
                self.line.push('"');
                let begin = self.line.len();
                view.exact(value, "-", &mut self.line);
                self.close_string(begin);
            }
        }
    }

    /// Records of their own, with keys of their own.
    fn rows(&mut self, view: &View, rows: &Rows) {
        let mut inner = Self::lines();
        for row in &rows.rows {
            inner.line.push(if inner.line.is_empty() { '[' } else { ',' });
            inner.object(view, rows.fields.iter().map(|field| field.name).zip(row));
        }
        self.line.push_str(if rows.rows.is_empty() { "[" } else { &inner.line });
        self.line.push(']');
    }

    /// Ends the string that begins at this place. Almost none has anything to escape.
    fn close_string(&mut self, begin: usize) {
        let special = |byte: u8| byte < b' ' || byte == b'"' || byte == b'\\';
        if self.line.bytes().skip(begin).any(special) {
            let text = self.line.split_off(begin);
            self.line.pop();
            push(&mut self.line, &text);
        } else {
            self.line.push('"');
        }
    }

    fn time(&mut self, time: Timestamp) {
        if self.time.as_ref().is_none_or(|(last, _)| *last != time) {
            let mut text = String::new();
            push(&mut text, &text::rfc3339(time));
            self.time = Some((time, text));
        }
        if let Some((_, text)) = &self.time {
            self.line.push_str(text);
        }
    }

    fn object<'a>(&mut self, view: &View, cells: impl Iterator<Item = (&'a str, &'a Value)>) {
        self.line.push('{');
        for (at, (name, value)) in cells.enumerate() {
            if self.keys.get(at).is_none_or(|(known, _)| known != name) {
                // Names are ours, lower case with hyphens; keys have underscores.
                let comma = if at > 0 { "," } else { "" };
                let key = format!("{comma}\"{}\":", name.replace('-', "_"));
                self.keys.truncate(at);
                self.keys.push((name.to_owned(), key));
            }
            if let Some((_, key)) = self.keys.get(at) {
                self.line.push_str(key);
            }
            self.value(view, value);
        }
        self.line.push('}');
    }
}

/// What `serde_json` makes of a text or number.
fn push(out: &mut String, value: &impl serde::Serialize) {
    // Neither a text nor a number can fail to be written.
    out.push_str(&serde_json::to_string(value).unwrap_or_default());
}

impl Renderer for Json {
    fn record(&mut self, out: &mut dyn Write, view: &View, cells: &[Cell]) -> io::Result<()> {
        self.lead(out)?;
        self.line.clear();
        if self.records.is_some() {
            self.line.push('\n');
        }
        self.object(view, cells.iter().map(|(name, value)| (*name, &**value)));
        if self.records.is_none() {
            self.line.push('\n');
        }
        out.write_all(self.line.as_bytes())
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
