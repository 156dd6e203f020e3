//! A line of `tmpfiles.d(5)`, as far as it provides or keeps a file: its type and its path, in the quotes and with the
//! escapes of `systemd.syntax(7)`. Makes no call.

/// What a line says of its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineSort {
    /// A file, a FIFO or a link is made there.
    Provides,
    /// What fits it is not cleaned away; `below`: nor is what is in it.
    Excludes { below: bool },
}

/// A line that matters here.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) sort: LineSort,
    /// With its specifiers.
    pub(super) path: Vec<u8>,
}

impl Line {
    /// Reads a line; `None` for comments, for lines of other types, and for what is none.
    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        let line = line.trim_ascii();
        if line.first() == Some(&b'#') {
            return None;
        }
        let (what, rest) = word(line)?;
        let (letter, modifiers) = what.split_first()?;
        let sort = match letter {
            b'f' | b'F' | b'p' | b'L' => LineSort::Provides,
            b'x' => LineSort::Excludes { below: true },
            b'X' => LineSort::Excludes { below: false },
            _ => return None,
        };
        if !modifiers.iter().all(u8::is_ascii_punctuation) {
            return None;
        }
        let (path, _) = word(rest)?;
        Some(Self { sort, path })
    }
}

/// The first word of a text, without its quotes and escapes, and what follows; `None` where there is none, or where a quote
/// does not end.
fn word(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.trim_ascii_start();
    if rest.is_empty() {
        return None;
    }
    let (mut word, mut quote) = (Vec::new(), None);
    while let Some((&byte, after)) = rest.split_first() {
        match (byte, quote) {
            (b'\\', _) => {
                let (bytes, after) = escape(after)?;
                word.extend(bytes);
                rest = after;
                continue;
            }
            (b'"' | b'\'', None) => quote = Some(byte),
            (_, Some(open)) if open == byte => quote = None,
            (_, None) if byte.is_ascii_whitespace() => return Some((word, after)),
            _ => word.push(byte),
        }
        rest = after;
    }
    quote.is_none().then_some((word, rest))
}

/// What a backslash and these bytes stand for, and what follows.
fn escape(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (&letter, rest) = text.split_first()?;
    let plain = |byte: u8| Some((vec![byte], rest));
    let number =
        |digits: &[u8], radix| u32::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok();
    let character = |count: usize| {
        let letter = char::from_u32(number(rest.get(..count)?, 16)?)?;
        Some((letter.to_string().into_bytes(), rest.get(count..)?))
    };
    match letter {
        b'a' => plain(7),
        b'b' => plain(8),
        b'f' => plain(12),
        b'n' => plain(b'\n'),
        b'r' => plain(b'\r'),
        b't' => plain(b'\t'),
        b'v' => plain(11),
        b's' => plain(b' '),
        b'\\' | b'"' | b'\'' => plain(letter),
        b'x' => {
            let byte = u8::try_from(number(rest.get(..2)?, 16)?).ok()?;
            Some((vec![byte], rest.get(2..)?))
        }
        b'0'..=b'7' => {
            let byte = u8::try_from(number(text.get(..3)?, 8)?).ok()?;
            Some((vec![byte], text.get(3..)?))
        }
        b'u' => character(4),
        b'U' => character(8),
        // What is no escape stands for itself.
        _ => Some((vec![b'\\', letter], rest)),
    }
}

/// An absolute path without what says nothing: slashes that follow each other, `.`, a slash at the end. `/var/run` is
/// `/run`. `None` for what is no such path.
pub(super) fn simplified(path: &[u8]) -> Option<Vec<u8>> {
    if path.first() != Some(&b'/') || path.contains(&0) {
        return None;
    }
    let mut simple = Vec::with_capacity(path.len());
    for part in path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".") {
        if part == b".." {
            return None;
        }
        simple.push(b'/');
        simple.extend(part);
    }
    if simple.starts_with(b"/var/run/") {
        simple.drain(..4);
    }
    (!simple.is_empty()).then_some(simple)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn quotes_and_escapes_are_those_of_systemd() {
        let path = |line: &str| {
            Line::parse(line.as_bytes()).map(|line| String::from_utf8(line.path).unwrap())
        };
        for (line, expected) in [
            ("f /a", "/a"),
            (" f\t/a\t0644", "/a"),
            ("f \"/a b\" 0644", "/a b"),
            ("'f' '/a b'", "/a b"),
            (r"f /a\x20b\sc\101\\", r"/a b cA\"),
            (r"f /a\u00e4", "/aä"),
            (r"x /a\*b", r"/a\*b"),
            ("f+ /a\"b c\"d", "/ab cd"),
        ] {
            assert_eq!(path(line).as_deref(), Some(expected), "{line}");
        }
        for line in [
            "",
            "f",
            "# f /a",
            "f \"/a",
            r"f /a\x2",
            r"f /a\",
            r"f /a\777",
            "fifo /a",
            "d /a",
            "z /a",
        ] {
            assert_eq!(path(line), None, "{line}");
        }
    }

    #[test]
    fn a_path_is_absolute_and_has_nothing_that_says_nothing() {
        assert_eq!(simplified(b"//run/./a//").unwrap(), b"/run/a");
        assert_eq!(simplified(b"/var/run/a").unwrap(), b"/run/a");
        for path in [&b"run/a"[..], b"", b"/", b"/run/../a", b"/a\0b"] {
            assert_eq!(simplified(path), None);
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_line_or_none(bytes: Vec<u8>) {
            if let Some(line) = Line::parse(&bytes) {
                prop_assert!(line.path.len() <= bytes.len());
                let _ = simplified(&line.path);
            }
        }
    }
}
