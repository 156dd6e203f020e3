//! System V segments in the memory of this process: `shmat(2)`, `shmdt(2)`, `mincore(2)`,
//! `madvise(2)`.

use std::io;
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;

use super::{check, id_argument, shm, stream, zeroed};

/// An attached segment, detached when dropped. Others change it at any time, so no reference into it is made:
/// the kernel alone copies from and to it.
pub struct Attachment {
    start: NonNull<u8>,
    length: usize,
    page: usize,
    tells_holes: bool,
}

/// Pages that are asked about at once.
const PAGES: usize = 1024;

impl Attachment {
    /// `shmat(2)`: attaches a segment, for reading alone or for writing too.
    ///
    /// # Errors
    /// EINVAL and EIDRM when there is none, EACCES, ENOMEM.
    ///
    /// [`shmat(2)`](https://man7.org/linux/man-pages/man2/shmat.2.html), [`sysconf(3)`](https://man7.org/linux/man-pages/man3/sysconf.3.html)
    #[doc(alias = "shmat")]
    #[doc(alias = "sysconf")]
    pub fn new(id: u32, writable: bool) -> io::Result<Self> {
        let flags = if writable { 0 } else { libc::SHM_RDONLY };
        // SAFETY: the kernel chooses a free place.
        let start = unsafe { libc::shmat(id_argument(id)?, std::ptr::null(), flags) };
        if start as isize == -1 {
            return Err(io::Error::last_os_error());
        }
        let start = NonNull::new(start.cast()).ok_or(io::ErrorKind::AddrNotAvailable)?;
        // SAFETY: no pointer is passed.
        let page = usize::try_from(check(unsafe { libc::sysconf(libc::_SC_PAGESIZE) })?)
            .map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
        let tells_holes = has_no_swap() && has_small_pages(start, page);
        let mut attachment = Self { start, length: 0, page, tells_holes };
        // Its id cannot come to mean another segment while this one is attached.
        attachment.length = usize::try_from(shm::stat_any(id).or_else(|_| shm::stat(id))?.size)
            .map_err(|_| io::Error::from_raw_os_error(libc::ENOMEM))?;
        Ok(attachment)
    }

    /// Bytes of it, as asked for at its creation.
    pub fn size(&self) -> u64 {
        self.length as u64
    }

    /// Where `length` bytes from `offset` begin, and how many of them there are.
    fn part(&self, offset: u64, length: usize) -> (*mut u8, usize) {
        let offset = usize::try_from(offset).unwrap_or(self.length).min(self.length);
        // SAFETY: the offset is at most the length of the attached memory.
        (unsafe { self.start.as_ptr().add(offset) }, length.min(self.length - offset))
    }

    /// How many bytes from `offset` on, at most `length`, are alike: in a hole that nobody has written to, or
    /// not. To read a hole would take memory for it. Where holes cannot be told there are none.
    ///
    /// # Errors
    /// None for memory that is attached.
    ///
    /// [`mincore(2)`](https://man7.org/linux/man-pages/man2/mincore.2.html)
    #[doc(alias = "mincore")]
    pub fn run(&self, offset: u64, length: usize) -> io::Result<(bool, usize)> {
        let (place, length) = self.part(offset, length);
        if !self.tells_holes || length == 0 {
            return Ok((false, length));
        }
        let before = place as usize % self.page;
        let most = (PAGES * self.page - before).min(length);
        let mut pages = [0u8; PAGES];
        // SAFETY: `place` less `before` is the beginning of an attached page, and the call writes a byte for each
        // page of what is asked about, which are at most as many as there are bytes.
        check(unsafe {
            libc::mincore(place.sub(before).cast(), before + most, pages.as_mut_ptr())
        })?;
        let is_hole = pages[0] & 1 == 0;
        let alike = pages.iter().take_while(|page| (**page & 1 == 0) == is_hole).count();
        Ok((is_hole, (alike * self.page - before).min(most)))
    }

    /// Takes the pages up to the end of a part out of the memory of this process: who moves a segment of any
    /// size has only a block of it at a time. They stay in the segment as they are.
    fn let_go(&self, place: *mut u8, length: usize) {
        let before = place as usize % self.page;
        let pages = (before + length) / self.page * self.page;
        // SAFETY: pages of the attached memory, which begins with one. Of shared memory the advice takes nothing
        // but the way to it; where the kernel refuses it, as for huge pages, they stay.
        unsafe { libc::madvise(place.sub(before).cast(), pages, libc::MADV_DONTNEED) };
    }

