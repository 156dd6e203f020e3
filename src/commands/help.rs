//! `help`: what `--help` says, for those who ask with a word. Hidden: every help says how it is asked for.

use std::ffi::OsString;

use super::definition;
use crate::cli::context::{Context, VerbResult};
use crate::cli::usage::{Refused, usage};
use crate::model::Class;

/// Show the help of a verb
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// Verb [default: an overview]
    #[arg(value_name = "VERB")]
    verb: Option<String>,
}

/// Shows what the definition of the command line has to say.
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    let words = ["ipcctl"].into_iter().chain(args.verb.as_deref()).chain(["--help"]);
    let words: Vec<OsString> = words.map(OsString::from).collect();
    let program = definition();
    if let Err(said) = program.clone().try_get_matches_from(&words) {
        let refused = Refused { words: &words, program: &program, status: Class::Usage as u8 };
        cx.exit_with(usage(&said, &refused));
    }
    Ok(())
}
