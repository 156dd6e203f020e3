//! `lsipc`: the bytes of the system's own wherever all its versions agree.

use crate::makers::sysv;
use crate::tools::{Tools, ids, objects_of_every_sort};

crate::cases![
    no_headings_takes_their_widths_away_too,
    options_that_contradict_each_other_are_named;
    Peers: every_form_is_the_same_over_objects_of_every_sort,
    every_form_is_the_same_over_many_objects,
    an_empty_listing_is_the_same_nothing,
    one_object_is_told_the_same,
    columns_are_chosen_the_same,
    options_are_read_the_same
];

const ALL: &str = "KEY,ID,OWNER,PERMS,CUID,CUSER,CGID,CGROUP,UID,USER,GID,GROUP,CTIME";
const OWN: [(&str, &str); 3] = [
    ("-m", "SIZE,NATTCH,STATUS,ATTACH,DETACH,COMMAND,CPID,LPID"),
    ("-q", "USEDBYTES,MSGS,SEND,RECV,LSPID,LRPID"),
    ("-s", "NSEMS,OTIME"),
];

fn every_form_is_the_same_over_objects_of_every_sort() {
    let tools = Tools::new();
    let _holders = objects_of_every_sort();
    tools.theirs(&["lsipc", "-m"]).run().ok().shows("dest,locked");
    for (letter, columns) in OWN {
        for form in [
            "",
            "-c",
            "-t",
            "-J",
            "-e",
            "-r",
            "-n",
            "-l",
            "-b",
            "-J -b",
            "-r --noheadings",
            "-t --time-format short",
            "-t --time-format iso",
            "-t --time-format full",
            "-t --time-format full -r",
            "-t --time-format full -e",
            "-t --time-format iso -J",
            "-y -r",
            "-y -J",
            "-y -e",
            "-c -J",
            "-t -e",
            "--notruncate",
        ] {
            tools.same(&format!("lsipc {letter} {form}"));
        }
        for form in ["", "-J", "-e", "-r", "-n", "--time-format iso"] {
            tools.same(&format!("lsipc {letter} -o {ALL},{columns} {form}"));
        }
    }
    // Before 2.43 the octal permissions of queues are missing.
    for form in ["", "-J", "-b"] {
        tools.same(&format!("lsipc -m -P {form}"));
        tools.same(&format!("lsipc -s -P {form}"));
    }
}

// More than is put together before it is written.
fn every_form_is_the_same_over_many_objects() {
    let tools = Tools::new();
    for _ in 0..3_000 {
        sysv::set_with(sysv::PRIVATE, &[0], 0o600);
    }
    for form in ["", "-J", "-e", "-r", "-n"] {
        tools.same(&format!("lsipc -s {form}"));
    }
}

fn an_empty_listing_is_the_same_nothing() {
    let tools = Tools::new();
    for (letter, _) in OWN {
        for form in ["", "-c", "-t", "-e", "-r", "-n", "--noheadings"] {
            tools.same(&format!("lsipc {letter} {form}"));
        }
    }
    tools.same("lsipc -s -J");
}

fn one_object_is_told_the_same() {
    let tools = Tools::new();
    let _holders = objects_of_every_sort();
    for (letter, _) in OWN {
        for id in ids(&tools, letter) {
            for form in [
                "",
                "-l",
                "-J",
                "-e",
                "-r",
                "-n",
                "-c",
                "-t",
                "-b",
                "--noheadings",
                "-o ID,CTIME",
                "-o +id,key",
                "--time-format iso",
                "--time-format short",
            ] {
                tools.same(&format!("lsipc {letter} -i {id} {form}"));
            }
        }
    }
}

fn columns_are_chosen_the_same() {
    let tools = Tools::new();
    let _holders = objects_of_every_sort();
    for list in [
        "id,key",
        "ID",
        "COMMAND,ID,COMMAND",
        "+UID",
        "+uid,GROUP",
        "ID,SEND",
        "SEND,ID",
        "FOO",
        "FOO,ID",
        "ID,FOO,KEY",
        ",",
        "ID,",
        ",ID",
        "ID,,KEY",
        "+",
        "ID,+KEY",
        "RESOURCE",
        "VALUE",
    ] {
        for form in ["", "-J"] {
            tools.same(&format!("lsipc -m -o {list} {form}"));
        }
    }
    tools.same("lsipc -m -o ID -o KEY");
    tools.same("lsipc -m -o +ID -o +KEY");
    tools.same("lsipc -m --output=ID");
    tools.same("lsipc -q -o NSEMS");
    tools.same_words(&["lsipc", "-m", "-o", ""]);
    tools.same_words(&["lsipc", "-m", "-o", " ID"]);
}

fn options_are_read_the_same() {
    let tools = Tools::new();
    let _holders = objects_of_every_sort();
    for line in [
        "lsipc -m --time-format=shor",
        "lsipc -m --time-format=X",
        "lsipc -m --time-format",
        "lsipc -m -i abc",
        "lsipc -m -i 0x1",
        "lsipc -m -i 99999999999",
        "lsipc -i",
        "lsipc -x",
        "lsipc --foo",
        "lsipc --no",
        "lsipc -m --o=ID",
        "lsipc -m -m -o ID",
        "lsipc -J -J -m -o ID",
        "lsipc operand -m -o ID",
        "lsipc -m -o",
        "lsipc --global=1",
    ] {
        tools.same(line);
    }
    tools.same_words(&["lsipc", "-m", "-i", ""]);
}

fn no_headings_takes_their_widths_away_too() {
    let tools = Tools::new();
    let _holders = objects_of_every_sort();
    tools
        .run("lsipc -s --noheadings -o ID,NSEMS,KEY")
        .ok()
        .prints("0    3 0x00000079\n1    3 0x00000099\n2 1000 0x00000000\n");
}

fn options_that_contradict_each_other_are_named() {
    let tools = Tools::new();
    for (line, first, second) in [
        ("lsipc -m -J -e", "json", "export"),
        ("lsipc -r -e", "raw", "export"),
        ("lsipc -l -n", "list", "newline"),
        ("lsipc -m -c -t", "creator", "time"),
        ("lsipc -m -t -o ID", "time", "output"),
        ("lsipc -m -q", "shmems", "queues"),
        ("lsipc -q -s -m", "queues", "semaphores"),
        ("lsipc -m -g -i 0", "global", "id"),
        ("lsipc -M -N x -i 0", "name", "id"),
    ] {
        let output = tools.run(line).code(1);
        let message = format!("lsipc: options --{first} and --{second} cannot be combined\n");
        assert_eq!(output.stderr(), message);
        output.prints("");
    }
    for line in ["lsipc -c", "lsipc -t", "lsipc -i 0", "lsipc -N x"] {
        tools
            .run(line)
            .code(1)
            .says("lsipc: --global is mutually exclusive with --creator, --id, --name and --time");
    }
}
