//! Threads that are left behind where they do not return. `execve(2)`, `mmap(2)` and others hold locks of their process while they
//! wait for a file system, and whoever reads its entries below `/proc` sleeps until they have what they wait for. Only the end of
//! the program ends that sleep: `exit_group(2)`. So it is never the main thread that reads them first.

use std::cell::Cell;
use std::num::NonZero;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Builder};
use std::time::Duration;
use std::{fs, io};

use nix::sys::signal::{SigSet, SigmaskHow};

use super::apart;

/// So often the main thread looks at those that have not ended.
const LOOK: Duration = Duration::from_millis(50);
/// So long the first one may sleep over a process, and so long each further one: many may wait for the same file system.
const PATIENCE: (Duration, Duration) = (Duration::from_millis(400), Duration::from_millis(100));
/// So long where a thread of that process runs, or waits for a processor: it may hold its locks only until it has one.
const FOR_BUSY: Duration = Duration::from_millis(1200);
/// So many threads go on where some have been left behind, each with one process.
const REPLACEMENTS: usize = 16;

/// So many threads of a process are looked at.
const TASKS: usize = 256;

/// Threads that have been left behind.
static LEFT: AtomicU32 = AtomicU32::new(0);

thread_local! {
    static EXPENDABLE: Cell<bool> = const { Cell::new(false) };
}

/// Returns true if this thread can be left behind, so that it may ask whoever it wants.
pub(super) fn is_expendable() -> bool {
    EXPENDABLE.get()
}

/// What became of a list of processes.
pub struct Visited<R> {
    /// What was made of those that answered.
    pub parts: Vec<R>,
    /// Those that did not answer.
    pub silent: Vec<i32>,
    /// Those that nobody came to.
    pub missed: Vec<i32>,
}

/// Gives every process to `visit` once, in several threads that take so many of them at a time and begin with a new `R`. A thread
/// that sleeps over a process is left behind with what it has found in its share, and others take the rest of that share. Where
/// there is no thread (RLIMIT_NPROC, pids.max, no memory), this one does it alone, and waits.
pub fn visit<R: Send + 'static>(
    pids: &[i32],
    share: usize,
    begin: impl Fn() -> R + Send + Sync + 'static,
    visit: impl Fn(&mut R, i32) + Send + Sync + 'static,
) -> Visited<R> {
    let todo = pids.iter().rev().copied().collect();
    let work = move |part: &mut Option<R>, pid| visit(part.get_or_insert_with(&begin), pid);
    let board = Arc::new(Board {
        todo: Mutex::new(todo),
        parts: Mutex::new(Vec::new()),
        visit: Box::new(work),
    });
    let cores = thread::available_parallelism().map_or(1, NonZero::get);
    let crew = cores.min(pids.len().div_ceil(share.max(1)));
    let (end, ended) = channel();
    let mut seats = Vec::new();
    seat_more(&board, &mut seats, crew, share, &end);
    if seats.is_empty() {
        board.work(&Seat::default(), share);
    }
    let silent = watch(&board, &mut seats, (&end, &ended));
    let missed = std::mem::take(&mut *lock(&board.todo));
    let parts = std::mem::take(&mut *lock(&board.parts));
    Visited { parts, silent, missed }
}

/// What the threads share.
struct Board<R> {
    /// Processes that nobody has taken; the next one is the last.
    todo: Mutex<Vec<i32>>,
    parts: Mutex<Vec<R>>,
    visit: Box<Visit<R>>,
}

/// Looks at a process, and adds what it finds to what there is.
type Visit<R> = dyn Fn(&mut Option<R>, i32) + Send + Sync;

/// One thread, and what it is doing.
#[derive(Default)]
struct Seat {
    thread: AtomicI32,
    /// The process that it looks at; 0 for none.
    at: AtomicI32,
    /// Changes with each process.
    visits: AtomicU32,
    taken: Mutex<Vec<i32>>,
    left: AtomicBool,
}

impl<R> Board<R> {
    fn work(&self, seat: &Seat, share: usize) {
        loop {
            let taken = {
                let mut todo = lock(&self.todo);
                let rest = todo.len().saturating_sub(share.max(1));
                todo.split_off(rest)
            };
            if taken.is_empty() {
                return;
            }
            lock(&seat.taken).clone_from(&taken);
            let mut part = None;
            for &pid in taken.iter().rev() {
                seat.at.store(pid, Ordering::SeqCst);
                (self.visit)(&mut part, pid);
                seat.visits.fetch_add(1, Ordering::SeqCst);
            }
            let mut parts = lock(&self.parts);
            if seat.left.load(Ordering::SeqCst) {
                return;
            }
            seat.at.store(0, Ordering::SeqCst);
            parts.extend(part);
        }
    }

