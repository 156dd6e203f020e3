//! `list`: what it chooses and how it ends.

use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use serde_json::json;

use crate::env::TestEnv;
use crate::makers::{forking, sysv};
use crate::subjects::SUBJECTS;

crate::cases![
    the_program_alone_lists_everything,
    ls_is_the_same_verb,
    all_seven_kinds_share_one_table,
    an_empty_listing_is_a_heading_and_exit_0,
    an_empty_listing_has_the_same_shape_in_every_format,
    a_facility_chooses_both_families,
    several_facilities_and_addresses_are_listed_together,
    a_family_is_chosen_across_facilities,
    a_key_is_listed_as_its_id,
    a_missing_address_is_exit_3_and_the_others_are_listed,
    an_unknown_facility_is_exit_2_and_names_those_there_are,
    an_unknown_family_is_exit_2,
    a_family_that_a_facility_lacks_is_an_empty_listing,
    a_closed_standard_output_ends_it_quietly,
    a_full_standard_output_is_exit_1_and_said,
    many_objects_are_all_listed_in_order
];

fn one_of_each(env: &TestEnv) -> Vec<String> {
    SUBJECTS.iter().map(|subject| subject.made(env)).collect()
}

fn the_program_alone_lists_everything() {
    let env = TestEnv::new();
    let made = one_of_each(&env);
    let (_, bare) = env.run([""; 0]).any_code(&[0]);
    let (_, verb) = env.run(["list"]).any_code(&[0]);
    for address in made {
        bare.shows(&address);
        verb.shows(&address);
    }
}

fn ls_is_the_same_verb() {
    let env = TestEnv::new();
    let made = one_of_each(&env);
    let output = env.run(["ls", "shm", "mq", "sem", "--json"]).ok();
    assert_eq!(output.addresses().len(), 6, "{}", output.report());
    assert!(
        made[..6].iter().all(|address| output.addresses().contains(address)),
        "{}",
        output.report()
    );
}

fn all_seven_kinds_share_one_table() {
    let env = TestEnv::new();
    let made = one_of_each(&env);
    let (_, output) = env.run(["list"]).any_code(&[0]);
    let headings = output.lines().iter().filter(|line| line.starts_with("ADDRESS")).count();
    assert_eq!(headings, 1, "{}", output.report());
    for address in &made {
        let rows =
            output.lines().iter().filter(|line| line.split(' ').next() == Some(address)).count();
        assert_eq!(rows, 1, "{address}\n{}", output.report());
    }
}

fn an_empty_listing_is_a_heading_and_exit_0() {
    let env = TestEnv::new();
    let output = env.run(["list", "shm", "mq", "sem"]).ok();
    output.prints("ADDRESS  KEY  OWNER  MODE  SIZE  CONTENT  STATE  AGE  USED-BY\n");
    env.run(["list", "shm", "--no-headings"]).ok().prints("");
}

fn an_empty_listing_has_the_same_shape_in_every_format() {
    let env = TestEnv::new();
    for facility in ["shm", "mq", "sem"] {
        let output = env.run(["list", facility, "--json"]).ok();
        assert_eq!(output.json(), json!({"schema": 1, "objects": [], "warnings": []}));
    }
    env.run(["list", "shm", "--format", "jsonl"]).ok().prints("");
    env.run(["list", "shm", "--format", "plain"]).ok().prints("");
    let csv = env.run(["list", "shm", "--format", "csv", "-o", "address,mode"]).ok();
    assert_eq!(csv.stdout().trim_end().to_lowercase(), "address,mode");
}

fn a_facility_chooses_both_families() {
    let env = TestEnv::new();
    let made = one_of_each(&env);
    for (facility, count) in [("shm", 2), ("mq", 2), ("sem", 2)] {
        let mut expected: Vec<_> =
            made.iter().filter(|address| address.starts_with(facility)).cloned().collect();
        let mut found = env.run(["list", facility, "--json"]).ok().addresses();
        assert_eq!(found.len(), count);
        expected.sort();
        found.sort();
        assert_eq!(found, expected);
    }
}

fn several_facilities_and_addresses_are_listed_together() {
    let env = TestEnv::new();
    let made = one_of_each(&env);
    let other = SUBJECTS[0].made(&env);
    let queue = &made[4];
    let mut found = env.run(["list", "sem", queue, &other, "--json"]).ok().addresses();
    let mut expected = vec![made[2].clone(), made[5].clone(), queue.clone(), other];
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}

