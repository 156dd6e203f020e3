//! What `list` and `show` owe their user, whatever they look at.

use serde_json::Value;

use super::{NAMELESS, Promise, STRANGER};
use crate::cases::Need;
use crate::env::TestEnv;
use crate::makers;
use crate::subjects::Subject;

pub(super) const PROMISES: &[Promise] = &[
    ("list shows it in a table", Need::Nothing, &[], list_as_table),
    ("list shows it in JSON with typed values", Need::Nothing, &[], list_as_json),
    ("list shows it in JSON lines", Need::Nothing, &[], list_as_json_lines),
    ("list shows it in CSV", Need::Nothing, &[], list_as_csv),
    ("list shows it in plain fields of exact numbers", Need::Nothing, &[], list_as_plain),
    (
        "an object that its owner may not read is listed all the same",
        Need::Nothing,
        &[],
        list_of_the_unreadable,
    ),
    (
        "objects of other users are listed with their owners",
        Need::SeveralUsers,
        &[],
        list_of_other_users,
    ),
    ("show tells its address, owner and mode", Need::Nothing, &[], show_tells),
];

fn list_as_table(env: &TestEnv, subject: &Subject) {
    let address = subject.made_with(env, 0o640);
    let output = env.run(["list", &address]).ok();
    let lines = output.lines();
    assert_eq!(lines.len(), 2, "a heading and one row\n{}", output.report());
    let headings: Vec<&str> = lines[0].split_whitespace().collect();
    assert_eq!(
        headings,
        ["ADDRESS", "KEY", "OWNER", "MODE", "SIZE", "CONTENT", "STATE", "AGE", "USED-BY"]
    );
    let cells: Vec<&str> = lines[1].split_whitespace().collect();
    assert_eq!(cells[0], address);
    assert!(cells.contains(&subject.mode("0640", "-")), "no mode in {:?}", lines[1]);
    assert!(lines[1].contains(subject.content), "no {:?} in {:?}", subject.content, lines[1]);
    let bare = env.run(["list", &address, "--no-headings"]).ok();
    assert_eq!(bare.lines().len(), 1, "the row alone\n{}", bare.report());
    assert!(bare.stdout().starts_with(&address), "{}", bare.report());
}

fn list_as_json(env: &TestEnv, subject: &Subject) {
    let address = subject.made_with(env, 0o640);
    let output = env.run(["list", &address, "--format", "json"]).ok();
    assert!(output.warnings().is_empty());
    let object = output.only();
    for (key, expected) in [("address", address.as_str()), ("kind", subject.kind)] {
        assert_eq!(object[key], expected, "{key}\n{}", output.report());
    }
    assert_eq!(object["mode"], subject.json_mode("0640"));
    assert_eq!(object["facility"], subject.facility);
    assert_eq!(object["family"], subject.family);
    assert_eq!(object["uid"], 0);
    assert!(object["owner"].is_string());
    let is_young = object["age"].as_u64().is_some_and(|age| age < 3600);
    assert!(is_young || !subject.has_file(), "{}", output.report());
    is_typed(&object, &output.report());
    // The short form means the same; ages may differ by the second that lies between the runs.
    assert_eq!(env.run(["list", &address, "--json"]).ok().addresses(), [address]);
}

/// Numbers are numbers, times are RFC 3339 in UTC, and unknown is null: never "", "-", or 0 for never.
fn is_typed(object: &Value, report: &str) {
    const NUMBERS: &str = "uid gid cuid cgid size age id attached messages bytes max_bytes count \
        creator_pid last_pid sender_pid receiver_pid";
    const TIMES: &str =
        "changed last_attach last_detach last_send last_receive last_operation modified";
    for (key, value) in object.as_object().unwrap() {
        assert!(
            !key.contains('-') && *key == key.to_lowercase(),
            "{key} is no JSON key of ours\n{report}"
        );
        if NUMBERS.split_whitespace().any(|number| number == key) {
            assert!(value.is_u64() || value.is_null(), "{key} is {value}\n{report}");
        }
        if TIMES.split_whitespace().any(|time| time == key) {
            let is_time = |text: &str| {
                text.len() >= 20
                    && text.as_bytes()[10] == b'T'
                    && text.ends_with('Z')
                    && text.starts_with("20")
            };
            assert!(
                value.is_null() || value.as_str().is_some_and(is_time),
                "{key} is {value}\n{report}"
            );
        }
        if let Some(text) = value.as_str() {
            assert!(
                !text.is_empty() && text != "-",
                "{key} is {text:?}, which is not how unknown looks\n{report}"
            );
        }
    }
}

fn list_as_json_lines(env: &TestEnv, subject: &Subject) {
    let addresses = [subject.made(env), subject.made(env)];
    let output = env.run(["list", &addresses[0], &addresses[1], "--format", "jsonl"]).ok();
    let lines = output.lines();
    assert_eq!(lines.len(), 2, "{}", output.report());
    for (line, address) in lines.iter().zip(&addresses) {
        let object: Value = serde_json::from_str(line).unwrap();
        assert_eq!(object["address"], *address);
        is_typed(&object, &output.report());
    }
}

