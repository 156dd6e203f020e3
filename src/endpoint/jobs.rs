//! Delivery to commands: each message is the standard input of one. What its command does not accept, by exiting
//! with another status than 0, is undelivered.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Seek, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitStatus, Stdio};

use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::sys::wait::{Id, WaitPidFlag, waitid};

use super::StreamEnd;
use super::attempts::{Attempts, Next};
use super::delivery::{Deliver, Taken};
use crate::model::{Class, Encoded, Fault, Mark};
use crate::sys::{deferral, signal};

/// How commands ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    /// With status 0.
    pub succeeded: u64,
    /// Otherwise, or not started at all.
    pub failed: u64,
    /// Messages that went to the dead letters.
    pub dead: u64,
}

struct Job {
    child: Child,
    message: Taken,
}

/// Commands that run at the same time, up to a number.
pub struct Jobs {
    command: Vec<OsString>,
    most: usize,
    running: Vec<Job>,
    tally: Tally,
    attempts: Attempts,
    /// Messages of commands that failed and are to be tried again: they may go back meanwhile.
    failed: VecDeque<Taken>,
    /// Those of them that do not go back.
    again: VecDeque<Taken>,
    undelivered: Vec<Taken>,
    /// Why the first command that failed did.
    cause: Option<Fault>,
    /// Signals that were passed on.
    passed: u32,
}

impl Jobs {
    /// Up to `most` of this command, whose first word is the program, and so many attempts for each message.
    ///
    /// # Errors
    /// The ends of children cannot be waited for.
    pub fn new(command: Vec<OsString>, most: usize, attempts: Attempts) -> io::Result<Self> {
        signal::catch_children()?;
        Ok(Self {
            command,
            most,
            running: Vec::new(),
            tally: Tally::default(),
            attempts,
            failed: VecDeque::new(),
            again: VecDeque::new(),
            undelivered: Vec::new(),
            cause: None,
            passed: 0,
        })
    }

    /// How commands ended so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    fn start(&self, message: &[u8], mark: Mark) -> io::Result<Child> {
        // A file in memory: a command that reads slowly, or not at all, holds up nobody.
        let mut input = File::from(memfd_create(c"message", MFdFlags::MFD_CLOEXEC)?);
        input.write_all(message)?;
        input.rewind()?;
        let mut words = self.command.iter();
        let program = words.next().ok_or(io::ErrorKind::InvalidInput)?;
        let mut command = Command::new(program);
        // A group of its own: the terminal's SIGINT is for us, and the command may finish.
        command.args(words).stdin(Stdio::from(input)).process_group(0);
        command.env_remove("IPCCTL_PRIORITY").env_remove("IPCCTL_TYPE");
        // No command gets what was passed to this process.
        for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] {
            command.env_remove(name);
        }
        command.env("IPCCTL_ATTEMPT", self.attempts.number(message, mark).to_string());
        if let Some((name, value)) = mark.parts() {
            command.env(format!("IPCCTL_{}", name.to_ascii_uppercase()), value.to_string());
        }
        command.spawn()
    }

    /// A command did not accept its message.
    fn fail(&mut self, message: Taken, cause: String) {
        self.tally.failed += 1;
        // A signal may have been passed on to the command.
        let next = match signal::ending() {
            None => self.attempts.failed(&message.0, message.1),
            Some(_) => Ok(Next::Back),
        };
        match next {
            Ok(Next::Again) => self.failed.push_back(message),
            Ok(Next::Dead) => self.tally.dead += 1,
            Ok(Next::Back) => self.end(message, Fault::new(Class::Failed, cause)),
            Err(fault) => self.end(message, fault),
        }
    }

    /// A message is not delivered, and that is the end.
    fn end(&mut self, message: Taken, fault: Fault) {
        self.undelivered.push(message);
        self.cause.get_or_insert(fault);
    }

    /// Starts a command for a message.
    fn run(&mut self, message: Taken) {
        match self.start(&message.0, message.1) {
            Ok(child) => self.running.push(Job { child, message }),
            Err(error) => {
                let program = self.command.first().map(|word| word.as_encoded_bytes());
                let why = match error.kind() {
                    io::ErrorKind::NotFound => "there is no such command".into(),
                    _ => Fault::from_os(&error).cause,
                };
                let cause =
                    format!("{} cannot be run: {why}", Encoded(program.unwrap_or_default()));
                self.tally.failed += 1;
                // The message has no part in that.
                self.end(message, Fault::new(Class::Failed, cause));
            }
        }
    }

    /// Takes note of the commands that have ended.
    fn reap(&mut self) {
        signal::child_ended();
        let mut at = 0;
        while at < self.running.len() {
            match self.running[at].child.try_wait() {
                Ok(None) => at += 1,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(Some(status)) => {
                    let job = self.running.remove(at);
                    if status.success() {
                        self.tally.succeeded += 1;
                        self.attempts.succeeded(&job.message.0, job.message.1);
                    } else {
                        self.fail(job.message, format!("a command {}", ended(status)));
                    }
                }
                Err(error) => {
                    let job = self.running.remove(at);
                    self.fail(job.message, format!("a command was lost: {error}"));
                }
            }
        }
    }

    /// The first signal lets commands finish; any further one is theirs too.
    fn pass_signals(&mut self) {
        let endings = signal::endings();
        if endings > 1
            && endings > self.passed
            && let Some(signal) = signal::latest()
        {
            for job in &self.running {
                let _ = deferral::send_to_group(job.child.id(), signal);
            }
        }
        self.passed = endings;
    }

    /// Waits until a command has ended, or a signal has come.
    fn wait(&mut self) -> Result<(), StreamEnd> {
        let quiet = signal::before_blocking(None)?;
        if !quiet && signal::ending().is_some() {
            // The signal that came must not keep us from waiting: further ones are looked for now and then.
            signal::before_blocking(Some(std::time::Instant::now()))?;
        } else if !quiet {
            return Ok(());
        }
        match waitid(Id::All, WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT) {
            // EINVAL: a child was killed by a real-time signal, for which nix has no name.
            Ok(_) | Err(nix::Error::EINTR | nix::Error::ECHILD | nix::Error::EINVAL) => Ok(()),
            Err(error) => Err(io::Error::from(error).into()),
        }
    }

    fn check(&self) -> Result<(), StreamEnd> {
        self.cause.clone().map_or(Ok(()), |cause| Err(StreamEnd::Fault(cause)))
    }
}

