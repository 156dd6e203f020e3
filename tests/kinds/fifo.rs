//! Named pipes.

use std::fs;
use std::io::Read;
use std::os::unix::fs::symlink;

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::isolation;
use crate::makers::holder::{self, Holder};
use crate::makers::{fifo, odd, posix};

crate::cases![
    the_usual_directories_are_searched_two_levels_deep,
    the_users_runtime_directory_is_searched,
    a_tree_that_is_named_is_searched_whole,
    a_tree_that_is_not_there_is_told,
    links_and_other_file_systems_are_not_entered,
    one_that_is_open_is_found_wherever_it_is,
    one_that_is_open_and_removed_is_no_longer_an_object,
    capacity_and_content_are_told_while_it_is_open,
    without_a_holder_capacity_and_content_are_none,
    looking_takes_no_byte,
    looking_releases_nobody_who_waits_for_a_partner,
    a_relative_path_is_printed_absolute,
    a_path_without_a_slash_is_relative,
    a_file_that_is_no_fifo_is_left_alone,
    a_link_to_a_fifo_is_not_followed,
    a_missing_directory_is_exit_3_and_said,
    a_directory_that_may_not_be_written_is_exit_4,
    hostile_paths_are_listed_safely_and_each_address_removes_its_file,
    a_fifo_needs_a_path,
    rm_unused_leaves_an_open_fifo_alone,
    a_name_pattern_matches_the_whole_path
];

/// A process that has the FIFO open with these bytes in it.
fn open_with(path: &str, bytes: &'static [u8]) -> Holder {
    holder::holding(|| std::mem::forget(fifo::fill(path, bytes)))
}

/// The FIFOs of this test that a listing with these arguments finds. Other tests may have some open.
fn found(env: &TestEnv, arguments: &[&str]) -> Vec<String> {
    let (_, output) = env.run(["list", "fifo", "--json"].iter().chain(arguments)).any_code(&[0]);
    let is_ours = |address: &String| {
        !address.starts_with("fifo:/tmp/test-")
            || address.contains(&*env.directory().to_string_lossy())
    };
    output.addresses().into_iter().filter(is_ours).collect()
}

fn the_usual_directories_are_searched_two_levels_deep() {
    let env = TestEnv::new();
    fs::create_dir_all("/run/one/two").unwrap();
    for path in ["/run/top", "/run/one/below", "/run/one/two/deep"] {
        fifo::fifo(path, 0o600);
    }
    fifo::fifo("/tmp/top", 0o600);
    fifo::fifo(env.path("below"), 0o600);
    fifo::fifo(env.path("a/deep"), 0o600);
    let addresses = found(&env, &[]);
    for present in ["/run/top", "/run/one/below", "/tmp/top", &env.path("below")] {
        assert!(addresses.contains(&format!("fifo:{present}")), "no {present} in {addresses:?}");
    }
    for absent in ["/run/one/two/deep", &env.path("a/deep")] {
        assert!(!addresses.contains(&format!("fifo:{absent}")), "{absent} in {addresses:?}");
    }
}

fn the_users_runtime_directory_is_searched() {
    let env = TestEnv::new();
    let path = env.runtime_directory().join("control");
    fifo::fifo(&path, 0o600);
    assert!(found(&env, &[]).contains(&format!("fifo:{}", path.display())));
}

fn a_tree_that_is_named_is_searched_whole() {
    let env = TestEnv::new();
    let deep = env.path("tree/1/2/3/4/5");
    fs::create_dir_all(&deep).unwrap();
    let address = format!("fifo:{deep}/pipe");
    fifo::fifo(format!("{deep}/pipe"), 0o600);
    assert!(!found(&env, &[]).contains(&address));
    assert!(found(&env, &["--fifo-dir", &env.path("tree")]).contains(&address));
    // More than one, and relative to where the user stands.
    let more = found(&env, &["--fifo-dir", &env.path("a"), "--fifo-dir", "tree/1"]);
    assert!(more.contains(&address), "{more:?}");
}

