//! Bytes of shared memory on their way to standard output, for `read` and `peek`.

use std::io;
use std::ops::Range;
use std::os::fd::AsFd;

use crate::cli::context::{Context, Exit, VerbResult};
use crate::cli::part::ByteRange;
use crate::kinds::KindRecord;
use crate::kinds::capability::{Memory, Region, RegionAccess, TransferError, Want};
use crate::model::{Address, Class, Fault};
use crate::output::{Dump, Progress, ProgressUnit};
use crate::sys::buffer::PageBuffer;

/// Writes a part of an object to standard output: as a dump or as it is, with or without a word of progress.
pub fn show(
    memory: &dyn Memory,
    (record, address): (&KindRecord, &Address),
    part: &ByteRange,
    (hex, progress): (bool, bool),
    cx: &mut Context,
) -> VerbResult {
    let look = cx.look(Want::Only(&[]));
    let read =
        memory.open(&look, &address.locator, RegionAccess::Read).map_err(TransferError::from);
    let read = read.and_then(|mut region| {
        let part = part.of(region.size()?)?;
        let progress = Progress::new(progress, Some(part.end - part.start), ProgressUnit::Bytes);
        if hex {
            dump(region.as_mut(), part, &progress, cx)
        } else {
            pour(region.as_mut(), part, &progress)
        }
    });
    match read {
        Ok(()) => Ok(()),
        Err(TransferError::Stream(error)) => Err(Exit::Output(error)),
        Err(TransferError::Region(fault)) => {
            let fault = cx.explain(fault, record, address);
            // What was read is true, and comes before what is said of the rest.
            cx.flush()?;
            cx.cannot("read", Some(address), &fault);
            Ok(())
        }
    }
}

/// The bytes as they are, past every buffer of ours.
fn pour(
    region: &mut dyn Region,
    part: Range<u64>,
    progress: &Progress,
) -> Result<(), TransferError> {
    let stdout = io::stdout();
    let mut at = part.start;
    while at < part.end {
        match region.pour(at, part.end - at, stdout.as_fd())? {
            0 => return Err(cut_short(region, at - part.start)?.into()),
            count => {
                at += count;
                progress.add(count);
            }
        }
    }
    Ok(())
}

/// Bytes that are dumped at once.
const BLOCK: usize = 64 * 1024;

fn dump(
    region: &mut dyn Region,
    part: Range<u64>,
    progress: &Progress,
    cx: &mut Context,
) -> Result<(), TransferError> {
    let mut block = PageBuffer::new(BLOCK);
    let mut dump = Dump::new(part.start);
    let mut at = part.start;
    let mut cut = None;
    while at < part.end {
        let wanted = usize::try_from(part.end - at).unwrap_or(BLOCK).min(BLOCK);
        let room = block.get_mut(..wanted).unwrap_or_default();
        let count = region.read(at, room)?;
        if count == 0 {
            cut = Some(cut_short(region, at - part.start)?);
            break;
        }
        let bytes = block.get(..count).unwrap_or_default();
        dump.bytes(&mut cx.out, bytes).map_err(TransferError::Stream)?;
        at += count as u64;
        progress.add(count as u64);
    }
    dump.finish(&mut cx.out).map_err(TransferError::Stream)?;
    cut.map_or(Ok(()), |fault| Err(fault.into()))
}

/// It ended before the end that it had at the start.
fn cut_short(region: &dyn Region, read: u64) -> Result<Fault, Fault> {
    let size = region.size()?;
    let cause = format!("it was cut short to {size} bytes meanwhile; {read} bytes were read");
    Ok(Fault::new(Class::Failed, cause))
}
