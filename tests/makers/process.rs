//! Processes in all sorts of states.

#![allow(unsafe_code)]

use std::mem;

use super::holder::{self, Holder};
use super::{checked, forking};

/// A process that has stopped itself, and lives as long as the test. Its number.
pub fn stopped() -> i64 {
    let holder = holder::churning(stop_oneself);
    holder.wait_until('T');
    let pid = holder.pid();
    // It dies with the thread of the test, which has started it.
    mem::forget(holder);
    pid
}

/// Stops the calling process.
pub fn stop_oneself() {
    loop {
        // SAFETY: takes a number.
        unsafe { libc::raise(libc::SIGSTOP) };
    }
}

/// A process that has ended, and that nobody collects before this value is dropped.
pub fn zombie() -> Holder {
    let holder = holder::churning(|| ());
    holder.wait_until('Z');
    holder
}

/// Sets what the calling process makes of a signal.
pub fn on_signal(signal: libc::c_int, action: libc::sighandler_t) {
    // SAFETY: SIG_IGN, SIG_DFL, or a function that does nothing.
    assert!(unsafe { libc::signal(signal, action) } != libc::SIG_ERR);
}

/// A handler that does nothing.
pub extern "C" fn nothing(_: libc::c_int) {}

/// Blocks a signal in the calling thread.
pub fn block(signal: libc::c_int) {
    // SAFETY: a set of our own, filled by the calls that are for it.
    unsafe {
        let mut set: libc::sigset_t = mem::zeroed();
        checked("sigemptyset", libc::sigemptyset(&mut set));
        checked("sigaddset", libc::sigaddset(&mut set, signal));
        assert_eq!(libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut()), 0);
    }
}

/// Takes a signal that is blocked, if it is pending.
pub fn take(signal: libc::c_int) {
    // SAFETY: a set of our own, filled by the calls that are for it, and no time to wait.
    unsafe {
        let mut set: libc::sigset_t = mem::zeroed();
        checked("sigaddset", libc::sigaddset(&mut set, signal));
        let now: libc::timespec = mem::zeroed();
        libc::sigtimedwait(&set, std::ptr::null_mut(), &now);
    }
}

/// Sends a signal to a process.
pub fn signal(pid: i64, signal: libc::c_int) {
    let pid = libc::pid_t::try_from(pid).unwrap();
    // SAFETY: numbers only.
    checked("kill", unsafe { libc::kill(pid, signal) });
}

/// Something of everything that a process can have open: eventfd with 5, timerfd, epoll that watches the eventfd,
/// inotify, signalfd for SIGUSR1, pidfd of itself, and a terminal. They stay open.
pub fn open_of_everything() {
    // SAFETY: each call gets what its manual page asks for, and the results are checked.
    unsafe {
        let event = checked("eventfd", libc::eventfd(5, 0));
        let timer = checked("timerfd_create", libc::timerfd_create(libc::CLOCK_MONOTONIC, 0));
        let mut time: libc::itimerspec = mem::zeroed();
        (time.it_value.tv_sec, time.it_interval.tv_sec) = (1000, 7);
        checked("timerfd_settime", libc::timerfd_settime(timer, 0, &time, std::ptr::null_mut()));
        let epoll = checked("epoll_create1", libc::epoll_create1(0));
        let mut events = libc::epoll_event { events: 1, u64: 0 };
        checked("epoll_ctl", libc::epoll_ctl(epoll, libc::EPOLL_CTL_ADD, event, &mut events));
        let inotify = checked("inotify_init1", libc::inotify_init1(0));
        checked("inotify_add_watch", libc::inotify_add_watch(inotify, c"/tmp".as_ptr(), 1));
        let mut set: libc::sigset_t = mem::zeroed();
        libc::sigaddset(&mut set, libc::SIGUSR1);
        checked("signalfd", libc::signalfd(-1, &set, 0));
        checked("pidfd_open", libc::syscall(libc::SYS_pidfd_open, libc::getpid(), 0));
        let master = checked("posix_openpt", libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY));
        assert!(master >= 0);
    }
}

/// A pipe whose ends the calling process has, under these numbers.
pub fn pipe_at(reader: libc::c_int, writer: libc::c_int) {
    let mut ends = [0; 2];
    // SAFETY: room for two descriptors; numbers that nothing else uses here.
    unsafe {
        checked("pipe2", libc::pipe2(ends.as_mut_ptr(), 0));
        checked("dup2", libc::dup2(ends[0], reader));
        checked("dup2", libc::dup2(ends[1], writer));
        libc::close(ends[0]);
        libc::close(ends[1]);
    }
}

/// Closes a descriptor of the calling process.
pub fn close(number: libc::c_int) {
    // SAFETY: a descriptor that the caller has made and uses no more.
    checked("close", unsafe { libc::close(number) });
}

/// Forks a child of the calling process that has the same descriptors, closes this one, and reads from the other.
pub fn child_that_reads(reader: libc::c_int, writer: libc::c_int) {
    let pid = forking::alone(|| {
        // SAFETY: the child makes system calls alone.
        checked("fork", unsafe { libc::fork() })
    });
    if pid == 0 {
        let mut byte = 0u8;
        // SAFETY: room for one byte. It dies with its parent.
        unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            libc::close(writer);
            loop {
                libc::read(reader, (&raw mut byte).cast(), 1);
            }
        }
    }
}
