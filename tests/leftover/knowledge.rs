//! Who may know of an object: each way of handing a name or a number on, to a process that lives and to one that has ended.

use std::fs::File;
use std::process::Stdio;

use crate::env::{Running, TestEnv};
use crate::leftover::{NOBODY_HOME, expect, judged};
use crate::makers::{forking, holder, holding, lost, posix, sysv};
use crate::pty::Terminal;

crate::cases![;
    SeveralUsers: memory_of_a_crashed_python_program_is_a_leftover_beside_living_daemons,
    a_living_process_of_the_program_may_have_been_told_the_name,
    an_interpreter_under_another_name_is_told_by_what_it_has_loaded,
    a_process_whose_main_thread_has_ended_may_run_any_program,
    a_python_program_of_another_user_accuses_nobody,
    a_worker_that_ended_may_have_handed_its_name_on_to_its_main_process,
    a_script_that_was_there_may_have_been_told_the_name,
    a_script_on_standard_input_is_no_prompt,
    a_loop_that_a_person_typed_is_a_script,
    a_name_in_arguments_or_environment_was_told,
    a_person_at_a_prompt_accuses_nobody_of_a_random_name,
    a_script_that_cleans_up_does_not_accuse_itself_unless_it_has_exported_the_name,
    a_person_at_a_prompt_may_know_the_number_of_a_queue_but_not_of_memory_that_only_its_maker_used,
    a_script_that_cleans_up_may_know_a_number,
    a_copy_of_a_maker_that_has_ended_keeps_what_it_made,
    a_living_process_group_keeps_what_its_leader_made,
    a_number_in_a_name_protects_only_by_a_process_that_could_have_made_it,
    a_process_with_the_capability_to_open_it_counts_and_one_in_a_user_namespace_of_its_own_does_not,
    an_access_control_list_lets_a_process_open_it,
    a_process_that_reaches_no_mount_of_the_file_system_does_not_count,
    in_a_container_what_crashed_there_is_a_leftover,
    in_a_container_that_shares_its_memory_nobody_outside_is_forgotten
];

const NAME: &str = "psm_0a1b2c3d";
const ADDRESS: &str = "shm:/psm_0a1b2c3d";
const OTHER: u32 = 70_778;

/// Memory that a Python program of a user left when it crashed.
fn crash() {
    holder::as_user(NOBODY_HOME, || posix::shared_memory("/psm_0a1b2c3d", 4096, 0o600));
}

/// A program of this user that waits for nothing, started with these arguments.
fn waiting(env: &TestEnv, uid: u32, program: &str, arguments: &[&str]) -> Running {
    let started = env.tool(program, arguments).by_user(uid).start();
    started.wait_until_asleep();
    started
}

/// A script that waits without a child.
const SCRIPT: &str = "exec 3<>\"$1\"; read line <&3; read line <&3";

/// Runs a script of this user until it is dropped.
fn script(env: &TestEnv, uid: u32, before: &str) -> Running {
    let pipe = pipe(env);
    waiting(env, uid, "bash", &["-c", &format!("{before}{SCRIPT}"), "job", &pipe])
}

fn pipe(env: &TestEnv) -> String {
    let path = env.path("pipe");
    if !std::path::Path::new(&path).exists() {
        crate::makers::fifo::fifo(&path, 0o666);
    }
    path
}

fn copied(env: &TestEnv, program: &str, name: &str) -> String {
    use std::os::unix::fs::PermissionsExt;
    // A copy may be held open for writing by what another test starts meanwhile.
    let path = env.path(name);
    forking::undisturbed(|| {
        std::fs::copy(std::fs::canonicalize(program).unwrap(), &path).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    });
    path
}

fn python(env: &TestEnv, uid: u32) -> Running {
    waiting(env, uid, "/usr/bin/python3", &["-c", "import time; time.sleep(600)"])
}

#[track_caller]
fn suspect_of(env: &TestEnv, address: &str, process: &Running, why: &str) {
    let evidence = expect(env, address, "suspect");
    let named = format!("({}) {why}", process.pid());
    assert!(evidence.contains(&named), "{named}: {evidence}");
}

