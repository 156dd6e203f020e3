//! The table of troubles: a word for what is wrong with an object, what it takes to see it, and when it fits. The first one
//! that fits is told, with its evidence. A trouble is never told without proof: what could not be looked at is unknown.

use std::path::Path;

use super::flow::{End, Observer, PipeFlow, WatchedPipe};
use super::threads::Direction;
use crate::model::{Fault, Object, Showing, ShownAs, Value};

/// What it takes to see a trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleSource {
    /// Facts of the object.
    Facts,
    /// The ends of a pipe, and the threads that sleep on it, in two looks.
    Flow,
}

/// A row of the table.
pub struct Trouble {
    /// The word: the column *trouble*.
    pub word: &'static str,
    /// What it means, in a sentence.
    pub about: &'static str,
    source: TroubleSource,
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
}

impl Case<'_> {
    /// What a row that speaks of every writer has to say where not all processes can be seen.
    fn others(&self) -> Option<String> {
        let unseen =
            "processes outside of this pid namespace, which cannot be seen, may have it, too";
        self.narrow.then(|| unseen.to_owned())
    }
}

/// What one row says of one object.
enum Finding {
    No,
    Yes(Vec<String>),
    /// It cannot be told, and why.
    Unknown(&'static str),
}

/// A thread that waits to read has slept for so many seconds before anybody is suspected.
const LONG: f64 = 2.0;

/// The facts that rows look at, so that they are read.
pub const NEEDS: &[&str] = &["marked", "sort"];

/// The table.
pub static TROUBLES: &[Trouble] = &[
    Trouble {
        word: "full",
        about: "a writer sleeps because there is no room, and no reader ran meanwhile",
        source: TroubleSource::Flow,
        fits: full,
    },
    Trouble {
        word: "broken",
        about: "no reader is left, and something is in it",
        source: TroubleSource::Flow,
        fits: broken,
    },
    Trouble {
        word: "self-held",
        about: "every process that could write to it waits to read from it",
        source: TroubleSource::Flow,
        fits: self_held,
    },
    Trouble {
        word: "leaked-fd",
        about: "only processes that have lost their parents keep it open for writing, and a reader waits",
        source: TroubleSource::Flow,
        fits: leaked,
    },
    Trouble {
        word: "unlinked",
        about: "it was removed and is still held, invisible to others and counted by the limits",
        source: TroubleSource::Facts,
        fits: unlinked,
    },
];

fn full(case: &Case) -> Finding {
    let Some(flow) = case.flow.filter(|flow| flow.states.writable == Some(false)) else {
        return Finding::No;
    };
    if flow.states.no_reader != Some(false) {
        return Finding::No;
    }
    let mut writers = flow.waiters(&[Direction::Write]).peekable();
    if writers.peek().is_none() || !flow.readers().iter().all(|pid| flow.still.contains(pid)) {
        return Finding::No;
    }
    let queued = flow.states.queued.map_or("bytes".into(), |queued| format!("{queued} bytes"));
    let mut lines =
        vec![format!("{queued} are in it, and there is no room for what is to be written")];
    lines.extend(
        writers.map(|one| format!("{} waits to write to it as fd {}", flow.name(one.pid), one.fd)),
    );
    let reader = |pid: &i32| {
        let does = match flow.waits(*pid, &[Direction::Read, Direction::Poll]) {
            true => "sleeps, and does not take it",
            false => "sleeps in another call",
        };
        format!("{} could read it as {}, and {does}", flow.name(*pid), flow.fds(*pid, End::reads))
    };
    lines.extend(flow.readers().iter().map(reader));
    if flow.readers().is_empty() {
        lines.push("its readers cannot be seen from here".into());
    }
    Finding::Yes(lines)
}

fn broken(case: &Case) -> Finding {
    match case.flow.map(|flow| (flow, flow.states.no_reader, flow.states.queued)) {
        Some((flow, Some(true), Some(queued @ 1..))) => {
            let mut lines =
                vec![format!("{queued} bytes are in it, and no process can read them any more")];
            lines.extend(flow.writers().iter().map(|pid| {
                format!(
                    "{} has it open for writing as {}",
                    flow.name(*pid),
                    flow.fds(*pid, End::writes)
                )
            }));
            Finding::Yes(lines)
        }
        _ => Finding::No,
    }
}

/// An empty pipe on which threads sleep to read, and which has writers.
fn starved<'c>(case: &'c Case) -> Option<&'c PipeFlow> {
    case.flow.filter(|flow| {
        flow.states.queued == Some(0)
            && flow.states.no_writer != Some(true)
            && !flow.writers().is_empty()
    })
}

