//! What `set` and `rm` owe their user, whatever they change.

use super::{NAMELESS, Promise, STRANGER};
use crate::cases::Need;
use crate::env::TestEnv;
use crate::subjects::Subject;

pub(super) const PROMISES: &[Promise] = &[
    (
        "a printed address leads every verb back to the object",
        Need::Nothing,
        &["create", "set", "rm"],
        address_round_trip,
    ),
    (
        "what is missing is exit 3 for every verb and named",
        Need::Nothing,
        &["create", "set", "rm"],
        missing_is_exit_3,
    ),
    ("set --mode is exact", Need::Nothing, &["set"], set_mode_is_exact),
    (
        "set as root changes owner and group and nothing else",
        Need::SeveralUsers,
        &["set"],
        set_owner,
    ),
    (
        "set by a stranger is exit 4 and changes nothing",
        Need::SeveralUsers,
        &["set"],
        set_by_a_stranger,
    ),
    (
        "rm removes it and nothing else, and the second time is exit 3",
        Need::Nothing,
        &["rm"],
        rm_removes,
    ),
    ("rm --if-exists takes a missing one for done", Need::Nothing, &["rm"], rm_if_exists),
    (
        "rm - reads addresses and goes on past a missing one",
        Need::Nothing,
        &["rm"],
        rm_from_standard_input,
    ),
    (
        "rm by a stranger is exit 4 and removes nothing",
        Need::SeveralUsers,
        &["rm"],
        rm_by_a_stranger,
    ),
];

fn address_round_trip(env: &TestEnv, subject: &Subject) {
    let fresh = (subject.fresh)(env);
    let address = (subject.make)(&fresh, 0o600);
    let output = env.run(["list", &fresh, "--format", "plain", "-o", "address"]).ok();
    output.prints(&format!("{address}\n"));
    env.run(["set", &address, "--mode", "0644"]).ok().prints("");
    assert_eq!(subject.state(&address).unwrap().mode, 0o644);
    env.run(["rm", &address]).ok();
    assert_eq!(subject.state(&address), None);
}

fn missing_is_exit_3(env: &TestEnv, subject: &Subject) {
    let missing = (subject.fresh)(env);
    let present = subject.made(env);
    for arguments in [
        vec!["show", &missing],
        vec!["set", &missing, "--mode", "600"],
        vec!["rm", &missing],
        vec!["list", &missing, "--no-headings"],
    ] {
        let output = env.run(&arguments).code(3);
        output.prints("").says(&missing).says("ipcctl: ");
    }
    // One that is there is still shown.
    env.run(["show", &missing, &present]).code(3).shows(&present);
}

fn set_mode_is_exact(env: &TestEnv, subject: &Subject) {
    let address = subject.made(env);
    let before = subject.state(&address).unwrap();
    for mode in [0o666, 0o000, 0o604] {
        let text = format!("{mode:04o}");
        env.command(["set", &address, "--mode", &text]).umask(0o777).run().ok().prints("");
        let after = subject.state(&address).unwrap();
        assert_eq!(
            (after.mode, after.uid, after.extent, after.identity),
            (mode, before.uid, before.extent, before.identity)
        );
    }
}

fn set_owner(env: &TestEnv, subject: &Subject) {
    let address = subject.made_with(env, 0o640);
    let before = subject.state(&address).unwrap();
    env.run(["set", &address, "--owner", "70000"]).ok();
    env.run(["set", &address, "--group", "70001"]).ok();
    let after = subject.state(&address).unwrap();
    assert_eq!(after, crate::subjects::State { uid: NAMELESS, gid: 70001, ..before });
    // A name means the same as its number.
    env.run(["set", &address, "--owner", "root"]).ok();
    assert_eq!(subject.state(&address).unwrap().uid, 0);
}

fn set_by_a_stranger(env: &TestEnv, subject: &Subject) {
    let address = subject.made_with(env, 0o644);
    let before = subject.state(&address);
    if subject.lives_with_processes() {
        // What only processes show, a stranger cannot even find.
        let output = env.command(["set", &address, "--mode", "0666"]).by_user(STRANGER).run();
        output.code(3).says("could not be read").says("root");
        assert_eq!(subject.state(&address), before);
        return;
    }
    let output = env.command(["set", &address, "--mode", "0666"]).by_user(STRANGER).run().code(4);
    output.says("permission denied").says("hint:").says("root");
    assert_eq!(subject.state(&address), before);
}

fn rm_removes(env: &TestEnv, subject: &Subject) {
    let (address, other) = (subject.made(env), subject.made(env));
    env.run(["rm", &address]).ok();
    assert_eq!(subject.state(&address), None);
    assert!(subject.state(&other).is_some());
    env.run(["rm", &address]).code(3).says(&address);
}

fn rm_if_exists(env: &TestEnv, subject: &Subject) {
    let (missing, present) = ((subject.fresh)(env), subject.made(env));
    env.run(["rm", "--if-exists", &missing, &present]).ok();
    assert_eq!(subject.state(&present), None);
}

fn rm_from_standard_input(env: &TestEnv, subject: &Subject) {
    let (first, missing, last) = (subject.made(env), (subject.fresh)(env), subject.made(env));
    let input = format!("{first}\n{missing}\n{last}\n");
    env.command(["rm", "-"]).input(input).run().code(3).says(&missing);
    assert_eq!((subject.state(&first), subject.state(&last)), (None, None));
}

fn rm_by_a_stranger(env: &TestEnv, subject: &Subject) {
    let address = subject.made_with(env, 0o666);
    let output = env.command(["rm", &address]).by_user(STRANGER).run().code(4);
    output.says(&address).says("permission denied").says("hint:");
    assert!(subject.state(&address).is_some());
}
