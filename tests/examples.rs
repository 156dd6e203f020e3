//! The examples of the help, which are those of the manual pages: each is run as it stands, in a plain shell, in a
//! world that has what examples are about.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::env::TestEnv;
use crate::isolation;
use crate::makers::{fifo, forking, posix, sysv};

crate::cases![
    every_verb_has_two_examples_or_more,
    every_example_runs;
    SeveralUsers: every_example_about_other_users_runs
];

/// An example: a command, and the verb whose help it is in; empty for the program's own.
pub struct Example {
    verb: String,
    pub command: String,
}

/// The examples in a help text.
pub fn of_help(help: &str) -> Vec<Example> {
    let examples = help.lines().skip_while(|line| *line != "Examples:").skip(1);
    let examples = examples.take_while(|line| line.starts_with("  "));
    examples
        .map(|line| line.trim().split("  ").next().unwrap().to_owned())
        .map(|command| Example { verb: String::new(), command })
        .collect()
}

/// Every verb with the examples of its help, and the program itself first.
fn all(env: &TestEnv) -> Vec<(String, Vec<Example>)> {
    let verbs = env.run(["__complete", "--", ""]).ok();
    let verbs = verbs.lines().into_iter().map(|line| line.split('\t').next().unwrap().to_owned());
    let verbs = std::iter::once(String::new()).chain(verbs.filter(|verb| verb != "help"));
    verbs
        .map(|verb| {
            let words: Vec<&str> =
                [&*verb, "--help"].into_iter().filter(|word| !word.is_empty()).collect();
            let help = env.run(words).ok();
            let of_verb = |example: Example| Example { verb: verb.clone(), ..example };
            let examples = of_help(help.stdout()).into_iter().map(of_verb).collect();
            (verb, examples)
        })
        .collect()
}

fn every_verb_has_two_examples_or_more() {
    let env = TestEnv::new();
    let all = all(&env);
    assert!(all.len() >= 8, "{}", all.len());
    for (verb, examples) in all {
        assert!(examples.len() >= 2, "{verb} has only {}", examples.len());
        for example in examples {
            assert!(example.command.contains("ipcctl"), "{verb}: {}", example.command);
        }
    }
}

/// What examples are about: objects by the names that they use, and a directory with a few files.
fn make_objects(env: &TestEnv) {
    sysv::segment(0x5eed, 4096, 0o600);
    posix::shared_memory("/frames", 16 << 20, 0o600);
    for key in [0x5eed, 1, 2, 3, 4, 5] {
        let queue = sysv::queue(key, 0o600);
        for kind in 1..=3 {
            sysv::send(queue, kind, b"some text");
        }
    }
    for name in ["/jobs", "/a", "/b"] {
        posix::message_queue(name, 4, 256, 0o600);
    }
    for name in ["/jobs", "/a"] {
        posix::send(name, 1, b"some text");
    }
    sysv::set_with(0x5eed, &[3; 5], 0o600);
    sysv::set_with(0xb0b, &[1], 0o600);
    sysv::set_with(0xfee, &[0; 5], 0o600);
    for key in 1..=3 {
        sysv::set(key, 3, 0o600);
    }
    posix::semaphore("/gate", 1, 0o600);
    posix::semaphore("/three", 3, 0o600);
    for name in ["/run/app.ctl", "/run/app.log"] {
        fifo::fifo(name, 0o600);
    }
    let directory = env.directory().join("place");
    fs::create_dir(&directory).unwrap();
    for name in ["frames.bin", "a.log", "b.log", "message"] {
        fs::write(directory.join(name), [b'x'; 128]).unwrap();
    }
    for name in ["backup", "work"] {
        forking::undisturbed(|| fs::write(directory.join(name), "#!/bin/sh\n")).unwrap();
        fs::set_permissions(directory.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
}

/// Does it give something to a user or a group that an ordinary user's namespace does not have?
fn needs_users(example: &Example) -> bool {
    ["--group", "--owner"].iter().any(|option| example.command.contains(option))
}

fn run(example: &Example) {
    let env = TestEnv::new();
    let makes = example.verb == "create" || example.command.starts_with("ipcctl create");
    // Somebody reads from the FIFO that examples write to.
    let mut reader = None;
    let mut command = example.command.clone();
    if !makes {
        make_objects(&env);
        reader = Some(fifo::fill("/run/app.ctl", b"some text\n"));
        command = format!("cd place; {command}");
    }
    let directory = std::path::Path::new(isolation::PROGRAM).parent().unwrap().display();
    let path = format!("{directory}:/usr/bin:/bin");
    let endless = command.contains("--follow");
    let words = ["-s", "INT", if endless { "1" } else { "60" }, "sh", "-euc", &command];
    let run = env.tool("timeout", words).env("PATH", path).run();
    // What goes on until it is interrupted is interrupted.
    let (_, output) = run.any_code(if endless { &[0, 124, 130] } else { &[0] });
    // A pipe hides the status of its first program, but not what it says.
    output.says_not("ipcctl: cannot");
    drop(reader);
}

fn run_all(wanted: fn(&Example) -> bool) {
    let examples = all(&TestEnv::new()).into_iter().flat_map(|(_, examples)| examples);
    let run = examples.filter(wanted).map(|example| run(&example)).count();
    assert!(run > 0);
}

fn every_example_runs() {
    run_all(|example| !needs_users(example));
}

fn every_example_about_other_users_runs() {
    run_all(needs_users);
}
