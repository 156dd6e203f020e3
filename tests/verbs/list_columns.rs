//! `list`: which columns are printed.

use serde_json::json;

use crate::env::TestEnv;
use crate::makers::{fifo, holder, lost, posix, sysv};

crate::cases![
    columns_are_printed_in_the_order_that_is_asked_for,
    a_plus_adds_to_the_default_columns,
    a_column_of_one_kind_is_a_dash_for_the_others,
    help_lists_every_column_with_a_sentence,
    an_unknown_column_is_exit_2_and_leads_to_the_help,
    a_state_comes_with_its_evidence_when_it_is_asked_for,
    objects_are_filtered_and_sorted_by_their_states,
    json_has_every_fact_that_costs_nothing_and_what_was_asked_for,
    a_costly_column_is_read_when_it_is_asked_for;
    SeveralUsers: a_mode_has_a_plus_where_there_is_an_access_control_list
];

fn columns_are_printed_in_the_order_that_is_asked_for() {
    let env = TestEnv::new();
    posix::shared_memory("/x", 10, 0o640);
    let output = env.run(["list", "shm", "--columns", "size,mode,address"]).ok();
    assert_eq!(
        output.lines()[0].split_whitespace().collect::<Vec<_>>(),
        ["SIZE", "MODE", "ADDRESS"]
    );
    let plain = env.run(["list", "shm", "-o", "size,mode,address", "--format", "plain"]).ok();
    plain.prints("10\t0640\tshm:/x\n");
}

fn a_plus_adds_to_the_default_columns() {
    let env = TestEnv::new();
    sysv::segment(0x5eed, 4096, 0o600);
    let output = env.run(["list", "shm", "-o", "+creator-pid,+kind"]).ok();
    let headings: Vec<&str> = output.lines()[0].split_whitespace().collect();
    assert_eq!(
        headings,
        [
            "ADDRESS",
            "KEY",
            "OWNER",
            "MODE",
            "SIZE",
            "CONTENT",
            "STATE",
            "AGE",
            "USED-BY",
            "CREATOR-PID",
            "KIND"
        ]
    );
    assert!(output.lines()[1].contains(&std::process::id().to_string()), "{}", output.report());
    assert!(output.lines()[1].ends_with("sysv-shm"), "{}", output.report());
}

fn a_column_of_one_kind_is_a_dash_for_the_others() {
    let env = TestEnv::new();
    let id = sysv::segment(0x5eed, 4096, 0o600);
    posix::shared_memory("/x", 1, 0o600);
    let output = env.run(["list", "shm", "-o", "address,attached,inode", "--format", "plain"]).ok();
    let lines = output.lines();
    assert_eq!(lines[0], format!("shm:{id}\t0\t-"));
    assert!(lines[1].starts_with("shm:/x\t-\t") && !lines[1].ends_with('-'), "{}", output.report());
}

fn help_lists_every_column_with_a_sentence() {
    let env = TestEnv::new();
    let output = env.run(["list", "--columns", "help"]).ok();
    for column in [
        "address",
        "key",
        "owner",
        "mode",
        "size",
        "content",
        "age",
        "kind",
        "uid",
        "gid",
        "attached",
        "messages",
        "max-messages",
        "value",
        "queued",
        "creator-pid",
        "inode",
    ] {
        let is_explained = |line: &&&str| {
            let mut words = line.split_whitespace();
            words.next().is_some_and(|word| word.eq_ignore_ascii_case(column)) && words.count() >= 2
        };
        let lines = output.lines().iter().filter(is_explained).count();
        assert!(lines >= 1, "{column} is not explained\n{}", output.report());
    }
}

fn an_unknown_column_is_exit_2_and_leads_to_the_help() {
    let env = TestEnv::new();
    env.run(["list", "-o", "address,beauty"]).code(2).prints("").says("beauty").says("help");
    env.run(["list", "-o", "+beauty"]).code(2).says("beauty");
    env.run(["list", "-o", ""]).code(2);
}

