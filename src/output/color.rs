//! What has which colour. A colour never says anything that the text beside it does not.

use crate::model::{Named, Value};

/// What a colour is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Column headings, and the labels of `show`.
    Heading,
    /// The address in `show`.
    Address,
    /// The state *in-use*.
    InUse,
    /// The state *leftover*.
    Leftover,
    /// The state *suspect*.
    Suspect,
    /// The state *idle*.
    Idle,
    /// The state *unknown*.
    Unknown,
    /// Whatever the column TROUBLE says.
    Trouble,
    /// A limit of which 80 percent are used.
    High,
    /// A limit of which 95 percent are used.
    Full,
    /// The word *warning* before a message.
    Warning,
    /// The word *hint* before a message.
    Hint,
}

impl Named for Tone {
    const ALL: &'static [Self] = &[
        Self::Heading,
        Self::Address,
        Self::InUse,
        Self::Leftover,
        Self::Suspect,
        Self::Idle,
        Self::Unknown,
        Self::Trouble,
        Self::High,
        Self::Full,
        Self::Warning,
        Self::Hint,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Heading => "heading",
            Self::Address => "address",
            Self::InUse => "in-use",
            Self::Leftover => "leftover",
            Self::Suspect => "suspect",
            Self::Idle => "idle",
            Self::Unknown => "unknown",
            Self::Trouble => "trouble",
            Self::High => "high",
            Self::Full => "full",
            Self::Warning => "warning",
            Self::Hint => "hint",
        }
    }

    fn help(self) -> &'static str {
        match self {
            Self::Heading => "Column headings and labels",
            Self::Address => "Addresses in show",
            Self::InUse | Self::Leftover | Self::Suspect | Self::Idle | Self::Unknown => "A state",
            Self::Trouble => "A trouble",
            Self::High => "A limit that is used to 80 percent",
            Self::Full => "A limit that is used to 95 percent",
            Self::Warning => "The word before a warning",
            Self::Hint => "The word before a hint",
        }
    }
}

/// Percent from which a limit is [`Tone::High`], and from which it is [`Tone::Full`].
const NEAR: [f64; 2] = [80.0, 95.0];

impl Tone {
    /// The SGR parameters of this tone unless the user says otherwise.
    fn code(self) -> &'static str {
        match self {
            Self::Heading | Self::Address => "1",
            Self::InUse => "32",
            Self::Leftover | Self::Trouble | Self::Full => "31",
            Self::Suspect | Self::High | Self::Warning => "33",
            Self::Idle => "",
            Self::Unknown => "2",
            Self::Hint => "36",
        }
    }

    /// The tone of a value in the column called `name`.
    pub fn of(name: &str, value: &Value) -> Option<Self> {
        match (name, value) {
            ("state", Value::Word(word) | Value::WordFor(word, _)) => {
                Self::ALL.iter().copied().find(|tone| tone.name() == *word)
            }
            ("trouble", value) if value.is_known() => Some(Self::Trouble),
            ("percent", Value::Percent(share)) if *share >= NEAR[1] => Some(Self::Full),
            ("percent", Value::Percent(share)) if *share >= NEAR[0] => Some(Self::High),
            _ => None,
        }
    }
}

/// The colours of one run.
#[derive(Clone, Debug, Default)]
pub struct Palette {
    /// What begins each tone, in the order of [`Tone::ALL`]; empty for what is plain.
    begins: Vec<String>,
}

/// Ends whatever colour has begun.
pub const PLAIN: &str = "\x1b[0m";

impl Palette {
    /// No colour at all.
    pub fn plain() -> Self {
        Self::default()
    }

    /// Colours as `changes` has them: `leftover=1;31:idle=2`, as in LS_COLORS. What is not named there keeps its colour; a
    /// word that is no tone, or parameters that are not digits and semicolons, change nothing.
    pub fn new(changes: &str) -> Self {
        let changes: Vec<_> = changes.split(':').filter_map(|one| one.split_once('=')).collect();
        let begin = |tone: &Tone| {
            let valid = |code: &str| code.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b';'));
            let change =
                changes.iter().rev().find(|(name, code)| *name == tone.name() && valid(code));
            let code = change.map_or(tone.code(), |(_, code)| *code);
            if code.is_empty() { String::new() } else { format!("\x1b[{code}m") }
        };
        Self { begins: Tone::ALL.iter().map(begin).collect() }
    }

    /// Returns true if anything has a colour.
    pub fn is_on(&self) -> bool {
        !self.begins.is_empty()
    }

    /// What begins and what ends a tone: both empty where it has no colour.
    pub fn around(&self, tone: Tone) -> (&str, &'static str) {
        let at = Tone::ALL.iter().position(|one| *one == tone);
        match at.and_then(|at| self.begins.get(at)).map(String::as_str) {
            Some(begin) if !begin.is_empty() => (begin, PLAIN),
            _ => ("", ""),
        }
    }

    /// A text in a tone.
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        let (begin, end) = self.around(tone);
        format!("{begin}{text}{end}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_changed_keeps_its_colour_and_what_is_invalid_changes_nothing() {
        let palette = Palette::new("leftover=1;35:idle=2:suspect=\x1b[7:nosuch=1:in-use=");
        assert_eq!(palette.paint(Tone::Leftover, "x"), "\x1b[1;35mx\x1b[0m");
        assert_eq!(palette.paint(Tone::Idle, "x"), "\x1b[2mx\x1b[0m");
        assert_eq!(palette.paint(Tone::Suspect, "x"), "\x1b[33mx\x1b[0m");
        assert_eq!(palette.paint(Tone::InUse, "x"), "x");
        assert_eq!(Palette::plain().paint(Tone::Leftover, "x"), "x");
    }

    #[test]
    fn every_state_has_a_tone() {
        use crate::model::State;
        for state in State::ALL {
            assert!(Tone::of("state", &Value::Word(state.name())).is_some(), "{}", state.name());
        }
        assert_eq!(Tone::of("kind", &Value::Word("idle")), None);
        assert_eq!(Tone::of("percent", &Value::Percent(79.9)), None);
        assert_eq!(Tone::of("percent", &Value::Percent(80.0)), Some(Tone::High));
        assert_eq!(Tone::of("percent", &Value::Percent(95.0)), Some(Tone::Full));
    }
}
