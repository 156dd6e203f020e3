//! What could go and is not taken, and the option or user that would take it: the last lines for people.

use super::doubt::Doubt;
use crate::cli::context::Context;
use crate::model::Verdict;

/// Numbers of objects.
#[derive(Debug, Default)]
pub(super) struct Rest {
    /// Suspects that no living process may open.
    later: usize,
    /// Suspects that a living process may open, as far as can be seen.
    now: usize,
    /// Objects of other users.
    pub(super) others: usize,
    /// What cannot be judged from inside of a pid namespace.
    pub(super) outside: usize,
}

impl Rest {
    /// Counts an object that is not taken, if it could be.
    pub(super) fn add(&mut self, verdict: &Verdict) {
        match Doubt::of(verdict) {
            Some(Doubt::Later) => self.later += 1,
            Some(Doubt::Now) => self.now += 1,
            Some(Doubt::None) | None => {}
        }
    }

    /// Says what is left, and what takes it.
    pub(super) fn tell(&self, cx: &Context) {
        if let Some(suspects) = self.suspects() {
            cx.note(&suspects);
        }
        match self.others {
            0 => {}
            1 => cx.note("1 object of another user not taken: run as root"),
            others => cx.note(&format!("{others} objects of other users not taken: run as root")),
        }
        if self.outside > 0 {
            cx.note(&format!(
                "{} cannot be judged from inside this pid namespace: run on the host, or --assume-alone",
                self.outside
            ));
        }
    }

    /// `3 suspects left (ipcctl clean --suspect), 2 that a living process may open (ipcctl clean --suspect=all)`
    fn suspects(&self) -> Option<String> {
        let suspects = |count| if count == 1 { "suspect" } else { "suspects" };
        let all = "that a living process may open (ipcctl clean --suspect=all)";
        let Self { later, now, .. } = *self;
        match (later, now) {
            (0, 0) => None,
            (0, now) => Some(format!("{now} {} left {all}", suspects(now))),
            (later, now) => {
                let more = if now > 0 { format!(", {now} {all}") } else { String::new() };
                let first = suspects(later);
                Some(format!("{later} {first} left (ipcctl clean --suspect){more}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_grades_of_suspects_are_told_apart() {
        let text = |later, now| Rest { later, now, ..Rest::default() }.suspects();
        assert_eq!(text(0, 0), None);
        assert_eq!(text(1, 0).unwrap(), "1 suspect left (ipcctl clean --suspect)");
        let all = "that a living process may open (ipcctl clean --suspect=all)";
        assert_eq!(text(0, 1).unwrap(), format!("1 suspect left {all}"));
        assert_eq!(
            text(3, 2).unwrap(),
            format!("3 suspects left (ipcctl clean --suspect), 2 {all}")
        );
    }
}
