//! Programs of several real kinds on one machine, some alive and some crashed: `clean --yes` takes exactly what is dead and
//! provable, and what lives goes on.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use crate::env::{Running, TestEnv};
use crate::leftover::{NOBODY_HOME, expect};
use crate::makers::{holder, posix, sysv};

crate::cases![;
    SeveralUsers: of_many_programs_exactly_what_is_dead_and_provable_goes;
    Brokers: the_socket_of_a_killed_redis_goes_and_that_of_a_living_one_stays;
    Php: what_a_php_worker_comes_back_for_stays
];

/// A user whose programs live.
const LIVING: u32 = 70_811;

#[track_caller]
fn wait_for(what: &str, mut there: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !there() {
        assert!(Instant::now() < deadline, "{what} did not come");
        thread::sleep(Duration::from_millis(20));
    }
}

fn removed(env: &TestEnv, more: &[&str]) -> Vec<String> {
    let words = ["clean", "--yes", "--grace", "0", "--json"];
    let output = env.run(words.iter().chain(more)).any_code(&[0]).1;
    let objects = output.objects();
    assert!(objects.iter().all(|one| one["result"] == "removed"), "{objects:?}");
    let addresses = objects.iter().map(|one| one["address"].as_str().unwrap().to_owned());
    let mut addresses: Vec<_> = addresses.collect();
    addresses.sort();
    addresses
}

/// A Python program of a user, with its name of shared memory in a file.
fn python(env: &TestEnv, file: &str) -> Running {
    let script = "import os, sys, time
from multiprocessing import shared_memory
memory = shared_memory.SharedMemory(create=True, size=4096)
memory.buf[:5] = b'alive'
open(sys.argv[1] + '.new', 'w').write(memory.name)
os.rename(sys.argv[1] + '.new', sys.argv[1])
time.sleep(600)";
    env.tool("/usr/bin/python3", ["-c", script, file]).by_user(LIVING).start()
}

fn of_many_programs_exactly_what_is_dead_and_provable_goes() {
    let env = TestEnv::readable();
    let directory = env.path("of-user");
    fs::create_dir(&directory).unwrap();
    std::os::unix::fs::chown(&directory, Some(LIVING), Some(LIVING)).unwrap();
    // Alive: Python; cron jobs that lock by name; a queue of one key that a pool comes back to, one with work in it; a script
    // with the number of a queue in a variable of its environment.
    let file = format!("{directory}/name");
    let _python = python(&env, &file);
    wait_for("Python's memory", || Path::new(&file).exists());
    let living = fs::read_to_string(&file).unwrap();
    env.run(["create", "sem:/nightly", "--value", "1"]).any_code(&[0]);
    let job = ["lock", "sem:/nightly", "--", "true"];
    env.run(job).ok();
    let [pool, work] = [env.key(), env.key()];
    holder::as_user(LIVING, || {
        sysv::queue(pool, 0o600);
        sysv::send(sysv::queue(work, 0o600), 1, b"job");
    });
    // Dead: memory of a Python program, and memory and a set without a key, of a user of whom nothing runs.
    holder::as_user(NOBODY_HOME, || {
        posix::shared_memory("/psm_0a1b2c3d", 4096, 0o600);
        sysv::segment(sysv::PRIVATE, 4096, 0o600);
        sysv::set_with(sysv::PRIVATE, &[1], 0o600);
        posix::shared_memory("/staged", 4096, 0o600);
    });
    let gone = removed(&env, &[]);
    let kinds: Vec<&str> = gone.iter().map(|address| address.split(':').next().unwrap()).collect();
    assert_eq!(kinds, ["sem", "shm", "shm"], "{gone:?}");
    assert!(gone.contains(&"shm:/psm_0a1b2c3d".to_owned()), "{gone:?}");
    let content = fs::read(Path::new("/dev/shm").join(&living)).unwrap();
    assert!(content.starts_with(b"alive"));
    env.run(job).ok();
    for address in [format!("mq:{pool:#x}"), format!("mq:{work:#x}"), "shm:/staged".to_owned()] {
        expect(&env, &address, "suspect");
    }
    assert_eq!(removed(&env, &[]), [""; 0]);
    // Nobody may open what a user staged who has no process; what he who lives comes back for needs more.
    assert_eq!(removed(&env, &["--suspect", "shm", "mq"]), ["shm:/staged"]);
}

fn the_socket_of_a_killed_redis_goes_and_that_of_a_living_one_stays() {
    let env = TestEnv::new();
    let [alive, dead] = ["alive", "dead"].map(|name| env.path(name));
    let start = |path: &str| {
        let words = ["--port", "0", "--save", "", "--unixsocket", path, "--dir", "/tmp"];
        env.tool("redis-server", words).start()
    };
    let (_alive, killed) = (start(&alive), start(&dead));
    let answers =
        |path: &str| env.tool("redis-cli", ["-s", path, "ping"]).run().any_code(&[0, 1]).0 == 0;
    for path in [&alive, &dead] {
        wait_for("redis", || answers(path));
    }
    drop(killed);
    let [alive_address, dead_address] = [&alive, &dead].map(|path| format!("sock:{path}"));
    wait_for("the verdict", || {
        let shown = env.run(["show", &dead_address, "--json"]).any_code(&[0]).1.only();
        shown["state"] == "leftover"
    });
    expect(&env, &alive_address, "in-use");
    assert_eq!(removed(&env, &[&alive_address, &dead_address]), [&*dead_address]);
    assert!(answers(&alive) && !Path::new(&dead).exists());
}

fn what_a_php_worker_comes_back_for_stays() {
    let env = TestEnv::new();
    let key = env.key();
    // Each request takes a semaphore and keeps a value, and its worker ends.
    let request = format!(
        "$s = sem_get({key}, 1, 0600, 0); sem_acquire($s); $m = shm_attach({key} + 1, 4096, 0600); \
         $n = shm_has_var($m, 1) ? shm_get_var($m, 1) + 1 : 1; shm_put_var($m, 1, $n); \
         shm_detach($m); sem_release($s); echo $n;"
    );
    let php = || {
        env.tool(
            "php",
            ["-n", "-d", "extension=sysvsem", "-d", "extension=sysvshm", "-r", &request],
        )
        .run()
    };
    assert_eq!(php().any_code(&[0]).1.stdout().trim(), "1");
    assert_eq!(removed(&env, &["sem", "shm"]), [""; 0]);
    assert_eq!(php().any_code(&[0]).1.stdout().trim(), "2");
}
