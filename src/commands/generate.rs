//! `generate`: the manual pages and completions, made of the definition of the command line. Hidden: for
//! maintainers and packagers.

use std::fs::{self, File};
use std::path::PathBuf;

use clap::ValueEnum;
use clap_complete::{Shell, generate_to};

use super::context::{Context, Outcome};

/// Write the manual pages or the completions into a folder
#[derive(clap::Args, Debug)]
pub(super) struct Args {
    /// What to write
    #[arg(value_enum)]
    what: What,

    /// Where to
    dir: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// ipcctl.1 and a page a verb
    Man,
    /// For bash, zsh and fish
    Completions,
}

/// Writes the files.
pub(super) fn run(args: &Args, cx: &mut Context) -> Outcome {
    fs::create_dir_all(&args.dir)?;
    match args.what {
        What::Man => man(args, cx),
        What::Completions => {
            for shell in [Shell::Bash, Shell::Zsh, Shell::Fish] {
                generate_to(shell, &mut super::definition(true), "ipcctl", &args.dir)?;
            }
            Ok(())
        }
    }
}

fn man(args: &Args, _cx: &mut Context) -> Outcome {
    let definition = super::definition(true).disable_help_subcommand(true);
    let mut all = definition.clone();
    all.build();
    page(args, &all, "ipcctl")?;
    for verb in all.get_subcommands().filter(|verb| !verb.is_hide_set()) {
        let name = format!("ipcctl-{}", verb.get_name());
        page(args, verb, &name)?;
    }
    Ok(())
}

fn page(args: &Args, command: &clap::Command, name: &str) -> Outcome {
    let mut file = File::create(args.dir.join(format!("{name}.1")))?;
    Ok(clap_mangen::Man::new(command.clone()).title(name).date("").render(&mut file)?)
}
