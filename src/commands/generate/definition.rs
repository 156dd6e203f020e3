//! The sections of a page that a command's definition gives: what `--help` says, as roff. Knows no command in
//! particular.

use clap::{Arg, ArgAction, Command};

use super::roff;

/// The line that shows how the command is called, with its literals and placeholders told apart.
pub(super) fn synopsis(command: &Command) -> String {
    let usage = command.clone().render_usage().to_string();
    let usage = usage.trim_start_matches("Usage:").trim();
    let literal = usage.find(" [").into_iter().chain(usage.find(" <")).min().unwrap_or(usage.len());
    let (literal, rest) = usage.split_at(literal);
    let words: Vec<_> = rest.split_whitespace().map(placeholder).collect();
    format!("{} {}\n", roff::bold(literal), words.join(" ")).replace(" \n", "\n")
}

/// Letters are the name of something; brackets and dots say how often.
fn placeholder(word: &str) -> String {
    let name = word.trim_matches(|c: char| "[]<>.…".contains(c));
    match word.split_once(name) {
        Some((before, after)) if !name.is_empty() => {
            // What must be given needs no brackets: the slant says that it is a placeholder.
            let bare = |part: &str| roff::plain(&part.replace(['<', '>'], ""));
            let name = if name == "--" { roff::bold(name) } else { roff::italic(name) };
            format!("{}{name}{}", bare(before), bare(after))
        }
        _ => roff::plain(word),
    }
}

/// What the command does, beyond the line that is its name's.
pub(super) fn description(command: &Command) -> String {
    let long = command.get_long_about().map(ToString::to_string).unwrap_or_default();
    let short = command.get_about().map(ToString::to_string).unwrap_or_default();
    // The first paragraph is the summary, which stands in NAME.
    match long.split_once("\n\n") {
        Some((_, rest)) => roff::paragraphs(rest, ".PP"),
        None => roff::paragraphs(&format!("{short}."), ".PP"),
    }
}

/// Every argument and option, under the headings of the help. Options that all verbs share are left out: `ipcctl(1)`
/// explains them once, see [`shared`].
pub(super) fn options(command: &Command) -> String {
    let own = |arg: &&Arg| !arg.is_hide_set() && !arg.is_global_set();
    described(&command.get_arguments().filter(own).collect::<Vec<_>>())
}

/// The options of the whole program, under the headings of the help.
pub(super) fn common(command: &Command) -> String {
    described(&command.get_arguments().filter(|arg| !arg.is_hide_set()).collect::<Vec<_>>())
}

/// One line that names the shared options of a verb and the page that explains them.
pub(super) fn shared(command: &Command) -> String {
    let global = command.get_arguments().filter(|arg| arg.is_global_set() && !arg.is_hide_set());
    let names: Vec<_> =
        global.filter_map(|arg| Some(roff::bold(&format!("--{}", arg.get_long()?)))).collect();
    match names.is_empty() {
        true => String::new(),
        false => format!("{}: see\n.BR ipcctl (1).\n", names.join(", ")),
    }
}

fn described(shown: &[&Arg]) -> String {
    let (positional, options): (Vec<&Arg>, Vec<&Arg>) =
        shown.iter().partition(|arg| arg.is_positional());
    let mut body: String = positional.iter().map(|arg| argument(arg)).collect();
    let mut headings: Vec<Option<&str>> = Vec::new();
    for arg in &options {
        if !headings.contains(&arg.get_help_heading()) {
            headings.push(arg.get_help_heading());
        }
    }
    // Without a heading come the verb's own, and they come first.
    headings.sort_by_key(Option::is_some);
    for heading in headings {
        if let Some(heading) = heading {
            body.push_str(&format!(".SS {}\n", roff::plain(heading)));
        }
        let group = options.iter().filter(|arg| arg.get_help_heading() == heading);
        body.extend(group.map(|arg| argument(arg)));
    }
    body
}

