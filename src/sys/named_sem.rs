//! POSIX named semaphores: `sem_open(3)`, and the layout of the file behind one.

use std::ffi::CStr;
use std::io;

use super::check;

/// Bytes of the file behind a semaphore of the C library: `sizeof(sem_t)`.
pub const SIZE: usize = std::mem::size_of::<libc::sem_t>();
/// The highest value a semaphore can have: `SEM_VALUE_MAX`.
pub const MAX_VALUE: u32 = i32::MAX.unsigned_abs();

/// Makes a semaphore that did not exist. The umask applies to `mode`.
///
/// # Errors
/// EEXIST, EACCES, EINVAL (value), ENAMETOOLONG, ENOSPC.
pub fn create(name: &CStr, mode: u32, value: u32) -> io::Result<()> {
    // SAFETY: the name ends in NUL; the variadic arguments are those that O_CREAT asks for.
    let semaphore = unsafe {
        libc::sem_open(
            name.as_ptr(),
            libc::O_CREAT | libc::O_EXCL,
            mode as libc::c_uint,
            value as libc::c_uint,
        )
    };
    if semaphore == libc::SEM_FAILED {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: sem_open has just returned it, and nothing uses it afterwards.
    unsafe { libc::sem_close(semaphore) };
    Ok(())
}

/// An open semaphore, closed when dropped.
pub struct Semaphore(*mut libc::sem_t);

impl Semaphore {
    /// Opens an existing semaphore. The C library maps its file: check type and size first.
    ///
    /// # Errors
    /// ENOENT, EACCES without read and write permission.
    pub fn open(name: &CStr) -> io::Result<Self> {
        // SAFETY: the name ends in NUL; without O_CREAT there are no further arguments.
        let semaphore = unsafe { libc::sem_open(name.as_ptr(), 0) };
        if semaphore == libc::SEM_FAILED {
            Err(io::Error::last_os_error())
        } else {
            Ok(Self(semaphore))
        }
    }

    /// `sem_getvalue(3)`.
    ///
    /// # Errors
    /// None from the C library.
    pub fn value(&self) -> io::Result<u32> {
        let mut value = 0;
        // SAFETY: the semaphore is open until drop, and `value` outlives the call.
        check(unsafe { libc::sem_getvalue(self.0, &raw mut value) })?;
        Ok(value.unsigned_abs())
    }

    /// `sem_post(3)`.
    ///
    /// # Errors
    /// EOVERFLOW above [`MAX_VALUE`].
    pub fn post(&self) -> io::Result<()> {
        // SAFETY: the semaphore is open until drop.
        check(unsafe { libc::sem_post(self.0) }).map(drop)
    }

    /// `sem_trywait(3)`.
    ///
    /// # Errors
    /// EAGAIN when the value is 0.
    pub fn try_wait(&self) -> io::Result<()> {
        // SAFETY: the semaphore is open until drop.
        check(unsafe { libc::sem_trywait(self.0) }).map(drop)
    }
}

impl Drop for Semaphore {
    fn drop(&mut self) {
        // SAFETY: it came from sem_open and is closed once.
        unsafe { libc::sem_close(self.0) };
    }
}

/// Value and number of waiters, as the GNU C library keeps them in the file's first words; `None` when the
/// bytes cannot be a semaphore of its.
#[cfg(target_pointer_width = "64")]
pub fn parse(bytes: &[u8; SIZE]) -> Option<(u32, u32)> {
    let word = |at: usize| {
        let mut word = [0; 4];
        word.copy_from_slice(&bytes[at..at + 4]);
        u32::from_ne_bytes(word)
    };
    // One 64-bit word: the value in its low half, the waiters in its high half; then FUTEX_SHARED's flag.
    let (low, high) =
        if cfg!(target_endian = "little") { (word(0), word(4)) } else { (word(4), word(0)) };
    let shared = word(8);
    (low <= MAX_VALUE && high <= MAX_VALUE && matches!(shared, 0 | 0x80)).then_some((low, high))
}

/// On 32-bit machines the value stands above a bit that says whether somebody waits.
#[cfg(target_pointer_width = "32")]
pub fn parse(bytes: &[u8; SIZE]) -> Option<(u32, u32)> {
    let word = |at: usize| {
        let mut word = [0; 4];
        word.copy_from_slice(&bytes[at..at + 4]);
        u32::from_ne_bytes(word)
    };
    let (value, waiters) = (word(0) >> 1, word(8));
    (waiters <= MAX_VALUE && matches!(word(4), 0 | 0x80)).then_some((value, waiters))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_semaphore_with_three_waiters_reads_as_such() {
        let mut bytes = [0; SIZE];
        bytes[4] = 3;
        bytes[8] = 0x80;
        assert_eq!(parse(&bytes), Some((0, 3)));
    }

    #[test]
    fn junk_is_not_a_semaphore() {
        assert_eq!(parse(&[0x6b; SIZE]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_plausible_semaphore_or_none(bytes: [u8; SIZE]) {
            if let Some((value, waiters)) = parse(&bytes) {
                prop_assert!(value <= MAX_VALUE && waiters <= MAX_VALUE);
            }
        }
    }
}
