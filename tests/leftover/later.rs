//! What began more than a minute after an object was last used: it knows of it only if somebody has handed it on. The minute is
//! waited for once, for all of them.

use std::fs;
use std::thread;
use std::time::Duration;

use crate::env::{Running, TestEnv};
use crate::leftover::{expect, expect_suspect};
use crate::makers::{fifo, holder, sysv};

crate::cases![;
    SeveralUsers: who_begins_a_minute_later_knows_a_number_only_if_it_was_handed_on
];

/// Users who have no process, one a case.
const FORKS: u32 = 70_801;
const STRANGER: u32 = 70_802;
const VARIABLE: u32 = 70_803;
const ARGUMENT: u32 = 70_804;
const OTHER_VARIABLE: u32 = 70_805;

/// Makes a set without a key and, when somebody has written into the FIFO, goes on as a daemon: a copy of it that began later.
const FORKING: &str = "use POSIX; my $set = semget(0, 1, 0600 | 512) // die; \
     open(my $go, '<', $ARGV[0]); <$go>; exit if fork; setsid; sleep 600";

/// Memory without a key that a process of this user made and left, by its address and number.
fn memory_of(uid: u32) -> (String, String) {
    let before: Vec<_> = ids("shm");
    holder::as_user(uid, || {
        sysv::segment(sysv::PRIVATE, 4096, 0o600);
    });
    let id = ids("shm").into_iter().find(|id| !before.contains(id)).expect("it was made");
    (format!("shm:{id}"), id)
}

/// The ids in a table of the kernel.
fn ids(table: &str) -> Vec<String> {
    let text = fs::read_to_string(format!("/proc/sysvipc/{table}")).unwrap();
    let id = |line: &str| line.split_whitespace().nth(1).unwrap().to_owned();
    text.lines().skip(1).map(id).collect()
}

/// A program of this user that was started just now and waits.
fn started(env: &TestEnv, uid: u32, variable: (&str, &str), argument: &str) -> Running {
    let code = "import time; time.sleep(600)";
    let program = env.tool("/usr/bin/python3", ["-c", code, argument]).by_user(uid);
    let running = program.env(variable.0, variable.1).start();
    running.wait_until_asleep();
    running
}

fn who_begins_a_minute_later_knows_a_number_only_if_it_was_handed_on() {
    let env = TestEnv::readable();
    let go = env.path("go");
    fifo::fifo(&go, 0o666);
    let maker = env.tool("perl", ["-e", FORKING, &go]).by_user(FORKS).start();
    maker.wait_until_asleep();
    let set = format!("sem:{}", ids("sem")[0]);
    let [none, variable, argument, other] =
        [STRANGER, VARIABLE, ARGUMENT, OTHER_VARIABLE].map(memory_of);
    thread::sleep(Duration::from_secs(64));
    fs::write(&go, "go\n").unwrap();
    let _running = [
        started(&env, STRANGER, ("LEVEL", "7"), "x"),
        started(&env, VARIABLE, ("LOG_SHMID", &variable.1), "x"),
        started(&env, ARGUMENT, ("LEVEL", "7"), &argument.0),
        started(&env, OTHER_VARIABLE, ("LEVEL", &other.1), "x"),
    ];
    expect(&env, &none.0, "leftover");
    assert!(expect(&env, &variable.0, "suspect").contains("was started with it"));
    assert!(expect(&env, &argument.0, "suspect").contains("was started with it"));
    // A small number is everywhere.
    expect(&env, &other.0, "leftover");
    // The maker ends once its copy goes on.
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while env.run(["show", &set, "--json"]).ok().only()["evidence"].to_string().contains("runs\"") {
        assert!(std::time::Instant::now() < deadline, "the maker has not ended");
        thread::sleep(Duration::from_millis(50));
    }
    let evidence = expect_suspect(&env, &set);
    assert!(evidence.contains("was there when it was last used"), "{evidence}");
}
