//! What every kind of object owes its user, whatever it is: one suite, run for all seven.

use std::fs::File;
use std::process::Stdio;

use serde_json::Value;

use crate::cases::{Case, Need};
use crate::env::TestEnv;
use crate::makers;
use crate::subjects::{Subject, subjects};

/// What is promised, what the test needs, what the kind has to be able to do, and the test.
type Promise = (&'static str, Need, &'static [&'static str], fn(&TestEnv, &Subject));

const PROMISES: [Promise; 26] = [
    (
        "create prints exactly the address and a newline",
        Need::Nothing,
        &["create"],
        create_prints_the_address,
    ),
    (
        "creating what exists is exit 6 and leaves it untouched",
        Need::Nothing,
        &["create"],
        create_is_exclusive,
    ),
    (
        "create --if-missing makes it once and accepts it the second time",
        Need::Nothing,
        &["create"],
        create_if_missing,
    ),
    (
        "the mode of create is exact whatever the umask",
        Need::Nothing,
        &["create"],
        create_mode_is_exact,
    ),
    (
        "without --mode create makes it private",
        Need::Nothing,
        &["create"],
        create_defaults_to_private,
    ),
    (
        "an ordinary user can make one that nobody may touch",
        Need::Nothing,
        &["create"],
        create_for_nobody,
    ),
    (
        "an address that cannot be printed is no success",
        Need::Nothing,
        &["create"],
        create_into_the_void,
    ),
    (
        "create as root gives it to the owner and group that were asked for",
        Need::SeveralUsers,
        &["create"],
        create_gives_away,
    ),
    (
        "an option that the kind lacks is exit 2 and names the kinds that have it",
        Need::Nothing,
        &["create"],
        lacking_option,
    ),
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
    (
        "a printed address leads every verb back to the object",
        Need::Nothing,
        &["create", "set", "rm"],
        address_round_trip,
    ),
    ("show tells its address, owner and mode", Need::Nothing, &[], show_tells),
    (
        "what is missing is exit 3 for every verb and named",
        Need::Nothing,
        &["create", "set", "rm"],
        missing_is_exit_3,
    ),
    ("set --mode is exact", Need::Nothing, &["set"], set_mode_is_exact),
    (
        "set as root changes owner and group and nothing else",
        Need::SeveralUsers,
        &["set"],
        set_owner,
    ),
    (
        "set by a stranger is exit 4 and changes nothing",
        Need::SeveralUsers,
        &["set"],
        set_by_a_stranger,
    ),
    (
        "rm removes it and nothing else, and the second time is exit 3",
        Need::Nothing,
        &["rm"],
        rm_removes,
    ),
    ("rm --if-exists takes a missing one for done", Need::Nothing, &["rm"], rm_if_exists),
    (
        "rm - reads addresses and goes on past a missing one",
        Need::Nothing,
        &["rm"],
        rm_from_standard_input,
    ),
    (
        "rm by a stranger is exit 4 and removes nothing",
        Need::SeveralUsers,
        &["rm"],
        rm_by_a_stranger,
    ),
];

pub fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for subject in subjects() {
        for (promise, need, capabilities, keep) in PROMISES {
            let name = format!("every kind: {}: {promise}", subject.kind);
            let run = move || {
                let env = TestEnv::new();
                // The record says what the kind can do. What it cannot is refused, and nothing is attempted.
                match capabilities.iter().find(|one| !can(&env, &subject, one)) {
                    None => keep(&env, &subject),
                    Some(lacking) => refuses(&env, &subject, lacking),
                }
            };
            cases.push(Case::new(name, need, run));
        }
    }
    cases
}

/// Returns true if the program says that the kind can do this.
fn can(env: &TestEnv, subject: &Subject, capability: &str) -> bool {
    let document = env.run(["kinds", "--json"]).ok().json();
    let kinds = document["kinds"].as_array().unwrap();
    let kind = kinds.iter().find(|kind| kind["kind"] == subject.kind);
    kind.unwrap_or_else(|| panic!("no {} in {document}", subject.kind))[capability] == true
}

fn refuses(env: &TestEnv, subject: &Subject, verb: &str) {
    let address = (subject.make)(&(subject.fresh)(env), 0o600);
    let before = subject.state(&address);
    let output = match verb {
        "set" => env.run(["set", &address, "--mode", "0644"]),
        verb => env.run([verb, &address]),
    };
    output.code(2).prints("");
    assert_eq!(subject.state(&address), before, "{verb} was refused and changed it");
}

/// A user who is neither root nor an owner of anything.
const STRANGER: u32 = 65534;
/// A user above the 16-bit range, without a name.
const NAMELESS: u32 = 70000;

fn create_prints_the_address(env: &TestEnv, subject: &Subject) {
    let fresh = (subject.fresh)(env);
    let output = env.run(subject.create_arguments(&fresh)).ok();
    let address = output.stdout().strip_suffix('\n').expect("a newline").to_owned();
    if subject.family == "sysv" {
        // The key's object is printed as its id; the address that was given works as well.
        let id =
            address.strip_prefix(subject.facility).and_then(|rest| rest.strip_prefix(':')).unwrap();
        assert!(id.parse::<i32>().is_ok(), "{address} is no address of a System V id");
    } else {
        assert_eq!(address, fresh);
    }
    assert!(subject.state(&address).is_some(), "the kernel knows no {address}");
}

fn create_is_exclusive(env: &TestEnv, subject: &Subject) {
    let fresh = (subject.fresh)(env);
    let address = (subject.make)(&fresh, 0o640);
    let before = subject.state(&address).unwrap();
    let mut arguments = subject.create_arguments(&fresh);
    arguments.extend(["--mode".to_owned(), "0666".to_owned()]);
    env.run(arguments).code(6).prints("").says("exists").says(subject.facility);
    assert_eq!(subject.state(&address), Some(before));
}

fn create_if_missing(env: &TestEnv, subject: &Subject) {
    let mut arguments = subject.create_arguments(&(subject.fresh)(env));
    arguments.push("--if-missing".to_owned());
    let first = env.run(&arguments).ok();
    let address = first.stdout().trim_end().to_owned();
    let before = subject.state(&address).unwrap();
    env.run(&arguments).ok().prints(first.stdout());
    assert_eq!(subject.state(&address), Some(before));
}

fn create_mode_is_exact(env: &TestEnv, subject: &Subject) {
    for (mask, mode) in [(0o077, 0o666), (0o777, 0o640), (0o000, 0o604)] {
        let mut arguments = subject.create_arguments(&(subject.fresh)(env));
        arguments.extend(["--mode".to_owned(), format!("{mode:o}")]);
        let output = env.command(arguments).umask(mask).run().ok();
        let state = subject.state(output.stdout().trim_end()).unwrap();
        assert_eq!(
            state.mode, mode,
            "umask {mask:o}: expected {mode:o}, the kernel has {:o}",
            state.mode
        );
    }
}

fn create_defaults_to_private(env: &TestEnv, subject: &Subject) {
    let output = env.command(subject.create_arguments(&(subject.fresh)(env))).umask(0).run().ok();
    assert_eq!(subject.state(output.stdout().trim_end()).unwrap().mode, 0o600);
}

// The mode holds for the maker, too, who has more to do after the call that makes the object.
fn create_for_nobody(env: &TestEnv, subject: &Subject) {
    let fresh = (subject.fresh)(env);
    let mut arguments = subject.create_arguments(&fresh);
    arguments.extend(["--mode".to_owned(), "0".to_owned()]);
    if subject.kind == "sysv-sem" {
        arguments.extend(["--value".to_owned(), "1".to_owned()]);
    }
    let output = env.command(arguments).unprivileged().run().ok();
    let address = output.stdout().trim_end();
    assert_eq!(subject.state(address).unwrap().mode, 0);
    env.command(["rm", address]).unprivileged().run().ok();
    assert_eq!(subject.state(address), None);
}

// A script that takes the address from standard output must learn that it has none.
fn create_into_the_void(env: &TestEnv, subject: &Subject) {
    let full = File::options().write(true).open("/dev/full").unwrap();
    let arguments = subject.create_arguments(&(subject.fresh)(env));
    env.command(arguments).run_to(Stdio::from(full)).code(1).says("cannot write");
}

fn create_gives_away(env: &TestEnv, subject: &Subject) {
    let mut arguments = subject.create_arguments(&(subject.fresh)(env));
    let given = ["--owner", "70000", "--group", "70001", "--mode", "640"];
    arguments.extend(given.map(str::to_owned));
    let output = env.run(arguments).ok();
    let state = subject.state(output.stdout().trim_end()).unwrap();
    assert_eq!((state.uid, state.gid, state.mode), (NAMELESS, 70001, 0o640));
}

fn lacking_option(env: &TestEnv, subject: &Subject) {
    let fresh = (subject.fresh)(env);
    let (option, value, kinds) = subject.lacking;
    let mut arguments = subject.create_arguments(&fresh);
    arguments.extend([option.to_owned(), value.to_owned()]);
    let output = env.run(arguments).code(2);
    output.prints("").says(option);
    for kind in kinds {
        output.says(kind);
    }
    // Usage errors come before anything is attempted.
    env.run(["show", &fresh]).code(3);
}

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
    assert!(cells.contains(&"0640"), "no mode in {:?}", lines[1]);
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
    for (key, expected) in [("address", address.as_str()), ("kind", subject.kind), ("mode", "0640")]
    {
        assert_eq!(object[key], expected, "{key}\n{}", output.report());
    }
    assert_eq!(object["facility"], subject.facility);
    assert_eq!(object["family"], subject.family);
    assert_eq!(object["uid"], 0);
    assert!(object["owner"].is_string());
    assert!(object["age"].as_u64().is_some_and(|age| age < 3600), "{}", output.report());
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
    assert_eq!(rows, [csv::StringRecord::from(vec![&address, "0640", "0", subject.kind])]);
}

