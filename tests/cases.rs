//! A test as data: its name, what it needs, and how it becomes a trial of the test runner. Knows no
//! test in particular.

use std::any::Any;
use std::sync::{PoisonError, RwLock};
use std::thread;

use libtest_mimic::{Completion, Failed, Trial};

use crate::isolation::Suite;
use crate::queue_room;

/// What a test needs beyond a namespace of its own. A test whose need is not met is reported by name as
/// ignored, never left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    Nothing,
    /// Objects and processes of several users: the suite must be started as root.
    SeveralUsers,
    /// Limits of the own IPC namespace can be changed: root, or Linux 6.9 and later.
    Limits,
    /// `ipcs`, `ipcmk`, `ipcrm` and `lsipc` of util-linux are installed.
    Peers,
    /// bash, zsh and fish are installed.
    Shells,
    /// mandoc is installed.
    Mandoc,
    /// make is installed.
    Make,
    /// They are, and the suite was started as root.
    PeersAsRoot,
    /// `strace` is installed.
    Strace,
    /// Brokers on the other side of a recipe: `redis-server`, `redis-cli`, `mosquitto` and its clients; and `jq`.
    Brokers,
    /// The program under test has the feature `skeleton`.
    Skeleton,
    /// The machine runs programs of 32 bits, too, and the suite was started as root.
    Programs32,
    /// PHP with its semaphores and queues is installed: `php-cli`.
    Php,
    /// Python with sysv_ipc and posix_ipc is installed: programs that are not ours on the other end.
    Python,
}

impl Need {
    fn is_met(self, suite: Suite) -> bool {
        match self {
            Need::Nothing => true,
            Need::SeveralUsers => suite.several_users,
            Need::Limits => suite.limits,
            Need::Peers => suite.peers,
            Need::Shells => suite.has(&["bash", "zsh", "fish"]),
            Need::Mandoc => suite.has(&["mandoc"]),
            Need::Make => suite.has(&["make"]),
            Need::PeersAsRoot => suite.peers && suite.several_users,
            Need::Strace => suite.has(&["strace"]),
            Need::Brokers => suite.has(&[
                "redis-server",
                "redis-cli",
                "mosquitto",
                "mosquitto_pub",
                "mosquitto_sub",
                "jq",
            ]),
            Need::Skeleton => cfg!(feature = "skeleton"),
            Need::Programs32 => {
                suite.several_users && std::path::Path::new("/proc/sys/abi/vsyscall32").exists()
            }
            Need::Php => suite.has(&["php"]),
            Need::Python => suite.has_python(),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Need::Nothing => "",
            Need::SeveralUsers => "needs root",
            Need::Limits => "needs root or Linux 6.9",
            Need::Peers => "needs ipcs, ipcmk, ipcrm, lsipc",
            Need::Shells => "needs bash, zsh, fish",
            Need::Mandoc => "needs mandoc",
            Need::Make => "needs make",
            Need::PeersAsRoot => "needs root, ipcs, ipcmk, ipcrm, lsipc",
            Need::Strace => "needs strace",
            Need::Brokers => "needs redis-server, redis-tools, mosquitto, mosquitto-clients, jq",
            Need::Skeleton => "needs --features skeleton",
            Need::Programs32 => "needs root, a kernel for programs of 32 bits",
            Need::Php => "needs php-cli",
            Need::Python => "needs python3 with sysv_ipc, posix_ipc",
        }
    }
}

/// Tests that take about five seconds and more. Without a filter they run only where `IPCCTL_TESTS` asks for them.
const SLOW: [&str; 20] = [
    "calls: no call that fails makes a verb panic hang or lie",
    "crowd: packets reach exactly one of several readers",
    "delivery: a receiver that is killed loses no more than it had in hand",
    "later: who begins a minute later knows a number only if it was handed on",
    "peers gone: a writer that goes and returns is followed",
    "pool: a signal lets commands finish and takes nothing new",
    "races: queues that are made anew all the time are never lost",
    "races: segments sets and queues that others return to are next to never lost",
    "recipes: every recipe runs as it is printed and prints what is printed after it",
    "restarts: servers that restart all the time are never lost",
    "rm: a line too long to be an address is refused with its tail",
    "soak: killed receivers of a posix queue cost a bounded number",
    "soak: killed receivers of a system v queue cost a bounded number",
    "soak: random signals leave each message of a posix queue in one place",
    "soak: random signals leave each message of a system v queue in one place",
    "soak: random signals leave each packet of a fifo in one place",
    "trouble sockets: what nobody closes or collects for a minute is told",
    "waiting: a timeout is as long as it says",
    "waiting: a wait burns no processor time",
    "waiting: an idle timeout begins anew with each message",
];

