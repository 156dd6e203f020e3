//! Process ids that lie: those of other pid namespaces, and numbers that were used again.

use serde_json::Value;

use crate::env::TestEnv;
use crate::isolation;
use crate::makers::{holder, posix, sysv};

crate::cases![
    in_a_pid_namespace_the_makers_outside_are_unknown_and_never_gone,
    in_a_pid_namespace_what_the_kernel_counts_still_counts,
    a_process_in_a_pid_namespace_keeps_what_its_own_number_names,
    the_number_of_a_dead_creator_that_was_used_again_does_not_keep_its_segment;
    SeveralUsers: hidden_processes_are_not_taken_for_gone_ones
];

/// Runs a program in a pid namespace of its own, with its own view of the processes.
fn inside(env: &TestEnv, words: &[&str]) -> Value {
    let unshare = ["--pid", "--fork", "--mount-proc", "--"];
    env.tool("unshare", unshare.iter().chain(words)).run().ok().only()
}

fn show_inside(env: &TestEnv, address: &str) -> Value {
    inside(env, &[isolation::PROGRAM, "show", address, "--grace", "0", "--json"])
}

fn in_a_pid_namespace_the_makers_outside_are_unknown_and_never_gone() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    let shown = show_inside(&env, &format!("shm:{id}"));
    assert_eq!((&shown["state"], &shown["creator_pid"]), (&"unknown".into(), &Value::Null));
    assert!(shown["evidence"].to_string().contains("cannot be seen from this pid namespace"));
    // A set whose last operator is outside.
    let set = sysv::set_with(env.key(), &[1], 0o600);
    sysv::operate(set, 0, 1);
    assert_eq!(show_inside(&env, &format!("sem:{set}"))["state"], "unknown");
}

fn in_a_pid_namespace_what_the_kernel_counts_still_counts() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    posix::shared_memory("/m", 4096, 0o600);
    let _holder = holder::holding(|| {
        sysv::attach(id);
        posix::map("/m");
    });
    for address in [format!("shm:{id}"), "shm:/m".into()] {
        assert_eq!(show_inside(&env, &address)["state"], "in-use", "{address}");
    }
}

// It writes the number that it has inside into the name; outside that number may be nobody's.
fn a_process_in_a_pid_namespace_keeps_what_its_own_number_names() {
    let env = TestEnv::new();
    let script = "
import os, subprocess, sys, time
# Numbers inside are small and taken outside: one that is nobody's outside is looked for.
def taken(pid):
    return os.path.exists(f'/proc/{pid}')
outside = {int(name) for name in os.listdir('/proc') if name.isdigit()}
free = next(n for n in range(300, 4000000) if n not in outside)
inner = '''
import os, sys, time
open('/proc/sys/kernel/ns_last_pid', 'w').write(str(int(sys.argv[1]) - 1))
pid = os.fork()
if pid == 0:
    open(f'/dev/shm/torch_{os.getpid()}_1', 'w').write('x')
    print(os.getpid(), flush=True)
    time.sleep(600)
os.wait()
'''
child = subprocess.Popen(['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', sys.executable, '-c', inner, str(free)], stdout=subprocess.PIPE, text=True)
pid = child.stdout.readline().strip()
assert pid == str(free), (pid, free)
print(subprocess.run([sys.argv[1], 'show', f'shm:/torch_{pid}_1', '--grace', '0', '--json'], capture_output=True, text=True).stdout)
child.kill()
";
    let shown =
        env.tool("python3", ["-c", script, isolation::PROGRAM]).run().any_code(&[0]).1.only();
    assert!(["idle", "suspect"].contains(&shown["state"].as_str().unwrap()), "{shown}");
}

fn the_number_of_a_dead_creator_that_was_used_again_does_not_keep_its_segment() {
    let env = TestEnv::new();
    let script = "
import ctypes, os, subprocess, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def process(work):
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(0)
    return pid
def at(pid, work):
    # The next process gets the number after the last one.
    for _ in range(1000):
        open('/proc/sys/kernel/ns_last_pid', 'w').write(str(pid - 1))
        got = process(work)
        if got == pid:
            return
        os.kill(got, 9)
        os.waitpid(got, 0)
    sys.exit('the number could not be had again')
creator = process(lambda: libc.shmget(0x5eed, 4096, 0o1600))
os.waitpid(creator, 0)
time.sleep(4)
at(creator, lambda: time.sleep(600))
print(subprocess.run([sys.argv[1], 'show', 'shm:0x5eed', '--grace', '0', '--json'], capture_output=True, text=True).stdout)
";
    let shown = inside(&env, &["python3", "-c", script, isolation::PROGRAM]);
    let evidence = shown["evidence"].to_string();
    assert!(evidence.contains("a later process has its number"), "{evidence}");
    assert_eq!(shown["state"], "suspect", "{evidence}");
}

fn hidden_processes_are_not_taken_for_gone_ones() {
    let env = TestEnv::new();
    let key = env.key();
    let _creator = holder::holding(|| {
        sysv::segment(key, 4096, 0o666);
    });
    let queue = sysv::queue(env.key(), 0o666);
    let show = |address: &str| {
        let script = "mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid 65534 --regid 65534 --clear-groups -- \"$@\"";
        let words = [
            "-m",
            "sh",
            "-c",
            script,
            "sh",
            isolation::PROGRAM,
            "show",
            address,
            "--grace",
            "0",
            "--json",
        ];
        env.tool("unshare", words).run().ok().only()
    };
    let segment = show(&format!("shm:{key:#x}"));
    assert!(["idle", "unknown"].contains(&segment["state"].as_str().unwrap()), "{segment}");
    assert_eq!(show(&format!("mq:{queue}"))["state"], "unknown");
}
