//! A mapping of a file that others may cut short at any time. To touch a page beyond the end of a file raises
//! SIGBUS, which would end the process: here the lost page becomes an empty one of our own, and the mapping
//! says that it is lost. `mmap(2)`, `sigaction(2)`.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::{check, zeroed};

/// Where the one mapping is, for the handler; 0 for none.
static START: AtomicUsize = AtomicUsize::new(0);
/// Its length in bytes: one page.
static LENGTH: AtomicUsize = AtomicUsize::new(0);
/// Its page has been replaced.
static LOST: AtomicBool = AtomicBool::new(false);

/// A page of a file, shared with all who use it, readable and writable. There is one at a time.
pub struct FilePage {
    start: NonNull<u8>,
    former: libc::sigaction,
}

extern "C" fn replace(_signal: libc::c_int, info: *mut libc::siginfo_t, _: *mut libc::c_void) {
    let (start, length) = (START.load(Ordering::SeqCst), LENGTH.load(Ordering::SeqCst));
    // SAFETY: the kernel passes a valid siginfo_t, and for SIGBUS it has an address.
    let address = unsafe { (*info).si_addr() } as usize;
    if start != 0 && (start..start + length).contains(&address) {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED;
        // SAFETY: a system call that is safe in a handler, on the page that the one mapping owns.
        if unsafe { map(start as *mut _, length, flags, (-1, 0)) }.is_ok() {
            LOST.store(true, Ordering::SeqCst);
            return;
        }
    }
    // Somebody else's fault: it happens again when the handler returns, and ends the process as it should.
    // SAFETY: signal(2) is safe in a handler.
    unsafe { libc::signal(libc::SIGBUS, libc::SIG_DFL) };
}

/// # Safety
/// With MAP_FIXED the `length` bytes at `place` must be the caller's to replace.
unsafe fn map(
    place: *mut libc::c_void,
    length: usize,
    flags: libc::c_int,
    (file, offset): (libc::c_int, libc::off_t),
) -> io::Result<NonNull<u8>> {
    let access = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: the caller's promise; without MAP_FIXED the kernel chooses a free place.
    let address = unsafe { libc::mmap(place, length, access, flags, file, offset) };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    NonNull::new(address.cast()).ok_or_else(|| io::Error::from_raw_os_error(libc::EFAULT))
}

impl FilePage {
    /// Maps the page of a file that has this offset in bytes, and tells where in the page that is. The file is open for reading
    /// and writing.
    ///
    /// # Errors
    /// EBUSY while another one lives, EACCES, ENOMEM.
    ///
    /// [`sysconf(3)`](https://man7.org/linux/man-pages/man3/sysconf.3.html), [`sigaction(2)`](https://man7.org/linux/man-pages/man2/sigaction.2.html), [`munmap(2)`](https://man7.org/linux/man-pages/man2/munmap.2.html)
    #[doc(alias = "sysconf")]
    #[doc(alias = "sigaction")]
    #[doc(alias = "munmap")]
    pub fn new(file: BorrowedFd<'_>, offset: u64) -> io::Result<(Self, usize)> {
        // SAFETY: no pointer is passed.
        let page = check(unsafe { libc::sysconf(libc::_SC_PAGESIZE) })?;
        let length =
            usize::try_from(page).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
        let invalid = |_| io::Error::from_raw_os_error(libc::EINVAL);
        let begin = usize::try_from(offset % length as u64).map_err(invalid)?;
        let at = libc::off_t::try_from(offset - begin as u64).map_err(invalid)?;
        // SAFETY: no MAP_FIXED.
        let start =
            unsafe { map(std::ptr::null_mut(), length, libc::MAP_SHARED, (file.as_raw_fd(), at)) }?;
        let claimed = claim(start, length);
        // SAFETY: struct sigaction is a C structure of integers.
        let (mut handling, mut former): (libc::sigaction, libc::sigaction) =
            unsafe { (zeroed(), zeroed()) };
        handling.sa_sigaction = replace as *const () as usize;
        handling.sa_flags = libc::SA_SIGINFO;
        let handled = claimed.and_then(|()| {
            // SAFETY: `replace` does what a handler may; both structures outlive the call.
            check(unsafe { libc::sigaction(libc::SIGBUS, &raw const handling, &raw mut former) })
        });
        if let Err(error) = handled {
            // SAFETY: mapped above, and nothing has seen it yet.
            unsafe { libc::munmap(start.as_ptr().cast(), length) };
            return Err(error);
        }
        // A blocked SIGBUS would end the process without asking the handler.
        unblock();
        Ok((Self { start, former }, begin))
    }

    /// Its length in bytes.
    pub fn length(&self) -> usize {
        LENGTH.load(Ordering::SeqCst)
    }

    /// Where it is.
    pub fn start(&self) -> NonNull<u8> {
        self.start
    }

    /// Returns true if the file was truncated, so that what is read and written here is no longer what others see.
    pub fn is_lost(&self) -> bool {
        LOST.load(Ordering::SeqCst)
    }
}

/// Makes it the one mapping.
fn claim(start: NonNull<u8>, length: usize) -> io::Result<()> {
    let address = start.as_ptr() as usize;
    START
        .compare_exchange(0, address, Ordering::SeqCst, Ordering::SeqCst)
        .map_err(|_| io::Error::from_raw_os_error(libc::EBUSY))?;
    LENGTH.store(length, Ordering::SeqCst);
    LOST.store(false, Ordering::SeqCst);
    Ok(())
}

fn unblock() {
    // SAFETY: a signal set is a C structure of integers, filled by sigaddset, and outlives the calls.
    unsafe {
        let mut bus: libc::sigset_t = zeroed();
        libc::sigaddset(&raw mut bus, libc::SIGBUS);
        libc::sigprocmask(libc::SIG_UNBLOCK, &raw const bus, std::ptr::null_mut());
    }
}

impl Drop for FilePage {
    fn drop(&mut self) {
        let length = LENGTH.load(Ordering::SeqCst);
        // SAFETY: the mapping ends with its owner, and the former handler is given back; nothing else has
        // pointers into it, for they are borrowed from the owner.
        unsafe {
            libc::munmap(self.start.as_ptr().cast(), length);
            libc::sigaction(libc::SIGBUS, &raw const self.former, std::ptr::null_mut());
        }
        START.store(0, Ordering::SeqCst);
    }
}
