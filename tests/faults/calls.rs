//! Each system call of each verb fails, one at a time: `strace --inject`.
//!
//! After each run: it ended by itself with a status that the manual knows; it did not panic; a failure was said; status 0
//! means that all was done and told; any other that nothing was, or all. A message is in the queue or on standard output,
//! and in one of them.
//!
//! Without `IPCCTL_FAULTS` a sample is tried: of each verb each call, at two places and with one error each. `all` tries
//! every place with every error.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::world;
use crate::env::TestEnv;
use crate::output::Run;

crate::cases![; Strace: no_call_that_fails_makes_a_verb_panic_hang_or_lie];

/// Verbs, with what stands for each of them.
pub const FORMS: [(&str, &str); 22] = [
    ("move", "mq:0x72 mq:/q"),
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

/// Other ways through them.
const FURTHER: [(&str, &str); 26] = [
    ("list", "--json --columns +used-by,state,waits"),
    ("list", "fifo"),
    ("show", "sem:0x71 mq:/q sem:/gate"),
    ("show", "fifo:pipe mq:0x72 shm:0x73"),
    ("create", "sem:0x74 --count 3 --value 1"),
    ("create", "sem:/new --value 1"),
    ("create", "mq:/new --max-messages 2 --message-size 64"),
    ("create", "fifo:./new --mode 0640"),
    ("set", "shm:/one --mode 0640"),
    ("rm", "mq:0x72 mq:/q sem:/gate fifo:./pipe"),
    ("rm", "-"),
    ("send", "mq:/q hello --nonblock"),
    ("send", "fifo:./pipe hello --frame line --nonblock"),
    ("send", "fifo:./pipe hello --packet --nonblock"),
    ("recv", "mq:/q --drain"),
    ("recv", "fifo:./pipe --frame line --count 1 --nonblock"),
    ("recv", "fifo:./pipe --drain"),
    ("recv", "mq:0x72 --exec cat"),
    ("peek", "mq:/q"),
    ("read", "shm:0x73"),
    ("write", "shm:0x73"),
    ("wait", "sem:0x71 --timeout 100ms"),
    ("post", "sem:0x71"),
    ("lock", "sem:0x71 --timeout 100ms -- true"),
    ("__complete", "-- rm --owner r"),
    ("__complete", "-- send fifo:"),
];

const ERRNOS: [&str; 10] =
    ["EPERM", "ENOENT", "EIO", "EAGAIN", "ENOMEM", "EACCES", "EINVAL", "ENOSYS", "EINTR", "ENOSPC"];

/// Calls that return no error, or not as others do (`brk` says where the memory ends); `execve` is the loader's, and where
/// `futex` refuses the C library ends the program.
const NOT_TRIED: [&str; 14] = [
    "brk",
    "execve",
    "exit",
    "exit_group",
    "futex",
    "getegid",
    "geteuid",
    "getgid",
    "getpid",
    "getppid",
    "gettid",
    "getuid",
    "rt_sigreturn",
    "umask",
];

/// What an address begins with.
const FACILITIES: [&str; 4] = ["shm:", "mq:", "sem:", "fifo:"];

/// Instead of how many processes could not be read.
const UNREAD: &str = "could not be read";

/// Seconds after which a run has hung.
const PATIENCE: i32 = 20;

/// What one form does where nothing fails.
struct Reference {
    before: String,
    after: String,
    output: String,
    code: i32,
}

/// One run with one fault.
struct Fault<'a> {
    call: &'a str,
    errno: &'a str,
    when: usize,
}

/// The program, traced. Of a verb that runs commands those are not followed: their calls would fail, too.
fn traced(env: &TestEnv, words: &[&str], options: &[&str]) -> Run {
    let log = env.path("calls");
    let mut all = vec!["-D", "-qq", "-o", &*log];
    if !words.contains(&"lock") && !words.contains(&"--exec") {
        all.push("-f");
    }
    all.extend(options);
    all.push(crate::isolation::PROGRAM);
    all.extend(words);
    let run = env.tool("strace", all).env("TMPDIR", env.directory()).patience(PATIENCE);
    run.input(fs::read(env.path("rest")).unwrap()).run()
}

