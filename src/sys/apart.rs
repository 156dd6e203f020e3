//! What may never return: a look into a file system that does not answer. It is done by a child process, which is left
//! behind when it takes too long: `fork(2)`. A thread would not do: nothing ends some of these waits, and a process cannot end
//! before its threads do.

use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::check;
use super::time::pause;

/// So long all looks of a process may take together.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Milliseconds that are used up.
static USED: AtomicU64 = AtomicU64::new(0);

/// So long this run may still wait for what may never return.
pub(super) fn left() -> Duration {
    PATIENCE.saturating_sub(Duration::from_millis(USED.load(Ordering::Relaxed)))
}

/// This run has waited so long for what did not return.
pub(super) fn spend(time: Duration) {
    USED.fetch_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
}

/// The patience is anew, and one test's until it lets go of what this returns.
#[cfg(test)]
pub(super) fn fresh_patience() -> impl Drop {
    static ONE: std::sync::Mutex<()> = std::sync::Mutex::new(());
    struct Turn(#[allow(dead_code)] std::sync::MutexGuard<'static, ()>);
    impl Drop for Turn {
        fn drop(&mut self) {
            USED.store(0, Ordering::Relaxed);
        }
    }
    let turn = Turn(ONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
    USED.store(0, Ordering::Relaxed);
    turn
}

/// Does `look` in a child process. Returns true if it returned before the time was over; then the same look can be made here.
/// What it finds stays in the child. Of the descriptors it has those in `keep` alone, so that nobody waits for the end of a
/// pipe that a child holds which is left behind.
///
/// [`fork(2)`](https://man7.org/linux/man-pages/man2/fork.2.html), [`waitpid(2)`](https://man7.org/linux/man-pages/man2/waitpid.2.html)
#[doc(alias = "fork")]
#[doc(alias = "waitpid")]
pub fn answers(keep: &[BorrowedFd<'_>], look: impl FnOnce()) -> bool {
    let left = left();
    if left.is_zero() {
        return false;
    }
    // SAFETY: the child calls `look`, which looks up names and allocates (the GNU C library and musl keep their allocators
    // usable across fork), and ends by _exit without running anything of the parent's.
    let child = match check(unsafe { libc::fork() }) {
        Err(_) => return false,
        Ok(0) => {
            close_others(keep);
            look();
            // SAFETY: it ends the child and takes no pointer.
            unsafe { libc::_exit(0) }
        }
        Ok(child) => child,
    };
    let begin = Instant::now();
    let mut between = Duration::from_micros(100);
    let answered = loop {
        if has_ended(child) {
            break true;
        }
        if begin.elapsed() >= left {
            break false;
        }
        pause(between);
        between = (between * 2).min(Duration::from_millis(5));
    };
    spend(begin.elapsed());
    if !answered {
        // SAFETY: numbers only; it is our own child, which nobody has waited for.
        unsafe { libc::kill(child, libc::SIGKILL) };
        has_ended(child);
    }
    answered
}

/// Returns true if a child has ended, and then it is gone.
fn has_ended(child: libc::pid_t) -> bool {
    // SAFETY: the status is not asked for.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), libc::WNOHANG) != 0 }
}

/// Closes all descriptors but these.
fn close_others(keep: &[BorrowedFd<'_>]) {
    let mut kept = [0; 4];
    let mut count = 0;
    for fd in keep.iter().map(AsRawFd::as_raw_fd).filter(|fd| *fd >= 0).take(kept.len()) {
        kept[count] = fd.unsigned_abs();
        count += 1;
    }
    kept[..count].sort_unstable();
    let mut first = 0;
    for last in kept[..count].iter().copied().chain([libc::c_uint::MAX]) {
        if first < last {
            let end = if last == libc::c_uint::MAX { last } else { last - 1 };
            // SAFETY: numbers only; this process uses none of these descriptors any more.
            unsafe { libc::syscall(libc::SYS_close_range, first, end, 0) };
        }
        first = last.saturating_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_returns_is_answered_and_what_does_not_is_left_behind() {
        let _patience = fresh_patience();
        assert!(answers(&[], || {}));
        let begin = Instant::now();
        assert!(!answers(&[], || loop {
            pause(Duration::from_secs(3600));
        }));
        // The patience is one for all.
        assert!(!answers(&[], || {}));
        assert!(begin.elapsed() >= Duration::from_millis(1000));
    }
}
