//! Names against patterns. Pure functions over any bytes.

use std::sync::LazyLock;

use super::PRODUCERS;

/// Matches a name against a pattern, and finds the process id in it.
pub fn fits(pattern: &[u8], name: &[u8]) -> Option<Option<i32>> {
    let Some((&first, rest)) = pattern.split_first() else {
        return name.is_empty().then_some(None);
    };
    match first {
        b'*' => {
            let mut places = (0..=name.len()).rev().filter(|at| begins(rest, &name[*at..]));
            places.find_map(|at| fits(rest, &name[at..]))
        }
        b'#' => number(rest, name, 10, name.len()),
        b'@' => number(rest, name, 16, 8),
        _ => {
            let (&letter, tail) = name.split_first()?;
            let same = match first {
                b'?' => is_letter(letter),
                b'~' => matches!(letter, b'0'..=b'9' | b'a'..=b'f'),
                _ => letter == first,
            };
            if same { fits(rest, tail) } else { None }
        }
    }
}

/// Returns true if the name may fit, as far as its first and last letter say: few names begin and end as a pattern does.
pub fn begins(pattern: &[u8], name: &[u8]) -> bool {
    let agree = |one: Option<&u8>, other: Option<&u8>| {
        matches!(one, Some(b'*' | b'#' | b'@' | b'?' | b'~')) || one == other
    };
    agree(pattern.first(), name.first()) && agree(pattern.last(), name.last())
}

/// All digits that come now are the number of a process.
fn number(rest: &[u8], name: &[u8], radix: u32, most: usize) -> Option<Option<i32>> {
    let length =
        name.iter().take(most).take_while(|byte| char::from(**byte).is_digit(radix)).count();
    let digits = std::str::from_utf8(&name[..length]).ok()?;
    let pid = i32::from_str_radix(digits, radix).ok().filter(|pid| *pid > 0)?;
    fits(rest, &name[length..]).map(|_| Some(pid))
}

/// Letters of temporary names: mkstemp(3), and Python's tempfile, which has an underscore too.
fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Returns true if a name was made by a machine. Words, in upper or lower case or with capitals, and numbers at the end were not.
pub fn looks_random(name: &[u8]) -> bool {
    if let Some(number) = name.strip_prefix(b"tmp-") {
        return number.iter().all(u8::is_ascii_digit);
    }
    let run = |rest: &[u8], sort: fn(&u8) -> bool| rest.iter().take_while(|b| sort(b)).count();
    let mut rest = name;
    while !rest.is_empty() {
        let upper = run(rest, u8::is_ascii_uppercase);
        let lower = run(&rest[upper..], u8::is_ascii_lowercase);
        let digits = run(&rest[upper + lower..], u8::is_ascii_digit);
        let length = upper + lower + digits;
        if length == 0 {
            return false;
        }
        // A word has more than one small letter, and nothing after its number.
        if lower == 1 || digits > 0 && length < rest.len() {
            return name.iter().all(u8::is_ascii_alphanumeric);
        }
        rest = &rest[length..];
    }
    false
}

/// What stands before the first wildcard of a pattern.
pub fn start(pattern: &str) -> &str {
    pattern.split(['*', '#', '@', '?', '~']).next().unwrap_or_default()
}

/// So many bytes of a text begin every name that could stand there.
const LONGEST: usize = 255;

/// The places of a text at which a name of a known program begins, up to the length of the longest name.
pub fn beginnings(text: &[u8]) -> Vec<Box<[u8]>> {
    /// The starts of the patterns that may convict, by their first byte.
    static STARTS: LazyLock<Vec<Vec<&[u8]>>> = LazyLock::new(|| {
        let mut by_first = vec![Vec::new(); 256];
        for producer in PRODUCERS {
            let start = start(producer.pattern).as_bytes();
            if let Some(place) =
                start.first().and_then(|first| by_first.get_mut(usize::from(*first)))
                && start.len() >= 3
                && !place.contains(&start)
            {
                place.push(start);
            }
        }
        by_first
    });
    let mut found = Vec::new();
    for (at, first) in text.iter().enumerate() {
        let Some(starts) = STARTS.get(usize::from(*first)) else { continue };
        let rest = text.get(at..).unwrap_or_default();
        if starts.iter().any(|start| rest.starts_with(start)) {
            found.push(rest.get(..rest.len().min(LONGEST)).unwrap_or_default().into());
        }
    }
    found
}

/// The modules of all programs that stand in the text of `/proc/PID/maps`, each by how its name begins.
pub fn modules_in(maps: &[u8]) -> Vec<&'static str> {
    static MODULES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
        let of_all = PRODUCERS.iter().flat_map(|producer| producer.run_by.modules);
        let mut modules: Vec<&str> = of_all.copied().collect();
        modules.sort_unstable();
        modules.dedup();
        modules
    });
    let mut found = Vec::new();
    let mut last: &[u8] = &[];
    for line in maps.split(|byte| *byte == b'\n') {
        // The path is the last thing of a line, and the only one with slashes.
        let Some(slash) = line.iter().rposition(|byte| *byte == b'/') else { continue };
        let name = line.get(slash + 1..).unwrap_or_default();
        if name == last {
            continue;
        }
        last = name;
        let fits = |module: &&&str| name.starts_with(module.as_bytes()) && !found.contains(*module);
        found.extend(MODULES.iter().filter(fits).copied().collect::<Vec<_>>());
    }
    found
}