/// How often each call is made by one thread, and how often by the loader before it: `prlimit64` is the last but one that it
/// makes.
fn calls(env: &TestEnv, words: &[&str]) -> BTreeMap<String, (usize, usize)> {
    let _ = traced(env, words, &[]);
    let mut of_threads = BTreeMap::<(String, String), (usize, usize)>::new();
    let mut loading = true;
    for line in fs::read_to_string(env.path("calls")).unwrap().lines() {
        let (thread, call) = match line.split_once(' ') {
            Some((pid, call)) if pid.bytes().all(|byte| byte.is_ascii_digit()) => (pid, call),
            _ => ("", line),
        };
        let Some((name, _)) = call.trim().split_once('(') else { continue };
        // What follows is another program.
        if name == "execve" && !of_threads.is_empty() {
            break;
        }
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            continue;
        }
        let (all, before) = of_threads.entry((name.to_owned(), thread.to_owned())).or_default();
        *all += 1;
        *before += usize::from(loading);
        loading &= name != "prlimit64";
    }
    let mut calls = BTreeMap::<String, (usize, usize)>::new();
    for ((name, _), (all, before)) in of_threads {
        let most = calls.entry(name).or_default();
        *most = (all.max(most.0), before.max(most.1));
    }
    calls
}

/// What does not change from run to run.
fn steady(text: &[u8]) -> String {
    let text: String =
        String::from_utf8_lossy(text).chars().filter(|one| !one.is_ascii_digit()).collect();
    // The number of a user whose name cannot be read.
    let text = text.replace("root", "");
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.lines().map(words).collect::<Vec<_>>().join("\n");
    // Two ways to say the same.
    text.replace("not every process that might hold it can be seen from here", UNREAD)
        .replace("processes could not be read", UNREAD)
        .replace("process could not be read", UNREAD)
}

fn reference(env: &TestEnv, words: &[&str]) -> Reference {
    let world = world::renew(env);
    let before = world.state(env);
    let run = traced(env, words, &["-e", "trace=none"]);
    let code = run.status.code().expect("a status");
    let output = steady(&run.stdout);
    Reference { before, after: world.state(env), output, code }
}

/// What is wrong with a run in which a call has failed.
fn wrong(
    words: &[&str],
    fault: &Fault,
    run: &Run,
    after: &str,
    usual: &Reference,
) -> Option<String> {
    let (errors, verb) = (String::from_utf8_lossy(&run.stderr), words[0]);
    if errors.contains("panicked") {
        return Some("it panicked".into());
    }
    let Some(code) = run.status.code() else {
        // Without memory there is no other way out.
        let memory =
            matches!(fault.call, "mmap" | "mremap") && errors.contains("memory allocation");
        return (!memory).then(|| format!("it was ended by signal {:?}", run.status.signal()));
    };
    let is_known = (0..=8).contains(&code) || verb == "lock" && (125..=127).contains(&code);
    if !is_known {
        return Some(format!("status {code}"));
    }
    if after.contains(".ipcctl-") {
        return Some(format!("it left a quarantine\n{after}"));
    }
    if verb == "recv" {
        let printed = String::from_utf8_lossy(&run.stdout).contains("message");
        let (taken, saved) = (after == usual.after, after.contains("ipcctl-saved"));
        let places = u8::from(printed) + u8::from(!taken && !saved) + u8::from(saved);
        // A command that cannot be waited for may have done its work, or not.
        let unknown = words.contains(&"--exec") && code != 0;
        if places == 0 || places > 1 && !unknown {
            return Some(format!("the message: printed {printed}, taken {taken}, saved {saved}"));
        }
    }
    if code == usual.code {
        if after != usual.after && !(fault.call == "unlink" && words.contains(&"sem:/new")) {
            return Some(format!("it did not do it, and said so by no status\n{after}"));
        }
        // Completion never talks, and the names of users are numbers where they cannot be read.
        let is_silent = verb == "__complete" || verb == "ipcs";
        if !is_silent && errors.is_empty() && !says_as_much(&run.stdout, &usual.output) {
            return Some(format!(
                "it said something else\n{}",
                String::from_utf8_lossy(&run.stdout)
            ));
        }
        return None;
    }
    if code != 0 && errors.trim().is_empty() {
        return Some(format!("status {code} without a word"));
    }
    // Several files or objects are done with one after the other.
    let is_one = verb != "generate" && words.iter().filter(|word| word.contains(':')).count() == 1;
    if is_one && after != usual.before && after != usual.after && !after.contains("ipcctl-saved") {
        return Some(format!("it did half of it\n{after}"));
    }
    None
}

/// Returns true if a text says the same as the usual one, or of the same objects more often that something is not known.
fn says_as_much(text: &[u8], usual: &str) -> bool {
    let text = steady(text);
    let unknown = |text: &str| {
        let words = text.split(|one: char| !one.is_alphanumeric() && one != '-');
        words.filter(|word| ["-", "unknown", "null", "could", "cannot"].contains(word)).count()
    };
    let is_address = |word: &&str| FACILITIES.iter().any(|facility| word.contains(facility));
    let addresses = |text: &str| text.split_whitespace().filter(is_address).count();
    text == usual || unknown(&text) > unknown(usual) && addresses(&text) >= addresses(usual)
}

