//! Targets without a fuzzer and with any compiler: `plain SECONDS [NAME…]`. Runs every seed of a target, and what campaigns have
//! kept in `corpus/`, and then what comes of these by chance: other numbers with another `IPCCTL_CHANCE`. It is not guided by what an input reaches. Prints how many inputs each target had.

use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs};

use ipcctl_fuzz::TARGETS;

/// So many inputs are tried between two looks at the clock.
const BATCH: u64 = 256;
/// The longest input.
const LONGEST: usize = 4096;

/// xorshift64*: the same numbers in every run that begins with the same one.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % limit.max(1)
    }

    /// Changes a seed in a few places, perhaps with a part of another.
    fn change(&mut self, input: &mut Vec<u8>, other: &[u8]) {
        const LIKED: &[u8] = b"\0\n \t:/-+=.,%#*?[]{}\"\\0123456789ax\x7f\x80\xff";
        for _ in 0..=self.below(6) {
            let at = self.below(input.len() + 1);
            match self.below(6) {
                0 => input.insert(at, LIKED[self.below(LIKED.len())]),
                1 => input.insert(at, self.below(256) as u8),
                2 if at < input.len() => drop(input.remove(at)),
                3 if at < input.len() => input[at] ^= 1 << self.below(8),
                4 => {
                    let from = self.below(other.len() + 1);
                    let length = self.below(other.len() - from + 1);
                    input.splice(at..at, other[from..from + length].iter().copied());
                }
                _ => {
                    let end = at + self.below(input.len() - at + 1);
                    let piece = input[at..end].to_vec();
                    input.splice(at..at, piece);
                }
            }
            input.truncate(LONGEST);
        }
    }
}

fn main() {
    let mut words = env::args().skip(1);
    let seconds: f64 =
        words.next().and_then(|word| word.parse().ok()).expect("plain SECONDS [NAME…]");
    let names: Vec<String> = words.collect();
    let start = env::var("IPCCTL_CHANCE").ok().and_then(|start| start.parse().ok()).unwrap_or(0);
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = 0;
    for (name, act) in TARGETS {
        if !names.is_empty() && !names.iter().any(|one| one == name) {
            continue;
        }
        let files = ["seeds", "corpus"].map(|kept| fs::read_dir(here.join(kept).join(name)));
        let files = files.into_iter().flatten().flatten().flatten();
        let mut inputs: Vec<Vec<u8>> = files.map(|file| fs::read(file.path()).unwrap()).collect();
        assert!(!inputs.is_empty(), "{name} has no seeds");
        inputs.sort();
        inputs.iter().for_each(|input| act(input));
        let (mut count, mut chance) = (inputs.len() as u64, Chance(0x9e37_79b9_7f4a_7c15 ^ start));
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs_f64(seconds) {
            for _ in 0..BATCH {
                let (one, other) = (chance.below(inputs.len()), chance.below(inputs.len()));
                let mut input = inputs[one].clone();
                chance.change(&mut input, &inputs[other]);
                act(&input);
            }
            count += BATCH;
        }
        println!("{name} {count}");
        all += count;
    }
    println!("{all} inputs, no panic");
}
