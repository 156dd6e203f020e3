//! How far a transfer is, on standard error while that is a terminal.

use std::fmt;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProgressUnit {
    /// Bytes.
    Bytes,
    /// Messages.
    Messages,
    /// Objects.
    Objects,
}

/// A line that says how much has been done, how fast, and for how long. The last state of it stays.
pub struct Progress(Option<ProgressBar>);

impl Progress {
    /// Begins, if it is wanted and standard error is a terminal. `total` is what will have been done at the end.
    pub fn new(wanted: bool, total: Option<u64>, unit: ProgressUnit) -> Self {
        if !wanted {
            return Self(None);
        }
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(10));
        let template = match (unit, total) {
            (ProgressUnit::Bytes, Some(_)) => {
                "{binary_bytes} of {binary_total_bytes} [{bar:30}] {binary_bytes_per_sec} {elapsed_precise}"
            }
            (ProgressUnit::Bytes, None) => {
                "{binary_bytes} {binary_bytes_per_sec} {elapsed_precise}"
            }
            (ProgressUnit::Messages, Some(_)) => {
                "{pos} of {len} messages [{bar:30}] {rate} {elapsed_precise}"
            }
            (ProgressUnit::Objects, _) => {
                "{pos} of {len} objects [{bar:30}] {rate} {elapsed_precise}"
            }
            (ProgressUnit::Messages, None) => "{pos} messages {rate} {elapsed_precise}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key("rate", rate).progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(Some(bar))
    }

    /// So much more has been done.
    pub fn add(&self, more: u64) {
        if let Some(bar) = &self.0 {
            bar.inc(more);
        }
    }
}

/// So many a second, with a fraction only where it tells something.
fn rate(state: &ProgressState, out: &mut dyn fmt::Write) {
    let rate = state.per_sec();
    let digits = usize::from(rate < 100.0);
    // A line that cannot be written is no reason to stop.
    let _ = write!(out, "{rate:.digits$}/s");
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.abandon();
        }
    }
}
