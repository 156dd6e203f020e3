//! What is perhaps meant by what cannot be understood: told in the hint, and never done.

use crate::env::TestEnv;
use crate::makers::posix;

crate::cases![
    a_verb_of_another_program_leads_to_ours,
    a_hidden_verb_is_not_suggested,
    an_address_as_people_have_it_leads_to_the_object_that_exists,
    what_does_not_exist_is_not_suggested,
    a_near_miss_of_a_name_leads_to_it,
    an_option_that_is_not_there_is_not_a_value,
    a_value_of_an_address_is_refused_in_one_sentence
];

/// The line that says what to do.
fn hint(env: &TestEnv, words: &[&str]) -> String {
    let run = env.run(words);
    let (_, output) = run.any_code(&[2, 3]);
    let text = output.stderr().to_owned();
    let hint = text.lines().find_map(|line| line.strip_prefix("hint: "));
    hint.unwrap_or_default().to_owned()
}

fn a_verb_of_another_program_leads_to_ours() {
    let env = TestEnv::new();
    for (words, meant) in [
        (["delete", "shm:0"], "rm"),
        (["unlink", "shm:0"], "rm"),
        (["inspect", "shm:0"], "show"),
        (["prune", "-h"], "clean"),
        (["lst", "shm"], "list"),
        (["shm", "-h"], "list shm"),
        (["queues", "-h"], "list mq"),
        (["version", "-h"], "--version"),
    ] {
        let hint = hint(&env, &words);
        assert_eq!(hint, format!("did you mean ipcctl {meant}?"), "{words:?}");
    }
}

fn a_hidden_verb_is_not_suggested() {
    let env = TestEnv::new();
    for word in ["complet", "complete-x", "xyzzy"] {
        assert!(!hint(&env, &[word]).contains("complete"), "{word}");
    }
}

fn an_address_as_people_have_it_leads_to_the_object_that_exists() {
    let env = TestEnv::new();
    posix::shared_memory("/frames", 1, 0o600);
    env.run(["create", "shm:0xdead", "--size", "4K"]).ok();
    env.run(["create", "sem:/gate", "--value", "1"]).ok();
    for (word, meant) in [
        ("/dev/shm/frames", "shm:/frames"),
        ("/dev/shm/sem.gate", "sem:/gate"),
        ("/frames", "shm:/frames"),
        ("frames", "shm:/frames"),
        ("shm:frames", "shm:/frames"),
        ("SHM:/frames", "shm:/frames"),
        ("semaphore:/gate", "sem:/gate"),
        ("0xdead", "shm:0"),
        ("0", "shm:0"),
    ] {
        for verb in ["show", "rm"] {
            let hint = hint(&env, &[verb, word]);
            let either = [format!("did you mean {meant}?"), "did you mean shm:0xdead?".to_owned()];
            assert!(either.contains(&hint), "{verb} {word}: {hint}");
        }
    }
    // Nothing was removed by it.
    env.run(["show", "shm:/frames"]).ok();
    env.run(["show", "shm:0xdead"]).ok();
    // Several are told.
    env.run(["create", "sem", "--count", "1"]).ok();
    let both = hint(&env, &["show", "0"]);
    assert!(both.contains("shm:0") && both.contains("sem:0"), "{both}");
}

fn what_does_not_exist_is_not_suggested() {
    let env = TestEnv::new();
    for word in ["/dev/shm/none", "none", "0", "0xbeef", "\u{1b}[2J", "%", ":", "shm:"] {
        assert!(!hint(&env, &["show", word]).contains("did you mean"), "{word}");
    }
}

fn a_near_miss_of_a_name_leads_to_it() {
    let env = TestEnv::new();
    posix::shared_memory("/jobs-of-today", 1, 0o600);
    assert_eq!(hint(&env, &["show", "shm:/jobs-of-tody"]), "did you mean shm:/jobs-of-today?");
    assert_eq!(hint(&env, &["rm", "shm:/job-of-today"]), "did you mean shm:/jobs-of-today?");
    assert!(!hint(&env, &["show", "shm:/something-else"]).contains("did you mean"));
    env.run(["show", "shm:/jobs-of-today"]).ok();
}

fn an_option_that_is_not_there_is_not_a_value() {
    let env = TestEnv::new();
    for words in [["list", "-m"], ["list", "--wtach"], ["show", "--create"], ["limits", "-l"]] {
        let run = env.run(words);
        run.code(2).says(&format!("{} has no option {}", words[0], words[1])).says_not("use '--");
    }
    assert_eq!(hint(&env, &["list", "--fromat"]), "did you mean --format?");
    assert!(hint(&env, &["send", "mq:0", "-m"]).contains("-- '-m'"));
    assert!(hint(&env, &["create", "sem:/x", "--value", "-1"]).contains("--OPTION=-1"));
}

fn a_value_of_an_address_is_refused_in_one_sentence() {
    let env = TestEnv::new();
    let run = env.run(["show", "shm:x"]);
    run.code(2).says_not("invalid value").says_not("<ADDRESS>");
}
