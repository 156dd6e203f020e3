//! What every verb shares: help, version, and the words around them.

use crate::env::TestEnv;
use crate::makers::{odd, posix};

crate::cases![
    the_version_is_the_packages,
    the_short_help_is_short_and_the_long_help_has_examples,
    every_verb_has_both_helps,
    an_unknown_verb_is_exit_2_and_nothing_else,
    an_unknown_option_is_exit_2_for_every_verb,
    every_verb_with_columns_lists_their_names,
    quiet_silences_notes_but_no_errors,
    errors_begin_with_the_programs_name_and_are_one_line_each
];

const VERBS: [&str; 7] = ["list", "show", "create", "set", "rm", "limits", "kinds"];

fn the_version_is_the_packages() {
    let env = TestEnv::new();
    let expected = format!("ipcctl {}\n", env!("CARGO_PKG_VERSION"));
    for option in ["-V", "--version"] {
        env.run([option]).ok().prints(&expected);
    }
}

fn the_short_help_is_short_and_the_long_help_has_examples() {
    let env = TestEnv::new();
    let (short, long) = (env.run(["-h"]).ok(), env.run(["--help"]).ok());
    for verb in VERBS {
        short.shows(verb);
        long.shows(verb);
    }
    assert!(short.lines().len() < long.lines().len(), "{}", long.report());
    assert!(
        long.stdout().contains("ipcctl list") && long.stdout().to_lowercase().contains("example"),
        "{}",
        long.report()
    );
}

fn every_verb_has_both_helps() {
    let env = TestEnv::new();
    for verb in VERBS {
        let (short, long) = (env.run([verb, "-h"]).ok(), env.run([verb, "--help"]).ok());
        assert!(short.lines().len() < long.lines().len(), "{verb}\n{}", long.report());
        long.shows(&format!("ipcctl {verb}"));
        assert!(long.stdout().to_lowercase().contains("example"), "{verb}\n{}", long.report());
    }
}

fn an_unknown_verb_is_exit_2_and_nothing_else() {
    let env = TestEnv::new();
    env.run(["destroy"]).code(2).prints("").says("destroy");
}

fn an_unknown_option_is_exit_2_for_every_verb() {
    let env = TestEnv::new();
    for verb in VERBS {
        env.run([verb, "--everything"]).code(2).prints("").says("--everything");
    }
}

fn every_verb_with_columns_lists_their_names() {
    let env = TestEnv::new();
    posix::shared_memory("/x", 1, 0o600);
    for (arguments, column) in [
        (vec!["list"], "attached"),
        (vec!["show", "shm:/x"], "attached"),
        (vec!["limits"], "percent"),
        (vec!["kinds"], "family"),
    ] {
        let output = env.run(arguments.iter().chain(&["--columns", "help"])).ok();
        let begins = |line: &&str| line.split_whitespace().next() == Some(column);
        assert!(output.lines().iter().any(begins), "no {column}\n{}", output.report());
        // Every name that is listed is one that can be asked for.
        let name = output.lines()[1].split_whitespace().next().unwrap();
        env.run(arguments.iter().chain(&["--columns", name])).any_code(&[0]).1.tells(name);
    }
}

fn quiet_silences_notes_but_no_errors() {
    let env = TestEnv::new();
    odd::strangers();
    env.run(["list", "shm"]).code(0).says("/dev/shm");
    env.run(["list", "shm", "--quiet"]).ok();
    env.run(["-q", "list", "shm"]).ok();
    env.run(["rm", "-q", "shm:/none"]).code(3).says("shm:/none");
}

fn errors_begin_with_the_programs_name_and_are_one_line_each() {
    let env = TestEnv::new();
    let output = env.run(["rm", "shm:7", "shm:/none", "fifo:/none"]).code(3);
    let lines: Vec<&str> =
        output.stderr().lines().filter(|line| !line.starts_with("hint: ")).collect();
    assert_eq!(
        lines,
        [
            "ipcctl: cannot remove shm:7: no such object",
            "ipcctl: cannot remove shm:/none: no such object",
            "ipcctl: cannot remove fifo:/none: no such object",
        ]
    );
}
