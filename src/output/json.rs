//! JSON, typed: numbers are numbers, sizes bytes, times RFC 3339 in UTC, and what is not known is `null`.

use std::io::{self, Write};

use super::{Cell, Renderer, View, text};
use crate::model::{Named, Rows, Timestamp, Value, Witness};

/// The version of the documents: it changes when a key goes or means something else, not when one comes.
const SCHEMA: u32 = 1;

pub(super) struct Json {
    /// What the records are called in the document; `None` for a line each.
    records: Option<&'static str>,
    first: bool,
    /// The document has been begun with what is told of the whole.
    has_head: bool,
    line: String,
    /// What stands before each value: a comma but at the first, and the key.
    keys: Vec<String>,
    /// The point in time that was written last: objects that were made together share it.
    time: Option<(Timestamp, String)>,
}

impl Json {
    pub(super) fn document(records: &'static str) -> Self {
        Self { records: Some(records), ..Self::lines() }
    }

    pub(super) fn lines() -> Self {
        Self {
            records: None,
            first: true,
            has_head: false,
            line: String::new(),
            keys: Vec::new(),
            time: None,
        }
    }

    /// What stands before a record, and before the end when none came.
    fn lead(&mut self, out: &mut dyn Write) -> io::Result<()> {
        let first = std::mem::replace(&mut self.first, false);
        match self.records {
            Some(records) if first && self.has_head => write!(out, "\"{records}\":["),
            Some(records) if first => write!(out, "{{\"schema\":{SCHEMA},\"{records}\":["),
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
            Value::Witness(process) => self.witness(view, process),
            Value::List(values) | Value::Words(values) => {
                self.line.push('[');
                for (at, value) in values.iter().enumerate() {
                    if at > 0 {
                        self.line.push(',');
                    }
                    self.value(view, value);
                }
                self.line.push(']');
            }
            Value::AtLeast(number) => self.value(view, number),
            Value::Flag(_)
            | Value::Count(_)
            | Value::Bytes(_)
            | Value::Id(_)
            | Value::Pid(_)
            | Value::Age(_) => view.exact(value, "null", &mut self.line),
            // Digits, words of our own, and what has been through the encoding have nothing to escape.
            Value::Key(_)
            | Value::Mode(_)
            | Value::ModeWithList(_)
            | Value::User(_)
            | Value::Group(_)
            | Value::Word(_)
            | Value::WordFor(..)
            | Value::Name(_)
            | Value::Address(_) => {
                self.line.push('"');
                view.exact(value, "-", &mut self.line);
                self.line.push('"');
            }
            Value::Text(_) | Value::Phrase(_) => {
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
        inner.names(&rows.fields.iter().map(|field| field.name).collect::<Vec<_>>());
        for row in &rows.rows {
            inner.line.push(if inner.line.is_empty() { '[' } else { ',' });
            inner.object(view, row.iter());
        }
        self.line.push_str(if rows.rows.is_empty() { "[" } else { &inner.line });
        self.line.push(']');
    }

    fn witness(&mut self, view: &View, process: &Witness) {
        let command = process.command.clone();
        let command = command.map_or(Value::Unknown("it is gone"), Value::Name);
        let values = [
            Value::Pid(process.pid),
            Value::User(process.user),
            command,
            Value::Word(process.why.name()),
        ];
        let mut inner = Self::lines();
        inner.names(&["pid", "user", "command", "why"]);
        inner.object(view, values.iter());
        self.line.push_str(&inner.line);
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

    fn object<'a>(&mut self, view: &View, values: impl Iterator<Item = &'a Value>) {
        let keys = std::mem::take(&mut self.keys);
        self.line.push('{');
        for (key, value) in keys.iter().zip(values) {
            self.line.push_str(key);
            self.value(view, value);
        }
        self.line.push('}');
        self.keys = keys;
    }
}

/// What `serde_json` makes of a text or number.
fn push(out: &mut String, value: &impl serde::Serialize) {
    // Neither a text nor a number can fail to be written.
    out.push_str(&serde_json::to_string(value).unwrap_or_default());
}

impl Renderer for Json {
    fn head(
        &mut self,
        out: &mut dyn Write,
        view: &View,
        values: &[(&str, Value)],
    ) -> io::Result<()> {
        if values.is_empty() {
            return Ok(());
        }
        self.names(&values.iter().map(|(name, _)| *name).collect::<Vec<_>>());
        self.line.clear();
        self.object(view, values.iter().map(|(_, value)| value));
        self.has_head = true;
        match self.records {
            None => self.line.push('\n'),
            // The rest of the object follows.
            Some(_) => {
                self.line.pop();
                self.line.push(',');
                self.line.replace_range(..1, &format!("{{\"schema\":{SCHEMA},"));
            }
        }
        out.write_all(self.line.as_bytes())
    }

    fn names(&mut self, names: &[&str]) {
        // Names are ours, lower case with hyphens; keys have underscores.
        let keys = names.iter().map(|name| name.replace('-', "_"));
        let commas = std::iter::once("").chain(std::iter::repeat(","));
        self.keys = keys.zip(commas).map(|(key, comma)| format!("{comma}\"{key}\":")).collect();
    }

    fn record(&mut self, out: &mut dyn Write, view: &View, cells: &[Cell]) -> io::Result<()> {
        self.lead(out)?;
        self.line.clear();
        if self.records.is_some() {
            self.line.push('\n');
        }
        self.object(view, cells.iter().map(|cell| &**cell));
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
