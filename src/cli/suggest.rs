//! What was perhaps meant: verbs, options and addresses by distance, by what other programs call them, and by what exists. It is
//! said in a hint and never done.

use std::ffi::{OsStr, OsString};
use std::ops::ControlFlow;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::kinds::capability::{Query, Want};
use crate::kinds::{self, KINDS};
use crate::model::{Address, Encoded, Facility, Found, Locator};

/// What other programs call a verb, and what it is here.
const VERBS: &[(&[&str], &str)] = &[
    (&["delete", "del", "remove", "unlink", "destroy", "kill", "ipcrm"], "rm"),
    (&["ps", "status", "get", "dir"], "list"),
    (&["inspect", "info", "stat", "describe", "view", "cat"], "show"),
    (&["prune", "cleanup", "gc", "purge", "sweep"], "clean"),
    (&["make", "mk", "new", "add", "ipcmk"], "create"),
    (&["change", "chmod", "chown", "edit", "modify", "update"], "set"),
    (&["push", "put", "publish", "write-message"], "send"),
    (&["pop", "receive", "take", "subscribe", "consume"], "recv"),
    (&["signal", "up", "release", "unlock"], "post"),
    (&["acquire", "down"], "wait"),
    (&["flock", "run", "with-lock"], "lock"),
    (&["limit", "ulimit", "sysctl"], "limits"),
    (&["types", "capabilities"], "kinds"),
];

/// The words that are near enough to be a slip of the fingers, nearest first.
fn near<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let most = word.chars().count().div_ceil(3);
    let mut near: Vec<_> = known
        .map(|one| (strsim::damerau_levenshtein(word, one), one))
        .filter(|(distance, _)| *distance <= most)
        .collect();
    near.sort();
    near.into_iter().map(|(_, one)| one).collect()
}

/// What was meant by a verb that there is not.
pub fn verb(word: &str, verbs: &[&str]) -> Option<String> {
    let lower = word.to_ascii_lowercase();
    if lower == "version" {
        return Some("ipcctl --version".to_owned());
    }
    if let Some(facility) = Facility::meant(&lower) {
        return Some(format!("ipcctl list {}", facility.name()));
    }
    let synonym = VERBS.iter().find(|(names, _)| names.contains(&lower.as_str()));
    let synonym = synonym.map(|(_, verb)| *verb).filter(|verb| verbs.contains(verb));
    let verb = synonym.or_else(|| near(&lower, verbs.iter().copied()).first().copied());
    verb.map(|verb| format!("ipcctl {verb}"))
}

/// What was meant by an option that a verb does not have.
pub fn option<'a>(word: &str, options: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    // A letter of one option is no slip of another.
    (word.len() > 2).then(|| near(word, options).first().copied()).flatten()
}

/// The addresses that a word may mean, of objects that exist, for a word that is no address.
pub fn addresses(word: &OsStr, proc: &Path) -> Vec<String> {
    let look = Query::new(Want::Only(&[]), proc);
    let exists = |address: &Address| {
        let record = kinds::of_address(address).ok();
        record.is_some_and(|record| record.inspect.find(&look, &address.locator).is_ok())
    };
    let found = forms(word).into_iter().filter(|text| {
        Address::parse(OsStr::from_bytes(text)).is_ok_and(|address| exists(&address))
    });
    let mut found: Vec<String> = found
        .filter_map(|text| Some(Address::parse(&OsString::from_vec(text)).ok()?.to_string()))
        .collect();
    found.dedup();
    found
}

