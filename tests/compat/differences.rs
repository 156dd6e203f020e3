//! What is different on purpose: each test is a line of `docs/compatibility.md`, and names the defect that is
//! left out.

use std::fs;

use crate::isolation;
use crate::makers::{holder, odd, posix, sysv};
use crate::tools::{Tools, objects_of_every_sort};
use crate::tree;

crate::cases![
    masked_tables_are_no_endless_loop,
    false_semaphores_are_no_bus_error,
    ids_and_keys_are_never_wrapped,
    only_objects_are_removed_and_nothing_stops_the_rest,
    what_exists_is_never_made_again,
    every_object_has_its_own_size,
    a_key_is_never_private,
    columns_of_posix_objects_can_be_chosen,
    the_wrong_selector_is_refused,
    two_kinds_at_once_are_refused,
    json_has_its_key_when_nothing_is_there,
    what_is_not_found_is_a_failure_where_the_manual_says_so,
    pages_are_counted_by_the_kernel,
    limits_of_one_kind_have_no_empty_columns,
    ids_may_be_hexadecimal_as_the_manual_of_ipcrm_says,
    a_later_process_under_the_same_number_is_not_the_maker,
    the_octal_permissions_of_queues_are_there,
    a_set_that_vanishes_is_no_end,
    fractions_of_sizes_are_exact,
    a_mode_that_is_none_is_quoted,
    queues_are_found_without_a_mount,
    nothing_to_remove_is_a_mistake,
    the_limits_have_their_present_names,
    sorted_names_are_the_same_every_time,
    every_difference_is_written_down;
    SeveralUsers: what_may_not_be_read_is_listed_all_the_same,
    a_set_that_may_not_be_read_is_told_as_far_as_it_can_be,
    queues_that_cannot_be_listed_are_a_failure
];

// An empty file in the place of /proc/sysvipc/shm made ipcs and lsipc read it for ever.
fn masked_tables_are_no_endless_loop() {
    let tools = Tools::new();
    let id = sysv::segment(0x5eed, 4096, 0o640);
    for table in ["shm", "msg", "sem"] {
        isolation::cover("/dev/null", &format!("/proc/sysvipc/{table}"));
    }
    tools.run("ipcs").ok().shows(&format!("0x00005eed {id} "));
    tools.run("lsipc -m").ok().shows("0x00005eed");
    tools.run(&format!("ipcs -m -i {id}")).ok().shows("bytes=4096");
    tools.run("lsipc").ok().shows("SHMMNI");
}

// An empty /dev/shm/sem.x, which anybody can make, ended lsipc -S and ipcrm -a in SIGBUS.
fn false_semaphores_are_no_bus_error() {
    let tools = Tools::new();
    odd::false_semaphores();
    posix::semaphore("/gate", 3, 0o600);
    tools.run("lsipc -S -r -o NAME,SVAL").ok().prints("NAME SVAL\ngate 3\nnoise \n");
    tools.run("lsipc -S -J").ok();
    tools.run("ipcrm -v --all=psem").ok().shows("removing POSIX semaphore `gate'\n");
    // What is no semaphore is shared memory: a file is a file.
    tools.run("lsipc -M -r -o NAME").ok().prints("NAME\nsem.empty\nsem.junk\n");
}

// `ipcrm shm 4294967296` removed id 0, and `ipcrm -M 0x100000001` the segment with key 1.
fn ids_and_keys_are_never_wrapped() {
    let tools = Tools::new();
    let id = sysv::segment(1, 10, 0o600);
    assert_eq!(id, 0);
    for (line, message) in [
        ("ipcrm shm 4294967296", "ipcrm: invalid id: 4294967296\n"),
        (
            "ipcrm -M 0x100000001",
            "ipcrm: failed to parse argument: '0x100000001': Numerical result out of range\n",
        ),
        (
            "ipcrm -M 4294967297",
            "ipcrm: failed to parse argument: '4294967297': Numerical result out of range\n",
        ),
        (
            "ipcrm -m -4294967296",
            "ipcrm: failed to parse argument: '-4294967296': Numerical result out of range\n",
        ),
    ] {
        assert_eq!(tools.run(line).code(1).stderr(), message);
    }
    // An empty word was id 0.
    assert_eq!(tools.ours(&["ipcrm", "shm", ""]).run().code(1).stderr(), "ipcrm: invalid id: \n");
    assert!(sysv::segment_status(id).is_ok());
}

