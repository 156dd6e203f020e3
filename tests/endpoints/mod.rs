//! The endpoints of queues and FIFOs with somebody on the other end: crowds, late and lost peers, other programs.

mod crowd;
mod delivery;
mod footprint;
mod frames;
mod inherited;
mod peers_gone;
mod pool;
mod signals;
mod soak;
mod unread;
mod unsent;
mod waiting;
mod whole;

use crate::cases::Case;
use crate::env::{Invocation, TestEnv};

pub fn cases() -> Vec<Case> {
    [
        crowd::cases(),
        delivery::cases(),
        footprint::cases(),
        frames::cases(),
        inherited::cases(),
        peers_gone::cases(),
        pool::cases(),
        signals::cases(),
        soak::cases(),
        unread::cases(),
        unsent::cases(),
        waiting::cases(),
        whole::cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// `asleep PID`: waits until that process waits for something.
const ASLEEP: &str = "asleep() { for i in 1 2 3; do \
    until test \"$(cut -d ' ' -f 3 /proc/$1/stat)\" = S; do sleep 0.01; done; sleep 0.02; done; }; ";

/// A script that finds the program by its name, the directory of the test as its own, and has `asleep`.
pub fn script(env: &TestEnv, text: &str) -> Invocation {
    env.tool("sh", ["-euc", &format!("{ASLEEP}{text}")])
        .env("PATH", "/dev/program:/usr/bin:/bin:/usr/sbin:/sbin")
        .env("TMPDIR", env.directory())
}

/// A small queue of each family, by its address. `RLIMIT_MSGQUEUE` is shared by all tests.
pub const SMALL: [&str; 2] =
    ["ipcctl create mq:/q --max-messages 10 --message-size 200", "ipcctl create mq"];