    /// Leaves a thread behind, unless it has moved on: the process over which it sleeps. The others of its share are taken by others.
    fn leave(&self, seat: &Seat, visits: u32) -> Option<i32> {
        // It hands nothing over meanwhile.
        let _parts = lock(&self.parts);
        let pid = seat.at.load(Ordering::SeqCst);
        if pid == 0 || seat.visits.load(Ordering::SeqCst) != visits {
            return None;
        }
        seat.left.store(true, Ordering::SeqCst);
        let again = std::mem::take(&mut *lock(&seat.taken));
        lock(&self.todo).extend(again.into_iter().filter(|one| *one != pid));
        Some(pid)
    }
}

/// A thread that is waited for.
struct Watched {
    seat: Arc<Seat>,
    number: usize,
    visits: u32,
    asleep: Duration,
}

impl Watched {
    /// Takes note of whether it has slept since the last look.
    fn look(&mut self) {
        let visits = self.seat.visits.load(Ordering::SeqCst);
        let moved = std::mem::replace(&mut self.visits, visits) != visits;
        let busy = moved || self.seat.at.load(Ordering::SeqCst) == 0;
        self.asleep = match busy || !is_asleep(self.seat.thread.load(Ordering::SeqCst)) {
            true => Duration::ZERO,
            false => self.asleep + LOOK,
        };
    }
}

/// Tells the number of a thread when it ends, in a panic, too.
struct LeavingNote(Sender<usize>, usize);

impl Drop for LeavingNote {
    fn drop(&mut self) {
        let _ = self.0.send(self.1);
    }
}

fn seat_more<R: Send + 'static>(
    board: &Arc<Board<R>>,
    seats: &mut Vec<Watched>,
    more: usize,
    share: usize,
    end: &Sender<usize>,
) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    for _ in 0..more {
        let number = NUMBER.fetch_add(1, Ordering::Relaxed) as usize;
        let seat = Arc::<Seat>::default();
        let (board, its, end) =
            (Arc::clone(board), Arc::clone(&seat), LeavingNote(end.clone(), number));
        let started = start(move || {
            its.thread.store(nix::unistd::gettid().as_raw(), Ordering::SeqCst);
            board.work(&its, share);
            drop(end);
        });
        if started.is_err() {
            break;
        }
        seats.push(Watched { seat, number, visits: 0, asleep: Duration::ZERO });
    }
}

/// Waits until all threads have ended or sleep for good: the processes that did not answer.
fn watch<R: Send + 'static>(
    board: &Arc<Board<R>>,
    seats: &mut Vec<Watched>,
    (end, ended): (&Sender<usize>, &Receiver<usize>),
) -> Vec<i32> {
    let mut silent = Vec::new();
    while !seats.is_empty() {
        let number = ended.recv_timeout(LOOK);
        let patience = patience();
        let (mut left, mut longest) = (Vec::new(), Duration::ZERO);
        seats.retain_mut(|one| match number {
            Ok(number) if number == one.number => {
                // In a panic it has handed nothing over.
                left.extend(board.leave(&one.seat, one.seat.visits.load(Ordering::SeqCst)));
                false
            }
            Ok(_) => true,
            Err(_) => {
                one.look();
                let pid = one.seat.at.load(Ordering::SeqCst);
                let is_over = is_over(one.asleep, patience, pid);
                longest = longest.max(if is_over { one.asleep } else { Duration::ZERO });
                let gone = is_over.then(|| board.leave(&one.seat, one.visits));
                left.extend(gone.flatten());
                !matches!(gone, Some(Some(_)))
            }
        });
        if left.is_empty() {
            continue;
        }
        note_left(longest, left.len());
        silent.append(&mut left);
        if !apart::left().is_zero() {
            let more = REPLACEMENTS.min(lock(&board.todo).len());
            seat_more(board, seats, more, 1, end);
        }
    }
    silent
}

/// How long a thread may sleep over one process.
pub(super) fn patience() -> Duration {
    let (first, further) = PATIENCE;
    if LEFT.load(Ordering::SeqCst) == 0 { first } else { further }
}

/// Returns true if a thread has slept long enough over this process.
fn is_over(asleep: Duration, patience: Duration, pid: i32) -> bool {
    asleep >= FOR_BUSY || asleep >= patience && !runs(pid)
}

/// Returns true if a thread of this process runs or could. What is read here comes whatever the process holds.
fn runs(pid: i32) -> bool {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    tasks.take(TASKS).any(|task| {
        let status = fs::read(task.path().join("status")).unwrap_or_default();
        status.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"State:\tR"))
    })
}

