//! The same scenario through the tools of util-linux: what they make, this program lists and removes, and
//! the other way round. Both must say the same of the same objects.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::env::TestEnv;
use crate::makers::{holder, sysv};
use crate::output::Output;

crate::cases![
    ;
    Peers: segments_are_the_same_through_ipcs,
    queues_are_the_same_through_ipcs,
    sets_are_the_same_through_ipcs,
    owners_and_creators_are_the_same_through_ipcs,
    what_ipcmk_makes_is_listed_and_removed,
    what_is_created_is_removed_by_ipcrm,
    limits_are_the_same_through_lsipc
];

/// The rows of a table of `ipcs`, by id. Rows begin with a key or an id; all else is talk.
fn ipcs(env: &TestEnv, arguments: &[&str], id_column: usize) -> BTreeMap<i64, Vec<String>> {
    let output = env.tool("ipcs", arguments).run().ok();
    let rows = output.lines().into_iter().filter_map(|line| {
        let fields: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let id = fields.get(id_column)?.parse().ok()?;
        Some((id, fields))
    });
    rows.collect()
}

fn listed(env: &TestEnv, facility: &str) -> BTreeMap<i64, Value> {
    let arguments = ["list", facility, "--family", "sysv", "--json"];
    let objects = env.run(arguments).ok().objects();
    objects.into_iter().map(|object| (object["id"].as_i64().unwrap(), object)).collect()
}

/// A key as `ipcs` prints it.
fn key(object: &Value) -> String {
    let digits = object["key"].as_str().map_or("0", |key| key.trim_start_matches("0x"));
    format!("0x{digits:0>8}")
}

/// A mode as `ipcs` prints it.
fn mode(object: &Value) -> String {
    object["mode"].as_str().unwrap().trim_start_matches('0').to_owned()
}

fn text(object: &Value, fact: &str) -> String {
    match &object[fact] {
        Value::String(text) => text.clone(),
        Value::Null => "0".to_owned(),
        number => number.to_string(),
    }
}

/// Both saw the same ids, and of each the same fields.
fn same(
    theirs: &BTreeMap<i64, Vec<String>>,
    ours: &BTreeMap<i64, Value>,
    fields: fn(&Value) -> Vec<String>,
) {
    assert!(theirs.len() >= 2, "ipcs shows too little to compare: {theirs:?}");
    assert!(theirs.keys().eq(ours.keys()), "ids differ: {theirs:?} and {ours:?}");
    for (id, row) in theirs {
        let expected: Vec<String> =
            row.iter().filter(|field| **field != id.to_string()).cloned().collect();
        let found: Vec<String> =
            fields(&ours[id]).into_iter().filter(|field| *field != id.to_string()).collect();
        assert_eq!(found, expected, "of id {id}");
    }
}

fn segments_are_the_same_through_ipcs() {
    let env = TestEnv::new();
    let held = sysv::segment(0x5eed, 123_456, 0o640);
    sysv::segment(u32::MAX, 1, 0o600);
    sysv::segment(sysv::PRIVATE, 4096, 0o666);
    let _holder = holder::holding(|| {
        sysv::attach(held);
    });
    let theirs = ipcs(&env, &["-m"], 1);
    same(&theirs, &listed(&env, "shm"), |one| {
        vec![key(one), text(one, "owner"), mode(one), text(one, "size"), text(one, "attached")]
    });
}

fn queues_are_the_same_through_ipcs() {
    let env = TestEnv::new();
    let id = sysv::queue(0x5eed, 0o640);
    sysv::queue(sysv::PRIVATE, 0o600);
    sysv::send(id, 1, b"hello");
    sysv::send(id, 2, b"world!");
    same(&ipcs(&env, &["-q"], 1), &listed(&env, "mq"), |one| {
        vec![key(one), text(one, "owner"), mode(one), text(one, "bytes"), text(one, "messages")]
    });
    // The limit of one queue is in its details alone.
    let details = env.tool("ipcs", ["-q", "-i", &id.to_string()]).run().ok();
    details.shows(&format!("qbytes={}", text(&listed(&env, "mq")[&i64::from(id)], "max_bytes")));
}

fn sets_are_the_same_through_ipcs() {
    let env = TestEnv::new();
    let id = sysv::set_with(0x5eed, &[5, 0, 32767], 0o640);
    sysv::set(sysv::PRIVATE, 1, 0o600);
    same(&ipcs(&env, &["-s"], 1), &listed(&env, "sem"), |one| {
        vec![key(one), text(one, "owner"), mode(one), text(one, "count")]
    });
    // Every member: number, value, waiters for more, waiters for zero, process.
    let details = env.tool("ipcs", ["-s", "-i", &id.to_string()]).run().ok();
    let rows = |output: &Output| -> Vec<Vec<u64>> {
        let numbers = |line: &str| {
            line.split_whitespace().map(str::parse).collect::<Result<Vec<u64>, _>>().ok()
        };
        output.lines().into_iter().filter_map(numbers).filter(|row| row.len() == 5).collect()
    };
    let ours: Vec<Vec<u64>> = env.show(&format!("sem:{id}"))["semaphores"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            ["index", "value", "waiting_to_rise", "waiting_for_zero", "pid"]
                .map(|fact| one[fact].as_u64().unwrap_or(0))
        })
        .map(|row| row.to_vec())
        .collect();
    assert_eq!(ours, rows(&details), "{}", details.report());
    assert_eq!(ours.len(), 3);
}