fn a_family_is_chosen_across_facilities() {
    let env = TestEnv::new();
    one_of_each(&env);
    for family in ["sysv", "posix"] {
        let objects = env.run(["list", "--family", family, "--json"]).ok().objects();
        assert_eq!(objects.len(), 3);
        assert!(objects.iter().all(|object| object["family"] == family), "{objects:?}");
    }
    let both = env.run(["list", "shm", "--family", "posix", "--json"]).ok();
    assert_eq!(both.only()["kind"], "posix-shm");
}

fn a_key_is_listed_as_its_id() {
    let env = TestEnv::new();
    let id = sysv::segment(0x5eed, 1, 0o600);
    let object = env.run(["list", "shm:0x5eed", "--json"]).ok().only();
    assert_eq!(
        (&object["address"], &object["key"]),
        (&json!(format!("shm:{id}")), &json!("0x5eed"))
    );
}

fn a_missing_address_is_exit_3_and_the_others_are_listed() {
    let env = TestEnv::new();
    let id = sysv::segment(0x5eed, 1, 0o600);
    let output = env.run(["list", "shm:99", "shm:/none", &format!("shm:{id}"), "--json"]).code(3);
    output.says("shm:99").says("shm:/none");
    assert_eq!(output.addresses(), [format!("shm:{id}")]);
}

fn an_unknown_facility_is_exit_2_and_names_those_there_are() {
    let env = TestEnv::new();
    let output = env.run(["list", "tube"]).code(2);
    output.prints("");
    for facility in ["tube", "shm", "mq", "sem", "fifo"] {
        output.says(facility);
    }
}

fn an_unknown_family_is_exit_2() {
    let env = TestEnv::new();
    env.run(["list", "--family", "bsd"]).code(2).prints("").says("bsd").says("sysv").says("posix");
}

fn a_family_that_a_facility_lacks_is_an_empty_listing() {
    let env = TestEnv::new();
    one_of_each(&env);
    assert_eq!(env.run(["list", "fifo", "--family", "sysv", "--json"]).ok().addresses(), [""; 0]);
}

fn a_closed_standard_output_ends_it_quietly() {
    let env = TestEnv::new();
    // More than any buffer holds, so that the end of the reader is met while there is more to write.
    for _ in 0..2000 {
        sysv::segment(sysv::PRIVATE, 1, 0o600);
    }
    for format in ["table", "json", "jsonl", "csv", "plain"] {
        let writer = forking::undisturbed(|| std::io::pipe().unwrap().1);
        let run = env.command(["list", "shm", "--format", format]).run_to(Stdio::from(writer));
        assert!(run.stderr.is_empty(), "{format}: {}", String::from_utf8_lossy(&run.stderr));
        // By the signal, or as if nothing had happened: never with a panic or an error's status.
        let ended = (run.status.code(), run.status.signal());
        assert!(
            matches!(ended, (Some(0), None) | (None, Some(libc::SIGPIPE))),
            "{format}: {ended:?}"
        );
    }
}

fn a_full_standard_output_is_exit_1_and_said() {
    let env = TestEnv::new();
    sysv::segment(sysv::PRIVATE, 1, 0o600);
    for format in ["table", "json", "plain"] {
        let full = File::options().write(true).open("/dev/full").unwrap();
        let run = env.command(["list", "shm", "--format", format]).run_to(Stdio::from(full));
        run.code(1).says("ipcctl: cannot write");
    }
}

fn many_objects_are_all_listed_in_order() {
    let env = TestEnv::new();
    let ids: Vec<i32> = (0..1500).map(|_| sysv::segment(sysv::PRIVATE, 1, 0o600)).collect();
    let expected: Vec<String> = ids.iter().map(|id| format!("shm:{id}")).collect();
    assert_eq!(env.run(["list", "shm", "--json"]).ok().addresses(), expected);
    let plain = env.run(["list", "shm", "--format", "plain", "-o", "address"]).ok();
    assert_eq!(plain.lines(), expected);
    assert_eq!(env.run(["list", "shm"]).ok().lines().len(), 1501);
}