// A mistyped directory must not look like one without FIFOs.
fn a_tree_that_is_not_there_is_told() {
    let env = TestEnv::new();
    fifo::fifo(env.path("pipe"), 0o600);
    for path in [env.path("mistyped"), env.path("pipe")] {
        let output = env.run(["list", "fifo", "--fifo-dir", &path, "--json"]).code(1);
        output.says("warning").says(&path);
        assert!(output.warnings().iter().any(|warning| warning.to_string().contains(&path)));
        assert!(output.addresses().contains(&format!("fifo:{}", env.path("pipe"))));
    }
}

fn links_and_other_file_systems_are_not_entered() {
    let env = TestEnv::new();
    for directory in ["elsewhere/1/2", "tree/mounted"] {
        fs::create_dir_all(env.path(directory)).unwrap();
    }
    fifo::fifo(env.path("elsewhere/1/2/pipe"), 0o600);
    symlink(env.path("elsewhere"), env.path("tree/link")).unwrap();
    symlink(".", env.path("tree/loop")).unwrap();
    isolation::mount_tmpfs(&env.path("tree/mounted"), "mode=755");
    fifo::fifo(env.path("tree/mounted/pipe"), 0o600);
    fifo::fifo(env.path("tree/pipe"), 0o600);
    let addresses = found(&env, &["--fifo-dir", &env.path("tree")]);
    let below = |part: &str| addresses.iter().filter(|address| address.contains(part)).count();
    assert_eq!(
        (below("tree/pipe"), below("link"), below("loop"), below("mounted")),
        (1, 0, 0, 0),
        "{addresses:?}"
    );
}

fn one_that_is_open_is_found_wherever_it_is() {
    let env = TestEnv::new();
    let path = env.path("a/b/pipe");
    fifo::fifo(&path, 0o600);
    let address = format!("fifo:{path}");
    assert!(!found(&env, &[]).contains(&address));
    let _holder = open_with(&path, b"");
    assert!(found(&env, &[]).contains(&address));
}

fn one_that_is_open_and_removed_is_no_longer_an_object() {
    let env = TestEnv::new();
    let path = env.path("pipe");
    fifo::fifo(&path, 0o600);
    let _holder = open_with(&path, b"");
    fs::remove_file(&path).unwrap();
    assert!(!found(&env, &[]).iter().any(|address| address.contains(&path)));
    // Not even when another file has taken its path.
    fs::write(&path, "").unwrap();
    assert!(!found(&env, &[]).iter().any(|address| address.contains(&path)));
}

fn capacity_and_content_are_told_while_it_is_open() {
    let env = TestEnv::new();
    let path = env.path("pipe");
    fifo::fifo(&path, 0o600);
    let _holder = holder::holding(|| {
        let file = fifo::fill(&path, b"twelve bytes");
        fifo::set_capacity(&file, 16384);
        std::mem::forget(file);
    });
    let object = env.show(&format!("fifo:{path}"));
    assert_eq!((&object["queued"], &object["capacity"]), (&json!(12), &json!(16384)));
    assert!(object["content"].as_str().unwrap().contains("queued"), "{object}");
    env.run(["list", &format!("fifo:{path}")]).ok().shows("12 B queued");
}

fn without_a_holder_capacity_and_content_are_none() {
    let env = TestEnv::new();
    fifo::fifo(env.path("pipe"), 0o600);
    // Other users' processes could have it open where they cannot be read, so this may be said in a note.
    let object =
        env.run(["show", &format!("fifo:{}", env.path("pipe")), "--json"]).any_code(&[0]).1.only();
    assert_eq!((&object["queued"], &object["capacity"]), (&Value::Null, &Value::Null));
    assert_eq!((&object["size"], &object["content"]), (&Value::Null, &Value::Null));
    assert!(
        object["inode"].is_u64() && object["created"].is_string() | object["created"].is_null(),
        "{object}"
    );
}