// They need evidence that is not gathered yet; a column that is always unknown would be a lie.
fn a_state_comes_with_its_evidence_when_it_is_asked_for() {
    let env = TestEnv::new();
    posix::shared_memory("/ShM.1aHc2", 4096, 0o600);
    let columns = "address,state,producer,evidence";
    let one = env.run(["list", "shm", "--grace", "0", "--json", "-o", columns]).ok().only();
    assert_eq!(one["state"], "suspect");
    assert_eq!(one["producer"], "Apache");
    assert!(one["evidence"][0].as_str().is_some_and(|line| line.contains("lease")), "{one}");
    let plain = env.run(["list", "shm", "--format", "plain", "-o", "state", "--grace", "0"]).ok();
    plain.prints("suspect\n");
    // What nobody asked for costs nothing and is not there.
    let object = env.run(["list", "shm", "--json", "-o", "address"]).ok().only();
    assert!(object.get("state").is_none() && object.get("evidence").is_none(), "{object}");
}

fn objects_are_filtered_and_sorted_by_their_states() {
    let env = TestEnv::new();
    posix::shared_memory("/free", 4096, 0o600);
    posix::shared_memory("/held", 4096, 0o600);
    let _holder = holder::holding(|| posix::map("/held"));
    let list = |words: &[&str]| {
        let base = ["list", "shm", "--grace", "0", "--json"];
        env.run(base.iter().chain(words)).ok().addresses()
    };
    assert_eq!(list(&["--state", "in-use"]), ["shm:/held"]);
    assert_eq!(list(&["--state", "suspect,leftover"]), ["shm:/free"]);
    assert_eq!(list(&["--state", "idle"]), [""; 0]);
    assert_eq!(list(&["--state", "in-use,suspect", "-o", "address"]), ["shm:/free", "shm:/held"]);
    assert_eq!(list(&["--sort", "state"]), ["shm:/held", "shm:/free"]);
    assert_eq!(list(&["--sort", "-state"]), ["shm:/free", "shm:/held"]);
    env.run(["list", "--state", "dead"]).code(2).says("leftover");
}

fn json_has_every_fact_that_costs_nothing_and_what_was_asked_for() {
    let env = TestEnv::new();
    posix::semaphore("/gate", 3, 0o600);
    let object = env.run(["list", "sem", "--json", "-o", "address,value"]).ok().only();
    assert_eq!((&object["address"], &object["value"]), (&json!("sem:/gate"), &json!(3)));
    let keys: Vec<&String> = object.as_object().unwrap().keys().collect();
    assert!(keys.iter().all(|key| !key.contains('-')), "{keys:?}");
}

fn a_costly_column_is_read_when_it_is_asked_for() {
    let env = TestEnv::new();
    sysv::segment(0x5eed, 4096, 0o600);
    let output = env.run(["list", "shm", "-o", "address,resident,creator-command", "--json"]).ok();
    let object = output.only();
    assert_eq!(object["resident"], 0, "{}", output.report());
    assert!(object["creator_command"].is_string(), "{}", output.report());
}

fn a_mode_has_a_plus_where_there_is_an_access_control_list() {
    let env = TestEnv::new();
    for name in ["/open", "/shared"] {
        posix::shared_memory(name, 4096, 0o660);
    }
    posix::semaphore("/gate", 1, 0o660);
    let pipe = env.path("pipe");
    fifo::fifo(&pipe, 0o660);
    for path in ["/dev/shm/shared", "/dev/shm/sem.gate", &pipe] {
        lost::give_access(path, 70_777);
    }
    let listed = env.run(["list", "shm", "sem", "-o", "address,mode", "--no-headings"]).ok();
    listed.prints("shm:/open    0660\nshm:/shared  0660+\nsem:/gate    0660+\n");
    // Numbers stay numbers.
    let plain = ["list", "shm", "-o", "mode", "--format", "plain"];
    env.run(plain).ok().prints("0660\n0660\n");
    assert_eq!(env.run(["show", "sem:/gate", "--json"]).ok().only()["mode"], "0660");
    env.run(["show", &format!("fifo:{pipe}"), "-o", "mode"]).ok().prints("mode  0660+\n");
}
