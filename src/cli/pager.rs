//! A pager between a long table and the terminal, as git has it.

use std::io::{self, IsTerminal};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{SigSet, Signal};
use nix::unistd::{dup, dup2_stdout, geteuid};

/// What PAGER means if it is not set.
const DEFAULT: &str = "less";
/// Options of `less(1)` unless the user has set some: end at once when all fits on the screen, keep colours, leave the text there.
const LESS: &str = "FRX";

/// A pager that reads what is written to standard output.
pub(super) struct Pager {
    child: Child,
    /// Standard output as it was before.
    terminal: OwnedFd,
}

impl Pager {
    /// Starts one, from which on standard output goes there. `None`: there is nobody who could use it, the user wants none, it
    /// cannot be started, or somebody runs this program by `sudo(8)`, who would get a shell of root's from it.
    pub(super) fn start() -> Option<Self> {
        let lent = ["SUDO_UID", "PKEXEC_UID", "DOAS_USER"];
        let lent = geteuid().is_root() && lent.iter().any(|name| std::env::var_os(name).is_some());
        let dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb");
        if lent || dumb || !io::stdin().is_terminal() {
            return None;
        }
        let pager = std::env::var("PAGER").unwrap_or_else(|_| DEFAULT.to_owned());
        if pager.trim().is_empty() || pager == "cat" {
            return None;
        }
        let mut command = Command::new("/bin/sh");
        command.args(["-c", &pager]).stdin(Stdio::piped());
        if std::env::var_os("LESS").is_none() {
            command.env("LESS", LESS);
        }
        let terminal = dup(io::stdout()).ok()?;
        let mut child = command.spawn().ok()?;
        let pipe = child.stdin.take()?;
        dup2_stdout(&pipe).ok()?;
        // Control-C is the pager's from here on: it stops what the pager does, and does not leave it alone with the terminal.
        let mut keys = SigSet::empty();
        keys.add(Signal::SIGINT);
        keys.add(Signal::SIGQUIT);
        keys.thread_block().ok()?;
        Some(Self { child, terminal })
    }

    /// Ends its input and waits until the user leaves it. Standard output is the terminal again.
    pub(super) fn wait(mut self) {
        let _ = dup2_stdout(&self.terminal);
        let _ = self.child.wait();
    }
}
