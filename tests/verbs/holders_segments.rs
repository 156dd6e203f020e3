//! Who uses a segment, a System V queue or a set: `list` and `show`.

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::makers::{holder, holding, kernel, posix, sysv};

crate::cases![
    those_who_have_a_segment_attached_are_named_with_what_they_may,
    a_segment_that_nobody_has_attached_is_used_by_nobody,
    a_mapping_that_was_split_and_a_fork_are_counted_as_the_kernel_counts_them,
    processes_that_share_their_memory_are_both_named_and_counted_once,
    a_process_whose_main_thread_has_ended_still_holds_its_segment,
    the_same_id_in_another_ipc_namespace_is_another_segment,
    a_holder_that_has_left_the_ipc_namespace_is_counted_and_not_named,
    a_file_that_is_named_like_a_segment_is_none,
    removing_an_attached_segment_says_who_keeps_it,
    an_ordinary_user_is_told_how_many_holders_he_cannot_see,
    those_who_wait_for_a_message_or_for_room_are_named,
    those_who_wait_for_a_set_are_named_and_counted,
    of_a_set_that_nobody_waits_for_the_users_are_unknown,
    a_call_on_the_same_id_in_another_namespace_is_not_named,
    a_command_of_hostile_bytes_is_told_safely,
    a_process_file_system_that_is_not_there_leaves_the_kernels_count,
    a_kernel_that_cannot_be_asked_for_mappings_is_read,
    from_a_pid_namespace_below_holders_are_still_told;
    SeveralUsers: the_user_of_a_holder_is_told,
    what_a_pid_namespace_hides_is_counted_or_unknown,
    what_the_process_file_system_hides_is_counted_or_unknown
];

/// Process ids with the ways in which they hold, in the order of the answer. Another test's `ipcctl` looks at FIFOs
/// of the whole machine, and can be seen doing so.
pub fn used_by(object: &Value) -> Vec<(i64, Vec<String>)> {
    let told = |key: &str| object[key].as_array().cloned();
    let known = [told("used_by"), told("waits")];
    assert!(known.iter().any(Option::is_some), "no holders in {object}");
    let ways = |holder: &Value| {
        let how = holder["how"].as_array().unwrap().iter();
        how.map(|way| way.as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let holders = known.into_iter().flatten().flatten();
    let mut found = std::collections::BTreeMap::<i64, Vec<String>>::new();
    for holder in holders.filter(|holder| holder["command"] != "ipcctl") {
        found.entry(holder["pid"].as_i64().unwrap()).or_default().extend(ways(&holder));
    }
    found.into_iter().collect()
}

/// One holder in these ways, as [`used_by`] tells it.
pub fn one(holder: &holder::Holder, how: &[&str]) -> (i64, Vec<String>) {
    (holder.pid(), how.iter().map(|way| (*way).to_owned()).collect())
}

fn those_who_have_a_segment_attached_are_named_with_what_they_may() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    let writer = holder::holding(|| {
        sysv::attach(id);
    });
    let reader = holder::holding(|| holding::attach_to_read(id));
    let object = env.show(&format!("shm:{id}"));
    let mut expected = [one(&writer, &["attached rw"]), one(&reader, &["attached r"])];
    expected.sort();
    assert_eq!(used_by(&object), expected, "{object}");
    assert_eq!((&object["holders"], &object["unseen"]), (&json!(2), &json!(0)), "{object}");

    let shown = env.run(["show", &format!("shm:{id}")]).ok();
    shown.shows("used by          2 processes\n").shows("attached rw").shows("PID  USER  COMMAND");
    let listed = env.run(["list", "shm"]).ok();
    listed.shows(&format!("({}), ", expected[0].0)).shows(&format!("({})\n", expected[1].0));
    let plain = env.run(["list", "shm", "--format", "plain", "-o", "used-by,holders,unseen"]).ok();
    plain.shows(&format!("({}),", expected[0].0)).shows(")\t2\t0\n");
}

fn a_segment_that_nobody_has_attached_is_used_by_nobody() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    let object = env.show(&format!("shm:{id}"));
    assert_eq!((&object["used_by"], &object["unseen"]), (&json!([]), &json!(0)), "{object}");
    env.run(["show", &format!("shm:{id}")]).ok().shows("used by          none").hides("PID");
    let plain = env.run(["list", "shm", "--format", "plain", "-o", "used-by,holders,unseen"]).ok();
    plain.prints("-\t0\t0\n");
}