// `ipcrm --all=pshm` removed FIFOs, links and dot files, and ended at the first directory with the rest undone.
fn only_objects_are_removed_and_nothing_stops_the_rest() {
    let tools = Tools::new();
    odd::strangers();
    posix::shared_memory("/a", 1, 0o600);
    posix::shared_memory("/z", 1, 0o600);
    sysv::queue(0x5eed, 0o600);
    let output = tools.run("ipcrm -a -v").ok();
    output.shows("`a'\n").shows("`z'\n").shows("removing message queue id `0'\n");
    // Each of them once, where it was twice.
    assert_eq!(output.lines().len(), 3, "{:?}", output.lines());
    for stranger in odd::STRANGERS {
        assert!(fs::symlink_metadata(format!("/dev/shm/{stranger}")).is_ok(), "{stranger} is gone");
        let word = format!("ipcrm --posix-shmem {stranger}");
        assert!(!tools.run(&word).code(1).stderr().is_empty());
        assert!(fs::symlink_metadata(format!("/dev/shm/{stranger}")).is_ok(), "{stranger} is gone");
    }
    tools.run("ipcrm --posix-shmem ../shm/a --posix-shmem ..").code(1).says("not found");
}

// `ipcmk -m 2 -n NAME` cut an existing object down to 2 bytes, under those who had it mapped.
fn what_exists_is_never_made_again() {
    let tools = Tools::new();
    fs::write("/dev/shm/frames", "hello").unwrap();
    posix::semaphore("/frames", 5, 0o600);
    posix::message_queue("/frames", 1, 1, 0o600);
    for (option, what) in [("-m 2", "shared memory"), ("-s", "semaphore"), ("-q", "message queue")]
    {
        let output = tools.run(&format!("ipcmk {option} -n /frames")).code(1);
        assert_eq!(output.stderr(), format!("ipcmk: create POSIX {what} failed: File exists\n"));
        output.prints("");
    }
    assert_eq!(fs::read("/dev/shm/frames").unwrap(), b"hello");
    assert_eq!(posix::semaphore_value("/frames"), 5);
}

// `ipcmk -M 100 -m 200` made both with 200 bytes.
fn every_object_has_its_own_size() {
    let tools = Tools::new();
    tools.run("ipcmk -M 100 -m 200 -n both").ok();
    tools.run("lsipc -m -b -r --noheadings -o SIZE").ok().prints("100\n");
    tools.run("lsipc -M -b -r --noheadings -o SIZE").ok().prints("200\n");
}

// A random key could be IPC_PRIVATE, or one that exists already.
fn a_key_is_never_private() {
    let tools = Tools::new();
    for _ in 0..20 {
        tools.run("ipcmk -Q -S 1 -M 1").ok();
    }
    for letter in ["-m", "-q", "-s"] {
        let keys = tools.run(&format!("lsipc {letter} -r --noheadings -o KEY")).ok();
        let mut keys: Vec<&str> = keys.lines();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), 20);
        assert!(!keys.contains(&"0x00000000"));
    }
}

// SIZE, MSGS and SVAL "did not apply", while KEY and ID were taken and left empty.
fn columns_of_posix_objects_can_be_chosen() {
    let tools = Tools::new();
    posix::shared_memory("/frames", 3, 0o600);
    posix::message_queue("/jobs", 1, 1, 0o600);
    posix::semaphore("/gate", 1, 0o600);
    tools.run("lsipc -M -r -o NAME,SIZE").ok().prints("NAME SIZE\nframes 3B\n");
    tools.run("lsipc -Q -r -o MSGS,USEDBYTES").ok().prints("MSGS USEDBYTES\n0 0B\n");
    tools.run("lsipc -S -r -o SVAL").ok().prints("SVAL\n1\n");
    for line in ["lsipc -M -o KEY", "lsipc -Q -o ID", "lsipc -S -o CTIME", "lsipc -o ID"] {
        tools.run(line).code(1).says("does not apply to the specified IPC");
    }
}

