//! Talking with who sits at a terminal: the question, and how far it is.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::commands::context::Context;

/// Asks on the terminal.
pub(super) fn ask(question: &str) -> io::Result<bool> {
    let mut errors = io::stderr().lock();
    errors.write_all(question.as_bytes())?;
    errors.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    if !answer.ends_with('\n') {
        errors.write_all(b"\n")?;
    }
    Ok(matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// How far it is, for who waits at a terminal.
pub(super) struct Progress {
    done: usize,
    all: usize,
    shown: bool,
}

impl Progress {
    /// Fewer objects are gone before anybody could read it.
    const WORTH: usize = 1000;
    const STEP: usize = 128;

    pub(super) fn new(cx: &Context, all: usize) -> Self {
        let shown = all >= Self::WORTH && !cx.options.quiet && io::stderr().is_terminal();
        Self { done: 0, all, shown }
    }

    pub(super) fn step(&mut self) {
        self.done += 1;
        if self.shown && self.done.is_multiple_of(Self::STEP) {
            let _ = write!(io::stderr().lock(), "\r{} of {}", self.done, self.all);
        }
    }

    pub(super) fn end(&self) {
        if self.shown {
            let _ = write!(io::stderr().lock(), "\r\x1b[K");
        }
    }
}
