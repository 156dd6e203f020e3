//! Signals that are noted when they come, and the timer that makes sure that they end a wait: `sigaction(2)`,
//! `timer_create(2)`. Who wants to put things in order and then end as the signal would have it: `deferral`.
//!
//! A signal that comes between a look at what has come and the blocking call would not interrupt that call. So
//! every signal that is caught here starts a timer that interrupts the process again and again until somebody
//! has looked; a deadline is the same timer, started for later. That closes the race for every call that
//! blocks, with or without a timeout of its own. At other times the timer interrupts twice a second, so that who
//! waits can look around. It is relative and monotonic: steps of the clock change nothing.
//!
//! Signals belong to the process, so this is the one place with global state. Nothing here runs but in programs
//! whose other threads take no signal (`workers`).

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::{check, timespec, zeroed};

/// One flag a signal: it has come, and nobody has taken note of it for good.
static CAME: [AtomicBool; 65] = [const { AtomicBool::new(false) }; 65];
/// The first signal that asked the program to end, and the last one; zero before.
static FIRST: AtomicI32 = AtomicI32::new(0);
static LATEST: AtomicI32 = AtomicI32::new(0);
/// So many signals asked the program to end.
static ENDINGS: AtomicU32 = AtomicU32::new(0);
/// The timer, once there is one.
static TIMER: AtomicPtr<libc::c_void> = AtomicPtr::new(ptr::null_mut());
static HAS_TIMER: AtomicBool = AtomicBool::new(false);
/// The timer runs as [`LOOK`] says, and not as a deadline or signal does.
static LOOKING: AtomicBool = AtomicBool::new(false);

/// From one interruption to the next when something has come or the time is over.
const TICK: Duration = Duration::from_millis(10);

/// So often, at least, a call that blocks is interrupted.
pub const LOOK: Duration = Duration::from_millis(500);

/// The signals that end a process unless it does something about them, and that somebody may send: those by
/// which the machine reports a fault of the program itself are not among them, nor are SIGPIPE and SIGXFSZ, which
/// are errors of a write (see `start`).
pub(super) fn that_end() -> impl Iterator<Item = libc::c_int> {
    const NAMED: [libc::c_int; 13] = [
        libc::SIGHUP,
        libc::SIGINT,
        libc::SIGQUIT,
        libc::SIGTERM,
        libc::SIGUSR1,
        libc::SIGUSR2,
        libc::SIGALRM,
        libc::SIGSTKFLT,
        libc::SIGXCPU,
        libc::SIGVTALRM,
        libc::SIGPROF,
        libc::SIGIO,
        libc::SIGPWR,
    ];
    NAMED.into_iter().chain(libc::SIGRTMIN()..=libc::SIGRTMAX())
}

/// The signal of the timer. Unlike SIGALRM it is queued: one that somebody sends is not lost in one of the timer's.
/// Under qemu-user there are no timers with the two last ones.
fn of_timer() -> libc::c_int {
    libc::SIGRTMAX() - 2
}

fn flag(signal: libc::c_int) -> Option<&'static AtomicBool> {
    usize::try_from(signal).ok().and_then(|signal| CAME.get(signal))
}

/// Returns true if this signal has come.
pub(super) fn has_come(signal: libc::c_int) -> bool {
    flag(signal).is_some_and(|flag| flag.load(Ordering::SeqCst))
}

/// Returns true if this signal has come since this was last asked.
pub(super) fn take(signal: libc::c_int) -> bool {
    flag(signal).is_some_and(|flag| flag.swap(false, Ordering::SeqCst))
}

