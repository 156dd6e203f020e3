//! Signals that are noted instead of obeyed at once, so that what was begun is put in order first:
//! `sigaction(2)`, `sigprocmask(2)`, `sigwaitinfo(2)`.

use std::io;

use super::{check, signal, zeroed};

/// While it lives, signals that would end the process are noted and interrupt what it waits in. When it is
/// dropped they have the effect that they would have had. Signals that are ignored stay ignored. One may be
/// made while another lives.
pub struct Deferral {
    former: Vec<(libc::c_int, libc::sigaction)>,
}

impl Deferral {
    /// Begins to note.
    ///
    /// # Errors
    /// None that the kernel gives for these signals.
    pub fn new() -> io::Result<Self> {
        let mut deferral = Self { former: Vec::new() };
        for signal in signal::that_end() {
            if let Some(former) = signal::handle_unless_ignored(signal)? {
                deferral.former.push((signal, former));
            }
        }
        Ok(deferral)
    }

    /// Returns true if a signal has come.
    pub fn caught(&self) -> bool {
        self.former.iter().any(|(signal, _)| signal::has_come(*signal))
    }

    fn take(&self) -> Option<libc::c_int> {
        self.former.iter().map(|(signal, _)| *signal).find(|signal| signal::take(*signal))
    }
}

impl Drop for Deferral {
    fn drop(&mut self) {
        for (signal, former) in &self.former {
            // SAFETY: what the kernel gave is given back.
            unsafe { libc::sigaction(*signal, former, std::ptr::null_mut()) };
        }
        while let Some(signal) = self.take() {
            // SAFETY: no pointer is passed.
            unsafe { libc::raise(signal) };
        }
    }
}

/// A signal that was waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Which.
    pub signal: libc::c_int,
    /// The kernel sent it, as it does to a whole group of processes when somebody types Ctrl-C: the others of
    /// the group have it already.
    pub to_all: bool,
}

/// Makes sure that children can be waited for. Whoever started us may ignore SIGCHLD, and then the kernel
/// forgets a child when it ends.
///
/// # Errors
/// None that the kernel gives for this signal.
///
/// [`sigaction(2)`](https://man7.org/linux/man-pages/man2/sigaction.2.html)
#[doc(alias = "sigaction")]
pub fn expect_children() -> io::Result<()> {
    // SAFETY: struct sigaction is a C structure of integers, a null handler is SIG_DFL.
    let standard: libc::sigaction = unsafe { zeroed() };
    // SAFETY: the structure outlives the call.
    check(unsafe { libc::sigaction(libc::SIGCHLD, &raw const standard, std::ptr::null_mut()) })
        .map(drop)
}

/// The signals of a [`Deferral`] and SIGCHLD, waited for one by one instead of interrupting anything. They are
/// blocked meanwhile, and whoever is started inherits that: begin to watch after starting.
pub struct Watch {
    deferral: Deferral,
    awaited: libc::sigset_t,
    former: libc::sigset_t,
}

impl Watch {
    /// Begins to watch. From here on no signal interrupts a call.
    ///
    /// # Errors
    /// None that the kernel gives for these arguments.
    ///
    /// [`sigprocmask(2)`](https://man7.org/linux/man-pages/man2/sigprocmask.2.html)
    #[doc(alias = "sigprocmask")]
    pub fn new(deferral: Deferral) -> io::Result<Self> {
        // SAFETY: a signal set is a C structure of integers.
        let (mut awaited, mut former): (libc::sigset_t, libc::sigset_t) =
            unsafe { (zeroed(), zeroed()) };
        for signal in deferral.former.iter().map(|(signal, _)| *signal).chain([libc::SIGCHLD]) {
            // SAFETY: the set outlives the call.
            check(unsafe { libc::sigaddset(&raw mut awaited, signal) })?;
        }
        // SAFETY: both sets outlive the call. What other threads there are take no signal: see `workers`.
        check(unsafe { libc::sigprocmask(libc::SIG_BLOCK, &raw const awaited, &raw mut former) })?;
        Ok(Self { deferral, awaited, former })
    }

    /// The next signal: those that came before the watch began are first.
    ///
    /// # Errors
    /// None but EINTR, which is waited out.
    ///
    /// [`sigwaitinfo(2)`](https://man7.org/linux/man-pages/man2/sigwaitinfo.2.html)
    #[doc(alias = "sigwaitinfo")]
    pub fn next(&self) -> io::Result<Arrival> {
        if let Some(signal) = self.deferral.take() {
            return Ok(Arrival { signal, to_all: false });
        }
        loop {
            // SAFETY: siginfo_t is a C structure of integers and pointers that nobody follows.
            let mut info: libc::siginfo_t = unsafe { zeroed() };
            // SAFETY: the set is initialised, `info` is what the call fills.
            match check(unsafe { libc::sigwaitinfo(&raw const self.awaited, &raw mut info) }) {
                Ok(signal) => {
                    return Ok(Arrival { signal, to_all: info.si_code == libc::SI_KERNEL });
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // SAFETY: what the kernel gave is given back.
        unsafe {
            libc::sigprocmask(libc::SIG_SETMASK, &raw const self.former, std::ptr::null_mut())
        };
    }
}

/// `kill(2)`, for a child that has not been waited for: its number is still its own.
///
/// # Errors
/// EPERM when it runs as somebody else by now, ESRCH when it has ended.
///
/// [`kill(2)`](https://man7.org/linux/man-pages/man2/kill.2.html)
#[doc(alias = "kill")]
pub fn send(pid: u32, signal: libc::c_int) -> io::Result<()> {
    let pid = i32::try_from(pid).map_err(|_| io::Error::from_raw_os_error(libc::ESRCH))?;
    // SAFETY: no pointer is passed.
    check(unsafe { libc::kill(pid, signal) }).map(drop)
}

/// `killpg(3)`, for the group that such a child leads.
///
/// # Errors
/// As [`send`].
///
/// [`killpg(3)`](https://man7.org/linux/man-pages/man3/killpg.3.html)
#[doc(alias = "killpg")]
pub fn send_to_group(leader: u32, signal: libc::c_int) -> io::Result<()> {
    let group = i32::try_from(leader).map_err(|_| io::Error::from_raw_os_error(libc::ESRCH))?;
    // SAFETY: no pointer is passed.
    check(unsafe { libc::killpg(group, signal) }).map(drop)
}
