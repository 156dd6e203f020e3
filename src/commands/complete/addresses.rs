//! Addresses as candidates: the objects that are there, each with its owner, size and content, and the forms in
//! which new ones are named.

use std::ops::ControlFlow;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use super::Candidate;
use crate::cli::context::Context;
use crate::kinds::capability::{Query, Want};
use crate::kinds::{KINDS, KindRecord};
use crate::model::{Breadth, Encoded, Facility, FileType, Found, Object, PATH, decode};
use crate::sys::directory;

/// What describes an object in one line.
const DESCRIPTION: &[&str] = &["owner", "size", "content"];

/// Objects whose addresses begin with what was typed, but those that the line has already.
pub(super) fn existing(
    typed: &str,
    words: &[&str],
    takes: fn(&KindRecord) -> bool,
    cx: &Context,
) -> Vec<Candidate> {
    // What was typed with the other word of a facility goes on with it.
    let aliased = Facility::all().find_map(|facility| {
        let alias = facility.alias()?;
        Some((alias, facility.name(), typed.strip_prefix(alias)?.strip_prefix(':')?))
    });
    if let Some((alias, name, rest)) = aliased {
        let found = existing(&format!("{name}:{rest}"), words, takes, cx);
        let renamed = |(address, about): Candidate| {
            Some((format!("{alias}{}", address.strip_prefix(name)?), about))
        };
        return found.into_iter().filter_map(renamed).collect();
    }
    let mut candidates = Vec::new();
    for record in KINDS.iter().filter(|record| takes(record)) {
        let facility = record.kind.facility.name();
        match typed.split_once(':') {
            Some((word, locator)) if word == facility => {
                of_kind(record, (locator, breadth(locator)), cx, &mut candidates)
            }
            Some(_) => {}
            // Others of its facility have names, and are offered.
            None if record.kind.listed == Breadth::All => {}
            // Paths are searched for when it is clear that a path is meant: that takes a look at every process.
            None if !record.holding.found_in.is_empty() || record.kind.listed > Breadth::Usual => {
                candidates.push((format!("{facility}:"), record.kind.about.into()));
            }
            None if facility.starts_with(typed) => {
                of_kind(record, ("", Breadth::Usual), cx, &mut candidates)
            }
            None => {}
        }
    }
    candidates.retain(|(address, _)| !words.contains(&address.as_str()));
    candidates
}

/// Facilities, and the objects that the verb takes; for a verb that takes none, the forms of addresses to be made.
pub(super) fn selectors(
    typed: &str,
    words: &[&str],
    takes: fn(&KindRecord) -> bool,
    cx: &Context,
) -> Vec<Candidate> {
    if !KINDS.iter().any(|record| takes(record)) {
        return forms(typed);
    }
    let facilities = Facility::all().map(|facility| {
        let kinds = KINDS.iter().filter(|record| record.kind.facility == facility);
        let about: Vec<_> = kinds.map(|record| record.kind.about).collect();
        (facility.name().to_owned(), about.join(", "))
    });
    let mut candidates: Vec<_> =
        facilities.filter(|(name, _)| !words.contains(&name.as_str())).collect();
    candidates.extend(existing(typed, words, takes, cx));
    candidates
}

/// How the address of a new object can begin.
fn forms(typed: &str) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for record in KINDS.iter().filter(|record| record.create.is_some()) {
        let (facility, about) = (record.kind.facility.name(), record.kind.about);
        if record.create.is_some_and(|create| create.chooses_locator()) {
            candidates.push((facility.to_owned(), format!("{about}, private")));
        }
        match typed.strip_prefix(&format!("{facility}:")) {
            Some(path) if has_paths(record) && path.contains('/') => {
                in_directory(facility, path, None, &mut candidates);
            }
            _ => {
                let begins = record.kind.forms.iter().flat_map(|form| form.begins);
                candidates.extend(begins.map(|(begin, remark)| {
                    (format!("{facility}:{begin}"), format!("{about}{remark}"))
                }));
            }
        }
    }
    candidates
}

/// What is offered after the colon: what has a name, and what is named by a number once one is typed.
fn breadth(locator: &str) -> Breadth {
    if locator.starts_with(|letter: char| letter.is_ascii_digit()) {
        Breadth::All
    } else {
        Breadth::Facility
    }
}

fn of_kind(
    record: &KindRecord,
    (locator, breadth): (&str, Breadth),
    cx: &Context,
    candidates: &mut Vec<Candidate>,
) {
    if record.kind.listed > breadth {
        return;
    }
    let facility = record.kind.facility.name();
    let by_key = locator.starts_with("0x");
    let wanted: &[&str] = if by_key { &["key", "owner", "size", "content"] } else { DESCRIPTION };
    let look = Query { breadth, ..cx.look(Want::Only(wanted)) };
    let begin = format!("{facility}:{locator}");
    let _ = record.inspect.list(&look, &mut |sighting| {
        if let Found::Object(object) = sighting {
            let address = match object.column("key").filter(|_| by_key) {
                Some(key) => format!("{facility}:{}", short(cx, &key)),
                None => object.address.to_string(),
            };
            if address.starts_with(&begin) && !address.ends_with(":-") {
                candidates.push((address, description(cx, &object)));
            }
        }
        ControlFlow::Continue(())
    });
    if has_paths(record) && locator.contains('/') {
        in_directory(facility, locator, record.kind.file_type, candidates);
    }
}

/// Returns true if objects of the kind are named by paths.
fn has_paths(record: &KindRecord) -> bool {
    record.kind.forms.contains(&&PATH)
}

fn description(cx: &Context, object: &Object) -> String {
    let known = DESCRIPTION.iter().filter_map(|name| object.column(name));
    let parts = known.filter(|value| value.is_known()).map(|value| short(cx, &value));
    parts.collect::<Vec<_>>().join(" ")
}

fn short(cx: &Context, value: &crate::model::Value) -> String {
    let mut text = String::new();
    cx.view.human(value, &mut text);
    text
}

/// The directories, and the files of a type, in the directory that a half-typed path names.
fn in_directory(
    facility: &str,
    typed: &str,
    file_type: Option<FileType>,
    candidates: &mut Vec<Candidate>,
) {
    let (typed_directory, _) = typed.rsplit_once('/').unwrap_or_default();
    let place = PathBuf::from(std::ffi::OsString::from_vec(decode(
        format!("{typed_directory}/").as_bytes(),
    )));
    let mut found = Vec::new();
    // What cannot be read has nothing to offer.
    for entry in directory::list_in_time(&place).unwrap_or_default() {
        // Nothing is opened and no link is followed: a directory behind one is offered when it is typed.
        let name = Encoded(entry.name.to_bytes());
        let address = format!("{facility}:{typed_directory}/{name}");
        if entry.is(libc::S_IFDIR) {
            found.push((format!("{address}/"), "directory".to_owned()));
        } else if let Some(wanted) = file_type
            && entry.is(wanted.bits)
            && candidates.iter().all(|(known, _)| *known != address)
        {
            found.push((address, wanted.word.to_owned()));
        }
    }
    found.sort();
    candidates.append(&mut found);
}