/// So many threads have been left behind after this time.
fn note_left(time: Duration, count: usize) {
    LEFT.fetch_add(u32::try_from(count).unwrap_or(u32::MAX), Ordering::SeqCst);
    apart::spend(time);
}

/// Starts a thread that takes no signal: those are the main thread's.
fn start(work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    let before = SigSet::all().thread_swap_mask(SigmaskHow::SIG_SETMASK)?;
    let started = Builder::new().spawn(|| {
        EXPENDABLE.set(true);
        work();
    });
    before.thread_set_mask()?;
    started.map(drop)
}

/// Returns true if a thread of this process sleeps in the kernel, or if that cannot be told. One that the machine has no time
/// for does not, nor does one that a debugger has stopped.
fn is_asleep(thread: i32) -> bool {
    let stat = fs::read(format!("/proc/self/task/{thread}/stat")).unwrap_or_default();
    // Behind the command, which is ours and in parentheses.
    let state = stat.iter().rposition(|byte| *byte == b')').and_then(|at| stat.get(at + 2));
    state.is_none_or(|state| matches!(state, b'S' | b'D'))
}

/// A thread that is asked one thing after the other.
pub(super) struct Helper<Q> {
    ask: Sender<Q>,
    told: Receiver<i32>,
    thread: i32,
}

impl<Q: Send + 'static> Helper<Q> {
    /// Starts it. `None` where there is no thread.
    pub(super) fn start(look: fn(&Q)) -> Option<Self> {
        let (ask, asked) = channel::<Q>();
        let (tell, told) = channel();
        let work = move || {
            let _ = tell.send(nix::unistd::gettid().as_raw());
            for question in asked {
                look(&question);
                if tell.send(0).is_err() {
                    return;
                }
            }
        };
        start(work).ok()?;
        let thread = told.recv().ok()?;
        Some(Self { ask, told, thread })
    }

    /// Returns true if it has looked at something of this process; false if it sleeps over it, and then it is to be left behind.
    pub(super) fn answers(&self, pid: i32, question: Q) -> bool {
        let (patience, mut asleep) = (patience(), Duration::ZERO);
        if self.ask.send(question).is_err() {
            return false;
        }
        loop {
            match self.told.recv_timeout(LOOK) {
                Ok(_) => return true,
                Err(RecvTimeoutError::Disconnected) => return false,
                Err(RecvTimeoutError::Timeout) if is_asleep(self.thread) => asleep += LOOK,
                Err(RecvTimeoutError::Timeout) => asleep = Duration::ZERO,
            }
            if is_over(asleep, patience, pid) {
                note_left(asleep, 1);
                return false;
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sleeps_over(pid: i32) {
        if pid < 0 {
            loop {
                thread::park();
            }
        }
    }

    #[test]
    fn every_process_is_visited_once_and_those_that_sleep_are_left_behind() {
        for sleeping in [0, 1, 3, 40] {
            let _patience = apart::fresh_patience();
            let pids: Vec<i32> = (1..=1000)
                .map(|pid| if pid % 7 == 0 && pid <= 7 * sleeping { -pid } else { pid })
                .collect();
            let visited = visit(&pids, 8, Vec::new, |part: &mut Vec<i32>, pid| {
                sleeps_over(pid);
                part.push(pid);
            });
            let mut seen = visited.parts.concat();
            seen.sort_unstable();
            let awake: Vec<i32> = pids.iter().copied().filter(|pid| *pid > 0).collect();
            assert_eq!(seen, awake);
            assert_eq!(visited.silent.len(), sleeping as usize);
            assert!(visited.missed.is_empty());
        }
    }

    #[test]
    fn a_thread_that_panics_loses_one_process() {
        let _patience = apart::fresh_patience();
        let visited = visit(&[1, 2, 3, 4], 2, Vec::new, |part: &mut Vec<i32>, pid| {
            assert!(pid != 3, "this panic is meant");
            part.push(pid);
        });
        let mut seen = visited.parts.concat();
        seen.sort_unstable();
        assert_eq!((seen, visited.silent), (vec![1, 2, 4], vec![3]));
    }

    #[test]
    fn who_waits_for_a_processor_is_told_from_who_sleeps() {
        assert!(runs(nix::unistd::getpid().as_raw()), "this thread runs");
        let mut child = std::process::Command::new("sleep").arg("100").spawn().unwrap();
        let pid = i32::try_from(child.id()).unwrap();
        while runs(pid) {
            thread::yield_now();
        }
        assert!(is_over(PATIENCE.0, PATIENCE.0, pid));
        child.kill().unwrap();
        child.wait().unwrap();
        let own = nix::unistd::getpid().as_raw();
        assert!(!is_over(PATIENCE.0, PATIENCE.0, own) && is_over(FOR_BUSY, PATIENCE.0, own));
    }
}