fn ended(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exited with status {code}"),
        (None, Some(signal)) => format!("was killed by signal {signal}"),
        (None, None) => "ended in an unknown way".into(),
    }
}

impl Deliver for Jobs {
    fn ready(&mut self) -> Result<(), StreamEnd> {
        loop {
            if self.running.len() == self.most || signal::child_ended() {
                self.reap();
            }
            self.check()?;
            if self.running.len() < self.most {
                match self.again.pop_front() {
                    None => return Ok(()),
                    Some(message) => self.run(message),
                }
                continue;
            }
            if let Some(signal) = signal::ending() {
                return Err(StreamEnd::Signal(signal));
            }
            self.wait()?;
        }
    }

    fn deliver(&mut self, message: &[u8], mark: Mark) -> Result<(), StreamEnd> {
        self.run((message.to_vec(), mark));
        // One at a time means that the next message is taken when this one is done with.
        if self.most == 1 { self.ready() } else { self.check() }
    }

    fn settle(&mut self) -> Result<(), StreamEnd> {
        self.reap();
        self.check()
    }

    fn finish(&mut self) -> Result<(), StreamEnd> {
        loop {
            self.reap();
            let goes_on = self.cause.is_none() && signal::ending().is_none();
            if goes_on
                && self.running.len() < self.most
                && let Some(message) = self.again.pop_front()
            {
                self.run(message);
                continue;
            }
            if self.running.is_empty() {
                return self.check();
            }
            self.pass_signals();
            self.wait()?;
        }
    }

    fn is_unread(&mut self) -> bool {
        false
    }

    fn retry(&mut self, put_back: &mut dyn FnMut(&[u8], Mark) -> bool) -> (u64, u64) {
        let (mut all, mut back) = (0, 0);
        while let Some(message) = self.failed.pop_front() {
            all += 1;
            if put_back(&message.0, message.1) {
                back += 1;
            } else {
                self.again.push_back(message);
            }
        }
        (all, back)
    }

    fn undelivered(&mut self) -> Vec<Taken> {
        let mut undelivered = std::mem::take(&mut self.undelivered);
        undelivered.extend(self.again.drain(..));
        undelivered.extend(self.failed.drain(..));
        undelivered
    }
}
