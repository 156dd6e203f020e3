//! What speaks for and against an object being left over: gathered elsewhere, judged by the rules, told to people
//! line by line. Plain data; knows no kind.

use std::fmt::Write;
use std::sync::Arc;

use super::takers::Taker;
use crate::model::{Encoded, Holders, How, Pending, Returner, Why, Witness};

/// Whether anybody holds an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// Somebody does.
    Held(HeldBy),
    /// Nobody does: the kernel itself says so, whoever and wherever it might have been.
    Free(Proof),
    /// Every process was looked at, and whoever held it would have shown.
    NoneSeen,
    /// Every process was looked at, but a descriptor on its way through a socket would not have shown.
    NoneSeenButInFlight,
    /// It could not be told.
    Unseen(Unreadable),
}

/// How somebody holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeldBy {
    /// So many attachments.
    Attached(u64),
    /// So many calls that wait.
    Waiting(u64),
    /// The kernel refuses a lease.
    Leased,
    /// A socket is bound to it.
    Bound,
    /// There is a lock on it.
    Locked,
    /// An object of the same group is held.
    Companion(String),
    /// It exists only while a process holds it.
    Existing,
    /// This process took it and has not given it back; so many calls wait for it.
    Taken(Taker, u64),
    /// These processes, which were seen.
    Seen(Arc<Holders>),
}

/// How the kernel says that nobody holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// It counts those who have it attached.
    Counted,
    /// It counts those who wait on it, and knows of no others.
    NoWaiter,
    /// It gave us a lease.
    Leased,
    /// No socket is bound to it.
    Unbound,
}

/// Why it could not be told whether somebody holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// So many processes could not be read; 0 where there may be others that cannot even be counted.
    Processes(usize),
    /// The object itself.
    Object(&'static str),
}

/// What became of the processes that it remembers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lives {
    /// It remembers none.
    None,
    /// All of them have ended.
    Over,
    /// At least one may run.
    Running,
    /// At least one is in a pid namespace that cannot be seen from here.
    Foreign,
    /// It could not be told.
    Unread(&'static str),
}

/// What the number in its name says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Named {
    /// Nothing.
    Nothing,
    /// The process that it names has ended.
    Over(i32),
    /// The process that it names has ended, and such objects are there to be read after that.
    ForLater(i32),
    /// The process that it names may run.
    Running(i32),
    /// It names a process that may be in a pid namespace of its own.
    Unread(i32),
}

/// How a process finds the object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By a name or key that a person, a path or a configuration gave it: the next run gives it again.
    Chosen,
    /// By a name that this program drew at random.
    Drawn(&'static str),
    /// By a name of this program with the number of a process in it.
    Numbered(&'static str),
    /// By its number alone: it has no key.
    Keyless,
    /// Not at all: it has the name that a C library gives before the real one.
    Unfinished,
}

/// Why it is not to be touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// This pattern protects it.
    Listed(String),
    /// The system itself makes or keeps it, as this sentence says.
    Provided(String),
    /// This program means it to persist.
    Persists(&'static str),
}

/// Whether a process may have operations pending on it that are undone at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undo {
    /// None has, or there is no such thing for it.
    Clear,
    /// This one has such a list, and it may be for this object.
    Possible(i32),
    /// It could not be told.
    Unread,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Whether a process holds it.
    pub hold: Hold,
    /// Whether its creators live.
    pub lives: Lives,
    /// A living process of the family of one that it remembers.
    pub kin: Option<Arc<Witness>>,
    /// Its times cannot be: the clock was stepped.
    pub stepped: bool,
    /// Whether it is protected.
    pub kept: Option<Kept>,
    /// Seconds since it was last made, changed or used.
    pub quiet: Option<i64>,
    /// The last of these was a use, which the kernel noted.
    pub used: bool,
    /// Seconds under which nothing is judged.
    pub grace: i64,
    /// To be without users is its normal state.
    pub standing: bool,
    /// Its file system can be in use by another machine.
    pub shared: bool,
    /// So many waiters are counted, and no process holds it: they were killed. It works on.
    pub stranded: u32,
    /// What its name says.
    pub named: Named,
    /// Whether anything is pending on it.
    pub undo: Undo,
    /// How a process finds it.
    pub way: Way,
    /// Whether a process lives that may come back for it.
    pub returner: Returner,
    /// Messages that nobody has taken.
    pub pending: Pending,
    /// Seconds since the last of them was sent.
    pub sent: Option<i64>,
}