/// Tries one form of a verb.
fn campaign(env: &TestEnv, form: (&str, &str), whole: bool, counts: &Counts) {
    let words: Vec<&str> = [form.0].into_iter().chain(form.1.split_ascii_whitespace()).collect();
    let usual = reference(env, &words);
    let _world = world::renew(env);
    for (number, (call, (all, before))) in calls(env, &words).into_iter().enumerate() {
        if NOT_TRIED.contains(&&*call) || all == before {
            continue;
        }
        let places = all - before;
        let pairs: Vec<(usize, &str)> = if whole {
            (before + 1..=all).flat_map(|when| ERRNOS.map(|errno| (when, errno))).collect()
        } else {
            let errno = |more| ERRNOS[(number + more + words.len()) % ERRNOS.len()];
            vec![(before + 1, errno(0)), (before + 1 + (number * 7 + 3) % places, errno(3))]
        };
        for (when, errno) in pairs {
            let fault = Fault { call: &call, errno, when };
            try_one(env, &words, &fault, &usual, counts);
        }
    }
}

fn try_one(env: &TestEnv, words: &[&str], fault: &Fault, usual: &Reference, counts: &Counts) {
    let world = world::renew(env);
    let trace = format!("trace={}", fault.call);
    let inject = format!("inject={}:error={}:when={}", fault.call, fault.errno, fault.when);
    let options = ["-e", &*trace, "-e", &*inject];
    let problem = match catch_unwind(AssertUnwindSafe(|| traced(env, words, &options))) {
        Ok(run) => {
            let log = fs::read_to_string(env.path("calls")).unwrap_or_default();
            counts.failed.fetch_add(log.matches("(INJECTED)").count(), Ordering::Relaxed);
            let problem = wrong(words, fault, &run, &world.state(env), usual);
            problem.map(|text| format!("{text}\n{}", String::from_utf8_lossy(&run.stderr)))
        }
        Err(_) => Some("it did not end".into()),
    };
    counts.runs.fetch_add(1, Ordering::Relaxed);
    if let Some(problem) = problem {
        let command = format!("strace -f -e {inject} ipcctl {}", words.join(" "));
        counts.problems.lock().unwrap().push(format!("{command}: {problem}"));
        if let Some(file) = std::env::var_os("IPCCTL_FAULTS_REPORT") {
            fs::write(file, counts.problems.lock().unwrap().join("\n\n")).unwrap();
        }
    }
}

#[derive(Default)]
struct Counts {
    runs: AtomicUsize,
    failed: AtomicUsize,
    problems: Mutex<Vec<String>>,
}

fn no_call_that_fails_makes_a_verb_panic_hang_or_lie() {
    let asked = std::env::var("IPCCTL_FAULTS").unwrap_or_default();
    let whole = asked == "all";
    // `IPCCTL_FAULTS_OF=recv` tries one verb.
    let only = std::env::var("IPCCTL_FAULTS_OF").ok();
    let forms: Vec<_> = FORMS
        .into_iter()
        .chain(FURTHER)
        .filter(|(verb, _)| only.as_ref().is_none_or(|only| only == verb))
        .collect();
    let (counts, next) = (Counts::default(), AtomicUsize::new(0));
    let work = || {
        let env = TestEnv::new();
        while let Some(form) = forms.get(next.fetch_add(1, Ordering::Relaxed)) {
            campaign(&env, *form, whole, &counts);
            if whole {
                let runs = counts.runs.load(Ordering::Relaxed);
                let problems = counts.problems.lock().unwrap().len();
                eprintln!("{} {}: {runs} runs so far, {problems} problems", form.0, form.1);
            }
        }
    };
    // Namespaces belong to a thread, and each has its own.
    thread::scope(|scope| {
        let workers = [scope.spawn(work), scope.spawn(work)];
        for worker in workers {
            worker.join().unwrap_or_else(|panic| resume_unwind(panic));
        }
    });
    let (runs, failed) = (counts.runs.into_inner(), counts.failed.into_inner());
    let problems = counts.problems.into_inner().unwrap();
    eprintln!("{runs} runs of {} forms, {failed} calls failed", forms.len());
    assert!(failed * 2 > runs, "{failed} of {runs} calls failed: they are not where they were");
    let shown = problems.len().min(20);
    assert!(
        problems.is_empty(),
        "{} of {runs}:\n{}",
        problems.len(),
        problems[..shown].join("\n\n")
    );
}
