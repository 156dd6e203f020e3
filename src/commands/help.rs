//! `help`: what `--help` says, for those who ask with a word. Hidden: every help says how it is asked for.

use super::definition;
use crate::cli::context::{Context, VerbResult};
use crate::cli::usage::usage;
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
    if let Err(said) = definition().try_get_matches_from(words) {
        cx.exit_with(usage(&said, Class::Usage as u8));
    }
    Ok(())
}