// The kernel counts mappings: three of a split one, and three more in its child.
fn a_mapping_that_was_split_and_a_fork_are_counted_as_the_kernel_counts_them() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 3 * 4096, 0o600);
    let split = || holding::split(sysv::attach(id));
    let parent = holder::holding(split);
    let twin = holder::holding(split);
    let object = env.show(&format!("shm:{id}"));
    assert_eq!(object["attached"], 6, "{object}");
    let ways = ["attached rw", "attached r"];
    let mut expected = [one(&parent, &ways), one(&twin, &ways)];
    expected.sort();
    assert_eq!(used_by(&object), expected, "{object}");
    assert_eq!(object["unseen"], 0, "all six mappings were found: {object}");
}

fn processes_that_share_their_memory_are_both_named_and_counted_once() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    let holder = holder::holding(|| {
        sysv::attach(id);
        holding::start_in_the_same_memory();
    });
    let object = env.show(&format!("shm:{id}"));
    // The one that looks after the other has a copy of the memory of its own.
    assert_eq!(object["attached"], 2, "{object}");
    assert_eq!(used_by(&object).len(), 3, "{object}");
    assert!(used_by(&object).contains(&one(&holder, &["attached rw"])), "{object}");
    assert_eq!(object["unseen"], 0, "{object}");
}

// Its own files below /proc are empty then: only those of the other threads tell.
fn a_process_whose_main_thread_has_ended_still_holds_its_segment() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    posix::shared_memory("/frames", 4096, 0o600);
    let holder = holder::headless(|| {
        holding::on_a_thread(move || {
            sysv::attach(id);
            holding::open("/dev/shm/frames", libc::O_RDWR);
        });
    });
    let object = env.show(&format!("shm:{id}"));
    assert_eq!(used_by(&object), [one(&holder, &["attached rw"])], "{object}");
    assert_eq!(object["unseen"], 0, "{object}");
    let object = env.show("shm:/frames");
    assert_eq!(used_by(&object), [one(&holder, &["open rw"])], "{object}");
}

fn the_same_id_in_another_ipc_namespace_is_another_segment() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    let holder = holder::holding(|| {
        sysv::attach(id);
    });
    let _stranger = holder::holding(|| {
        holding::leave_ipc_namespace();
        assert_eq!(sysv::segment(1, 4096, 0o600), id, "the first id of a namespace");
        sysv::attach(id);
    });
    let object = env.show(&format!("shm:{id}"));
    assert_eq!(used_by(&object), [one(&holder, &["attached rw"])], "{object}");
    assert_eq!(object["unseen"], 0, "{object}");
}

fn a_holder_that_has_left_the_ipc_namespace_is_counted_and_not_named() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    let _gone = holder::holding(|| {
        sysv::attach(id);
        holding::leave_ipc_namespace();
    });
    let object = env.show(&format!("shm:{id}"));
    assert_eq!((used_by(&object).len(), &object["unseen"]), (0, &json!(1)), "{object}");
    env.run(["show", &format!("shm:{id}")]).ok().shows("1 not visible");
    env.run(["list", "shm"]).ok().shows("1 not visible");
    let holder = holder::holding(|| {
        sysv::attach(id);
    });
    env.run(["show", &format!("shm:{id}")]).ok().shows("1 process and 1 more not visible");
    env.run(["list", "shm"]).ok().shows(&format!("({}) and 1 more not visible", holder.pid()));
}

fn a_file_that_is_named_like_a_segment_is_none() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    let holder = holder::holding(|| {
        sysv::attach(id);
    });
    let directory = env.directory().to_owned();
    let _stranger = holder::holding(|| {
        // Among so many files one has the inode number that is the segment's id, if there are such at all.
        for number in 0..8 {
            let path = directory.join(format!("SYSV{number:08x}"));
            std::fs::write(&path, [0; 4096]).unwrap();
            let descriptor = holding::open(&path, libc::O_RDWR);
            posix::map_descriptor(descriptor);
        }
    });
    let object = env.show(&format!("shm:{id}"));
    assert_eq!(used_by(&object), [one(&holder, &["attached rw"])], "{object}");
    assert_eq!(object["unseen"], 0, "{object}");
}

fn removing_an_attached_segment_says_who_keeps_it() {
    let env = TestEnv::new();
    let (by_key, by_id) = (env.key(), env.key());
    for (key, by_its_key) in [(by_key, true), (by_id, false)] {
        let id = sysv::segment(key, 4096, 0o600);
        let holder = holder::holding(|| {
            sysv::attach(id);
        });
        let address = if by_its_key { format!("shm:{key:#x}") } else { format!("shm:{id}") };
        let output = env.run(["rm", &address]).code(0);
        output.says(&format!("{address}: marked for removal, 1 attached: "));
        output.says(&format!("({})", holder.pid()));
    }
}

