//! Bytes of mappings that were written and not yet reached their file: `proc_pid_smaps(5)`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader};

use crate::model::{Showing, ShownAs, Value};
use crate::sys::processes::{Proc, Process};

/// Dirty bytes of the mappings of processes by their first address, each process read once: those that this process alone
/// has mapped, and those that others have mapped, too.
#[derive(Default)]
pub(super) struct DirtyBytes(HashMap<i32, Option<OfProcess>>);

/// Dirty bytes of the mappings of one process.
type OfProcess = HashMap<u64, (u64, u64)>;

impl DirtyBytes {
    /// The dirty bytes of a file with these mappings. What several processes share is counted once, as far as one of them has
    /// it.
    pub(super) fn of(&mut self, proc: &Proc, showings: &[Showing]) -> Value {
        let (mut own, mut shared, mut of_one) = (0u64, 0u64, HashMap::<i32, u64>::new());
        for showing in showings {
            let ShownAs::Mapping(start, _) = showing.place else { continue };
            let read = || proc.process(showing.pid).ok().and_then(|process| read(&process));
            let Some(known) = self.0.entry(showing.pid).or_insert_with(read) else {
                return Value::Unknown("permission denied");
            };
            let (alone, others) = known.get(&start).copied().unwrap_or_default();
            own = own.saturating_add(alone);
            *of_one.entry(showing.pid).or_default() += others;
        }
        for bytes in of_one.into_values() {
            shared = shared.max(bytes);
        }
        Value::Bytes(own.saturating_add(shared))
    }
}

fn read(process: &Process) -> Option<OfProcess> {
    let smaps = process.open(c"smaps").ok()?;
    let mut found = HashMap::new();
    let mut start = 0;
    let mut line = Vec::new();
    let mut lines = BufReader::with_capacity(1 << 16, File::from(smaps));
    while lines.read_until(b'\n', &mut line).ok()? > 0 {
        match parse(&line) {
            Some(SmapsLine::Mapping(address)) => start = address,
            Some(SmapsLine::Dirty { shared, bytes }) => {
                let known: &mut (u64, u64) = found.entry(start).or_default();
                let part = if shared { &mut known.1 } else { &mut known.0 };
                *part = part.saturating_add(bytes);
            }
            None => {}
        }
        line.clear();
    }
    Some(found)
}

#[derive(Debug, PartialEq, Eq)]
enum SmapsLine {
    /// A mapping begins at this address.
    Mapping(u64),
    /// So many bytes of it are dirty.
    Dirty { shared: bool, bytes: u64 },
}

fn parse(line: &[u8]) -> Option<SmapsLine> {
    let kilobytes = |rest: &[u8]| {
        let text = std::str::from_utf8(rest).ok()?.trim();
        text.strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
    };
    for (word, shared) in [(&b"Shared_Dirty:"[..], true), (b"Private_Dirty:", false)] {
        if let Some(rest) = line.strip_prefix(word) {
            return Some(SmapsLine::Dirty { shared, bytes: kilobytes(rest)? });
        }
    }
    let range = line.split(|byte| *byte == b' ').next()?;
    let (start, end) = std::str::from_utf8(range).ok()?.split_once('-')?;
    u64::from_str_radix(end, 16).ok()?;
    Some(SmapsLine::Mapping(u64::from_str_radix(start, 16).ok()?))
}

/// Gives any bytes to the parser: for `fuzz/`.
#[cfg(fuzzing)]
pub(super) fn fuzz(bytes: &[u8]) {
    bytes.split(|byte| *byte == b'\n').for_each(|line| drop(parse(line)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn lines_of_smaps_are_told_apart() {
        let mapping = b"7f00-7f10 rw-s 00000000 00:1b 5 /x Private_Dirty: 9 kB\n";
        assert_eq!(parse(mapping), Some(SmapsLine::Mapping(0x7f00)));
        let dirty = SmapsLine::Dirty { shared: false, bytes: 12288 };
        assert_eq!(parse(b"Private_Dirty:        12 kB\n"), Some(dirty));
        assert_eq!(parse(b"Rss:                  12 kB\n"), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_line_or_none(line: Vec<u8>) {
            let _ = parse(&line);
        }
    }
}
