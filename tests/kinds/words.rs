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
    a_word_that_nobody_waits_for_is_not_seen,
    a_word_has_an_address_of_its_own,
    words_are_listed_with_the_address_of_their_memory,
    a_mutex_whose_owner_was_killed_is_in_trouble,
    a_word_of_a_mapped_file_is_named_by_its_path,
    a_post_needs_force_and_wakes_a_waiter,
    a_word_beyond_the_memory_is_exit_3,
    a_name_that_ends_like_a_word_is_meant_before_it,
    a_named_semaphore_is_no_word;
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

/// Memory with a semaphore that a process waits for as long as the test lasts: the address of the semaphore.
pub fn waited(env: &TestEnv) -> String {
    let name = format!("/words-{}", env.key());
    posix::shared_memory(&name, SIZE, 0o600);
    let path = format!("/dev/shm{name}");
    holder::in_passing(|| Words::map(&path, SIZE).make_semaphore(64));
    let waiter = holder::blocking(|| (), || Words::map(&path, SIZE).wait(64));
    // It dies with the thread of the test.
    std::mem::forget(waiter);
    format!("shm:{name}+0x40")
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

fn a_word_has_an_address_of_its_own() {
    let env = made(|words| words.make_semaphore(4096 + 64));
    let address = "shm:/words+0x1040";
    let idle = env.show(address);
    assert_eq!((&idle["sort"], &idle["value"]), (&Value::Null, &0.into()), "{idle}");
    // Where a process cannot be read, it may be the one that waits.
    assert!(idle["state"] == "idle" || idle["state"] == "unknown", "{idle}");
    let waiter = holder::blocking(|| (), || mapped().wait(4096 + 64));
    let word = env.show(address);
    for (key, value) in [
        ("address", Value::from(address)),
        ("sort", "semaphore".into()),
        ("value", 0.into()),
        ("counted", 1.into()),
        ("waiters", 1.into()),
        ("state", "in-use".into()),
        ("trouble", Value::Null),
    ] {
        assert_eq!(word[key], value, "{key} of {word}");
    }
    assert!(word["waits"].to_string().contains(&waiter.pid().to_string()), "{word}");
    env.run(["show", "shm:/words+0x1041"]).code(2).says("multiple of 4");
}

fn words_are_listed_with_the_address_of_their_memory() {
    let env = made(|words| words.make_semaphore(64));
    let id = sysv::segment(env.key(), SIZE, 0o600);
    holder::in_passing(|| Words::attach(id).make_semaphore(32));
    let _one = holder::blocking(|| (), || mapped().wait(64));
    let _two = holder::blocking(|| (), || Words::attach(id).wait(32));
    let listed = env.run(["list", "sem", "--all", "--json"]).code(0).addresses();
    for address in ["shm:/words+0x40".to_owned(), format!("shm:{id}+0x20")] {
        assert!(listed.contains(&address), "{address} in {listed:?}");
        assert_eq!(env.show(&address)["sort"], "semaphore");
    }
    let usual = env.run(["list", "--json"]).any_code(&[0, 1]).1.addresses();
    assert!(!usual.contains(&"shm:/words+0x40".to_owned()), "{usual:?}");
}

fn a_mutex_whose_owner_was_killed_is_in_trouble() {
    let env = made(|words| words.make_mutex(128, false));
    let owner = holder::holding(|| mapped().lock(128));
    let _waiter = holder::blocking(|| (), || mapped().lock(128));
    let address = "shm:/words+0x80";
    assert_eq!(env.show(address)["trouble"], Value::Null);
    drop(owner);
    assert_eq!(env.show(address)["trouble"], "owner-dead");
    let found = env.run(["list", "sem", "--trouble=owner-dead", "--json"]).code(0).addresses();
    assert!(found.contains(&address.to_owned()), "{found:?}");
}

fn a_word_of_a_mapped_file_is_named_by_its_path() {
    let env = TestEnv::new();
    let path = env.path("locks");
    std::fs::write(&path, vec![0; SIZE]).unwrap();
    holder::in_passing(|| Words::map(&path, SIZE).make_semaphore(256));
    let _waiter = holder::blocking(|| (), || Words::map(&path, SIZE).wait(256));
    let address = format!("map:{path}+0x100");
    assert_eq!(env.show(&address)["value"], 0);
    let listed = env.run(["list", "sem", "--all", "--json"]).code(0).addresses();
    assert!(listed.contains(&address), "{listed:?}");
}

fn a_post_needs_force_and_wakes_a_waiter() {
    let env = made(|words| words.make_semaphore(4096 + 64));
    let address = "shm:/words+0x1040";
    env.run(["post", address, "--force"]).code(1).says("no thread is seen to wait there");
    let _one = holder::blocking(|| (), || mapped().wait(4096 + 64));
    let _two = holder::blocking(|| (), || mapped().wait(4096 + 64));
    env.run(["post", address]).code(2).says("--force");
    let counted = || env.run(["show", address, "--json"]).code(0).only()["counted"].clone();
    assert_eq!(counted(), 2);
    env.run(["post", address, "--force"]).code(0);
    let woken = (0..300).any(|_| {
        std::thread::sleep(std::time::Duration::from_millis(20));
        counted() == 1
    });
    assert!(woken, "{}", counted());
}

fn a_word_beyond_the_memory_is_exit_3() {
    let env = TestEnv::new();
    posix::shared_memory("/words", SIZE, 0o600);
    env.run(["show", "shm:/words+0x2000"]).code(3).says("8192 bytes");
    env.run(["show", "shm:/absent+0x40"]).code(3);
    env.run(["show", "mq:/absent+0x40"]).code(3).says("mq:/absent%2B0x40");
}

fn a_name_that_ends_like_a_word_is_meant_before_it() {
    let env = TestEnv::new();
    posix::shared_memory("/words", SIZE, 0o600);
    posix::shared_memory("/words+0x40", 4096, 0o600);
    for typed in ["shm:/words+0x40", "shm:/words%2B0x40"] {
        let object = env.show(typed);
        assert_eq!(
            (&object["address"], &object["size"]),
            (&"shm:/words%2B0x40".into(), &4096.into())
        );
    }
    env.run(["rm", "shm:/words+0x40"]).ok();
    assert_eq!(env.show("shm:/words+0x40")["kind"], "word");
}

fn a_named_semaphore_is_no_word() {
    let env = TestEnv::new();
    posix::semaphore("/gate", 0, 0o600);
    let _waiter = holder::blocking(|| (), || posix::wait("/gate"));
    let listed = env.run(["list", "sem", "--all", "--json"]).code(0).addresses();
    assert!(listed.contains(&"sem:/gate".to_owned()), "{listed:?}");
    // Other tests have memory in mount namespaces of their own.
    assert!(!listed.iter().any(|one| one.starts_with("shm:/")), "{listed:?}");
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
