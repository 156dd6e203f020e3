//! `write`: bytes into shared memory.

use std::ffi::OsString;
use std::io;
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::ffi::OsStrExt;

use crate::cli::context::{Context, VerbResult};
use crate::cli::part::ByteRange;
use crate::cli::values;
use crate::kinds;
use crate::kinds::capability::{Region, RegionAccess, TransferError, Want};
use crate::listing::acting::ActReport;
use crate::model::{Address, Class, Fault, Value};
use crate::output::{Progress, ProgressUnit};
use crate::sys::buffer::PageBuffer;
use crate::sys::stream;

/// Write bytes to shared memory
///
/// The bytes come from standard input or --data. Nothing is ever written past the end, and the size of the object does
/// not change. Input that is too long is refused before anything is written if its length is known: --data, --length, a
/// regular file, and up to 1 MiB from a pipe. Longer input of unknown length fills the object to its end and then fails.
/// An error always says how many bytes were written.
///
/// The bytes are not written atomically: other processes may see a part of them. Use a semaphore (ipcctl lock) to
/// prevent that.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Shared memory
    #[arg(value_name = "ADDRESS", value_parser = values::address())]
    address: Address,

    #[command(flatten)]
    part: ByteRange,

    /// Text to write instead of standard input; no newline is added
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true, conflicts_with = "length")]
    data: Option<OsString>,

    /// Write to memory of other programs: without a name, or of a mapped file
    #[arg(long)]
    force: bool,

    /// Show progress if standard error is a terminal
    #[arg(long)]
    progress: bool,
}

const EXAMPLES: &str = "\
Examples:
  ipcctl write shm:/frames < frames.bin
  ipcctl write shm:0x5eed --offset 64 --data ready
  printf '\\0\\0\\0\\1' | ipcctl write shm:/frames --offset 4
  ipcctl write shm:/frames --length 16M < /dev/zero    clear it";

/// Bytes of a pipe that are read before the first one is written: input that ends within them has a known
/// length.
const AHEAD: usize = 1 << 20;

/// Writes to an object.
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    let record = kinds::of_address(&args.address)?;
    let memory = kinds::MEMORY.require("write to", &args.address, record)?;
    if let Some(why) = memory.reserved().filter(|_| !args.force) {
        let fault = Fault::usage(format!("cannot write to {}: {why}", args.address));
        return Err(fault.hint("--force writes all the same").into());
    }
    let mut report = ActReport::new(&["offset", "bytes"], cx)?;
    let look = cx.look(Want::Only(&[]));
    let mut written = None;
    let done = memory
        .open(&look, &args.address.locator, RegionAccess::Write)
        .and_then(|mut region| write(args, region.as_mut(), &mut written));
    let details = vec![Value::Bytes(args.part.offset), Value::Bytes(written.unwrap_or(0))];
    match done {
        Ok(()) => report.done(&args.address, "written", details),
        Err(fault) => {
            let mut fault = cx.explain(fault, record, &args.address);
            if let Some(written) = written {
                fault.cause.push_str(&format!("; {written} bytes were written"));
            }
            report.failed(&args.address, &fault, details);
            cx.cannot("write to", Some(&args.address), &fault);
        }
    }
    report.finish(cx)
}

/// Writes, and keeps count in `written` from the moment on in which something may have been written.
fn write(args: &Args, region: &mut dyn Region, written: &mut Option<u64>) -> Result<(), Fault> {
    let size = region.size()?;
    if let Some(text) = &args.data {
        let bytes = text.as_bytes();
        let part = args.part.with(Some(bytes.len() as u64), size)?;
        return Transfer::new(args, region, part, written).put(bytes);
    }
    let stdin = io::stdin();
    let input = stdin.as_fd();
    let known = stream::left(input);
    match (args.part.length, known) {
        (Some(wanted), Some(has)) if has < wanted => {
            return Err(Fault::new(
                Class::Failed,
                format!("the input has only {has} of {wanted} bytes"),
            ));
        }
        (Some(_), _) => {}
        // The file may grow meanwhile: what counts is what it has now.
        (None, Some(has)) => {
            let part = args.part.with(Some(has), size)?;
            return Transfer::new(args, region, part, written).exactly(input);
        }
        (None, None) => {
            let part = args.part.of(size)?;
            return unknown(args, region, part, input, written);
        }
    }
    let part = args.part.of(size)?;
    Transfer::new(args, region, part, written).exactly(input)
}

