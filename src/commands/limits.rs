//! `limits`: every limit of the kernel on these facilities, how much of it is used, and by whom.

use std::collections::HashMap;
use std::io::Write;
use std::ops::ControlFlow;

use crate::cli::context::{Context, VerbResult};
use crate::cli::values;
use crate::kinds::capability::Want;
use crate::kinds::{KINDS, KindRecord};
use crate::listing::columns::{self, ColumnHelp, of_records};
use crate::model::{Class, Fault, Found, Limit, Object, Value, Who, quoted};
use crate::output::Format;

/// Show kernel limits, their use, and how to raise them
///
/// KNOB is the sysctl(8) or other setting that raises the limit. Usage is counted for this IPC namespace, queues without a
/// name included; >= marks what may be more: the kernel counts RLIMIT_MSGQUEUE over all namespaces, and queues that only a
/// process holds that cannot be read. For root there is a line for each user who has queues.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Names of limits [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// Name limits that are used by more than this share, and exit with status 1
    #[arg(long, value_name = "PERCENT", value_parser = values::percent)]
    fail_above: Option<f64>,

    /// Print the commands that set the limits to what they are now, to be edited and pasted
    #[arg(long, conflicts_with = "fail_above")]
    commands: bool,
}

const EXAMPLES: &str = "\
Examples:
  ipcctl limits
  ipcctl limits SHMMNI SEMMNI -o +who    who has most of them
  ipcctl limits SHMMNI SEMMNI --commands    sysctl -w lines
  ipcctl limits --fail-above 80 --quiet >/dev/null    for monitoring
  ipcctl limits --json";

const COLUMNS: &[(&str, &str)] = &[
    ("name", "Name of the limit."),
    ("limit", "The limit."),
    ("used", "Current use; >= if there may be more that cannot be seen."),
    ("free", "What is left of it, if the limit is on a total."),
    ("percent", "Use in percent, if the limit is on a total."),
    ("about", "What is limited, and the unit."),
    ("knob", "How to raise it: a sysctl(8) or another setting."),
];

/// What machine formats that name values have besides, and others when it is asked for.
const MORE: &[(&str, &str)] = &[
    ("limit-is", "unlimited if there is no limit."),
    ("used-is", "exact, or at-least if there may be more that cannot be seen."),
    ("who", "User whom the limit is on, or who uses most of it."),
    ("who-uses", "How much of it that user uses."),
];

/// The columns of the table.
pub(super) fn columns() -> ColumnHelp {
    let mut columns = of_records(COLUMNS);
    columns.extend(of_records(MORE));
    columns
}

/// Shows the limits.
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    let default: Vec<_> = COLUMNS.iter().map(|(name, _)| *name).collect();
    let more: Vec<_> = MORE.iter().map(|(name, _)| *name).collect();
    let chosen = columns::choose(cx.options.columns.as_deref(), &default, &columns())?;
    let names_all = cx.format().names_values() && cx.options.columns.is_none();
    let limits = select(args, cx)?;
    if args.commands {
        return print_commands(args, &limits, cx);
    }
    let asks = names_all || chosen.iter().any(|name| name.starts_with("who"));
    let rows = limits.iter().map(|(record, limit)| {
        let (who, uses) = if asks { top(record, limit, cx) } else { (NOTHING, NOTHING) };
        row(limit, who, uses)
    });
    let rows: Vec<_> = rows.collect();
    columns::records_with(cx, "limits", (&default, &more), rows)?;
    cx.flush()?;
    let of_limits =
        |record: &&&KindRecord| limits.iter().any(|(of, _)| std::ptr::eq(*of, **record));
    let notes = KINDS.iter().filter(of_limits).flat_map(|record| record.inspect.notes());
    notes.for_each(|note| cx.note(&note));
    let Some(most) = args.fail_above else { return Ok(()) };
    for (_, limit) in &limits {
        if let Some(share) = limit.percent().filter(|share| *share > most) {
            let whose = match limit.who {
                Who::User(uid) => format!(" of {}", user(uid, cx)),
                _ => String::new(),
            };
            let cause = format!("{}{whose} is used to {share:.1}%, more than {most}%", limit.name);
            cx.complain(&Fault::new(Class::Failed, cause).hint(format!("raise {}", limit.knob)));
        }
    }
    Ok(())
}

