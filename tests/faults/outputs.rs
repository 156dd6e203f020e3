//! Standard output that is closed, or that nothing can be written to: each verb says it, and its status too.

use std::fs::File;
use std::process::Stdio;

use super::calls::FORMS;
use crate::endpoints::script;
use crate::env::TestEnv;

crate::cases![
    every_verb_is_tried,
    every_answer_that_cannot_be_written_is_an_error,
    an_address_that_cannot_be_written_is_taken_back,
    nothing_is_cleaned_where_the_plan_cannot_be_written
];

/// Verbs that print nothing where all goes well.
const SILENT: [&str; 9] =
    ["move", "set", "rm", "send", "write", "wait", "post", "semop", "generate"];

/// Kinds that no object of the world is of.
const OF_OTHER_KINDS: [(&str, &str); 7] = [
    ("list", "pid --all"),
    ("list", "pipe --all"),
    ("list", "sock --all"),
    ("list", "lock --all --json"),
    ("list", "--all"),
    ("show", "pid:$$"),
    ("limits", "--commands"),
];

fn every_verb_is_tried() {
    let env = TestEnv::new();
    let output = env.run(["__complete", "--", ""]).ok();
    for line in output.lines() {
        let verb = line.split('\t').next().unwrap();
        assert!(FORMS.iter().any(|(form, _)| *form == verb || verb == "ls"), "{verb}");
    }
}

fn every_answer_that_cannot_be_written_is_an_error() {
    let env = TestEnv::new();
    for (verb, rest) in FORMS.into_iter().chain(OF_OTHER_KINDS) {
        if SILENT.contains(&verb) || verb == "lock" {
            continue;
        }
        for (to, said) in [("/dev/full", "no space"), ("&-", "")] {
            let _world = super::world::renew(&env);
            let run = script(&env, &format!("ipcctl {verb} {rest} >{to}")).run();
            let (code, output) = run.any_code(&[1]);
            assert_eq!(code, 1, "{verb} >{to}");
            output.says(": ").says(said).says_not("panicked");
        }
    }
}

fn an_address_that_cannot_be_written_is_taken_back() {
    let env = TestEnv::new();
    for what in ["shm:/new --size 1", "shm --size 1", "sem", "fifo:/tmp/new", "mq:0x99", "sem:/new"]
    {
        for to in ["/dev/full", "&-"] {
            script(&env, &format!("ipcctl create {what} >{to}")).run().any_code(&[1]);
            let left = env.run(["list", "--json", "--quiet", "--fifo-dir", "/tmp"]).ok();
            assert!(left.objects().is_empty(), "{what} >{to}: {}", left.report());
        }
    }
}

fn nothing_is_cleaned_where_the_plan_cannot_be_written() {
    let env = TestEnv::new();
    for format in ["table", "json", "csv"] {
        std::fs::write("/dev/shm/left", b"x").unwrap();
        let words = ["clean", "--yes", "--grace", "0", "--suspect=all", "--format", format];
        let full = File::options().write(true).open("/dev/full").unwrap();
        env.command(words).run_to(Stdio::from(full)).code(1).says("no space");
        assert!(std::path::Path::new("/dev/shm/left").exists(), "{format}");
    }
}
