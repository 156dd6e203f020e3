//! `kinds`: what each kind can do.

use crate::cli::context::{Context, VerbResult};
use crate::kinds::KINDS;
use crate::listing::columns::{self, ColumnHelp, of_records};
use crate::model::{Named, Value};

/// Show what each kind of object supports
///
/// Prints the matrix of kinds and capabilities. A kind is determined by its facility and the form of its locator.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {}

const EXAMPLES: &str = "\
Examples:
  ipcctl kinds
  ipcctl kinds --json";

const KIND: &[(&str, &str)] = &[
    ("kind", "Name of the kind."),
    ("facility", "First part of its addresses."),
    ("family", "Family: determined by the form of the locator."),
];
const PROOF: (&str, &str) = (
    "proved-by",
    "How it is proved that no process holds it: count (by the kernel), lease (on its file), connect (to its file), scan (of all processes), existence (it ends with its last holder).",
);
const ABOUT: (&str, &str) = ("about", "Short description.");

fn capabilities() -> impl Iterator<Item = &'static str> {
    KINDS.first().into_iter().flat_map(|record| record.capabilities()).map(|(name, _)| name)
}

/// The columns of the matrix.
pub(super) fn columns() -> ColumnHelp {
    let mut columns = of_records(KIND);
    let able = capabilities().map(|name| (name.to_owned(), format!("Supports {name}.")));
    columns.extend(able);
    columns.extend(of_records(&[PROOF, ABOUT]));
    columns
}

/// Shows the matrix.
pub(super) fn run(_args: &Args, cx: &mut Context) -> VerbResult {
    let mut columns: Vec<_> = KIND.iter().map(|(name, _)| *name).collect();
    columns.extend(capabilities());
    columns.extend([PROOF.0, ABOUT.0]);
    let rows = KINDS.iter().map(|record| {
        let kind = record.kind;
        let mut row = vec![
            Value::Word(kind.name),
            Value::Word(kind.facility.name()),
            Value::Word(kind.family.name()),
        ];
        row.extend(record.capabilities().map(|(_, able)| Value::Flag(able)));
        row.push(Value::Word(record.holding.vacancy.name()));
        row.push(Value::Word(kind.about));
        row
    });
    columns::records(cx, "kinds", &columns, rows.collect())
}
