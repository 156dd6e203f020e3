//! `list --trouble` and the columns about those who hold and wait.

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::makers::{holder, holding, kernel, posix, sysv};
use crate::output::Output;

crate::cases![
    a_segment_that_is_marked_for_removal_is_unlinked,
    an_unknown_word_is_exit_2_and_the_words_are_named,
    who_waits_is_told_apart_from_who_holds,
    the_pids_and_descriptors_of_holders_are_words,
    since_is_the_point_in_time_behind_the_age;
    SeveralUsers: each_trouble_of_a_pipe_is_told_with_its_evidence,
    a_fifo_has_the_troubles_of_pipes,
    what_flows_and_what_waits_for_good_reason_is_in_no_trouble
];

/// Runs a script in a pid namespace of its own, whose processes can all be read.
pub fn script(env: &TestEnv, text: &str) -> Output {
    let path = std::path::Path::new(crate::isolation::PROGRAM).parent().unwrap().display();
    let shell = env.tool("bash", ["-uc", text]).env("PATH", format!("{path}:/usr/bin:/bin"));
    shell.first(kernel::in_a_pid_namespace_with_proc).run().ok()
}

/// The objects of a document, by the word of their trouble.
fn by_trouble(output: &Output) -> Vec<(String, Value)> {
    let word = |one: &Value| one["trouble"].as_str().unwrap_or("-").to_owned();
    output.objects().iter().map(|one| (word(one), one.clone())).collect()
}

