//! The four tools of util-linux and this program under their names, side by side: the same command line in
//! the same world, and what each of them said. Knows nothing of what they should say.

use std::os::unix::fs::symlink;

use crate::env::{Invocation, TestEnv};
use crate::isolation;
use crate::makers::holder::{self, Holder};
use crate::makers::sysv;
use crate::output::Run;

const SYSTEM: &str = "/usr/bin:/bin:/usr/sbin:/sbin";
pub const NAMES: [&str; 4] = ["ipcs", "ipcrm", "ipcmk", "lsipc"];

/// A world in which both can be called.
pub struct Tools {
    pub env: TestEnv,
    links: String,
}

impl Tools {
    pub fn new() -> Self {
        let env = TestEnv::new();
        let links = env.path("links");
        std::fs::create_dir(&links).unwrap();
        for name in NAMES {
            symlink(isolation::PROGRAM, format!("{links}/{name}")).unwrap();
        }
        Self { env, links }
    }

    /// The tool of this program: `ipcs -m`.
    pub fn ours(&self, words: &[&str]) -> Invocation {
        self.call(words, &format!("{}:{SYSTEM}", self.links))
    }

    /// The tool of the system.
    pub fn theirs(&self, words: &[&str]) -> Invocation {
        self.call(words, SYSTEM)
    }

    fn call(&self, words: &[&str], path: &str) -> Invocation {
        let arguments = ["-c", "exec \"$0\" \"$@\""].into_iter().chain(words.iter().copied());
        self.env.tool("sh", arguments).env("PATH", path)
    }

    pub fn run(&self, line: &str) -> Run {
        self.ours(&words(line)).run()
    }

    /// Both print the same on both streams and end the same.
    #[track_caller]
    pub fn same(&self, line: &str) {
        self.same_words(&words(line));
    }

    #[track_caller]
    pub fn same_words(&self, words: &[&str]) {
        assert_same(&self.theirs(words).run(), &self.ours(words).run());
    }

    /// A shell script, with the tools of this program first in PATH.
    pub fn script(&self, script: &str) -> Run {
        self.ours(&["sh", "-c", script]).run()
    }

    /// Both do the same to the same objects: the script runs with the system's tools, and then, in another IPC
    /// namespace with the objects made anew, with this program's. Keys are masked where `ipcmk` chooses them. What was
    /// printed, for the caller to see that it was something.
    #[track_caller]
    pub fn same_effect<H>(&self, make: fn() -> H, script: &str) -> String {
        // What is left is told by a tool that is the same both times.
        let script = format!("{{ {script}\n}} 2>&1; echo $?; PATH={SYSTEM}; ipcs; ipcs -p");
        let made = make();
        let theirs = self.theirs(&["sh", "-c", &script]).run();
        drop(made);
        isolation::leave_ipc_namespace();
        let made = make();
        let ours = self.script(&script);
        drop(made);
        let random = script.contains("ipcmk");
        let (theirs, ours) = (masked(&theirs, random), masked(&ours, random));
        assert!(theirs == ours, "with the tools of util-linux:\n{theirs}\nwith ours:\n{ours}");
        ours
    }
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

#[track_caller]
fn assert_same(theirs: &Run, ours: &Run) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for (stream, theirs, ours) in
        [("output", &theirs.stdout, &ours.stdout), ("error", &theirs.stderr, &ours.stderr)]
    {
        assert!(
            theirs == ours,
            "standard {stream} differs\nof util-linux:\n{}\nof {}:\n{}",
            text(theirs),
            "this program",
            text(ours)
        );
    }
    let (theirs_code, ours_code) = (theirs.status.code(), ours.status.code());
    assert!(theirs_code == ours_code, "{}: {theirs_code:?} and {ours_code:?}", ours.command);
}

/// What a run printed, with the pids that differ from run to run masked, and the keys if they are random.
fn masked(run: &Run, random_keys: bool) -> String {
    let mut text = String::from_utf8_lossy(&run.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&run.stderr));
    let mut pids = false;
    let lines = text.lines().map(|line| {
        pids |= line.contains("PIDs");
        match line.strip_prefix("0x") {
            Some(row) if random_keys && row.len() > 8 => format!("KEY{}", &row[8..]),
            // Every holder is another process; who it was is looked at where the same objects are listed twice.
            _ if pids => mask_numbers(line),
            _ => line.to_owned(),
        }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Leaves of the numbers of a line the first, which is an id, and whether the others are 0.
fn mask_numbers(line: &str) -> String {
    let mut fields = line.split_whitespace();
    let first = fields.next().unwrap_or_default().to_owned();
    fields.fold(first, |line, field| {
        let is_pid = field.parse::<u64>().is_ok_and(|number| number > 0);
        line + " " + if is_pid { "PID" } else { field }
    })
}

/// Pages that are promised to nobody: segments larger than memory.
const NO_RESERVE: libc::c_int = 0o10000;

/// Objects of every sort that needs no second user: attached, marked for removal, locked, private, with the
/// highest key, without permissions, of every order of size, left by a process that is gone, with messages,
/// drained, with values and waiters.
pub fn objects_of_every_sort() -> Vec<Holder> {
    let mut holders = Vec::new();
    let attached = sysv::segment(0x5eed, 4096, 0o640);
    let marked = sysv::segment(0xdead_beef, 1, 0o600);
    let both = sysv::segment(sysv::PRIVATE, 123_456, 0o777);
    holders.push(holder::holding(|| {
        for id in [attached, marked, marked, both] {
            sysv::attach(id);
        }
    }));
    sysv::mark_for_removal(marked);
    sysv::lock(both);
    sysv::mark_for_removal(both);
    sysv::lock(sysv::segment(0x10, 50_000, 0));
    sysv::segment(u32::MAX, 1000, 0o666);
    for (key, size) in [(0x20, 1 << 40), (0x21, 1 << 62), (0x22, 1_073_636_000), (0x23, 1_048_575)]
    {
        sysv::segment(key, size, 0o600 | NO_RESERVE);
    }
    holder::in_passing(|| {
        sysv::segment(0x77, 5, 0o604);
        sysv::send(sysv::queue(0x78, 0o604), 1, b"left");
        sysv::set_with(0x79, &[3, 0, 1], 0o604);
    });
    let queue = sysv::queue(0x7, 0o644);
    sysv::send(queue, 1, &[b'x'; 100]);
    sysv::send(queue, 2, &[b'y'; 33]);
    let drained = sysv::queue(u32::MAX, 0o600);
    sysv::send(drained, 1, b"gone");
    sysv::receive(drained);
    sysv::queue(sysv::PRIVATE, 0o422);
    let set = sysv::set_with(0x99, &[0, 5, 32767], 0o660);
    sysv::operate(set, 1, -1);
    holders.push(holder::blocking(|| (), || sysv::wait_to_lower(set, 0)));
    sysv::set(sysv::PRIVATE, 1000, 0o204);
    holders
}

/// The ids of all objects of a facility, as `ipcs` of the system lists them.
pub fn ids(tools: &Tools, letter: &str) -> Vec<String> {
    let output = tools.theirs(&["ipcs", letter]).run().ok();
    let rows = output.lines().into_iter().filter(|line| line.starts_with("0x"));
    rows.map(|row| row.split_whitespace().nth(1).unwrap().to_owned()).collect()
}