fn memory_of_a_crashed_python_program_is_a_leftover_beside_living_daemons() {
    let env = TestEnv::new();
    let _daemon = holder::holding_as(NOBODY_HOME, || ());
    let _roots = holder::holding(|| ());
    let _sleeper = waiting(&env, NOBODY_HOME, "sleep", &["600"]);
    crash();
    let evidence = expect(&env, ADDRESS, "leftover");
    assert!(evidence.contains("a random name of Python"), "{evidence}");
    // He finds it himself, too.
    let own = env.command(["clean", "--grace", "0", "--yes", "shm"]).by_user(NOBODY_HOME).run();
    own.code(0).shows(ADDRESS).shows("removed 1 object,");
}

fn a_living_process_of_the_program_may_have_been_told_the_name() {
    let env = TestEnv::new();
    crash();
    let living = python(&env, NOBODY_HOME);
    suspect_of(&env, ADDRESS, &living, "runs that program");
    drop(living);
    expect(&env, ADDRESS, "leftover");
}

fn an_interpreter_under_another_name_is_told_by_what_it_has_loaded() {
    let env = TestEnv::new();
    crash();
    let frozen = copied(&env, "/usr/bin/python3", "application");
    let code = "import _posixshmem, time; time.sleep(600)";
    let started = env.tool(&frozen, ["-c", code]).by_user(NOBODY_HOME).env("PYTHONHOME", "/usr");
    let living = started.start();
    living.wait_until_asleep();
    suspect_of(&env, ADDRESS, &living, "runs that program");
    drop(living);
    expect(&env, ADDRESS, "leftover");
}

// The kernel shows nothing of its memory any more: neither its executable nor what it has loaded.
fn a_process_whose_main_thread_has_ended_may_run_any_program() {
    let env = TestEnv::readable();
    let user = 70_831;
    holder::as_user(user, || posix::shared_memory("/psm_0a1b2c3d", 4096, 0o600));
    let living = holder::headless_as(user, || holding::on_a_thread(|| ()));
    let evidence = expect(&env, ADDRESS, "suspect");
    assert!(evidence.contains(&format!("({}) runs that program", living.pid())), "{evidence}");
    drop(living);
    expect(&env, ADDRESS, "leftover");
}

fn a_python_program_of_another_user_accuses_nobody() {
    let env = TestEnv::new();
    crash();
    let _other = python(&env, OTHER);
    // Servers have daemons of the superuser's in Python.
    let roots = env.tool("/usr/bin/python3", ["-c", "import time; time.sleep(600)"]).start();
    roots.wait_until_asleep();
    expect(&env, ADDRESS, "leftover");
    let code = "import _posixshmem, time; time.sleep(600)";
    let using = env.tool("/usr/bin/python3", ["-c", code]).start();
    using.wait_until_asleep();
    suspect_of(&env, ADDRESS, &using, "runs that program");
}

fn a_worker_that_ended_may_have_handed_its_name_on_to_its_main_process() {
    let env = TestEnv::new();
    let worker = holder::holding(|| ());
    let name = format!("/torch_{}_1_0", worker.pid());
    holder::as_user(NOBODY_HOME, || posix::shared_memory(&name, 4096, 0o600));
    let main = python(&env, NOBODY_HOME);
    let address = format!("shm:{name}");
    drop(worker);
    suspect_of(&env, &address, &main, "runs that program");
    env.run(["clean", "--grace", "0", "--yes", "shm"]).code(0).shows("nothing to clean");
    drop(main);
    expect(&env, &address, "leftover");
}

fn a_script_that_was_there_may_have_been_told_the_name() {
    let env = TestEnv::new();
    let living = script(&env, NOBODY_HOME, "");
    crash();
    suspect_of(&env, ADDRESS, &living, "runs a script");
    drop(living);
    let perl = waiting(&env, NOBODY_HOME, "perl", &["-e", "sleep 600"]);
    suspect_of(&env, ADDRESS, &perl, "runs a script");
    drop(perl);
    let _other = script(&env, OTHER, "");
    expect(&env, ADDRESS, "leftover");
}

