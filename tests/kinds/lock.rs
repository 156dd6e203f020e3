//! Files with advisory locks.

use std::fs;
use std::mem;
use std::os::unix::fs::symlink;

use serde_json::Value;

use crate::endpoints::script;
use crate::env::TestEnv;
use crate::makers::holder::{self, Holder};
use crate::makers::lock;

crate::cases![
    a_lock_that_was_inherited_is_held_by_who_has_it_and_not_by_its_taker,
    who_waits_is_told_with_the_range_and_the_access,
    a_range_of_an_open_file_description_has_no_taker,
    to_have_a_file_open_is_not_to_lock_it,
    locked_files_are_listed_when_they_are_asked_for,
    a_locked_file_without_a_path_is_counted,
    a_link_is_not_followed_and_leads_to_the_file,
    a_missing_file_is_exit_3,
    a_lock_on_shared_memory_is_no_holder_of_it,
    a_lock_whose_holder_may_not_be_read_is_told_by_its_taker;
    Strace: a_locked_file_is_never_opened_and_two_are_looked_for_in_one_scan
];

/// The rows of the table of locks.
fn rows(env: &TestEnv, path: &str) -> Vec<Value> {
    env.show(&format!("lock:{path}"))["locks"].as_array().unwrap().clone()
}

fn holder_of(path: &str) -> Holder {
    let path = path.to_owned();
    holder::holding(move || {
        let file = lock::opened(&path);
        lock::flock(&file, libc::LOCK_EX);
        mem::forget(file);
    })
}

// What a daemon keeps when the script that locked the file has ended.
fn a_lock_that_was_inherited_is_held_by_who_has_it_and_not_by_its_taker() {
    let env = TestEnv::new();
    let path = env.path("app.lock");
    let text = format!("flock -x {path} sh -c 'sleep 600 >/dev/null 2>&1 & echo $!'");
    let run = script(&env, &text).run().code(0);
    let pid: i64 = run.stdout().trim().parse().unwrap();
    let locks = rows(&env, &path);
    let shown = env.run(["show", &format!("lock:{path}")]).ok();
    script(&env, &format!("kill -9 {pid}")).run().code(0);
    assert_eq!(locks.len(), 1, "{locks:?}");
    assert_eq!(locks[0]["pid"], pid);
    assert_eq!((&locks[0]["lock"], &locks[0]["access"]), (&"flock".into(), &"write".into()));
    assert!(locks[0]["taker"] != pid, "{locks:?}");
    assert!(locks[0]["taker_state"].as_str().unwrap().starts_with("gone"), "{locks:?}");
    shown.shows("locked for writing (flock)").shows("in-use");
}

fn who_waits_is_told_with_the_range_and_the_access() {
    let env = TestEnv::new();
    let path = env.path("data");
    let (one, two, three) = (path.clone(), path.clone(), path.clone());
    let owner = holder::holding(move || {
        let file = lock::opened(&one);
        lock::range(&file, libc::F_SETLKW, 5, 10);
        lock::flock(&file, libc::LOCK_EX);
        mem::forget(file);
    });
    let ranged =
        holder::blocking(|| (), move || lock::range(&lock::opened(&two), libc::F_SETLKW, 14, 0));
    let shared = holder::blocking(|| (), move || lock::flock(&lock::opened(&three), libc::LOCK_SH));
    let locks = rows(&env, &path);
    let of = |pid: i64, status: &str| -> Vec<&Value> {
        locks.iter().filter(|row| row["pid"] == pid && row["status"] == status).collect()
    };
    let held = of(owner.pid(), "held");
    assert_eq!(held.len(), 2, "{locks:?}");
    let fcntl = held.iter().find(|row| row["lock"] == "fcntl").unwrap();
    assert_eq!((&fcntl["first"], &fcntl["last"]), (&5.into(), &14.into()));
    assert_eq!((&fcntl["taker"], &fcntl["taker_state"]), (&owner.pid().into(), &"holds it".into()));
    let waits = of(ranged.pid(), "waits");
    assert_eq!((&waits[0]["lock"], &waits[0]["access"]), (&"fcntl".into(), &"write".into()));
    assert_eq!((&waits[0]["first"], &waits[0]["last"]), (&14.into(), &Value::Null));
    let waits = of(shared.pid(), "waits");
    assert_eq!((&waits[0]["lock"], &waits[0]["access"]), (&"flock".into(), &"read".into()));
    let object = env.show(&format!("lock:{path}"));
    assert_eq!((&object["held"], &object["waiting"]), (&2.into(), &2.into()));
}

fn a_range_of_an_open_file_description_has_no_taker() {
    let env = TestEnv::new();
    let path = env.path("data");
    let file = lock::opened(&path);
    lock::range(&file, libc::F_OFD_SETLKW, 0, 1);
    let locks = rows(&env, &path);
    assert_eq!((&locks[0]["lock"], &locks[0]["taker"]), (&"ofd".into(), &Value::Null));
    assert_eq!(locks[0]["taker_state"], "not noted");
    assert_eq!(locks[0]["pid"], std::process::id());
}

