//! How much has passed, how fast and for how long, on the terminal behind standard error. Nothing is drawn but
//! there.

use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Messages.
    Messages,
    /// Bytes.
    Bytes,
}

/// Calls between two looks at the clock, at most.
const STRIDE: u64 = 256;

/// A line that is drawn anew ten times a second.
pub struct Progress {
    line: Option<ProgressBar>,
    unit: Unit,
    passed: u64,
    /// Since the line was last told.
    untold: u64,
}

impl Progress {
    /// A line if it is `wanted`, and standard error is a terminal and standard output is not the same one.
    pub fn new(wanted: bool, unit: Unit) -> Self {
        let stderr = std::io::stderr().is_terminal();
        let line = (wanted && stderr).then(|| {
            let line = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(10));
            let template = match unit {
                Unit::Messages => "{elapsed_precise}  {human_pos} messages  {per_sec}",
                Unit::Bytes => "{elapsed_precise}  {binary_bytes}  {binary_bytes_per_sec}",
            };
            ProgressStyle::with_template(template)
                .map_or(line.clone(), |style| line.with_style(style))
        });
        Self { line, unit, passed: 0, untold: 0 }
    }

    /// So much more has passed.
    pub fn add(&mut self, messages: u64, bytes: u64) {
        let Some(line) = &self.line else { return };
        self.passed += match self.unit {
            Unit::Messages => messages,
            Unit::Bytes => bytes,
        };
        self.untold += 1;
        if self.untold >= STRIDE || self.unit == Unit::Bytes {
            self.untold = 0;
            line.set_position(self.passed);
        }
    }

    /// Draws the last state and leaves it there.
    pub fn finish(&mut self) {
        if let Some(line) = self.line.take() {
            line.set_position(self.passed);
            line.abandon();
        }
    }
}
