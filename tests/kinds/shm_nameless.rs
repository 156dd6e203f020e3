//! Shared memory without a name, and what `/dev/shm` hides.

use std::fs;
use std::io::Write;

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::makers::holder::{self, Holder};
use crate::makers::{holding, nameless, posix};

crate::cases![
    a_memfd_is_told_with_its_name_its_bytes_and_its_holder,
    memory_that_was_unlinked_is_shown_and_in_trouble,
    what_the_directory_hides_is_told_in_one_line,
    directories_are_told_with_their_sizes_the_largest_first,
    bytes_are_read_and_written_with_force_alone,
    seals_are_set_and_told,
    a_seal_that_is_none_is_exit_2,
    memory_that_is_gone_is_exit_3,
    hostile_names_are_told_safely;
    SeveralUsers: anonymous_memory_is_found_by_its_mapping,
    an_ordinary_user_sees_what_he_may
];

/// A process with a memfd of four pages, two of which are used, and its address.
fn holding_memfd(name: &'static str) -> (Holder, String) {
    let holder = holder::holding(|| {
        let mut file = nameless::memfd(name, 4 * 4096);
        file.write_all(&[b'x'; 8192]).unwrap();
        holding::copy(std::os::fd::AsRawFd::as_raw_fd(&file), 100);
        std::mem::forget(file);
    });
    let file = fs::File::open(format!("/proc/{}/fd/100", holder.pid())).unwrap();
    let address = nameless::address(&file);
    (holder, address)
}

fn addresses(env: &TestEnv, arguments: &[&str]) -> Vec<String> {
    env.run(["list", "--json"].iter().chain(arguments)).any_code(&[0]).1.addresses()
}

fn a_memfd_is_told_with_its_name_its_bytes_and_its_holder() {
    let env = TestEnv::new();
    let (holder, address) = holding_memfd("frames");
    let object = env.show(&address);
    for (key, value) in [
        ("name", json!("frames")),
        ("sort", json!("memfd")),
        ("size", json!(16384)),
        ("allocated", json!(8192)),
        ("state", json!("in-use")),
        ("trouble", Value::Null),
        ("seals", Value::Null),
        ("kind", json!("nameless-shm")),
    ] {
        assert_eq!(object[key], value, "{key} of {object}");
    }
    assert_eq!(object["used_by"][0]["pid"], holder.pid(), "{object}");
    assert!(object["used_by"][0]["fds"].as_array().unwrap().contains(&json!(100)), "{object}");
    assert!(addresses(&env, &["shm", "--all"]).contains(&address));
    assert!(addresses(&env, &["--pid", &holder.pid().to_string()]).contains(&address));
    assert!(
        !addresses(&env, &["shm"]).contains(&address) && !addresses(&env, &[]).contains(&address)
    );
}

fn anonymous_memory_is_found_by_its_mapping() {
    let env = TestEnv::new();
    let holder = holder::holding(|| nameless::map_anonymous(3 * 4096));
    let pid = holder.pid().to_string();
    let columns = "address,sort,size,allocated,used-by";
    let objects =
        env.run(["list", "shm", "--pid", &pid, "--json", "-o", columns]).code(0).objects();
    // It has inherited some of the tests, too.
    let object = objects.iter().find(|one| one["size"] == 12288);
    let object = object.unwrap_or_else(|| panic!("{objects:?}"));
    assert_eq!(object["sort"], "anonymous", "{object}");
    assert_eq!(object["allocated"], 4096, "{object}");
    assert_eq!(object["used_by"][0]["how"], json!(["mapped rw"]), "{object}");
    let read = env.run(["read", object["address"].as_str().unwrap(), "--length", "2"]).ok();
    assert_eq!(read.raw(), [1, 0]);
}

fn memory_that_was_unlinked_is_shown_and_in_trouble() {
    let env = TestEnv::new();
    posix::shared_memory("/frames", 4096, 0o600);
    posix::shared_memory("/named", 4096, 0o600);
    let holder = holder::holding(|| {
        posix::map("/frames");
        holding::open("/dev/shm/frames", libc::O_RDWR);
        holding::open("/dev/shm/named", libc::O_RDWR);
    });
    fs::remove_file("/dev/shm/frames").unwrap();
    let pid = holder.pid().to_string();
    let list = ["list", "shm", "--pid", &pid, "--json", "-o", "+sort,trouble,name"];
    let mut objects = env.run(list).code(0).objects();
    // What it has inherited of the tests has no name.
    objects.retain(|one| !one["name"].is_null());
    let told = |one: &Value| json!([one["name"], one["sort"], one["trouble"]]);
    let told: Vec<Value> = objects.iter().map(told).collect();
    assert_eq!(told, [json!(["/named", null, null]), json!(["frames", "unlinked", "unlinked"])]);
    let found = addresses(&env, &["--trouble=unlinked"]);
    assert!(found.contains(&objects[1]["address"].as_str().unwrap().to_owned()), "{found:?}");
}

