//! A cleaner against servers that end and begin again all the time, each of which leaves its socket file behind: none that lives
//! loses its file for good, and none sees a connection.

use std::fs;
use std::io;
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;
use std::time::Duration;

use super::races::{clean_for_a_while, tally, use_forever, verdict};
use crate::env::TestEnv;
use crate::makers::{holder, sock};

crate::cases![servers_that_restart_all_the_time_are_never_lost];

/// One of 1024 names by chance: what a server leaves is judged only when it is two seconds old, which some are when they are
/// wanted again.
fn name(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 54
}

fn servers_that_restart_all_the_time_are_never_lost() {
    let env = TestEnv::new();
    let tally = tally();
    let directory = env.path("");
    let below = directory.clone();
    let racer = holder::churning(move || {
        use_forever(tally, |number| restart(&format!("{below}/server-{}", name(number)), number));
    });
    let removed = clean_for_a_while(&env, "sock");
    drop(racer);
    verdict(tally, removed);
    let left: Vec<_> =
        fs::read_dir(&directory).unwrap().flatten().map(|one| one.file_name()).collect();
    let quarantines = left.iter().filter(|name| name.as_encoded_bytes().starts_with(b".ipcctl"));
    assert_eq!(quarantines.count(), 0, "of {}", left.len());
}

/// Begins as servers do: what is left of the run before is taken away first. Some live on for a while. Returns true if its
/// file was its own when it ended, and nobody had connected.
fn restart(path: &str, number: u64) -> Option<bool> {
    let server = match UnixListener::bind(path) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            // It can have been taken away meanwhile.
            let _ = fs::remove_file(path);
            UnixListener::bind(path).ok()?
        }
        other => other.ok()?,
    };
    thread::sleep(Duration::from_micros(number % 7 * 500));
    // One that is seen away for a moment is put back.
    let mut is_reached = UnixStream::connect(path).is_ok();
    if !is_reached {
        thread::sleep(Duration::from_millis(500));
        is_reached = UnixStream::connect(path).is_ok();
    }
    Some(is_reached && server.accept().is_ok() && sock::saw_nothing(&server))
}
