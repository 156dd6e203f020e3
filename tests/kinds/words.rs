//! Semaphores and mutexes in shared memory, which only those show who wait for them.

use serde_json::Value;

use crate::endpoints::script;
use crate::env::TestEnv;
use crate::makers::holder;
use crate::makers::words::Words;
use crate::makers::{posix, sysv};

crate::cases![
    a_semaphore_is_told_with_its_value_and_its_waiters,
    a_mutex_is_told_with_its_owner,
    a_mutex_whose_owner_was_killed_is_told_to_be_lost,
    a_robust_mutex_is_told_as_such,
    a_word_in_a_segment_is_told_by_its_offset,
    a_word_that_nobody_waits_for_is_not_seen;
    Strace: words_and_holders_are_looked_for_in_one_scan
];

const SIZE: usize = 8192;

/// Memory of this name, made by what this does with it.
fn made(make: impl FnOnce(Words)) -> TestEnv {
    let env = TestEnv::new();
    posix::shared_memory("/words", SIZE, 0o600);
    // In a process of its own: what the tests' own process has mapped, it would hold for others, too.
    holder::in_passing(|| make(mapped()));
    env
}

fn mapped() -> Words {
    Words::map("/dev/shm/words", SIZE)
}

/// The one word of an object.
fn word(env: &TestEnv, address: &str) -> Value {
    let words = env.show(address)["words"].clone();
    assert_eq!(words.as_array().unwrap().len(), 1, "{words}");
    words[0].clone()
}

fn a_semaphore_is_told_with_its_value_and_its_waiters() {
    let env = made(|words| words.make_semaphore(4096 + 64));
    let one = holder::blocking(|| (), || mapped().wait(4096 + 64));
    let two = holder::blocking(|| (), || mapped().wait(4096 + 64));
    let word = word(&env, "shm:/words");
    assert_eq!((&word["offset"], &word["sort"]), (&"0x1040".into(), &"semaphore".into()), "{word}");
    assert_eq!((&word["value"], &word["counted"]), (&0.into(), &2.into()));
    let waiters = word["waiters"].as_array().unwrap();
    assert!(waiters.contains(&one.pid().into()) && waiters.contains(&two.pid().into()), "{word}");
}

fn a_mutex_is_told_with_its_owner() {
    let env = made(|words| words.make_mutex(128, false));
    let owner = holder::holding(|| mapped().lock(128));
    let waiter = holder::blocking(|| (), || mapped().lock(128));
    let word = word(&env, "shm:/words");
    assert_eq!((&word["offset"], &word["sort"]), (&"0x80".into(), &"mutex".into()), "{word}");
    assert_eq!((&word["owner"], &word["robust"]), (&owner.pid().into(), &false.into()));
    assert_eq!((&word["waiters"][0], &word["trouble"]), (&waiter.pid().into(), &Value::Null));
}

fn a_mutex_whose_owner_was_killed_is_told_to_be_lost() {
    let env = made(|words| words.make_mutex(128, false));
    let owner = holder::holding(|| mapped().lock(128));
    let _waiter = holder::blocking(|| (), || mapped().lock(128));
    let gone = owner.pid();
    drop(owner);
    let word = word(&env, "shm:/words");
    assert_eq!((&word["owner"], &word["trouble"]), (&gone.into(), &"owner-dead".into()), "{word}");
    env.run(["show", "shm:/words"]).ok().shows("owner-dead");
}

fn a_robust_mutex_is_told_as_such() {
    let env = made(|words| words.make_mutex(0, true));
    let owner = holder::holding(|| mapped().lock(0));
    let _waiter = holder::blocking(|| (), || mapped().lock(0));
    let word = word(&env, "shm:/words");
    assert_eq!((&word["owner"], &word["robust"]), (&owner.pid().into(), &true.into()), "{word}");
}

fn a_word_in_a_segment_is_told_by_its_offset() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), SIZE, 0o600);
    holder::in_passing(|| Words::attach(id).make_semaphore(32));
    let waiter = holder::blocking(|| (), || Words::attach(id).wait(32));
    let word = word(&env, &format!("shm:{id}"));
    assert_eq!((&word["offset"], &word["sort"]), (&"0x20".into(), &"semaphore".into()), "{word}");
    assert_eq!(word["waiters"][0], waiter.pid());
}

fn a_word_that_nobody_waits_for_is_not_seen() {
    let env = made(|words| words.make_semaphore(64));
    let _holder = holder::holding(|| _ = mapped());
    assert_eq!(env.show("shm:/words")["words"], Value::Array(Vec::new()));
}

fn words_and_holders_are_looked_for_in_one_scan() {
    let env = made(|words| words.make_semaphore(64));
    let waiter = holder::blocking(|| (), || mapped().wait(64));
    let (trace, pid) = (env.path("trace"), waiter.pid());
    let text = format!(
        "strace -f -e trace=openat -o {trace} ipcctl show shm:/words -o words,used-by >/dev/null 2>&1; \
         grep -cE 'openat\\([^,]*, \"{pid}\"' {trace}"
    );
    let run = script(&env, &text).run().code(0);
    // Once for the scan, and once for the word that it showed.
    assert_eq!(run.stdout().trim(), "2", "{}", run.report());
}