fn list_as_csv(env: &TestEnv, subject: &Subject) {
    let address = subject.made_with(env, 0o640);
    let output =
        env.run(["list", &address, "--format", "csv", "--columns", "address,mode,uid,kind"]).ok();
    let mut reader = csv::Reader::from_reader(output.raw());
    let headings: Vec<String> = reader.headers().unwrap().iter().map(str::to_lowercase).collect();
    assert_eq!(headings, ["address", "mode", "uid", "kind"]);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(
        rows,
        [csv::StringRecord::from(vec![&address, subject.mode("0640", ""), "0", subject.kind])]
    );
}

fn list_as_plain(env: &TestEnv, subject: &Subject) {
    let address = subject.made_with(env, 0o640);
    let now = makers::now();
    let output = env.run(["list", &address, "--format", "plain"]).ok();
    let lines = output.lines();
    assert_eq!(lines.len(), 1, "no heading\n{}", output.report());
    let fields: Vec<&str> = lines[0].split('\t').collect();
    assert_eq!(fields.len(), 9, "one field for each default column\n{}", output.report());
    assert_eq!((fields[0], fields[3]), (address.as_str(), subject.mode("0640", "-")));
    assert!(fields.iter().all(|field| !field.is_empty()), "unknown is a dash\n{}", output.report());
    if matches!(subject.kind, "sysv-shm" | "posix-shm") {
        assert_eq!(fields[4], "4096", "exact bytes\n{}", output.report());
    }
    assert!(
        fields[7].parse::<i64>().is_ok_and(|age| age < now) || !subject.has_file(),
        "age in numbers\n{}",
        output.report()
    );
}

fn list_of_the_unreadable(env: &TestEnv, subject: &Subject) {
    if subject.lives_with_processes() {
        return list_of_what_may_not_be_seen(env, subject);
    }
    let address = subject.made_with(env, 0o000);
    let output = env.command(["list", &address, "--format", "json"]).unprivileged().run().ok();
    let object = output.only();
    assert_eq!(
        (&object["address"], &object["mode"]),
        (&Value::from(address.as_str()), &subject.json_mode("0000"))
    );
    is_typed(&object, &output.report());
    // The whole facility, too: what may not be read is a matter of facts, not of the listing.
    let facility = env.command(["list", subject.facility, "--format", "json"]).unprivileged().run();
    let (_, output) = facility.any_code(&[0]);
    assert!(output.addresses().contains(&address), "{}", output.report());
}

/// Whose processes may not be read, his objects cannot be listed: that is said, and is no failure.
fn list_of_what_may_not_be_seen(env: &TestEnv, subject: &Subject) {
    let address = subject.made(env);
    let facility = env.command(["list", subject.facility, "--all", "--json"]).unprivileged().run();
    let (_, output) = facility.any_code(&[0]);
    assert!(!output.addresses().contains(&address), "{}", output.report());
    output.says("could not be read");
}

fn list_of_other_users(env: &TestEnv, subject: &Subject) {
    if subject.lives_with_processes() {
        return list_of_what_may_not_be_seen(env, subject);
    }
    let fresh = (subject.fresh)(env);
    if matches!(subject.kind, "fifo" | "unix-sock") {
        std::os::unix::fs::chown(env.directory(), Some(NAMELESS), None).unwrap();
    }
    // A process is there as long as it runs.
    let _maker = match subject.kind {
        "pid" => makers::holder::blocking_as(NAMELESS, makers::process::stop_oneself),
        _ => makers::holder::holding_as(NAMELESS, || {
            (subject.make)(&fresh, 0o600);
        }),
    };
    let own = subject.made(env);
    for uid in [0, STRANGER] {
        let output =
            env.command(["list", subject.facility, "--format", "json"]).by_user(uid).run().code(0);
        let owners: Vec<(Value, Value)> =
            output.objects().iter().map(|one| (one["uid"].clone(), one["owner"].clone())).collect();
        assert!(
            owners.contains(&(NAMELESS.into(), "70000".into())),
            "uid {uid}\n{}",
            output.report()
        );
        assert!(output.addresses().contains(&own), "uid {uid}\n{}", output.report());
    }
}

fn show_tells(env: &TestEnv, subject: &Subject) {
    let fresh = (subject.fresh)(env);
    let address = (subject.make)(&fresh, 0o640);
    let output = env.run(["show", &fresh]).ok();
    output.shows(&address).shows(subject.mode("0640", "none")).shows(subject.kind);
    let object = env.run(["show", &fresh, "--json"]).ok().only();
    assert_eq!(
        (&object["address"], &object["mode"]),
        (&Value::from(address), &subject.json_mode("0640"))
    );
    assert_eq!(object["uid"], 0);
    assert!(object["gid"] == 0 || !subject.has_file(), "{}", output.report());
    is_typed(&object, &output.report());
}
