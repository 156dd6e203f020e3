//! From inside a container: what cannot be seen from there is told with a number and the way out.

use crate::env::{Invocation, TestEnv};
use crate::isolation::PROGRAM;
use crate::makers::{give_away, holder, posix, sysv};

crate::cases![
    what_cannot_be_judged_from_inside_is_counted_with_the_way_out,
    who_is_said_to_be_alone_is_judged,
    dev_shm_of_another_ipc_namespace_is_left_alone_and_told;
    SeveralUsers: root_is_never_told_to_run_as_root
];

/// The program in a pid namespace of its own.
fn inside(env: &TestEnv, arguments: &[&str]) -> Invocation {
    let before = ["--pid", "--fork", "--mount-proc", PROGRAM];
    env.tool("unshare", before.iter().chain(arguments))
}

/// A segment whose maker was outside, and has ended.
fn segment_from_outside(env: &TestEnv) -> libc::c_int {
    let key = env.key();
    holder::in_passing(|| {
        sysv::segment(key, 4096, 0o600);
    });
    sysv::segment_of(key)
}

const CLEAN: [&str; 6] = ["clean", "shm", "--grace", "0", "--suspect=all", "--yes"];

fn what_cannot_be_judged_from_inside_is_counted_with_the_way_out() {
    let env = TestEnv::new();
    let id = segment_from_outside(&env);
    let output = inside(&env, &CLEAN).run().code(0);
    output.says(
        "1 cannot be judged from inside this pid namespace: run on the host, or --assume-alone",
    );
    assert!(sysv::segment_status(id).is_ok());
}

fn who_is_said_to_be_alone_is_judged() {
    let env = TestEnv::new();
    let id = segment_from_outside(&env);
    let listed = ["list", "shm", "--grace", "0", "--format", "plain", "-o", "state"];
    inside(&env, &listed).run().ok().prints("unknown\n");
    let (_, judged) =
        inside(&env, &[&listed[..], &["--assume-alone"]].concat()).run().any_code(&[0]);
    assert!(["suspect\n", "leftover\n"].contains(&judged.stdout()), "{}", judged.report());
    let output = inside(&env, &[&CLEAN[..], &["--assume-alone"]].concat()).run().code(0);
    output.shows("removed 1 object").says_not("cannot be judged");
    assert!(sysv::segment_status(id).is_err());
}

// As `nsenter --ipc` alone does it.
fn dev_shm_of_another_ipc_namespace_is_left_alone_and_told() {
    let env = TestEnv::new();
    posix::shared_memory("/of-the-host", 4096, 0o600);
    let mixed = |words: &str| {
        let script = format!("unshare --ipc {PROGRAM} {words}; exit $?");
        env.tool("unshare", ["--ipc", "--pid", "--fork", "--mount-proc", "sh", "-c", &script])
    };
    let output = mixed(&CLEAN.join(" ")).run().code(1);
    output.says("/dev/shm belongs to another IPC namespace than this process is in");
    output.says("hint: enter the mount namespace, too").shows("nothing to clean");
    assert!(std::fs::exists("/dev/shm/of-the-host").unwrap());
    mixed("list shm").run().code(0).says("warning: /dev/shm belongs to another IPC namespace");
    // A container has both.
    env.run(["list", "shm"]).ok();
}

fn root_is_never_told_to_run_as_root() {
    let env = TestEnv::new();
    posix::shared_memory("/anothers", 4096, 0o600);
    give_away("/dev/shm/anothers", 1234);
    let set = ["set", "shm:/anothers", "--mode", "0644"];
    let output = env.command(set).unprivileged().run().code(4);
    output.says("hint: root may not do this here").says_not("run as");
    env.command(set).by_user(1235).run().code(4).says("run as 1234 or root");
}