extern "C" fn note(signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    // SAFETY: errno belongs to the interrupted code, which must find it as it was.
    let errno = unsafe { *libc::__errno_location() };
    // SAFETY: with SA_SIGINFO the kernel hands over a valid structure.
    let code = unsafe { (*info).si_code };
    // The timer only interrupts.
    if code != libc::SI_TIMER {
        if let Some(flag) = flag(signal) {
            flag.store(true, Ordering::SeqCst);
        }
        // All signals but that one that are noted here ask for the end.
        if signal != libc::SIGCHLD {
            let _ = FIRST.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst);
            LATEST.store(signal, Ordering::SeqCst);
            ENDINGS.fetch_add(1, Ordering::SeqCst);
        }
        // timer_settime(2) is async-signal-safe. A failure leaves the interruption that is happening now.
        let _ = arm(TICK, TICK);
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

/// Starts the timer: its first interruption from now, and the time from one to the next.
fn arm(first: Duration, next: Duration) -> io::Result<()> {
    if !HAS_TIMER.load(Ordering::SeqCst) {
        return Ok(());
    }
    LOOKING.store(next == LOOK, Ordering::SeqCst);
    // Zero would stop the timer.
    let first = first.max(Duration::from_nanos(1));
    let value = libc::itimerspec { it_interval: timespec(next), it_value: timespec(first) };
    let timer = TIMER.load(Ordering::SeqCst);
    // SAFETY: the timer was made by `catch` and is never deleted; `value` outlives the call.
    check(unsafe { libc::timer_settime(timer, 0, &raw const value, ptr::null_mut()) }).map(drop)
}

/// From now on this signal is noted and interrupts what blocks.
fn handle(signal: libc::c_int) -> io::Result<()> {
    // SAFETY: sigaction is a C structure of integers, pointers and a set of signals; zero is SIG_DFL.
    let mut action: libc::sigaction = unsafe { zeroed() };
    // Without SA_RESTART: what blocks is to be interrupted.
    action.sa_sigaction =
        note as extern "C" fn(libc::c_int, *mut libc::siginfo_t, *mut libc::c_void)
            as libc::sighandler_t;
    action.sa_flags = libc::SA_SIGINFO;
    // SAFETY: the handler touches atomics and calls async-signal-safe functions alone.
    check(unsafe { libc::sigaction(signal, &raw const action, ptr::null_mut()) }).map(drop)
}

/// As [`handle`], and how it was handled before. `None`: it is ignored, and that stays. A shell starts jobs in the
/// background with SIGINT ignored, and nohup does so with SIGHUP.
pub(super) fn handle_unless_ignored(signal: libc::c_int) -> io::Result<Option<libc::sigaction>> {
    // SAFETY: as in `handle`.
    let mut before: libc::sigaction = unsafe { zeroed() };
    // SAFETY: `before` is what the call fills.
    check(unsafe { libc::sigaction(signal, ptr::null(), &raw mut before) })?;
    if before.sa_sigaction == libc::SIG_IGN {
        return Ok(None);
    }
    handle(signal).map(|()| Some(before))
}

fn unblock(signals: &[libc::c_int]) -> io::Result<()> {
    // SAFETY: sigset_t is a C structure of integers, and sigemptyset fills it anyway.
    let mut set: libc::sigset_t = unsafe { zeroed() };
    // SAFETY: `set` is valid for the calls.
    unsafe {
        libc::sigemptyset(&raw mut set);
        for signal in signals {
            libc::sigaddset(&raw mut set, *signal);
        }
        check(libc::sigprocmask(libc::SIG_UNBLOCK, &raw const set, ptr::null_mut())).map(drop)
    }
}

/// From now on every signal that would end the program interrupts what blocks and is remembered, unless it is ignored.
///
/// # Errors
/// EAGAIN: no timer can be had (RLIMIT_SIGPENDING).
///
/// [`timer_create(2)`](https://man7.org/linux/man-pages/man2/timer_create.2.html)
#[doc(alias = "timer_create")]
pub fn catch() -> io::Result<()> {
    if HAS_TIMER.load(Ordering::SeqCst) {
        return Ok(());
    }
    handle(of_timer())?;
    // SAFETY: sigevent is a C structure of integers and pointers.
    let mut event: libc::sigevent = unsafe { zeroed() };
    event.sigev_notify = libc::SIGEV_SIGNAL;
    event.sigev_signo = of_timer();
    let mut timer: libc::timer_t = ptr::null_mut();
    // SAFETY: both structures are valid for the call, and the timer lives as long as the process.
    check(unsafe { libc::timer_create(libc::CLOCK_MONOTONIC, &raw mut event, &raw mut timer) })?;
    TIMER.store(timer, Ordering::SeqCst);
    HAS_TIMER.store(true, Ordering::SeqCst);
    unblock(&[of_timer()])?;
    that_end().try_for_each(|signal| handle_unless_ignored(signal).map(drop))
}

/// From now on the end of a child interrupts what blocks.
///
/// # Errors
/// None that a valid signal could cause.
pub fn catch_children() -> io::Result<()> {
    handle(libc::SIGCHLD)?;
    unblock(&[libc::SIGCHLD])
}

/// The first signal that asked the program to end, if one did.
pub fn ending() -> Option<i32> {
    Some(FIRST.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
}

/// The last of the signals that asked the program to end.
pub fn latest() -> Option<i32> {
    Some(LATEST.load(Ordering::SeqCst)).filter(|signal| *signal != 0)
}

/// How many signals asked the program to end.
pub fn endings() -> u32 {
    ENDINGS.load(Ordering::SeqCst)
}

/// Returns true if a child has ended since this was last asked.
pub fn child_ended() -> bool {
    take(libc::SIGCHLD)
}

/// Returns true if there is anything to look at before blocking.
fn is_quiet() -> bool {
    endings() == 0 && !has_come(libc::SIGCHLD)
}

/// To be called right before a call that blocks: that call is interrupted soon after `until`, after [`LOOK`], and
/// when a signal comes in between. `false`: something has come already, so do not block.
///
/// # Errors
/// None that a valid timer could cause.
pub fn before_blocking(until: Option<Instant>) -> io::Result<bool> {
    let left = until.map_or(LOOK, |until| until.saturating_duration_since(Instant::now()));
    if left < LOOK {
        arm(left, TICK)?;
    } else if !LOOKING.load(Ordering::SeqCst) {
        arm(LOOK, LOOK)?;
    }
    // Looked at after the timer was set: a signal that comes later sets it anew.
    Ok(is_quiet())
}