/// Input of unknown length: short input is known before anything is written.
fn unknown(
    args: &Args,
    region: &mut dyn Region,
    part: Range<u64>,
    input: BorrowedFd<'_>,
    written: &mut Option<u64>,
) -> Result<(), Fault> {
    let room = part.end - part.start;
    // One byte more than fits is enough to know that it does not.
    let most = usize::try_from(room).unwrap_or(AHEAD).saturating_add(1).min(AHEAD);
    let mut ahead = PageBuffer::new(most);
    let length = stream::read_full(input, &mut ahead).map_err(|error| unread(&error))?;
    let ended = length < ahead.len();
    let bytes = ahead.get(..length).unwrap_or_default();
    if length as u64 > room {
        return Err(too_long(room));
    }
    let mut transfer = Transfer::new(args, region, part, written);
    transfer.put(bytes)?;
    if ended { Ok(()) } else { transfer.all(input) }
}

/// Bytes on their way into a part of a region.
struct Transfer<'a> {
    region: &'a mut dyn Region,
    part: Range<u64>,
    written: &'a mut u64,
    progress: Progress,
}

impl<'a> Transfer<'a> {
    fn new(
        args: &Args,
        region: &'a mut dyn Region,
        part: Range<u64>,
        written: &'a mut Option<u64>,
    ) -> Self {
        let total = args.part.length.map(|_| part.end - part.start);
        let progress = Progress::new(args.progress, total, ProgressUnit::Bytes);
        Self { region, part, written: written.insert(0), progress }
    }

    fn at(&self) -> u64 {
        self.part.start + *self.written
    }

    fn room(&self) -> u64 {
        self.part.end.saturating_sub(self.at())
    }

    fn count(&mut self, more: u64) {
        *self.written += more;
        self.progress.add(more);
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let count = self.region.write(self.at(), rest)?;
            if count == 0 {
                return Err(Fault::new(Class::Failed, "it takes no more bytes"));
            }
            self.count(count as u64);
            rest = rest.get(count..).unwrap_or_default();
        }
        Ok(())
    }

    /// A block from the input, as far as there is room; 0 at its end.
    fn fill(&mut self, input: BorrowedFd<'_>) -> Result<u64, Fault> {
        let count = match self.region.fill(self.at(), self.room(), input) {
            Ok(count) => count,
            Err(TransferError::Region(fault)) => return Err(fault),
            Err(TransferError::Stream(error)) => return Err(unread(&error)),
        };
        self.count(count);
        Ok(count)
    }

    /// As many bytes of the input as the part has.
    fn exactly(&mut self, input: BorrowedFd<'_>) -> Result<(), Fault> {
        while self.room() > 0 {
            if self.fill(input)? == 0 {
                let wanted = self.part.end - self.part.start;
                let cause = format!("the input ended before {wanted} bytes");
                return Err(Fault::new(Class::Failed, cause));
            }
        }
        Ok(())
    }

    /// The input to its end, if that comes before the end of the part.
    fn all(&mut self, input: BorrowedFd<'_>) -> Result<(), Fault> {
        while self.room() > 0 {
            if self.fill(input)? == 0 {
                return Ok(());
            }
        }
        match stream::read(input, &mut [0]).map_err(|error| unread(&error))? {
            0 => Ok(()),
            _ => Err(too_long(self.part.end - self.part.start)),
        }
    }
}

fn too_long(room: u64) -> Fault {
    Fault::new(
        Class::Failed,
        format!("the input is longer than the {room} bytes that there is room for"),
    )
    .hint("--length writes the first bytes of it, set --size makes POSIX shared memory larger")
}

fn unread(error: &io::Error) -> Fault {
    let cause = format!("standard input cannot be read: {}", Fault::from_os(error).cause);
    Fault::new(Class::Failed, cause)
}
