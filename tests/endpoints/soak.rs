//! Eight senders and eight receivers of one queue or FIFO, each ended again and again by a signal at a random moment and
//! started anew: every message is somewhere exactly once, whole. A few are sent here, and as many as `IPCCTL_SOAK` says where it
//! is set: `make soak`. What a killed process costs is counted.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, PipeReader, Read, Seek, Write, pipe};
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::Value;

use super::signals::that_end;
use crate::env::{Running, TestEnv};
use crate::makers::fifo;
use crate::output::Run;

crate::cases![
    random_signals_leave_each_message_of_a_posix_queue_in_one_place,
    random_signals_leave_each_message_of_a_system_v_queue_in_one_place,
    random_signals_leave_each_packet_of_a_fifo_in_one_place,
    killed_receivers_of_a_posix_queue_cost_a_bounded_number,
    killed_receivers_of_a_system_v_queue_cost_a_bounded_number
];

const LANES: u64 = 8;

/// So many messages may a receiver have in hand that is killed.
const IN_HAND: u64 = 64;

/// So long a process lives at most, in milliseconds.
const LIFE: u64 = 150;

fn random_signals_leave_each_message_of_a_posix_queue_in_one_place() {
    soak("posix", &["create", "mq:/q", "--max-messages", "10", "--message-size", "200"], false);
}

fn random_signals_leave_each_message_of_a_system_v_queue_in_one_place() {
    soak("sysv", &["create", "mq"], false);
}

fn random_signals_leave_each_packet_of_a_fifo_in_one_place() {
    soak("packets", &["create", "fifo:./p"], false);
}

fn killed_receivers_of_a_posix_queue_cost_a_bounded_number() {
    soak("posix", &["create", "mq:/q", "--max-messages", "10", "--message-size", "200"], true);
}

fn killed_receivers_of_a_system_v_queue_cost_a_bounded_number() {
    soak("sysv", &["create", "mq"], true);
}

/// Numbers that nobody expects: xorshift.
struct Dice(u64);

impl Dice {
    fn new(seed: u64) -> Self {
        let mut dice = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        dice.below(2);
        dice
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % end
    }
}

/// A message says which it is, and has a length and letters that follow from that.
fn message(number: u64) -> String {
    let mut dice = Dice::new(number);
    let length = if dice.below(16) == 0 { dice.below(150) } else { dice.below(20) };
    let letters = (0..length).map(|_| char::from(b'a' + u8::try_from(dice.below(26)).unwrap()));
    format!("{number} {}", letters.collect::<String>())
}

/// How often each message was found, and what else was counted.
struct Ledger {
    found: Vec<AtomicU8>,
    /// Messages that were found.
    total: AtomicU64,
    signals: [AtomicU64; 2],
    saved: [AtomicU64; 2],
    /// All senders are done.
    over: AtomicBool,
}

impl Ledger {
    fn new(messages: u64) -> Self {
        let pair = || [AtomicU64::new(0), AtomicU64::new(0)];
        Self {
            found: (0..messages).map(|_| AtomicU8::new(0)).collect(),
            total: AtomicU64::new(0),
            signals: pair(),
            saved: pair(),
            over: AtomicBool::new(false),
        }
    }

    fn note(&self, line: &str) {
        let number = line.split(' ').next().unwrap().parse::<u64>();
        let number = number.unwrap_or_else(|_| panic!("{line:?} is no message"));
        assert_eq!(line, message(number));
        self.found[usize::try_from(number).unwrap()].fetch_add(1, Ordering::Relaxed);
        self.total.fetch_add(1, Ordering::Relaxed);
    }

    /// All lines of what a receiver wrote; of the last one there may be a part where it was killed.
    fn note_all(&self, output: impl Read, killed: bool) {
        let mut output = BufReader::new(output);
        let mut line = String::new();
        while output.read_line(&mut line).unwrap() > 0 {
            match line.strip_suffix('\n') {
                Some(line) => self.note(line),
                None => assert!(killed, "{line:?} is not whole"),
            }
            line.clear();
        }
    }

