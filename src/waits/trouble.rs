//! The table of troubles: a word for what is wrong with an object, and when it fits. The first one that fits is told, with its
//! evidence. A trouble is never told without proof: what could not be looked at is unknown.

mod pipes;
mod processes;
mod sockets;

use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::flow::{End, Observer, PipeFlow, WatchedPipe};
use crate::kinds::stuck;
use crate::model::{Encoded, Fault, Object, Showing, ShownAs, Subject, Value};
use crate::sys::processes::Proc;

/// A row of the table.
pub struct Trouble {
    /// The word: the column *trouble*.
    pub word: &'static str,
    /// What it means, in a sentence.
    pub about: &'static str,
    fits: fn(&Case) -> Finding,
}

/// One object, with what was looked at for it.
struct Case<'a> {
    object: &'a Object,
    flow: Option<&'a PipeFlow>,
    /// How many processes could not be read.
    unread: usize,
    /// There may be others that cannot be seen at all.
    narrow: bool,
    /// Signals that every thread of the process still blocked a second later, where any were pending.
    stuck: Option<Vec<&'static str>>,
}

impl Case<'_> {
    fn fact(&self, name: &str) -> Option<&Value> {
        self.object.facts.get(name)
    }

    fn word(&self, name: &str) -> Option<&'static str> {
        match self.fact(name) {
            Some(Value::Word(word)) => Some(*word),
            _ => None,
        }
    }

    /// The words of a list; none of what is none or unknown.
    fn words(&self, name: &str) -> Vec<&'static str> {
        words(self.fact(name))
    }

    fn count(&self, name: &str) -> Option<u64> {
        match self.fact(name) {
            Some(Value::Count(count) | Value::Bytes(count)) => Some(*count),
            _ => None,
        }
    }

    /// What somebody else called it, safe to print.
    fn name(&self, name: &str) -> Option<String> {
        match self.fact(name) {
            Some(Value::Name(name)) => Some(Encoded(name.as_encoded_bytes()).to_string()),
            _ => None,
        }
    }

    /// What a row that speaks of every writer has to say where not all processes can be seen.
    fn others(&self) -> Option<String> {
        let unseen =
            "processes outside of this pid namespace, which cannot be seen, may have it, too";
        self.narrow.then(|| unseen.to_owned())
    }
}

fn words(value: Option<&Value>) -> Vec<&'static str> {
    let Some(Value::List(values)) = value else { return Vec::new() };
    let word = |value: &Value| match value {
        Value::Word(word) => Some(*word),
        _ => None,
    };
    values.iter().filter_map(word).collect()
}

/// Seconds since the epoch.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    i64::try_from(now).unwrap_or(i64::MAX)
}

