//! What the lists of the machine protect: keep lists and tmpfiles.d(5).

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use crate::env::TestEnv;
use crate::isolation;
use crate::leftover::judged;
use crate::makers::posix;

crate::cases![
    what_tmpfiles_provides_or_excludes_is_never_taken,
    a_facility_of_a_later_version_in_a_list_is_a_warning,
    another_path_to_a_file_keeps_it
];

const CLEAN: [&str; 6] = ["clean", "shm", "--grace", "0", "--suspect=all", "--yes"];

fn there() -> Vec<String> {
    let entries = fs::read_dir("/dev/shm").unwrap().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn what_tmpfiles_provides_or_excludes_is_never_taken() {
    let env = TestEnv::new();
    isolation::mount_tmpfs("/etc", "mode=755");
    isolation::mount_tmpfs("/usr/lib/tmpfiles.d", "mode=755");
    fs::create_dir("/etc/tmpfiles.d").unwrap();
    fs::write("/usr/lib/tmpfiles.d/a.conf", "f /dev/shm/overridden\n").unwrap();
    fs::write("/etc/tmpfiles.d/a.conf", "f+! /dev/shm/provided 0600 - - - x\nx /dev/shm/ca*\n")
        .unwrap();
    fs::write("/usr/lib/tmpfiles.d/b.conf", "f /dev/shm/masked\n").unwrap();
    symlink("/dev/null", "/etc/tmpfiles.d/b.conf").unwrap();
    fs::write("/usr/lib/tmpfiles.d/c.conf", "\nf /dev/shm/%A\nd /dev/shm/directory\n").unwrap();
    for name in ["/provided", "/cache", "/overridden", "/masked", "/directory"] {
        posix::shared_memory(name, 4096, 0o600);
    }
    let output = env.run(CLEAN).code(0);
    output.shows("removed 3 objects,").shows("2 idle (it is kept)");
    assert_eq!(there(), ["cache", "provided"]);
    let note = "/usr/lib/tmpfiles.d/c.conf line 2 protects nothing: %A cannot be resolved";
    assert_eq!(output.stderr().matches(note).count(), 1, "{}", output.report());
    let (state, evidence) = judged_loudly(&env, "shm:/provided");
    assert!(state == "idle" && evidence.contains("/etc/tmpfiles.d/a.conf line 1 provides it"));
    let (_, evidence) = judged_loudly(&env, "shm:/cache");
    assert!(evidence.contains("/etc/tmpfiles.d/a.conf line 2 keeps it"), "{evidence}");
    fs::remove_file("/etc/tmpfiles.d/a.conf").unwrap();
    posix::shared_memory("/overridden", 4096, 0o600);
    env.run(CLEAN).code(0).shows("removed 2 objects,");
    assert_eq!(there(), ["overridden"]);
}

/// As [`judged`], where something is noted on standard error.
fn judged_loudly(env: &TestEnv, address: &str) -> (String, String) {
    let object = env.run(["show", address, "--grace", "0", "--json", "-q"]).ok().only();
    (object["state"].as_str().unwrap().to_owned(), object["evidence"].to_string())
}

fn a_facility_of_a_later_version_in_a_list_is_a_warning() {
    let env = TestEnv::new();
    isolation::mount_tmpfs("/etc", "mode=755");
    fs::create_dir("/etc/ipcctl").unwrap();
    fs::write("/etc/ipcctl/keep", "later:/x\nshm:/kept#1\n").unwrap();
    for name in ["/kept#1", "/goes"] {
        posix::shared_memory(name, 4096, 0o600);
    }
    let output = env.run(CLEAN).code(0);
    output.shows("removed 1 object,");
    let warning =
        "warning: /etc/ipcctl/keep line 1 keeps nothing: this version has no facility later";
    assert_eq!(output.stderr().matches(warning).count(), 1, "{}", output.report());
    assert_eq!(there(), ["kept#1"]);
    // A path from the current directory is another one in each run.
    fs::write("/etc/ipcctl/keep", "sock:./x\n").unwrap();
    env.run(CLEAN).code(1).says("line 1: a path in a list begins with /");
}

fn another_path_to_a_file_keeps_it() {
    let env = TestEnv::new();
    isolation::mount_tmpfs("/etc", "mode=755");
    fs::create_dir("/etc/ipcctl").unwrap();
    let (real, linked) = (env.path("real"), env.path("linked"));
    fs::create_dir(&real).unwrap();
    symlink(&real, &linked).unwrap();
    for name in ["kept", "other"] {
        drop(UnixListener::bind(format!("{real}/{name}")).unwrap());
    }
    fs::write("/etc/ipcctl/keep", format!("sock:{linked}/kept\n")).unwrap();
    let (kept, other) = (format!("sock:{real}/kept"), format!("sock:{real}/other"));
    // Two seconds after it was made nothing is said of a socket file.
    let settled = || judged(&env, &other).0 == "leftover";
    while !settled() {
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    env.run(["clean", "--yes", &kept, &other]).any_code(&[0]).1.shows("removed 1 object,");
    assert!(fs::exists(format!("{real}/kept")).unwrap());
    assert!(!fs::exists(format!("{real}/other")).unwrap());
}