fn list_as_plain(env: &TestEnv, subject: &Subject) {
    let address = subject.made_with(env, 0o640);
    let now = makers::now();
    let output = env.run(["list", &address, "--format", "plain"]).ok();
    let lines = output.lines();
    assert_eq!(lines.len(), 1, "no heading\n{}", output.report());
    let fields: Vec<&str> = lines[0].split('\t').collect();
    assert_eq!(fields.len(), 9, "one field for each default column\n{}", output.report());
    assert_eq!((fields[0], fields[3]), (address.as_str(), "0640"));
    assert!(fields.iter().all(|field| !field.is_empty()), "unknown is a dash\n{}", output.report());
    if matches!(subject.kind, "sysv-shm" | "posix-shm") {
        assert_eq!(fields[4], "4096", "exact bytes\n{}", output.report());
    }
    assert!(
        fields[7].parse::<i64>().is_ok_and(|age| age < now),
        "age in numbers\n{}",
        output.report()
    );
}

fn list_of_the_unreadable(env: &TestEnv, subject: &Subject) {
    let address = subject.made_with(env, 0o000);
    let output = env.command(["list", &address, "--format", "json"]).unprivileged().run().ok();
    let object = output.only();
    assert_eq!(
        (&object["address"], &object["mode"]),
        (&Value::from(address.as_str()), &Value::from("0000"))
    );
    is_typed(&object, &output.report());
    // The whole facility, too: what may not be read is a matter of facts, not of the listing.
    let facility = env.command(["list", subject.facility, "--format", "json"]).unprivileged().run();
    let (_, output) = facility.any_code(&[0]);
    assert!(output.addresses().contains(&address), "{}", output.report());
}