/// What one row says of one object.
enum Finding {
    No,
    Yes(Vec<String>),
    /// It cannot be told, and why.
    Unknown(&'static str),
}

/// The facts that rows look at, so that they are read.
pub const NEEDS: &[&str] = &[
    "marked",
    "sort",
    "damage",
    "status",
    "waiting",
    "backlog",
    "left",
    "leads-to",
    "bound-to",
    "drops",
    "room",
    "queued-memory",
    "heard",
    "run-state",
    "parent",
    "ended",
    "stuck",
    "stopped-by",
    "pending",
    "awaited-by",
    "init",
    "caught",
    "blocked",
];

/// The table.
pub static TROUBLES: &[Trouble] = &[
    Trouble {
        word: "full",
        about: "a writer sleeps because there is no room, and no reader ran meanwhile; or the backlog is exceeded",
        fits: |case| if case.flow.is_some() { pipes::full(case) } else { sockets::full(case) },
    },
    Trouble {
        word: "broken",
        about: "the other end is gone, and something is left",
        fits: |case| if case.flow.is_some() { pipes::broken(case) } else { sockets::broken(case) },
    },
    Trouble {
        word: "self-held",
        about: "every process that could write to it waits to read from it",
        fits: pipes::self_held,
    },
    Trouble {
        word: "leaked-fd",
        about: "only processes that have lost their parents keep it open for writing, and a reader waits",
        fits: pipes::leaked,
    },
    Trouble { word: "stale", about: "no socket is bound to the socket file", fits: sockets::stale },
    Trouble {
        word: "unreachable",
        about: "a socket is bound, and the path that it was bound to does not lead to it",
        fits: sockets::unreachable,
    },
    Trouble {
        word: "drops",
        about: "its queue is full, and datagrams are lost",
        fits: sockets::drops,
    },
    Trouble {
        word: "close-wait",
        about: "the peer closed the connection more than 60 s ago, and this side does not",
        fits: sockets::close_wait,
    },
    Trouble {
        word: "zombie",
        about: "it ended more than 60 s ago, and its parent has not collected it",
        fits: processes::zombie,
    },
    Trouble {
        word: "stopped",
        about: "it is stopped while its parent waits for it or a signal waits for SIGCONT",
        fits: processes::stopped,
    },
    Trouble {
        word: "blocked-signal",
        about: "a signal is pending for more than a second that every thread blocks",
        fits: processes::blocked,
    },
    Trouble {
        word: "no-handler",
        about: "it is the first process of a pid namespace, and SIGTERM does nothing to it",
        fits: processes::no_handler,
    },
    Trouble {
        word: "owner-dead",
        about: "the thread that owns it has ended, or a waiter that it counts has",
        fits: owner_dead,
    },
    Trouble {
        word: "unlinked",
        about: "it was removed and is still held, invisible to others and counted by the limits",
        fits: unlinked,
    },
];

fn owner_dead(case: &Case) -> Finding {
    match case.fact("damage") {
        Some(Value::Word("owner-dead")) => Finding::Yes(vec![
            "its owner has ended and it is not robust: no thread can unlock it any more".into(),
        ]),
        Some(Value::Word("a waiter that is counted is gone")) => {
            Finding::Yes(vec!["it counts more waiters than there are".into()])
        }
        Some(Value::Unknown(reason)) => Finding::Unknown(reason),
        _ => Finding::No,
    }
}

fn unlinked(case: &Case) -> Finding {
    let line = match (case.fact("marked"), case.word("sort")) {
        (Some(Value::Flag(true)), _) => {
            "it is marked for removal, and is freed with its last detach"
        }
        (_, Some("unlinked")) => "its name was removed, and it is freed when its last holder ends",
        _ => return Finding::No,
    };
    Finding::Yes(vec![line.into()])
}

/// What is wrong with an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Diagnosis {
    /// Nothing that the table knows.
    Well,
    /// This, and why.
    Trouble(&'static str, Box<[String]>),
    /// It could not be looked at, and why.
    Unknown(&'static str),
}

/// An object, and where processes show it.
pub struct Patient<'a> {
    /// The object.
    pub object: &'a Object,
    /// The descriptors of it, where those are how it is found.
    pub showings: &'a [Showing],
    /// How many processes could not be read.
    pub unread: usize,
    /// There may be others that cannot be seen at all: outside of this pid namespace, or hidden.
    pub narrow: bool,
}

impl Patient<'_> {
    fn case<'c>(&'c self, flow: Option<&'c PipeFlow>) -> Case<'c> {
        let Self { object, unread, narrow, .. } = *self;
        Case { object, flow, unread, narrow, stuck: None }
    }
}

/// Returns true if it takes the descriptors of an object to see what is wrong with it.
pub fn flows(object: &Object) -> bool {
    object.trace.is_some_and(|trace| trace.holding.flows)
}

/// Looks at objects all at once: those that something may be wrong with take a pause of 50 ms between two looks, and a pause of
/// a second if a signal is pending.
pub fn diagnose(proc: &Path, patients: &[Patient]) -> Vec<Diagnosis> {
    let flows = looked(proc, patients);
    let mut stuck = stuck_later(proc, patients);
    let mut of = |at: usize, patient: &Patient| {
        let flow = match &flows {
            Ok(flows) => flows.get(at).and_then(Option::as_ref),
            Err(reason) => return Diagnosis::Unknown(reason),
        };
        let stuck = stuck.get_mut(at).and_then(Option::take);
        told(&Case { stuck, ..patient.case(flow) })
    };
    patients.iter().enumerate().map(|(at, patient)| of(at, patient)).collect()
}

/// So long a signal is pending that nobody will take.
const STUCK: Duration = Duration::from_millis(1050);

