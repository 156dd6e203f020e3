//! `--json` of the verbs that act: what was done to which object, in one document.

use std::fs::File;
use std::process::Stdio;

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::makers::{holder, posix, sysv};
use crate::output::Output;
use crate::subjects::SUBJECTS;

crate::cases![
    every_document_says_its_version_and_has_warnings,
    an_object_of_every_kind_is_reported_as_made_changed_and_removed,
    what_exists_is_no_new_object_and_a_refusal_has_its_status,
    every_object_of_a_line_is_reported_whatever_became_of_it,
    what_is_not_there_and_need_not_be_is_missing,
    an_attached_segment_is_marked,
    bytes_that_were_written_are_counted,
    what_was_posted_and_taken_is_told,
    the_operations_of_semop_are_told,
    an_object_whose_report_cannot_be_written_is_removed_again,
    nothing_is_done_where_no_report_can_be_written,
    without_json_nothing_more_is_printed,
    verbs_whose_output_is_not_theirs_refuse_it
];

/// The one record of a report.
fn only(output: &Output) -> Value {
    assert_eq!(output.json()["schema"], 1, "{}", output.report());
    assert!(output.warnings().is_empty(), "{}", output.report());
    output.only()
}

fn every_document_says_its_version_and_has_warnings() {
    let env = TestEnv::new();
    sysv::set_with(0x5, &[1], 0o600);
    posix::shared_memory("/m", 8, 0o600);
    for words in [
        vec!["list", "sem"],
        vec!["show", "sem:0x5"],
        vec!["limits"],
        vec!["kinds"],
        vec!["list", "-o", "help"],
        vec!["clean", "sem", "--dry-run"],
        vec!["create", "shm:/n", "--size", "1"],
        vec!["set", "shm:/n", "--mode", "640"],
        vec!["write", "shm:/m", "--data", "x"],
        vec!["post", "sem:0x5"],
        vec!["wait", "sem:0x5"],
        vec!["semop", "sem:0x5", "0=1"],
        vec!["rm", "shm:/n"],
    ] {
        let document = env.run(words.iter().chain(&["--json"])).ok().json();
        assert_eq!(document["schema"], 1, "{words:?}");
        assert!(document["warnings"].is_array(), "{words:?}");
        let more = usize::from(words[0] == "clean");
        assert_eq!(document.as_object().unwrap().len(), 3 + more, "{words:?}");
    }
}

fn an_object_of_every_kind_is_reported_as_made_changed_and_removed() {
    let env = TestEnv::new();
    for subject in &SUBJECTS {
        let mut words = subject.create_arguments(&(subject.fresh)(&env));
        words.push("--json".to_owned());
        let made = only(&env.run(words).ok());
        assert_eq!((&made["kind"], &made["result"]), (&json!(subject.kind), &json!("created")));
        let address = made["address"].as_str().unwrap();
        assert!(subject.state(address).is_some(), "{made}");
        let set = only(&env.run(["set", address, "--mode", "644", "--json"]).ok());
        let expected = json!({
            "address": address, "kind": subject.kind, "result": "changed", "asked": ["mode"],
            "reason": null, "status": 0,
        });
        assert_eq!(set, expected);
        let removed = only(&env.run(["rm", address, "--json"]).ok());
        assert_eq!((&removed["address"], &removed["result"]), (&json!(address), &json!("removed")));
        assert_eq!(subject.state(address), None);
    }
}

fn what_exists_is_no_new_object_and_a_refusal_has_its_status() {
    let env = TestEnv::new();
    posix::shared_memory("/m", 8, 0o600);
    let words = ["create", "shm:/m", "--size", "8", "--json"];
    let refused = only(&env.run(words).code(6));
    let expected = json!({
        "address": "shm:/m", "kind": "posix-shm", "result": "failed", "differs": null,
        "reason": "it exists already", "status": 6,
    });
    assert_eq!(refused, expected);
    let accepted = only(&env.run(words.iter().chain(&["--if-missing"])).ok());
    assert_eq!((&accepted["result"], &accepted["status"]), (&json!("existed"), &json!(0)));
    // An object without an address could not be made.
    let private = only(&env.run(["create", "shm", "--size", "0", "--json"]).any_code(&[2, 7]).1);
    assert_eq!((&private["address"], &private["kind"]), (&Value::Null, &json!("sysv-shm")));
}

fn every_object_of_a_line_is_reported_whatever_became_of_it() {
    let env = TestEnv::new();
    posix::shared_memory("/a", 8, 0o600);
    posix::semaphore("/b", 1, 0o600);
    let output = env.run(["rm", "shm:/a", "mq:/none", "sem:/b", "--json"]).code(3);
    output.says("cannot remove mq:/none");
    let results: Vec<_> =
        output.objects().iter().map(|one| (one["result"].clone(), one["status"].clone())).collect();
    let expected = [("removed", 0), ("failed", 3), ("removed", 0)]
        .map(|(word, code)| (json!(word), json!(code)));
    assert_eq!(results, expected);
    let output = env.run(["set", "shm:/a", "sem:/b", "--mode", "640", "--json"]).code(3);
    assert!(output.objects().iter().all(|one| one["result"] == "failed"), "{}", output.report());
}

