//! Texts that are too long for the room that they have: without their middle, without their end, or in several lines. A
//! character is whole or not there, and counts as wide as it is.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// What stands for characters that are left out.
pub(super) const DOTS: char = '…';

/// The characters from the beginning that fit into so many columns.
fn head(text: &str, width: usize) -> &str {
    let mut taken = 0;
    for (at, letter) in text.char_indices() {
        taken += letter.width().unwrap_or(0);
        if taken > width {
            return text.get(..at).unwrap_or_default();
        }
    }
    text
}

/// The characters up to the end that fit into so many columns. What would only change the character before it is left out.
fn tail(text: &str, width: usize) -> &str {
    let (mut taken, mut begin) = (0, text.len());
    for (at, letter) in text.char_indices().rev() {
        let wide = letter.width().unwrap_or(0);
        taken += wide;
        if taken > width {
            break;
        }
        if wide > 0 {
            begin = at;
        }
    }
    text.get(begin..).unwrap_or_default()
}

/// A name without its middle. Its end tells more than its beginning.
pub(super) fn shorten(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let room = width.saturating_sub(1);
    let head = head(text, room / 2);
    format!("{head}{DOTS}{}", tail(text, room - head.width()))
}

/// A sentence without its end.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    if width == 0 {
        return String::new();
    }
    format!("{}{DOTS}", head(text, width - 1).trim_end())
}

/// A text in lines of at most so many columns, broken between words where there are some.
pub fn wrapped(text: &str, width: usize) -> Vec<String> {
    let width = width.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        let gap = usize::from(!line.is_empty());
        if line.width() + gap + word.width() <= width {
            if gap > 0 {
                line.push(' ');
            }
            line.push_str(word);
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        let mut rest = word;
        while rest.width() > width {
            let part = match head(rest, width) {
                // Not even one character fits.
                "" => rest,
                part => part,
            };
            lines.push(part.to_owned());
            rest = rest.get(part.len()..).unwrap_or_default();
        }
        line.push_str(rest);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_cut_whole_and_count_as_wide_as_they_are() {
        assert_eq!(shorten("abcdefghij", 5), "ab…ij");
        assert_eq!(shorten("abcdefghij", 10), "abcdefghij");
        assert_eq!(shorten("漢字漢字漢字", 6), "漢…字");
        // A combining character does not stand alone after the dots.
        assert_eq!(shorten("abcde\u{301}f", 4), "a…e\u{301}f");
        assert_eq!(cut("one two three", 8), "one two…");
        assert_eq!(wrapped("one two three", 8), ["one two", "three"]);
        assert_eq!(wrapped("abcdefgh i", 3), ["abc", "def", "gh", "i"]);
        assert_eq!(wrapped("", 3), [""]);
    }
}
