//! `generate`: the manual pages, made of the definition of the command line and of what people wrote about it, and
//! the completions of the shells: for those who installed nothing but the program, and for packagers.

mod definition;
mod overview;
mod page;
mod prose;
mod roff;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use clap::{Command, ValueEnum};

use super::{VERBS, Verb};
use crate::cli::context::{Context, VerbResult};
use crate::listing::columns::{self, ColumnHelp};
use crate::model::{Class, Encoded, Fault};
use page::Page;

/// Write the manual pages or the completions to a directory
#[derive(clap::Args, Debug)]
#[command(after_long_help = EXAMPLES)]
pub(super) struct Args {
    /// What to write
    #[arg(value_enum)]
    what: What,

    /// Directory to write to
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

const EXAMPLES: &str = "\
Examples:
  ipcctl generate man man
  ipcctl generate completions completions";

#[derive(Clone, Copy, Debug, ValueEnum)]
enum What {
    /// ipcctl.1, a page a verb, and the pages that are prose alone
    Man,
    /// For bash, zsh and fish
    Completions,
}

/// What the shells read, each under the name by which its shell finds it.
const COMPLETIONS: &[(&str, &str)] = &[
    ("ipcctl.bash", include_str!("../../completions/ipcctl.bash")),
    ("_ipcctl", include_str!("../../completions/_ipcctl")),
    ("ipcctl.fish", include_str!("../../completions/ipcctl.fish")),
];

/// Writes the files.
pub(super) fn run(args: &Args, cx: &mut Context) -> VerbResult {
    let written = fs::create_dir_all(&args.dir).and_then(|()| match args.what {
        What::Man => man(&args.dir),
        What::Completions => {
            COMPLETIONS.iter().try_for_each(|(name, text)| fs::write(args.dir.join(name), text))
        }
    });
    if let Err(error) = written {
        let directory = Encoded(args.dir.as_os_str().as_encoded_bytes());
        cx.cannot("write to", Some(&directory), &Fault::new(Class::Failed, error.to_string()));
    }
    Ok(())
}

fn man(directory: &Path) -> io::Result<()> {
    let mut all = super::definition().disable_help_subcommand(true);
    all.build();
    let verbs: Vec<(&Verb, &Command)> = VERBS
        .iter()
        .filter(|verb| !verb.hidden)
        .filter_map(|verb| Some((verb, all.find_subcommand(verb.name)?)))
        .collect();
    let mut pages = vec![overview(&all, &verbs)];
    pages.extend(verbs.iter().map(|(verb, command)| of_verb(verb, command)));
    // Pages that are prose alone are in the sections of the manual that no verb is in.
    pages.extend(prose::of_section('7').map(|name| Page::new(name, '7', "")));
    pages.into_iter().try_for_each(|page| write(page, directory))
}

/// Writes a page with the prose that belongs to it.
fn write(mut page: Page, directory: &Path) -> io::Result<()> {
    if let Some(text) = prose::of_page(&page.file_name()) {
        page.add_prose(text);
    }
    page.write(directory)
}

fn about(command: &Command) -> String {
    command.get_about().map(ToString::to_string).unwrap_or_default()
}

fn overview(all: &Command, verbs: &[(&Verb, &Command)]) -> Page {
    let listed: Vec<_> = verbs.iter().map(|(verb, command)| (*verb, about(command))).collect();
    let mut page = Page::new("ipcctl", '1', &lower(&about(all)));
    page.add("SYNOPSIS", definition::synopsis(all));
    page.add("DESCRIPTION", definition::description(all));
    page.add("OPTIONS", definition::common(all));
    page.add("VERBS", overview::verbs(&listed));
    page.add("KINDS", overview::kinds());
    page.add("COLUMNS", overview::columns(&columns::of_objects()));
    page.add("EXIT STATUS", overview::statuses());
    page.add("EXAMPLES", definition::examples(all));
    page.add("SEE ALSO", ".BR ipcctl (7)\n".into());
    page
}

fn of_verb(verb: &Verb, command: &Command) -> Page {
    let mut page = Page::new(&overview::page(verb), '1', &lower(&about(command)));
    page.add("SYNOPSIS", definition::synopsis(command));
    page.add("DESCRIPTION", definition::description(command) + &overview::takers(verb.takes));
    page.add("OPTIONS", definition::options(command));
    page.add("OUTPUT OPTIONS", definition::shared(command));
    page.add("COLUMNS", of_columns((verb.columns)()));
    page.add("EXIT STATUS", overview::statuses_of(verb.fails));
    page.add("EXAMPLES", definition::examples(command));
    page.add("SEE ALSO", ".BR ipcctl (1),\n.BR ipcctl (7)\n".into());
    page
}

/// The columns of a verb: those of objects are described once, in `ipcctl(1)`.
fn of_columns(known: ColumnHelp) -> String {
    let of_objects = columns::of_objects();
    if !of_objects.iter().all(|column| known.contains(column)) {
        return overview::columns(&known);
    }
    let own: ColumnHelp = known.into_iter().filter(|column| !of_objects.contains(column)).collect();
    let those = ".BR ipcctl (1)\nhas the columns of objects";
    match own.is_empty() {
        true => format!("{those}.\n"),
        false => format!("{those}; besides them there are:\n{}", overview::columns(&own)),
    }
}

/// NAME lines begin in lower case, but for a name.
fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}
