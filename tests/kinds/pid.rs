//! Processes: what they have open, what they wait in, and their signals.

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::makers::{fifo, holder, holding, lock, posix, process, sysv};

crate::cases![
    descriptors_are_told_with_their_sort_access_and_object,
    what_a_descriptor_watches_is_told,
    who_has_the_other_end_of_a_pipe_is_named,
    shared_memory_and_segments_are_told_by_their_addresses,
    signals_are_told_by_name_and_by_what_becomes_of_them,
    what_each_thread_waits_in_is_told_with_the_object,
    locks_that_it_holds_are_told,
    what_several_processes_share_is_marked,
    an_identity_names_no_later_process,
    a_thread_has_an_address_of_its_own,
    a_listing_shows_who_waits_or_is_in_trouble,
    a_process_without_a_number_is_exit_2_and_one_that_is_gone_exit_3,
    a_command_of_any_bytes_moves_no_cursor,
    list_pid_takes_several_processes,
    what_may_not_be_read_is_unknown_and_the_rest_is_told
];

fn shown(env: &TestEnv, pid: i64) -> Value {
    env.show(&format!("pid:{pid}"))
}

/// The row of a table whose column has this value.
fn row<'v>(object: &'v Value, table: &str, column: &str, value: impl Into<Value>) -> &'v Value {
    let value = value.into();
    let rows = object[table].as_array().unwrap_or_else(|| panic!("no {table} in {object}"));
    rows.iter().find(|row| row[column] == value).unwrap_or_else(|| panic!("no {value} in {object}"))
}

fn descriptors_are_told_with_their_sort_access_and_object() {
    let env = TestEnv::new();
    let path = env.path("ctl");
    fifo::fifo(&path, 0o600);
    posix::shared_memory("/frames", 4096, 0o600);
    posix::message_queue("/jobs", 1, 16, 0o600);
    posix::semaphore("/gate", 1, 0o600);
    let (opened, gone) = (path.clone(), env.path("gone"));
    let one = holder::holding(move || {
        std::mem::forget(fifo::fill(&opened, b"x"));
        std::mem::forget(std::fs::File::open("/dev/shm/frames").unwrap());
        std::mem::forget(std::fs::File::open("/dev/shm/sem.gate").unwrap());
        posix::open_queue("/jobs", libc::O_WRONLY);
        std::mem::forget(lock::opened(&gone));
        std::fs::remove_file(&gone).unwrap();
    });
    let object = shown(&env, one.pid());
    for (address, sort, access) in [
        (format!("fifo:{path}"), "fifo", "rw"),
        ("shm:/frames".to_owned(), "memory", "r"),
        ("sem:/gate".to_owned(), "semaphore", "r"),
        ("mq:/jobs".to_owned(), "queue", "w"),
    ] {
        let row = row(&object, "descriptors", "object", address);
        assert_eq!((&row["sort"], &row["access"]), (&sort.into(), &access.into()), "{row}");
    }
    let gone = format!("{} (deleted)", env.path("gone"));
    assert_eq!(row(&object, "descriptors", "what", gone)["sort"], "file");
    let count = object["descriptors"].as_array().unwrap().len();
    assert_eq!(object["descriptor_count"], count);
}

fn what_a_descriptor_watches_is_told() {
    let env = TestEnv::new();
    let one = holder::holding(process::open_of_everything);
    let object = shown(&env, one.pid());
    let what =
        |sort: &str| row(&object, "descriptors", "sort", sort)["what"].as_str().unwrap().to_owned();
    assert!(what("eventfd").starts_with("count 5"), "{object}");
    assert!(what("timerfd").ends_with("then every 7.000 s"), "{object}");
    let event = row(&object, "descriptors", "sort", "eventfd")["fd"].to_string();
    assert_eq!(what("epoll"), format!("watches fd {event}"));
    assert!(what("inotify").starts_with("watches "), "{object}");
    assert_eq!(what("signalfd"), "takes USR1");
    assert_eq!(what("pidfd"), format!("process {}", one.pid()));
    let pidfd = row(&object, "descriptors", "sort", "pidfd");
    assert_eq!(pidfd["object"], format!("pid:{}", one.pid()));
    assert!(what("pty").starts_with("master of /dev/pts/"), "{object}");
}