impl Evidence {
    /// Returns true if it is too young to judge.
    pub fn is_young(&self) -> bool {
        self.quiet.is_some_and(|quiet| quiet < self.grace)
    }

    /// Returns true if no living process may come back for it.
    pub fn is_forgotten(&self) -> bool {
        self.returner == Returner::Nobody
    }

    /// What each piece says, in the order in which it weighs.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.hold.line()];
        let mut add = |line: String| lines.push(line);
        match (&self.hold, self.lives) {
            (Hold::Held(_), _) => return lines,
            (_, Lives::None | Lives::Over | Lives::Running) => {}
            (_, Lives::Foreign) => {
                add("it remembers a process that cannot be seen from this pid namespace".into());
            }
            (_, Lives::Unread(why)) => add(format!("its creators could not be read: {why}")),
        }
        if self.stepped {
            add("its times are before boot or to come: the clock was stepped".into());
        }
        match &self.kept {
            Some(Kept::Listed(pattern)) => add(format!("kept by {pattern}")),
            Some(Kept::Provided(line)) => add(line.clone()),
            Some(Kept::Persists(program)) => add(format!("{program} means it to persist")),
            None => {}
        }
        add(self.age());
        if self.standing {
            add("to be without users is normal for it".into());
        }
        if self.shared {
            add("its file system can be in use by another machine".into());
        }
        match self.stranded {
            0 => {}
            1 => add("the waiter that it counts was killed".into()),
            count => add(format!("the {count} waiters that it counts were killed")),
        }
        match self.named {
            Named::Nothing => {}
            Named::Over(pid) => add(format!("process {pid} of its name is gone")),
            Named::ForLater(pid) => {
                add(format!("process {pid} of its name is gone, and it is there to be read later"));
            }
            Named::Running(pid) => add(format!("process {pid} of its name runs")),
            Named::Unread(pid) => {
                add(format!("whether process {pid} of its name runs cannot be told"));
            }
        }
        if self.pending.messages > 0 {
            add(self.pending_line());
        }
        lines
    }

    /// What was only asked once everything else spoke for a leftover.
    pub fn last_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(kin) = &self.kin {
            lines.push(format!("its creator's process group lives: {kin}"));
        }
        match self.undo {
            Undo::Clear => {}
            Undo::Possible(pid) => {
                lines.push(format!("process {pid} may have operations on it to undo"));
            }
            Undo::Unread => {
                lines.push("whether operations on it are to be undone could not be told".into())
            }
        }
        lines.push(match self.way {
            Way::Chosen => "its name or key was chosen: a later run can come back to it".into(),
            Way::Drawn(program) => format!("a random name of {program}"),
            Way::Numbered(program) => format!("a name of {program}, with the number of its maker"),
            Way::Keyless => {
                "it has no key: only a process that was told its number can use it".into()
            }
            Way::Unfinished => "its maker ended before it was finished".into(),
        });
        lines.push(self.returner_line());
        lines
    }

    fn returner_line(&self) -> String {
        match (&self.returner, self.way) {
            (Returner::Unseen, Way::Chosen | Way::Unfinished) => {
                "not every process could be seen that may open it".into()
            }
            (Returner::Unseen, _) => "not every process could be seen that may know of it".into(),
            (Returner::Process(one), _) => match one.why {
                Why::MayOpen => format!("{one} runs and may open it"),
                Why::Runs => format!("{one} runs that program, and may have been told the name"),
                Why::Script => format!("{one} runs a script, and may have been told the name"),
                Why::Told => format!("{one} was started with it among its arguments or environment"),
                Why::WasThere => format!("{one} was there when it was last used, and may know it"),
                Why::Orphan => {
                    format!("{one} was left by a process that has ended, and may know it from that")
                }
                Why::Kin => format!("{one} is of the family of its creator"),
            },
            (Returner::Nobody, Way::Chosen) => "no process runs now that may open it".into(),
            (Returner::Nobody, Way::Unfinished) => "no process of its owner runs".into(),
            (Returner::Nobody, Way::Keyless) => {
                "no process runs that could have been told its number".into()
            }
            (Returner::Nobody, Way::Drawn(_) | Way::Numbered(_)) => {
                "no process runs that program, or a script that could have been told the name, and may open it"
                    .into()
            }
        }
    }

    /// `3 messages in it would be lost (120 bytes); the last was sent 5m ago`
    fn pending_line(&self) -> String {
        let Pending { messages, bytes, or_earlier, .. } = self.pending;
        let count = |count: u64, one: &str| match count {
            1 => format!("1 {one}"),
            count => format!("{count} {one}s"),
        };
        let bytes = bytes.map(|bytes| format!(" ({})", count(bytes, "byte"))).unwrap_or_default();
        let which = if messages == 1 { "it" } else { "the last" };
        let sent = match self.sent {
            Some(secs) if or_earlier => format!("{which} was sent {} ago or earlier", span(secs)),
            Some(secs) => format!("{which} was sent {} ago", span(secs)),
            None => format!("when {which} was sent is not known"),
        };
        format!("{} in it would be lost{bytes}; {sent}", count(messages, "message"))
    }

    fn age(&self) -> String {
        let mut line = match self.quiet {
            Some(quiet) if self.used => format!("last used {} ago", span(quiet)),
            Some(quiet) => format!("last changed {} ago", span(quiet)),
            None => return "when it was last used could not be read".into(),
        };
        if self.is_young() {
            let _ = write!(line, ": too young to judge before {}", span(self.grace));
        }
        line
    }
}

