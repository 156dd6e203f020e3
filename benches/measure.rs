//! Measuring processes: wall time from start to end with the output drained from a pipe, and peak memory, as medians
//! over rounds in which every contestant runs once. Knows nothing of rows or goals.

use std::io::{self, Read};
use std::mem::MaybeUninit;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::Result;
use crate::world::World;

/// Rounds go on until this much time has passed …
const BUDGET: Duration = Duration::from_secs(4);
/// … but never fewer than a median needs, nor more than help it.
const ROUNDS: std::ops::RangeInclusive<usize> = 11..=301;

/// What a run has to put out, so that a fast failure cannot pass for a fast answer.
#[derive(Clone, Copy)]
pub enum Expect {
    /// No matter.
    Anything,
    /// At least so many lines, and at most a few headings more.
    Lines(usize),
    /// So many times a word, for JSON.
    Words(&'static str, usize),
}

/// One program with its arguments in one world.
pub struct Contestant {
    /// Where it runs.
    pub world: Rc<World>,
    /// The executable.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// What it must print.
    pub expect: Expect,
    /// What is run before it, and not timed: a program and its arguments.
    pub before: Option<(PathBuf, [String; 2])>,
}

/// The medians of one contestant.
#[derive(Clone, Copy)]
pub struct Medians {
    /// Milliseconds from before the start to after the end.
    pub ms: f64,
    /// Peak resident memory in MiB.
    pub peak_mib: f64,
}

/// Runs all contestants in turn, A B C A B C …, so that whatever else the machine does meets each of them alike.
pub fn side_by_side(contestants: &[Contestant]) -> Result<Vec<Medians>> {
    for contestant in contestants {
        contestant.run(contestant.expect)?; // warm caches, and the output looked at before any time is taken
    }
    let mut samples: Vec<Vec<(Duration, u64)>> = contestants.iter().map(|_| Vec::new()).collect();
    let start = Instant::now();
    for round in 1..=*ROUNDS.end() {
        for (contestant, samples) in contestants.iter().zip(&mut samples) {
            samples.push(contestant.run(Expect::Anything)?);
        }
        if round >= *ROUNDS.start() && start.elapsed() > BUDGET {
            break;
        }
    }
    Ok(samples.into_iter().map(medians).collect())
}

fn medians(samples: Vec<(Duration, u64)>) -> Medians {
    let (mut times, mut peaks): (Vec<_>, Vec<_>) = samples.into_iter().unzip();
    times.sort_unstable();
    peaks.sort_unstable();
    let middle = times.len() / 2;
    Medians { ms: times[middle].as_secs_f64() * 1e3, peak_mib: peaks[middle] as f64 / 1024.0 }
}

impl Contestant {
    /// One run: its wall time and its peak memory in KiB.
    fn run(&self, expect: Expect) -> Result<(Duration, u64)> {
        self.world.enter()?;
        if let Some((program, arguments)) = &self.before {
            let made = Command::new(program).args(arguments).stdout(Stdio::null()).status()?;
            if !made.success() {
                return Err(format!("`{}` went wrong", arguments.join(" ")).into());
            }
        }
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        let start = Instant::now();
        let mut child = command.spawn()?;
        let found = expect.drain(&mut child.stdout.take().ok_or("the child has no pipe")?)?;
        let (status, peak) = wait(child.id() as libc::pid_t)?;
        let time = start.elapsed();
        if status != 0 || !expect.is_met_by(found) {
            return Err(format!(
                "`{}` went wrong: wait status {status:#x}, found {found}",
                self.line()
            )
            .into());
        }
        Ok((time, peak))
    }

    /// The command as one would type it, without the directory of the program.
    fn line(&self) -> String {
        let program = self.program.file_name().unwrap_or_default().to_string_lossy();
        format!("{program} {}", self.arguments.join(" "))
    }
}

impl Expect {
    /// Reads to the end and counts. Keeps nothing: a child's peak memory starts at what its parent had, so the bench
    /// itself must stay small.
    fn drain(self, from: &mut impl Read) -> io::Result<usize> {
        let mut buffer = [0_u8; 64 * 1024];
        let (mut found, mut matched) = (0, 0);
        loop {
            let got = match from.read(&mut buffer) {
                Ok(0) => return Ok(found),
                Ok(got) => &buffer[..got],
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            match self {
                Expect::Anything => found += got.len(),
                Expect::Lines(_) => found += got.iter().filter(|byte| **byte == b'\n').count(),
                Expect::Words(word, _) => {
                    let word = word.as_bytes();
                    for byte in got {
                        // Enough for a quoted word, whose first character does not come again before its end.
                        matched = if *byte == word[matched] {
                            matched + 1
                        } else {
                            usize::from(*byte == word[0])
                        };
                        if matched == word.len() {
                            (found, matched) = (found + 1, 0);
                        }
                    }
                }
            }
        }
    }

    fn is_met_by(self, found: usize) -> bool {
        match self {
            Expect::Anything => true,
            Expect::Lines(lines) => (lines..=lines + 8).contains(&found),
            Expect::Words(_, times) => found == times,
        }
    }
}

/// Waits for one child; its wait status and its peak resident memory in KiB.
fn wait(pid: libc::pid_t) -> io::Result<(libc::c_int, u64)> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    loop {
        // SAFETY: both pointers are valid for writing, and all zeroes is a value of `rusage`.
        let (got, usage) = unsafe {
            (libc::wait4(pid, &mut status, 0, usage.as_mut_ptr()), usage.assume_init_ref())
        };
        if got == pid {
            return Ok((status, u64::try_from(usage.ru_maxrss).unwrap_or(0)));
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
}