/// Prints the command that sets each limit, once where several are one setting.
fn print_commands(
    args: &Args,
    limits: &[(&'static KindRecord, Limit)],
    cx: &mut Context,
) -> VerbResult {
    if cx.format() != Format::Table || cx.options.columns.is_some() {
        let fault =
            Fault::usage("--commands prints commands, which have no columns and no other format");
        return Err(fault.into());
    }
    let mut printed: Vec<String> = Vec::new();
    for (_, limit) in limits {
        match command(limit) {
            Some(line) if printed.contains(&line) => {}
            Some(line) => {
                writeln!(cx.out, "{line}")?;
                printed.push(line);
            }
            // Of all limits those are printed that have one.
            None if args.names.is_empty() || !is_ours(limit) => {}
            None => {
                let cause = format!("no command sets {}: {}", limit.name, limit.knob);
                cx.complain(&Fault::new(Class::Failed, cause));
            }
        }
    }
    Ok(())
}

/// The command that sets a limit to what it is now. The kernel is asked again where one setting has several limits.
fn command(limit: &Limit) -> Option<String> {
    let now = match &limit.limit {
        Value::Count(number) | Value::Bytes(number) => number.to_string(),
        Value::None("unlimited") => "unlimited".to_owned(),
        _ => return None,
    };
    if let Some(rest) = limit.knob.strip_prefix("mount -o remount,") {
        let (option, target) = rest.split_once(' ')?;
        let option = option.split_once('=')?.0;
        return Some(format!("mount -o remount,{option}={now} {target}"));
    }
    if limit.knob.starts_with("ulimit -q") {
        return is_ours(limit).then(|| format!("ulimit -q {now}"));
    }
    let is_sysctl = limit.knob.contains('.') && !limit.knob.contains(' ');
    let path = format!("/proc/sys/{}", limit.knob.replace('.', "/"));
    let text = std::fs::read_to_string(path).ok().filter(|_| is_sysctl)?;
    let numbers: Vec<&str> = text.split_ascii_whitespace().collect();
    Some(match *numbers {
        [one] => format!("sysctl -w {}={one}", limit.knob),
        _ => format!("sysctl -w {}='{}'", limit.knob, numbers.join(" ")),
    })
}

/// Returns false for a limit on another user.
fn is_ours(limit: &Limit) -> bool {
    !matches!(limit.who, Who::User(uid) if uid != nix::unistd::geteuid().as_raw())
}

const NOTHING: Value = Value::None("none");

/// The limits that were asked for, with the kind that has each.
fn select(args: &Args, cx: &Context) -> Result<Vec<(&'static KindRecord, Limit)>, Fault> {
    let look = cx.look(Want::Only(&[]));
    let of_kind = |record: &'static KindRecord| {
        record.inspect.limits(&look).into_iter().map(move |limit| (record, limit))
    };
    let mut limits: Vec<_> = KINDS.iter().flat_map(|record| of_kind(record)).collect();
    let is = |name: &str, limit: &Limit| name.eq_ignore_ascii_case(limit.name);
    for name in &args.names {
        if !limits.iter().any(|(_, limit)| is(name, limit)) {
            let names: Vec<_> = limits.iter().map(|(_, limit)| limit.name).collect();
            return Err(Fault::usage(format!("there is no limit {}", quoted(name.as_bytes())))
                .hint(format!("limits: {}", names.join(", "))));
        }
    }
    if !args.names.is_empty() {
        limits.retain(|(_, limit)| args.names.iter().any(|name| is(name, limit)));
    }
    Ok(limits)
}

fn row(limit: &Limit, who: Value, uses: Value) -> Vec<Value> {
    // So large that the kernel's own "no limit" is meant.
    let endless = |number: u64| number >= 1 << 63;
    let (most, limit_is) = match &limit.limit {
        Value::None("unlimited") => (limit.limit.clone(), Value::Word("unlimited")),
        Value::Count(number) | Value::Bytes(number) if endless(*number) => {
            (Value::None("unlimited"), Value::Word("unlimited"))
        }
        other => (other.clone(), NOTHING),
    };
    let used_is = match limit.used {
        Value::AtLeast(_) => Value::Word("at-least"),
        Value::Count(_) | Value::Bytes(_) => Value::Word("exact"),
        _ => NOTHING,
    };
    let number = |number: u64| match limit.limit {
        Value::Bytes(_) => Value::Bytes(number),
        _ => Value::Count(number),
    };
    let is_limited = !matches!(most, Value::None(_));
    vec![
        Value::Word(limit.name),
        most,
        limit.used.clone(),
        limit.free().filter(|_| is_limited).map_or(NOTHING, number),
        limit.percent().filter(|_| is_limited).map_or(NOTHING, Value::Percent),
        Value::Word(limit.about),
        Value::Word(limit.knob),
        limit_is,
        used_is,
        who,
        uses,
    ]
}

/// Who uses most of a limit, and how much.
fn top(record: &KindRecord, limit: &Limit, cx: &Context) -> (Value, Value) {
    let weigh = match limit.who {
        Who::Nobody => return (NOTHING, NOTHING),
        Who::User(uid) => return (Value::User(uid), limit.used.clone()),
        Who::Owners(weigh) => weigh,
    };
    let mut sums: HashMap<u32, u64> = HashMap::new();
    let mut add = |object: &Object| {
        let uses = weigh(object);
        if let Some(uid) = object.uid().filter(|_| uses > 0) {
            let sum = sums.entry(uid).or_default();
            *sum = sum.saturating_add(uses);
        }
    };
    let look = cx.look(Want::FreeAnd(&["size"]));
    let _ = record.inspect.list(&look, &mut |found| {
        if let Found::Object(object) = found {
            add(&object);
        }
        ControlFlow::Continue(())
    });
    // Of equals the one with the lower number, so that the answer is always the same.
    match sums.into_iter().max_by_key(|(uid, sum)| (*sum, std::cmp::Reverse(*uid))) {
        Some((uid, sum)) => match limit.limit {
            Value::Bytes(_) => (Value::User(uid), Value::Bytes(sum)),
            _ => (Value::User(uid), Value::Count(sum)),
        },
        None => (NOTHING, NOTHING),
    }
}

fn user(uid: u32, cx: &Context) -> String {
    let mut name = String::new();
    cx.view.names.user(uid, &mut name);
    name
}
