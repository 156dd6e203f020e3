//! POSIX shared memory, and the entries of `/dev/shm` that are none.

use std::fs;
use std::os::unix::fs::MetadataExt;

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::isolation;
use crate::makers::odd::{self, HOSTILE_NAMES, STRANGERS};
use crate::makers::{holder, posix};

crate::cases![
    the_file_behind_it_is_told,
    a_sparse_object_has_its_length_but_not_its_memory,
    creating_what_exists_leaves_every_byte,
    creating_an_empty_object_is_allowed,
    a_smaller_object_does_not_fit,
    growing_keeps_the_content,
    shrinking_what_nobody_holds_is_done,
    shrinking_what_is_mapped_is_refused_without_force,
    force_without_a_size_is_a_mistake,
    rm_unused_leaves_mapped_memory_alone,
    removing_what_is_mapped_frees_its_name,
    hostile_names_are_listed_safely_and_each_address_removes_its_file,
    a_hostile_name_is_created_as_it_is_meant,
    the_longest_names_are_names_and_one_byte_more_is_none,
    strangers_are_no_objects_and_nothing_follows_them,
    strangers_cannot_be_changed_or_removed_as_shared_memory,
    files_that_only_look_like_semaphores_are_shared_memory,
    an_address_that_create_prints_is_never_a_semaphores,
    a_fifo_in_the_directory_is_a_fifo,
    a_full_file_system_is_exit_7_and_nothing_is_left_behind,
    a_read_only_file_system_is_named,
    an_unreadable_directory_is_a_warning_and_exit_1,
    without_a_name_there_is_nothing_to_create
];

fn the_file_behind_it_is_told() {
    let env = TestEnv::new();
    posix::shared_memory("/frames", 5000, 0o640);
    fs::write("/dev/shm/frames", [1; 5000]).unwrap();
    let file = fs::metadata("/dev/shm/frames").unwrap();
    let object = env.show("shm:/frames");
    for (key, expected) in [
        ("name", json!("/frames")),
        ("size", json!(5000)),
        ("allocated", json!(file.blocks() * 512)),
        ("inode", json!(file.ino())),
        ("links", json!(1)),
        ("device", json!(format!("{}:{}", libc::major(file.dev()), libc::minor(file.dev())))),
    ] {
        assert_eq!(object[key], expected, "{key}: {object}");
    }
    for time in ["created", "modified", "accessed", "changed"] {
        assert!(object[time].is_string(), "{time}: {object}");
    }
}

fn a_sparse_object_has_its_length_but_not_its_memory() {
    let env = TestEnv::new();
    posix::shared_memory("/sparse", 1 << 30, 0o600);
    let object = env.show("shm:/sparse");
    assert_eq!((&object["size"], &object["allocated"]), (&json!(1 << 30), &json!(0)));
    env.run(["list", "shm:/sparse"]).ok().shows("1.0G");
    env.run(["list", "shm:/sparse", "--bytes"]).ok().shows("1073741824").hides("1.0G");
}

// The tool that this one replaces cuts an existing object to the new size and calls that success.
fn creating_what_exists_leaves_every_byte() {
    let env = TestEnv::new();
    posix::shared_memory("/data", 5, 0o600);
    fs::write("/dev/shm/data", b"bytes").unwrap();
    env.run(["create", "shm:/data", "--size", "2"]).code(6).prints("").says("shm:/data");
    env.run(["create", "shm:/data", "--size", "2", "--if-missing"]).code(6).prints("");
    env.run(["create", "shm:/data", "--size", "5", "--if-missing"]).ok().prints("shm:/data\n");
    assert_eq!(fs::read("/dev/shm/data").unwrap(), b"bytes");
}

fn creating_an_empty_object_is_allowed() {
    let env = TestEnv::new();
    env.run(["create", "shm:/empty", "--size", "0"]).ok().prints("shm:/empty\n");
    assert_eq!(env.show("shm:/empty")["size"], 0);
}

fn a_smaller_object_does_not_fit() {
    let env = TestEnv::new();
    posix::shared_memory("/small", 100, 0o600);
    env.run(["create", "shm:/small", "--size", "200", "--if-missing"])
        .code(6)
        .prints("")
        .says("100")
        .says("200");
    assert_eq!(fs::metadata("/dev/shm/small").unwrap().len(), 100);
}

