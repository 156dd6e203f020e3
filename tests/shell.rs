//! The shells that have completions, run on a terminal as their users do. Knows how to type and to read what
//! came of it; knows no candidate.

#![allow(unsafe_code)]

use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::env::TestEnv;
use crate::isolation;
use crate::makers::forking;
use crate::pty::Terminal;
use crate::tree;

/// A shell that does not answer in this time never will.
const PATIENCE: Duration = Duration::from_secs(60);

/// A shell shows it when it has set up the terminal and reads. What is typed earlier may be lost.
const PROMPT: &str = "ready> ";

/// A shell, how it is started without anything of the user's, and where it looks for completions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bash,
    Zsh,
    Fish,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Bash, Self::Zsh, Self::Fish];

    fn script(self) -> &'static str {
        match self {
            Self::Bash => "ipcctl.bash",
            Self::Zsh => "_ipcctl",
            Self::Fish => "ipcctl.fish",
        }
    }

    fn command(self) -> Command {
        let (program, arguments): (_, &[&str]) = match self {
            Self::Bash => ("bash", &["--norc", "--noprofile", "-i"]),
            Self::Zsh => ("zsh", &["-f", "-i"]),
            Self::Fish => ("fish", &["--no-config", "-i"]),
        };
        let mut command = Command::new(program);
        command.args(arguments);
        command
    }

    /// Loads the script in `directory`, and makes a function of the program's name that shows its words.
    fn setup(self, directory: &str) -> String {
        let script = format!("{directory}/{}", self.script());
        let show = "ipcctl() { echo; printf '!'; printf '<%s>' \"$@\"; echo; echo sho''wn; }";
        match self {
            Self::Bash => format!(". {script}; {show}; PS1='{PROMPT}'"),
            Self::Zsh => format!(
                "fpath=({directory} $fpath); autoload -Uz compinit; compinit -u -D; {show}; PROMPT='{PROMPT}'"
            ),
            Self::Fish => format!(
                "source {script}; function ipcctl; echo; printf '!'; printf '<%s>' $argv; echo; echo sho''wn; end; \
                 function fish_prompt; printf '{PROMPT}'; end"
            ),
        }
    }
}

/// A running shell with the committed completions loaded.
pub struct Shell {
    child: Child,
    terminal: Terminal,
    /// What has come and was not looked at.
    unread: Vec<u8>,
}

impl Shell {
    /// Starts a shell in the world of a test.
    pub fn start(kind: Kind, script: &str, env: &TestEnv) -> Self {
        let directory = env.path("completions");
        fs::create_dir_all(&directory).unwrap();
        fs::write(format!("{directory}/{}", kind.script()), script).unwrap();
        let (terminal, slave) = Terminal::open(160);
        let slave = || Stdio::from(slave.try_clone().unwrap());
        let mut command = kind.command();
        let program = std::path::Path::new(isolation::PROGRAM).parent().unwrap().display();
        command
            .env_clear()
            .env("PATH", format!("{program}:/usr/bin:/bin"))
            .env("LC_ALL", "C.UTF-8")
            .env("TERM", "xterm")
            .env("HOME", env.directory())
            .env("INPUTRC", "/dev/null")
            .current_dir(env.directory())
            .stdin(slave())
            .stdout(slave())
            .stderr(slave());
        // SAFETY: the closure runs between fork and exec and makes system calls only.
        unsafe {
            command.pre_exec(|| {
                if libc::setsid() == -1 || libc::ioctl(0, libc::TIOCSCTTY, 0) == -1 {
                    return Err(io::Error::last_os_error());
                }
                Ok(())
            });
        }
        let child = forking::started(&mut command);
        let mut shell = Self { child, terminal, unread: Vec::new() };
        shell.type_in(&(kind.setup(&directory) + "\n"));
        // The first may be the one in what was typed; then there is one more.
        shell.read_until(PROMPT);
        shell.type_in("echo set''up\n");
        shell.read_until("setup\n");
        shell.read_until(PROMPT);
        shell
    }

    pub fn type_in(&mut self, text: &str) {
        self.terminal.master().write_all(text.as_bytes()).unwrap();
    }

    /// The words that the program gets when this line, a tab and a newline are typed.
    pub fn completes(&mut self, line: &str) -> Vec<String> {
        self.type_in(&format!("{line}\t\n"));
        let screen = self.read_until("shown\n");
        self.read_until(PROMPT);
        // The line that the function prints is the only one that begins like this.
        let words =
            screen.lines().rev().find_map(|line| line.split_once("!<")?.1.strip_suffix('>'));
        let words = words.unwrap_or_else(|| panic!("no words in\n{}", screen.escape_debug()));
        words.split("><").map(str::to_owned).collect()
    }

    /// What the screen shows when this line and two tabs are typed, until it has `last`. The line is then dropped.
    pub fn lists(&mut self, line: &str, last: &str) -> String {
        self.type_in(&format!("{line}\t\t"));
        let screen = self.read_until(last);
        self.type_in("\x15\n");
        screen + &self.read_until(PROMPT)
    }

    /// What the screen shows up to the next time it shows `marker`, carriage returns aside.
    fn read_until(&mut self, marker: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let text = String::from_utf8_lossy(&self.unread).replace('\r', "");
            if let Some(at) = text.find(marker) {
                let (seen, unread) = text.split_at(at + marker.len());
                self.unread = unread.into();
                return seen.to_owned();
            }
            let left = end.saturating_duration_since(Instant::now()).as_millis();
            let master = self.terminal.master();
            let mut polled =
                libc::pollfd { fd: master.as_raw_fd(), events: libc::POLLIN, revents: 0 };
            // SAFETY: one pollfd, and the count says one.
            let ready = unsafe { libc::poll(&mut polled, 1, i32::try_from(left).unwrap()) };
            assert!(ready == 1, "no {marker:?} on the screen:\n{}", text.escape_debug());
            let mut bytes = [0; 4096];
            let count = master.read(&mut bytes);
            let count =
                count.unwrap_or_else(|error| panic!("{error} after\n{}", text.escape_debug()));
            self.unread.extend_from_slice(&bytes[..count]);
        }
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The shells with their committed scripts. To be read before the world of a test is made, whose directories may cover
/// the repository.
pub fn scripts() -> [(Kind, String); 3] {
    Kind::ALL.map(|kind| {
        let path = tree::path("completions").join(kind.script());
        (kind, fs::read_to_string(path).unwrap())
    })
}