const UNREAD: &str = "not every process could be read";

fn self_held(case: &Case) -> Finding {
    let Some(flow) = starved(case) else { return Finding::No };
    if !flow.writers().iter().all(|pid| flow.waits(*pid, &[Direction::Read])) {
        return Finding::No;
    }
    if case.unread > 0 {
        return Finding::Unknown(UNREAD);
    }
    let line = |pid: &i32| {
        format!(
            "{} waits to read from it, and has it open for writing itself as {}",
            flow.name(*pid),
            flow.fds(*pid, End::writes)
        )
    };
    let mut lines: Vec<String> = flow.writers().iter().map(line).collect();
    lines.push("the end of file comes when these close their ends for writing".into());
    lines.extend(case.others());
    Finding::Yes(lines)
}

fn leaked(case: &Case) -> Finding {
    let Some(flow) = starved(case).filter(|flow| flow.orphans) else { return Finding::No };
    let patient = |idle: Option<f64>| idle.is_some_and(|idle| idle > LONG);
    let mut readers =
        flow.waiters(&[Direction::Read, Direction::Poll]).filter(|one| patient(one.idle));
    let Some(reader) = readers.next() else { return Finding::No };
    if case.unread > 0 {
        return Finding::Unknown(UNREAD);
    }
    let seconds = reader.idle.unwrap_or(0.0);
    let mut lines = vec![format!(
        "{} has waited for {seconds:.0} s to read from it as fd {}",
        flow.name(reader.pid),
        reader.fd
    )];
    lines.extend(flow.writers().iter().map(|pid| {
        format!(
            "{} keeps it open for writing as {}, and its parent is gone",
            flow.name(*pid),
            flow.fds(*pid, End::writes)
        )
    }));
    lines.push("the end of file comes when these close it or end".into());
    lines.extend(case.others());
    Finding::Yes(lines)
}

fn unlinked(case: &Case) -> Finding {
    let facts = &case.object.facts;
    if matches!(facts.get("marked"), Some(Value::Flag(true))) {
        return Finding::Yes(vec![
            "it is marked for removal, and is freed with its last detach".into(),
        ]);
    }
    match facts.get("sort") {
        Some(Value::Word("unlinked")) => Finding::Yes(vec![
            "its name was removed, and it is freed when its last holder ends".into(),
        ]),
        _ => Finding::No,
    }
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
        Case { object: self.object, flow, unread: self.unread, narrow: self.narrow }
    }
}

/// Returns true if it takes the descriptors of an object to see what is wrong with it.
pub fn flows(object: &Object) -> bool {
    object.trace.is_some_and(|trace| trace.holding.flows)
}

/// Looks at objects all at once: those that something may be wrong with take a pause of 50 ms between two looks.
pub fn diagnose(proc: &Path, patients: &[Patient]) -> Vec<Diagnosis> {
    let flows = looked(proc, patients);
    let of = |at: usize, patient: &Patient| {
        let flow = match &flows {
            Ok(flows) => flows.get(at).and_then(Option::as_ref),
            Err(reason) => return Diagnosis::Unknown(reason),
        };
        told(&patient.case(flow))
    };
    patients.iter().enumerate().map(|(at, patient)| of(at, patient)).collect()
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
        if trouble.source == TroubleSource::Flow && case.flow.is_none() {
            continue;
        }
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
