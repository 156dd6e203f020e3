//! The sections of `ipcctl(1)` that list what there is: verbs, kinds, columns, exit statuses. Made of the tables
//! that the program runs on.

use super::roff;
use crate::cli::context::FOUND;
use crate::commands::Verb;
use crate::kinds::{KINDS, KindRecord};
use crate::listing::columns::ColumnHelp;
use crate::model::{Class, Param};

/// The verbs, with their pages.
pub(super) fn verbs(verbs: &[(&Verb, String)]) -> String {
    let line = |(verb, about): &(&Verb, String)| {
        let alias = verb.alias.map(|alias| format!(" (short: {})", roff::bold(alias)));
        let tag = format!("{}(1){}", roff::bold(&page(verb)), alias.unwrap_or_default());
        roff::tagged(&tag, &format!("{about}."))
    };
    verbs.iter().map(line).collect()
}

/// The name of a verb's page.
pub(super) fn page(verb: &Verb) -> String {
    format!("ipcctl-{}", verb.name)
}

/// The kinds of object, with what can be done to each and the options that it alone has.
pub(super) fn kinds() -> String {
    let mut body = String::from(
        "The form of an address says the kind of its object, and the kind what can be done to it:\n\
         .BR \"ipcctl kinds\" \" shows the matrix.\"\n",
    );
    for record in KINDS {
        let able = record.capabilities().into_iter().filter(|(_, able)| *able);
        let able: Vec<_> = able.map(|(name, _)| name).collect();
        let text = format!(
            "{}, {}.{}{}",
            capital(record.kind.about),
            able.join(", "),
            params("create", record.create.map_or(&[], |create| create.params())),
            params("set", record.configure.map_or(&[], |configure| configure.params())),
        );
        body.push_str(&roff::tagged(&roff::bold(record.kind.name), &text));
    }
    body
}

fn params(verb: &str, params: &[&Param]) -> String {
    if params.is_empty() {
        return String::new();
    }
    let names: Vec<_> = params.iter().map(|param| format!("--{}", param.name)).collect();
    format!(" Options of {verb}: {}.", names.join(", "))
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Columns by name.
pub(super) fn columns(columns: &ColumnHelp) -> String {
    columns.iter().map(|(name, help)| roff::tagged(&roff::bold(name), help)).collect()
}

/// The exit statuses that all verbs have.
pub(super) fn statuses() -> String {
    let done = roff::tagged(&roff::bold("0"), "Done.");
    let others = Class::ALL.into_iter().map(|class| {
        roff::tagged(
            &roff::bold(&(class as u8).to_string()),
            &format!("{}.", capital(class.about())),
        )
    });
    let found = roff::tagged(
        &roff::bold(&FOUND.to_string()),
        "Something was found, where that was asked with --exit-code.",
    );
    std::iter::once(done).chain(others).chain([found]).collect()
}

/// The exit statuses of one verb, in a line; `ipcctl(1)` explains them.
pub(super) fn statuses_of(fails: &[Class]) -> String {
    let words = fails.iter().map(|class| format!("{} {}", *class as u8, class.word()));
    let words: Vec<_> = std::iter::once("0 done".to_owned()).chain(words).collect();
    format!("{}; see\n.BR ipcctl (1).\n", words.join(", "))
}

/// Every kind that takes part in a verb, for its page; nothing when all do.
pub(super) fn takers(takes: fn(&KindRecord) -> bool) -> String {
    let able: Vec<_> = KINDS.iter().filter(|record| takes(record)).collect();
    if able.is_empty() || able.len() == KINDS.len() {
        return String::new();
    }
    let names: Vec<_> = able.iter().map(|record| roff::bold(record.kind.name)).collect();
    format!(".PP\nApplies to: {}.\n", names.join(", "))
}