/// Tests that run while no other does: what they do shows in `/proc`, which is everybody's.
const ALONE: [&str; 2] = [
    "deaf: a process that never gets through execve holds nobody up",
    "deaf: a process whose memory is locked for ever holds nobody up",
];

/// Held by each test, and by one that runs alone for writing.
static TURN: RwLock<()> = RwLock::new(());

/// Which tests are to run where no filter says it: the variable `IPCCTL_TESTS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All but the slow ones, which are reported as ignored.
    Quick,
    /// `slow`: the slow ones alone.
    Slow,
    /// `all`, or a filter says which.
    All,
}

impl Wanted {
    /// # Errors
    /// A sentence about a value that means nothing.
    pub fn of_environment(is_filtered: bool) -> Result<Self, String> {
        match std::env::var("IPCCTL_TESTS").as_deref() {
            Err(_) if is_filtered => Ok(Wanted::All),
            Err(_) => Ok(Wanted::Quick),
            Ok("slow") => Ok(Wanted::Slow),
            Ok("all") => Ok(Wanted::All),
            Ok(other) => Err(format!("IPCCTL_TESTS is slow or all, not {other}")),
        }
    }
}

pub struct Case {
    name: String,
    need: Need,
    run: Box<dyn Fn() + Send + Sync>,
}

impl Case {
    pub fn new(name: String, need: Need, run: impl Fn() + Send + Sync + 'static) -> Self {
        Self { name, need, run: Box::new(run) }
    }

    /// A case whose name is the function's, read as a sentence, after the area that its module stands for.
    pub fn named_after(module: &str, function: &str, need: Need, run: fn()) -> Self {
        let area = module.rsplit("::").next().unwrap_or(module);
        let area = area.trim_start_matches("r#").replace('_', " ");
        Self::new(format!("{area}: {}", function.replace('_', " ")), need, run)
    }

    /// Is it one of those that take long?
    pub fn is_slow(&self) -> bool {
        SLOW.contains(&&*self.name)
    }

    pub fn into_trial(self, suite: Suite, wanted: Wanted) -> Trial {
        let left_out = wanted == Wanted::Quick && self.is_slow();
        let Case { name, need, run } = self;
        let thread_name = name.clone();
        let is_alone = ALONE.contains(&&*name);
        let trial = Trial::ignorable_test(name, move || {
            // A test that fails leaves nothing behind.
            let alone = is_alone.then(|| TURN.write().unwrap_or_else(PoisonError::into_inner));
            let beside = (!is_alone).then(|| TURN.read().unwrap_or_else(PoisonError::into_inner));
            let _turn = (alone, beside);
            // Namespaces belong to a thread: a fresh one for each test leaves the pool's threads as they
            // were, and the kernel drops all of the test's objects and mounts with its last process.
            thread::scope(|scope| {
                let test = thread::Builder::new().name(thread_name).spawn_scoped(scope, run);
                match test.expect("a thread for the test").join() {
                    Ok(()) => Ok(Completion::Completed),
                    Err(panic) => queue_room::completion_of(panic.as_ref())
                        .unwrap_or_else(|| Err(Failed::from(message_of(panic.as_ref())))),
                }
            })
        });
        let kind = if left_out { "slow" } else { need.word() };
        trial.with_kind(kind).with_ignored_flag(left_out || !need.is_met(suite))
    }
}

fn message_of(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "the test panicked without a message".to_owned())
}

/// A marked name that no test has is a mistake: the test of that name would be left out of nothing.
pub fn unknown_slow(all: &[Case]) -> Vec<&'static str> {
    SLOW.into_iter()
        .chain(ALONE)
        .filter(|name| !all.iter().any(|case| case.name == *name))
        .collect()
}

/// Lists the tests of a file: `cases![one, two; SeveralUsers: three; Limits: four]`. The names are the
/// functions' own, read as sentences.
#[macro_export]
macro_rules! cases {
    ($($plain:ident),* $(,)? $(; $need:ident: $($needy:ident),+ $(,)?)*) => {
        pub fn cases() -> Vec<$crate::cases::Case> {
            let case = |function, need, run| $crate::cases::Case::named_after(module_path!(), function, need, run);
            vec![
                $(case(stringify!($plain), $crate::cases::Need::Nothing, $plain as fn()),)*
                $($(case(stringify!($needy), $crate::cases::Need::$need, $needy as fn()),)+)*
            ]
        }
    };
}
