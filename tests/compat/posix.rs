//! POSIX objects through `lsipc`, `ipcmk` and `ipcrm`: the form that util-linux has given them since 2.41.

use std::fs;
use std::os::unix::fs::MetadataExt;

use crate::makers::{odd, posix, sysv};
use crate::tools::Tools;

crate::cases![
    objects_are_listed_in_the_form_of_util_linux,
    one_object_is_found_by_its_name,
    json_has_a_key_and_strings,
    names_are_escaped_in_every_form,
    limits_have_a_line_each,
    ipcmk_makes_what_lsipc_lists_and_ipcrm_removes,
    the_umask_applies_to_posix_objects_alone,
    all_of_a_kind_and_all_of_all
];

fn some() {
    posix::shared_memory("/frames", 5000, 0o640);
    posix::shared_memory("/.hidden", 0, 0o4755);
    posix::message_queue("/jobs", 4, 16, 0o622);
    posix::send("/jobs", 1, b"hello");
    posix::semaphore("/gate", 7, 0o604);
    for file in ["frames", ".hidden", "sem.gate"] {
        // A day in another year, which has one form wherever the test runs.
        let file = fs::File::open(format!("/dev/shm/{file}")).unwrap();
        let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000);
        file.set_modified(time).unwrap();
    }
}

fn objects_are_listed_in_the_form_of_util_linux() {
    let tools = Tools::new();
    some();
    tools.run("lsipc -M").ok().prints(
        "NAME        PERMS OWNER SIZE      MTIME\n\
         .hidden rwxr-xr-x  root   0B 2023-Nov14\n\
         frames  rw-r-----  root 4.9K 2023-Nov14\n",
    );
    tools.run("lsipc -S").ok().prints(
        "NAME     PERMS OWNER      MTIME SVAL\n\
         gate rw----r--  root 2023-Nov14    7\n",
    );
    tools.run("lsipc -Q -o NAME,PERMS,OWNER,USEDBYTES,MSGS").ok().prints(
        "NAME      PERMS OWNER USEDBYTES MSGS\n\
         /jobs rw--w--w-  root        5B 1\n",
    );
    tools.run("lsipc -M -c -b -P").ok().prints(
        "NAME    PERMS OWNER SIZE      MTIME CUID CGID\n\
         .hidden  0755  root    0 2023-Nov14    0    0\n\
         frames   0640  root 5000 2023-Nov14    0    0\n",
    );
    tools.run("lsipc -Q -P -o NAME,PERMS -r").ok().prints("NAME PERMS\n/jobs 0622\n");
    tools.run("lsipc -S -e -t --time-format iso").ok().prints(
        "NAME=\"gate\" PERMS=\"rw----r--\" OWNER=\"root\" MTIME=\"2023-11-14T22:13:20+00:00\" SVAL=\"7\"\n",
    );
    tools
        .run("lsipc -M -o CUSER,CGROUP,MTIME -n --time-format full")
        .ok()
        .shows("CUSER=\"root\"\nCGROUP=\"root\"\nMTIME=\"Tue Nov 14 22:13:20 2023\"\n");
}

fn one_object_is_found_by_its_name() {
    let tools = Tools::new();
    some();
    let expected = [
        ("Owner:", "root"),
        ("Permissions:", "rw-r-----"),
        ("Creator UID:", "0"),
        ("Creator user:", "root"),
        ("Creator GID:", "0"),
        ("Creator group:", "root"),
        ("Name:", "frames"),
        ("Last action:", "Tue Nov 14 22:13:20 2023"),
        ("Segment size:", "4.9K"),
    ];
    let expected: String =
        expected.iter().map(|(label, value)| format!("{label:<36}{value:<36}\n")).collect();
    for name in ["frames", "/frames"] {
        tools.run(&format!("lsipc -M -N {name}")).ok().prints(&expected);
    }
    for name in ["jobs", "/jobs"] {
        tools.run(&format!("lsipc -Q -N {name}")).ok().shows("Bytes used:").shows("Messages:");
    }
    tools.run("lsipc -S -N gate -o SVAL").ok().prints(&format!("{:<36}{:<36}\n", "Value:", "7"));
    tools.run("lsipc -M -N frames -l -o NAME,SIZE").ok().prints("NAME   SIZE\nframes 4.9K\n");
}

fn json_has_a_key_and_strings() {
    let tools = Tools::new();
    some();
    tools.run("lsipc -S -J").ok().prints(
        r#"{
   "posix-semaphores": [
      {
         "name": "gate",
         "perms": "rw----r--",
         "owner": "root",
         "mtime": "2023-Nov14",
         "sval": "7"
      }
   ]
}
"#,
    );
    let memory = tools.run("lsipc -M -J").ok().json();
    assert_eq!(memory["posix-sharedmemory"][1]["size"], "4.9K");
    let queues = tools.run("lsipc -Q -J").ok().json();
    assert_eq!(queues["posix-messages"][0]["usedbytes"], "5B");
}

