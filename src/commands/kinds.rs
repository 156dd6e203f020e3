//! `kinds`: what each kind can do.

use super::context::{Context, Outcome};
use crate::kinds::KINDS;
use crate::model::Value;

/// Show what each kind of object can do
///
/// The matrix of kinds and capabilities. A kind is named by its facility and the form of its locator.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {}

const EXAMPLES: &str = "\
Examples:
  ipcctl kinds
  ipcctl kinds --json";

/// Shows the matrix.
pub(super) fn run(_args: &Args, cx: &mut Context) -> Outcome {
    let mut columns = vec!["kind", "facility", "family"];
    let able = KINDS.first().map(|record| record.capabilities()).into_iter().flatten();
    columns.extend(able.map(|(name, _)| name));
    columns.push("about");
    let rows = KINDS.iter().map(|record| {
        let kind = record.kind;
        let mut row = vec![
            Value::Word(kind.name),
            Value::Word(kind.facility.name()),
            Value::Word(kind.family.name()),
        ];
        row.extend(record.capabilities().map(|(_, able)| Value::Flag(able)));
        row.push(Value::Word(kind.about));
        row
    });
    cx.records("kinds", &columns, rows.collect())
}
