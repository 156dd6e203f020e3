//! Choosing columns by name: `A,B`, `+A,B`, and what is meant by a name that does not exist.

use std::borrow::Cow;

use super::judged::LATE;
use crate::cli::context::{Context, Exit, VerbResult};
use crate::kinds::KINDS;
use crate::model::{COMMON, Family, Fault, Field, State, Value, choices, quoted};
use crate::output::Cell;

/// The names of columns with what they are, in the order in which help lists them.
pub type ColumnHelp = Vec<(String, String)>;

/// Every column that objects can have: those of all kinds first.
pub fn of_objects() -> ColumnHelp {
    let mut columns: ColumnHelp =
        shared().map(|field| (field.name.to_owned(), with_choices(field))).collect();
    let own = columns.len();
    for record in KINDS {
        for field in (record.kind.fields)() {
            match columns.iter_mut().skip(own).find(|(name, _)| name == field.name) {
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

/// The help of a column. Where its values are choices, it names them.
fn with_choices(field: &Field) -> String {
    let words = match field.name {
        "family" => choices::<Family>(),
        "state" => choices::<State>(),
        _ => return field.help.to_owned(),
    };
    format!("{}: {words}.", field.help.trim_end_matches('.'))
}

/// The columns that all kinds have, in the order in which `show` prints them: those of objects, and those that later stages
/// fill.
pub fn shared() -> impl Iterator<Item = &'static Field> {
    let late = LATE.iter().map(|column| &column.field);
    COMMON.iter().map(|column| &column.field).chain(late)
}

/// The columns of records that are no objects.
pub fn of_records(columns: &[(&str, &str)]) -> ColumnHelp {
    columns.iter().map(|(name, help)| ((*name).to_owned(), (*help).to_owned())).collect()
}

/// Answers `--columns help`.
pub fn help(known: &ColumnHelp, cx: &mut Context) -> VerbResult {
    if known.is_empty() {
        return Err(Exit::Usage(Fault::usage("this verb has no columns to choose among")));
    }
    let text = |text: &String| Value::Text(text.as_str().into());
    let rows = known.iter().map(|(name, help)| vec![text(name), text(help)]);
    cx.options.columns = None;
    records(cx, "columns", &["column", "help"], rows.collect())
}

/// The columns that a list of names asks for; `default` without one.
///
/// # Errors
/// A usage error for a name that does not exist, with the nearest one that does.
pub fn choose(
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
pub fn check(name: &str, known: &[(String, String)]) -> Result<String, Exit> {
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

/// Writes a whole table of records, for verbs whose answer is one. `--columns` chooses among `names`.
pub fn records(
    cx: &mut Context,
    records: &'static str,
    names: &[&'static str],
    rows: Vec<Vec<Value>>,
) -> VerbResult {
    records_with(cx, records, (names, &[]), rows)
}

/// The same, with columns that are `more` than the default: formats that name values have all of them.
pub fn records_with(
    cx: &mut Context,
    records: &'static str,
    (default, more): (&[&'static str], &[&'static str]),
    rows: Vec<Vec<Value>>,
) -> VerbResult {
    let names: Vec<&'static str> = default.iter().chain(more).copied().collect();
    let names = names.as_slice();
    let known: Vec<_> = names.iter().map(|name| ((*name).to_owned(), String::new())).collect();
    let columns = choose(cx.options.columns.as_deref(), default, &known)?;
    let named = cx.options.format().names_values() && cx.options.columns.is_none();
    let columns = if named { names.to_vec() } else { columns.iter().map(String::as_str).collect() };
    let mut renderer = cx.renderer(records, &columns);
    renderer.names(&columns);
    for row in &rows {
        let value =
            |name: &&str| names.iter().position(|one| one == name).and_then(|at| row.get(at));
        let cell = |name| value(name).map_or(Cow::Owned(Value::None("none")), Cow::Borrowed);
        let cells: Vec<Cell> = columns.iter().map(cell).collect();
        renderer.record(&mut cx.out, &cx.view, &cells)?;
    }
    cx.finish(renderer, &[])
}
