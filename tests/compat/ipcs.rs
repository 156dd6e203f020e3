//! `ipcs`: the bytes of the system's own, in every view.

use std::fs;

use crate::isolation;
use crate::makers::sysv;
use crate::tools::{Tools, ids, objects_of_every_sort};

crate::cases![
    ;
    Peers: every_view_is_the_same_over_objects_of_every_sort,
    every_view_is_the_same_over_nothing,
    one_object_is_told_the_same,
    options_are_read_the_same,
    a_full_disk_is_told_the_same;
    PeersAsRoot: owners_with_and_without_names_are_the_same,
    ids_at_the_limits_are_the_same,
    limits_that_were_changed_are_the_same
];

const VIEWS: [&str; 22] = [
    "ipcs",
    "ipcs -a",
    "ipcs -m",
    "ipcs -q",
    "ipcs -s",
    "ipcs -m -s",
    "ipcs -sqm",
    "ipcs -t",
    "ipcs -p",
    "ipcs -c",
    "ipcs -l",
    "ipcs -u",
    "ipcs -b",
    "ipcs --human",
    "ipcs -t --human",
    "ipcs -l -b",
    "ipcs -l --human",
    "ipcs -u -b",
    "ipcs -u --human",
    "ipcs -s -p",
    "ipcs -m -t -c",
    "ipcs -q -l -u -p",
];

fn every_view_is_the_same_over_objects_of_every_sort() {
    let tools = Tools::new();
    let _holders = objects_of_every_sort();
    tools.theirs(&["ipcs"]).run().ok().shows("dest").shows("locked").shows("0xffffffff");
    for view in VIEWS {
        tools.same(view);
    }
}

fn every_view_is_the_same_over_nothing() {
    let tools = Tools::new();
    for view in VIEWS {
        tools.same(view);
    }
}

fn one_object_is_told_the_same() {
    let tools = Tools::new();
    let _holders = objects_of_every_sort();
    for (letter, least) in [("-m", 9), ("-q", 4), ("-s", 3)] {
        let ids = ids(&tools, letter);
        assert!(ids.len() >= least, "{letter}: only {ids:?}");
        for id in ids.iter().map(String::as_str).chain(["77", "2147483647"]) {
            for unit in ["", "-b", "--human", "-t", "-l"] {
                tools.same(&format!("ipcs {letter} -i {id} {unit}"));
            }
        }
    }
}

fn options_are_read_the_same() {
    let tools = Tools::new();
    let _holders = objects_of_every_sort();
    for line in [
        "ipcs -i 0",
        "ipcs -m -s -i 0",
        "ipcs -a -i 0",
        "ipcs -m -i abc",
        "ipcs -m -i 99999999999999999999",
        "ipcs -m -i 4294967296",
        "ipcs -m -i 2147483648",
        "ipcs -m -i 0x0",
        "ipcs -m -i +0",
        "ipcs -m -i 0z",
        "ipcs -m -i 0 -m",
        "ipcs -mi0",
        "ipcs -mi 0",
        "ipcs --id=0 -m",
        "ipcs -x",
        "ipcs -mqx",
        "ipcs -m-q",
        "ipcs -i",
        "ipcs --id",
        "ipcs --foo",
        "ipcs --foo=3",
        "ipcs --shm=5",
        "ipcs --h",
        "ipcs --s",
        "ipcs --=x",
        "ipcs --hu",
        "ipcs --cr -m",
        "ipcs -",
        "ipcs operand",
        "ipcs -m -- -q",
        "ipcs -am",
        "ipcs -b --human -m",
        "ipcs --human -b -m",
        "ipcs -l -b --human",
    ] {
        tools.same(line);
    }
    tools.same_words(&["ipcs", "-m", "-i", ""]);
    tools.same_words(&["ipcs", "-m", "-i", " 0"]);
}

fn a_full_disk_is_told_the_same() {
    let tools = Tools::new();
    tools.same_words(&["sh", "-c", "ipcs -m > /dev/full; echo $?"]);
    tools.same_words(&["sh", "-c", "lsipc -m -o ID > /dev/full; echo $?"]);
}

fn owners_with_and_without_names_are_the_same() {
    let tools = Tools::new();
    for (file, line) in [("passwd", "::/:/bin/sh"), ("group", "")] {
        let mut text = fs::read_to_string(format!("/etc/{file}")).unwrap();
        for (id, name) in
            [(7001, "exactlyten"), (7002, "elevenchars"), (7003, "averylongnamethatisverylong")]
        {
            let gid = if file == "passwd" { format!("{id}") } else { String::new() };
            text.push_str(&format!("{name}:x:{id}:{gid}{line}\n"));
        }
        fs::write(tools.env.path(file), text).unwrap();
        isolation::cover(&tools.env.path(file), &format!("/etc/{file}"));
    }
    for uid in [7001, 7002, 7003, 65534, 70000] {
        sysv::give_segment_away(sysv::segment(sysv::PRIVATE, 1, 0o600), uid);
        sysv::give_queue_away(sysv::queue(sysv::PRIVATE, 0o600), uid);
        sysv::give_set_away(sysv::set(sysv::PRIVATE, 1, 0o600), uid);
    }
    tools.theirs(&["ipcs", "-m"]).run().ok().shows("elevenchar ").shows("70000");
    for view in VIEWS {
        tools.same(view);
    }
    for letter in ["-m", "-q", "-s"] {
        for form in ["", "-c", "-J -c", "-r -c", "-e -c", "-o USER,GROUP,OWNER,CUSER,CGROUP"] {
            tools.same(&format!("lsipc {letter} {form}"));
        }
        for id in ids(&tools, letter) {
            tools.same(&format!("ipcs {letter} -i {id}"));
            tools.same(&format!("lsipc {letter} -i {id}"));
        }
    }
}

fn ids_at_the_limits_are_the_same() {
    let tools = Tools::new();
    let next = |kind: &str, id: u32| {
        tools.env.set_limit(&format!("kernel.{kind}_next_id"), &id.to_string())
    };
    for id in [2_147_450_880, 99_999_745, 1_234_567_890] {
        for kind in ["shm", "msg", "sem"] {
            next(kind, id);
        }
        sysv::segment(id, 4096, 0o640);
        sysv::queue(id, 0o604);
        sysv::set(id, 2, 0o600);
    }
    tools.theirs(&["ipcs", "-m"]).run().ok().shows("2147450880").shows("1234567890");
    for view in VIEWS {
        tools.same(view);
    }
    for letter in ["-m", "-q", "-s"] {
        tools.same(&format!("lsipc {letter} -t"));
        for id in ids(&tools, letter) {
            tools.same(&format!("ipcs {letter} -i {id}"));
            tools.same(&format!("lsipc {letter} -i {id}"));
        }
    }
}

fn limits_that_were_changed_are_the_same() {
    let tools = Tools::new();
    let all = || {
        for view in ["ipcs -l", "ipcs -l -b", "ipcs -l --human"] {
            tools.same(view);
        }
    };
    // Around the number of pages whose bytes, and whose kilobytes, are too many to count.
    for pages in [
        "1",
        "4503599627370495",
        "4503599627370496",
        "4503599627370497",
        "4611686018427387904",
        "18446744073709551615",
    ] {
        tools.env.set_limit("kernel.shmall", pages);
        all();
    }
    for (knob, value) in [
        ("kernel.shmmax", "1025"),
        ("kernel.sem", "1 2 3 4"),
        ("kernel.msgmax", "77777"),
        ("kernel.msgmni", "3"),
    ] {
        tools.env.set_limit(knob, value);
        all();
    }
}