    /// Writes bytes of the segment to a stream: how many it took.
    ///
    /// # Errors
    /// Those of `write(2)`; EFAULT when the kernel has no memory for a page of the segment.
    pub fn write_to(&self, offset: u64, length: usize, to: BorrowedFd<'_>) -> io::Result<usize> {
        let (place, length) = self.part(offset, length);
        // SAFETY: the part is inside the attached memory, which lives as long as `self`.
        let moved = unsafe { stream::write_raw(to, place, length) };
        self.let_go(place, length);
        moved
    }

    /// Reads bytes from a stream into the segment: how many came, 0 at the stream's end.
    ///
    /// # Errors
    /// Those of `read(2)`; EFAULT when the segment is attached for reading, or the kernel has no memory for a
    /// page of it.
    pub fn read_from(&self, offset: u64, length: usize, from: BorrowedFd<'_>) -> io::Result<usize> {
        let (place, length) = self.part(offset, length);
        // SAFETY: the part is inside the attached memory, which lives as long as `self`.
        let moved = unsafe { stream::read_raw(from, place, length) };
        self.let_go(place, length);
        moved
    }

    /// Copies bytes out of the segment: how many.
    ///
    /// # Errors
    /// EFAULT when the kernel has no memory for a page of it.
    pub fn copy_out(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let (place, length) = self.part(offset, buffer.len());
        let ours = part(buffer.as_mut_ptr(), length);
        let copied = copy(libc::process_vm_readv, ours, part(place, length)).or_else(|refused| {
            // SAFETY: both have this length and cannot overlap. A byte that changes meanwhile is read as one
            // or the other.
            may_copy_ourselves(refused).map(|()| unsafe {
                std::ptr::copy_nonoverlapping(place.cast_const(), buffer.as_mut_ptr(), length);
                length
            })
        });
        self.let_go(place, length);
        copied
    }

    /// Copies bytes into the segment: how many.
    ///
    /// # Errors
    /// As [`Attachment::copy_out`].
    pub fn copy_in(&self, offset: u64, bytes: &[u8]) -> io::Result<usize> {
        let (place, length) = self.part(offset, bytes.len());
        let ours = part(bytes.as_ptr().cast_mut(), length);
        let copied = copy(libc::process_vm_writev, ours, part(place, length)).or_else(|refused| {
            // SAFETY: both have this length and cannot overlap, and the segment is attached for writing, or
            // the call would have said EFAULT.
            may_copy_ourselves(refused).map(|()| unsafe {
                std::ptr::copy_nonoverlapping(bytes.as_ptr(), place, length);
                length
            })
        });
        self.let_go(place, length);
        copied
    }
}

/// Without swap, a page of a segment that is not in memory was never written to.
fn has_no_swap() -> bool {
    // SAFETY: struct sysinfo is a C structure of integers.
    let mut info: libc::sysinfo = unsafe { zeroed() };
    // SAFETY: `info` is what the call fills.
    check(unsafe { libc::sysinfo(&raw mut info) }).is_ok() && info.totalswap == 0
}

/// Of huge pages mincore(2) tells only which ones this process has touched. They are told by an advice that
/// means nothing to memory that was not touched yet, and that the kernel refuses for them.
fn has_small_pages(start: NonNull<u8>, page: usize) -> bool {
    // SAFETY: the advice changes no content, whatever memory it is given for.
    check(unsafe { libc::madvise(start.as_ptr().cast(), page, libc::MADV_COLD) }).is_ok()
}

fn part(start: *mut u8, length: usize) -> libc::iovec {
    libc::iovec { iov_base: start.cast(), iov_len: length }
}

/// `process_vm_readv(2)` or `process_vm_writev(2)`.
type CopyCall = unsafe extern "C" fn(
    libc::pid_t,
    *const libc::iovec,
    libc::c_ulong,
    *const libc::iovec,
    libc::c_ulong,
    libc::c_ulong,
) -> libc::ssize_t;

/// Lets the kernel copy between two parts of this process: a page that it cannot give is an error, not SIGBUS.
fn copy(call: CopyCall, ours: libc::iovec, theirs: libc::iovec) -> io::Result<usize> {
    let pid = nix::unistd::getpid().as_raw();
    // SAFETY: one part each, as long as said; a place that is not mapped as it must be is EFAULT.
    let copied = unsafe { call(pid, &raw const ours, 1, &raw const theirs, 1, 0) };
    Ok(check(copied)?.unsigned_abs())
}

/// Some containers forbid the calls above altogether: then there is no other way.
fn may_copy_ourselves(refused: io::Error) -> io::Result<()> {
    match refused.raw_os_error() {
        Some(libc::EPERM | libc::ENOSYS) => Ok(()),
        _ => Err(refused),
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        // SAFETY: attached once, detached once, and nobody has a pointer into it.
        unsafe { libc::shmdt(self.start.as_ptr().cast()) };
    }
}