fn an_ordinary_user_is_told_how_many_holders_he_cannot_see() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o666);
    posix::shared_memory("/frames", 4096, 0o666);
    let _hidden = holder::holding(|| {
        sysv::attach(id);
        posix::map("/frames");
    });
    let show = |address: &str| {
        let show = env.command(["show", address, "--json"]).unprivileged();
        show.run().ok().only()
    };
    let object = show(&format!("shm:{id}"));
    assert_eq!((used_by(&object).len(), &object["unseen"]), (0, &json!(1)), "{object}");
    // Nobody counts who holds a file: unknown is not nobody.
    let object = show("shm:/frames");
    assert_eq!((&object["used_by"], &object["unseen"]), (&json!(null), &json!(null)), "{object}");
    let reasons = object["unread"].to_string();
    assert!(reasons.contains("not every process could be seen"), "{object}");
    let listed = env.command(["list", "shm"]).unprivileged().run().ok();
    listed.shows("1 not visible");
}

fn those_who_wait_for_a_message_or_for_room_are_named() {
    let env = TestEnv::new();
    let empty = sysv::queue(env.key(), 0o600);
    let full = sysv::queue(env.key(), 0o600);
    sysv::send(full, 1, &[0; 8192]);
    sysv::send(full, 1, &[0; 8192]);
    let receiver = holder::blocking(|| (), || holding::receive(empty));
    let sender = holder::blocking(|| (), || holding::send(full, 100));
    let object = env.show(&format!("mq:{empty}"));
    assert_eq!(used_by(&object), [one(&receiver, &["waiting in msgrcv"])], "{object}");
    let object = env.show(&format!("mq:{full}"));
    assert_eq!(used_by(&object), [one(&sender, &["waiting in msgsnd"])], "{object}");
    let listed = env.run(["list", "mq", "-o", "+waits"]).ok();
    listed.shows(&format!("({})", receiver.pid())).shows(&format!("({})", sender.pid()));
}

fn those_who_wait_for_a_set_are_named_and_counted() {
    let env = TestEnv::new();
    let id = sysv::set_with(env.key(), &[0, 1], 0o600);
    let riser = holder::blocking(|| (), || holding::operate(id, 0, -1));
    let zero = holder::blocking(|| (), || holding::operate(id, 1, 0));
    let object = env.show(&format!("sem:{id}"));
    let mut expected = [one(&riser, &["waiting in semop"]), one(&zero, &["waiting in semop"])];
    expected.sort();
    assert_eq!(used_by(&object), expected, "{object}");
    assert_eq!((&object["waiting"], &object["unseen"]), (&json!(2), &json!(0)), "{object}");
    let hidden = env.command(["show", &format!("sem:{id}")]).unprivileged().run().ok();
    hidden.shows("2 not visible");
}

// Whoever uses a set without waiting leaves no trace: that is not nobody.
fn of_a_set_that_nobody_waits_for_the_users_are_unknown() {
    let env = TestEnv::new();
    let id = sysv::set_with(env.key(), &[1], 0o600);
    let _user = holder::holding(|| sysv::operate(id, 0, -1));
    let object = env.show(&format!("sem:{id}"));
    assert_eq!((&object["used_by"], &object["unseen"]), (&json!(null), &json!(null)), "{object}");
    env.run(["show", &format!("sem:{id}")]).ok().shows("other users leave no trace");
}

fn a_call_on_the_same_id_in_another_namespace_is_not_named() {
    let env = TestEnv::new();
    let id = sysv::queue(env.key(), 0o600);
    let elsewhere = || {
        holding::leave_ipc_namespace();
        assert_eq!(sysv::queue(1, 0o600), id, "the first id of a namespace");
    };
    let _stranger = holder::blocking(elsewhere, || holding::receive(id));
    let object = env.show(&format!("mq:{id}"));
    assert_eq!(object["used_by"], json!(null), "{object}");
}

fn a_command_of_hostile_bytes_is_told_safely() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    let holder = holder::holding(|| {
        holding::call_oneself(b"x) S (\n\t\x1b[2J\xff");
        sysv::attach(id);
    });
    let object = env.show(&format!("shm:{id}"));
    assert_eq!(used_by(&object), [one(&holder, &["attached rw"])], "{object}");
    assert_eq!(object["used_by"][0]["command"], "x%29%20S%20%28%0A%09%1B%5B2J%FF");
    let plain = env.run(["list", "shm", "--format", "plain", "-o", "address,used-by"]).ok();
    let expected = format!("shm:{id}\tx%29%20S%20%28%0A%09%1B%5B2J%FF({})\n", holder.pid());
    plain.prints(&expected);
    for arguments in [vec!["list"], vec!["show", &format!("shm:{id}")]] {
        env.run(arguments).code(0).is_safe_on_a_terminal();
    }
}