fn looking_takes_no_byte() {
    let env = TestEnv::new();
    let path = env.path("pipe");
    fifo::fifo(&path, 0o600);
    let mut file = fifo::fill(&path, b"keep");
    let address = format!("fifo:{path}");
    for verb in ["list", "show"] {
        env.run([verb, &address]).ok();
    }
    let mut bytes = [0; 4];
    file.read_exact(&mut bytes).unwrap();
    assert_eq!(&bytes, b"keep");
}

// Opening it, even without waiting, would let the other side's open return.
fn looking_releases_nobody_who_waits_for_a_partner() {
    let env = TestEnv::new();
    let (pipe, mark) = (env.path("pipe"), env.path("released"));
    fifo::fifo(&pipe, 0o600);
    for reader in [true, false] {
        let _waiter = holder::blocking(
            || (),
            || {
                let _file = fs::OpenOptions::new().read(reader).write(!reader).open(&pipe).unwrap();
                fs::write(&mark, "").unwrap();
                holder::pause();
            },
        );
        let address = format!("fifo:{pipe}");
        for arguments in [vec!["list", "fifo"], vec!["list", &address], vec!["show", &address]] {
            let _ = env.run(&arguments).any_code(&[0]);
        }
        env.run(["set", &address, "--mode", "0640"]).ok();
        env.run(["rm", "--unused", &address]).any_code(&[1]).1.says(&address);
        assert!(!fs::exists(&mark).unwrap(), "a waiter's open returned");
    }
}

fn a_relative_path_is_printed_absolute() {
    let env = TestEnv::new();
    let absolute = format!("fifo:{}", env.path("pipe"));
    env.run(["create", "fifo:./pipe"]).ok().prints(&format!("{absolute}\n"));
    assert_eq!(env.show("fifo:./pipe")["address"], absolute);
    assert_eq!(env.show(&absolute)["name"], env.path("pipe"));
}

fn a_path_without_a_slash_is_relative() {
    let env = TestEnv::new();
    env.run(["create", "fifo:pipe"]).ok().prints(&format!("fifo:{}\n", env.path("pipe")));
    env.run(["rm", "fifo:pipe"]).ok();
    assert!(!fs::exists(env.path("pipe")).unwrap());
}

fn a_file_that_is_no_fifo_is_left_alone() {
    let env = TestEnv::new();
    fs::write(env.path("file"), "precious").unwrap();
    fs::create_dir(env.path("directory")).unwrap();
    for name in ["file", "directory"] {
        let address = format!("fifo:{}", env.path(name));
        for arguments in
            [vec!["show", &address], vec!["set", &address, "--mode", "0666"], vec!["rm", &address]]
        {
            env.run(&arguments).code(3).prints("").says(&address).says("not a fifo");
        }
        env.run(["create", &address]).code(6);
    }
    assert_eq!(fs::read(env.path("file")).unwrap(), b"precious");
    assert!(fs::metadata(env.path("directory")).unwrap().is_dir());
}

