//! Choosing columns by name: `A,B`, `+A,B`, and what is meant by a name that does not exist.

use super::context::{Context, Exit, VerbResult};
use crate::kinds::KINDS;
use crate::model::{COMMON, Fault, Value, quoted};

/// The names of columns with what they are, in the order in which help lists them.
pub(super) type ColumnHelp = Vec<(String, String)>;

/// Every column that objects can have: those of all kinds first.
pub(super) fn of_objects() -> ColumnHelp {
    let mut columns: ColumnHelp = COMMON
        .iter()
        .map(|column| (column.field.name.to_owned(), column.field.help.to_owned()))
        .collect();
    for record in KINDS {
        for field in (record.kind.fields)() {
            match columns.iter_mut().skip(COMMON.len()).find(|(name, _)| name == field.name) {
                Some((_, help)) => help.push_str(&format!(", {}", record.kind.name)),
                None => columns.push((
                    field.name.to_owned(),
                    format!("{} For {}", field.help, record.kind.name),
                )),
            }
        }
    }
    columns
}

/// The columns of records that are no objects.
pub(super) fn of_records(columns: &[(&str, &str)]) -> ColumnHelp {
    columns.iter().map(|(name, help)| ((*name).to_owned(), (*help).to_owned())).collect()
}

/// Answers `--columns help`.
pub(super) fn help(known: &ColumnHelp, cx: &mut Context) -> VerbResult {
    if known.is_empty() {
        return Err(Exit::Usage(Fault::usage("this verb has no columns to choose among")));
    }
    let text = |text: &String| Value::Text(text.as_str().into());
    let rows = known.iter().map(|(name, help)| vec![text(name), text(help)]);
    cx.options.columns = None;
    cx.records("columns", &["column", "help"], rows.collect())
}

/// The columns that a list of names asks for; `default` without one.
///
/// # Errors
/// A usage error for a name that does not exist, with the nearest one that does.
pub(super) fn choose(
    list: Option<&str>,
    default: &[&str],
    known: &[(String, String)],
) -> Result<Vec<String>, Exit> {
    let default = default.iter().map(|name| (*name).to_owned());
    let Some(list) = list else { return Ok(default.collect()) };
    let adds = list.starts_with('+');
    let mut columns = if adds { default.collect() } else { Vec::new() };
    for name in list.split(',') {
        let name = name.trim();
        // +A,+B means the same as +A,B; a plus after columns that replace the default is a mistake.
        let name = if adds { name.strip_prefix('+').unwrap_or(name) } else { name };
        let name = check(name, known)?;
        if !columns.contains(&name) {
            columns.push(name);
        }
    }
    Ok(columns)
}

/// A column's name as it is defined: case does not matter, nor whether it has hyphens or underscores.
///
/// # Errors
/// A usage error that suggests the nearest name.
pub(super) fn check(name: &str, known: &[(String, String)]) -> Result<String, Exit> {
    let wanted = name.to_ascii_lowercase().replace('_', "-");
    if known.iter().any(|(name, _)| *name == wanted) {
        return Ok(wanted);
    }
    let likeness = |one: &str| strsim::jaro_winkler(one, &wanted);
    let nearest = known.iter().max_by(|(one, _), (two, _)| likeness(one).total_cmp(&likeness(two)));
    let fault = Fault::usage(format!("there is no column {}", quoted(name.as_bytes())));
    Err(Exit::Usage(match nearest {
        Some((name, _)) if likeness(name) > 0.8 => fault.hint(format!("did you mean {name}?")),
        _ => fault.hint("--columns help lists them"),
    }))
}
