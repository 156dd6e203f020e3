//! What a listing has to know of troubles: whether they are wanted, and for which objects they are looked for. All of them
//! are looked at together, once the objects are known.

use super::judged::Judged;
use crate::kinds::capability::Query;
use crate::model::{Findings, Kind};
use crate::waits::{self, Diagnosis, Patient};
use std::rc::Rc;

/// The facts that the table of troubles looks at, besides what is printed.
pub const NEEDS: &[&str] = waits::trouble::NEEDS;

/// Looks for what is wrong with these objects.
pub fn fill<'o>(objects: impl Iterator<Item = &'o mut Judged>, look: &Query) {
    let mut objects: Vec<&mut Judged> = objects.collect();
    let mut found: Vec<(&'static Kind, Rc<Findings>)> = Vec::new();
    for one in &objects {
        let classes = one.object.trace.map_or(&[][..], |trace| trace.holding.found_in);
        let known = found.iter().any(|(kind, _)| std::ptr::eq(*kind, one.object.kind));
        let wanted = !known && waits::flows(&one.object);
        if let Some(class) = classes.first().filter(|_| wanted) {
            found.push((one.object.kind, look.processes.found(class)));
        }
    }
    let patients: Vec<Patient> = objects
        .iter()
        .map(|one| {
            let findings = found.iter().find(|(kind, _)| std::ptr::eq(*kind, one.object.kind));
            let file = one.object.trace.and_then(|trace| trace.file());
            let showings = findings.zip(file).map(|((_, found), file)| found.showings(&file));
            let unread = findings.map_or(0, |(_, found)| found.unread);
            let narrow = findings.is_some_and(|(_, found)| !found.sees_all);
            let showings = showings.unwrap_or_default();
            Patient { object: &one.object, showings, unread, narrow }
        })
        .collect();
    let told = waits::diagnose(look.proc, &patients);
    for (one, diagnosis) in objects.iter_mut().zip(told) {
        one.trouble = Some(diagnosis);
    }
}

/// Returns true if something is wrong with the object, in one of these words; in any, if there are none.
pub fn is_asked(one: &Judged, words: &[String]) -> bool {
    match &one.trouble {
        Some(Diagnosis::Trouble(word, _)) => {
            words.is_empty() || words.iter().any(|asked| asked == word)
        }
        _ => false,
    }
}
