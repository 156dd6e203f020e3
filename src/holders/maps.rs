//! What a process has mapped: asked of the kernel where it answers, read as text elsewhere. Knows mappings and no
//! object.

use std::ffi::CString;
use std::io::{self, BufRead, BufReader};
use std::os::fd::{AsFd, BorrowedFd};

use crate::sys::processes::Process;
use crate::sys::procmap::{self, Mapping};

/// Which mappings are of interest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MapsWanted {
    /// None.
    None,
    /// Those that are shared: System V segments cannot be mapped otherwise.
    Shared,
    /// Those of files, private ones too.
    Files,
}

/// How a kernel is asked; what the first process teaches holds for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MapsSource {
    /// With `PROCMAP_QUERY`.
    Query,
    /// With the text of `/proc/PID/maps`.
    Text,
}

/// The most that is read of a mapping's name: `/SYSV` and what follows it.
const NAME: usize = 64;

/// Hands every mapping of interest to `each`, with a way to ask whether it has a name of a System V segment.
/// `directory` is empty, or that of a thread: `task/12/`.
///
/// # Errors
/// EACCES and EPERM for the processes of others; ESRCH and ENOENT for one that has ended, a kernel thread, and
/// a main thread that has ended while others run.
pub(super) fn visit(
    process: &Process,
    directory: &str,
    which: MapsWanted,
    source: &mut MapsSource,
    each: &mut dyn FnMut(&Mapping, &dyn Fn() -> bool),
) -> io::Result<()> {
    let name = CString::new(format!("{directory}maps"))?;
    let maps = process.open(&name)?;
    if *source == MapsSource::Query {
        match query(maps.as_fd(), which, each) {
            Err(error) if error.raw_os_error() == Some(libc::ENOTTY) => *source = MapsSource::Text,
            other => return other,
        }
    }
    text(&mut BufReader::with_capacity(1 << 16, std::fs::File::from(maps)), which, each)
}

fn query(
    maps: BorrowedFd<'_>,
    which: MapsWanted,
    each: &mut dyn FnMut(&Mapping, &dyn Fn() -> bool),
) -> io::Result<()> {
    let mut address = 0;
    while let Some(mapping) = procmap::mapping(maps, address, which == MapsWanted::Shared)? {
        let is_segment = || {
            let mut name = [0; NAME];
            procmap::mapping_name(maps, mapping.start, &mut name).is_ok_and(is_segment_name)
        };
        each(&mapping, &is_segment);
        // The kernel gives them in order; if it ever does not, this ends all the same.
        if mapping.end <= address {
            break;
        }
        address = mapping.end;
    }
    Ok(())
}

fn text(
    lines: &mut dyn BufRead,
    which: MapsWanted,
    each: &mut dyn FnMut(&Mapping, &dyn Fn() -> bool),
) -> io::Result<()> {
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        if let Some((mapping, name)) = procmap::parse_line(&line)
            && mapping.has_file()
            && (mapping.shared || which == MapsWanted::Files)
        {
            each(&mapping, &|| is_segment_name(name));
        }
        line.clear();
    }
    Ok(())
}

/// The kernel's name for every segment. Anybody can call a file so, but not on the kernel's own file systems.
fn is_segment_name(name: &[u8]) -> bool {
    name.starts_with(b"/SYSV")
}

/// For `fuzz/`: the text of `maps`.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    for which in [MapsWanted::Shared, MapsWanted::Files] {
        let read = text(&mut &*bytes, which, &mut |mapping, is_segment| {
            assert!(mapping.has_file());
            is_segment();
        });
        assert!(read.is_ok());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(text_of_maps: &[u8], which: MapsWanted) -> Vec<(Mapping, bool)> {
        let mut found = Vec::new();
        text(&mut &text_of_maps[..], which, &mut |mapping, segment| {
            found.push((*mapping, segment()))
        })
        .unwrap();
        found
    }

    #[test]
    fn a_segment_and_a_file_that_is_called_like_one_differ_by_their_device() {
        let lines = b"7f00-7f10 rw-s 00000000 00:01 65538                      /SYSV0000beef (deleted)\n\
                      7f10-7f20 r--s 00000000 00:28 65538                      /SYSV00000007\n\
                      7f20-7f30 rw-p 00000000 00:00 0 \n\
                      7f30-7f40 rw-s 00001000 00:01 3                          /dev/zero (deleted)\n\
                      7f40-7f50 r--p 00000000 fe:01 77   /lib/x\n";
        let found = all(lines, MapsWanted::Shared);
        assert_eq!(found.len(), 3);
        let segments: Vec<_> = found
            .iter()
            .filter(|(mapping, named)| *named && mapping.device == libc::makedev(0, 1))
            .collect();
        assert_eq!(segments.len(), 1);
        assert_eq!((segments[0].0.inode, segments[0].0.write), (65538, true));
        assert_eq!(all(lines, MapsWanted::Files).len(), 4);
    }

    #[test]
    fn lines_that_are_none_are_left_out() {
        for line in
            ["", "\n", "x", "1-2", "1-2 rw-s 0 0:1", "1-2 rw-s 0 0:1 x", "+1-2 rw-s 0 0:1 5 /x"]
        {
            assert!(procmap::parse_line(line.as_bytes()).is_none(), "{line}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_end_without_a_panic(bytes: Vec<u8>) {
            all(&bytes, MapsWanted::Files);
        }

        #[test]
        fn a_name_of_any_bytes_changes_nothing_of_what_stands_before_it(
            numbers: (u32, u32, u16, u8, u64),
            shared: bool,
            name in proptest::collection::vec(any::<u8>(), 0..80),
        ) {
            let (start, length, major, minor, inode) = numbers;
            let end = u64::from(start) + u64::from(length);
            let name: Vec<u8> = name.into_iter().filter(|&byte| byte != b'\n').collect();
            let sharing = if shared { 's' } else { 'p' };
            let mut line = format!("{start:08x}-{end:08x} r-x{sharing} 00000000 {:02x}:{minor:02x} {inode} \t   /", major & 0xfff).into_bytes();
            line.extend_from_slice(&name);
            line.push(b'\n');
            let (mapping, found) = procmap::parse_line(&line).unwrap();
            prop_assert_eq!((mapping.start, mapping.end, mapping.inode), (u64::from(start), end, inode));
            prop_assert_eq!((mapping.read, mapping.write, mapping.shared), (true, false, shared));
            prop_assert_eq!(mapping.device, libc::makedev(u32::from(major) & 0xfff, minor.into()));
            prop_assert_eq!(&found[1..], &name[..]);
        }
    }
}
