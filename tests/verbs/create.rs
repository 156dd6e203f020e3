//! `create`: what no single kind owns.

use std::fs;

use crate::env::TestEnv;
use crate::makers::{posix, sysv};
use crate::subjects::SUBJECTS;

crate::cases![
    a_mode_that_is_none_is_exit_2_for_every_kind,
    an_owner_that_is_nobody_is_exit_2_for_every_kind,
    nothing_to_create_is_exit_2,
    a_facility_alone_is_a_private_system_v_object,
    an_id_cannot_be_chosen,
    a_key_comes_from_a_locator_or_a_file_but_not_both,
    sizes_are_binary_units,
    a_second_address_is_refused_before_anything_is_made,
    the_short_help_names_the_options_and_their_kinds,
    two_that_race_for_one_name_have_one_winner,
    digits_that_are_a_name_mean_the_user_of_that_name,
    an_owner_that_the_user_namespace_lacks_is_exit_2_for_every_kind,
    no_byte_is_too_few_and_no_limit_is_blamed_for_it;
    SeveralUsers: an_owner_that_may_not_be_given_leaves_nothing_behind,
    what_exists_is_exit_6_for_those_who_may_not_read_it
];

fn a_mode_that_is_none_is_exit_2_for_every_kind() {
    let env = TestEnv::new();
    for subject in &SUBJECTS {
        for mode in ["8", "0888", "1777", "4755", "77777", "-1", "rw", "", " 600"] {
            let fresh = (subject.fresh)(&env);
            let mut arguments = subject.create_arguments(&fresh);
            arguments.push(format!("--mode={mode}"));
            env.run(arguments).code(2).prints("").says("--mode");
            env.run(["show", &fresh]).code(3);
        }
    }
}

fn an_owner_that_is_nobody_is_exit_2_for_every_kind() {
    let env = TestEnv::new();
    for subject in &SUBJECTS {
        for option in ["--owner", "--group"] {
            let fresh = (subject.fresh)(&env);
            let mut arguments = subject.create_arguments(&fresh);
            arguments.extend([option.to_owned(), "no-such-name".to_owned()]);
            env.run(arguments).code(2).prints("").says("no-such-name");
            env.run(["show", &fresh]).code(3);
        }
    }
}

fn an_owner_that_the_user_namespace_lacks_is_exit_2_for_every_kind() {
    let env = TestEnv::new();
    let unshare = ["--user", "--map-root-user", crate::isolation::PROGRAM];
    for subject in &SUBJECTS {
        for (option, who) in [("--owner", "user"), ("--group", "group")] {
            let fresh = (subject.fresh)(&env);
            let mut arguments = subject.create_arguments(&fresh);
            arguments.extend([option.to_owned(), "4242".to_owned()]);
            let all = unshare.into_iter().chain(arguments.iter().map(String::as_str));
            let said = format!("there is no {who} 4242 in this user namespace");
            env.tool("unshare", all).run().code(2).prints("").says(&said);
            env.run(["show", &fresh]).code(3);
        }
    }
    sysv::segment(0x5eed, 1, 0o600);
    let set = ["set", "shm:0x5eed", "--owner", "4242"];
    env.tool("unshare", unshare.iter().chain(&set)).run().code(2).says("in this user namespace");
}

fn no_byte_is_too_few_and_no_limit_is_blamed_for_it() {
    let env = TestEnv::new();
    let run = env.run(["create", "shm:0x5eed", "--size", "0"]).code(2);
    run.says("a segment has at least one byte").says_not("shmmax");
}

fn nothing_to_create_is_exit_2() {
    let env = TestEnv::new();
    env.run(["create"]).code(2).prints("");
    env.run(["create", "pipe"]).code(2).says("pipe");
}

fn a_facility_alone_is_a_private_system_v_object() {
    let env = TestEnv::new();
    for (facility, options) in [("shm", vec!["--size", "1"]), ("mq", vec![]), ("sem", vec![])] {
        let output = env.run(["create", facility].iter().chain(&options)).ok();
        let object = env.show(output.stdout().trim_end());
        assert_eq!((&object["family"], &object["facility"]), (&"sysv".into(), &facility.into()));
        assert!(object["key"].is_null(), "{object}");
    }
}

fn an_id_cannot_be_chosen() {
    let env = TestEnv::new();
    env.run(["create", "shm:7", "--size", "1"]).code(2).prints("").says("id");
    assert!(sysv::segment_status(7).is_err());
}

