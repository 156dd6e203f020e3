//! What is planned and what became of it: a row an object, and the last line.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, Write};

use super::left::Left;
use crate::cli::context::{Context, Exit, VerbResult};
use crate::leftover::removal::RemovalOutcome;
use crate::listing::judged::Judged;
use crate::model::{Class, Fault, Named, State, Value};
use crate::output::{Cell, Format, Renderer, wrapped};

/// The columns of the plan.
pub(super) const PLAN: &[&str] = &["address", "owner", "size", "age", "state", "evidence"];
/// The column that is too long for a table on a terminal.
const EVIDENCE: &str = "evidence";
/// What there is besides the columns of objects.
pub(super) const RESULT: &[(&str, &str)] = &[
    ("result", "planned, removed, skipped, failed or left."),
    ("reason", "Why it was not removed."),
    ("freed", "Bytes that the kernel gets back for it: pages in memory and in swap, messages."),
];

/// An object of the plan, and what became of it.
pub(super) struct Row<'a> {
    pub(super) one: &'a Judged,
    pub(super) outcome: Option<RemovalOutcome>,
    /// Bytes that are given back; `None` where that cannot be told.
    pub(super) freed: Option<u64>,
}

/// The plan, and what became of it.
pub(super) struct Report<'a> {
    columns: &'a [String],
    pub(super) rows: Vec<Row<'a>>,
    dry: bool,
    left: Left,
    /// Sources that could not be looked at.
    warnings: Vec<String>,
    /// The document that has been begun.
    begun: Option<Box<dyn Renderer>>,
}

impl<'a> Report<'a> {
    pub(super) fn new(
        columns: &'a [String],
        rows: Vec<Row<'a>>,
        dry: bool,
        left: Left,
        warnings: Vec<String>,
    ) -> Self {
        Self { columns, rows, dry, left, warnings, begun: None }
    }

    /// Returns true if something was removed, or would be.
    pub(super) fn found(&self) -> bool {
        self.rows.iter().any(|row| self.goes(row))
    }

    fn goes(&self, row: &Row) -> bool {
        self.dry || row.outcome == Some(RemovalOutcome::Removed)
    }

