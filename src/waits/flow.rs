//! Pipes and FIFOs at work: what their ends say, and which threads sleep on them, in two looks a moment apart. Nothing is
//! opened: descriptors are copied for microseconds. Knows no kind.

use std::collections::{HashMap, HashSet};
use std::io;
use std::path::Path;
use std::time::Duration;

use super::threads::{self, Direction, ThreadLook};
use crate::holders::process;
use crate::kinds::borrowed::{self, Borrower, EndStates};
use crate::model::{Access, Clock, Encoded, Fault, FileId, Timestamp};
use crate::sys::processes::{Proc, Process};

/// Time between two looks.
const PAUSE: Duration = Duration::from_millis(50);
/// So many descriptors of each end of one pipe are asked.
const ASKED: usize = 8;

/// A pipe to look at.
pub(super) struct WatchedPipe {
    pub(super) file: FileId,
    /// When it was made.
    pub(super) since: Option<Timestamp>,
    pub(super) ends: Vec<End>,
}

/// A descriptor of a pipe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) pid: i32,
    pub(super) fd: i32,
    pub(super) access: Access,
}

impl End {
    pub(super) fn reads(&self) -> bool {
        matches!(self.access, Access::Read | Access::ReadWrite)
    }

    pub(super) fn writes(&self) -> bool {
        matches!(self.access, Access::Write | Access::ReadWrite)
    }
}

/// A thread that sleeps in a call on a pipe.
#[derive(Clone, Copy, Debug)]
pub(super) struct SleepingThread {
    pub(super) pid: i32,
    pub(super) tid: i32,
    pub(super) fd: i32,
    pub(super) direction: Direction,
    /// Seconds that it has slept, where the kernel tells.
    pub(super) idle: Option<f64>,
}

/// What is known of one pipe.
#[derive(Default)]
pub(super) struct PipeFlow {
    pub(super) ends: Vec<End>,
    /// What its ends say; the same in both looks, or unknown.
    pub(super) states: EndStates,
    /// Why its ends or its processes could not be asked.
    pub(super) denied: Option<&'static str>,
    /// Threads that sleep on it, in both looks in the same call, without having run.
    pub(super) asleep: Vec<SleepingThread>,
    /// Processes with an end of which no thread has run between the looks.
    pub(super) still: HashSet<i32>,
    /// All processes that have an end for writing have lost the process that began them, and began after the pipe was made.
    pub(super) orphans: bool,
    /// The commands of its processes, as far as somebody wants to name them.
    names: HashMap<i32, String>,
}

impl PipeFlow {
    /// The processes with an end for writing, each once.
    pub(super) fn writers(&self) -> Vec<i32> {
        pids(self.ends.iter().filter(|end| end.writes()))
    }

    /// The processes with an end for reading, each once.
    pub(super) fn readers(&self) -> Vec<i32> {
        pids(self.ends.iter().filter(|end| end.reads()))
    }

    /// Returns true if a thread of the process sleeps on the pipe for one of these.
    pub(super) fn waits(&self, pid: i32, for_what: &[Direction]) -> bool {
        self.waiters(for_what).any(|waiter| waiter.pid == pid)
    }

    /// The threads that sleep on it for one of these.
    pub(super) fn waiters<'f>(
        &'f self,
        for_what: &'f [Direction],
    ) -> impl Iterator<Item = &'f SleepingThread> {
        self.asleep.iter().filter(move |waiter| for_what.contains(&waiter.direction))
    }

    /// `sleep(6)`, safe to print.
    pub(super) fn name(&self, pid: i32) -> String {
        format!("{}({pid})", self.names.get(&pid).map_or("?", String::as_str))
    }

    /// `fd 1` or `fds 1, 2`: the descriptors of a process that can do this.
    pub(super) fn fds(&self, pid: i32, can: fn(&End) -> bool) -> String {
        let of = self.ends.iter().filter(|end| end.pid == pid && can(end));
        let fds: Vec<String> = of.map(|end| end.fd.to_string()).collect();
        format!("{} {}", if fds.len() == 1 { "fd" } else { "fds" }, fds.join(", "))
    }
}

