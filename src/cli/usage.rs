//! What the parser of the command line has to say, in the words of this program.

use super::context::write_error;

/// What clap has to say: help and version on standard output, errors in our form on standard error.
pub fn usage(error: &clap::Error, status: u8) -> u8 {
    if !error.use_stderr() {
        let _ = error.print();
        return 0;
    }
    let text = error.render().to_string();
    let lines = text.lines().filter(|line| !line.trim().is_empty()).map(in_our_words);
    let mut lines: Vec<_> = lines.collect();
    // One hint is enough, and the first one says more.
    if lines.iter().filter(|line| line.starts_with("hint: ")).count() > 1 {
        lines.pop();
    }
    let text = lines.join("\n");
    // The arguments are repeated in it, and may be anything.
    let safe: String =
        text.chars().map(|c| if c.is_control() && c != '\n' { '?' } else { c }).collect();
    write_error(&format!("ipcctl: {safe}"));
    status
}

/// A line of what clap has to say, as the rest of the program would say it.
fn in_our_words(line: &str) -> String {
    const WORDS: &[(&str, &str)] = &[
        ("error: unrecognized subcommand ", "there is no verb "),
        ("error: ", ""),
        ("  tip: a similar subcommand exists: ", "hint: there is a verb "),
        ("  tip: some similar subcommands exist: ", "hint: there are verbs "),
        ("  tip: ", "hint: "),
        ("For more information, try '--help'.", "hint: try --help"),
    ];
    for (theirs, ours) in WORDS {
        if let Some(rest) = line.strip_prefix(theirs) {
            return format!("{ours}{rest}");
        }
    }
    line.to_owned()
}
