//! `read`: bytes out of shared memory.

use std::io::{self, IsTerminal};

use super::context::{Context, VerbResult};
use super::reading;
use crate::cli::part::ByteRange;
use crate::cli::values;
use crate::kinds;
use crate::model::Address;

/// Read bytes out of shared memory
///
/// Writes the bytes to standard output as they are, or as a dump in the form of hexdump -C: with --hex, and on
/// a terminal. How much there is to read is decided at the start; an object that is cut short meanwhile is an
/// error that says how far it went.
///
/// Reading changes neither size nor content, and takes no memory for what nobody has written to; but on a
/// machine with swap, to read such pages of a System V segment makes them.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Which object
    #[arg(value_name = "ADDRESS", value_parser = values::address())]
    address: Address,

    #[command(flatten)]
    part: ByteRange,

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
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    let record = kinds::of_address(&args.address)?;
    let memory = kinds::require(record, |record| record.memory)?;
    let hex = args.hex || io::stdout().is_terminal();
    reading::show(memory, (record, &args.address), &args.part, (hex, args.progress), cx)
}
