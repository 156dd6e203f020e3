//! What has to hold before the first line of a program: `signal(7)`, `stdin(3)`.

use std::ffi::{CStr, OsStr, OsString, c_char, c_int};
use std::os::unix::ffi::OsStrExt;

extern "C" fn pass_over(_: c_int) {}

/// Makes a closed pipe and a file that may grow no further (RLIMIT_FSIZE) an error of `write(2)` instead of the end of the
/// process, and opens `/dev/null` in the place
/// of standard descriptors that are closed: whatever was opened first would get their numbers, and what is
/// printed would go there. It is opened the wrong way round, so that to use one is the error that it would be.
///
/// [`signal(2)`](https://man7.org/linux/man-pages/man2/signal.2.html), [`fcntl(2)`](https://man7.org/linux/man-pages/man2/fcntl.2.html), [`open(2)`](https://man7.org/linux/man-pages/man2/open.2.html)
#[doc(alias = "signal")]
#[doc(alias = "fcntl")]
#[doc(alias = "open")]
pub fn prepare() {
    // SAFETY: ignoring a signal installs no handler.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    let handler = pass_over as extern "C" fn(c_int) as libc::sighandler_t;
    // Handled and not ignored: the commands that this program starts or becomes have the default again.
    // SAFETY: the handler does nothing.
    if unsafe { libc::signal(libc::SIGXFSZ, handler) } == libc::SIG_IGN {
        // SAFETY: as above; commands of somebody who ignores it are to ignore it.
        unsafe { libc::signal(libc::SIGXFSZ, libc::SIG_IGN) };
    }
    for fd in 0..=2 {
        // SAFETY: no pointer is passed.
        if unsafe { libc::fcntl(fd, libc::F_GETFD) } == -1 {
            let flags = if fd == 0 { libc::O_WRONLY } else { libc::O_RDONLY };
            // SAFETY: the path ends in NUL. The lowest free number is `fd`, for those below it are open.
            unsafe { libc::open(c"/dev/null".as_ptr(), flags) };
        }
    }
}

/// The words that the program was called with. `std::env::args` has them before Rust's own `main` with the GNU C library
/// alone: with musl it has none.
///
/// # Safety
/// `values` must point to `count` strings that end in NUL, as those that the C library gives to `main` do.
pub unsafe fn arguments(count: c_int, values: *const *const c_char) -> Vec<OsString> {
    (0..usize::try_from(count).unwrap_or(0))
        .map(|index| {
            // SAFETY: the index is below the count, and the pointer is to a string that ends in NUL.
            let value = unsafe { CStr::from_ptr(*values.add(index)) };
            OsStr::from_bytes(value.to_bytes()).to_owned()
        })
        .collect()
}

/// `pow(3)`. The line of `--progress` takes a power for its rate, and nothing else here takes one: without this the
/// C library's `libm` is loaded and prepared at each start of the program, a tenth of a short run.
// SAFETY: the name is that of the function of the C library, which this is in every respect.
#[unsafe(no_mangle)]
extern "C" fn pow(base: f64, exponent: f64) -> f64 {
    libm::pow(base, exponent)
}

/// `getrandom(2)`, as the standard library calls it for the keys of its hash tables, which it cannot do without: it ends the
/// program where the kernel refuses. This one takes the bytes then that the kernel gave to the process when it was started
/// (AT_RANDOM of `getauxval(3)`). Nothing here needs numbers that nobody can guess.
///
/// [`getrandom(2)`](https://man7.org/linux/man-pages/man2/getrandom.2.html), [`getauxval(3)`](https://man7.org/linux/man-pages/man3/getauxval.3.html)
// SAFETY: the name is that of the function of the C library, which this is but for the refusal.
#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(
    buffer: *mut libc::c_void,
    length: libc::size_t,
    flags: libc::c_uint,
) -> libc::ssize_t {
    /// Bytes behind AT_RANDOM.
    const GIVEN: usize = 16;
    // SAFETY: the caller gives `length` bytes at `buffer`, which outlive the call.
    let filled = unsafe { libc::syscall(libc::SYS_getrandom, buffer, length, flags) };
    if filled >= 0 {
        return filled as libc::ssize_t;
    }
    // SAFETY: no pointer is passed.
    let given = unsafe { libc::getauxval(libc::AT_RANDOM) } as *const u8;
    let count = length.min(GIVEN);
    if !given.is_null() {
        // SAFETY: the kernel puts 16 bytes there before the program begins, nobody changes them, and `buffer` has `count`.
        unsafe { std::ptr::copy_nonoverlapping(given, buffer.cast(), count) };
    }
    count as libc::ssize_t
}
