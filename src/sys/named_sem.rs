//! POSIX named semaphores: `sem_open(3)`, the layout of the file behind one, and operations on it: `futex(2)`.

use std::ffi::CStr;
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::mapping::FilePage;
use super::{check, timespec};

/// Bytes of the file behind a semaphore of the C library: `sizeof(sem_t)`.
pub const SIZE: usize = std::mem::size_of::<libc::sem_t>();
/// Bytes of the file behind one that a program of 32 bits has made.
pub const SIZE_32: usize = 16;
/// What the C library puts before the name of a semaphore's file.
pub const PREFIX: &[u8] = b"sem.";
/// The highest value a semaphore can have: `SEM_VALUE_MAX`.
pub const MAX_VALUE: u32 = i32::MAX.unsigned_abs();

/// Returns true if a regular file of this name and length is a semaphore.
pub fn is_shaped(name: &[u8], size: u64) -> bool {
    name.len() > PREFIX.len()
        && name.starts_with(PREFIX)
        && [SIZE, SIZE_32].iter().any(|one| size == *one as u64)
}

/// Makes a semaphore that did not exist. The umask applies to `mode`.
///
/// # Errors
/// EEXIST, EACCES, EINVAL (value), ENAMETOOLONG, ENOSPC.
///
/// [`sem_open(3)`](https://man7.org/linux/man-pages/man3/sem_open.3.html), [`sem_close(3)`](https://man7.org/linux/man-pages/man3/sem_close.3.html)
#[doc(alias = "sem_open")]
#[doc(alias = "sem_close")]
#[cfg(not(target_env = "musl"))]
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

/// Makes a semaphore that did not exist. The umask applies to `mode`.
///
/// musl's sem_open(3) would make a file of another name and layout, which nothing but musl's programs finds. This makes
/// the file of the GNU C library, complete before it has its name.
///
/// # Errors
/// EEXIST, EACCES, ENAMETOOLONG, ENOSPC, EOPNOTSUPP (no tmpfs).
#[cfg(target_env = "musl")]
pub fn create(name: &CStr, mode: u32, value: u32) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat, open};
    use std::os::fd::AsRawFd;

    let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
    let file = open(c"/dev/shm", flags, Mode::from_raw_mode(mode))?;
    let mut bytes = [0; SIZE];
    for (at, word) in [(layout::VALUE, value), (layout::SHARED, 0x80)] {
        bytes[4 * at..4 * at + 4].copy_from_slice(&word.to_ne_bytes());
    }
    rustix::io::write(&file, &bytes)?;
    let own = format!("/proc/self/fd/{}", file.as_raw_fd());
    let path =
        [b"/dev/shm/sem.", name.to_bytes().strip_prefix(b"/").unwrap_or(name.to_bytes())].concat();
    Ok(linkat(CWD, own.as_str(), CWD, path.as_slice(), AtFlags::SYMLINK_FOLLOW)?)
}

/// An open semaphore. It is operated on here as the C library does it, word by word, so that it waits on the
/// monotonic clock, changes by more than one at once, and survives that its file is cut short: after each
/// operation that matters ask [`Semaphore::is_lost`].
pub struct Semaphore {
    page: FilePage,
    /// Where in the page it begins, in bytes.
    begin: usize,
}

/// A process that others see waiting, until it is dropped.
pub struct Waiter<'a>(&'a Semaphore);

impl Semaphore {
    /// Opens the semaphore behind a file that is open for reading and writing, is regular and has [`SIZE`]
    /// bytes: who calls has looked.
    ///
    /// # Errors
    /// Those of `mmap(2)`; EBUSY while another one is open.
    pub fn open(file: BorrowedFd<'_>) -> io::Result<Self> {
        Self::open_at(file, 0)
    }

    /// Opens a semaphore that lies at an offset in bytes in a file, all of it in one page.
    ///
    /// # Errors
    /// As [`Semaphore::open`]; EINVAL for one that is not aligned, or reaches into the next page.
    pub fn open_at(file: BorrowedFd<'_>, offset: u64) -> io::Result<Self> {
        let (page, begin) = FilePage::new(file, offset)?;
        match begin % 8 == 0 && begin + SIZE <= page.length() {
            true => Ok(Self { page, begin }),
            false => Err(io::Error::from_raw_os_error(libc::EINVAL)),
        }
    }

    /// Returns true if its file was truncated. Then nothing that was done here since has reached it.
    pub fn is_lost(&self) -> bool {
        self.page.is_lost()
    }

    /// Its value and how many wait; `None` when its words cannot be a semaphore's.
    pub fn state(&self) -> Option<(u32, u32)> {
        let mut bytes = [0; SIZE];
        for (at, byte) in bytes.chunks_exact_mut(4).enumerate() {
            byte.copy_from_slice(&self.word(at).load(Ordering::SeqCst).to_ne_bytes());
        }
        parse(&bytes)
    }

    /// Takes one off its value, if that is not 0.
    ///
    /// # Errors
    /// EAGAIN when it is 0.
    pub fn try_take(&self) -> io::Result<()> {
        self.change(|value| value.checked_sub(1))
            .map(drop)
            .ok_or_else(|| io::Error::from_raw_os_error(libc::EAGAIN))
    }

    /// Adds to its value and wakes as many waiters.
    ///
    /// # Errors
    /// EOVERFLOW above [`MAX_VALUE`].
    pub fn post(&self, by: u32) -> io::Result<()> {
        self.change(|value| value.checked_add(by).filter(|value| *value <= MAX_VALUE))
            .ok_or_else(|| io::Error::from_raw_os_error(libc::EOVERFLOW))?;
        self.wake(by);
        Ok(())
    }

