//! The call that a thread waits in, as `/proc/PID/task/TID/syscall` shows it. Knows no call in particular.

/// Programs of 32 bits have their stack below this, those of 64 bits nearly always above.
const FOUR_GIB: u64 = 1 << 32;

/// A call with its arguments, as they stand in the registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawCall {
    /// The number of the call: it belongs to the instruction set.
    pub number: libc::c_long,
    /// Its arguments.
    pub arguments: [u64; 6],
    /// It may be a call of another instruction set, whose numbers mean other things.
    pub foreign: bool,
}

impl RawCall {
    /// Reads `NUMBER ARGUMENT*6 STACK PROGRAM`, all but the first hexadecimal; `running` and `-1 …` are no calls.
    pub fn parse(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let mut words = text.split_ascii_whitespace();
        let number: libc::c_long = words.next()?.parse().ok().filter(|number| *number >= 0)?;
        let mut hex = || u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok();
        let arguments = [hex()?, hex()?, hex()?, hex()?, hex()?, hex()?];
        Some(Self { number, arguments, foreign: hex()? < FOUR_GIB })
    }

    /// The argument at this place as an `int`: the lower half of its register.
    pub fn int(&self, place: usize) -> i32 {
        (self.arguments.get(place).copied().unwrap_or(0) & u64::from(u32::MAX)) as i32
    }
}