/// A shell that reads what it does from here.
fn shell_reading(env: &TestEnv, input: Stdio) -> Running {
    let run = env.tool("bash", ["--norc"]).by_user(NOBODY_HOME).env("HISTFILE", "");
    let run = run.start_with(input, Stdio::null());
    run.wait_until_asleep();
    run
}

/// A shell at a terminal, and the end at which a person sits.
fn prompt(env: &TestEnv) -> (Running, Terminal) {
    let (terminal, input) = Terminal::open(80);
    (shell_reading(env, Stdio::from(input)), terminal)
}

fn a_script_on_standard_input_is_no_prompt() {
    let env = TestEnv::new();
    let path = pipe(&env);
    let input = File::options().read(true).write(true).open(path).unwrap();
    let living = shell_reading(&env, Stdio::from(input));
    crash();
    suspect_of(&env, ADDRESS, &living, "runs a script");
    drop(living);
    expect(&env, ADDRESS, "leftover");
}

fn a_loop_that_a_person_typed_is_a_script() {
    use std::io::Write;
    let env = TestEnv::new();
    let (_shell, mut terminal) = prompt(&env);
    let (pipe, told) = (pipe(&env), env.path("told"));
    let line = format!("( exec 3<>{pipe}; echo $BASHPID > {told}; read line <&3 ) &\n");
    std::os::unix::fs::chown(env.directory(), Some(NOBODY_HOME), None).unwrap();
    terminal.master().write_all(line.as_bytes()).unwrap();
    let pid = loop {
        match std::fs::read_to_string(&told) {
            Ok(text) if text.ends_with('\n') => break text.trim().to_owned(),
            _ => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    };
    crash();
    let evidence = expect(&env, ADDRESS, "suspect");
    assert!(evidence.contains(&format!("({pid}) runs a script")), "{evidence}");
}

fn a_name_in_arguments_or_environment_was_told() {
    let env = TestEnv::new();
    crash();
    let consumer = copied(&env, "/usr/bin/tail", "consumer");
    let by_argument = waiting(&env, NOBODY_HOME, &consumer, &["-f", "/dev/null", "--", NAME]);
    suspect_of(&env, ADDRESS, &by_argument, "was started with it");
    drop(by_argument);
    let by_variable = env.tool(&consumer, ["-f", "/dev/null"]).by_user(NOBODY_HOME);
    let by_variable = by_variable.env("FRAMES", format!("/{NAME},4096")).start();
    by_variable.wait_until_asleep();
    suspect_of(&env, ADDRESS, &by_variable, "was started with it");
    drop(by_variable);
    let _another =
        waiting(&env, NOBODY_HOME, &consumer, &["-f", "/dev/null", "--", "psm_0a1b2c3e"]);
    expect(&env, ADDRESS, "leftover");
}

fn a_person_at_a_prompt_accuses_nobody_of_a_random_name() {
    let env = TestEnv::new();
    let _prompt = prompt(&env);
    crash();
    expect(&env, ADDRESS, "leftover");
}

fn a_script_that_cleans_up_does_not_accuse_itself_unless_it_has_exported_the_name() {
    let env = TestEnv::new();
    crash();
    let program = crate::isolation::PROGRAM;
    let clean = |before: &str| {
        let script = format!("{before} {program} clean --dry-run --grace 0 shm; true");
        let run = env.tool("bash", ["-c", &script]).by_user(NOBODY_HOME).run();
        run.any_code(&[0]).1
    };
    clean("").shows("would remove 1 object,");
    clean(&format!("export FRAMES={NAME};")).shows("nothing to clean");
    clean(&format!("echo {NAME};")).shows("nothing to clean");
}

/// The address of the only object of a facility.
#[track_caller]
fn only(env: &TestEnv, facility: &str) -> String {
    let object = env.run(["list", facility, "--json", "-o", "address"]).ok().only();
    object["address"].as_str().unwrap().to_owned()
}

fn a_person_at_a_prompt_may_know_the_number_of_a_queue_but_not_of_memory_that_only_its_maker_used()
{
    let env = TestEnv::new();
    let (shell, _terminal) = prompt(&env);
    holder::as_user(NOBODY_HOME, || {
        sysv::attach_and_detach(sysv::segment(sysv::PRIVATE, 4096, 0o600));
        sysv::queue(sysv::PRIVATE, 0o600);
        sysv::set_with(sysv::PRIVATE, &[1], 0o600);
    });
    expect(&env, &only(&env, "shm"), "leftover");
    suspect_of(&env, &only(&env, "mq"), &shell, "was there");
    suspect_of(&env, &only(&env, "sem"), &shell, "was there");
    drop(shell);
    for facility in ["mq", "sem"] {
        expect(&env, &only(&env, facility), "leftover");
    }
}

fn a_script_that_cleans_up_may_know_a_number() {
    let env = TestEnv::new();
    let program = crate::isolation::PROGRAM;
    let script = format!(
        "q=$({program} create mq); {program} clean --yes --grace 0; {program} send $q word && {program} recv $q"
    );
    let run = env.tool("bash", ["-c", &script]).by_user(NOBODY_HOME).run();
    run.any_code(&[0]).1.shows("nothing to clean").shows("word");
    assert_eq!(judged(&env, &only(&env, "mq")).0, "leftover", "the script has ended");
}

fn a_copy_of_a_maker_that_has_ended_keeps_what_it_made() {
    let env = TestEnv::new();
    // It makes its set, forks, and ends; the copy is of a session of its own and has run no other program.
    let daemon = "use POSIX; $s=semget(0,1,0600|512); semctl($s,0,16,1); exit if fork; setsid; open F,\">$ARGV[0]\"; print F $$; close F; sleep 600";
    std::os::unix::fs::chown(env.directory(), Some(NOBODY_HOME), None).unwrap();
    let file = env.path("pid");
    env.tool("perl", ["-e", daemon, &file]).by_user(NOBODY_HOME).run().any_code(&[0]);
    let pid: libc::pid_t = loop {
        match std::fs::read_to_string(&file).map(|text| text.parse()) {
            Ok(Ok(pid)) => break pid,
            _ => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    };
    let address = only(&env, "sem");
    let evidence = expect(&env, &address, "suspect");
    assert!(evidence.contains(&format!("perl({pid}) was there")), "{evidence}");
    holding::kill_stranger(pid);
    expect(&env, &address, "leftover");
}

fn a_living_process_group_keeps_what_its_leader_made() {
    let env = TestEnv::new();
    let consumer = copied(&env, "/usr/bin/tail", "consumer");
    let leader = format!(
        "setpgrp; shmget(0,4096,0600|512); if(!fork){{ exec '{consumer}','-f','/dev/null' }}"
    );
    let run = env.tool("perl", ["-e", &leader]).by_user(NOBODY_HOME).run();
    run.any_code(&[0]);
    let evidence = expect(&env, &only(&env, "shm"), "idle");
    assert!(evidence.contains("its creator's process group lives: consumer("), "{evidence}");
    let pid = evidence.rsplit("consumer(").next().unwrap().split(')').next().unwrap();
    holding::kill_stranger(pid.parse().unwrap());
    expect(&env, &only(&env, "shm"), "leftover");
}

fn a_number_in_a_name_protects_only_by_a_process_that_could_have_made_it() {
    let env = TestEnv::new();
    let process = holder::holding_as(OTHER, || ());
    let name = format!("/doublemapper_{}", process.pid());
    holder::as_user(NOBODY_HOME, || posix::shared_memory(&name, 4096, 0o600));
    expect(&env, &format!("shm:{name}"), "leftover");
    let own = holder::holding_as(NOBODY_HOME, || ());
    let name = format!("/doublemapper_{}", own.pid());
    holder::as_user(NOBODY_HOME, || posix::shared_memory(&name, 4096, 0o600));
    let evidence = expect(&env, &format!("shm:{name}"), "idle");
    assert!(evidence.contains("of its name runs"), "{evidence}");
}

fn a_process_with_the_capability_to_open_it_counts_and_one_in_a_user_namespace_of_its_own_does_not()
{
    let env = TestEnv::new();
    crash();
    let setpriv = |capability: &str, more: &[&str]| {
        let id = OTHER.to_string();
        let mut words = vec!["--reuid", &id, "--regid", &id, "--clear-groups"];
        words.extend(["--inh-caps", capability, "--ambient-caps", capability]);
        words.extend(more);
        words.extend(["/usr/bin/python3", "-c", "import time; time.sleep(600)"]);
        let run = env.tool("setpriv", words).start();
        run.wait_until_asleep();
        run
    };
    for capability in ["+dac_override", "+dac_read_search"] {
        let able = setpriv(capability, &[]);
        suspect_of(&env, ADDRESS, &able, "runs that program");
    }
    let other = setpriv("+ipc_owner", &[]);
    expect(&env, ADDRESS, "leftover");
    drop(other);
    // It has every capability there, and none that opens the file of a user who has no number there.
    let apart =
        setpriv("+net_raw", &["unshare", "--user", "--map-root-user", "--kill-child", "--fork"]);
    expect(&env, ADDRESS, "leftover");
    drop(apart);
    // The same for the number of a segment.
    holder::as_user(NOBODY_HOME, || {
        sysv::segment(sysv::PRIVATE, 4096, 0o600);
    });
    std::fs::remove_file(format!("/dev/shm/{NAME}")).unwrap();
    let able = setpriv("+ipc_owner", &[]);
    suspect_of(&env, &only(&env, "shm"), &able, "was there");
    drop(able);
    let _other = setpriv("+dac_override", &[]);
    expect(&env, &only(&env, "shm"), "leftover");
}

fn an_access_control_list_lets_a_process_open_it() {
    let env = TestEnv::new();
    crash();
    let _living = python(&env, OTHER);
    expect(&env, ADDRESS, "leftover");
    lost::give_access(&format!("/dev/shm/{NAME}"), OTHER);
    suspect_of(&env, ADDRESS, &_living, "runs that program");
}

fn a_process_that_reaches_no_mount_of_the_file_system_does_not_count() {
    let env = TestEnv::new();
    crash();
    let code = "import time; time.sleep(600)";
    let script = "mount -t tmpfs none /dev/shm && umount -l /dev/shm && umount -l /dev/shm; exec setpriv --reuid 70777 --regid 70777 --clear-groups /usr/bin/python3 -c \"$0\"";
    let far = env.tool("unshare", ["-m", "sh", "-c", script, code]).start();
    far.wait_until_asleep();
    expect(&env, ADDRESS, "leftover");
    let near = python(&env, NOBODY_HOME);
    suspect_of(&env, ADDRESS, &near, "runs that program");
}

/// Shows an object from a container: pid and IPC namespaces of its own.
fn inside(env: &TestEnv, first: &str) -> (String, String) {
    let script = format!(
        "{first} printf x > /dev/shm/{NAME}; exec {} show {ADDRESS} --grace 0 --json",
        crate::isolation::PROGRAM
    );
    let unshare = ["--pid", "--ipc", "--mount", "--fork", "--mount-proc", "sh", "-c", &script];
    let shown = env.tool("unshare", unshare).run().ok().only();
    (shown["state"].as_str().unwrap().to_owned(), shown["evidence"].to_string())
}

fn in_a_container_what_crashed_there_is_a_leftover() {
    let env = TestEnv::new();
    let (state, evidence) = inside(&env, "mount -t tmpfs none /dev/shm;");
    assert_eq!(state, "leftover", "{evidence}");
}

fn in_a_container_that_shares_its_memory_nobody_outside_is_forgotten() {
    let env = TestEnv::new();
    // Starts of processes are told in hundredths of a second.
    std::thread::sleep(std::time::Duration::from_millis(30));
    let (state, evidence) = inside(&env, "");
    assert_eq!(state, "suspect", "{evidence}");
    assert!(evidence.contains("not every process could be seen"), "{evidence}");
}
