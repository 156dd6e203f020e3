//! A process that does something once and then sits there: the holder of an object, its creator, a
//! waiter. It dies with the value that stands for it.

#![allow(unsafe_code)]

use std::fs;
use std::io;
use std::panic::{self, AssertUnwindSafe};
use std::thread;
use std::time::{Duration, Instant};

use super::{checked, forking};

pub struct Holder {
    pid: libc::pid_t,
}

impl Holder {
    pub fn pid(&self) -> i64 {
        i64::from(self.pid)
    }

    /// Waits until the process sleeps in the kernel, as its state tells: a waiter counts only once it waits. It may sleep
    /// for moments before that, too.
    pub fn wait_until_asleep(&self) {
        for _ in 0..3 {
            self.wait_until('S');
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until its main thread is in this state: S asleep, Z ended.
    pub fn wait_until(&self, wanted: char) {
        let deadline = Instant::now() + Duration::from_secs(120);
        loop {
            let state = state_of(self.pid());
            if state == wanted {
                return;
            }
            assert!(Instant::now() < deadline, "process {} is {state}, not {wanted}", self.pid);
            thread::sleep(Duration::from_millis(1));
        }
    }
}

/// The letter for the state of a process's main thread: `proc_pid_stat(5)`.
pub fn state_of(pid: i64) -> char {
    let stat = fs::read(format!("/proc/{pid}/stat")).unwrap();
    // Its command may be of any bytes.
    let stat = String::from_utf8_lossy(&stat);
    stat.rsplit(") ").next().unwrap().chars().next().unwrap()
}

impl Drop for Holder {
    fn drop(&mut self) {
        // SAFETY: our own child, not yet waited for, so the number is still its own.
        unsafe {
            libc::kill(self.pid, libc::SIGKILL);
            libc::waitpid(self.pid, std::ptr::null_mut(), 0);
        }
    }
}

/// Forks a process that runs `act` and then pauses; returns when `act` is done.
#[track_caller]
pub fn holding(act: impl FnOnce()) -> Holder {
    start(None, act, pause)
}

/// Forks a process of root's that is in this group, too, and pauses.
#[track_caller]
pub fn holding_in_group(gid: u32) -> Holder {
    let join = move || {
        // SAFETY: one group, and the length says one.
        checked("setgroups", unsafe { libc::setgroups(1, &gid) });
    };
    start(None, join, pause)
}

/// Forks a process that runs `act`, says so, and then sleeps in `block` where no signal but SIGKILL reaches it.
#[track_caller]
pub fn sleeping_deeply(act: impl FnOnce(), block: impl FnOnce()) -> Holder {
    let holder = start(None, act, block);
    holder.wait_until('D');
    holder
}

/// Forks a process that runs `act`, says so, and then runs `block`, which should never return.
#[track_caller]
pub fn blocking(act: impl FnOnce(), block: impl FnOnce()) -> Holder {
    let holder = start(None, act, block);
    holder.wait_until_asleep();
    holder
}

/// Forks a process that runs `act` as another user and then pauses.
#[track_caller]
pub fn holding_as(uid: u32, act: impl FnOnce()) -> Holder {
    start(Some(uid), act, pause)
}

/// Forks a process that runs `block` as another user, which never returns.
#[track_caller]
pub fn blocking_as(uid: u32, block: impl FnOnce()) -> Holder {
    start(Some(uid), || (), block)
}

/// Forks a process that runs `act`, and whose main thread then ends while its others go on.
#[track_caller]
pub fn headless(act: impl FnOnce()) -> Holder {
    headless_of(None, act)
}

/// The same as another user.
#[track_caller]
pub fn headless_as(uid: u32, act: impl FnOnce()) -> Holder {
    headless_of(Some(uid), act)
}

#[track_caller]
fn headless_of(uid: Option<u32>, act: impl FnOnce()) -> Holder {
    let end = || {
        // SAFETY: ends the calling thread alone, which does nothing afterwards.
        unsafe { libc::syscall(libc::SYS_exit, 0) };
    };
    let holder = start(uid, act, end);
    holder.wait_until('Z');
    holder
}

/// Forks a process that runs `work`, which never ends by itself.
#[track_caller]
pub fn churning(work: impl FnOnce()) -> Holder {
    start(None, || (), work)
}

/// Forks a process of another user that runs `work`, which never ends by itself.
#[track_caller]
pub fn churning_as(uid: u32, work: impl FnOnce()) -> Holder {
    start(Some(uid), || (), work)
}

/// Runs `act` as another user, in a process that has ended when this returns.
#[track_caller]
pub fn as_user(uid: u32, act: impl FnOnce()) {
    drop(start(Some(uid), act, || ()));
}

/// Runs `act` in a process that has ended when this returns: the creator that is gone. Its pid.
#[track_caller]
pub fn in_passing(act: impl FnOnce()) -> i64 {
    start(None, act, || ()).pid()
}

/// Sits there until it is killed.
pub fn pause() {
    loop {
        // SAFETY: takes nothing; returns only after a signal.
        unsafe { libc::pause() };
    }
}

#[track_caller]
fn start(uid: Option<u32>, act: impl FnOnce(), then: impl FnOnce()) -> Holder {
    let mut ends = [0; 2];
    // SAFETY: room for two descriptors.
    checked("pipe2", unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) });
    let [reader, writer] = ends;
    let pid = forking::alone(|| {
        // SAFETY: the child leaves `alone`, too, so that it can be `undisturbed`, and then runs only `child`.
        let pid = checked("fork", unsafe { libc::fork() });
        if pid != 0 {
            // SAFETY: our copy of the descriptor, closed once, so that a child that dies ends the reads.
            unsafe { libc::close(writer) };
            // It has let go of what it inherited.
            came(reader);
        }
        pid
    });
    if pid == 0 {
        child(uid, writer, act, then);
    }
    let holder = Holder { pid };
    let done = came(reader);
    // SAFETY: opened above, closed once.
    unsafe { libc::close(reader) };
    assert!(done, "the process that should hold something died: see its message above");
    holder
}

