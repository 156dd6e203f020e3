//! Signals by their names: `signal(7)`. Plain data.

/// The names of signals 1 to 64, without `SIG`. The first real-time signals belong to the C library.
static NAMES: [&str; 64] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG",
    "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS", "32", "33", "RTMIN", "RTMIN+1",
    "RTMIN+2", "RTMIN+3", "RTMIN+4", "RTMIN+5", "RTMIN+6", "RTMIN+7", "RTMIN+8", "RTMIN+9",
    "RTMIN+10", "RTMIN+11", "RTMIN+12", "RTMIN+13", "RTMIN+14", "RTMIN+15", "RTMAX-14", "RTMAX-13",
    "RTMAX-12", "RTMAX-11", "RTMAX-10", "RTMAX-9", "RTMAX-8", "RTMAX-7", "RTMAX-6", "RTMAX-5",
    "RTMAX-4", "RTMAX-3", "RTMAX-2", "RTMAX-1", "RTMAX",
];

/// A set of signals, as the kernel prints it: the lowest bit is signal 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignalSet(pub u64);

impl SignalSet {
    /// Reads the hexadecimal digits of `/proc/PID/status`.
    pub fn parse(digits: &str) -> Option<Self> {
        u64::from_str_radix(digits.trim(), 16).ok().map(Self)
    }

    /// Returns true if it has this signal.
    pub fn has(self, signal: u32) -> bool {
        signal
            .checked_sub(1)
            .and_then(|bit| self.0.checked_shr(bit))
            .is_some_and(|rest| rest & 1 == 1)
    }

    /// Returns true if it has no signal.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The signals that both have.
    pub fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The names of its signals, in order.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        NAMES.iter().zip(1..).filter(move |(_, signal)| self.has(*signal)).map(|(name, _)| *name)
    }
}

/// The name of a signal, without `SIG`.
pub fn signal_name(signal: u32) -> Option<&'static str> {
    NAMES.get(usize::try_from(signal.checked_sub(1)?).ok()?).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_at_their_numbers() {
        for (number, name) in [
            (1, "HUP"),
            (9, "KILL"),
            (15, "TERM"),
            (19, "STOP"),
            (31, "SYS"),
            (34, "RTMIN"),
            (64, "RTMAX"),
        ] {
            assert_eq!(signal_name(number), Some(name));
        }
        assert_eq!((signal_name(0), signal_name(65)), (None, None));
    }

    #[test]
    fn a_set_is_read_as_the_kernel_prints_it() {
        let set = SignalSet::parse("0000000180014002").unwrap();
        assert_eq!(set.names().collect::<Vec<_>>(), ["INT", "TERM", "CHLD", "32", "33"]);
        assert!(set.has(15) && !set.has(9) && !set.has(0) && !set.has(65));
        assert_eq!(SignalSet::parse("x"), None);
        assert!(set.and(SignalSet(1)).is_empty());
    }
}
