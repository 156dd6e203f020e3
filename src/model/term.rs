//! One term of an atomic operation on a set of semaphores, as `semop(2)` has them: `0:3=-1u`.

use std::fmt;

/// A change of one semaphore of a set, or of several in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The first semaphore.
    pub first: u16,
    /// The last one, which may be the first.
    pub last: u16,
    /// What to add to the value; 0 waits until it is 0.
    pub delta: i16,
    /// Refuse rather than wait.
    pub nowait: bool,
    /// Take it back when the process ends.
    pub undo: bool,
}

impl Term {
    /// Reads `INDEX[:LAST]=DELTA[n][u]`.
    ///
    /// # Errors
    /// A sentence that names the broken rule.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (members, change) = text.split_once('=').ok_or_else(|| form("it has no ="))?;
        let (first, last) = members.split_once(':').unwrap_or((members, members));
        let (first, last) = (member(first)?, member(last)?);
        if last < first {
            return Err(form("its last index is below its first"));
        }
        let number = change.trim_end_matches(['n', 'u']);
        let flags = change.get(number.len()..).unwrap_or_default();
        let times = |flag| flags.matches(flag).count();
        if times('n') > 1 || times('u') > 1 {
            return Err(form("a letter is there twice"));
        }
        let delta = delta(number)?;
        Ok(Self { first, last, delta, nowait: times('n') == 1, undo: times('u') == 1 })
    }

    /// How many semaphores it changes.
    pub fn count(&self) -> usize {
        usize::from(self.last.saturating_sub(self.first)) + 1
    }
}

impl fmt::Display for Term {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.first)?;
        if self.last != self.first {
            write!(out, ":{}", self.last)?;
        }
        let flags = [(self.nowait, "n"), (self.undo, "u")];
        let flags: String = flags.iter().filter(|(is, _)| *is).map(|(_, letter)| *letter).collect();
        write!(out, "={}{flags}", self.delta)
    }
}

fn form(problem: &str) -> String {
    format!("{problem}: a term is INDEX[:LAST]=DELTA, and n (do not wait) or u (undo) after it")
}

fn member(text: &str) -> Result<u16, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits);
    number.ok_or_else(|| form("an index is a number from 0 to 65535"))
}

/// semop(2) takes 16 bits, and no value is above 32767 (SEMVMX).
fn delta(text: &str) -> Result<i16, String> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok().filter(|number| digits && *number > i16::MIN);
    number.ok_or_else(|| form("a change is a number from -32767 to 32767"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn term(first: u16, last: u16, delta: i16, nowait: bool, undo: bool) -> Term {
        Term { first, last, delta, nowait, undo }
    }

    #[test]
    fn a_term_has_members_a_change_and_letters() {
        for (text, expected) in [
            ("0=-1", term(0, 0, -1, false, false)),
            ("3=+2", term(3, 3, 2, false, false)),
            ("0:499=1nu", term(0, 499, 1, true, true)),
            ("7=0un", term(7, 7, 0, true, true)),
            ("65535=32767u", term(65535, 65535, 32767, false, true)),
        ] {
            assert_eq!(Term::parse(&expected.to_string()).as_ref(), Ok(&expected), "{text}");
            assert_eq!(Term::parse(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn nothing_is_wrapped_truncated_or_guessed() {
        for text in [
            "", "=", "0", "0=", "=1", "0=x", "0=1x", "0=--1", "0=+-1", "0=1nn", "2:1=1", "65536=1",
            "-1=1", "0=32768", "0=-32768", "+1=1", "0:=1", ":1=1", "0:1:2=1", "0= 1", "0=n",
            "0=1un1",
        ] {
            assert!(Term::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_word_is_a_term_or_a_sentence(text: String) {
            if let Ok(term) = Term::parse(&text) {
                prop_assert!(term.first <= term.last && term.count() <= 65536);
            }
        }
    }
}
