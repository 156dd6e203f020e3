//! Help, short and long, and what is said of a word that was mistyped.

use crate::env::TestEnv;

crate::cases![
    short_help_fits_a_screen_and_names_the_long_one,
    long_help_has_what_short_help_leaves_out,
    a_mistyped_word_gets_a_suggestion,
    a_word_that_resembles_nothing_gets_no_wrong_suggestion,
    every_verb_with_columns_lists_them
];

fn verbs(env: &TestEnv) -> Vec<String> {
    let verbs = env.run(["__complete", "--", ""]).ok();
    let verbs = verbs.lines().into_iter().map(|line| line.split('\t').next().unwrap().to_owned());
    verbs.filter(|verb| verb != "help").collect()
}

/// Rows of a terminal that people have at least, and those of a verb with the options of seven kinds.
const SCREEN: usize = 40;
const TALL_SCREEN: usize = 50;

fn short_help_fits_a_screen_and_names_the_long_one() {
    let env = TestEnv::new();
    let verbs = verbs(&env);
    assert!(verbs.len() >= 7, "{verbs:?}");
    for verb in verbs {
        let help = env.command([&verb, "-h"]).env("COLUMNS", "80").run_on_terminal(80).ok();
        let most = if ["create", "send"].contains(&&*verb) { TALL_SCREEN } else { SCREEN };
        assert!(help.lines().len() <= most, "{} lines\n{}", help.lines().len(), help.report());
        help.shows(&format!("ipcctl {verb} --help"));
    }
}

fn long_help_has_what_short_help_leaves_out() {
    let env = TestEnv::new();
    for option in ["--no-headings", "--bytes", "--time", "--color"] {
        env.run(["list", "-h"]).ok().hides(option);
        env.run(["list", "--help"]).ok().shows(option);
    }
}

fn a_mistyped_word_gets_a_suggestion() {
    let env = TestEnv::new();
    for (words, expected) in [
        (&["lits"][..], "'list'"),
        (&["list", "--sotr", "size"], "'--sort'"),
        (&["list", "--format", "jsno"], "'json'"),
        (&["list", "-o", "onwer"], "owner"),
        (&["list", "--sort", "-szie"], "size"),
        (&["limits", "-o", "konb"], "knob"),
        (&["create", "shm", "--sise", "4K"], "'--size'"),
    ] {
        let output = env.run(words).code(2);
        let hint = output.stderr().lines().find(|line| line.starts_with("hint: "));
        let hint = hint.unwrap_or_else(|| panic!("no hint\n{}", output.report()));
        assert!(hint.contains(expected), "{expected}\n{}", output.report());
        output.prints("");
    }
}

fn a_word_that_resembles_nothing_gets_no_wrong_suggestion() {
    let env = TestEnv::new();
    env.run(["frobnicate"])
        .code(2)
        .says("there is no verb 'frobnicate'")
        .says("hint: --help tells more");
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