fn pids<'e>(ends: impl Iterator<Item = &'e End>) -> Vec<i32> {
    let mut pids: Vec<i32> = ends.map(|end| end.pid).collect();
    pids.sort_unstable();
    pids.dedup();
    pids
}

/// Where one process comes from.
#[derive(Clone, Copy)]
struct Kin {
    parent: i32,
    session: i32,
    start: u64,
}

/// Looks at pipes and the processes that have them, each process once a look.
pub(super) struct Observer {
    proc: Proc,
    own: Option<Process>,
    clock: Option<Clock>,
    borrower: Borrower,
    kin: HashMap<i32, Option<Kin>>,
}

/// The threads of processes at one moment.
type Snapshot = HashMap<i32, io::Result<Vec<ThreadLook>>>;

impl Observer {
    pub(super) fn new(proc: &Path) -> io::Result<Self> {
        let proc = Proc::open(proc)?;
        let own = proc.own_pid().and_then(|pid| proc.process(pid).ok());
        let clock = process::clock().ok();
        Ok(Self { proc, own, clock, borrower: Borrower::default(), kin: HashMap::new() })
    }

    /// Looks at these pipes, and a moment later again at those that `suspicious` says so of.
    pub(super) fn look(
        &mut self,
        subjects: &[WatchedPipe],
        suspicious: &dyn Fn(usize, &PipeFlow) -> bool,
    ) -> Vec<PipeFlow> {
        let mut flows: Vec<PipeFlow> = subjects.iter().map(|one| self.states(one)).collect();
        let busy =
            |flow: &PipeFlow| flow.states.queued == Some(0) || flow.states.writable == Some(false);
        let first = self.threads(flows.iter().filter(|flow| busy(flow)));
        for (subject, flow) in subjects.iter().zip(&mut flows) {
            if busy(flow) {
                self.settle(flow, subject, &first, None);
            }
        }
        let again: Vec<usize> = flows
            .iter()
            .enumerate()
            .filter_map(|(at, flow)| suspicious(at, flow).then_some(at))
            .collect();
        if again.is_empty() {
            return flows;
        }
        std::thread::sleep(PAUSE);
        let second = self.threads(again.iter().filter_map(|at| flows.get(*at)));
        for at in again {
            let (Some(subject), Some(flow)) = (subjects.get(at), flows.get_mut(at)) else {
                continue;
            };
            let later = self.states(subject);
            flow.states = flow.states.agreed(&later.states);
            flow.denied = flow.denied.or(later.denied);
            if busy(flow) {
                self.settle(flow, subject, &first, Some(&second));
            }
            for pid in pids(flow.ends.iter()) {
                flow.names.insert(pid, self.command(pid));
            }
        }
        flows
    }

    /// What the ends of a pipe say now.
    fn states(&mut self, subject: &WatchedPipe) -> PipeFlow {
        let mut flow = PipeFlow { ends: subject.ends.clone(), ..PipeFlow::default() };
        for can in [End::writes as fn(&End) -> bool, End::reads] {
            for end in subject.ends.iter().filter(|end| can(end)).take(ASKED) {
                match self.borrower.copy((end.pid, end.fd), subject.file) {
                    Ok(Some(copy)) => {
                        flow.states.add(&borrowed::end_states(&copy));
                        break;
                    }
                    Ok(None) => {}
                    Err(error) => flow.denied = Some(Fault::reason(&error)),
                }
            }
        }
        flow
    }

