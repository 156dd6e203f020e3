//! `show`: everything that is known of an object.

use serde_json::json;

use crate::env::TestEnv;
use crate::makers::{posix, sysv};
use crate::subjects::SUBJECTS;

crate::cases![
    every_fact_in_json_is_a_line_for_people,
    several_objects_are_shown_in_the_order_asked_for,
    several_objects_are_one_json_document,
    without_an_address_there_is_nothing_to_show,
    a_facility_is_no_address,
    what_is_unknown_says_why,
    owner_and_group_are_names_with_their_numbers,
    an_object_is_shown_as_a_row_in_the_other_formats
];

fn every_fact_in_json_is_a_line_for_people() {
    let env = TestEnv::new();
    for subject in &SUBJECTS {
        let address = subject.made(&env);
        let (_, document) = env.run(["show", &address, "--json"]).any_code(&[0]);
        let (_, text) = env.run(["show", &address]).any_code(&[0]);
        let object = document.only();
        assert!(
            object.as_object().unwrap().len() >= 15,
            "{}: few facts\n{}",
            subject.kind,
            document.report()
        );
        for (key, value) in object.as_object().unwrap() {
            // What the address or the facts themselves say already need not be said again.
            let told = [
                "against", "content", "facility", "family", "fds", "holders", "id", "name", "pids",
                "since", "unread", "unseen",
            ];
            // Most names are nobody's.
            let rare = ["producer", "trouble", "trouble_evidence", "waits"];
            if rare.contains(&key.as_str()) && value.is_null() {
                continue;
            }
            if told.contains(&key.as_str()) {
                continue;
            }
            // A kind whose objects have no size has no line for it.
            if key == "size" && value.is_null() {
                continue;
            }
            // A member's facts are a table of their own.
            let words = key.replace('_', " ").to_lowercase();
            let stdout = text.stdout().to_lowercase();
            assert!(
                value.is_array() || stdout.contains(&words),
                "{}: no {words:?}\n{}",
                subject.kind,
                text.report()
            );
        }
    }
}

fn several_objects_are_shown_in_the_order_asked_for() {
    let env = TestEnv::new();
    let made: Vec<String> = SUBJECTS[..6].iter().rev().map(|subject| subject.made(&env)).collect();
    let output = env.run(["show"].into_iter().chain(made.iter().map(String::as_str))).ok();
    let places: Vec<usize> =
        made.iter().map(|address| output.stdout().find(address.as_str()).unwrap()).collect();
    assert!(places.is_sorted(), "{}", output.report());
}

fn several_objects_are_one_json_document() {
    let env = TestEnv::new();
    let made: Vec<String> = SUBJECTS[..6].iter().rev().map(|subject| subject.made(&env)).collect();
    let output =
        env.run(["show", "--json"].into_iter().chain(made.iter().map(String::as_str))).ok();
    assert_eq!(output.addresses(), made);
    // The same shape when there is nothing to show.
    let missing = env.run(["show", "--json", "shm:/none"]).code(3);
    assert_eq!(missing.json()["objects"], json!([]));
}

fn without_an_address_there_is_nothing_to_show() {
    let env = TestEnv::new();
    env.run(["show"]).code(2).prints("").says("address");
}

fn a_facility_is_no_address() {
    let env = TestEnv::new();
    sysv::segment(env.key(), 1, 0o600);
    env.run(["show", "shm"]).code(2).prints("").says("shm");
}

fn what_is_unknown_says_why() {
    let env = TestEnv::new();
    posix::message_queue("/closed", 2, 16, 0o000);
    let output = env.command(["show", "mq:/closed"]).unprivileged().run().code(0);
    for fact in ["messages", "max messages", "bytes"] {
        let line = output
            .lines()
            .into_iter()
            .find(|line| line.to_lowercase().starts_with(fact))
            .unwrap_or_default();
        assert!(line.contains("permission denied"), "{fact}: {line:?}\n{}", output.report());
    }
}

fn owner_and_group_are_names_with_their_numbers() {
    let env = TestEnv::new();
    posix::shared_memory("/x", 1, 0o600);
    let object = env.show("shm:/x");
    for (key, expected) in
        [("owner", json!("root")), ("uid", json!(0)), ("group", json!("root")), ("gid", json!(0))]
    {
        assert_eq!(object[key], expected, "{key}: {object}");
    }
}

fn an_object_is_shown_as_a_row_in_the_other_formats() {
    let env = TestEnv::new();
    posix::shared_memory("/x", 1, 0o600);
    for format in ["jsonl", "csv", "plain"] {
        let output = env.run(["show", "shm:/x", "--format", format]).ok();
        output.shows("shm:/x").shows("0600").is_safe_for_fields();
    }
}
