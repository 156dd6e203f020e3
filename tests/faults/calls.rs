//! Each system call of each verb fails once: `strace --inject`. `IPCCTL_FAULTS=all` tries every call and errno, and prints
//! how many; with `IPCCTL_FAULTS=sample` one of many is tried. Without it nothing is, and the test is reported as ignored.

use std::collections::BTreeMap;
use std::fs;

use super::failing;
use crate::endpoints::script;
use crate::env::TestEnv;

crate::cases![; Faults: no_call_that_fails_makes_a_verb_panic_or_hang];

/// Verbs, with what stands for each of them.
pub const FORMS: [(&str, &str); 21] = [
    ("list", ""),
    ("show", "shm:/one"),
    ("create", "shm:/new --size 4096"),
    ("set", "sem:0x71 --values 1,2,3"),
    ("rm", "shm:/one --unused"),
    ("clean", "--yes --grace 0"),
    ("send", "mq:0x72 hello --nonblock"),
    ("recv", "mq:0x72 --nonblock"),
    ("peek", "mq:0x72"),
    ("read", "shm:/one"),
    ("write", "shm:/one"),
    ("wait", "sem:/gate --timeout 100ms"),
    ("post", "sem:/gate"),
    ("semop", "sem:0x71 0=+1"),
    ("lock", "sem:/gate --timeout 100ms -- true"),
    ("limits", ""),
    ("kinds", ""),
    ("generate", "completions generated"),
    ("help", "list"),
    ("__complete", "-- rm shm:"),
    ("ipcs", ""),
];

const ERRNOS: [&str; 8] =
    ["EPERM", "ENOENT", "EIO", "EAGAIN", "ENOMEM", "EACCES", "EINVAL", "ENOSYS"];

/// Calls that nothing can be done without, or that return no error; the standard library ends the program when a directory
/// cannot be closed for a reason that close(2) does not know, and when there is
/// no random number.
const NOT_TRIED: [&str; 8] =
    ["brk", "close", "getrandom", "exit_group", "exit", "rt_sigreturn", "execve", "rt_sigprocmask"];

/// Every sample-th run is made.
const SAMPLE: usize = 397;

pub fn objects(env: &TestEnv) {
    fs::write("/dev/shm/one", [7; 4096]).unwrap();
    script(
        env,
        "rm -f /dev/shm/new; ipcctl create --if-missing sem:0x71 --count 3 >/dev/null; \
         ipcctl create --if-missing mq:0x72 >/dev/null; ipcctl create --if-missing sem:/gate --value 1 >/dev/null; \
         ipcctl send mq:0x72 message --nonblock",
    )
    .run()
    .any_code(&[0, 5, 7]);
}

/// How often each call is made, and how often by the loader before it: `prlimit64` is the last but one that it makes.
fn calls(env: &TestEnv, words: &[&str]) -> BTreeMap<String, (usize, usize)> {
    let log = env.path("calls");
    let mut all = vec!["-f", "-qq", "-o", &*log, crate::isolation::PROGRAM];
    all.extend(words);
    env.tool("strace", all).run().any_code(&[0, 1, 2, 3, 4, 5, 6, 7]);
    let (mut calls, mut loading) = (BTreeMap::<_, (usize, usize)>::new(), true);
    for line in fs::read_to_string(log).unwrap().lines() {
        let Some((_, call)) = line.split_once(' ') else { continue };
        let Some((name, _)) = call.trim().split_once('(') else { continue };
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue;
        }
        let (all, before) = calls.entry(name.to_owned()).or_default();
        *all += 1;
        *before += usize::from(loading);
        loading &= name != "prlimit64";
    }
    calls
}

fn no_call_that_fails_makes_a_verb_panic_or_hang() {
    let env = TestEnv::new();
    let whole = std::env::var_os("IPCCTL_FAULTS").is_some_and(|which| which == "all");
    let (mut runs, mut offered) = (0, 0);
    // Of `lock` the calls of its command would fail, too.
    for (verb, rest) in FORMS.into_iter().filter(|(verb, _)| *verb != "lock") {
        let words: Vec<&str> = [verb].into_iter().chain(rest.split_ascii_whitespace()).collect();
        objects(&env);
        for (call, (all, before)) in calls(&env, &words) {
            if NOT_TRIED.contains(&&*call) {
                continue;
            }
            for when in before + 1..=all {
                for errno in ERRNOS {
                    offered += 1;
                    if !whole && offered % SAMPLE != 0 {
                        continue;
                    }
                    objects(&env);
                    let inject = format!("{call}:error={errno}:when={when}");
                    let run = failing(&env, &inject, &words).run();
                    let (_, output) = run.any_code(&[0, 1, 2, 3, 4, 5, 6, 7, 8]);
                    output.says_not("panicked");
                    runs += 1;
                }
            }
        }
    }
    eprintln!("{runs} of {offered} calls failed in {} verbs: no panic, no hang", FORMS.len() - 1);
    assert!(runs >= FORMS.len(), "{runs}");
}
