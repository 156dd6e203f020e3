//! Memory for calls that are told no length: the kernel decides how much it copies. The memory ends where a page begins that
//! nobody may touch, so that the kernel says EFAULT rather than go on. `mmap(2)`, `mprotect(2)`.

use std::io;
use std::ptr::NonNull;

use super::check;

/// Numbers of 16 bits that end at a page without access.
pub(super) struct Guarded {
    start: NonNull<libc::c_void>,
    whole: usize,
    values: NonNull<u16>,
    count: usize,
}

impl Guarded {
    /// So many numbers, all zero.
    ///
    /// # Errors
    /// ENOMEM.
    pub(super) fn new(count: usize) -> io::Result<Self> {
        let no_memory = || io::Error::from_raw_os_error(libc::ENOMEM);
        // SAFETY: no pointer is passed.
        let page = check(unsafe { libc::sysconf(libc::_SC_PAGESIZE) })?;
        let page = usize::try_from(page).map_err(|_| no_memory())?;
        let bytes = count.checked_mul(size_of::<u16>()).ok_or_else(no_memory)?;
        let room = bytes.checked_next_multiple_of(page).ok_or_else(no_memory)?;
        let whole = room.checked_add(page).ok_or_else(no_memory)?;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        // SAFETY: without MAP_FIXED the kernel chooses a free place.
        let start =
            unsafe { libc::mmap(std::ptr::null_mut(), whole, libc::PROT_NONE, flags, -1, 0) };
        if start == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start).ok_or_else(no_memory)?;
        // SAFETY: `room - bytes` is within the mapping of `whole` bytes.
        let values = unsafe { start.byte_add(room - bytes) }.cast();
        let guarded = Self { start, whole, values, count };
        if room > 0 {
            let access = libc::PROT_READ | libc::PROT_WRITE;
            // SAFETY: the first `room` bytes of the mapping that was just made.
            check(unsafe { libc::mprotect(start.as_ptr(), room, access) })?;
        }
        Ok(guarded)
    }

    /// Where the first number is. The kernel may read and write from here on what it likes: behind the last number is the page
    /// without access.
    pub(super) fn as_mut_ptr(&mut self) -> *mut u16 {
        self.values.as_ptr()
    }

    /// The numbers.
    pub(super) fn as_mut_slice(&mut self) -> &mut [u16] {
        // SAFETY: `count` numbers lie between `values` and the page without access; the mapping was zeros, is readable and
        // writable there, lives as long as `self`, and begins at an even address, for pages and numbers are even. Nothing
        // else points into it but during a system call.
        unsafe { std::slice::from_raw_parts_mut(self.values.as_ptr(), self.count) }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // SAFETY: the whole mapping, which nobody else knows; what was borrowed from it has ended.
        unsafe { libc::munmap(self.start.as_ptr(), self.whole) };
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    /// Has the kernel copy so many bytes to the first number.
    fn filled(guarded: &mut Guarded, bytes: usize) -> io::Result<usize> {
        // SAFETY: nothing is borrowed; that the kernel stops at the end is what is tested.
        let room = unsafe { std::slice::from_raw_parts_mut(guarded.as_mut_ptr().cast(), bytes) };
        std::fs::File::open("/proc/self/exe")?.read(room)
    }

    #[test]
    fn the_kernel_stops_at_the_end() {
        for count in [1, 3, 2047, 2048, 2049, 32_000] {
            let mut guarded = Guarded::new(count).unwrap();
            assert!(guarded.as_mut_slice().iter().all(|one| *one == 0));
            assert_eq!(filled(&mut guarded, 2 * count).unwrap(), 2 * count);
            assert!(!matches!(filled(&mut guarded, 2 * count + 2), Ok(all) if all > 2 * count));
        }
        assert_eq!(
            filled(&mut Guarded::new(0).unwrap(), 2).unwrap_err().raw_os_error(),
            Some(libc::EFAULT)
        );
    }
}
