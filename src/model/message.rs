//! What a message has besides its bytes.

use std::fmt::{self, Display};

/// What a message carries besides its bytes, as its kind has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mark {
    /// Nothing: bytes alone.
    #[default]
    None,
    /// A priority, 0 to 32767; the highest is received first.
    Priority(u32),
    /// A type, 1 or above, by which a receiver can choose.
    Type(i64),
}

impl Mark {
    /// Its name and its value, as frames and environments have them.
    pub fn parts(self) -> Option<(&'static str, i64)> {
        match self {
            Self::None => None,
            Self::Priority(priority) => Some(("priority", priority.into())),
            Self::Type(kind) => Some(("type", kind)),
        }
    }

    /// Returns true if a message has it for which nothing else was said.
    pub fn is_usual(self) -> bool {
        matches!(self, Self::None | Self::Priority(0) | Self::Type(1))
    }
}

impl Display for Mark {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            Some((name, value)) => write!(out, "{name} {value}"),
            None => out.write_str("no priority or type"),
        }
    }
}