fn argument(arg: &Arg) -> String {
    let help = arg.get_long_help().or(arg.get_help()).map(ToString::to_string).unwrap_or_default();
    let mut text = help.trim().to_owned();
    let default: Vec<_> =
        arg.get_default_values().iter().map(|one| one.to_string_lossy()).collect();
    let takes_value = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    if !default.is_empty() && takes_value && !arg.is_hide_default_value_set() {
        text.push_str(&format!(" [default: {}]", default.join(" ")));
    }
    roff::tagged(&tag(arg), &text) + &possible_values(arg)
}

fn tag(arg: &Arg) -> String {
    let mut value = String::new();
    if matches!(arg.get_action(), ArgAction::Set | ArgAction::Append) {
        let names = arg.get_value_names().unwrap_or_default().iter();
        value = names.map(|name| roff::italic(name)).collect::<Vec<_>>().join(" ");
        if arg.get_num_args().is_some_and(|range| range.max_values() > 1) {
            value.push_str(" ...");
        }
    }
    let short = arg.get_short().map(|letter| roff::bold(&format!("-{letter}")));
    let long = arg.get_long().map(|word| roff::bold(&format!("--{word}")));
    let names: Vec<_> = short.into_iter().chain(long).collect();
    match (names.is_empty(), value.is_empty()) {
        (true, _) => value,
        (false, true) => names.join(", "),
        (false, false) if arg.get_num_args().is_some_and(|range| range.min_values() == 0) => {
            format!("{}[={value}]", names.join(", "))
        }
        (false, false) => format!("{} {value}", names.join(", ")),
    }
}

fn possible_values(arg: &Arg) -> String {
    let values: Vec<_> = arg.get_possible_values();
    let values: Vec<_> = values.iter().filter(|value| !value.is_hide_set()).collect();
    let takes_value = matches!(arg.get_action(), ArgAction::Set | ArgAction::Append);
    if values.is_empty() || !takes_value {
        return String::new();
    }
    let listed = values.iter().map(|value| {
        let help = value.get_help().map(ToString::to_string).unwrap_or_default();
        roff::tagged(&roff::bold(value.get_name()), &help)
    });
    format!(".RS\n{}.RE\n", listed.collect::<String>())
}

/// The examples of the help: a command, and after at least two blanks what it is good for.
pub(super) fn examples(command: &Command) -> String {
    let help = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    let mut body = String::new();
    let examples = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    for line in examples.take_while(|line| line.starts_with("  ")) {
        match line.trim().split_once("  ") {
            Some((example, comment)) => {
                body.push_str(&roff::tagged(&roff::bold(example), comment.trim()));
            }
            None => body.push_str(&format!(".PP\n{}\n", roff::bold(line.trim()))),
        }
    }
    body.strip_prefix(".PP\n").map(str::to_owned).unwrap_or(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> Command {
        let mut command = Command::new("try")
            .bin_name("ipcctl try")
            .about("Try it")
            .long_about("Try it\n\nMore of it.")
            .after_long_help("Examples:\n  ipcctl try x    the x\n  ipcctl try y\n\nNotes:\n  none")
            .disable_help_flag(true)
            .arg(Arg::new("address").value_name("ADDRESS").required(true).help("Which"))
            .arg(Arg::new("size").long("size").value_name("N").default_value("3").help("How much"))
            .arg(Arg::new("command").value_name("COMMAND").num_args(1..).last(true).help("Run"));
        command.build();
        command
    }

    #[test]
    fn the_synopsis_tells_literals_from_placeholders() {
        assert_eq!(
            synopsis(&command()),
            "\\fBipcctl try\\fP [\\fIOPTIONS\\fP] \\fIADDRESS\\fP [\\fB\\-\\-\\fP \\fICOMMAND\\fP\\&...]\n"
        );
    }

    #[test]
    fn examples_end_where_another_section_begins() {
        assert_eq!(
            examples(&command()),
            ".TP\n\\fBipcctl try x\\fP\nthe x\n.PP\n\\fBipcctl try y\\fP\n"
        );
    }

    #[test]
    fn an_option_shows_its_value_and_its_default() {
        assert_eq!(description(&command()), "More of it.\n");
        assert!(
            options(&command()).contains("\\fB\\-\\-size\\fP \\fIN\\fP\nHow much [default: 3]\n")
        );
    }
}
