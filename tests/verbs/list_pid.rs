//! `list --pid`: what one process holds; and the order by holders.

use crate::env::TestEnv;
use crate::makers::{fifo, holder, holding, posix, sysv};

crate::cases![
    what_a_process_holds_is_listed_and_nothing_else,
    other_holders_of_what_it_holds_are_told_too,
    a_process_that_waits_holds_what_it_waits_for,
    a_process_that_holds_nothing_has_an_empty_listing,
    other_filters_hold_as_well,
    a_process_that_is_not_there_is_exit_3,
    a_process_that_may_not_be_looked_at_is_exit_4,
    a_number_that_no_process_has_is_exit_2,
    objects_can_be_ordered_by_how_many_hold_them,
    holders_are_not_looked_for_where_nobody_asks
];

fn listed(env: &TestEnv, arguments: &[&str]) -> Vec<String> {
    let mut addresses = env.run(["list", "--json"].iter().chain(arguments)).code(0).addresses();
    addresses.retain(|address| !is_inherited(address));
    addresses.sort();
    addresses
}

/// The standard streams are what the tests were started with: pipes, mostly. What the tests' own process has mapped for other
/// tests, its children have, too; so it is with what has no name.
fn is_inherited(address: &str) -> bool {
    let kinds = ["pipe:", "map:"];
    kinds.iter().any(|kind| address.starts_with(kind)) || address.matches(':').count() == 2
}

fn what_a_process_holds_is_listed_and_nothing_else() {
    let env = TestEnv::new();
    let ids = [sysv::segment(env.key(), 4096, 0o600), sysv::segment(env.key(), 4096, 0o600)];
    for name in ["/frames", "/others"] {
        posix::shared_memory(name, 4096, 0o600);
        posix::semaphore(name, 1, 0o600);
        posix::message_queue(name, 1, 16, 0o600);
        fifo::fifo(env.path(&name[1..]), 0o600);
    }
    let _other = holder::holding(|| posix::map("/others"));
    let holder = holder::holding(|| {
        sysv::attach(ids[1]);
        posix::map("/frames");
        posix::open_semaphore("/frames");
        posix::open_queue("/frames", libc::O_RDONLY);
        holding::open(env.path("frames"), libc::O_RDWR);
    });
    let mut expected = vec![
        format!("fifo:{}", env.path("frames")),
        "mq:/frames".to_owned(),
        "sem:/frames".to_owned(),
        "shm:/frames".to_owned(),
        format!("shm:{}", ids[1]),
    ];
    expected.sort();
    let pid = holder.pid().to_string();
    assert_eq!(listed(&env, &["--pid", &pid]), expected);
    let plain = env.run(["list", "--pid", &pid, "-o", "address", "--format", "plain"]).code(0);
    let lines = plain.lines().into_iter().filter(|line| !is_inherited(line));
    assert_eq!(lines.count(), 5, "{}", plain.report());
}

fn other_holders_of_what_it_holds_are_told_too() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    let one = holder::holding(|| {
        sysv::attach(id);
    });
    let two = holder::holding(|| {
        sysv::attach(id);
    });
    let output = env.run(["list", "--pid", &one.pid().to_string()]).code(0);
    output.shows(&format!("({})", one.pid())).shows(&format!("({})", two.pid()));
}

fn a_process_that_waits_holds_what_it_waits_for() {
    let env = TestEnv::new();
    let queue = sysv::queue(env.key(), 0o600);
    sysv::queue(env.key(), 0o600);
    let set = sysv::set(env.key(), 1, 0o600);
    let path = env.path("pipe");
    fifo::fifo(&path, 0o600);
    let receiver = holder::blocking(|| (), || holding::receive(queue));
    let waiter = holder::blocking(|| (), || holding::operate(set, 0, -1));
    let opener = holder::blocking(
        || (),
        || {
            holding::open(&path, libc::O_RDONLY);
        },
    );
    for (holder, address) in [
        (receiver, format!("mq:{queue}")),
        (waiter, format!("sem:{set}")),
        (opener, format!("fifo:{path}")),
    ] {
        assert_eq!(listed(&env, &["--pid", &holder.pid().to_string()]), [address]);
    }
}

fn a_process_that_holds_nothing_has_an_empty_listing() {
    let env = TestEnv::new();
    sysv::segment(env.key(), 4096, 0o600);
    posix::shared_memory("/frames", 4096, 0o600);
    let holder = holder::holding(|| ());
    assert!(listed(&env, &["--pid", &holder.pid().to_string()]).is_empty());
}

fn other_filters_hold_as_well() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    posix::shared_memory("/frames", 4096, 0o600);
    let holder = holder::holding(|| {
        sysv::attach(id);
        posix::map("/frames");
    });
    let pid = holder.pid().to_string();
    assert_eq!(listed(&env, &["--pid", &pid, "--family", "posix"]), ["shm:/frames"]);
    assert_eq!(listed(&env, &["--pid", &pid, "shm:/frames"]), ["shm:/frames"]);
    assert_eq!(listed(&env, &["--pid", &pid, "sem"]), [""; 0]);
}

fn a_process_that_is_not_there_is_exit_3() {
    let env = TestEnv::new();
    let pid = holder::in_passing(|| ()).to_string();
    env.run(["list", "--pid", &pid]).code(3).says(&format!("no process {pid}"));
    let output = env.run(["list", "--pid", &pid, "--json"]).code(3);
    assert_eq!(output.objects().len(), 0);
}

fn a_process_that_may_not_be_looked_at_is_exit_4() {
    let env = TestEnv::new();
    posix::shared_memory("/frames", 4096, 0o666);
    let holder = holder::holding(|| posix::map("/frames"));
    let pid = holder.pid().to_string();
    let output = env.command(["list", "--pid", &pid]).unprivileged().run().code(4);
    output.says("permission denied").says(&pid);
}

fn a_number_that_no_process_has_is_exit_2() {
    let env = TestEnv::new();
    for pid in ["0", "-1", "x", "", "2147483648", "1.5"] {
        env.run(["list", &format!("--pid={pid}")]).code(2).prints("");
    }
}

fn objects_can_be_ordered_by_how_many_hold_them() {
    let env = TestEnv::new();
    let ids = [(); 3].map(|()| sysv::segment(env.key(), 4096, 0o600));
    let _one = holder::holding(|| {
        sysv::attach(ids[0]);
    });
    let _two = [(); 2].map(|()| {
        holder::holding(|| {
            sysv::attach(ids[2]);
        })
    });
    let list = |order: &str| {
        let output = env.run(["list", "shm", "--json", "-o", "address", "--sort", order]);
        output.ok().addresses()
    };
    let expected = [ids[1], ids[0], ids[2]].map(|id| format!("shm:{id}"));
    assert_eq!(list("holders"), expected);
    assert_eq!(list("used-by"), expected);
    assert!(list("-holders").iter().eq(expected.iter().rev()));
}

// Without a process file system there is nothing to be looked at, and nothing is missed.
fn holders_are_not_looked_for_where_nobody_asks() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    let _holder = holder::holding(|| {
        sysv::attach(id);
    });
    let object = env.run(["list", "shm", "--json", "-o", "address,attached"]).ok().only();
    assert!(object.get("used_by").is_none_or(serde_json::Value::is_null), "{object}");
    let object = env.run(["show", &format!("shm:{id}"), "-o", "attached", "--json"]).ok().only();
    assert!(object.get("used_by").is_none(), "{object}");
}