fn who_has_the_other_end_of_a_pipe_is_named() {
    let env = TestEnv::new();
    let one = holder::holding(|| {
        process::pipe_at(10, 11);
        process::child_that_reads(10, 11);
        // Now the reader is the child alone.
        process::close(10);
    });
    let object = shown(&env, one.pid());
    let end = row(&object, "descriptors", "fd", 11);
    assert_eq!((&end["sort"], &end["access"]), (&"pipe".into(), &"w".into()));
    let readers = end["other_end"].as_array().unwrap();
    assert_eq!(readers.len(), 1, "{end}");
    let reader = readers[0]["pid"].as_i64().unwrap();
    assert_ne!(reader, one.pid());
    let child = shown(&env, reader);
    assert_eq!(child["parent"], one.pid());
    let thread = &child["threads"][0];
    assert_eq!(thread["waits_in"], "read", "{thread}");
    assert_eq!(row(&child, "descriptors", "fd", 10)["other_end"][0]["pid"], one.pid());
}

fn shared_memory_and_segments_are_told_by_their_addresses() {
    let env = TestEnv::new();
    posix::shared_memory("/frames", 8192, 0o600);
    let id = sysv::segment(env.key(), 4096, 0o600);
    let one = holder::holding(|| {
        posix::map("/frames");
        sysv::attach(id);
    });
    let object = shown(&env, one.pid());
    let frames = row(&object, "mappings", "object", "shm:/frames");
    assert_eq!(frames["offset"], 0);
    let segment = row(&object, "mappings", "object", format!("shm:{id}"));
    assert_eq!((&segment["size"], &segment["access"]), (&4096.into(), &"rw".into()));
}

fn signals_are_told_by_name_and_by_what_becomes_of_them() {
    let env = TestEnv::new();
    let one = holder::holding(|| {
        process::on_signal(libc::SIGTERM, libc::SIG_IGN);
        process::on_signal(libc::SIGUSR1, process::nothing as *const () as libc::sighandler_t);
        process::block(libc::SIGUSR2);
    });
    process::signal(one.pid(), libc::SIGUSR2);
    let object = shown(&env, one.pid());
    let has = |set: &str, name: &str| {
        object[set].as_array().is_some_and(|names| names.contains(&name.into()))
    };
    assert!(has("ignored", "TERM") && !has("caught", "TERM"), "{object}");
    assert!(has("caught", "USR1") && !has("ignored", "USR1"), "{object}");
    assert!(has("blocked", "USR2") && has("pending", "USR2"), "{object}");
    assert_eq!(object["doing"], "blocks USR2, which is pending");
    assert!(object["queued_limit"].as_u64().unwrap() >= object["queued_signals"].as_u64().unwrap());
    let text = env.run(["show", &format!("pid:{}", one.pid())]).ok();
    text.shows("TERM");
    // The question of who ignores a signal is one line.
    let listed = env
        .run(["list", "pid", "--all", "--format", "plain", "-o", "address,ignored"])
        .any_code(&[0])
        .1;
    let line =
        listed.lines().into_iter().find(|line| line.starts_with(&format!("pid:{}\t", one.pid())));
    assert!(line.unwrap().contains("TERM"), "{}", listed.report());
}