/// The signals that are stuck in processes where some are, once more after a pause. A process that has ended has none.
fn stuck_later(proc: &Path, patients: &[Patient]) -> Vec<Option<Vec<&'static str>>> {
    let process = |patient: &Patient| match patient.object.trace.map(|trace| trace.subject) {
        Some(Subject::Process(pid, start)) => {
            (!words(patient.object.facts.get("stuck")).is_empty()).then_some((pid, start))
        }
        _ => None,
    };
    let asked: Vec<_> = patients.iter().map(process).collect();
    if asked.iter().all(Option::is_none) {
        return Vec::new();
    }
    std::thread::sleep(STUCK);
    let again = |(pid, start): (i32, u64)| {
        let process = Proc::open(proc)?.process(pid)?;
        if process.status()?.start != start {
            return Ok(Vec::new());
        }
        Ok(stuck(&process)?.names().collect())
    };
    let again = |one: (i32, u64)| again(one).unwrap_or_else(|_: io::Error| Vec::new());
    asked.into_iter().map(|one| one.map(again)).collect()
}

/// The flow of each pipe among them.
fn looked(proc: &Path, patients: &[Patient]) -> Result<Vec<Option<PipeFlow>>, &'static str> {
    let (mut subjects, mut places) = (Vec::new(), Vec::new());
    for (at, patient) in patients.iter().enumerate() {
        let file = patient.object.trace.and_then(|trace| trace.file());
        let file = file.filter(|_| flows(patient.object));
        let Some(file) = file else { continue };
        let ends = patient.showings.iter().filter_map(|showing| match showing.place {
            ShownAs::Descriptor(fd, access) => Some(End { pid: showing.pid, fd, access }),
            _ => None,
        });
        subjects.push(WatchedPipe { file, since: patient.object.since, ends: ends.collect() });
        places.push(at);
    }
    let mut found: Vec<Option<PipeFlow>> = patients.iter().map(|_| None).collect();
    if subjects.is_empty() {
        return Ok(found);
    }
    let mut observer = Observer::new(proc).map_err(|error| Fault::reason(&error))?;
    let suspicious = |at: usize, flow: &PipeFlow| {
        let patient = places.get(at).and_then(|place| patients.get(*place));
        patient.is_some_and(|patient| {
            matches!(told(&patient.case(Some(flow))), Diagnosis::Trouble(..))
        })
    };
    let looked = observer.look(&subjects, &suspicious);
    for (place, flow) in places.into_iter().zip(looked) {
        if let Some(found) = found.get_mut(place) {
            *found = Some(flow);
        }
    }
    Ok(found)
}

/// What the table says: the first row that fits, or why none can.
fn told(case: &Case) -> Diagnosis {
    let mut unknown = case.flow.and_then(|flow| flow.denied);
    for trouble in TROUBLES {
        match (trouble.fits)(case) {
            Finding::Yes(lines) => return Diagnosis::Trouble(trouble.word, lines.into()),
            Finding::Unknown(reason) => unknown = unknown.or(Some(reason)),
            Finding::No => {}
        }
    }
    unknown.map_or(Diagnosis::Well, Diagnosis::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn the_manual_has_every_word() {
        let page = include_str!("../../man/prose/ipcctl.1");
        for trouble in TROUBLES {
            let heading = format!("\n.TP\n.B {}\n", trouble.word.replace('-', "\\-"));
            assert!(page.contains(&heading), "{}", trouble.word);
        }
    }

    #[test]
    fn what_rows_need_some_kind_has() {
        let mut fields = crate::kinds::KINDS.iter().flat_map(|record| (record.kind.fields)());
        let names: HashSet<_> = fields.by_ref().map(|field| field.name).collect();
        for name in NEEDS {
            assert!(names.contains(name), "{name}");
        }
    }

    #[test]
    fn words_are_told_apart_and_each_says_what_it_means() {
        let words: HashSet<_> = TROUBLES.iter().map(|trouble| trouble.word).collect();
        assert_eq!(words.len(), TROUBLES.len());
        for trouble in TROUBLES {
            assert!(!trouble.about.is_empty(), "{}", trouble.word);
            let lower = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
            assert!(trouble.word.bytes().all(lower), "{}", trouble.word);
        }
    }
}
