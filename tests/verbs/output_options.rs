//! Every output option is honoured by a verb or refused: none is accepted and ignored.

use std::collections::BTreeSet;

use crate::env::TestEnv;
use crate::makers::{holder, sysv};

crate::cases![
    every_output_option_is_honoured_or_refused_by_every_verb,
    an_option_that_is_refused_is_not_offered_either,
    json_is_a_frame_for_messages,
    json_and_another_frame_are_a_usage_error,
    a_refusal_of_lock_is_no_status_of_its_command
];

/// What changes the answer if it is honoured, for each of the options.
const OPTIONS: &[(&str, &[&str])] = &[
    ("--format", &["--format", "csv"]),
    ("--json", &["--json"]),
    ("--columns", &["--columns", "help"]),
    ("--no-headings", &["--no-headings"]),
    ("--bytes", &["--bytes"]),
    ("--time", &["--time", "iso"]),
    ("--color", &["--color", "always"]),
];

/// What changes no answer: whether a terminal has a pager is tried there.
const NOT_OF_ANSWERS: [&str; 2] = ["--version", "--no-pager"];

/// What every verb has.
const COMMON: [&str; 2] = ["--quiet", "--help"];

fn offered(env: &TestEnv, words: &[&str]) -> BTreeSet<String> {
    let output = env.run(["__complete", "--"].iter().chain(words)).ok();
    output.lines().iter().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

/// Each verb with the words that it needs.
fn verbs(env: &TestEnv) -> Vec<(String, Vec<&'static str>)> {
    let needs = |verb: &str| -> &'static [&'static str] {
        match verb {
            "list" | "limits" | "kinds" => &[],
            "clean" => &["--dry-run", "--grace", "0", "--suspect=all"],
            "show" => &["shm:0xb16"],
            "generate" => &["man", "/nowhere/at/all"],
            "lock" => &["sem:0xdead", "--", "true"],
            "send" => &["mq:0xdead", "{}"],
            "semop" => &["sem:0xdead", "0=1"],
            "create" => &["shm:/never"],
            "move" => &["mq:0xdead", "mq:/dead"],
            _ => &["shm:0xdead"],
        }
    };
    let verbs = offered(env, &[""]);
    assert!(verbs.len() > 15, "{verbs:?}");
    verbs.into_iter().map(|verb| (verb.clone(), needs(&verb).to_vec())).collect()
}

fn line<'a>(verb: &'a str, option: &[&'a str], needs: &[&'a str]) -> Vec<&'a str> {
    [verb].iter().chain(option).chain(needs).copied().collect()
}

fn every_output_option_is_honoured_or_refused_by_every_verb() {
    let env = TestEnv::new();
    let all: BTreeSet<_> = offered(&env, &["--"]);
    let known: BTreeSet<_> =
        OPTIONS.iter().map(|(option, _)| *option).chain(COMMON).map(str::to_owned).collect();
    let global: BTreeSet<_> =
        all.iter().filter(|option| !NOT_OF_ANSWERS.contains(&option.as_str())).cloned().collect();
    assert_eq!(global, known, "an output option without a test");
    // Large enough for sizes that --bytes changes, and nobody's, so that clean has a row.
    sysv::segment(0xb16, 3 << 20, 0o600);
    holder::in_passing(|| {
        sysv::segment(0, 3 << 20, 0o600);
    });
    let mut refused = 0;
    for (verb, needs) in verbs(&env) {
        let offered = offered(&env, &[&verb, "--"]);
        assert!(COMMON.iter().all(|option| offered.contains(*option)), "{verb}: {offered:?}");
        for (option, given) in OPTIONS {
            // What is given before a verb is given to it.
            let before: Vec<_> = given.iter().copied().chain(line(&verb, &[], &needs)).collect();
            if offered.contains(*option) {
                let messages = !offered.contains("--format");
                // What carries messages has a test of its own, and so have reports.
                if messages {
                    continue;
                }
                // The table of show has no headings, its csv has.
                let csv: &[&str] = if verb == "show" { &["--format", "csv"] } else { &[] };
                let csv = if *option == "--no-headings" { csv } else { &[] };
                let run = |words: Vec<&str>| {
                    let words = words.iter().chain(csv);
                    env.run(words).any_code(&[0, 1]).1.stdout().to_owned()
                };
                let plain = run(line(&verb, &[], &needs));
                for words in [line(&verb, given, &needs), before] {
                    assert_ne!(plain, run(words), "{verb} {option} has no effect");
                }
            } else {
                refused += 1;
                for words in [line(&verb, given, &needs), before] {
                    let output = env.run(words).any_code(&[2, 125]).1;
                    output.prints("").says(&format!("{option} is not for {verb}: it has --"));
                }
            }
        }
    }
    assert!(refused > 60, "only {refused} refused");
}

fn an_option_that_is_refused_is_not_offered_either() {
    let env = TestEnv::new();
    for (verb, _) in verbs(&env) {
        let help = env.run([&*verb, "--help"]).ok();
        let offered = offered(&env, &[&verb, "--"]);
        for (option, _) in OPTIONS {
            let listed = help.lines().iter().any(|line| {
                let words = line.trim_start().trim_start_matches("-o, ");
                words.split([' ', ',']).next() == Some(*option)
            });
            assert_eq!(listed, offered.contains(*option), "{verb} {option}\n{}", help.report());
        }
    }
}

fn json_is_a_frame_for_messages() {
    let env = TestEnv::new();
    sysv::queue(0xa, 0o600);
    let framed = "{\"type\":3,\"data\":\"hi\"}\n";
    env.command(["send", "mq:0xa", "--json"]).input(framed).run().ok();
    env.run(["peek", "mq:0xa", "--json"]).ok().prints(framed);
    env.run(["recv", "mq:0xa", "--json"]).ok().prints(framed);
    env.command(["--json", "send", "mq:0xa"]).input(framed).run().ok();
    env.run(["recv", "mq:0xa", "--frame", "json"]).ok().prints(framed);
}

fn json_and_another_frame_are_a_usage_error() {
    let env = TestEnv::new();
    sysv::queue(0xa, 0o600);
    for verb in ["send", "recv", "peek"] {
        for words in [
            ["--json", verb, "mq:0xa", "--frame", "line"],
            [verb, "mq:0xa", "--frame", "nul", "--json"],
        ] {
            env.run(words).code(2).says("--json is short for --frame json: give one frame");
        }
    }
    let words = ["--json", "recv", "mq:0xa", "--nonblock", "--exec", "cat"];
    env.run(words).code(2).says("--json are not for --exec");
}

fn a_refusal_of_lock_is_no_status_of_its_command() {
    let env = TestEnv::new();
    sysv::set_with(0x5, &[1], 0o600);
    env.run(["lock", "sem:0x5", "--json", "--", "true"]).code(125).prints("");
    env.run(["lock", "sem:0x5", "--", "echo", "--json"]).ok().prints("--json\n");
}