fn list_of_other_users(env: &TestEnv, subject: &Subject) {
    let fresh = (subject.fresh)(env);
    if subject.kind == "fifo" {
        std::os::unix::fs::chown(env.directory(), Some(NAMELESS), None).unwrap();
    }
    makers::holder::as_user(NAMELESS, || {
        (subject.make)(&fresh, 0o600);
    });
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

fn address_round_trip(env: &TestEnv, subject: &Subject) {
    let fresh = (subject.fresh)(env);
    let address = (subject.make)(&fresh, 0o600);
    let output = env.run(["list", &fresh, "--format", "plain", "-o", "address"]).ok();
    output.prints(&format!("{address}\n"));
    env.run(["set", &address, "--mode", "0644"]).ok().prints("");
    assert_eq!(subject.state(&address).unwrap().mode, 0o644);
    env.run(["rm", &address]).ok();
    assert_eq!(subject.state(&address), None);
}

fn show_tells(env: &TestEnv, subject: &Subject) {
    let fresh = (subject.fresh)(env);
    let address = (subject.make)(&fresh, 0o640);
    let output = env.run(["show", &fresh]).ok();
    output.shows(&address).shows("0640").shows(subject.kind);
    let object = env.run(["show", &fresh, "--json"]).ok().only();
    assert_eq!(
        (&object["address"], &object["mode"]),
        (&Value::from(address), &Value::from("0640"))
    );
    assert_eq!((&object["uid"], &object["gid"]), (&Value::from(0), &Value::from(0)));
    is_typed(&object, &output.report());
}

fn missing_is_exit_3(env: &TestEnv, subject: &Subject) {
    let missing = (subject.fresh)(env);
    let present = subject.made(env);
    for arguments in [
        vec!["show", &missing],
        vec!["set", &missing, "--mode", "600"],
        vec!["rm", &missing],
        vec!["list", &missing, "--no-headings"],
    ] {
        let output = env.run(&arguments).code(3);
        output.prints("").says(&missing).says("ipcctl: ");
    }
    // One that is there is still shown.
    env.run(["show", &missing, &present]).code(3).shows(&present);
}

fn set_mode_is_exact(env: &TestEnv, subject: &Subject) {
    let address = subject.made(env);
    let before = subject.state(&address).unwrap();
    for mode in [0o666, 0o000, 0o604] {
        let text = format!("{mode:04o}");
        env.command(["set", &address, "--mode", &text]).umask(0o777).run().ok().prints("");
        let after = subject.state(&address).unwrap();
        assert_eq!(
            (after.mode, after.uid, after.extent, after.identity),
            (mode, before.uid, before.extent, before.identity)
        );
    }
}

fn set_owner(env: &TestEnv, subject: &Subject) {
    let address = subject.made_with(env, 0o640);
    let before = subject.state(&address).unwrap();
    env.run(["set", &address, "--owner", "70000"]).ok();
    env.run(["set", &address, "--group", "70001"]).ok();
    let after = subject.state(&address).unwrap();
    assert_eq!(after, crate::subjects::State { uid: NAMELESS, gid: 70001, ..before });
    // A name means the same as its number.
    env.run(["set", &address, "--owner", "root"]).ok();
    assert_eq!(subject.state(&address).unwrap().uid, 0);
}

fn set_by_a_stranger(env: &TestEnv, subject: &Subject) {
    let address = subject.made_with(env, 0o644);
    let before = subject.state(&address);
    let output = env.command(["set", &address, "--mode", "0666"]).by_user(STRANGER).run().code(4);
    output.says("permission denied").says("hint:").says("root");
    assert_eq!(subject.state(&address), before);
}

fn rm_removes(env: &TestEnv, subject: &Subject) {
    let (address, other) = (subject.made(env), subject.made(env));
    env.run(["rm", &address]).ok();
    assert_eq!(subject.state(&address), None);
    assert!(subject.state(&other).is_some());
    env.run(["rm", &address]).code(3).says(&address);
}

fn rm_if_exists(env: &TestEnv, subject: &Subject) {
    let (missing, present) = ((subject.fresh)(env), subject.made(env));
    env.run(["rm", "--if-exists", &missing, &present]).ok();
    assert_eq!(subject.state(&present), None);
}

fn rm_from_standard_input(env: &TestEnv, subject: &Subject) {
    let (first, missing, last) = (subject.made(env), (subject.fresh)(env), subject.made(env));
    let input = format!("{first}\n{missing}\n{last}\n");
    env.command(["rm", "-"]).input(input).run().code(3).says(&missing);
    assert_eq!((subject.state(&first), subject.state(&last)), (None, None));
}

fn rm_by_a_stranger(env: &TestEnv, subject: &Subject) {
    let address = subject.made_with(env, 0o666);
    let output = env.command(["rm", &address]).by_user(STRANGER).run().code(4);
    output.says(&address).says("permission denied").says("hint:");
    assert!(subject.state(&address).is_some());
}
