//! What is planned and what became of it: a row an object, and the last line.

use std::borrow::Cow;
use std::io::Write;

use crate::cli::context::{Context, VerbResult};
use crate::leftover::removal;
use crate::listing::judged::Judged;
use crate::model::{Class, Fault, Value};
use crate::output::{Cell, Format};

/// The columns of the plan.
pub(super) const PLAN: &[&str] = &["address", "owner", "size", "age", "state", "evidence"];
/// What there is besides the columns of objects.
pub(super) const RESULT: &[(&str, &str)] = &[
    ("result", "planned, removed, skipped, failed or left."),
    ("reason", "Why it was not removed."),
];

/// An object of the plan, and what became of it.
pub(super) struct Row<'a> {
    pub(super) one: &'a Judged,
    pub(super) outcome: Option<removal::RemovalOutcome>,
}

/// The plan, and what became of it.
pub(super) struct Report<'a> {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Row<'a>>,
    pub(super) dry: bool,
    /// Sources that could not be looked at.
    pub(super) warnings: Vec<String>,
}

impl Report<'_> {
    /// Writes all rows.
    pub(super) fn print(&self, cx: &mut Context) -> VerbResult {
        let columns: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        let mut renderer = cx.renderer("objects", &columns);
        renderer.names(&columns);
        for Row { one, outcome } in &self.rows {
            let value = |name: &str| match name {
                "result" => Cow::Owned(Value::Word(result(outcome.as_ref()))),
                "reason" => Cow::Owned(reason(outcome.as_ref())),
                _ => one.column(name).unwrap_or(Cow::Owned(Value::None("none"))),
            };
            let cells: Vec<Cell> = columns.iter().map(|name| value(name)).collect();
            renderer.record(&mut cx.out, &cx.view, &cells)?;
        }
        Ok(renderer.finish(&mut cx.out, &cx.view, &self.warnings)?)
    }

    /// Says why objects are still there.
    pub(super) fn complain(&self, cx: &mut Context) {
        for Row { one, outcome } in &self.rows {
            let address = &one.object.address;
            match outcome {
                Some(removal::RemovalOutcome::Removed) | None => {}
                Some(removal::RemovalOutcome::Skipped(why)) => {
                    cx.warn(&format!("{address} was skipped: {why}"));
                }
                Some(removal::RemovalOutcome::Left(how)) => cx.warn(&format!("{address}: {how}")),
                Some(removal::RemovalOutcome::Failed(fault)) => {
                    let fault = Fault { class: Class::Failed, ..*fault.clone() };
                    cx.cannot("remove", Some(address), &fault);
                }
            }
        }
    }

    /// The last line for people; all of it for programs, to whom the plan was not printed.
    pub(super) fn finish(&self, cx: &mut Context) -> VerbResult {
        if cx.format() != Format::Table {
            return self.print(cx);
        }
        let goes = |row: &&Row| self.dry || row.outcome == Some(removal::RemovalOutcome::Removed);
        let going: Vec<_> = self.rows.iter().filter(goes).collect();
        let memory = |row: &&Row| row.one.object.past.as_ref().map_or(0, |past| past.memory);
        let freed: u64 = going.iter().map(memory).fold(0, u64::saturating_add);
        let mut parts = vec![
            Value::Word(if self.dry { "would remove " } else { "removed " }),
            Value::Count(going.len() as u64),
            Value::Word(if going.len() == 1 { " object" } else { " objects" }),
            Value::Word(if self.dry { ", free " } else { ", freed " }),
            Value::Bytes(freed),
        ];
        let count = |sort: fn(&removal::RemovalOutcome) -> bool| {
            self.rows.iter().filter(|row| row.outcome.as_ref().is_some_and(sort)).count() as u64
        };
        if !self.dry {
            let skipped = count(|outcome| matches!(outcome, removal::RemovalOutcome::Skipped(_)));
            parts.extend([Value::Word("; skipped "), Value::Count(skipped)]);
        }
        let failed = count(|outcome| {
            matches!(outcome, removal::RemovalOutcome::Failed(_) | removal::RemovalOutcome::Left(_))
        });
        if failed > 0 {
            parts.extend([Value::Word("; failed "), Value::Count(failed)]);
        }
        let mut line = String::new();
        cx.view.human(&Value::Phrase(parts.into()), &mut line);
        Ok(writeln!(cx.out, "{line}")?)
    }
}

fn result(outcome: Option<&removal::RemovalOutcome>) -> &'static str {
    match outcome {
        None => "planned",
        Some(removal::RemovalOutcome::Removed) => "removed",
        Some(removal::RemovalOutcome::Skipped(_)) => "skipped",
        Some(removal::RemovalOutcome::Failed(_)) => "failed",
        Some(removal::RemovalOutcome::Left(_)) => "left",
    }
}

fn reason(outcome: Option<&removal::RemovalOutcome>) -> Value {
    match outcome {
        None | Some(removal::RemovalOutcome::Removed) => Value::None("none"),
        Some(removal::RemovalOutcome::Skipped(text) | removal::RemovalOutcome::Left(text)) => {
            Value::Text(text.as_str().into())
        }
        Some(removal::RemovalOutcome::Failed(fault)) => Value::Text(fault.cause.as_str().into()),
    }
}