// `ipcs -m -i -5` told of the first segment, and so did `lsipc -M -i 1` and `lsipc -m -N foo`.
fn the_wrong_selector_is_refused() {
    let tools = Tools::new();
    sysv::segment(0x5eed, 1, 0o600);
    posix::shared_memory("/frames", 3, 0o600);
    let output = tools.run("ipcs -m -i -5").code(1);
    assert_eq!(output.stderr(), "ipcs: failed to parse id argument: '-5'\n");
    tools.run("lsipc -m -i -1").code(1).says("failed to parse IPC identifier: '-1'").prints("");
    tools.run("lsipc -M -i 1").code(1).says("--id goes with").prints("");
    tools.run("lsipc -m -N foo").code(1).says("--name goes with").prints("");
}

// `lsipc -M -m` mixed two tables, and `lsipc -M -Q` freed memory twice.
fn two_kinds_at_once_are_refused() {
    let tools = Tools::new();
    for (line, first, second) in [
        ("lsipc -M -m", "posix-shmems", "shmems"),
        ("lsipc -M -Q", "posix-shmems", "posix-mqueues"),
        ("lsipc -s -S", "semaphores", "posix-semaphores"),
    ] {
        let message = format!("lsipc: options --{first} and --{second} cannot be combined\n");
        assert_eq!(tools.run(line).code(1).stderr(), message);
    }
}

// Without rows the table was called "", but for semaphores.
fn json_has_its_key_when_nothing_is_there() {
    let tools = Tools::new();
    for (letter, records) in [
        ("-m", "sharedmemory"),
        ("-q", "messages"),
        ("-s", "semaphores"),
        ("-M", "posix-sharedmemory"),
        ("-Q", "posix-messages"),
        ("-S", "posix-semaphores"),
    ] {
        let expected = format!("{{\n   \"{records}\": [\n\n   ]\n}}\n");
        tools.run(&format!("lsipc {letter} -J")).ok().prints(&expected);
    }
}

// lsipc(1) promises 0 only "if OK"; ipcs(1) promises nothing, and keeps its 0.
fn what_is_not_found_is_a_failure_where_the_manual_says_so() {
    let tools = Tools::new();
    for (line, message) in [
        ("lsipc -m -i 77", "id 77 not found"),
        ("lsipc -s -i 77", "id 77 not found"),
        ("lsipc -M -N foo", "shared memory segment foo not found"),
        ("lsipc -Q -N /foo", "message queue /foo not found"),
        ("lsipc -S -N foo", "semaphore foo not found"),
        ("lsipc -M -N a/b", "shared memory segment a/b not found"),
    ] {
        assert_eq!(tools.run(line).code(1).stderr(), format!("lsipc: {message}\n"), "{line}");
    }
    let output = tools.run("ipcs -q -i 77").code(0);
    assert_eq!(output.stderr(), "ipcs: id 77 not found\n");
}

// The bytes of all segments were added up and divided: two segments of 4096 and 1 bytes were one page.
fn pages_are_counted_by_the_kernel() {
    let tools = Tools::new();
    sysv::segment(sysv::PRIVATE, 4096, 0o600);
    sysv::segment(sysv::PRIVATE, 1, 0o600);
    tools.run("lsipc -g -m -r -o RESOURCE,USED").ok().shows("\nSHMALL 2\n");
    tools.run("ipcs -u -m").ok().shows("pages allocated 2\n");
}

// `lsipc -g -m` had the columns of segments, empty, before those of limits.
fn limits_of_one_kind_have_no_empty_columns() {
    let tools = Tools::new();
    let output = tools.run("lsipc -g -m").ok();
    let lines = output.lines();
    assert!(lines[0].starts_with("RESOURCE DESCRIPTION "), "{lines:?}");
    assert!(lines[1].starts_with("SHMMNI   Shared memory segments "), "{lines:?}");
    assert_eq!(lines.len(), 5);
    let limits = tools.run("lsipc -g -s -J").ok().json();
    let first = limits["ipclimits"][0].as_object().unwrap();
    assert_eq!(first.len(), 5, "{first:?}");
}

fn ids_may_be_hexadecimal_as_the_manual_of_ipcrm_says() {
    let tools = Tools::new();
    sysv::queue(0x11, 0o600);
    sysv::queue(0x12, 0o600);
    tools.run("ipcrm -q 0x1").ok();
    tools.run("lsipc -q -r --noheadings -o ID").ok().prints("0\n");
    // A leading 0 is no octal number: scripts that pad their ids with zeros mean the decimal one.
    assert_eq!(tools.run("ipcrm -q 010").code(1).stderr(), "ipcrm: invalid id (10)\n");
}