fn what_is_not_there_and_need_not_be_is_missing() {
    let env = TestEnv::new();
    for option in ["--if-exists", "--unused"] {
        let words = ["rm", "shm:/none", "--if-exists", option, "--json"];
        let words: Vec<_> = if option == "--if-exists" {
            [&words[..3], &words[4..]].concat()
        } else {
            words.to_vec()
        };
        let one = only(&env.run(words).ok());
        assert_eq!((&one["result"], &one["reason"]), (&json!("missing"), &Value::Null));
    }
}

fn an_attached_segment_is_marked() {
    let env = TestEnv::new();
    let id = sysv::segment(0x5, 1, 0o600);
    let _holder = holder::holding(|| {
        sysv::attach(id);
    });
    let output = env.run(["rm", "shm:0x5", "--json"]).code(0);
    let one = only(&output);
    assert_eq!(one["result"], "marked");
    assert!(one["reason"].as_str().unwrap().contains("1 attached"), "{one}");
}

fn bytes_that_were_written_are_counted() {
    let env = TestEnv::new();
    posix::shared_memory("/m", 8, 0o600);
    let one = only(&env.run(["write", "shm:/m", "--offset", "4", "--data", "abc", "--json"]).ok());
    let expected = json!({
        "address": "shm:/m", "kind": "posix-shm", "result": "written", "offset": 4, "bytes": 3,
        "reason": null, "status": 0,
    });
    assert_eq!(one, expected);
    let one = only(&env.run(["write", "shm:/m", "--data", "123456789", "--json"]).code(1));
    assert_eq!((&one["result"], &one["bytes"]), (&json!("failed"), &json!(0)));
}

fn what_was_posted_and_taken_is_told() {
    let env = TestEnv::new();
    sysv::set_with(0x5, &[0, 0, 0], 0o600);
    let one = only(&env.run(["post", "sem:0x5", "--by", "3", "--index", "2", "--json"]).ok());
    let expected = json!({
        "address": "sem:0x5", "kind": "sysv-sem", "result": "posted", "by": 3, "index": 2,
        "reason": null, "status": 0,
    });
    assert_eq!(one, expected);
    let one = only(&env.run(["wait", "sem:0x5", "--index", "2", "--json"]).ok());
    assert_eq!((&one["result"], &one["by"]), (&json!("taken"), &json!(1)));
    let one = only(&env.run(["wait", "sem:0x5", "--nonblock", "--json"]).code(5));
    assert_eq!(
        (&one["result"], &one["status"], &one["index"]),
        (&json!("failed"), &json!(5), &json!(0))
    );
}

fn the_operations_of_semop_are_told() {
    let env = TestEnv::new();
    sysv::set_with(0x5, &[1, 0], 0o600);
    let one = only(&env.run(["semop", "sem:0x5", "0=-1", "0:1=+2n", "--json"]).ok());
    assert_eq!(
        (&one["result"], &one["operations"]),
        (&json!("changed"), &json!(["0=-1", "0:1=2n"]))
    );
}

fn an_object_whose_report_cannot_be_written_is_removed_again() {
    let env = TestEnv::new();
    for subject in &SUBJECTS {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let fresh = (subject.fresh)(&env);
        let mut words = subject.create_arguments(&fresh);
        words.push("--json".to_owned());
        env.command(words).run_to(Stdio::from(full)).code(1).says("cannot write the answer");
        env.run(["show", &fresh]).code(3);
    }
}

fn nothing_is_done_where_no_report_can_be_written() {
    let env = TestEnv::new();
    sysv::set_with(0x5, &[1], 0o600);
    posix::shared_memory("/m", 8, 0o600);
    for words in
        ["wait sem:0x5", "post sem:0x5", "semop sem:0x5 0=1", "rm shm:/m", "set shm:/m --mode 0"]
    {
        let script = format!("{} {words} --json >&-", crate::isolation::PROGRAM);
        env.tool("sh", ["-c", &script]).run().code(1).says("cannot write the answer");
    }
    assert_eq!(env.show("sem:0x5")["semaphores"][0]["value"], 1);
    assert_eq!(env.show("shm:/m")["mode"], "0600");
}

fn without_json_nothing_more_is_printed() {
    let env = TestEnv::new();
    sysv::set_with(0x5, &[1], 0o600);
    env.run(["post", "sem:0x5"]).ok().prints("");
    env.run(["wait", "sem:0x5"]).ok().prints("");
    env.run(["set", "sem:0x5", "--mode", "640"]).ok().prints("");
    env.run(["rm", "sem:0x5"]).ok().prints("");
}

fn verbs_whose_output_is_not_theirs_refuse_it() {
    let env = TestEnv::new();
    sysv::set_with(0x5, &[1], 0o600);
    posix::shared_memory("/m", 8, 0o600);
    env.run(["lock", "sem:0x5", "--json", "--", "true"]).code(125).says("--json is not for lock");
    env.run(["read", "shm:/m", "--json"]).code(2).prints("").says("--json is not for read");
}
