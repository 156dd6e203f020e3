//! Queues and semaphores that were removed and are still held.

use serde_json::json;

use crate::env::TestEnv;
use crate::makers::{holder, posix};

crate::cases![
    a_removed_queue_is_told_with_its_messages_and_its_holder,
    a_semaphore_that_has_its_name_is_no_nameless_one;
    // Only root can look behind a mapping that no path leads to.
    SeveralUsers: a_removed_semaphore_is_told_with_its_value_and_who_has_it_mapped
];

fn addresses(env: &TestEnv, arguments: &[&str]) -> Vec<String> {
    env.run(["list", "--json"].iter().chain(arguments)).any_code(&[0]).1.addresses()
}

fn a_removed_queue_is_told_with_its_messages_and_its_holder() {
    let env = TestEnv::new();
    let holder = holder::holding(|| {
        posix::message_queue("/jobs", 4, 64, 0o600);
        posix::open_queue("/jobs", libc::O_RDONLY);
        posix::send("/jobs", 1, b"one");
        posix::remove_queue("/jobs");
    });
    let pid = holder.pid().to_string();
    let list =
        ["list", "mq", "--pid", &pid, "--json", "-o", "+kind,messages,max-messages,trouble,name"];
    let object = env.run(list).code(0).only();
    for (key, value) in [
        ("kind", json!("nameless-mq")),
        ("messages", json!(1)),
        ("max_messages", json!(4)),
        ("name", json!("jobs")),
        ("trouble", json!("unlinked")),
        ("state", json!("in-use")),
    ] {
        assert_eq!(object[key], value, "{key} of {object}");
    }
    let address = object["address"].as_str().unwrap().to_owned();
    assert_eq!(env.show(&address)["used_by"][0]["pid"], holder.pid(), "{object}");
    assert!(addresses(&env, &["mq", "--all"]).contains(&address));
    assert!(!addresses(&env, &["mq"]).contains(&address));
    env.run(["show", &address]).ok().shows("its name was removed");
    drop(holder);
    env.run(["show", &address]).code(3);
}

fn a_removed_semaphore_is_told_with_its_value_and_who_has_it_mapped() {
    let env = TestEnv::new();
    posix::semaphore("/lock", 2, 0o600);
    let holder = holder::holding(|| _ = posix::open_semaphore("/lock"));
    std::fs::remove_file("/dev/shm/sem.lock").unwrap();
    let pid = holder.pid().to_string();
    let list = ["list", "sem", "--pid", &pid, "--json", "-o", "+kind,trouble,name,value,used-by"];
    let objects = env.run(list).code(0).objects();
    let is_it = |one: &&serde_json::Value| one["name"] == "lock";
    let object = objects.iter().find(is_it).unwrap_or_else(|| panic!("{objects:?}"));
    assert_eq!((&object["kind"], &object["value"]), (&json!("nameless-sem"), &json!(2)));
    assert_eq!(object["trouble"], "unlinked");
    assert_eq!(object["used_by"][0]["pid"], holder.pid(), "{object}");
    let address = object["address"].as_str().unwrap().to_owned();
    assert!(!addresses(&env, &["sem"]).contains(&address));
    // It is no shared memory of other use.
    let memory = address.replace("sem:", "shm:");
    assert!(!addresses(&env, &["shm", "--all"]).contains(&memory));
}

fn a_semaphore_that_has_its_name_is_no_nameless_one() {
    let env = TestEnv::new();
    // The C library makes its file under a name that it removes: the text of the mapping says (deleted).
    let holder = holder::holding(|| posix::create_and_keep_semaphore("/gate"));
    let list = ["list", "sem", "--pid", &holder.pid().to_string(), "--json"];
    let objects = env.run(list).code(0).objects();
    assert!(objects.iter().any(|one| one["address"] == "sem:/gate"), "{objects:?}");
    let nameless = objects.iter().filter(|one| one["kind"] == "nameless-sem");
    let own = nameless.filter(|one| one["used_by"].to_string().contains(&holder.pid().to_string()));
    assert_eq!(own.filter(|one| one["name"] == "gate").count(), 0, "{objects:?}");
}
