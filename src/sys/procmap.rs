//! What a process has mapped, asked of the kernel mapping by mapping: `PROCMAP_QUERY` of Linux 6.11, which
//! leaves out what is not of interest and asks for no name. `proc_pid_maps(5)`.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use super::{check, zeroed};

/// A piece of the memory of a process that is backed by a file: `PROCMAP_QUERY`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// First address.
    pub start: u64,
    /// Address after the last.
    pub end: u64,
    /// It may be read.
    pub read: bool,
    /// It may be written to.
    pub write: bool,
    /// Others see what is written.
    pub shared: bool,
    /// Bytes of its pages.
    pub page: u64,
    /// Where in the file it begins, in bytes.
    pub offset: u64,
    /// Device of the file.
    pub device: u64,
    /// Inode of the file.
    pub inode: u64,
}

impl Mapping {
    /// Returns true if a file is behind it.
    pub fn has_file(&self) -> bool {
        self.inode != 0 || self.device != 0
    }
}

/// `struct procmap_query` of the kernel's <linux/fs.h>; the libc crate lacks it.
#[repr(C)]
struct MapQuery {
    size: u64,
    query_flags: u64,
    query_addr: u64,
    vma_start: u64,
    vma_end: u64,
    vma_flags: u64,
    vma_page_size: u64,
    vma_offset: u64,
    inode: u64,
    dev_major: u32,
    dev_minor: u32,
    vma_name_size: u32,
    build_id_size: u32,
    vma_name_addr: u64,
    build_id_addr: u64,
}

const READABLE: u64 = 0x01;
const WRITABLE: u64 = 0x02;
const SHARED: u64 = 0x08;
const COVERING_OR_NEXT: u64 = 0x10;
const FILE_BACKED: u64 = 0x20;

fn ask(maps: BorrowedFd<'_>, flags: u64, address: u64, name: &mut [u8]) -> io::Result<MapQuery> {
    // SAFETY: Query is a C structure of integers.
    let mut query: MapQuery = unsafe { zeroed() };
    query.size = size_of::<MapQuery>() as u64;
    query.query_flags = flags;
    query.query_addr = address;
    if !name.is_empty() {
        query.vma_name_size = u32::try_from(name.len()).unwrap_or(0);
        query.vma_name_addr = name.as_mut_ptr() as u64;
    }
    let request = libc::_IOWR::<MapQuery>(u32::from(b'f'), 17);
    // SAFETY: the kernel fills a `struct procmap_query`, which Query is, and at most `vma_name_size` bytes at
    // `vma_name_addr`, which are those of `name`; both outlive the call.
    check(unsafe { libc::ioctl(maps.as_raw_fd(), request, &raw mut query) })?;
    Ok(query)
}

/// The first mapping of a file at or after `address`, `None` after the last. `maps` is `/proc/PID/maps`.
///
/// # Errors
/// ENOTTY before Linux 6.11. ESRCH when the process has ended.
pub fn mapping(
    maps: BorrowedFd<'_>,
    address: u64,
    only_shared: bool,
) -> io::Result<Option<Mapping>> {
    let flags = COVERING_OR_NEXT | FILE_BACKED | if only_shared { SHARED } else { 0 };
    at(ask(maps, flags, address, &mut []))
}

fn at(answer: io::Result<MapQuery>) -> io::Result<Option<Mapping>> {
    match answer {
        Ok(found) => Ok(Some(Mapping {
            start: found.vma_start,
            end: found.vma_end,
            read: found.vma_flags & READABLE != 0,
            write: found.vma_flags & WRITABLE != 0,
            shared: found.vma_flags & SHARED != 0,
            page: found.vma_page_size,
            offset: found.vma_offset,
            device: libc::makedev(found.dev_major, found.dev_minor),
            inode: found.inode,
        })),
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The mapping at `address`, of a file or not; `None` where there is none.
///
/// # Errors
/// As [`mapping`].
pub fn covering(maps: BorrowedFd<'_>, address: u64) -> io::Result<Option<Mapping>> {
    at(ask(maps, 0, address, &mut []))
}

/// The name of the mapping at `address`, if it fits: at most `name.len()` bytes with a NUL at the end.
///
/// # Errors
/// As [`mapping`], ENAMETOOLONG when it does not fit.
pub fn mapping_name<'a>(
    maps: BorrowedFd<'_>,
    address: u64,
    name: &'a mut [u8],
) -> io::Result<&'a [u8]> {
    ask(maps, 0, address, name)?;
    Ok(CStr::from_bytes_until_nul(name).map_or(&[], CStr::to_bytes))
}

/// One line of `/proc/PID/maps`: what it says, and the name at its end. The name may be anything, but has no
/// newline (the kernel writes `\012`), and nothing before it is chosen by anybody.
pub fn parse_line(line: &[u8]) -> Option<(Mapping, &[u8])> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let mut fields = line.splitn(6, |&byte| byte == b' ');
    let (start, end) = split(fields.next()?, b'-')?;
    let permissions = fields.next()?;
    let offset = fields.next()?;
    let (major, minor) = split(fields.next()?, b':')?;
    let inode = std::str::from_utf8(fields.next()?).ok()?.parse().ok()?;
    let name = fields.next().unwrap_or_default().trim_ascii_start();
    let &[read, write, _, shared] = permissions else { return None };
    let device = libc::makedev(u32::try_from(major).ok()?, u32::try_from(minor).ok()?);
    let mapping = Mapping {
        start,
        end,
        read: read == b'r',
        write: write == b'w',
        shared: shared == b's',
        // The text does not tell.
        page: 0,
        offset: hex(offset)?,
        device,
        inode,
    };
    Some((mapping, name))
}

/// Two hexadecimal numbers with a sign between them.
fn split(field: &[u8], sign: u8) -> Option<(u64, u64)> {
    let field = std::str::from_utf8(field).ok()?;
    let (one, two) = field.split_once(char::from(sign))?;
    Some((hex(one.as_bytes())?, hex(two.as_bytes())?))
}

fn hex(text: &[u8]) -> Option<u64> {
    let digits = text.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(text).ok().filter(|_| digits)?;
    u64::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn what_is_mapped_is_found_by_address() {
        let maps = std::fs::File::open("/proc/self/maps").unwrap();
        match mapping(maps.as_fd(), 0, false) {
            Ok(first) => {
                let first = first.unwrap();
                assert!(first.read && first.inode != 0 && first.start < first.end);
                let mut name = [0; 4096];
                assert!(
                    mapping_name(maps.as_fd(), first.start, &mut name).unwrap().starts_with(b"/")
                );
                assert_eq!(mapping(maps.as_fd(), u64::MAX - 1, false).unwrap(), None);
            }
            // Linux before 6.11.
            Err(error) => assert_eq!(error.raw_os_error(), Some(libc::ENOTTY)),
        }
    }
}
