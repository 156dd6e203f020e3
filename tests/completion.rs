//! Completions, driven in the shells themselves: what is typed, what the program then gets, and what is listed.

use crate::env::TestEnv;
use crate::makers::{posix, sysv};
use crate::shell::{Shell, scripts};

crate::cases![
    candidates_are_those_that_the_program_knows,
    errors_are_quiet;
    Shells: verbs_options_and_values_are_completed,
    a_live_address_is_completed_whatever_it_is_made_of,
    live_addresses_are_listed_with_their_owner_size_and_content,
    what_the_shell_knows_it_completes_itself
];

/// Every line with the words that the program gets when it is completed, in every shell.
fn in_every_shell(lines: &[(&str, &[&str])], make: impl Fn(&TestEnv)) {
    for (kind, script) in scripts() {
        let env = TestEnv::new();
        make(&env);
        let mut shell = Shell::start(kind, &script, &env);
        for (line, expected) in lines {
            // zsh takes the slash of a directory away again when the line ends there.
            let slash = |word: &str| word.trim_end_matches('/').to_owned();
            let words: Vec<_> = shell.completes(line).iter().map(|word| slash(word)).collect();
            let expected: Vec<_> = expected.iter().map(|word| slash(word)).collect();
            assert_eq!(words, expected, "{line:?} in {kind:?}");
        }
    }
}

fn verbs_options_and_values_are_completed() {
    in_every_shell(
        &[
            ("ipcctl lim", &["limits"]),
            ("ipcctl list --old", &["list", "--older-than"]),
            ("ipcctl list --format pl", &["list", "--format", "plain"]),
            ("ipcctl list --format=pl", &["list", "--format=plain"]),
            ("ipcctl list -o address,conte", &["list", "-o", "address,content"]),
            ("ipcctl list -o +conte", &["list", "-o", "+content"]),
            ("ipcctl list --sort owner,-siz", &["list", "--sort", "owner,-size"]),
            ("ipcctl list --owner roo", &["list", "--owner", "root"]),
            ("ipcctl list --state left", &["list", "--state", "leftover"]),
            ("ipcctl list --state=idle,sus", &["list", "--state=idle,suspect"]),
            ("ipcctl clean --dry", &["clean", "--dry-run"]),
            ("ipcctl help lim", &["help", "limits"]),
            ("ipcctl --json sh", &["--json", "show"]),
            ("ipcctl create fifo:.", &["create", "fifo:./"]),
            ("ipcctl kinds -o fac", &["kinds", "-o", "facility"]),
        ],
        |_| {},
    );
}

fn a_live_address_is_completed_whatever_it_is_made_of() {
    in_every_shell(
        &[
            ("ipcctl rm shm:/fr", &["rm", "shm:/frames"]),
            ("ipcctl rm 'shm:/fr", &["rm", "shm:/frames"]),
            ("ipcctl rm \"shm:/fr", &["rm", "shm:/frames"]),
            ("ipcctl rm shm:/frames mq:/jo", &["rm", "shm:/frames", "mq:/jobs"]),
            ("ipcctl show shm:/odd", &["show", "shm:/odd%20name%24@x=1,2"]),
            ("ipcctl show shm:/odd%20name%24@x", &["show", "shm:/odd%20name%24@x=1,2"]),
            ("ipcctl show shm:/quo", &["show", "shm:/quote%27%22%0A"]),
            ("ipcctl rm sem:0x5ee", &["rm", "sem:0x5eed"]),
            ("ipcctl rm msg:/jo", &["rm", "msg:/jobs"]),
            ("ipcctl rm fifo:./pi", &["rm", "fifo:./pipe"]),
        ],
        |env| {
            posix::shared_memory("/frames", 4096, 0o600);
            posix::shared_memory("/odd name$@x=1,2", 1, 0o600);
            posix::shared_memory("/quote'\"\n", 1, 0o600);
            posix::message_queue("/jobs", 3, 16, 0o600);
            sysv::set(0x5eed, 1, 0o600);
            crate::makers::fifo::fifo(env.path("pipe"), 0o600);
        },
    );
}

