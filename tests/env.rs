//! The world of one test: its namespaces, its directory, and the program under test run in them. Knows how
//! to run the program and to read what it said; knows nothing of what it should say.

#![allow(unsafe_code)]

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::isolation;
use crate::makers::{forking, holder};
use crate::output::Run;
use crate::pty::Terminal;
use crate::queue_room;
use crate::scratch::Scratch;

/// A run that takes longer has hung: every verb under test ends by itself.
const PATIENCE: libc::c_int = 120;

pub struct TestEnv {
    directory: PathBuf,
    next_key: AtomicU32,
}

impl TestEnv {
    /// An empty world with `/dev/mqueue` mounted.
    pub fn new() -> Self {
        let env = Self::without_mqueue();
        isolation::mount_mqueue();
        env
    }

    /// The same, in which every process can be read, as on most machines: sandboxes close the first one to root, too. Only
    /// when the suite runs as root.
    pub fn readable() -> Self {
        let env = Self::new();
        if fs::read_link("/proc/1/ns/ipc").is_err() {
            isolation::cover("/proc/2", "/proc/1");
        }
        env
    }

    /// An empty world in which `/dev/mqueue` is a directory with nothing mounted on it.
    pub fn without_mqueue() -> Self {
        // Paths differ from test to test, because a process of another test that has a FIFO open shows
        // in /proc by a path that could otherwise be one of ours.
        static NEXT: AtomicU32 = AtomicU32::new(0);
        isolation::enter_test();
        let directory =
            PathBuf::from(format!("/tmp/test-{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        fs::create_dir(&directory).unwrap();
        fs::set_permissions(&directory, fs::Permissions::from_mode(0o755)).unwrap();
        let env = Self { directory, next_key: AtomicU32::new(0x1000) };
        fs::create_dir_all(env.runtime_directory()).unwrap();
        std::env::set_current_dir("/").unwrap();
        env
    }

    /// A directory for this test, two levels below the root: FIFOs in it are among those that `list` finds
    /// without being told.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub fn path(&self, name: &str) -> String {
        self.directory.join(name).to_str().unwrap().to_owned()
    }

    /// `$XDG_RUNTIME_DIR` of every run: too deep below `/tmp` to be found by way of `/tmp`.
    pub fn runtime_directory(&self) -> PathBuf {
        self.directory.join("a/b/runtime")
    }

    /// A System V key that this test has not used before.
    pub fn key(&self) -> u32 {
        self.next_key.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Sets a limit of this test's IPC namespace, as `sysctl -w` would. Only where the suite has
    /// `Need::Limits`.
    pub fn set_limit(&self, knob: &str, value: &str) {
        fs::write(format!("/proc/sys/{}", knob.replace('.', "/")), value).expect(knob);
    }

    /// The program under test with these arguments.
    pub fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Invocation {
        self.tool(isolation::PROGRAM, arguments)
    }

    pub fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Run {
        self.command(arguments).run()
    }

    /// One object with all its facts.
    pub fn show(&self, address: &str) -> Value {
        self.run(["show", address, "--json"]).ok().only()
    }

    /// Another program, in the same world.
    pub fn tool<A: AsRef<OsStr>>(
        &self,
        program: &str,
        arguments: impl IntoIterator<Item = A>,
    ) -> Invocation {
        let mut command = Command::new(program);
        command.args(arguments);
        queue_room::wait_for_program(&shown(&command));
        command
            .env_clear()
            .env("PATH", "/usr/bin:/bin:/usr/sbin:/sbin")
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .env("HOME", "/nonexistent")
            .env("XDG_RUNTIME_DIR", self.runtime_directory())
            .current_dir(&self.directory);
        Invocation {
            command,
            input: Vec::new(),
            identity: Identity::Own,
            umask: 0o022,
            limits: Vec::new(),
            first: Vec::new(),
            patience: PATIENCE,
        }
    }
}

#[derive(Clone, Copy)]
enum Identity {
    Own,
    /// User 0 of the namespace without a single capability: an ordinary user who owns what the test made.
    WithoutCapabilities,
    /// User and group of this number, in no other group. Only when the suite runs as root.
    User(u32),
}

/// One run to be made.
#[must_use = "nothing runs before `run`"]
pub struct Invocation {
    command: Command,
    input: Vec<u8>,
    identity: Identity,
    umask: libc::mode_t,
    limits: Vec<(libc::__rlimit_resource_t, u64)>,
    first: Vec<fn() -> io::Result<()>>,
    patience: libc::c_int,
}

impl Invocation {
    pub fn input(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.input = bytes.into();
        self
    }

    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn umask(mut self, mask: libc::mode_t) -> Self {
        self.umask = mask;
        self
    }

    pub fn unprivileged(mut self) -> Self {
        self.identity = Identity::WithoutCapabilities;
        self
    }

    pub fn by_user(mut self, uid: u32) -> Self {
        self.identity = Identity::User(uid);
        self
    }

    /// A resource limit of the run (`setrlimit(2)`), soft and hard.
    pub fn limit(mut self, resource: libc::__rlimit_resource_t, value: u64) -> Self {
        self.limits.push((resource, value));
        self
    }

    /// Something that the process does before it becomes the program: it may make system calls and nothing else.
    pub fn first(mut self, act: fn() -> io::Result<()>) -> Self {
        self.first.push(act);
        self
    }

    /// It has hung after so many seconds.
    pub fn patience(mut self, seconds: libc::c_int) -> Self {
        self.patience = seconds;
        self
    }

    /// Runs it to its end. Standard input is what `input` gave, and nothing otherwise.
    pub fn run(self) -> Run {
        let (input, output, errors) = (Scratch::new(), Scratch::new(), Scratch::new());
        input.fill(&self.input);
        let run = self.run_with(input.stdio(), output.stdio(), errors.stdio());
        Run { stdout: output.bytes(), stderr: errors.bytes(), ..run }
    }

    /// Runs it with a standard output of the caller's choice; only standard error is in the result.
    pub fn run_to(self, stdout: Stdio) -> Run {
        let errors = Scratch::new();
        let run = self.run_with(Stdio::null(), stdout, errors.stdio());
        Run { stderr: errors.bytes(), ..run }
    }

    /// Runs it, and kills it after a while if it has not ended by itself.
    pub fn killed_after(mut self, time: std::time::Duration) {
        self.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = forking::started(&mut self.command);
        std::thread::sleep(time);
        child.kill().unwrap();
        child.wait().unwrap();
    }

    /// Runs it for somebody who sits at a terminal and types this answer; standard output goes elsewhere.
    pub fn answered(self, answer: &str) -> Run {
        let (mut terminal, input) = Terminal::open(80);
        terminal.master().write_all(answer.as_bytes()).unwrap();
        let (output, errors) = (Scratch::new(), input.try_clone().unwrap());
        let run = self.env("TERM", "xterm");
        let run = run.run_with(Stdio::from(input), output.stdio(), Stdio::from(errors));
        Run { stdout: output.bytes(), stderr: terminal.read_to_end(), ..run }
    }

    /// Runs it on a terminal with so many columns.
    pub fn run_on_terminal(self, columns: u16) -> Run {
        let (terminal, stdout) = Terminal::new(columns);
        let reader = std::thread::spawn(|| terminal.read_to_end());
        let run = self.env("TERM", "xterm").run_to(stdout);
        Run { stdout: reader.join().unwrap(), ..run }
    }

    /// Runs it for somebody who sits at a terminal with so many columns; what it says goes elsewhere.
    pub fn run_at_terminal(self, columns: u16) -> Run {
        let (terminal, slave) = Terminal::raw(columns);
        let reader = std::thread::spawn(|| terminal.read_to_end());
        let (stdin, errors) = (Stdio::from(slave.try_clone().unwrap()), Scratch::new());
        let run = self.run_with(stdin, Stdio::from(slave), errors.stdio());
        Run { stdout: reader.join().unwrap(), stderr: errors.bytes(), ..run }
    }

    /// Runs it with a terminal for what it says; what it says is the standard error of the result.
    pub fn run_talking_to_terminal(self, columns: u16) -> Run {
        let (terminal, stderr) = Terminal::new(columns);
        let output = Scratch::new();
        let run = self.env("TERM", "xterm").run_with(Stdio::null(), output.stdio(), stderr);
        Run { stdout: output.bytes(), stderr: terminal.read_to_end(), ..run }
    }

    /// Starts it with these standard streams; standard error is in the result.
    pub fn start_with(self, stdin: Stdio, stdout: Stdio) -> Running {
        let errors = Scratch::new();
        let (child, command) = self.spawn_with(stdin, stdout, errors.stdio());
        Running { child, command, output: None, errors }
    }

    /// Starts it; standard input is empty.
    pub fn start(self) -> Running {
        let output = Scratch::new();
        let mut running = self.start_with(Stdio::null(), output.stdio());
        running.output = Some(output);
        running
    }

    fn run_with(self, stdin: Stdio, stdout: Stdio, stderr: Stdio) -> Run {
        let patience = self.patience;
        let (mut child, command) = self.spawn_with(stdin, stdout, stderr);
        let status = end_of(&mut child, &command, patience);
        Run { command, status, stdout: Vec::new(), stderr: Vec::new() }
    }

    fn spawn_with(self, stdin: Stdio, stdout: Stdio, stderr: Stdio) -> (Child, String) {
        let Invocation { mut command, identity, umask, limits, first, .. } = self;
        let shown = shown(&command);
        command.stdin(stdin).stdout(stdout).stderr(stderr);
        // SAFETY: the closure runs between fork and exec and makes system calls only; it allocates nothing.
        unsafe {
            command.pre_exec(move || {
                libc::umask(umask);
                for (resource, value) in &limits {
                    let limit = libc::rlimit { rlim_cur: *value, rlim_max: *value };
                    check(libc::setrlimit(*resource, &limit))?;
                }
                first.iter().try_for_each(|act| act())?;
                become_identity(identity)
            });
        }
        (forking::started(&mut command), shown)
    }
}

fn end_of(child: &mut Child, command: &str, patience: libc::c_int) -> ExitStatus {
    if !ends_in_time(child.id(), patience) {
        child.kill().ok();
        child.wait().ok();
        panic!("{command} did not end within {patience} s");
    }
    child.wait().unwrap()
}

/// A run that has not ended yet. It is killed when it is dropped.
#[must_use = "a run's status must be checked"]
pub struct Running {
    child: Child,
    command: String,
    output: Option<Scratch>,
    errors: Scratch,
}

impl Running {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    pub fn send(&self, signal: libc::c_int) {
        let pid = libc::pid_t::try_from(self.pid()).unwrap();
        // SAFETY: numbers only; our own child, not yet waited for.
        check(unsafe { libc::kill(pid, signal) }).unwrap();
    }

    /// Has it ended, and nobody has taken its status yet?
    pub fn has_ended(&self) -> bool {
        matches!(self.state(), 'Z' | 'X')
    }

    fn state(&self) -> char {
        holder::state_of(i64::from(self.pid()))
    }

    /// Waits until it sleeps: in the call that waits for what the test is about. A process sleeps for moments
    /// before that too, so it must be found asleep several times.
    pub fn wait_until_asleep(&self) {
        let deadline = Instant::now() + Duration::from_secs(60);
        let mut asleep = 0;
        while asleep < 5 {
            let state = self.state();
            assert!(!matches!(state, 'Z' | 'X'), "{} has ended", self.command);
            asleep = if state == 'S' { asleep + 1 } else { 0 };
            assert!(Instant::now() < deadline, "{} never slept: {state}", self.command);
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for its end.
    pub fn end(mut self) -> Run {
        let status = end_of(&mut self.child, &self.command, PATIENCE);
        let output = self.output.as_ref().map(Scratch::bytes);
        Run {
            command: std::mem::take(&mut self.command),
            status,
            stdout: output.unwrap_or_default(),
            stderr: self.errors.bytes(),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn shown(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<OsString> = words.map(OsStr::to_owned).collect();
    words
        .iter()
        .map(|word| word.as_bytes().escape_ascii().to_string())
        .collect::<Vec<_>>()
        .join(" ")
}

fn become_identity(identity: Identity) -> io::Result<()> {
    match identity {
        Identity::Own => Ok(()),
        Identity::WithoutCapabilities => drop_capabilities(),
        Identity::User(uid) => {
            // SAFETY: no pointer but the null of an empty list. Groups go first, while it is still allowed.
            check(unsafe { libc::setgroups(0, std::ptr::null()) })?;
            // SAFETY: numbers only.
            check(unsafe { libc::setresgid(uid, uid, uid) })?;
            // SAFETY: numbers only.
            check(unsafe { libc::setresuid(uid, uid, uid) })
        }
    }
}

/// Empties the bounding set, so that the exec to come grants user 0 nothing.
fn drop_capabilities() -> io::Result<()> {
    for capability in 0..64 {
        // SAFETY: numbers only.
        let dropped = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0) };
        if dropped == -1 {
            // EINVAL: this kernel knows no capability of this number, nor any above.
            let error = io::Error::last_os_error();
            return if error.raw_os_error() == Some(libc::EINVAL) { Ok(()) } else { Err(error) };
        }
    }
    Ok(())
}

fn ends_in_time(pid: u32, patience: libc::c_int) -> bool {
    // SAFETY: numbers only; the result is checked.
    let handle = unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) };
    assert!(handle >= 0, "pidfd_open: {}", io::Error::last_os_error());
    let handle = libc::c_int::try_from(handle).unwrap();
    let mut polled = libc::pollfd { fd: handle, events: libc::POLLIN, revents: 0 };
    // SAFETY: one pollfd, and the count says one.
    let ready = unsafe { libc::poll(&mut polled, 1, 1000 * patience) };
    // SAFETY: the descriptor was opened above and is closed once.
    unsafe { libc::close(handle) };
    ready == 1
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
