//! Real programs, a living one beside its crashed twin: exactly what the dead one left is removed.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::env::TestEnv;
use crate::isolation;
use crate::leftover::expect;
use crate::makers::forking;

crate::cases![
    the_memory_of_a_python_program_stays_and_that_of_its_killed_twin_goes;
    SeveralUsers: a_postgresql_server_keeps_running_and_what_its_killed_twin_left_goes
];

/// A program that ends, with all its children, when this is dropped.
struct Running(Child);

impl Running {
    fn start(command: &mut Command) -> Self {
        use std::os::unix::process::CommandExt;
        Self(forking::started(command.process_group(0)))
    }

    /// Kills it with all its children, so that nobody is left to clean up.
    #[allow(unsafe_code)]
    fn kill(&mut self) {
        let group = libc::pid_t::try_from(self.0.id()).unwrap();
        // SAFETY: numbers only; our own child's process group, which has not been waited for.
        unsafe { libc::kill(-group, libc::SIGKILL) };
        self.0.wait().ok();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.kill();
    }
}

#[track_caller]
fn wait_for(what: &str, mut there: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(120);
    while !there() {
        assert!(Instant::now() < deadline, "{what} did not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn python(script: &str, file: &Path) -> Running {
    let mut command = Command::new("python3");
    command.args(["-c", script]).arg(file).env("PATH", "/usr/bin:/bin");
    Running::start(command.stdout(Stdio::null()).stderr(Stdio::null()))
}

fn the_memory_of_a_python_program_stays_and_that_of_its_killed_twin_goes() {
    let env = TestEnv::new();
    let script = "
import multiprocessing, sys, time
from multiprocessing import shared_memory
memory = shared_memory.SharedMemory(create=True, size=1 << 16)
memory.buf[:5] = b'alive'
# Semaphores by name, as programs that start their workers afresh have them.
lock = multiprocessing.get_context('spawn').Lock()
open(sys.argv[1] + '.new', 'w').write(memory.name)
import os; os.rename(sys.argv[1] + '.new', sys.argv[1])
time.sleep(600)
";
    let names: Vec<PathBuf> = ["alive", "dead"].iter().map(|name| env.path(name).into()).collect();
    let _alive = python(script, &names[0]);
    let mut dead = python(script, &names[1]);
    names.iter().for_each(|name| wait_for("the memory of a Python program", || name.exists()));
    let [alive_name, dead_name] = [0, 1].map(|at| fs::read_to_string(&names[at]).unwrap());
    dead.kill();
    expect(&env, &format!("shm:/{alive_name}"), "in-use");
    expect(&env, &format!("shm:/{dead_name}"), "suspect");
    let before: Vec<_> =
        fs::read_dir("/dev/shm").unwrap().map(|e| e.unwrap().file_name()).collect();
    env.run(["clean", "--grace", "0", "--suspect=all", "--yes", "shm", "sem"])
        .any_code(&[0])
        .1
        .shows(&format!("shm:/{dead_name}"))
        .hides(&format!("shm:/{alive_name}"));
    assert!(!Path::new("/dev/shm").join(&dead_name).exists());
    let content = fs::read(Path::new("/dev/shm").join(&alive_name)).unwrap();
    assert!(content.starts_with(b"alive"));
    // Its semaphore, too, and what the dead one had is gone.
    let after = fs::read_dir("/dev/shm").unwrap().count();
    assert_eq!(after * 2, before.len(), "{before:?}");
}

/// The programs of a PostgreSQL server as Debian installs them.
fn postgresql(program: &str) -> PathBuf {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> =
        versions.map(|version| version.path().join("bin").join(program)).collect();
    found.retain(|path| path.exists());
    found.sort();
    found.pop().expect("PostgreSQL is not installed: apt-get install postgresql (Debian)")
}

struct Cluster {
    server: Running,
    directory: PathBuf,
}

/// The system user that the server runs as: it refuses root.
const USER: u32 = 65534;

fn as_user(program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", &USER.to_string(), "--regid", &USER.to_string(), "--clear-groups"])
        .arg(program)
        .env("LC_ALL", "C")
        .current_dir("/")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command
}

impl Cluster {
    fn start(env: &TestEnv, name: &str) -> Self {
        let directory = PathBuf::from(env.path(name));
        fs::create_dir(&directory).unwrap();
        isolation::mount_tmpfs(directory.to_str().unwrap(), "mode=700,size=512m");
        chown(&directory, Some(USER), Some(USER)).unwrap();
        let data = directory.join("data");
        let mut made = as_user(&postgresql("initdb"));
        let made = made.args(["--no-sync", "--auth=trust", "--username=test", "-D"]).arg(&data);
        assert!(forking::started(made).wait().unwrap().success(), "initdb");
        let mut command = as_user(&postgresql("postgres"));
        command.arg("-D").arg(&data).arg("-k").arg(&directory).args(["-h", ""]);
        command.args(["-c", "fsync=off", "-c", "dynamic_shared_memory_type=posix"]);
        command.args(["-c", "min_dynamic_shared_memory=1MB"]);
        let server = Running::start(&mut command);
        let cluster = Self { server, directory };
        wait_for("PostgreSQL", || cluster.answers());
        cluster
    }

    fn answers(&self) -> bool {
        let mut command = as_user(&postgresql("psql"));
        command.args(["-U", "test", "-d", "postgres", "-c", "select 1", "-h"]).arg(&self.directory);
        forking::started(&mut command).wait().unwrap().success()
    }
}

fn a_postgresql_server_keeps_running_and_what_its_killed_twin_left_goes() {
    let env = TestEnv::new();
    let alive = Cluster::start(&env, "alive");
    let mut dead = Cluster::start(&env, "dead");
    let all = env.run(["list", "shm", "--json", "--grace", "0"]).ok().objects();
    // Each has a small segment and memory by name.
    assert!(all.len() >= 4 && all.iter().all(|one| one["state"] == "in-use"), "{all:?}");
    dead.server.kill();
    let count = |state: &str| {
        let objects = env.run(["list", "shm", "--json", "--grace", "0"]).ok().objects();
        objects.iter().filter(|one| one["state"] == state).count()
    };
    // Its children are in groups of their own, and end when they notice.
    wait_for("the end of its children", || count("in-use") * 2 <= all.len());
    let (kept, left) = (count("in-use"), count("suspect"));
    assert_eq!((kept * 2, left * 2), (all.len(), all.len()));
    let cleaned = env.run(["clean", "--grace", "0", "--suspect=all", "--yes"]);
    cleaned.any_code(&[0]).1.shows(&format!("removed {left} objects"));
    assert!(alive.answers(), "the living server");
    let rest = env.run(["list", "shm", "--json", "--grace", "0"]).ok().objects();
    assert_eq!(rest.len(), kept);
}