fn growing_keeps_the_content() {
    let env = TestEnv::new();
    posix::shared_memory("/grow", 4, 0o600);
    fs::write("/dev/shm/grow", b"keep").unwrap();
    let _holder = holder::holding(|| posix::map("/grow"));
    env.run(["set", "shm:/grow", "--size", "6"]).ok().prints("");
    assert_eq!(fs::read("/dev/shm/grow").unwrap(), b"keep\0\0");
}

fn shrinking_what_nobody_holds_is_done() {
    let env = TestEnv::new();
    posix::shared_memory("/free", 8192, 0o600);
    env.run(["set", "shm:/free", "--size", "4K"]).ok();
    assert_eq!(fs::metadata("/dev/shm/free").unwrap().len(), 4096);
}

// The holder has no descriptor open, only the mapping: that is how shared memory is used.
fn shrinking_what_is_mapped_is_refused_without_force() {
    let env = TestEnv::new();
    posix::shared_memory("/held", 8192, 0o600);
    let _holder = holder::holding(|| posix::map("/held"));
    let output = env.run(["set", "shm:/held", "--size", "4K", "--mode", "0644"]).code(1);
    output.says("shm:/held").says("--force").says("SIGBUS");
    let file = fs::metadata("/dev/shm/held").unwrap();
    assert_eq!((file.len(), file.mode() & 0o777), (8192, 0o600), "nothing is done by halves");
    env.run(["set", "shm:/held", "--size", "4K", "--force"]).ok();
    assert_eq!(fs::metadata("/dev/shm/held").unwrap().len(), 4096);
}

fn force_without_a_size_is_a_mistake() {
    let env = TestEnv::new();
    posix::shared_memory("/x", 1, 0o600);
    env.run(["set", "shm:/x", "--force"]).code(2).says("--size");
}

fn rm_unused_leaves_mapped_memory_alone() {
    let env = TestEnv::new();
    posix::shared_memory("/held", 1, 0o600);
    posix::shared_memory("/free", 1, 0o600);
    let holder = holder::holding(|| posix::map("/held"));
    env.run(["rm", "--unused", "shm:/held", "shm:/free"])
        .code(1)
        .says("shm:/held")
        .says_not("shm:/free");
    assert!(fs::exists("/dev/shm/held").unwrap());
    assert!(!fs::exists("/dev/shm/free").unwrap());
    drop(holder);
    env.run(["rm", "--unused", "shm:/held"]).ok();
    assert!(!fs::exists("/dev/shm/held").unwrap());
}

fn removing_what_is_mapped_frees_its_name() {
    let env = TestEnv::new();
    posix::shared_memory("/held", 1, 0o600);
    let _holder = holder::holding(|| posix::map("/held"));
    env.run(["rm", "shm:/held"]).code(0);
    env.run(["show", "shm:/held"]).code(3);
    env.run(["create", "shm:/held", "--size", "1"]).ok();
}

fn hostile_names_are_listed_safely_and_each_address_removes_its_file() {
    let env = TestEnv::new();
    odd::hostile_names();
    for format in ["table", "json", "jsonl", "csv", "plain"] {
        let output = env.run(["list", "shm", "--format", format]).ok();
        if format == "plain" {
            let is_whole = |line: &&str| line.split('\t').count() == 9;
            assert!(output.lines().iter().all(is_whole), "{}", output.report());
            assert_eq!(output.lines().len(), HOSTILE_NAMES.len(), "{}", output.report());
        } else {
            output.is_safe_on_a_terminal();
        }
    }
    let addresses = env.run(["list", "shm", "--json"]).ok().addresses();
    assert_eq!(addresses.len(), HOSTILE_NAMES.len());
    for name in &HOSTILE_NAMES {
        let starts_right = |address: &&String| address["shm:".len()..].starts_with(name.printed);
        let address = addresses.iter().find(starts_right);
        let address = address.unwrap_or_else(|| panic!("no {} among {addresses:?}", name.printed));
        assert!(
            !address.contains(char::is_whitespace) && address.is_ascii(),
            "{address:?} does not survive a shell"
        );
        env.run(["show", address]).ok().shows(address).is_safe_on_a_terminal();
        env.run(["rm", address]).ok();
        assert!(
            fs::symlink_metadata(odd::path_of(name.bytes)).is_err(),
            "{address} is still there"
        );
        env.run(["rm", address]).code(3).says(address).is_safe_on_a_terminal();
    }
    assert_eq!(fs::read_dir("/dev/shm").unwrap().count(), 0);
}