fn what_each_thread_waits_in_is_told_with_the_object() {
    let env = TestEnv::new();
    let queue = sysv::queue(env.key(), 0o600);
    posix::message_queue("/jobs", 1, 16, 0o600);
    let path = env.path("app.lock");
    let (one, two) = (path.clone(), path.clone());
    let owner = holder::holding(move || lock::locked(&one, 0o600));
    let receiver = holder::blocking(|| (), move || holding::receive(queue));
    let posix = holder::blocking(|| (), || holding::receive_posix("/jobs"));
    let locker = holder::blocking(|| (), move || lock::flock(&lock::opened(&two), libc::LOCK_EX));
    for (pid, call, on) in [
        (receiver.pid(), "msgrcv", format!("mq:{queue}")),
        (posix.pid(), "mq_receive", "mq:/jobs".to_owned()),
        (locker.pid(), "flock", format!("lock:{path}")),
        (owner.pid(), "pause", "a signal".to_owned()),
    ] {
        let object = shown(&env, pid);
        let thread = row(&object, "threads", "tid", pid);
        assert_eq!(
            (&thread["waits_in"], &thread["on"]),
            (&call.into(), &on.clone().into()),
            "{object}"
        );
        assert!(thread["since"].as_u64().is_some_and(|since| since < 600), "{object}");
        assert_eq!(object["doing"], format!("{call} of {on}"));
    }
}

fn locks_that_it_holds_are_told() {
    let env = TestEnv::new();
    let path = env.path("app.lock");
    let locked = path.clone();
    let one = holder::holding(move || lock::locked(&locked, 0o600));
    let object = shown(&env, one.pid());
    let lock = row(&object, "locks", "file", format!("lock:{path}"));
    assert_eq!((&lock["lock"], &lock["access"]), (&"flock".into(), &"write".into()));
}

fn what_several_processes_share_is_marked() {
    let env = TestEnv::new();
    let one = holder::holding(|| {
        process::pipe_at(10, 11);
        process::child_that_reads(10, 11);
    });
    let object = shown(&env, one.pid());
    let ends = row(&object, "descriptors", "fd", 11)["other_end"].as_array().unwrap().clone();
    let child = ends.iter().find_map(|end| end["pid"].as_i64().filter(|pid| *pid != one.pid()));
    let child = child.unwrap_or_else(|| panic!("no child in {object}"));
    // Alone, there is nobody to compare it with.
    assert_eq!(row(&object, "descriptors", "fd", 10)["shared_with"], Value::Null);
    let both = [format!("pid:{}", one.pid()), format!("pid:{child}")];
    let both = env.run(["show", &both[0], &both[1], "--json"]).ok().json();
    let parent = &both["objects"][0];
    let shared = &row(parent, "descriptors", "fd", 10)["shared_with"];
    assert_eq!(*shared, json!([format!("{child} fd 10")]), "{parent}");
}

fn an_identity_names_no_later_process() {
    let env = TestEnv::new();
    let one = holder::holding(|| ());
    let identity = shown(&env, one.pid())["identity"].as_str().unwrap().to_owned();
    assert_eq!(env.show(&identity)["address"], *identity);
    let started = format!("pid:{}:@1", one.pid());
    env.run(["show", &started]).code(3).says("another one has the number");
    if !identity.contains('@') {
        let other = format!("{identity}0");
        env.run(["show", &other]).code(3).says("another one has the number");
    }
}

fn a_thread_has_an_address_of_its_own() {
    let env = TestEnv::new();
    let one = holder::holding(|| holding::on_a_thread(|| process::block(libc::SIGUSR1)));
    let object = shown(&env, one.pid());
    assert_eq!(object["thread_count"], 2);
    let threads = object["threads"].as_array().unwrap();
    let other = threads.iter().find(|thread| thread["tid"] != one.pid()).unwrap();
    let address = format!("pid:{}/{}", one.pid(), other["tid"]);
    let thread = env.show(&address);
    assert_eq!(thread["address"], *address);
    assert_eq!(thread["threads"].as_array().unwrap().len(), 1);
    assert!(thread["blocked"].to_string().contains("USR1"), "{thread}");
    assert!(!object["blocked"].to_string().contains("USR1"), "{object}");
    let missing = format!("pid:{}/1", one.pid());
    env.run(["show", &missing]).code(3).says("no such thread");
}