// Removing through it would remove the link and leave the FIFO that the address seemed to name.
fn a_link_to_a_fifo_is_not_followed() {
    let env = TestEnv::new();
    fifo::fifo(env.path("pipe"), 0o600);
    symlink(env.path("pipe"), env.path("link")).unwrap();
    let link = format!("fifo:{}", env.path("link"));
    let there = format!("the address of a FIFO behind it is fifo:{}", env.path("pipe"));
    for words in
        [&["rm"][..], &["recv"], &["send", "--nonblock"], &["show"], &["set", "--mode", "600"]]
    {
        env.run(words.iter().copied().chain([&*link])).code(3).says("not a FIFO").says(&there);
    }
    assert!(fs::symlink_metadata(env.path("link")).is_ok());
    assert!(!found(&env, &[]).contains(&format!("fifo:{}", env.path("link"))));
    // By way of another link, with a name that would be a line of its own.
    fifo::fifo(env.path("na\nme"), 0o600);
    symlink(env.path("na\nme"), env.path("hostile")).unwrap();
    symlink("hostile", env.path("chain")).unwrap();
    let real = format!("fifo:{}", env.path("na%0Ame"));
    env.run(["show", &format!("fifo:{}", env.path("hostile"))])
        .code(3)
        .says("na%0Ame, not a FIFO")
        .says(&real);
    env.run(["show", &format!("fifo:{}", env.path("chain"))])
        .code(3)
        .says("a symbolic link to hostile, not a FIFO")
        .says(&real);
    symlink("nowhere", env.path("dangling")).unwrap();
    env.run(["show", &format!("fifo:{}", env.path("dangling"))])
        .code(3)
        .says("a symbolic link to nowhere")
        .says("nothing can be found where it leads");
    symlink("/etc", env.path("elsewhere")).unwrap();
    env.run(["show", &format!("fifo:{}", env.path("elsewhere"))])
        .code(3)
        .says("it leads to /etc, which is a directory");
}

fn a_missing_directory_is_exit_3_and_said() {
    let env = TestEnv::new();
    env.run(["create", &format!("fifo:{}", env.path("no/pipe"))])
        .code(3)
        .prints("")
        .says("directory");
}

fn a_directory_that_may_not_be_written_is_exit_4() {
    let env = TestEnv::new();
    fs::set_permissions(env.directory(), std::os::unix::fs::PermissionsExt::from_mode(0o555))
        .unwrap();
    env.command(["create", "fifo:pipe"]).unprivileged().run().code(4).says("permission denied");
}

fn hostile_paths_are_listed_safely_and_each_address_removes_its_file() {
    let env = TestEnv::new();
    for name in &odd::HOSTILE_NAMES {
        let file: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(name.bytes);
        fifo::fifo(env.directory().join(file), 0o600);
    }
    env.run(["list", "fifo"]).any_code(&[0]).1.is_safe_on_a_terminal();
    let addresses = found(&env, &[]);
    for name in &odd::HOSTILE_NAMES {
        let printed = format!("fifo:{}{}", env.directory().display(), name.printed);
        let address = addresses.iter().find(|address| address.starts_with(&printed));
        env.run(["rm", address.unwrap_or_else(|| panic!("no {printed} in {addresses:?}"))]).ok();
    }
    let left = fs::read_dir(env.directory()).unwrap().map(|entry| entry.unwrap().file_name());
    assert_eq!(left.collect::<Vec<_>>(), ["a"], "only the directory that is always there");
}

fn a_fifo_needs_a_path() {
    let env = TestEnv::new();
    for address in ["fifo", "fifo:"] {
        env.run(["create", address]).code(2).prints("").says("path");
    }
}

fn rm_unused_leaves_an_open_fifo_alone() {
    let env = TestEnv::new();
    let path = env.path("pipe");
    fifo::fifo(&path, 0o600);
    let holder = open_with(&path, b"");
    let output = env.run(["rm", "--unused", &format!("fifo:{path}")]).code(1);
    output.says("open").says(&holder.pid().to_string());
    assert!(fs::exists(&path).unwrap());
}

fn a_name_pattern_matches_the_whole_path() {
    let env = TestEnv::new();
    posix::shared_memory("/x.ctl", 1, 0o600);
    for name in ["x.ctl", "y.ctl", "x.dat"] {
        fifo::fifo(env.path(name), 0o600);
    }
    let pattern = format!("{}/*.ctl", env.directory().display());
    let addresses = found(&env, &["--name", &pattern]);
    assert_eq!(
        addresses,
        [format!("fifo:{}", env.path("x.ctl")), format!("fifo:{}", env.path("y.ctl"))]
    );
}