fn a_hostile_name_is_created_as_it_is_meant() {
    let env = TestEnv::new();
    env.run(["create", "shm:/a%0Ab%FF", "--size", "1"]).ok().prints("shm:/a%0Ab%FF\n");
    assert!(fs::symlink_metadata(odd::path_of(b"a\nb\xff")).is_ok());
    // The name itself means the same as its encoded form.
    let raw = std::ffi::OsString::from("shm:/a\nb");
    env.run(["create".into(), raw, "--size".into(), "1".into()]).ok().prints("shm:/a%0Ab\n");
    // A per cent sign that begins no code stands for itself.
    env.run(["create", "shm:/100%", "--size", "1"]).ok().prints("shm:/100%25\n");
    assert!(fs::symlink_metadata(odd::path_of(b"100%")).is_ok());
}

fn the_longest_names_are_names_and_one_byte_more_is_none() {
    let env = TestEnv::new();
    let (memory, semaphore) = odd::longest_names();
    let addresses = [format!("shm:{memory}"), format!("sem:{semaphore}")];
    assert_eq!(env.run(["list", "shm", "sem", "--json"]).ok().addresses(), addresses);
    // Nothing is cut in a table that does not go to a terminal.
    env.run(["list"]).any_code(&[0]).1.shows(&addresses[0]).shows(&addresses[1]);
    env.run(["rm", &addresses[0], &addresses[1]]).ok();
    assert_eq!(fs::read_dir("/dev/shm").unwrap().count(), 0);
    env.run(["create", &format!("shm:/{}", "m".repeat(255)), "--size", "1"]).ok();
    env.run(["create", &format!("shm:/{}", "m".repeat(256)), "--size", "1"]).code(2).says("255");
    env.run(["create", &format!("sem:/{}", "s".repeat(252))]).code(2).says("251");
}

fn strangers_are_no_objects_and_nothing_follows_them() {
    let env = TestEnv::new();
    odd::strangers();
    posix::shared_memory("/real", 1, 0o600);
    let output = env.run(["list", "shm", "sem", "--json"]).code(0);
    assert_eq!(output.addresses(), ["shm:/real"], "{}", output.report());
    // They are told, once, where a person can see it.
    output.says("/dev/shm").says("directory").is_safe_on_a_terminal();
    for name in STRANGERS {
        let facility = if name.starts_with("sem.") { "sem" } else { "shm" };
        let address = format!("{facility}:/{}", name.trim_start_matches("sem."));
        let output = env.run(["show", &address]).code(3);
        // A link to a file that only root may read must not tell anything of that file.
        output.prints("").says(&address);
    }
}

fn strangers_cannot_be_changed_or_removed_as_shared_memory() {
    let env = TestEnv::new();
    odd::strangers();
    let before: Vec<u32> = STRANGERS.iter().map(|name| mode_of(name)).collect();
    let target = fs::symlink_metadata("/etc/shadow").map(|file| file.mode()).ok();
    for name in STRANGERS {
        let facility = if name.starts_with("sem.") { "sem" } else { "shm" };
        let address = format!("{facility}:/{}", name.trim_start_matches("sem."));
        env.run(["set", &address, "--mode", "0666"]).code(3);
        env.run(["rm", &address]).code(3);
    }
    let after: Vec<u32> = STRANGERS.iter().map(|name| mode_of(name)).collect();
    assert_eq!(after, before);
    assert_eq!(fs::symlink_metadata("/etc/shadow").map(|file| file.mode()).ok(), target);
}

fn mode_of(name: &str) -> u32 {
    fs::symlink_metadata(odd::path_of(name.as_bytes())).expect(name).mode()
}

