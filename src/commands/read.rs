//! `read`: bytes out of shared memory.

use std::io::{self, IsTerminal};

use crate::cli::context::{Context, VerbResult};
use crate::cli::part::ByteRange;
use crate::cli::values;
use crate::kinds;
use crate::listing::reading;
use crate::model::Address;

/// Read bytes from shared memory
///
/// Writes the bytes to standard output, raw or as a dump in the format of hexdump -C (--hex, the default on a terminal).
/// The length is determined at the start; if the object is truncated meanwhile, an error says how much was read.
///
/// Reading changes neither size nor content, and allocates no memory for pages that were never written. On a machine with
/// swap, however, reading such pages of a System V segment allocates them.
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// Shared memory
    #[arg(value_name = "ADDRESS", value_parser = values::address())]
    address: Address,

    #[command(flatten)]
    part: ByteRange,

    /// Print a hexadecimal dump with offsets and text; * stands for repeated lines
    #[arg(long)]
    hex: bool,

    /// Show progress if standard error is a terminal
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
    let memory = kinds::MEMORY.require("read", &args.address, record)?;
    let hex = args.hex || io::stdout().is_terminal();
    reading::show(memory, (record, &args.address), &args.part, (hex, args.progress), cx)
}