fn an_ordinary_user_sees_what_he_may() {
    let env = TestEnv::new();
    const USER: u32 = 70000;
    let holder = holder::holding_as(USER, || {
        for name in ["/frames", "/named"] {
            posix::shared_memory(name, 4096, 0o600);
            posix::map(name);
        }
        nameless::map_anonymous(4096);
        fs::remove_file("/dev/shm/frames").unwrap();
    });
    let columns = "sort,name,size,used-by";
    let list = |uid| env.command(["list", "shm", "--all", "--json", "-o", columns]).by_user(uid);
    let own = list(USER).run().any_code(&[0]).1.objects();
    let of = |sort: &str| own.iter().find(|one| one["sort"] == sort).unwrap_or(&Value::Null);
    assert_eq!(of("unlinked")["name"], "frames", "{own:?}");
    assert_eq!(of("anonymous")["size"], Value::Null, "root alone may look behind a mapping");
    assert_eq!(of("unlinked")["used_by"][0]["pid"], holder.pid());
    assert_eq!(own.iter().filter(|one| one["name"] == "named").count(), 0, "{own:?}");
    let others = list(70001).run().any_code(&[0]).1;
    assert!(others.objects().iter().all(|one| one["sort"] != "unlinked"));
    others.says("could not be read: what only they hold is not listed");
}

fn what_the_directory_hides_is_told_in_one_line() {
    let env = TestEnv::new();
    posix::shared_memory("/named", 1 << 20, 0o600);
    fs::write("/dev/shm/named", vec![1; 1 << 20]).unwrap();
    for arguments in [&["list", "shm"][..], &["limits"]] {
        env.run(arguments).code(0).says_not("without a name");
    }
    fs::write("/dev/shm/x", vec![1; 3 << 20]).unwrap();
    let _holder = holder::holding(|| {
        holding::open("/dev/shm/x", libc::O_RDWR);
    });
    fs::remove_file("/dev/shm/x").unwrap();
    let hidden = "3.0M in 1 object without a name: ipcctl list shm --all";
    for arguments in [&["list"][..], &["list", "shm"], &["limits"], &["clean", "--dry-run"]] {
        env.run(arguments).any_code(&[0]).1.says(hidden);
    }
    env.run(["list", "shm", "--all"]).code(0).says_not("without a name:");
}

fn directories_are_told_with_their_sizes_the_largest_first() {
    let env = TestEnv::new();
    for (name, bytes) in [("small", 1 << 20), ("large/below", 2 << 20)] {
        fs::create_dir_all(format!("/dev/shm/{name}")).unwrap();
        fs::write(format!("/dev/shm/{name}/file"), vec![1; bytes]).unwrap();
    }
    let told = "3.0M in directories: large 2.0M, small 1.0M";
    env.run(["list", "shm"]).code(0).says(told).says_not("without a name:");
    env.run(["limits"]).code(0).says(told);
}

fn bytes_are_read_and_written_with_force_alone() {
    let env = TestEnv::new();
    let (holder, address) = holding_memfd("frames");
    env.run(["read", &address, "--length", "3"]).ok().prints("xxx");
    env.run(["peek", &address, "--length", "3"]).ok().shows("78 78 78");
    env.run(["write", &address, "--data", "abc"]).code(2).says("--force");
    env.run(["read", &address, "--length", "3"]).ok().prints("xxx");
    env.run(["write", &address, "--data", "abc", "--force"]).ok();
    let seen = fs::read(format!("/proc/{}/fd/100", holder.pid())).unwrap();
    assert_eq!((&seen[..4], seen.len()), (&b"abcx"[..], 16384));
}

fn seals_are_set_and_told() {
    let env = TestEnv::new();
    let (holder, address) = holding_memfd("frames");
    env.run(["set", &address, "--seal", "grow,shrink"]).ok();
    assert_eq!(env.show(&address)["seals"], json!(["grow", "shrink"]));
    let file =
        fs::File::options().write(true).open(format!("/proc/{}/fd/100", holder.pid())).unwrap();
    assert_eq!(file.set_len(1).unwrap_err().raw_os_error(), Some(libc::EPERM));
    env.run(["set", &address, "--seal", "seal"]).ok();
    env.run(["set", &address, "--seal", "write"]).code(4).says("sealed against further seals");
}

fn a_seal_that_is_none_is_exit_2() {
    let env = TestEnv::new();
    let (_holder, address) = holding_memfd("frames");
    env.run(["set", &address, "--seal", "wax"]).any_code(&[1, 2]).1.says("future-write");
    assert_eq!(env.show(&address)["seals"], Value::Null);
}

fn memory_that_is_gone_is_exit_3() {
    let env = TestEnv::new();
    let (holder, address) = holding_memfd("frames");
    drop(holder);
    for verb in ["show", "read", "list"] {
        env.run([verb, &address]).code(3).says(&address);
    }
}

fn hostile_names_are_told_safely() {
    let env = TestEnv::new();
    let (_holder, address) = holding_memfd("x\n\x1b[2J (deleted)");
    let object = env.show(&address);
    assert_eq!(object["name"], "x%0A%1B%5B2J%20%28deleted%29", "{object}");
    env.run(["show", &address]).ok().is_safe_on_a_terminal();
}