fn to_have_a_file_open_is_not_to_lock_it() {
    let env = TestEnv::new();
    let path = env.path("app.lock");
    let open = path.clone();
    let reader = holder::holding(move || mem::forget(lock::opened(&open)));
    let address = format!("lock:{path}");
    let object = env.show(&address);
    assert_eq!(object["locks"], Value::Array(Vec::new()));
    assert!(!object["used_by"].to_string().contains(&reader.pid().to_string()), "{object}");
    assert_ne!(object["state"], "in-use");
    let owner = holder_of(&path);
    let object = env.show(&address);
    assert_eq!(object["used_by"][0]["pid"], owner.pid());
    assert_eq!(object["used_by"].as_array().unwrap().len(), 1, "{object}");
}

/// The locked files of this test in a listing. Other programs may have some.
fn listed(env: &TestEnv, arguments: &[&str]) -> Vec<String> {
    let (_, output) = env.run(["list"].iter().chain(arguments).chain(&["--json"])).any_code(&[0]);
    let ours = format!("lock:{}", env.directory().to_string_lossy());
    output.addresses().into_iter().filter(|address| address.starts_with(&ours)).collect()
}

fn locked_files_are_listed_when_they_are_asked_for() {
    let env = TestEnv::new();
    let (path, free) = (env.path("app.lock"), env.path("free.lock"));
    fs::write(&free, "").unwrap();
    let owner = holder_of(&path);
    let address = format!("lock:{path}");
    assert_eq!(listed(&env, &["lock"]), [&*address]);
    assert!(listed(&env, &[]).is_empty(), "a plain list leaves them out");
    let pid = owner.pid().to_string();
    assert_eq!(listed(&env, &["lock", "--pid", &pid]), [&*address]);
    assert_eq!(listed(&env, &["--pid", &pid]), [&*address]);
    env.run(["list", &address]).ok().shows("1 held").shows(&format!("({pid})"));
    drop(owner);
    assert!(listed(&env, &["lock"]).is_empty());
}

fn a_locked_file_without_a_path_is_counted() {
    let env = TestEnv::new();
    let path = env.path("app.lock");
    let _owner = holder_of(&path);
    fs::remove_file(&path).unwrap();
    assert!(listed(&env, &["lock"]).is_empty());
    env.run(["list", "lock"]).any_code(&[0]).1.says("cannot be named");
}

fn a_link_is_not_followed_and_leads_to_the_file() {
    let env = TestEnv::new();
    let (path, link) = (env.path("app.lock"), env.path("link"));
    fs::write(&path, "").unwrap();
    symlink("app.lock", &link).unwrap();
    let run = env.run(["show", &format!("lock:{link}")]).code(3);
    run.says("symbolic link").says(&format!("lock:{path}"));
}

fn a_missing_file_is_exit_3() {
    let env = TestEnv::new();
    let address = format!("lock:{}", env.path("missing"));
    env.run(["show", &address]).code(3).says(&address);
    env.run(["list", &address]).code(3).says(&address);
}

// To lock a file is no matter of its content: who has locked shared memory does not use the memory by that.
fn a_lock_on_shared_memory_is_no_holder_of_it() {
    let env = TestEnv::new();
    fs::write("/dev/shm/frames", "x").unwrap();
    let owner = holder_of("/dev/shm/frames");
    let documents = env.run(["show", "lock:/dev/shm/frames", "shm:/frames", "--json"]).ok().json();
    let how = |at: usize| documents["objects"][at]["used_by"][0]["how"].clone();
    assert_eq!(how(0), serde_json::json!(["locked for writing (flock)"]), "{documents}");
    assert_eq!(how(1), serde_json::json!(["open rw"]), "{documents}");
    drop(owner);
}

// An ordinary user asks who holds a lock of root's.
fn a_lock_whose_holder_may_not_be_read_is_told_by_its_taker() {
    let env = TestEnv::new();
    let path = env.path("app.lock");
    let owner = holder_of(&path);
    let address = format!("lock:{path}");
    let object = env.command(["show", &address, "--json"]).unprivileged().run().ok().only();
    assert_eq!(object["held"], 1, "{object}");
    let lock = &object["locks"][0];
    assert_eq!((&lock["pid"], &lock["taker"]), (&Value::Null, &owner.pid().into()), "{object}");
    assert_ne!(object["state"], "idle");
}

fn a_locked_file_is_never_opened_and_two_are_looked_for_in_one_scan() {
    let env = TestEnv::new();
    let (one, two) = (env.path("one.lock"), env.path("two.lock"));
    let owner = holder_of(&one);
    fs::write(&two, "").unwrap();
    let trace = env.path("trace");
    let pid = owner.pid();
    let text = format!(
        "strace -f -e trace=openat,open,openat2 -o {trace} ipcctl show lock:{one} lock:{two} >/dev/null 2>&1; \
         grep -cE 'openat\\([^,]*, \"{pid}\"' {trace}; grep -E '(one|two)\\.lock' {trace} | grep -vc O_PATH"
    );
    let run = script(&env, &text).run().code(1);
    assert_eq!(run.lines(), ["1", "0"], "{}", run.report());
}