    /// Writes the plan, before anything follows from it. For programs that is the beginning of the document, or rows of their
    /// own, and only where something is to be removed.
    pub(super) fn announce(&mut self, cx: &mut Context, removes: bool) -> VerbResult {
        match cx.format() {
            _ if self.rows.is_empty() => Ok(()),
            Format::Table => {
                self.print_plan(cx)?;
                if !self.dry {
                    let sums = self.sums(cx, "");
                    writeln!(cx.out, "{sums}")?;
                }
                Ok(())
            }
            Format::Json | Format::Jsonl if removes => {
                let addresses = self.rows.iter().map(|row| row.one.object.address.clone());
                let plan = Value::List(addresses.map(Value::Address).collect());
                self.begun = Some(self.begin(cx, Some(plan))?);
                Ok(())
            }
            Format::Csv | Format::Plain if removes => {
                let mut renderer = self.begin(cx, None)?;
                self.records(&mut *renderer, &self.names(), cx)?;
                self.begun = Some(renderer);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Begins the document: with the addresses of the plan where something follows from it, and what is left.
    fn begin(&self, cx: &mut Context, plan: Option<Value>) -> Result<Box<dyn Renderer>, Exit> {
        let mut renderer = cx.renderer("objects", &self.names());
        let left = (cx.format() == Format::Json).then(|| ("left", self.left.rows()));
        let told: Vec<_> = plan.map(|plan| ("plan", plan)).into_iter().chain(left).collect();
        renderer.head(&mut cx.out, &cx.view, &told)?;
        Ok(renderer)
    }

    fn names(&self) -> Vec<&str> {
        self.columns.iter().map(String::as_str).collect()
    }

    /// The plan as a table. On a terminal, where a column would be cut, the evidence stands below the row.
    fn print_plan(&self, cx: &mut Context) -> VerbResult {
        let mut columns = self.names();
        let Some(width) = cx.width().filter(|_| columns.contains(&EVIDENCE)) else {
            let mut renderer = cx.renderer("objects", &columns);
            self.records(&mut *renderer, &columns, cx)?;
            return Ok(renderer.finish(&mut cx.out, &cx.view, &[])?);
        };
        columns.retain(|name| *name != EVIDENCE);
        let mut renderer = cx.renderer("objects", &columns);
        let mut text = Vec::new();
        for row in &self.rows {
            renderer.record(&mut text, &cx.view, &row.cells(&columns))?;
        }
        renderer.finish(&mut text, &cx.view, &[])?;
        let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
        let (headings, lines) = lines.split_at(lines.len().saturating_sub(self.rows.len()));
        headings.iter().try_for_each(|line| cx.out.write_all(line))?;
        for (line, row) in lines.iter().zip(&self.rows) {
            cx.out.write_all(line)?;
            for piece in row.one.verdict.iter().flat_map(|verdict| verdict.evidence.iter()) {
                write_wrapped(&mut cx.out, piece, width)?;
            }
        }
        Ok(())
    }

    fn records(
        &self,
        renderer: &mut dyn Renderer,
        columns: &[&str],
        cx: &mut Context,
    ) -> VerbResult {
        renderer.names(columns);
        for row in &self.rows {
            renderer.record(&mut cx.out, &cx.view, &row.cells(columns))?;
        }
        Ok(())
    }

    /// What became of each object, for programs.
    fn print(&mut self, cx: &mut Context) -> VerbResult {
        let begun = self.begun.take();
        // The rows of the plan would be written again, and say nothing new.
        let told =
            begun.is_some() && !cx.format().names_values() && !self.names().contains(&"result");
        let mut renderer = match begun {
            Some(renderer) => renderer,
            None => self.begin(cx, None)?,
        };
        if !told {
            self.records(&mut *renderer, &self.names(), cx)?;
        }
        Ok(renderer.finish(&mut cx.out, &cx.view, &self.warnings)?)
    }

    /// Says why objects are still there.
    pub(super) fn complain(&self, cx: &mut Context) {
        for Row { one, outcome, .. } in &self.rows {
            let address = &one.object.address;
            match outcome {
                Some(RemovalOutcome::Removed) | None => {}
                Some(RemovalOutcome::Skipped(why)) => {
                    cx.warn(&format!("{address} was skipped: {why}"));
                }
                Some(RemovalOutcome::Left(how)) => cx.warn(&format!("{address}: {how}")),
                Some(RemovalOutcome::Failed(fault)) => {
                    let fault = Fault { class: Class::Failed, ..*fault.clone() };
                    cx.cannot("remove", Some(address), &fault);
                }
            }
        }
    }

    /// The last lines for people; all of it for programs, to whom no more than the plan was told.
    pub(super) fn finish(&mut self, cx: &mut Context) -> VerbResult {
        if cx.format() != Format::Table {
            return self.print(cx);
        }
        let left = self.left.text();
        if self.rows.is_empty() {
            let line = if left.is_empty() { String::new() } else { format!("; left {left}") };
            return Ok(writeln!(cx.out, "nothing to clean{line}")?);
        }
        let mut line = if self.dry {
            format!("would remove {}", self.sums(cx, "free "))
        } else {
            let (count, bytes) = self.sum(cx, &mut self.rows.iter().filter(|row| self.goes(row)));
            format!("removed {count}, freed {bytes}")
        };
        let count = |sort: fn(&RemovalOutcome) -> bool| {
            self.rows.iter().filter(|row| row.outcome.as_ref().is_some_and(sort)).count()
        };
        // Writing to a String does not fail.
        if !self.dry {
            let skipped = count(|outcome| matches!(outcome, RemovalOutcome::Skipped(_)));
            let _ = write!(line, "; skipped {skipped}");
        }
        let failed =
            count(|outcome| matches!(outcome, RemovalOutcome::Failed(_) | RemovalOutcome::Left(_)));
        if failed > 0 {
            let _ = write!(line, "; failed {failed}");
        }
        if !left.is_empty() {
            let _ = write!(line, "; left {left}");
        }
        Ok(writeln!(cx.out, "{line}")?)
    }

    /// `3 objects, 24.0 KiB: 2 leftover (16.0 KiB), 1 suspect (8.0 KiB)`, with a word before the first size.
    fn sums(&self, cx: &Context, word: &str) -> String {
        let (objects, bytes) = self.sum(cx, &mut self.rows.iter());
        let of_state = |state: &State| {
            let has = |row: &&Row| row.one.verdict.as_ref().is_some_and(|one| one.state == *state);
            let rows: Vec<&Row> = self.rows.iter().filter(has).collect();
            let (_, bytes) = self.sum(cx, &mut rows.iter().copied());
            (!rows.is_empty()).then(|| format!("{} {} ({bytes})", rows.len(), state.name()))
        };
        let states: Vec<String> = State::ALL.iter().filter_map(of_state).collect();
        format!("{objects}, {word}{bytes}: {}", states.join(", "))
    }

    /// How many objects, and how many bytes they give back, as far as that can be told.
    fn sum(&self, cx: &Context, rows: &mut dyn Iterator<Item = &Row>) -> (String, String) {
        let (mut count, mut bytes, mut told) = (0, 0u64, true);
        for row in rows {
            count += 1;
            bytes = bytes.saturating_add(row.freed.unwrap_or(0));
            told &= row.freed.is_some();
        }
        let objects = if count == 1 { "1 object".into() } else { format!("{count} objects") };
        let mut text = String::from(if told { "" } else { "at least " });
        cx.view.human(&Value::Phrase([Value::Bytes(bytes)].into()), &mut text);
        (objects, text)
    }
}

impl Row<'_> {
    fn cells(&self, columns: &[&str]) -> Vec<Cell<'_>> {
        let value = |name: &str| match name {
            "result" => Cow::Owned(Value::Word(result(self.outcome.as_ref()))),
            "reason" => Cow::Owned(reason(self.outcome.as_ref())),
            "freed" => Cow::Owned(self.freed.map_or(UNTOLD, Value::Bytes)),
            _ => self.one.column(name).unwrap_or(Cow::Owned(Value::None("none"))),
        };
        columns.iter().map(|name| value(name)).collect()
    }
}

const UNTOLD: Value = Value::Unknown("it could not be read");

/// Writes a line below a row: indented, and broken between words where the terminal ends.
fn write_wrapped(out: &mut dyn Write, text: &str, width: usize) -> io::Result<()> {
    /// Blanks before a line, and more before what continues it.
    const INDENT: [&str; 2] = ["    ", "      "];
    let lines = wrapped(text, width.saturating_sub(INDENT[1].len()));
    lines
        .iter()
        .enumerate()
        .try_for_each(|(at, line)| writeln!(out, "{}{line}", INDENT[usize::from(at > 0)]))
}

fn result(outcome: Option<&RemovalOutcome>) -> &'static str {
    match outcome {
        None => "planned",
        Some(RemovalOutcome::Removed) => "removed",
        Some(RemovalOutcome::Skipped(_)) => "skipped",
        Some(RemovalOutcome::Failed(_)) => "failed",
        Some(RemovalOutcome::Left(_)) => "left",
    }
}

fn reason(outcome: Option<&RemovalOutcome>) -> Value {
    match outcome {
        None | Some(RemovalOutcome::Removed) => Value::None("none"),
        Some(RemovalOutcome::Skipped(text) | RemovalOutcome::Left(text)) => {
            Value::Text(text.as_str().into())
        }
        Some(RemovalOutcome::Failed(fault)) => Value::Text(fault.cause.as_str().into()),
    }
}
