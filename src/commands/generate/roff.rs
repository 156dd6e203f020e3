//! Text to roff with the macros of man(7), so that mandoc and groff both read it without a warning. Knows
//! nothing of what the text says.

use std::fmt::Write;

/// Text as it stands: nothing in it is taken for a request, an escape or a typographic mark, and what is copied
/// out of a page works on a command line.
pub(super) fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for (at, character) in text.char_indices() {
        let begins_line = at == 0 || text[..at].ends_with('\n');
        match character {
            '.' | '\'' if begins_line => {
                out.push_str("\\&");
                out.push_str(if character == '.' { "." } else { "\\(aq" });
            }
            '\\' => out.push_str("\\e"),
            '-' => out.push_str("\\-"),
            '\'' => out.push_str("\\(aq"),
            '`' => out.push_str("\\(ga"),
            '^' => out.push_str("\\(ha"),
            '~' => out.push_str("\\(ti"),
            // A terminal of ASCII alone cannot show the one character.
            '…' => out.push_str("\\&..."),
            character if character.is_ascii() => out.push(character),
            // Writing to a String does not fail.
            character => drop(write!(out, "\\[u{:04X}]", u32::from(character))),
        }
    }
    out
}

/// A literal: what is typed as it stands.
pub(super) fn bold(text: &str) -> String {
    format!("\\fB{}\\fP", plain(text))
}

/// A placeholder: what stands for something else.
pub(super) fn italic(text: &str) -> String {
    format!("\\fI{}\\fP", plain(text))
}

/// Prose: options in it are literals.
pub(super) fn running(text: &str) -> String {
    let word = |word: &str| {
        let end = word.trim_end_matches(|c: char| !c.is_alphanumeric()).len();
        let (option, rest) = word.split_at(end);
        if option.starts_with("--") && option.len() > 2 {
            format!("{}{}", bold(option), plain(rest))
        } else {
            plain(word)
        }
    };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Paragraphs, the first one where the page stands, each further one after `macro_name`: `.PP`, or `.IP` below a
/// tag. Each ends its line.
pub(super) fn paragraphs(text: &str, macro_name: &str) -> String {
    let paragraphs: Vec<_> = text.trim().split("\n\n").map(running).collect();
    paragraphs.join(&format!("\n{macro_name}\n")) + "\n"
}

/// A tag that is roff already, and what it stands for.
pub(super) fn tagged(tag: &str, text: &str) -> String {
    format!(".TP\n{tag}\n{}", paragraphs(text, ".IP"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_is_taken_for_a_request_or_an_escape() {
        assert_eq!(plain(".TH \\fB\n'br"), "\\&.TH \\efB\n\\&\\(aqbr");
        assert_eq!(plain("a.b 'c' ~^`"), "a.b \\(aqc\\(aq \\(ti\\(ha\\(ga");
        assert_eq!(plain("1…2"), "1\\&...2");
        assert_eq!(plain("é"), "\\[u00E9]");
    }

    #[test]
    fn options_in_prose_are_literals_and_dashes_are_not() {
        assert_eq!(running("see --columns help."), "see \\fB\\-\\-columns\\fP help.");
        assert_eq!(running("(--yes), or -- not"), "(\\-\\-yes), or \\-\\- not");
        assert_eq!(running("--yes, then"), "\\fB\\-\\-yes\\fP, then");
    }

    #[test]
    fn paragraphs_are_apart_below_a_tag_too() {
        assert_eq!(tagged("x", "one\n\ntwo"), ".TP\nx\none\n.IP\ntwo\n");
    }
}
