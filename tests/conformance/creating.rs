//! What `create` owes its user, whatever it makes.

use std::fs::File;
use std::process::Stdio;

use super::{NAMELESS, Promise};
use crate::cases::Need;
use crate::env::TestEnv;
use crate::subjects::Subject;

pub(super) const PROMISES: &[Promise] = &[
    (
        "create prints exactly the address and a newline",
        Need::Nothing,
        &["create"],
        create_prints_the_address,
    ),
    (
        "creating what exists is exit 6 and leaves it untouched",
        Need::Nothing,
        &["create"],
        create_is_exclusive,
    ),
    (
        "create --if-missing makes it once and accepts it the second time",
        Need::Nothing,
        &["create"],
        create_if_missing,
    ),
    (
        "the mode of create is exact whatever the umask",
        Need::Nothing,
        &["create"],
        create_mode_is_exact,
    ),
    (
        "without --mode create makes it private",
        Need::Nothing,
        &["create"],
        create_defaults_to_private,
    ),
    (
        "an ordinary user can make one that nobody may touch",
        Need::Nothing,
        &["create"],
        create_for_nobody,
    ),
    (
        "an address that cannot be printed is no success",
        Need::Nothing,
        &["create"],
        create_into_the_void,
    ),
    (
        "create as root gives it to the owner and group that were asked for",
        Need::SeveralUsers,
        &["create"],
        create_gives_away,
    ),
    (
        "an option that the kind lacks is exit 2 and names the kinds that have it",
        Need::Nothing,
        &["create"],
        lacking_option,
    ),
];

fn create_prints_the_address(env: &TestEnv, subject: &Subject) {
    let fresh = (subject.fresh)(env);
    let output = env.run(subject.create_arguments(&fresh)).ok();
    let address = output.stdout().strip_suffix('\n').expect("a newline").to_owned();
    if subject.family == "sysv" {
        // The key's object is printed as its id; the address that was given works as well.
        let id =
            address.strip_prefix(subject.facility).and_then(|rest| rest.strip_prefix(':')).unwrap();
        assert!(id.parse::<i32>().is_ok(), "{address} is no address of a System V id");
    } else {
        assert_eq!(address, fresh);
    }
    assert!(subject.state(&address).is_some(), "the kernel knows no {address}");
}

fn create_is_exclusive(env: &TestEnv, subject: &Subject) {
    let fresh = (subject.fresh)(env);
    let address = (subject.make)(&fresh, 0o640);
    let before = subject.state(&address).unwrap();
    let mut arguments = subject.create_arguments(&fresh);
    arguments.extend(["--mode".to_owned(), "0666".to_owned()]);
    env.run(arguments).code(6).prints("").says("exists").says(subject.facility);
    assert_eq!(subject.state(&address), Some(before));
}

fn create_if_missing(env: &TestEnv, subject: &Subject) {
    let mut arguments = subject.create_arguments(&(subject.fresh)(env));
    arguments.push("--if-missing".to_owned());
    let first = env.run(&arguments).ok();
    let address = first.stdout().trim_end().to_owned();
    let before = subject.state(&address).unwrap();
    env.run(&arguments).ok().prints(first.stdout());
    assert_eq!(subject.state(&address), Some(before));
}

fn create_mode_is_exact(env: &TestEnv, subject: &Subject) {
    for (mask, mode) in [(0o077, 0o666), (0o777, 0o640), (0o000, 0o604)] {
        let mut arguments = subject.create_arguments(&(subject.fresh)(env));
        arguments.extend(["--mode".to_owned(), format!("{mode:o}")]);
        let output = env.command(arguments).umask(mask).run().ok();
        let state = subject.state(output.stdout().trim_end()).unwrap();
        assert_eq!(
            state.mode, mode,
            "umask {mask:o}: expected {mode:o}, the kernel has {:o}",
            state.mode
        );
    }
}

fn create_defaults_to_private(env: &TestEnv, subject: &Subject) {
    let output = env.command(subject.create_arguments(&(subject.fresh)(env))).umask(0).run().ok();
    assert_eq!(subject.state(output.stdout().trim_end()).unwrap().mode, 0o600);
}

// The mode holds for the maker, too, who has more to do after the call that makes the object.
fn create_for_nobody(env: &TestEnv, subject: &Subject) {
    let fresh = (subject.fresh)(env);
    let mut arguments = subject.create_arguments(&fresh);
    arguments.extend(["--mode".to_owned(), "0".to_owned()]);
    if subject.kind == "sysv-sem" {
        arguments.extend(["--value".to_owned(), "1".to_owned()]);
    }
    let output = env.command(arguments).unprivileged().run().ok();
    let address = output.stdout().trim_end();
    assert_eq!(subject.state(address).unwrap().mode, 0);
    env.command(["rm", address]).unprivileged().run().ok();
    assert_eq!(subject.state(address), None);
}

// A script that takes the address from standard output must learn that it has none.
fn create_into_the_void(env: &TestEnv, subject: &Subject) {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let arguments = subject.create_arguments(&(subject.fresh)(env));
    env.command(arguments).run_to(Stdio::from(full)).code(1).says("cannot write");
}

fn create_gives_away(env: &TestEnv, subject: &Subject) {
    let mut arguments = subject.create_arguments(&(subject.fresh)(env));
    let given = ["--owner", "70000", "--group", "70001", "--mode", "640"];
    arguments.extend(given.map(str::to_owned));
    let output = env.run(arguments).ok();
    let state = subject.state(output.stdout().trim_end()).unwrap();
    assert_eq!((state.uid, state.gid, state.mode), (NAMELESS, 70001, 0o640));
}

fn lacking_option(env: &TestEnv, subject: &Subject) {
    let fresh = (subject.fresh)(env);
    let (option, value, kinds) = subject.lacking;
    let mut arguments = subject.create_arguments(&fresh);
    arguments.extend([option.to_owned(), value.to_owned()]);
    let output = env.run(arguments).code(2);
    output.prints("").says(option);
    for kind in kinds {
        output.says(kind);
    }
    // Usage errors come before anything is attempted.
    env.run(["show", &fresh]).code(3);
}