// COMMAND was the command line of whatever has the number of the maker now.
fn a_later_process_under_the_same_number_is_not_the_maker() {
    let tools = Tools::new();
    let id = sysv::segment(0x5eed, 1, 0o600);
    let pid = std::process::id();
    tools.run("lsipc -m -r -o CPID,COMMAND").ok().shows(&format!("\n{pid} /"));
    // A process table in which the maker's number belongs to a process that starts tomorrow.
    let proc = tools.env.path("proc");
    let directory = format!("{proc}/{pid}");
    fs::create_dir_all(&directory).unwrap();
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (before, after) = stat.rsplit_once(") ").unwrap();
    let mut fields: Vec<&str> = after.split(' ').collect();
    let tomorrow = (fields[19].parse::<u64>().unwrap() + 100 * 86_400).to_string();
    fields[19] = &tomorrow;
    fs::write(format!("{directory}/stat"), format!("{before}) {}", fields.join(" "))).unwrap();
    fs::write(format!("{directory}/cmdline"), "impostor\0").unwrap();
    let listed = tools.ours(&["lsipc", "-m", "-r", "-o", "ID,COMMAND"]);
    listed.env("IPCCTL_PROC", &proc).run().ok().prints(&format!("ID COMMAND\n{id} \n"));
}

// Until 2.43 `lsipc -q -P` left the column empty.
fn the_octal_permissions_of_queues_are_there() {
    let tools = Tools::new();
    sysv::queue(0x5eed, 0o640);
    tools.run("lsipc -q -P -o PERMS").ok().prints("PERMS\n 0640\n");
}

// A set that was removed between two calls ended the program with "semctl(GETVAL) failed".
fn a_set_that_vanishes_is_no_end() {
    let tools = Tools::new();
    let id = sysv::set_with(0x5eed, &[1, 2], 0o600);
    let _churn = holder::churning(move || {
        loop {
            sysv::remove_set(sysv::set(0x77, 100, 0o600));
        }
    });
    for _ in 0..30 {
        tools.run("lsipc -s").ok().shows("0x00005eed");
        for other in id + 1..id + 4 {
            let (_, output) = tools.run(&format!("ipcs -s -i {other}")).any_code(&[0, 1]);
            assert!(!output.stderr().contains("semctl"), "{}", output.stderr());
        }
    }
}

// 1.25M was 1310719 bytes, and 1.999MB was 2099918.
fn fractions_of_sizes_are_exact() {
    let tools = Tools::new();
    for (size, bytes) in [("1.25M", 1_310_720), ("1.999MB", 1_999_000), ("2.7kB", 2700)] {
        tools.run(&format!("ipcmk -m {size} -n x{bytes}")).ok();
        assert_eq!(fs::metadata(format!("/dev/shm/x{bytes}")).unwrap().len(), bytes);
    }
}

// The message of 2.38 was "failed to parse mode: Success", and a mode above 07777 was cut.
fn a_mode_that_is_none_is_quoted() {
    let tools = Tools::new();
    for (mode, message) in [
        ("9", "'9'"),
        ("10000", "'10000': Numerical result out of range"),
        ("-1", "'-1': Numerical result out of range"),
    ] {
        let output = tools.run(&format!("ipcmk -Q -p {mode}")).code(1);
        assert_eq!(output.stderr(), format!("ipcmk: failed to parse mode: {message}\n"));
    }
    tools.run("lsipc -q").ok().prints("");
}

// Without /dev/mqueue there were no queues, and that was no failure.
fn queues_are_found_without_a_mount() {
    let tools = Tools::new();
    posix::message_queue("/jobs", 1, 1, 0o600);
    isolation::replace_dev(&["shm", "program"]);
    tools.run("lsipc -Q -o NAME").ok().prints("NAME\n/jobs\n");
    tools.run("lsipc -g -Q -r -o RESOURCE,USED").ok().shows("\nMQUMNI 1\n");
    tools.run("ipcrm -v --all=pmsg").ok().prints("removing POSIX message queue `/jobs'\n");
}

// 2.38 took it for done.
fn nothing_to_remove_is_a_mistake() {
    let output = Tools::new().run("ipcrm").code(1);
    let expected = "ipcrm: bad usage\nTry 'ipcrm --help' for more information.\n";
    assert_eq!(output.stderr(), expected);
}