fn a_process_file_system_that_is_not_there_leaves_the_kernels_count() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    let _holder = holder::holding(|| {
        sysv::attach(id);
    });
    let command =
        |arguments: &[&str]| env.command(arguments).env("IPCCTL_PROC", "/nonexistent").run().ok();
    let object = command(&["show", &format!("shm:{id}"), "--json"]).only();
    assert_eq!((used_by(&object).len(), &object["unseen"]), (0, &json!(1)), "{object}");
    command(&["list", "shm"]).shows("1 not visible");
}

fn the_user_of_a_holder_is_told() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o666);
    let holder = holder::holding_as(70_000, || {
        sysv::attach(id);
    });
    let object = env.show(&format!("shm:{id}"));
    let told = &object["used_by"][0];
    assert_eq!((&told["pid"], &told["user"]), (&json!(holder.pid()), &json!("70000")), "{object}");
    // Each sees his own.
    let show = |uid| {
        let show = env.command(["show", &format!("shm:{id}"), "--json"]).by_user(uid);
        show.run().ok().only()
    };
    assert_eq!(used_by(&show(70_000)).len(), 1);
    let object = show(65_534);
    assert_eq!((used_by(&object).len(), &object["unseen"]), (0, &json!(1)), "{object}");
}

// Linux before 6.11: then there is the text of /proc/PID/maps.
fn a_kernel_that_cannot_be_asked_for_mappings_is_read() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 3 * 4096, 0o600);
    posix::shared_memory("/a file\nwith (deleted)", 4096, 0o600);
    posix::semaphore("/gate", 0, 0o600);
    let holder = holder::holding(|| {
        holding::split(sysv::attach(id));
        posix::map("/a file\nwith (deleted)");
        holding::map_privately("/dev/shm/a file\nwith (deleted)");
    });
    let waiter = holder::blocking(|| (), || posix::wait("/gate"));
    let show = |address: &str| {
        let show = env.command(["show", address, "--json"]).first(kernel::without_mapping_queries);
        show.run().ok().only()
    };
    let object = show(&format!("shm:{id}"));
    assert_eq!(used_by(&object), [one(&holder, &["attached rw", "attached r"])], "{object}");
    assert_eq!((&object["attached"], &object["unseen"]), (&json!(3), &json!(0)), "{object}");
    let object = show("shm:/a%20file%0Awith%20%28deleted%29");
    assert_eq!(used_by(&object), [one(&holder, &["mapped rw", "mapped privately"])], "{object}");
    let object = show("sem:/gate");
    assert_eq!(used_by(&object), [one(&waiter, &["mapped rw", "waiting in sem_wait"])], "{object}");
}

// A container that was given the process file system of its machine.
fn from_a_pid_namespace_below_holders_are_still_told() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    let holder = holder::holding(|| {
        sysv::attach(id);
    });
    let command = env.command(["show", &format!("shm:{id}"), "--json"]);
    let object = command.first(kernel::in_a_pid_namespace).run().ok().only();
    assert_eq!(object["creator_pid"], json!(null), "it has no number here: {object}");
    assert_eq!(used_by(&object), [one(&holder, &["attached rw"])], "{object}");
    assert_eq!(object["unseen"], 0, "{object}");
}

fn what_a_pid_namespace_hides_is_counted_or_unknown() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    posix::shared_memory("/frames", 4096, 0o600);
    posix::message_queue("/jobs", 1, 16, 0o600);
    let _outside = holder::holding(|| {
        sysv::attach(id);
        posix::map("/frames");
        posix::ask_for_signal("/jobs", libc::SIGUSR1);
    });
    let show = |address: &str| {
        let show = env.command(["show", address, "--json"]);
        show.first(kernel::in_a_pid_namespace_with_proc).run().ok().only()
    };
    let object = show(&format!("shm:{id}"));
    assert_eq!((used_by(&object).len(), &object["unseen"]), (0, &json!(1)), "{object}");
    for address in ["shm:/frames", "mq:/jobs"] {
        let object = show(address);
        assert_eq!(
            (&object["used_by"], &object["unseen"]),
            (&json!(null), &json!(null)),
            "{object}"
        );
    }
}

// A hidden process looks like one that is not there.
fn what_the_process_file_system_hides_is_counted_or_unknown() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o666);
    posix::shared_memory("/frames", 4096, 0o666);
    let _hidden = holder::holding(|| {
        sysv::attach(id);
        posix::map("/frames");
    });
    let show = |address: &str| {
        let show = env.command(["show", address, "--json"]).by_user(65_534);
        show.first(kernel::where_processes_are_hidden).run().ok().only()
    };
    let object = show(&format!("shm:{id}"));
    assert_eq!((used_by(&object).len(), &object["unseen"]), (0, &json!(1)), "{object}");
    let object = show("shm:/frames");
    assert_eq!((&object["used_by"], &object["unseen"]), (&json!(null), &json!(null)), "{object}");
}