/// Waits for a word of the process at the other end of this pipe; `false`: it has ended without one.
fn came(reader: libc::c_int) -> bool {
    let mut word = 0u8;
    // SAFETY: room for the one byte that is asked for.
    unsafe { libc::read(reader, (&raw mut word).cast(), 1) == 1 }
}

#[track_caller]
fn say(writer: libc::c_int) {
    let word = 1u8;
    // SAFETY: one byte, and the length says one.
    checked("write", unsafe { libc::write(writer, (&raw const word).cast(), 1) });
}

/// The same descriptor under the lowest number: what runs in the process gives numbers of its own to others.
fn lowest(writer: libc::c_int) -> libc::c_int {
    // SAFETY: numbers only; the first is closed once, where the copy is another one.
    unsafe {
        let low = checked("fcntl", libc::fcntl(writer, libc::F_DUPFD_CLOEXEC, 3));
        libc::close(if low < writer { writer } else { low });
        low.min(writer)
    }
}

/// What the forked process does; it never returns to the test's code.
fn child(uid: Option<u32>, writer: libc::c_int, act: impl FnOnce(), then: impl FnOnce()) -> ! {
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| {
        keep_only(writer);
        let writer = lowest(writer);
        say(writer);
        // SAFETY: numbers only. The process dies with the test's thread, however that ends.
        checked("prctl", unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) });
        if let Some(uid) = uid {
            become_user(uid);
        }
        act();
        say(writer);
        // SAFETY: our own end of the pipe to the test, closed once.
        unsafe { libc::close(writer) };
        then();
    }));
    // SAFETY: ends the process at once, without the exit handlers that belong to the parent.
    unsafe { libc::_exit(i32::from(outcome.is_err())) }
}

/// Closes every descriptor that was inherited from tests running side by side, but the standard ones
/// and this one: a stray copy would hold their FIFOs and queues.
fn keep_only(descriptor: libc::c_int) {
    // SAFETY: moves our descriptor to 3 and closes all above; nothing in this process uses them.
    unsafe {
        if descriptor != 3 {
            libc::dup2(descriptor, 3);
        }
        libc::syscall(libc::SYS_close_range, 4, libc::c_uint::MAX, 0);
        libc::dup2(3, descriptor);
        if descriptor != 3 {
            libc::close(3);
        }
    }
}

fn become_user(uid: u32) {
    // SAFETY: the null pointer of an empty list, and numbers.
    unsafe {
        assert!(
            libc::setgroups(0, std::ptr::null()) == 0,
            "setgroups: {}",
            io::Error::last_os_error()
        );
        assert!(libc::setresgid(uid, uid, uid) == 0, "setresgid: {}", io::Error::last_os_error());
        assert!(libc::setresuid(uid, uid, uid) == 0, "setresuid: {}", io::Error::last_os_error());
        // A change of user clears the signal asked for above, and hides the process from its own user until an
        // exec.
        libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
        libc::prctl(libc::PR_SET_DUMPABLE, 1);
    }
}
