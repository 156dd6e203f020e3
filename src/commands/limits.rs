//! `limits`: every limit of the kernel on these facilities, and how much of it is used.

use crate::cli::context::{Context, VerbResult};
use crate::cli::values;
use crate::kinds::KINDS;
use crate::kinds::capability::Want;
use crate::listing::columns::{self, ColumnHelp, of_records};
use crate::model::{Class, Fault, Limit, Value};

/// Show kernel limits, their use, and how to raise them
///
/// KNOB is the sysctl(8) or other setting that raises the limit. Usage is counted for this IPC namespace, and for
/// RLIMIT_MSGQUEUE over the queues of this user in it.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Name limits that are used by more than this share, and exit with status 1
    #[arg(long, value_name = "PERCENT", value_parser = values::percent)]
    fail_above: Option<f64>,
}

const EXAMPLES: &str = "\
Examples:
  ipcctl limits
  ipcctl limits --fail-above 80 --quiet >/dev/null    for monitoring
  ipcctl limits --json";

const COLUMNS: &[(&str, &str)] = &[
    ("name", "Name of the limit."),
    ("limit", "The limit."),
    ("used", "Current use."),
    ("percent", "Use in percent, if the limit is on a total."),
    ("about", "What is limited, and the unit."),
    ("knob", "How to raise it: a sysctl(8) or another setting."),
];

/// The columns of the table.
pub(super) fn columns() -> ColumnHelp {
    of_records(COLUMNS)
}

/// Shows the limits.
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    let look = cx.look(Want::Only(&[]));
    let limits: Vec<Limit> = KINDS.iter().flat_map(|record| record.inspect.limits(&look)).collect();
    let names: Vec<_> = COLUMNS.iter().map(|(name, _)| *name).collect();
    columns::records(cx, "limits", &names, limits.iter().map(row).collect())?;
    cx.flush()?;
    let Some(most) = args.fail_above else { return Ok(()) };
    for limit in &limits {
        if let Some(share) = limit.percent().filter(|share| *share > most) {
            let cause = format!("{} is used to {share:.1}%, more than {most}%", limit.name);
            cx.complain(&Fault::new(Class::Failed, cause).hint(format!("raise {}", limit.knob)));
        }
    }
    Ok(())
}

fn row(limit: &Limit) -> Vec<Value> {
    vec![
        Value::Word(limit.name),
        limit.limit.clone(),
        limit.used.clone(),
        limit.percent().map_or(Value::None("none"), Value::Percent),
        Value::Word(limit.about),
        Value::Word(limit.knob),
    ]
}
