//! What util-linux tests of its own `ipcs`, `ipcmk` and `ipcrm`, said anew: objects come and go through the
//! tools, headings stand where scripts look for them, and limits are those of the kernel.

use std::fs;

use crate::tools::Tools;

crate::cases![
    segments_are_made_and_removed,
    sets_are_made_and_removed,
    queues_are_made_and_removed,
    headings_stand_above_every_listing,
    limits_are_those_of_the_kernel;
    Limits: limits_follow_the_kernel
];

/// Makes with `ipcmk`, looks with `ipcs`, removes by id and by key with `ipcrm`.
fn come_and_go(option: &str, said: &str, letter: &str, id_option: &str, key_option: &str) {
    let tools = Tools::new();
    let rows = || -> Vec<(String, String)> {
        let output = tools.run(&format!("ipcs {letter}")).ok();
        let rows = output.lines().into_iter().filter(|line| line.starts_with("0x"));
        rows.map(|row| {
            let mut fields = row.split_whitespace().map(str::to_owned);
            (fields.next().unwrap(), fields.next().unwrap())
        })
        .collect()
    };
    for round in 0..4 {
        let made = tools.run(&format!("ipcmk {option}")).ok();
        let id = made.stdout().trim().strip_prefix(said).unwrap().trim().to_owned();
        let listed = rows();
        assert_eq!(listed.len(), 1, "{listed:?}");
        let (key, listed_id) = &listed[0];
        assert_eq!(*listed_id, id);
        let removal = if round % 2 == 0 {
            format!("ipcrm {id_option} {id}")
        } else {
            format!("ipcrm {key_option} {key}")
        };
        tools.run(&removal).ok().prints("");
        assert!(rows().is_empty(), "{removal}: {:?}", rows());
        tools.run(&removal).code(1);
    }
}

fn segments_are_made_and_removed() {
    come_and_go("-M 524288", "Shared memory id:", "-m", "-m", "-M");
}

fn sets_are_made_and_removed() {
    come_and_go("-S 10", "Semaphore id:", "-s", "-s", "-S");
}

fn queues_are_made_and_removed() {
    come_and_go("-Q", "Message queue id:", "-q", "-q", "-Q");
}

fn headings_stand_above_every_listing() {
    let tools = Tools::new();
    for (line, title, heading) in [
        ("ipcs -q", "Message Queues", "key msqid owner perms used-bytes messages"),
        ("ipcs -m", "Shared Memory Segments", "key shmid owner perms bytes nattch status"),
        ("ipcs -s", "Semaphore Arrays", "key semid owner perms nsems"),
        ("ipcs -q -t", "Message Queues Send/Recv/Change Times", "msqid owner send recv change"),
        (
            "ipcs -m -t",
            "Shared Memory Attach/Detach/Change Times",
            "shmid owner attached detached changed",
        ),
        ("ipcs -s -t", "Semaphore Operation/Change Times", "semid owner last-op last-changed"),
        ("ipcs -q -p", "Message Queues PIDs", "msqid owner lspid lrpid"),
        ("ipcs -m -p", "Shared Memory Creator/Last-op PIDs", "shmid owner cpid lpid"),
        ("ipcs -q -c", "Message Queues Creators/Owners", "msqid perms cuid cgid uid gid"),
        ("ipcs -m -c", "Shared Memory Segment Creators/Owners", "shmid perms cuid cgid uid gid"),
        ("ipcs -s -c", "Semaphore Arrays Creators/Owners", "semid perms cuid cgid uid gid"),
    ] {
        let output = tools.run(line).ok();
        let lines = output.lines();
        assert_eq!(lines.len(), 4, "{line}: {lines:?}");
        assert_eq!(lines[1], format!("------ {title} --------"), "{line}");
        let words: Vec<&str> = lines[2].split_whitespace().collect();
        assert_eq!(words.join(" "), heading, "{line}");
        assert!((lines[0], lines[3]) == ("", ""), "{line}: {lines:?}");
    }
}

fn knob(name: &str) -> String {
    fs::read_to_string(format!("/proc/sys/kernel/{name}")).unwrap().trim().to_owned()
}

fn limit(tools: &Tools, words: &str) -> String {
    let output = tools.run("ipcs -l -b").ok();
    let line = output.lines().into_iter().find(|line| line.starts_with(words));
    let line = line.unwrap_or_else(|| panic!("no line for {words}\n{}", output.stdout()));
    line.split(" = ").nth(1).unwrap().to_owned()
}

fn limits_are_those_of_the_kernel() {
    let tools = Tools::new();
    for (words, name) in [
        ("max queues system wide", "msgmni"),
        ("max size of message", "msgmax"),
        ("default max size of queue", "msgmnb"),
        ("max number of segments", "shmmni"),
        ("max seg size", "shmmax"),
    ] {
        assert_eq!(limit(&tools, words), knob(name), "{words}");
    }
    let sem = knob("sem");
    let sem: Vec<&str> = sem.split_whitespace().collect();
    for (words, at) in [
        ("max semaphores per array", 0),
        ("max semaphores system wide", 1),
        ("max ops per semop call", 2),
        ("max number of arrays", 3),
    ] {
        assert_eq!(limit(&tools, words), sem[at], "{words}");
    }
}

fn limits_follow_the_kernel() {
    let tools = Tools::new();
    for (name, value, words, expected) in [
        ("msgmni", "1234", "max queues system wide", "1234"),
        ("msgmax", "4321", "max size of message", "4321"),
        ("msgmnb", "5555", "default max size of queue", "5555"),
        ("shmmni", "77", "max number of segments", "77"),
        ("shmmax", "1234567", "max seg size", "1234567"),
        ("shmall", "100", "max total shared memory", "409600"),
    ] {
        tools.env.set_limit(&format!("kernel.{name}"), value);
        assert_eq!(limit(&tools, words), expected, "{name}");
    }
    tools.env.set_limit("kernel.sem", "11 22 33 44");
    assert_eq!(limit(&tools, "max semaphores per array"), "11");
    assert_eq!(limit(&tools, "max semaphores system wide"), "22");
    assert_eq!(limit(&tools, "max ops per semop call"), "33");
    assert_eq!(limit(&tools, "max number of arrays"), "44");
    tools.run("lsipc -g -s -r -o RESOURCE,LIMIT").ok().shows("SEMMNI 44\n").shows("SEMOPM 33\n");
    tools.run("lsipc -g -m -r -o RESOURCE,LIMIT").ok().shows("SHMMNI 77\n").shows("SHMALL 100\n");
}