fn each_trouble_of_a_pipe_is_told_with_its_evidence() {
    let env = TestEnv::new();
    let output = script(
        &env,
        "bash -c 'out=$( { setsid sleep 600 & }; echo done )' &
        yes | sleep 601 &
        : | bash -c 'exec 3>/proc/self/fd/0; read line' &
        bash -c 'exec 3> >(sleep 0.2); echo lost >&3; exec sleep 602' &
        all='broken full leaked-fd self-held '
        while all_at_once=$(ipcctl list pipe --trouble --json -o address,trouble,trouble-evidence,used-by)
            words=$(printf %s \"$all_at_once\" | grep -o '\"trouble\":\"[a-z-]*' | cut -d'\"' -f4 | sort)
            [ \"$(printf '%s ' $words)\" != \"$all\" ]
        do sleep 0.3; done
        printf '%s\\n' \"$all_at_once\"",
    );
    let found = by_trouble(&output);
    assert_eq!(found.len(), 4, "{}", output.report());
    for (word, evidence) in [
        ("full", "waits to write to it as fd 1"),
        ("broken", "5 bytes are in it, and no process can read them any more"),
        ("self-held", "waits to read from it, and has it open for writing itself as fd 3"),
        ("leaked-fd", "keeps it open for writing as fd 1, and its parent is gone"),
    ] {
        let (_, object) = found.iter().find(|(one, _)| one == word).unwrap();
        let lines = object["trouble_evidence"].to_string();
        assert!(lines.contains(evidence), "{word}: {lines}");
        // What is said of every writer is said with what cannot be seen from a pid namespace.
        let of_all = ["self-held", "leaked-fd"].contains(&word);
        assert_eq!(lines.contains("outside of this pid namespace"), of_all, "{word}: {lines}");
    }
}

fn a_fifo_has_the_troubles_of_pipes() {
    let env = TestEnv::new();
    let output = script(
        &env,
        "mkfifo both; bash -c 'exec 3<>both; read -u 3 line' &
        until [ \"$(ipcctl list fifo --trouble=self-held --format plain -o address | wc -l)\" = 1 ]
        do sleep 0.1; done
        ipcctl list fifo --trouble --json -o address,trouble",
    );
    let object = output.only();
    assert_eq!(object["trouble"], "self-held");
    assert!(object["address"].as_str().unwrap().ends_with("/both"), "{object}");
}

// A reader of a slow writer, a copy in full flow, the reader of a terminal's bytes: none of them is accused.
fn what_flows_and_what_waits_for_good_reason_is_in_no_trouble() {
    let env = TestEnv::new();
    let output = script(
        &env,
        "yes | cat > /dev/null & sleep 600 | cat & { echo left; } | sleep 600 &
        (exec 3< <(exec sleep 600); read -u 3 line) &
        sleep 3
        for n in 1 2 3 4 5; do ipcctl list pipe --json -o address,trouble; done
        ipcctl list pipe --trouble --no-headings -o address,trouble,trouble-evidence >&2",
    );
    assert_eq!(output.stderr(), "", "{}", output.report());
    assert!(output.stdout().matches("\"trouble\":null").count() >= 20, "{}", output.report());
}

fn a_segment_that_is_marked_for_removal_is_unlinked() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    let _holder = holder::holding(|| {
        sysv::attach(id);
    });
    let other = sysv::segment(env.key(), 4096, 0o600);
    sysv::mark_for_removal(id);
    let output = env.run(["list", "shm", "--trouble=unlinked", "--json", "-o", "address"]);
    assert_eq!(output.code(0).addresses(), [format!("shm:{id}")]);
    let object = env.show(&format!("shm:{id}"));
    assert_eq!(object["trouble"], "unlinked");
    assert!(object["trouble_evidence"][0].as_str().unwrap().contains("marked for removal"));
    assert_eq!(env.show(&format!("shm:{other}"))["trouble"], Value::Null);
    let output = env.run(["list", "shm", "--trouble=full,broken", "--json", "-o", "address"]);
    assert_eq!(output.code(0).addresses(), [""; 0]);
}

fn an_unknown_word_is_exit_2_and_the_words_are_named() {
    let env = TestEnv::new();
    env.run(["list", "--trouble=nonsense"]).code(2).says("leaked-fd").prints("");
}

fn who_waits_is_told_apart_from_who_holds() {
    let env = TestEnv::new();
    let queue = sysv::queue(env.key(), 0o600);
    let receiver = holder::blocking(|| (), || holding::receive(queue));
    let object = env.show(&format!("mq:{queue}"));
    assert_eq!(
        (&object["used_by"], &object["state"]),
        (&Value::Null, &json!("in-use")),
        "{object}"
    );
    assert_eq!(object["waits"][0]["pid"], receiver.pid(), "{object}");
    assert_eq!(object["waits"][0]["how"], json!(["waiting in msgrcv"]));
    posix::message_queue("/jobs", 1, 16, 0o600);
    let receiver = holder::blocking(|| (), || holding::receive_posix("/jobs"));
    let object = env.show("mq:/jobs");
    assert_eq!(object["used_by"][0]["how"], json!(["open r"]), "{object}");
    assert_eq!(object["waits"][0]["how"], json!(["waiting in mq_receive"]), "{object}");
    let listed = env.run(["list", "mq:/jobs", "--format", "plain", "-o", "pids,waits"]).ok();
    listed.shows(&format!("{}\t", receiver.pid())).shows(&format!("({})", receiver.pid()));
}

fn the_pids_and_descriptors_of_holders_are_words() {
    let env = TestEnv::new();
    posix::shared_memory("/frames", 4096, 0o600);
    let hold = || {
        let fd = holding::open("/dev/shm/frames", libc::O_RDONLY);
        holding::copy(fd, 200);
        holding::copy(fd, 201);
        holding::close(fd);
    };
    let (one, two) = (holder::holding(hold), holder::holding(hold));
    let mut pids = [one.pid(), two.pid()];
    pids.sort_unstable();
    let [one, two] = pids;
    let plain = env.run(["list", "shm:/frames", "--format", "plain", "-o", "pids,fds"]).ok();
    plain.prints(&format!("{one} {two}\t{one}/200 {one}/201 {two}/200 {two}/201\n"));
    let object = env.run(["list", "shm:/frames", "--json", "-o", "pids,fds"]).ok().only();
    assert_eq!(object["pids"], json!([one, two]));
    assert_eq!(object["fds"][0], format!("{one}/200"));
}

fn since_is_the_point_in_time_behind_the_age() {
    let env = TestEnv::new();
    posix::shared_memory("/frames", 4096, 0o600);
    let object = env.run(["list", "shm:/frames", "--json", "-o", "since,created"]).ok().only();
    assert_eq!(object["since"], object["created"]);
    assert!(object["since"].as_str().unwrap().ends_with('Z'), "{object}");
}