    /// Gives it this value, and wakes as many waiters.
    pub fn set(&self, value: u32) {
        self.change(|_| Some(value));
        self.wake(value);
    }

    /// From now on posts wake us too.
    pub fn waiter(&self) -> Waiter<'_> {
        self.count_waiter();
        Waiter(self)
    }

    fn word(&self, at: usize) -> &AtomicU32 {
        // SAFETY: the page outlives `self`; from `begin` on, which is aligned, SIZE bytes of it are words. Whatever else has it
        // mapped changes it by atomic instructions too, and what anybody writes there is a number.
        unsafe { &*self.page.start().as_ptr().add(self.begin).cast::<AtomicU32>().add(at) }
    }

    fn wake(&self, many: u32) {
        let many = libc::c_int::try_from(many).unwrap_or(libc::c_int::MAX);
        let word = self.word(layout::VALUE).as_ptr();
        // SAFETY: FUTEX_WAKE takes the address alone; a page that is gone is EFAULT.
        unsafe { libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE, many) };
    }
}

impl Waiter<'_> {
    /// Sleeps until somebody posts, for `time` at most. It may also wake for no reason.
    ///
    /// # Errors
    /// EINTR, ETIMEDOUT; EAGAIN when there is nothing to wait for.
    ///
    /// [`futex(2)`](https://man7.org/linux/man-pages/man2/futex.2.html)
    #[doc(alias = "futex")]
    pub fn sleep(&self, time: Duration) -> io::Result<()> {
        let word = self.0.word(layout::VALUE).as_ptr();
        let time = timespec(time);
        // Without FUTEX_PRIVATE_FLAG, for other processes; a relative time is on the monotonic clock.
        // SAFETY: `time` outlives the call; a page that is gone is EFAULT.
        check(unsafe {
            libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAIT, layout::EMPTY, &raw const time)
        })
        .map(drop)
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.discount_waiter();
    }
}

/// The GNU C library's layout where 64 bits change at once: value and waiters in one word, then whether
/// other processes share it.
mod layout {
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Which word of 32 bits is the value, and its content when nobody can take it.
    pub(super) const VALUE: usize = if cfg!(target_endian = "little") { 0 } else { 1 };
    pub(super) const WAITERS: usize = 1 - VALUE;
    pub(super) const SHARED: usize = 2;
    pub(super) const EMPTY: u32 = 0;

    impl super::Semaphore {
        fn both(&self) -> &AtomicU64 {
            // SAFETY: as in `word`; `begin` is aligned to 8 bytes, as a page is.
            unsafe { self.page.start().add(self.begin).cast::<AtomicU64>().as_ref() }
        }

        pub(super) fn change(&self, to: impl Fn(u32) -> Option<u32>) -> Option<u64> {
            let changed = |both: u64| Some(both >> 32 << 32 | u64::from(to(both as u32)?));
            self.both().fetch_update(Ordering::SeqCst, Ordering::SeqCst, changed).ok()
        }

        pub(super) fn count_waiter(&self) {
            self.both().fetch_add(1 << 32, Ordering::SeqCst);
        }

        pub(super) fn discount_waiter(&self) {
            self.both().fetch_sub(1 << 32, Ordering::SeqCst);
        }
    }

    pub(super) fn value(words: &dyn Fn(usize) -> u32) -> (u32, u32) {
        (words(VALUE), words(WAITERS))
    }
}

/// Value and number of waiters, as the GNU C library keeps them in the file's first words; `None` when the
/// bytes cannot be a semaphore of its.
pub fn parse(bytes: &[u8; SIZE]) -> Option<(u32, u32)> {
    let word = |at: usize| {
        let mut word = [0; 4];
        word.copy_from_slice(&bytes[4 * at..4 * at + 4]);
        u32::from_ne_bytes(word)
    };
    let (value, waiters) = layout::value(&word);
    let shared = word(layout::SHARED);
    (value <= MAX_VALUE && waiters <= MAX_VALUE && matches!(shared, 0 | 0x80))
        .then_some((value, waiters))
}

/// The same of a semaphore that a program of 32 bits has made: its value above a bit that says whether any process waits,
/// then whether other processes share it, a word that is not used, and the number of waiters.
pub fn parse_32(bytes: &[u8; SIZE_32]) -> Option<(u32, u32)> {
    let mut words = [0; SIZE_32 / 4];
    for (word, bytes) in words.iter_mut().zip(bytes.chunks_exact(4)) {
        *word = u32::from_ne_bytes(bytes.try_into().unwrap_or_default());
    }
    let [value, shared, _, waiters] = words;
    (waiters <= MAX_VALUE && matches!(shared, 0 | 0x80)).then_some((value >> 1, waiters))
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
    fn a_semaphore_of_a_program_of_32_bits_has_its_value_shifted() {
        let mut bytes = [0; SIZE_32];
        bytes[..4].copy_from_slice(&7u32.to_ne_bytes());
        bytes[4..8].copy_from_slice(&0x80u32.to_ne_bytes());
        bytes[12..].copy_from_slice(&2u32.to_ne_bytes());
        assert_eq!(parse_32(&bytes), Some((3, 2)));
    }

    #[test]
    fn junk_is_not_a_semaphore() {
        assert_eq!(parse(&[0x6b; SIZE]), None);
        assert_eq!(parse_32(&[0x6b; SIZE_32]), None);
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
