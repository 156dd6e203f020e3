//! The memory of other processes: `proc_pid_mem(5)`. It is read where the kernel has it at hand or gets it from a file system
//! that answers by itself. A page of any other may never come, and then whoever reads it waits for ever.

use std::ffi::CString;
use std::io::{self, BufRead, BufReader};
use std::os::fd::{AsFd, OwnedFd};

use nix::sys::uio::pread;

use super::processes::Process;
use super::{mounts, procmap, shm};

/// The memory of a process.
pub struct Memory<'a> {
    process: &'a Process,
    directory: &'a str,
    file: OwnedFd,
}

impl<'a> Memory<'a> {
    /// Opens it. `directory` is that of a thread: `task/12/`.
    ///
    /// # Errors
    /// EACCES and EPERM for the processes of others.
    pub fn open(process: &'a Process, directory: &'a str) -> io::Result<Self> {
        let file = process.open(&CString::new(format!("{directory}mem"))?)?;
        Ok(Self { process, directory, file })
    }

    /// Reads what of `buffer` lies in the mapping at this address.
    ///
    /// # Errors
    /// EIO where nothing is mapped; `Unsupported` for a page of a file system that may not answer.
    pub fn read(&self, address: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let gone = || io::Error::from_raw_os_error(libc::EIO);
        let (end, device) = self.mapping(address)?.ok_or_else(gone)?;
        if !self.is_at_hand(device) {
            return Err(io::ErrorKind::Unsupported.into());
        }
        let most = usize::try_from(end.saturating_sub(address)).unwrap_or(usize::MAX);
        let most = most.min(buffer.len());
        let offset = i64::try_from(address).map_err(|_| gone())?;
        Ok(pread(&self.file, &mut buffer[..most], offset)?)
    }

    /// The end of the mapping at this address, and the device of the file behind it, 0 where there is none.
    fn mapping(&self, address: u64) -> io::Result<Option<(u64, u64)>> {
        let file = self.process.open(&CString::new(format!("{}maps", self.directory))?)?;
        match procmap::covering(file.as_fd(), address) {
            Err(error) if error.raw_os_error() == Some(libc::ENOTTY) => covering(file, address),
            found => Ok(found?.map(|mapping| (mapping.end, mapping.device))),
        }
    }

    fn is_at_hand(&self, device: u64) -> bool {
        let is_mounted_there = || {
            let text = self.process.read_all(c"mountinfo", MOST);
            text.is_ok_and(|text| mounts::is_local(&text, device))
        };
        // Memory without a file, or with one of the kernel's own.
        device == 0
            || shm::device().is_ok_and(|own| own == device)
            || is_mounted_there()
            || mounts::is_local_here(device)
    }
}

/// The end of the mapping at this address, and the device of its file, in the text of `maps`.
///
/// # Errors
/// Those of `read(2)`.
fn covering(maps: OwnedFd, address: u64) -> io::Result<Option<(u64, u64)>> {
    let (mut lines, mut line) = (BufReader::new(std::fs::File::from(maps)), Vec::new());
    while lines.read_until(b'\n', &mut line)? > 0 {
        if let Some((mapping, _)) = procmap::parse_line(&line)
            && (mapping.start..mapping.end).contains(&address)
        {
            return Ok(Some((mapping.end, mapping.device)));
        }
        line.clear();
    }
    Ok(None)
}

/// Bytes of `mountinfo` that are looked at.
const MOST: u64 = 1 << 20;
