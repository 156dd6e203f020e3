//! Files that are mapped shared.

use std::fs;
use std::os::unix::fs::MetadataExt;

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::makers::holder::{self, Holder};
use crate::makers::{mapped, posix};

crate::cases![
    a_mapped_file_is_told_with_who_maps_it,
    what_is_mapped_to_read_is_listed_with_all_alone,
    a_private_mapping_is_none,
    shared_memory_is_no_mapped_file,
    bytes_are_read_and_written_with_force_alone,
    a_file_that_nobody_maps_is_exit_3,
    a_path_has_to_show_that_it_is_one;
    // Only root can look behind a mapping that no path leads to.
    SeveralUsers: a_path_that_leads_to_another_file_is_not_its_address
];

/// A process that has mapped a file of one page.
fn mapping(path: &str, writable: bool) -> Holder {
    fs::write(path, [b'm'; 4096]).unwrap();
    holder::holding(|| {
        let place = mapped::map(path, writable);
        if writable {
            mapped::put(place, b'M');
        }
    })
}

fn addresses(env: &TestEnv, arguments: &[&str]) -> Vec<String> {
    env.run(["list", "map", "--json"].iter().chain(arguments)).any_code(&[0]).1.addresses()
}

fn a_mapped_file_is_told_with_who_maps_it() {
    let env = TestEnv::new();
    let path = env.path("data");
    let holder = mapping(&path, true);
    let object = env.show(&format!("map:{path}"));
    for (key, value) in [
        ("size", json!(4096)),
        ("mappings", json!(1)),
        ("dirty", json!(4096)),
        ("links", json!(1)),
        ("name", json!(path)),
        ("state", json!("in-use")),
        ("owner", json!("root")),
    ] {
        assert_eq!(object[key], value, "{key} of {object}");
    }
    assert_eq!(object["used_by"][0]["pid"], holder.pid(), "{object}");
    assert_eq!(object["used_by"][0]["how"], json!(["mapped rw"]), "{object}");
    assert!(addresses(&env, &[]).contains(&format!("map:{path}")));
    let plain = env.run(["list", "--json"]).any_code(&[0]).1.addresses();
    assert!(!plain.contains(&format!("map:{path}")), "only when it is asked for: {plain:?}");
}

fn what_is_mapped_to_read_is_listed_with_all_alone() {
    let env = TestEnv::new();
    let path = env.path("data");
    let _holder = mapping(&path, false);
    let address = format!("map:{path}");
    assert!(!addresses(&env, &[]).contains(&address));
    assert!(addresses(&env, &["--all"]).contains(&address));
    assert_eq!(env.show(&address)["used_by"][0]["how"], json!(["mapped r"]));
}

fn a_private_mapping_is_none() {
    let env = TestEnv::new();
    let path = env.path("data");
    fs::write(&path, [0; 4096]).unwrap();
    let _holder = holder::holding(|| crate::makers::holding::map_privately(&path));
    env.run(["show", &format!("map:{path}")]).code(3);
}

fn shared_memory_is_no_mapped_file() {
    let env = TestEnv::new();
    posix::shared_memory("/frames", 4096, 0o600);
    let _holder = holder::holding(|| posix::map("/frames"));
    assert!(!addresses(&env, &["--all"]).iter().any(|one| one.contains("/dev/shm/frames")));
    // What lies in a directory of it has no other address.
    fs::create_dir("/dev/shm/place").unwrap();
    let _below = mapping("/dev/shm/place/data", true);
    assert!(addresses(&env, &[]).contains(&"map:/dev/shm/place/data".to_owned()));
}

fn a_path_that_leads_to_another_file_is_not_its_address() {
    let env = TestEnv::new();
    let path = env.path("data");
    let holder = mapping(&path, true);
    fs::rename(&path, env.path("old")).unwrap();
    fs::write(&path, b"another").unwrap();
    assert!(addresses(&env, &[]).contains(&format!("map:{}", env.path("old"))));
    env.run(["show", &format!("map:{path}")]).code(3);
    let facts = fs::metadata(env.path("old")).unwrap();
    let (major, minor) = (libc::major(facts.dev()), libc::minor(facts.dev()));
    let nameless = format!("map:{major}:{minor}/{}", facts.ino());
    fs::remove_file(env.path("old")).unwrap();
    assert!(addresses(&env, &["--pid", &holder.pid().to_string()]).contains(&nameless));
    let object = env.show(&nameless);
    assert_eq!((&object["links"], &object["name"]), (&json!(0), &Value::Null), "{object}");
    env.run(["read", &nameless, "--length", "2"]).ok().prints("Mm");
}

fn bytes_are_read_and_written_with_force_alone() {
    let env = TestEnv::new();
    let path = env.path("data");
    let _holder = mapping(&path, true);
    let address = format!("map:{path}");
    env.run(["read", &address, "--length", "3"]).ok().prints("Mmm");
    env.run(["write", &address, "--data", "abc"]).code(2).says("--force");
    env.run(["write", &address, "--data", "abc", "--force"]).ok();
    env.run(["peek", &address, "--length", "3"]).ok().shows("61 62 63");
    assert_eq!(&fs::read(&path).unwrap()[..4], b"abcm");
}

fn a_file_that_nobody_maps_is_exit_3() {
    let env = TestEnv::new();
    let path = env.path("data");
    fs::write(&path, b"x").unwrap();
    for verb in ["show", "read"] {
        env.run([verb, &format!("map:{path}")]).code(3);
    }
    env.run(["show", "map:/nonexistent/file"]).code(3);
}

fn a_path_has_to_show_that_it_is_one() {
    let env = TestEnv::new();
    env.run(["show", "map:data"]).code(2).says("begins with /, ./ or ../");
}
