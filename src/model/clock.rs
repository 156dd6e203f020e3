//! Whether the process that runs under a remembered number can be the one that was meant.

/// Seconds of difference that are normal between two times of one process: IPC times are whole seconds, start
/// times hundredths.
const SLACK: i64 = 2;

/// The clocks of this machine, read at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Seconds since the epoch, now.
    pub now: i64,
    /// Seconds since the epoch at which the machine was started, if the clock was never stepped.
    pub boot: i64,
    /// Ticks a second of the start times in `/proc/PID/stat`.
    pub ticks: u64,
    /// Start times can be compared with other times. When the clock was set forward while the machine ran, as after a pause
    /// of a virtual machine, what began before that seems to have begun later.
    pub compares: bool,
}

impl Clock {
    /// The clocks of one moment: seconds since the epoch, and since boot.
    pub fn new(now: i64, up: i64, ticks: u64) -> Self {
        Self { now, boot: now.saturating_sub(up), ticks, compares: true }
    }

    /// The same, and what follows from the times at which file systems in memory were made, none of which is older than the
    /// boot of the machine: if one seems so, the clock was set forward by that much at least. Where that is more than the
    /// machine has run, every sane time is one since then, and can be compared.
    pub fn with_births(self, births: impl Iterator<Item = i64>) -> Self {
        let up = self.now.saturating_sub(self.boot);
        let mut steps = births.map(|born| self.boot.saturating_sub(born));
        let compares = !steps.any(|step| step > SLACK && step <= up);
        Self { compares, ..self }
    }

    /// Seconds since the epoch of a start time in ticks since boot.
    pub fn started(&self, ticks: u64) -> i64 {
        let since_boot = i64::try_from(ticks / self.ticks.max(1)).unwrap_or(i64::MAX);
        self.boot.saturating_add(since_boot)
    }

    /// Returns true if this boot of the machine can have set this time. If not, the clock was stepped, and nothing
    /// follows from the order of times.
    pub fn is_sane(&self, time: i64) -> bool {
        (self.boot.saturating_sub(SLACK)..=self.now.saturating_add(SLACK)).contains(&time)
    }

    /// Returns true if a process with this start time began only after `time`. Then it is not the one that did something at
    /// that time, and runs under a number that was used again. A time that is not sane proves nothing.
    pub fn is_later(&self, start: u64, time: i64) -> bool {
        self.compares && self.is_sane(time) && self.started(start) > time.saturating_add(SLACK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLOCK: Clock = Clock { now: 10_000, boot: 4_000, ticks: 100, compares: true };

    #[test]
    fn a_process_that_started_well_after_the_time_is_another_one() {
        // Started at 4,000 + 1,000.
        assert!(CLOCK.is_later(100_000, 4_997));
        assert!(!CLOCK.is_later(100_000, 4_998));
        assert!(!CLOCK.is_later(100_000, 9_000));
    }

    #[test]
    fn a_time_before_boot_or_to_come_proves_nothing() {
        assert!(!CLOCK.is_later(100_000, 3_000));
        assert!(!CLOCK.is_later(900_000, 0));
        assert!(CLOCK.is_sane(10_002) && !CLOCK.is_sane(10_003));
        assert!(CLOCK.is_sane(3_998) && !CLOCK.is_sane(3_997));
    }

    #[test]
    fn a_clock_that_was_set_forward_proves_no_order() {
        let compares = |births: &[i64]| CLOCK.with_births(births.iter().copied()).compares;
        assert!(compares(&[]) && compares(&[4_000, 3_998, 9_000]));
        // An hour, after an hour at least: what was made before that looks like what was made after it.
        assert!(!compares(&[4_000, 400]));
        assert!(!CLOCK.with_births([400].into_iter()).is_later(100_000, 4_500));
        // By days, soon after boot: nothing that was made before that has a sane time.
        assert!(compares(&[4_000 - 6_001]));
    }

    #[test]
    fn numbers_at_their_ends_do_not_overflow() {
        let clock = Clock { now: i64::MAX, boot: i64::MAX, ticks: 0, compares: true };
        assert!(!clock.is_later(u64::MAX, i64::MIN));
        assert!(!clock.is_later(u64::MAX, i64::MAX));
    }
}