impl Hold {
    fn line(&self) -> String {
        match self {
            Self::Held(HeldBy::Attached(count)) => format!("{count} attached"),
            Self::Held(HeldBy::Waiting(1)) => "1 call waits on it".into(),
            Self::Held(HeldBy::Waiting(count)) => format!("{count} calls wait on it"),
            Self::Held(HeldBy::Leased) => "a process has it open or mapped (lease refused)".into(),
            Self::Held(HeldBy::Bound) => "a socket is bound to it".into(),
            Self::Held(HeldBy::Locked) => "a process has a lock on it".into(),
            Self::Held(HeldBy::Companion(address)) => {
                format!("it belongs to {address}, which is held")
            }
            Self::Held(HeldBy::Existing) => "it exists only while a process holds it".into(),
            Self::Held(HeldBy::Taken(taker, 0)) => taker.to_string(),
            Self::Held(HeldBy::Taken(taker, 1)) => format!("{taker}; 1 call waits on it"),
            Self::Held(HeldBy::Taken(taker, count)) => {
                format!("{taker}; {count} calls wait on it")
            }
            Self::Held(HeldBy::Seen(found)) => holders(found),
            Self::Free(Proof::Counted) => {
                "no process has it attached (counted by the kernel)".into()
            }
            Self::Free(Proof::NoWaiter) => "no call waits on it (counted by the kernel)".into(),
            Self::Free(Proof::Leased) => {
                "no open descriptor or mapping anywhere (lease granted)".into()
            }
            Self::Free(Proof::Unbound) => {
                "no socket is bound to it, and none will be (connection refused)".into()
            }
            Self::NoneSeen => "no process holds it".into(),
            Self::NoneSeenButInFlight => {
                "no process holds it, but a descriptor on its way through a socket would not show"
                    .into()
            }
            Self::Unseen(Unreadable::Processes(0)) => {
                "not every process that might hold it can be seen from here".into()
            }
            Self::Unseen(Unreadable::Processes(1)) => "1 process could not be read".into(),
            Self::Unseen(Unreadable::Processes(count)) => {
                format!("{count} processes could not be read")
            }
            Self::Unseen(Unreadable::Object(why)) => {
                format!("whether a process holds it could not be told: {why}")
            }
        }
    }
}

/// The first of those who hold it, in which way, and how many more there are.
fn holders(found: &Holders) -> String {
    let Some(first) = found.holders.first() else { return "a process holds it".into() };
    let mut line = format!("process {}", first.pid);
    // Writing to a String does not fail.
    if let Some(command) = &first.command {
        let _ = write!(line, " ({})", Encoded(command.as_encoded_bytes()));
    }
    let ways: Vec<String> = first.how.iter().map(How::to_string).collect();
    let _ = write!(line, " has it {}", ways.join(", "));
    match found.holders.len() - 1 {
        0 => {}
        more => {
            let _ = write!(line, ", and {more} more");
        }
    }
    line
}

/// One number and one unit.
fn span(secs: i64) -> String {
    match secs {
        ..0 => "0s".into(),
        0..120 => format!("{secs}s"),
        120..7200 => format!("{}m", secs / 60),
        7200..172_800 => format!("{}h", secs / 3600),
        _ => format!("{}d", secs / 86400),
    }
}
