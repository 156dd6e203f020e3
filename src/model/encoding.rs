//! How bytes that others chose (names, paths, commands) become text that is safe to print and to paste,
//! and back. The one place where anything from outside is escaped.

use std::fmt::{self, Display, Write as _};

/// Bytes shown as UTF-8 text in which everything that could move a cursor, split a field or wake a shell
/// stands as `%XX`: control and format characters, white space, `%`, shell metacharacters, and bytes that
/// are not UTF-8. [`decode`] gives the bytes back.
pub struct Encoded<'a>(pub &'a [u8]);

impl Display for Encoded<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.iter().all(|&byte| is_plain(byte)) {
            // Every byte is printable ASCII, so this is UTF-8.
            return out.write_str(std::str::from_utf8(self.0).unwrap_or_default());
        }
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                if is_hostile(character) {
                    let mut bytes = [0; 4];
                    escape(out, character.encode_utf8(&mut bytes).as_bytes())?;
                } else {
                    out.write_char(character)?;
                }
            }
            escape(out, chunk.invalid())?;
        }
        Ok(())
    }
}

impl Encoded<'_> {
    /// Adds it to a text. Almost every name is plain, and then nothing is formatted.
    pub fn push(&self, out: &mut String) {
        match std::str::from_utf8(self.0) {
            Ok(plain) if self.0.iter().all(|&byte| is_plain(byte)) => out.push_str(plain),
            // Writing to a text does not fail.
            _ => drop(write!(out, "{self}")),
        }
    }
}

/// What somebody typed, to be repeated in a message: its beginning, encoded.
pub fn quoted(word: &[u8]) -> String {
    const LONGEST: usize = 60;
    match word.get(..LONGEST) {
        Some(beginning) if word.len() > LONGEST => format!("{}…", Encoded(beginning)),
        _ => Encoded(word).to_string(),
    }
}

/// The bytes that `text` stands for: `%XX` is one byte, a `%` without two hex digits is itself.
pub fn decode(text: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        match (first, tail) {
            (b'%', [high, low, after @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = after;
                    continue;
                }
                _ => bytes.push(first),
            },
            _ => bytes.push(first),
        }
        rest = tail;
    }
    bytes
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// What a shell takes for more than itself, and the escape character of this encoding.
/// `#` and `^` are patterns of zsh with EXTENDED_GLOB.
const SHELL: &[u8] = b"%\"'\\$`;&|<>()*?[]{}!#^";

/// Returns true for a byte that stands for itself. Names are long and listings longer, hence a table.
static PLAIN: [bool; 256] = {
    let mut plain = [false; 256];
    let mut byte = b'!';
    while byte <= b'~' {
        plain[byte as usize] = true;
        byte += 1;
    }
    let mut at = 0;
    while at < SHELL.len() {
        plain[SHELL[at] as usize] = false;
        at += 1;
    }
    plain
};

fn is_plain(byte: u8) -> bool {
    PLAIN[usize::from(byte)]
}

/// Characters that nobody sees make one name look like another, and some of them make a line read backwards.
/// Invisible are those that Unicode lists as Default_Ignorable_Code_Point (DerivedCoreProperties.txt), interlinear
/// annotations, and three characters that look like a blank and are not on that list: U+2800 BRAILLE PATTERN BLANK, U+16FE4
/// KHITAN SMALL SCRIPT FILLER and U+1D159 MUSICAL SYMBOL NULL NOTEHEAD.
fn is_hostile(character: char) -> bool {
    match u8::try_from(character) {
        Ok(byte) if byte.is_ascii() => !is_plain(byte),
        _ => {
            character.is_control()
                || character.is_whitespace()
                || matches!(character,
                    '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}'..='\u{1160}' | '\u{17b4}'..='\u{17b5}'
                    | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
                    | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
                    | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
                    | '\u{16fe4}' | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
        }
    }
}

fn escape(out: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(out, "%{byte:02X}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_survive_encoding_and_decoding(bytes: Vec<u8>) {
            let text = Encoded(&bytes).to_string();
            prop_assert_eq!(decode(text.as_bytes()), bytes);
            prop_assert!(!text.chars().any(|c| c.is_control() || c.is_whitespace()));
        }

        #[test]
        fn decoding_never_panics_and_never_grows(bytes: Vec<u8>) {
            prop_assert!(decode(&bytes).len() <= bytes.len());
        }
    }

    #[test]
    fn a_percent_without_two_hex_digits_stands_for_itself() {
        assert_eq!(decode(b"100%"), b"100%");
        assert_eq!(decode(b"%zz%4"), b"%zz%4");
        assert_eq!(decode(b"%41%4"), b"A%4");
    }

    #[test]
    fn an_escape_sequence_and_a_direction_override_are_not_printed_raw() {
        assert_eq!(Encoded(b"\x1b[2J a").to_string(), "%1B%5B2J%20a");
        assert_eq!(Encoded("\u{202e}x".as_bytes()).to_string(), "%E2%80%AEx");
        for invisible in ["\u{3164}", "\u{2800}", "\u{115f}", "\u{fe0f}", "\u{e0100}", "\u{1d159}"]
        {
            let name = format!("a{invisible}b");
            assert!(Encoded(name.as_bytes()).to_string().is_ascii(), "{name:?}");
        }
        assert_eq!(Encoded(b"cache#1^2").to_string(), "cache%231%5E2");
        assert_eq!(Encoded("größe".as_bytes()).to_string(), "größe");
        assert_eq!(Encoded(b"\xffa").to_string(), "%FFa");
    }
}
