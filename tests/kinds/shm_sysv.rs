//! System V shared memory.

#![allow(unsafe_code)]

use serde_json::Value;

use crate::env::TestEnv;
use crate::makers::holder;
use crate::makers::sysv::{self, PRIVATE};

crate::cases![
    attachments_are_counted,
    creator_and_last_process_are_told_with_their_commands,
    a_creator_that_is_gone_has_no_command,
    memory_in_use_is_told_once_it_is_touched,
    memory_in_use_among_a_thousand_segments_is_told_to_whom_asks_for_it,
    removing_an_attached_segment_says_that_it_lives_until_the_last_detach,
    a_segment_marked_for_removal_says_so_and_has_no_key,
    rm_unused_leaves_an_attached_segment_alone,
    id_zero_is_an_object_like_any_other,
    the_id_of_a_removed_segment_leads_to_no_other,
    a_private_segment_has_no_key,
    create_without_a_locator_makes_a_private_segment,
    the_highest_key_is_a_key,
    a_key_is_resolved_to_the_id,
    a_key_of_a_file_is_the_one_that_ftok_makes,
    a_segment_that_exists_with_another_size_does_not_fit,
    a_size_is_needed_and_zero_is_none,
    the_size_cannot_be_set_and_the_kinds_that_can_are_named,
    memory_can_be_locked_and_unlocked,
    a_page_size_that_is_no_power_of_two_is_refused;
    Limits: a_full_table_is_exit_7_and_names_the_limit,
    too_many_pages_are_exit_7_and_name_the_limit,
    a_segment_above_the_largest_is_exit_7_and_names_the_limit
];

fn attachments_are_counted() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    let _one = holder::holding(|| {
        sysv::attach(id);
    });
    let _two = holder::holding(|| {
        sysv::attach(id);
    });
    let object = env.show(&format!("shm:{id}"));
    assert_eq!(object["attached"], 2);
    assert_eq!(object["content"], "2 attached");
    assert!(object["last_attach"].is_string(), "{object}");
    assert_eq!(object["last_detach"], Value::Null, "never detached: {object}");
}

fn creator_and_last_process_are_told_with_their_commands() {
    let env = TestEnv::new();
    let key = env.key();
    let creator = holder::holding(|| {
        sysv::segment(key, 4096, 0o600);
    });
    let last = holder::holding(|| {
        sysv::attach(id_of_key(key));
    });
    let object = env.show(&format!("shm:{key:#x}"));
    assert_eq!(
        (&object["creator_pid"], &object["last_pid"]),
        (&creator.pid().into(), &last.pid().into())
    );
    for command in ["creator_command", "last_command"] {
        // The processes are forks of this one, on a thread whose name is the test's.
        assert!(
            object[command].as_str().is_some_and(|name| !name.is_empty()),
            "{command}: {object}"
        );
    }
    assert_eq!((&object["cuid"], &object["cgid"]), (&Value::from(0), &Value::from(0)));
    assert!(object["creator"].is_string(), "{object}");
}

fn a_creator_that_is_gone_has_no_command() {
    let env = TestEnv::new();
    let key = env.key();
    let pid = holder::in_passing(|| {
        sysv::segment(key, 4096, 0o600);
    });
    let object = env.show(&format!("shm:{key:#x}"));
    assert_eq!(object["creator_pid"], pid);
    assert_eq!(object["creator_command"], Value::Null);
    env.run(["show", &format!("shm:{key:#x}")]).ok().shows("ended");
}

fn memory_in_use_is_told_once_it_is_touched() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 64 * 4096, 0o600);
    let address = format!("shm:{id}");
    assert_eq!(env.show(&address)["resident"], 0);
    let _holder = holder::holding(|| {
        // SAFETY: the segment has 64 pages, and the last byte is written.
        unsafe { sysv::attach(id).add(64 * 4096 - 1).write(1) };
    });
    let resident = env.show(&address)["resident"].as_u64().unwrap();
    assert!((4096..=64 * 4096).contains(&resident), "{resident} bytes of one touched page");
    assert_eq!(env.show(&address)["swapped"], 0);
}

// The kernel tells it in a table that it writes out from the start: one segment would cost as much as all.
fn memory_in_use_among_a_thousand_segments_is_told_to_whom_asks_for_it() {
    let env = TestEnv::new();
    let segments: Vec<_> = (0..1001).map(|_| sysv::segment(PRIVATE, 4096, 0o600)).collect();
    let address = format!("shm:{}", segments[1000]);
    assert_eq!(env.show(&address)["resident"], Value::Null);
    env.run(["show", &address]).ok().shows("name it with --columns");
    let asked = env.run(["show", &address, "-o", "resident", "--json"]).ok().only();
    assert_eq!(asked["resident"], 0);
}