fn names_are_escaped_in_every_form() {
    let tools = Tools::new();
    odd::hostile_names();
    posix::shared_memory("/lit\\x41\"$`", 1, 0o600);
    for form in ["", "-r", "-e", "-n", "-J"] {
        let output = tools.run(&format!("lsipc -M {form}")).ok();
        output.is_safe_on_a_terminal();
    }
    let table = tools.run("lsipc -M -o NAME").ok();
    table.shows("line\\x0abreak\n").shows("two words\n").shows("not-utf8-\\xff\\xfe\n");
    table.shows("lit\\x5cx41\"$`\n");
    let raw = tools.run("lsipc -M -o NAME -r").ok();
    raw.shows("two\\x20words\n").shows("lit\\x5cx41\"$`\n");
    let export = tools.run("lsipc -M -o NAME -e").ok();
    export.shows("NAME=\"two words\"\n").shows("NAME=\"lit\\x5cx41\\x22\\x24\\x60\"\n");
    let names = tools.run("lsipc -M -o NAME -J").ok().json();
    let names = names["posix-sharedmemory"].as_array().unwrap();
    for name in [
        "line\nbreak",
        "two words",
        "tab\there",
        "not-utf8-\\xff\\xfe",
        "c1-\u{9b}31m",
        "lit\\x41\"$`",
    ] {
        assert!(names.iter().any(|one| one["name"] == name), "{name:?} in {names:?}");
    }
    tools.ours(&["lsipc", "-M", "-N", "line\nbreak"]).run().ok().shows("line\\x0abreak ");
}

fn limits_have_a_line_each() {
    let tools = Tools::new();
    some();
    let limit = |file: &str| fs::read_to_string(format!("/proc/sys/fs/mqueue/{file}")).unwrap();
    let all = tools.run("lsipc -b -r -o RESOURCE,LIMIT,USED").ok();
    let lines = all.lines();
    assert_eq!(lines.len(), 16, "{lines:?}");
    assert_eq!(lines[4], format!("MQUMNI {} 1", limit("queues_max").trim()));
    assert_eq!(lines[5], format!("MQUMAX {} -", limit("msgsize_max").trim()));
    assert_eq!(lines[6], format!("MQUMNB {} -", limit("msg_max").trim()));
    tools
        .run("lsipc -g -Q -o RESOURCE,USED")
        .ok()
        .prints("RESOURCE USED\nMQUMNI      1\nMQUMAX      -\nMQUMNB      -\n");
    tools.run("lsipc").ok().shows("MQUMNI   Number of POSIX message queues ");
    // There are no such limits on the other two.
    tools.run("lsipc -g -M").ok().prints("");
    tools.run("lsipc -g -S -J").ok().prints("{\n   \"ipclimits\": [\n\n   ]\n}\n");
}

fn ipcmk_makes_what_lsipc_lists_and_ipcrm_removes() {
    let tools = Tools::new();
    tools.run("ipcmk -m 1.5K -s -q -n /all").ok().prints(
        "POSIX shared memory name: /all\n\
         POSIX message queue name: /all\n\
         POSIX semaphore name: /all\n",
    );
    tools.run("ipcmk -m 0 -n plain -p 600").ok().prints("POSIX shared memory name: plain\n");
    tools
        .run("lsipc -M -r -o NAME,PERMS,SIZE -b")
        .ok()
        .prints("NAME PERMS SIZE\nall rw-r--r-- 1536\nplain rw------- 0\n");
    assert_eq!(posix::semaphore_value("/all"), 0);
    assert!(posix::queue_attributes("/all").mq_maxmsg > 0);
    tools
        .run("ipcrm -v --posix-shmem plain --posix-mqueue /all --posix-semaphore all")
        .ok()
        .prints(
            "removing POSIX shared memory `plain'\n\
         removing POSIX message queue `/all'\n\
         removing POSIX semaphore `all'\n",
        );
    let output =
        tools.run("ipcrm --posix-semaphore all --posix-mqueue /all --posix-shmem /all").code(1);
    assert_eq!(output.stderr(), "ipcrm: name `all' not found\nipcrm: name `/all' not found\n");
    tools.run("lsipc -M").ok().prints("");
    let output = tools.run("ipcmk -m 1 -q").code(1);
    assert_eq!(
        output.stderr(),
        "ipcmk: name is required for POSIX IPC\nTry 'ipcmk --help' for more information.\n"
    );
}

fn the_umask_applies_to_posix_objects_alone() {
    let tools = Tools::new();
    let make = |words: &[&str]| tools.ours(words).umask(0o077).run().ok();
    make(&["ipcmk", "-m", "1", "-s", "-q", "-n", "/x", "-p", "666"]);
    make(&["ipcmk", "-M", "1", "-p", "666"]);
    for file in ["/dev/shm/x", "/dev/shm/sem.x", "/dev/mqueue/x"] {
        assert_eq!(fs::metadata(file).unwrap().mode() & 0o7777, 0o600, "{file}");
    }
    let id = tools.run("lsipc -m -r --noheadings -o ID").ok().stdout().trim().parse().unwrap();
    assert_eq!(sysv::segment_status(id).unwrap().shm_perm.mode & 0o777, 0o666);
}

fn all_of_a_kind_and_all_of_all() {
    let tools = Tools::new();
    some();
    posix::semaphore("/frames", 1, 0o600);
    sysv::segment(0x5eed, 1, 0o600);
    tools
        .run("ipcrm -v --all=psem")
        .ok()
        .prints("removing POSIX semaphore `frames'\nremoving POSIX semaphore `gate'\n");
    assert!(fs::exists("/dev/shm/frames").unwrap());
    tools.run("ipcrm -v -a").ok().prints(
        "removing shared memory segment id `0'\n\
         removing POSIX shared memory `.hidden'\n\
         removing POSIX shared memory `frames'\n\
         removing POSIX message queue `/jobs'\n",
    );
    assert_eq!(fs::read_dir("/dev/shm").unwrap().count(), 0);
    assert_eq!(fs::read_dir("/dev/mqueue").unwrap().count(), 0);
    tools.run("ipcs -m").ok().hides("0x");
}