fn a_listing_shows_who_waits_or_is_in_trouble() {
    let env = TestEnv::new();
    let queue = sysv::queue(env.key(), 0o600);
    let receiver = holder::blocking(|| (), move || holding::receive(queue));
    let sleeper = holder::holding(|| ());
    let zombie = process::zombie();
    let stopped = process::stopped();
    let listing = |more: &[&str]| {
        let words = ["list", "pid", "--format", "plain", "-o", "address,doing"];
        env.run(words.iter().chain(more)).any_code(&[0]).1
    };
    let of = |run: &crate::output::Output, pid: i64| -> Option<String> {
        let run = run.stdout();
        let line = run.lines().find_map(|line| line.strip_prefix(&format!("pid:{pid}\t")));
        line.map(str::to_owned)
    };
    let usual = listing(&[]);
    assert_eq!(of(&usual, receiver.pid()), Some(format!("msgrcv of mq:{queue}")));
    assert_eq!(of(&usual, zombie.pid()).as_deref(), Some("has ended and was not collected"));
    assert_eq!(of(&usual, stopped).as_deref(), Some("stopped by STOP"));
    assert_eq!(of(&usual, sleeper.pid()), None, "it waits for nothing of ours");
    assert!(of(&listing(&["--all"]), sleeper.pid()).is_some());
    // A plain list is one of objects that outlive their makers.
    env.run(["list", "--format", "plain", "-o", "address"]).any_code(&[0]).1.hides("pid:");
}

fn a_process_without_a_number_is_exit_2_and_one_that_is_gone_exit_3() {
    let env = TestEnv::new();
    let gone = holder::in_passing(|| ());
    env.run(["show", &format!("pid:{gone}")]).code(3).says("no such process");
    for word in ["pid:", "pid:0", "pid:x", "pid:-1", "pid:1/", "pid:99999999999"] {
        env.run(["show", word]).code(2);
    }
    env.run(["rm", "pid:1"]).code(2).says("cannot be removed");
    env.run(["show", "pid:self"]).ok();
}

fn a_command_of_any_bytes_moves_no_cursor() {
    let env = TestEnv::new();
    let one = holder::holding(|| holding::call_oneself(b"\x1b[2J\nSigIgn:"));
    let run = env.run(["show", &format!("pid:{}", one.pid())]).ok();
    assert!(!run.stdout().contains('\x1b'), "{}", run.report());
    run.shows("%1B%5B2J%0ASigIgn:");
}

fn list_pid_takes_several_processes() {
    let env = TestEnv::new();
    for name in ["/one", "/two", "/three"] {
        posix::shared_memory(name, 4096, 0o600);
    }
    let one = holder::holding(|| posix::map("/one"));
    let two = holder::holding(|| posix::map("/two"));
    let _three = holder::holding(|| posix::map("/three"));
    let (one, two) = (one.pid().to_string(), two.pid().to_string());
    let joined = format!("{one},{two}");
    for words in [&["--pid", &joined][..], &["--pid", &one, "--pid", &two]] {
        let run = env.run(["list", "shm", "--json"].iter().chain(words)).code(0);
        assert_eq!(named(&run.addresses()), ["shm:/one", "shm:/two"]);
    }
    let gone = holder::in_passing(|| ()).to_string();
    let run = env.run(["list", "shm", "--pid", &gone, "--pid", &one, "--json"]).code(3);
    assert_eq!(named(&run.addresses()), ["shm:/one"]);
}

/// What has a name: a process has inherited memory without one from the tests, too.
fn named(addresses: &[String]) -> Vec<&str> {
    addresses.iter().map(String::as_str).filter(|address| address.starts_with("shm:/")).collect()
}

fn what_may_not_be_read_is_unknown_and_the_rest_is_told() {
    let env = TestEnv::new();
    let one = holder::holding(|| process::on_signal(libc::SIGTERM, libc::SIG_IGN));
    let address = format!("pid:{}", one.pid());
    let object = env.command(["show", &address, "--json"]).unprivileged().run().ok().only();
    assert_eq!(object["descriptors"], Value::Null, "{object}");
    assert!(object["unread"].to_string().contains("permission denied"), "{object}");
    assert!(object["ignored"].to_string().contains("TERM"), "everybody may know: {object}");
}