fn removing_an_attached_segment_says_that_it_lives_until_the_last_detach() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    let holders = [0, 1].map(|_| {
        holder::holding(|| {
            sysv::attach(id);
        })
    });
    env.run(["rm", &format!("shm:{id}")]).code(0).tells("marked for removal, 2 attached");
    assert!(sysv::segment_status(id).is_ok());
    drop(holders);
    assert!(sysv::segment_status(id).is_err());
}

fn a_segment_marked_for_removal_says_so_and_has_no_key() {
    let env = TestEnv::new();
    let key = env.key();
    let id = sysv::segment(key, 4096, 0o600);
    let _holder = holder::holding(|| {
        sysv::attach(id);
    });
    sysv::mark_for_removal(id);
    let object = env.show(&format!("shm:{id}"));
    assert_eq!((&object["marked"], &object["key"]), (&Value::Bool(true), &Value::Null));
    assert_eq!(object["mode"], "0600", "the mark is no permission bit");
    // The key is free again at once, and leads to the new segment.
    let next = sysv::segment(key, 8192, 0o600);
    assert_eq!(env.show(&format!("shm:{key:#x}"))["address"], format!("shm:{next}"));
    assert_eq!(env.show(&format!("shm:{next}"))["marked"], false);
}

fn rm_unused_leaves_an_attached_segment_alone() {
    let env = TestEnv::new();
    let (held, free) =
        (sysv::segment(env.key(), 4096, 0o600), sysv::segment(env.key(), 4096, 0o600));
    let _holder = holder::holding(|| {
        sysv::attach(held);
    });
    let output = env.run(["rm", "--unused", &format!("shm:{held}"), &format!("shm:{free}")]);
    output.code(1).says(&format!("shm:{held}")).says("attached");
    assert_eq!(sysv::segment_status(held).unwrap().shm_perm.mode & 0o1000, 0, "not even marked");
    assert!(sysv::segment_status(free).is_err());
}

// Id 0 is the first that every namespace gives; a tool that takes 0 for "not given" loses it.
fn id_zero_is_an_object_like_any_other() {
    let env = TestEnv::new();
    let id = sysv::segment(PRIVATE, 4096, 0o600);
    assert_eq!(id, 0, "the first id of a namespace");
    assert_eq!(env.show("shm:0")["id"], 0);
    env.run(["rm", "shm:0"]).ok();
    assert!(sysv::segment_status(0).is_err());
}

// The kernel's calls by index take only the low bits of an id and would find whatever lies there now.
fn the_id_of_a_removed_segment_leads_to_no_other() {
    let env = TestEnv::new();
    let id = sysv::segment(PRIVATE, 4096, 0o600);
    sysv::mark_for_removal(id);
    let present = loop {
        let next = sysv::segment(PRIVATE, 4096, 0o600);
        if next & 0x7fff == id & 0x7fff {
            break next;
        }
        sysv::mark_for_removal(next);
    };
    for verb in ["show", "rm", "list"] {
        env.run([verb, &format!("shm:{id}")]).code(3);
    }
    env.run(["set", &format!("shm:{id}"), "--mode", "0666"]).code(3);
    assert_eq!(sysv::segment_status(present).unwrap().shm_perm.mode & 0o777, 0o600);
}

fn a_private_segment_has_no_key() {
    let env = TestEnv::new();
    let ids = [sysv::segment(PRIVATE, 1, 0o600), sysv::segment(PRIVATE, 1, 0o600)];
    for id in ids {
        assert_eq!(env.show(&format!("shm:{id}"))["key"], Value::Null);
    }
}

fn create_without_a_locator_makes_a_private_segment() {
    let env = TestEnv::new();
    let output = env.run(["create", "shm", "--size", "4K"]).ok();
    let object = env.show(output.stdout().trim_end());
    assert_eq!((&object["key"], &object["size"]), (&Value::Null, &Value::from(4096)));
    // Another one, not the same again.
    assert_ne!(env.run(["create", "shm", "--size", "4K"]).ok().stdout(), output.stdout());
}

// It is -1 where keys are taken for signed numbers.
fn the_highest_key_is_a_key() {
    let env = TestEnv::new();
    let id = sysv::segment(u32::MAX, 4096, 0o600);
    assert_eq!(env.show("shm:0xffffffff")["id"], id);
    assert_eq!(env.show(&format!("shm:{id}"))["key"], "0xffffffff");
}

fn a_key_is_resolved_to_the_id() {
    let env = TestEnv::new();
    let id = sysv::segment(0x5eed, 4096, 0o600);
    for spelling in ["shm:0x5eed", "shm:0x5EED", "shm:0x00005eed"] {
        assert_eq!(env.show(spelling)["address"], format!("shm:{id}"));
    }
}

