//! `read`: bytes out of shared memory.

use std::io::{self, IsTerminal};
use std::ops::Range;
use std::os::fd::AsFd;

use super::context::{Context, Outcome, Stop};
use crate::cli::part::Part;
use crate::cli::values;
use crate::kinds;
use crate::kinds::capability::{Access, Broken, Region, Want};
use crate::model::{Address, Class, Fault};
use crate::output::{Dump, Progress, Unit};

/// Read bytes out of shared memory
///
/// Writes the bytes to standard output as they are, or as a dump in the form of hexdump -C: with --hex, and on
/// a terminal. How much there is to read is decided at the start; an object that is cut short meanwhile is an
/// error that says how far it went. Reading changes neither size nor content, but a System V segment has to be
/// attached to be read: pages of it that were never written to then take memory, as they would for anybody.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Which object
    #[arg(value_name = "ADDRESS", value_parser = values::address())]
    address: Address,

    #[command(flatten)]
    part: Part,

    /// Write a dump: offsets, bytes in hexadecimal, text; repeated lines are one *
    #[arg(long)]
    hex: bool,

    /// Tell bytes, rate and time on standard error while that is a terminal
    #[arg(long)]
    progress: bool,
}

const EXAMPLES: &str = "\
Examples:
  ipcctl read shm:/frames                             a dump on the terminal
  ipcctl read shm:/frames > frames.bin                the bytes themselves
  ipcctl read shm:0x5eed --offset 64 --length 16 --hex
  ipcctl read shm:/frames --length 8 | od -An -td8    a number of 64 bits
  ipcctl read shm:/frames --progress | gzip > frames.gz";

/// Reads an object.
pub(super) fn run(args: &Args, cx: &mut Context) -> Outcome {
    let record = kinds::of_address(&args.address)?;
    let memory = kinds::require(record, |record| record.memory)?;
    let look = cx.look(Want::Only(&[]));
    let read = memory.open(&look, &args.address.locator, Access::Read).map_err(Broken::from);
    let read = read.and_then(|mut region| {
        let part = args.part.of(region.size()?)?;
        let progress = Progress::new(args.progress, Some(part.end - part.start), Unit::Bytes);
        if args.hex || io::stdout().is_terminal() {
            dump(region.as_mut(), part, &progress, cx)
        } else {
            pour(region.as_mut(), part, &progress)
        }
    });
    match read {
        Ok(()) => Ok(()),
        Err(Broken::Stream(error)) => Err(Stop::Output(error)),
        Err(Broken::Region(fault)) => {
            let fault = cx.explain(fault, record, &args.address);
            // What was read is true, and comes before what is said of the rest.
            cx.flush()?;
            cx.cannot("read", Some(&args.address), &fault);
            Ok(())
        }
    }
}

/// The bytes as they are, past every buffer of ours.
fn pour(region: &mut dyn Region, part: Range<u64>, progress: &Progress) -> Result<(), Broken> {
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
) -> Result<(), Broken> {
    let mut block = vec![0; BLOCK];
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
        dump.bytes(&mut cx.out, bytes).map_err(Broken::Stream)?;
        at += count as u64;
        progress.add(count as u64);
    }
    dump.finish(&mut cx.out).map_err(Broken::Stream)?;
    cut.map_or(Ok(()), |fault| Err(fault.into()))
}

/// It ended before the end that it had at the start.
fn cut_short(region: &dyn Region, read: u64) -> Result<Fault, Fault> {
    let size = region.size()?;
    let cause = format!("it was cut short to {size} bytes meanwhile; {read} bytes were read");
    Ok(Fault::new(Class::Failed, cause))
}