fn owners_and_creators_are_the_same_through_ipcs() {
    let env = TestEnv::new();
    sysv::segment(0x1, 1, 0o600);
    sysv::segment(0x2, 1, 0o640);
    // shmid perms cuid cgid uid gid
    same(&ipcs(&env, &["-m", "-c"], 0), &listed(&env, "shm"), |one| {
        vec![
            mode(one),
            text(one, "creator"),
            text(one, "creator_group"),
            text(one, "owner"),
            text(one, "group"),
        ]
    });
    // shmid owner cpid lpid
    same(&ipcs(&env, &["-m", "-p"], 0), &listed(&env, "shm"), |one| {
        vec![text(one, "owner"), text(one, "creator_pid"), text(one, "last_pid")]
    });
}

fn what_ipcmk_makes_is_listed_and_removed() {
    let env = TestEnv::new();
    for (arguments, facility) in [(["-M", "5000"], "shm"), (["-S", "4"], "sem")] {
        let made = env.tool("ipcmk", arguments).run().ok();
        let id: i64 = made.stdout().trim().rsplit(' ').next().unwrap().parse().unwrap();
        let object = listed(&env, facility).remove(&id).expect("listed");
        match facility {
            "shm" => assert_eq!(
                (&object["size"], &object["mode"]),
                (&Value::from(5000), &Value::from("0644"))
            ),
            _ => assert_eq!(
                (&object["count"], &object["mode"]),
                (&Value::from(4), &Value::from("0644"))
            ),
        }
        env.run(["rm", &format!("{facility}:{id}")]).ok();
    }
    let made = env.tool("ipcmk", ["-Q"]).run().ok();
    let id = made.stdout().trim().rsplit(' ').next().unwrap();
    env.run(["rm", &format!("mq:{id}")]).ok();
    for option in ["-m", "-q", "-s"] {
        assert!(ipcs(&env, &[option], 1).is_empty(), "ipcs {option} still shows something");
    }
}

fn what_is_created_is_removed_by_ipcrm() {
    let env = TestEnv::new();
    for (option, key_option, address, options) in [
        ("-m", "-M", "shm", vec!["--size", "4K"]),
        ("-q", "-Q", "mq", vec![]),
        ("-s", "-S", "sem", vec!["--count", "2"]),
    ] {
        let made = env.run(["create", address].iter().chain(&options)).ok();
        let id = made.stdout().trim_end().split_once(':').unwrap().1.to_owned();
        env.tool("ipcrm", [option, &id]).run().ok();
        env.run(["show", &format!("{address}:{id}")]).code(3);
        env.run(["create", &format!("{address}:0x5eed")].iter().map(|word| &**word).chain(options))
            .ok();
        env.tool("ipcrm", [key_option, "0x5eed"]).run().ok();
        env.run(["show", &format!("{address}:0x5eed")]).code(3);
    }
}

fn limits_are_the_same_through_lsipc() {
    let env = TestEnv::new();
    sysv::segment(0x1, 1, 0o600);
    sysv::set(0x1, 7, 0o600);
    sysv::queue(0x1, 0o600);
    let document = env.run(["limits", "--json"]).ok().json();
    let ours = |name: &str| {
        let limits = document["limits"].as_array().unwrap();
        limits.iter().find(|one| one["name"] == name).unwrap_or_else(|| panic!("no {name}")).clone()
    };
    let output = env.tool("lsipc", ["-g", "-b", "--raw", "-o", "RESOURCE,LIMIT,USED"]).run().ok();
    let mut compared = 0;
    for line in output.lines() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let &[
            name @ ("MSGMNI" | "MSGMAX" | "MSGMNB" | "SHMMNI" | "SHMMAX" | "SEMMNI" | "SEMMNS"
            | "SEMMSL"),
            limit,
            used,
        ] = &fields[..]
        else {
            continue;
        };
        compared += 1;
        // Where the kernel's number means that there is no limit, ours is none.
        let is_none = ours(name)["limit_is"] == "unlimited";
        let expected = if is_none { "18446744073692774399" } else { &*text(&ours(name), "limit") };
        assert_eq!(expected, limit, "{name}\n{}", output.report());
        if used != "-" {
            assert_eq!(text(&ours(name), "used"), used, "{name}\n{}", output.report());
        }
    }
    assert!(compared >= 5, "lsipc shows too little to compare\n{}", output.report());
}