fn a_key_comes_from_a_locator_or_a_file_but_not_both() {
    let env = TestEnv::new();
    fs::write(env.path("file"), "").unwrap();
    let file = env.path("file");
    env.run(["create", "shm:0x7", "--size", "1", "--key-from", &file])
        .code(2)
        .prints("")
        .says("--key-from");
    env.run(["create", "shm:/x", "--size", "1", "--key-from", &file])
        .code(2)
        .says("--key-from")
        .says("sysv-shm");
    env.run(["show", "shm:0x7"]).code(3);
}

fn sizes_are_binary_units() {
    let env = TestEnv::new();
    for (text, bytes) in [
        ("1", 1),
        ("1K", 1024),
        ("64k", 65536),
        ("1KiB", 1024),
        ("2M", 2 << 20),
        ("0.03125G", 32 << 20),
    ] {
        let address = format!("shm:/size-{text}");
        env.run(["create", &address, "--size", text]).ok();
        assert_eq!(fs::metadata(format!("/dev/shm/size-{text}")).unwrap().len(), bytes, "{text}");
    }
}

fn a_second_address_is_refused_before_anything_is_made() {
    let env = TestEnv::new();
    env.run(["create", "shm:/one", "shm:/two", "--size", "1"]).code(2).prints("");
    assert_eq!(fs::read_dir("/dev/shm").unwrap().count(), 0);
}

fn the_short_help_names_the_options_and_their_kinds() {
    let env = TestEnv::new();
    let output = env.run(["create", "--help"]).ok();
    for word in [
        "--size",
        "--huge",
        "--max-messages",
        "--message-size",
        "--max-bytes",
        "--count",
        "--value",
        "--values",
        "--key-from",
        "--mode",
        "--owner",
        "--group",
        "--if-missing",
        "sysv-shm",
        "posix-mq",
    ] {
        output.shows(word);
    }
}

fn two_that_race_for_one_name_have_one_winner() {
    let env = TestEnv::new();
    for subject in &SUBJECTS {
        let fresh = (subject.fresh)(&env);
        let arguments = subject.create_arguments(&fresh);
        let mut codes: Vec<i32> = std::thread::scope(|scope| {
            // The threads have the namespaces of the one that starts them.
            let racers: Vec<_> = (0..4)
                .map(|_| {
                    let command = env.command(&arguments);
                    scope.spawn(move || command.run().any_code(&[0, 6]).0)
                })
                .collect();
            racers.into_iter().map(|racer| racer.join().unwrap()).collect()
        });
        codes.sort_unstable();
        assert_eq!(codes, [0, 6, 6, 6], "{}", subject.kind);
    }
}

fn an_owner_that_may_not_be_given_leaves_nothing_behind() {
    let env = TestEnv::new();
    crate::makers::give_away(env.directory(), 65534);
    for subject in &SUBJECTS {
        let fresh = (subject.fresh)(&env);
        let mut arguments = subject.create_arguments(&fresh);
        arguments.extend(["--owner".to_owned(), "70000".to_owned()]);
        // A System V object may be given away by whoever made it; a file may not.
        let (code, output) = env.command(&arguments).by_user(65534).run().any_code(&[0, 4]);
        assert_eq!(code == 0, subject.family == "sysv", "{}", output.report());
        if code == 4 {
            output.prints("");
            env.run(["show", &fresh]).code(3);
        }
    }
}

fn what_exists_is_exit_6_for_those_who_may_not_read_it() {
    let env = TestEnv::new();
    sysv::segment(0x5eed, 1, 0o600);
    posix::shared_memory("/taken", 1, 0o600);
    posix::semaphore("/taken", 1, 0o600);
    posix::message_queue("/taken", 1, 1, 0o600);
    for arguments in [
        vec!["create", "shm:0x5eed", "--size", "1"],
        vec!["create", "shm:/taken", "--size", "1"],
        vec!["create", "sem:/taken"],
        vec!["create", "mq:/taken", "--max-messages", "1", "--message-size", "1"],
    ] {
        env.command(&arguments).by_user(65534).run().code(6).prints("");
    }
}

fn digits_that_are_a_name_mean_the_user_of_that_name() {
    let env = TestEnv::new();
    for (file, line) in [("passwd", "4711:x:0:0::/:/bin/sh\n"), ("group", "4711:x:0:\n")] {
        fs::write(env.path(file), line).unwrap();
        crate::isolation::cover(&env.path(file), &format!("/etc/{file}"));
    }
    env.run(["create", "sem:/s", "--owner", "4711", "--group", "4711"]).ok();
    let object = env.show("sem:/s");
    assert_eq!((&object["uid"], &object["gid"]), (&0.into(), &0.into()));
    assert_eq!(env.run(["list", "sem", "--json", "--owner", "4711"]).ok().addresses(), ["sem:/s"]);
    // With a sign it is a number.
    assert!(env.run(["list", "sem", "--json", "--owner", "+4711"]).ok().addresses().is_empty());
}