    fn count(&self, times: impl Fn(u8) -> bool) -> u64 {
        self.found.iter().filter(|found| times(found.load(Ordering::Relaxed))).count() as u64
    }
}

/// A pipe into which somebody writes these bytes.
fn fed(parts: impl Iterator<Item = Vec<u8>> + Send + 'static) -> PipeReader {
    let (reader, mut writer) = pipe().unwrap();
    thread::spawn(move || {
        for part in parts {
            if writer.write_all(&part).is_err() {
                return;
            }
        }
    });
    reader
}

/// Lets it live for a while, and ends it. The result says whether it was a signal that ended it.
fn ended(running: Running, dice: &mut Dice, kill: bool, over: &dyn Fn() -> bool) -> (Run, bool) {
    let signals: Vec<_> = that_end().collect();
    let signal = signals[usize::try_from(dice.below(signals.len() as u64)).unwrap()];
    let signal = if kill { libc::SIGKILL } else { signal };
    let until = Instant::now() + Duration::from_millis(1 + dice.below(LIFE));
    while Instant::now() < until && !running.has_ended() && !over() {
        thread::sleep(Duration::from_millis(1));
    }
    // At the end nobody has anything in hand that a pause would not have shown.
    running.send(if over() { libc::SIGTERM } else { signal });
    let run = running.end();
    let by_signal = run.status.code() != Some(0);
    (run, by_signal)
}

/// What a run that was ended by a signal has saved, if it has.
fn saved(run: &Run) -> Option<Vec<u8>> {
    let said = std::str::from_utf8(&run.stderr).unwrap();
    assert!(!said.contains("lost"), "{said}");
    let path = said.split("saved in ").nth(1)?.split(['\n', ' ']).next().unwrap();
    let bytes = std::fs::read(path).unwrap_or_else(|error| panic!("{path}: {error}\n{said}"));
    std::fs::remove_file(path).unwrap();
    Some(bytes)
}

struct Soak<'a> {
    env: &'a TestEnv,
    address: String,
    packets: bool,
    kill: bool,
    ledger: Ledger,
    seed: u64,
}