    fn threads<'f>(&self, flows: impl Iterator<Item = &'f PipeFlow>) -> Snapshot {
        let mut snapshot = Snapshot::new();
        for pid in flows.flat_map(|flow| pids(flow.ends.iter())) {
            let look = || self.proc.process(pid).and_then(|process| threads::of(&process));
            snapshot.entry(pid).or_insert_with(look);
        }
        snapshot
    }

    /// Who sleeps on a pipe, in one look or in two.
    fn settle(
        &mut self,
        flow: &mut PipeFlow,
        subject: &WatchedPipe,
        first: &Snapshot,
        second: Option<&Snapshot>,
    ) {
        flow.asleep.clear();
        flow.still.clear();
        for pid in pids(subject.ends.iter()) {
            let threads = match first.get(&pid) {
                Some(Ok(threads)) => threads,
                Some(Err(error)) if !crate::sys::processes::is_gone(error) => {
                    flow.denied = Some(Fault::reason(error));
                    continue;
                }
                _ => continue,
            };
            let later = second.map(|second| second.get(&pid).and_then(|looks| looks.as_ref().ok()));
            let has_slept = |look: &ThreadLook| match later {
                None => look.has_slept(look),
                Some(None) => false,
                Some(Some(later)) => later
                    .iter()
                    .find(|one| one.tid == look.tid)
                    .is_some_and(|one| look.has_slept(one)),
            };
            if threads.iter().all(has_slept) {
                flow.still.insert(pid);
            }
            for look in threads.iter().filter(|look| has_slept(look)) {
                for (fd, direction) in &look.waits {
                    let is_this = |end: &End| end.pid == pid && end.fd == *fd;
                    if flow.ends.iter().any(is_this) {
                        let waiter = SleepingThread {
                            pid,
                            tid: look.tid,
                            fd: *fd,
                            direction: *direction,
                            idle: None,
                        };
                        flow.asleep.push(waiter);
                    }
                }
            }
        }
        let has_readers = flow.asleep.iter().any(|waiter| waiter.direction != Direction::Write);
        if has_readers && flow.states.queued == Some(0) {
            flow.orphans = self.are_orphans(flow, subject.since);
            if flow.orphans {
                self.time(flow);
            }
        }
    }

    fn time(&self, flow: &mut PipeFlow) {
        let Some(own) = &self.own else { return };
        for waiter in &mut flow.asleep {
            let idle = |process: Process| threads::idle(&process, own, waiter.tid);
            waiter.idle = self.proc.process(waiter.pid).ok().and_then(idle);
        }
    }

    /// Returns true if every process with an end for writing has lost its parent, and began after the pipe was made.
    fn are_orphans(&mut self, flow: &PipeFlow, since: Option<Timestamp>) -> bool {
        let (Some(since), Some(clock)) = (since, self.clock) else { return false };
        let (readers, writers) = (flow.readers(), flow.writers());
        // A tick of the clock and a second that both times are rounded to.
        let began_later = |kin: &Kin| clock.started(kin.start).saturating_add(1) >= since.secs;
        !writers.is_empty()
            && writers.iter().all(|pid| {
                self.kin(*pid).is_some_and(|kin| {
                    began_later(&kin)
                        && !readers.contains(&kin.parent)
                        && !readers.contains(pid)
                        && self.has_lost_its_parent(*pid, kin)
                })
            })
    }

    /// Returns true if the parent of a process is not the one that began it. Process 1 collects those whose parent has
    /// ended, and so does a subreaper. A process that was begun by its parent is in the session of that, unless it began
    /// one of its own, as those do that go on without their parent.
    fn has_lost_its_parent(&mut self, pid: i32, kin: Kin) -> bool {
        let parent = self.kin(kin.parent);
        let is_foreign = parent.is_some_and(|parent| parent.session != kin.session);
        if kin.session == pid { kin.parent == 1 } else { is_foreign }
    }

    fn kin(&mut self, pid: i32) -> Option<Kin> {
        if let Some(known) = self.kin.get(&pid) {
            return *known;
        }
        let status = self.proc.process(pid).and_then(|process| process.status()).ok();
        let kin = status.map(|status| Kin {
            parent: status.parent,
            session: status.session,
            start: status.start,
        });
        self.kin.insert(pid, kin);
        kin
    }

    fn command(&self, pid: i32) -> String {
        let mut buffer = [0; 64];
        let process = self.proc.process(pid);
        let read =
            process.as_ref().ok().and_then(|process| process.read(c"comm", &mut buffer).ok());
        let command = read.map(|text| text.strip_suffix(b"\n").unwrap_or(text));
        command.map_or_else(|| "?".into(), |bytes| Encoded(bytes).to_string())
    }
}