fn a_key_of_a_file_is_the_one_that_ftok_makes() {
    let env = TestEnv::new();
    let file = env.path("file");
    std::fs::write(&file, "").unwrap();
    let ftok = |project| {
        let path = std::ffi::CString::new(file.as_str()).unwrap();
        // SAFETY: a NUL-terminated path and a number.
        u32::from_ne_bytes(unsafe { libc::ftok(path.as_ptr(), project) }.to_ne_bytes())
    };
    for (option, key) in
        [(format!("{file},7"), ftok(7)), (format!("{file},A"), ftok(i32::from(b'A')))]
    {
        let output = env.run(["create", "shm", "--size", "1", "--key-from", &option]).ok();
        assert_eq!(env.show(output.stdout().trim_end())["key"], format!("{key:#x}"), "{option}");
    }
    env.run(["create", "shm", "--size", "1", "--key-from", &env.path("missing")]).code(3);
}

fn a_segment_that_exists_with_another_size_does_not_fit() {
    let env = TestEnv::new();
    let key = env.key();
    let id = sysv::segment(key, 4096, 0o600);
    let address = format!("shm:{key:#x}");
    env.run(["create", &address, "--size", "4K", "--if-missing"])
        .ok()
        .prints(&format!("shm:{id}\n"));
    for (size, bytes) in [("1K", "1024"), ("8K", "8192")] {
        let output = env.run(["create", &address, "--size", size, "--if-missing"]).code(6);
        output.prints("").says("4096").says(bytes);
    }
    assert_eq!(sysv::segment_status(id).unwrap().shm_segsz, 4096);
}

fn a_size_is_needed_and_zero_is_none() {
    let env = TestEnv::new();
    env.run(["create", "shm:0x1"]).code(2).says("--size");
    env.run(["create", "shm:0x1", "--size", "0"]).code(2).prints("");
    env.run(["create", "shm:0x1", "--size", "-1"]).code(2);
    env.run(["create", "shm:0x1", "--size", "many"]).code(2).says("many");
    env.run(["show", "shm:0x1"]).code(3);
}

fn the_size_cannot_be_set_and_the_kinds_that_can_are_named() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    env.run(["set", &format!("shm:{id}"), "--size", "8192"])
        .code(2)
        .says("--size")
        .says("posix-shm");
    assert_eq!(sysv::segment_status(id).unwrap().shm_segsz, 4096);
}

fn memory_can_be_locked_and_unlocked() {
    let env = TestEnv::new();
    let address = format!("shm:{}", sysv::segment(env.key(), 4096, 0o600));
    env.run(["set", &address, "--lock-memory"]).ok();
    let object = env.show(&address);
    assert_eq!((&object["locked"], &object["mode"]), (&Value::Bool(true), &Value::from("0600")));
    env.run(["set", &address, "--unlock-memory"]).ok();
    assert_eq!(env.show(&address)["locked"], false);
}

fn a_page_size_that_is_no_power_of_two_is_refused() {
    let env = TestEnv::new();
    env.run(["create", "shm:0x1", "--size", "4M", "--huge", "3M"]).code(2).says("power of two");
    env.run(["show", "shm:0x1"]).code(3);
}

fn a_full_table_is_exit_7_and_names_the_limit() {
    let env = TestEnv::new();
    env.set_limit("kernel.shmmni", "2");
    for _ in 0..2 {
        sysv::segment(env.key(), 1, 0o600);
    }
    let output = env.run(["create", "shm", "--size", "4K"]).code(7);
    output.prints("").says("SHMMNI").says("2").says("kernel.shmmni");
}

fn too_many_pages_are_exit_7_and_name_the_limit() {
    let env = TestEnv::new();
    env.set_limit("kernel.shmall", "4");
    sysv::segment(env.key(), 3 * 4096, 0o600);
    let output = env.run(["create", "shm", "--size", "8K"]).code(7);
    output.prints("").says("SHMALL").says("kernel.shmall").says_not("no space left");
}

fn a_segment_above_the_largest_is_exit_7_and_names_the_limit() {
    let env = TestEnv::new();
    env.set_limit("kernel.shmmax", "65536");
    env.run(["create", "shm", "--size", "1M"])
        .code(7)
        .says("SHMMAX")
        .says("65536")
        .says("kernel.shmmax");
    env.run(["create", "shm", "--size", "64K"]).ok();
}

fn id_of_key(key: u32) -> i32 {
    // SAFETY: numbers only; without IPC_CREAT the call finds what is there.
    let id = unsafe { libc::shmget(i32::from_ne_bytes(key.to_ne_bytes()), 0, 0) };
    assert!(id >= 0, "{}", std::io::Error::last_os_error());
    id
}
