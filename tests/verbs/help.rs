//! Help, short and long, and what is said of a word that was mistyped.

use crate::env::TestEnv;

crate::cases![
    short_help_fits_a_screen_and_names_the_long_one,
    long_help_has_what_short_help_leaves_out,
    help_is_a_verb_too,
    a_mistyped_word_gets_a_suggestion,
    every_verb_option_and_column_is_found_behind_a_mistake,
    a_word_that_resembles_nothing_gets_no_wrong_suggestion,
    every_verb_with_columns_lists_them
];

/// What could stand at the end of a line of these words.
fn candidates(env: &TestEnv, words: &[&str]) -> Vec<String> {
    let output = env.run(["__complete", "--"].iter().chain(words)).ok();
    output.lines().iter().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

fn verbs(env: &TestEnv) -> Vec<String> {
    candidates(env, &[""])
}

/// Rows of the terminal that people have at least, without the one in which the shell asks for more.
const SCREEN: usize = 24 - 1;

fn short_help_fits_a_screen_and_names_the_long_one() {
    let env = TestEnv::new();
    let verbs = verbs(&env);
    assert!(verbs.len() >= 7, "{verbs:?}");
    let of_verbs = verbs.iter().map(|verb| (vec![&**verb, "-h"], format!("ipcctl {verb} --help")));
    for (words, long) in of_verbs.chain([(vec!["-h"], "ipcctl --help".to_owned())]) {
        let help = env.command(words).env("COLUMNS", "80").run_on_terminal(80).ok();
        assert!(help.lines().len() <= SCREEN, "{} lines\n{}", help.lines().len(), help.report());
        help.shows(&long);
    }
}

fn long_help_has_what_short_help_leaves_out() {
    let env = TestEnv::new();
    for option in ["--format", "--no-headings", "--bytes", "--time", "--color", "--fifo-dir"] {
        env.run(["list", "-h"]).ok().hides(option);
        env.run(["list", "--help"]).ok().shows(option);
    }
}

fn a_mistyped_word_gets_a_suggestion() {
    let env = TestEnv::new();
    for (words, expected) in [
        (&["lits"][..], "ipcctl list?"),
        (&["list", "--sotr", "size"], "--sort?"),
        (&["list", "--format", "jsno"], "'json'"),
        (&["list", "-o", "onwer"], "owner"),
        (&["list", "--sort", "-szie"], "size"),
        (&["limits", "-o", "konb"], "knob"),
        (&["create", "shm", "--sise", "4K"], "--size?"),
    ] {
        let output = env.run(words).code(2);
        let hint = output.stderr().lines().find(|line| line.starts_with("hint: "));
        let hint = hint.unwrap_or_else(|| panic!("no hint\n{}", output.report()));
        assert!(hint.contains(expected), "{expected}\n{}", output.report());
        output.prints("");
    }
}

fn help_is_a_verb_too() {
    let env = TestEnv::new();
    env.run(["help", "rm"]).ok().prints(env.run(["rm", "--help"]).ok().stdout());
    env.run(["help"]).ok().prints(env.run(["--help"]).ok().stdout());
    env.run(["help", "lits"]).code(2).prints("").says("hint: did you mean ipcctl list?");
    assert_eq!(candidates(&env, &["help", "li"]), ["list", "limits"]);
}

/// A word with its last letter typed twice.
fn mistaken(word: &str) -> String {
    format!("{word}{}", word.chars().last().unwrap())
}

fn every_verb_option_and_column_is_found_behind_a_mistake() {
    let env = TestEnv::new();
    let check = |words: &[&str], expected: &str| {
        let output = env.run(words).any_code(&[2, 125]).1;
        let hints = output.stderr().lines().filter(|line| line.starts_with("hint: "));
        assert!(
            hints.into_iter().any(|hint| hint.contains(expected)),
            "{expected}\n{}",
            output.report()
        );
        output.prints("");
    };
    let mut options = 0;
    for verb in verbs(&env) {
        check(&[&mistaken(&verb)], &format!("did you mean ipcctl {verb}?"));
        for option in candidates(&env, &[&verb, "--"]) {
            check(&[&verb, &mistaken(&option)], &format!("did you mean {option}?"));
            options += 1;
        }
    }
    assert!(options > 150, "only {options} options");
    for verb in ["list", "limits", "kinds", "clean"] {
        for column in env.run([verb, "--columns", "help", "--format", "plain"]).ok().lines() {
            let column = column.split('\t').next().unwrap();
            check(&[verb, "-o", &mistaken(column)], &format!("did you mean {column}?"));
        }
    }
}

fn a_word_that_resembles_nothing_gets_no_wrong_suggestion() {
    let env = TestEnv::new();
    let output = env.run(["frobnicate"]).code(2);
    output.says("there is no verb frobnicate").says("hint: ipcctl --help lists the verbs");
    env.run(["list", "shn"]).code(2).says("shm, mq (or msg), sem, fifo");
}

fn every_verb_with_columns_lists_them() {
    let env = TestEnv::new();
    for (words, column) in
        [(&["list"][..], "creator"), (&[], "creator"), (&["limits"], "knob"), (&["kinds"], "about")]
    {
        let words: Vec<&str> = words.iter().chain(&["--columns", "help"]).copied().collect();
        let output = env.run(words).ok();
        let line = output.lines().into_iter().find(|line| line.starts_with(column)).map(str::len);
        assert!(line.is_some_and(|long| long > column.len() + 10), "{}", output.report());
    }
    env.run(["kinds", "-o", "kind,facility"]).ok().shows("KIND");
}