// 2.38 has no POSIX limits, other descriptions, and twice the sets for the number of semaphores.
fn the_limits_have_their_present_names() {
    let tools = Tools::new();
    sysv::set(sysv::PRIVATE, 30, 0o600);
    let output = tools.run("lsipc").ok();
    output.shows("\nMSGMNI   Number of System V message queues ");
    output.shows("\nMQUMNI   Number of POSIX message queues ");
    tools.run("lsipc -r -o RESOURCE,USED").ok().shows("\nSEMMNI 1\nSEMMNS 30\n");
}

// The order of a directory is that of nothing in particular.
fn sorted_names_are_the_same_every_time() {
    let tools = Tools::new();
    for name in ["/m", "/z", "/a"] {
        posix::shared_memory(name, 1, 0o600);
    }
    tools.run("lsipc -M -o NAME").ok().prints("NAME\na\nm\nz\n");
}

fn every_difference_is_written_down() {
    let text = fs::read_to_string(tree::path("docs/compatibility.md")).unwrap();
    let read = |file| fs::read_to_string(tree::path(format!("tests/compat/{file}.rs"))).unwrap();
    let here = read("differences") + &read("removing");
    let tests = here.lines().filter_map(|line| line.strip_prefix("fn ")?.split('(').next());
    let mut count = 0;
    for test in tests.filter(|test| *test != "every_difference_is_written_down") {
        count += 1;
        assert!(text.contains(&format!("`{test}`")), "docs/compatibility.md does not name {test}");
    }
    assert!(count > 15);
}

// Rows of queues and semaphores of others were left out without a word.
fn what_may_not_be_read_is_listed_all_the_same() {
    let tools = Tools::new();
    posix::message_queue("/jobs", 1, 1, 0o600);
    posix::semaphore("/gate", 3, 0o600);
    sysv::segment(0x5eed, 1, 0);
    sysv::queue(0x5eed, 0);
    sysv::set(0x5eed, 1, 0);
    let as_other = |line: &'static str| {
        let words: Vec<&str> = line.split(' ').collect();
        tools.ours(&words).by_user(70_000).run()
    };
    as_other("lsipc -Q -r -o NAME,PERMS,MSGS").ok().prints("NAME PERMS MSGS\n/jobs rw------- \n");
    as_other("lsipc -S -r -o NAME,SVAL").ok().prints("NAME SVAL\ngate \n");
    as_other("lsipc -g -Q -r -o RESOURCE,USED").ok().shows("MQUMNI 1\n");
    as_other("ipcs -m").ok().shows("0x00005eed");
    as_other("ipcs -q -i 0").ok().shows("qbytes=16384");
    as_other("lsipc -s").ok().shows("0x00005eed");
}

// "semctl(GETVAL) failed: Permission denied", and nothing else.
fn a_set_that_may_not_be_read_is_told_as_far_as_it_can_be() {
    let tools = Tools::new();
    sysv::set(0x5eed, 3, 0o600);
    let told = tools.ours(&["ipcs", "-s", "-i", "0"]).by_user(70_000).run().code(1);
    told.shows("Semaphore Array semid=0\nuid=0\t gid=0").shows("nsems = 3\n");
    assert_eq!(told.stderr(), "ipcs: the semaphores of id 0 cannot be read: permission denied\n");
    let told = tools.ours(&["lsipc", "-s", "-i", "0"]).by_user(70_000).run().code(1);
    told.shows("Semaphores:                         3 ").says("permission denied");
}

fn queues_that_cannot_be_listed_are_a_failure() {
    let tools = Tools::new();
    let _holders = objects_of_every_sort();
    posix::message_queue("/jobs", 1, 1, 0o600);
    isolation::replace_dev(&["shm", "program"]);
    let as_other = |line: &'static str| {
        let words: Vec<&str> = line.split(' ').collect();
        tools.ours(&words).by_user(70_000).run()
    };
    as_other("lsipc -Q").code(1).says("/dev/mqueue is not mounted").prints("");
    as_other("ipcrm --all=pmsg").code(1).says("/dev/mqueue is not mounted").prints("");
    // The other limits are there, and this one says that its use is unknown.
    let limits = as_other("lsipc -r -o RESOURCE,USED").code(0);
    limits.shows("\nMQUMNI -\n").shows("\nSEMMNI 3\n").says("fs.mqueue.queues_max is unknown");
}