// Mapping an empty file and reading from it is SIGBUS: an unprivileged user could kill a listing.
fn files_that_only_look_like_semaphores_are_shared_memory() {
    let env = TestEnv::new();
    odd::false_semaphores();
    let output = env.run(["list", "shm", "sem", "--json"]).ok();
    let addresses = output.addresses();
    for name in ["sem.empty", "sem.junk"] {
        assert!(addresses.contains(&format!("shm:/{name}")), "{}", output.report());
        env.run(["show", &format!("sem:{}", name.replace("sem.", "/"))]).code(3);
    }
    // 32 bytes of noise have the size of a semaphore: listed as one, under an address that removes it.
    assert!(addresses.contains(&"sem:/noise".to_owned()), "{}", output.report());
    env.run(["show", "sem:/noise"]).ok();
    env.run(["rm", "shm:/sem.empty", "shm:/sem.junk", "sem:/noise"]).ok();
    assert_eq!(fs::read_dir("/dev/shm").unwrap().count(), 0);
}

// A file of this name and size would be a semaphore from the moment it is made.
fn an_address_that_create_prints_is_never_a_semaphores() {
    let env = TestEnv::new();
    let (code, output) = env.run(["create", "shm:/sem.x", "--size", "32"]).any_code(&[0, 1, 2]);
    if code == 0 {
        env.run(["show", output.stdout().trim_end()]).ok();
    } else {
        assert_eq!(fs::read_dir("/dev/shm").unwrap().count(), 0);
    }
    // Nor does a new size turn one into the other.
    env.run(["create", "shm:/sem.y", "--size", "31"]).ok();
    let _ = env.run(["set", "shm:/sem.y", "--size", "32"]).any_code(&[0, 1, 2]);
    env.run(["show", "shm:/sem.y"]).ok();
}

fn a_fifo_in_the_directory_is_a_fifo() {
    let env = TestEnv::new();
    odd::strangers();
    let output = env.run(["list", "fifo", "--json"]).any_code(&[0]).1;
    assert!(output.addresses().contains(&"fifo:/dev/shm/pipe".to_owned()), "{}", output.report());
    env.run(["rm", "fifo:/dev/shm/pipe"]).ok();
    assert!(!fs::exists("/dev/shm/pipe").unwrap());
}

fn a_full_file_system_is_exit_7_and_nothing_is_left_behind() {
    let env = TestEnv::new();
    isolation::mount_tmpfs("/dev/shm", "nr_inodes=2,mode=1777");
    env.run(["create", "shm:/one", "--size", "1"]).ok();
    for address in ["shm:/two", "sem:/two"] {
        let (option, value) =
            if address.starts_with("shm") { ("--size", "1") } else { ("--value", "1") };
        env.run(["create", address, option, value]).code(7).prints("").says("full");
    }
    assert_eq!(fs::read_dir("/dev/shm").unwrap().count(), 1);
}

fn a_read_only_file_system_is_named() {
    let env = TestEnv::new();
    posix::shared_memory("/there", 1, 0o600);
    isolation::make_read_only("/dev/shm");
    env.run(["create", "shm:/new", "--size", "1"]).code(1).says("read-only");
    env.run(["rm", "shm:/there"]).code(1).says("read-only");
    assert_eq!(env.run(["list", "shm", "--json"]).ok().addresses(), ["shm:/there"]);
}

fn an_unreadable_directory_is_a_warning_and_exit_1() {
    let env = TestEnv::new();
    posix::shared_memory("/there", 1, 0o600);
    fs::set_permissions("/dev/shm", std::os::unix::fs::PermissionsExt::from_mode(0o311)).unwrap();
    let run = |arguments: &[&str]| env.command(arguments).unprivileged().run().code(1);
    run(&["list", "shm"]).says("warning").says("/dev/shm").says("permission denied");
    let output = run(&["list", "shm", "--json"]);
    assert_eq!(output.json()["objects"], json!([]));
    let is_told = |warning: &Value| warning.to_string().contains("/dev/shm");
    assert!(output.warnings().iter().any(is_told), "{}", output.report());
}

fn without_a_name_there_is_nothing_to_create() {
    let env = TestEnv::new();
    for address in ["shm:/", "shm:/a/b", "shm:/.", "shm:/..", "shm:name"] {
        env.run(["create", address, "--size", "1"]).code(2).prints("");
    }
    assert_eq!(fs::read_dir("/dev/shm").unwrap().count(), 0);
}