impl Soak<'_> {
    fn start(&self, words: &[&str], stdin: Stdio, stdout: Stdio) -> Running {
        let packet = self.packets.then_some("--packet");
        let words = words.iter().copied().chain(packet);
        self.env.command(words).env("TMPDIR", self.env.directory()).start_with(stdin, stdout)
    }

    /// Sends these messages, and again what a signal kept from being sent.
    fn send(&self, lane: u64, numbers: std::ops::Range<u64>) {
        let mut dice = Dice::new(self.seed + lane);
        let lines = numbers.map(|number| (message(number) + "\n").into_bytes());
        let mut sources = VecDeque::from([("line", fed(lines))]);
        while let Some((frame, source)) = sources.pop_front() {
            loop {
                let stdin = source.try_clone().unwrap().into();
                let words = ["send", &self.address, "--frame", frame];
                let running = self.start(&words, stdin, Stdio::null());
                // Receivers alone are killed.
                let (run, signal) = if self.kill {
                    (running.end(), false)
                } else {
                    ended(running, &mut dice, false, &|| false)
                };
                if let Some(rest) = saved(&run) {
                    self.ledger.saved[0].fetch_add(1, Ordering::Relaxed);
                    sources.push_back((frame, fed(std::iter::once(rest))));
                }
                if !signal {
                    break;
                }
                self.ledger.signals[0].fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    /// Receives until all is over, one half of the lanes into files and the other into pipes.
    fn receive(&self, lane: u64) {
        let mut dice = Dice::new(self.seed + LANES + lane);
        let words = ["recv", &self.address, "--follow"];
        let over = || self.ledger.over.load(Ordering::Relaxed);
        while !over() {
            let (run, signal) = if lane.is_multiple_of(2) {
                let mut file = tempfile::tempfile_in(self.env.directory()).unwrap();
                let running = self.start(&words, Stdio::null(), file.try_clone().unwrap().into());
                let ended = ended(running, &mut dice, self.kill, &over);
                file.rewind().unwrap();
                self.ledger.note_all(file, self.kill);
                ended
            } else {
                let (reader, writer) = pipe().unwrap();
                let running = self.start(&words, Stdio::null(), writer.into());
                thread::scope(|scope| {
                    scope.spawn(|| self.ledger.note_all(reader, self.kill));
                    ended(running, &mut dice, self.kill, &over)
                })
            };
            assert!(signal, "{}", String::from_utf8_lossy(&run.stderr));
            self.ledger.signals[1].fetch_add(u64::from(!over()), Ordering::Relaxed);
            if let Some(saved) = saved(&run) {
                self.ledger.saved[1].fetch_add(1, Ordering::Relaxed);
                for line in saved.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                    let object: Value = serde_json::from_slice(line).unwrap();
                    self.ledger.note(object["data"].as_str().unwrap());
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        let column = if self.packets { "queued" } else { "messages" };
        let run = self.env.run(["list", &self.address, "-o", column, "--format", "plain"]);
        run.ok().stdout().trim() == "0"
    }
}

fn soak(name: &str, create: &[&str], kill: bool) {
    let asked = std::env::var("IPCCTL_SOAK");
    let messages = asked.map_or(40_000, |count| count.parse().expect("IPCCTL_SOAK is a number"));
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().subsec_nanos();
    let began = Instant::now();
    let env = TestEnv::new();
    let address = env.run(create).ok().stdout().trim().to_owned();
    let packets = name == "packets";
    // As long as somebody has it open nothing in it is lost.
    let _open = packets.then(|| fifo::fill(env.path("p"), b""));
    let soak = Soak {
        env: &env,
        address,
        packets,
        kill,
        ledger: Ledger::new(messages),
        seed: u64::from(seed),
    };
    let share = messages.div_ceil(LANES);
    thread::scope(|scope| {
        let senders: Vec<_> = (0..LANES)
            .map(|lane| {
                let numbers = lane * share..((lane + 1) * share).min(messages);
                let soak = &soak;
                scope.spawn(move || soak.send(lane, numbers))
            })
            .collect();
        let receivers: Vec<_> = (0..LANES)
            .map(|lane| {
                let soak = &soak;
                scope.spawn(move || soak.receive(lane))
            })
            .collect();
        let failed = senders.into_iter().map(|sender| sender.join()).find_map(Result::err);
        while failed.is_none() && !receivers.iter().all(|one| one.is_finished()) && !soak.is_empty()
        {
            thread::sleep(Duration::from_millis(50));
        }
        soak.ledger.over.store(true, Ordering::Relaxed);
        if let Some(failed) = failed {
            std::panic::resume_unwind(failed);
        }
    });
    // What the last ones put back.
    let words = ["recv", &soak.address, "--drain"];
    let run = env.command(words.into_iter().chain(packets.then_some("--packet"))).run();
    soak.ledger.note_all(run.ok().raw(), false);
    let ledger = &soak.ledger;
    let (lost, doubled) = (ledger.count(|times| times == 0), ledger.count(|times| times > 1));
    let number = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let [ended, killed] = [&ledger.signals[0], &ledger.signals[1]].map(number);
    eprintln!(
        "soak: {name}{}: {messages} messages, {lost} lost, {doubled} twice; {ended} senders and {killed} receivers ended, \
         {} and {} files saved; {} s, seed {seed}",
        if kill { ", SIGKILL" } else { "" },
        number(&ledger.saved[0]),
        number(&ledger.saved[1]),
        began.elapsed().as_secs(),
    );
    assert_eq!(doubled, 0);
    assert!(lost <= if kill { killed * IN_HAND } else { 0 }, "{lost} lost, {killed} killed");
}