fn live_addresses_are_listed_with_their_owner_size_and_content() {
    for (kind, script) in scripts() {
        let env = TestEnv::new();
        let id = sysv::segment(0x77, 1 << 20, 0o600);
        for name in ["/abc", "/def", "/ghi"] {
            posix::shared_memory(name, 64 << 20, 0o600);
        }
        let mut shell = Shell::start(kind, &script, &env);
        let screen = shell.lists("ipcctl rm shm:", "ghi");
        let segment = format!("shm:{id} ");
        let described = ["root 64.0M 0 B allocated", "root 1.0M 0 attached"];
        for expected in [&*segment, "shm:/abc", "shm:/def"].iter().chain(&described) {
            assert!(
                screen.contains(expected),
                "no {expected} in {kind:?}:\n{}",
                screen.escape_debug()
            );
        }
    }
}

fn what_the_shell_knows_it_completes_itself() {
    in_every_shell(
        &[
            ("ipcctl list --fifo-dir dire", &["list", "--fifo-dir", "directory/"]),
            ("ipcctl list --fifo-dir=dire", &["list", "--fifo-dir=directory/"]),
            ("ipcctl create shm --key-from fil", &["create", "shm", "--key-from", "file name"]),
        ],
        |env| {
            std::fs::create_dir(env.path("directory")).unwrap();
            std::fs::write(env.path("file name"), "").unwrap();
        },
    );
}

/// The candidates for the last of these words, without their descriptions.
fn candidates(env: &TestEnv, words: &[&str]) -> Vec<String> {
    let words = ["__complete", "--"].iter().chain(words);
    let output = env.run(words).ok();
    output.lines().iter().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
}

fn candidates_are_those_that_the_program_knows() {
    let env = TestEnv::new();
    posix::shared_memory("/frames", 4096, 0o600);
    posix::message_queue("/jobs", 3, 16, 0o600);
    let id = sysv::segment(0x77, 4096, 0o600);
    // What is on the line already is not offered again, and an option that may stand once is not either.
    assert_eq!(candidates(&env, &["rm", "shm:/frames", "shm:"]), [format!("shm:{id}")]);
    assert!(!candidates(&env, &["list", "--mine", "--"]).contains(&"--mine".to_owned()));
    assert!(
        candidates(&env, &["list", "--fifo-dir", "/", "--"]).contains(&"--fifo-dir".to_owned())
    );
    // `create` is for what is not there yet.
    assert!(candidates(&env, &["create", "shm:/"]).iter().all(|one| one == "shm:/"));
    assert_eq!(candidates(&env, &["list", "sh"]), ["shm", &format!("shm:{id}"), "shm:/frames"]);
    // Columns are those of the verb.
    assert_eq!(candidates(&env, &["list", "--sort", "owner,-siz"]), ["owner,-size"]);
    assert_eq!(candidates(&env, &["limits", "-o", "kn"]), ["knob"]);
    assert!(candidates(&env, &["rm", "-o", ""]).is_empty());
    // Every verb of the help, and none that it does not have.
    let verbs = candidates(&env, &[""]);
    let help = env.run(["-h"]).ok();
    for verb in &verbs {
        help.shows(&format!("\n  {verb} "));
    }
    assert!(verbs.len() >= 8 && verbs.iter().all(|verb| !verb.starts_with('_')), "{verbs:?}");
}

fn errors_are_quiet() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let env = TestEnv::without_mqueue();
    for words in [
        &["nonsense", ""][..],
        &["rm", "--nonsense", "x"],
        &["rm", "shm:0:0"],
        &["list", "--format=x"],
    ] {
        assert!(candidates(&env, words).is_empty() || words.contains(&"--nonsense"), "{words:?}");
    }
    let raw = OsStr::from_bytes(b"shm:/\xff");
    env.run([OsStr::new("__complete"), OsStr::new("--"), OsStr::new("rm"), raw]).ok().prints("");
    env.command(["__complete", "--", "rm", "mq:"]).unprivileged().run().ok();
    env.command(["__complete", "--", "rm", ""]).env("IPCCTL_PROC", "/nonexistent").run().ok();
}
