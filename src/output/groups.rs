//! Sums: records become one for each value of their first column.

use std::borrow::Cow;
use std::io::{self, Write};

use super::{Cell, Renderer, View};
use crate::model::Value;

/// The columns of the sums, after the one by which it is grouped.
pub const SUMS: [&str; 2] = ["objects", "size"];

struct Group {
    /// Its value in full, by which it is told from others.
    key: String,
    value: Value,
    objects: u64,
    size: u64,
}

/// Counts records by their first column, and adds up their second one, which is a size.
pub struct Groups {
    by: &'static str,
    inner: Box<dyn Renderer>,
    groups: Vec<Group>,
}

impl Groups {
    /// Sums that `inner` writes.
    pub fn new(by: &'static str, inner: Box<dyn Renderer>) -> Self {
        Self { by, inner, groups: Vec::new() }
    }
}

impl Renderer for Groups {
    fn record(&mut self, _out: &mut dyn Write, view: &View, cells: &[Cell]) -> io::Result<()> {
        let [value, size, ..] = cells else { return Ok(()) };
        let mut key = String::new();
        view.telling(value, &mut key);
        let size = match **size {
            Value::Bytes(size) => size,
            _ => 0,
        };
        match self.groups.iter_mut().find(|group| group.key == key) {
            Some(group) => {
                group.objects += 1;
                group.size = group.size.saturating_add(size);
            }
            None => {
                let value = value.clone().into_owned();
                self.groups.push(Group { key, value, objects: 1, size });
            }
        }
        Ok(())
    }

    fn lines(&self) -> usize {
        self.inner.lines() + self.groups.len()
    }

    fn finish(&mut self, out: &mut dyn Write, view: &View, said: &[String]) -> io::Result<()> {
        self.groups.sort_by(|one, two| (two.size, &one.key).cmp(&(one.size, &two.key)));
        self.inner.names(&[self.by, SUMS[0], SUMS[1]]);
        for group in &self.groups {
            let sums = [Value::Count(group.objects), Value::Bytes(group.size)];
            let cells = [&group.value, &sums[0], &sums[1]].map(Cow::Borrowed);
            self.inner.record(out, view, &cells)?;
        }
        self.inner.finish(out, view, said)
    }
}