/// The addresses that a word may have been meant for, encoded.
fn forms(word: &OsStr) -> Vec<Vec<u8>> {
    let bytes = word.as_bytes();
    let address = |facility: Facility, locator: &[u8]| {
        let mut text = facility.name().as_bytes().to_vec();
        text.push(b':');
        text.extend_from_slice(Encoded(locator).to_string().as_bytes());
        text
    };
    let with_slash = |name: &[u8]| [b"/", name].concat();
    let colon = bytes.iter().position(|byte| *byte == b':');
    let in_path = |facility: Facility| {
        facility.name_in_path(bytes).map(|name| address(facility, &with_slash(name)))
    };
    let mut all: Vec<_> = Facility::all().filter_map(in_path).collect();
    if !all.is_empty() {
        return all;
    }
    for facility in Facility::all() {
        if let Some(colon) = colon {
            let (name, locator) = (&bytes[..colon], &bytes[colon + 1..]);
            let name = std::str::from_utf8(name).unwrap_or_default();
            if Facility::meant(name) == Some(facility) {
                all.push(address(facility, locator));
                all.push(address(facility, &with_slash(locator)));
            }
        } else {
            all.push(address(facility, bytes));
            if !bytes.starts_with(b"/") {
                all.push(address(facility, &with_slash(bytes)));
            }
        }
    }
    all
}

/// The address of an object of the same facility whose name is nearly this one, where there is none of this name.
pub fn neighbour(address: &Address, proc: &Path) -> Option<Address> {
    let text = address.to_string();
    let look = Query::new(Want::Only(&[]), proc);
    let mut best: Option<(usize, Address)> = None;
    let most = text.len().saturating_sub(address.facility.name().len() + 2).div_ceil(3);
    let named = |locator: &Locator| matches!(locator, Locator::Name(_) | Locator::Path(_));
    if !named(&address.locator) {
        return None;
    }
    for record in KINDS.iter().filter(|record| record.kind.facility == address.facility) {
        let _ = record.inspect.list(&look, &mut |found| {
            if let Found::Object(object) = found
                && named(&object.address.locator)
            {
                let distance = strsim::damerau_levenshtein(&text, &object.address.to_string());
                if distance <= most && best.as_ref().is_none_or(|(least, _)| distance < *least) {
                    best = Some((distance, object.address));
                }
            }
            ControlFlow::Continue(())
        });
    }
    best.map(|(_, address)| address)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KNOWN: &[&str] = &["list", "ls", "show", "rm", "recv", "semop", "post", "clean", "send"];

    #[test]
    fn what_other_programs_call_a_verb_leads_to_it() {
        for (word, meant) in [
            ("delete", Some("ipcctl rm")),
            ("Remove", Some("ipcctl rm")),
            ("ps", Some("ipcctl list")),
            ("lst", Some("ipcctl list")),
            ("inspect", Some("ipcctl show")),
            ("prune", Some("ipcctl clean")),
            ("version", Some("ipcctl --version")),
            ("shm", Some("ipcctl list shm")),
            ("queues", Some("ipcctl list mq")),
            ("SEM", Some("ipcctl list sem")),
            ("xyzzy", None),
            // A verb that this program does not have is not suggested.
            ("chmod", None),
        ] {
            assert_eq!(verb(word, KNOWN).as_deref(), meant, "{word}");
        }
    }

    #[test]
    fn options_are_suggested_by_distance_alone() {
        let options = ["--grace", "--dry-run", "--older-than", "--mine", "--format"];
        let meant = |word| option(word, options.into_iter());
        assert_eq!(meant("--fromat"), Some("--format"));
        assert_eq!(meant("--dryrun"), Some("--dry-run"));
        assert_eq!(meant("--watch"), None);
        assert_eq!(meant("-m"), None);
    }

    #[test]
    fn any_bytes_have_forms_or_none() {
        for word in ["", ":", "/", "0", "0xdead", "/dev/shm/", "shm:", "\u{1b}[2J", "a:b:c"] {
            let _ = forms(OsStr::new(word));
        }
        let _ = forms(OsStr::from_bytes(&[0xff, b':', 0xfe]));
        assert!(forms(OsStr::new("/dev/shm/x")).contains(&b"shm:/x".to_vec()));
        assert!(forms(OsStr::new("queue:jobs")).contains(&b"mq:/jobs".to_vec()));
        assert!(forms(OsStr::new("7")).contains(&b"sem:7".to_vec()));
    }
}
