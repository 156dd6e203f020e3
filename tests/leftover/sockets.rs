//! Socket files to which no socket is bound: certain leftovers, told without a server's noticing; and what cannot be told.

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::net::{UnixDatagram, UnixListener};

use crate::env::TestEnv;
use crate::makers::{holder, odd, sock};

crate::cases![
    a_socket_file_without_a_socket_is_a_leftover_whoever_lives,
    no_server_sees_that_it_was_looked_at,
    a_socket_file_that_was_made_just_now_is_unknown_and_stays,
    a_socket_of_another_network_namespace_is_in_use,
    a_bound_socket_file_is_removed_by_name_alone,
    a_listing_shows_stale_socket_files_alone,
    a_file_that_took_the_place_of_a_stale_one_stays,
    what_an_overlay_shows_elsewhere_is_unknown,
    a_kept_socket_file_stays,
    connections_of_a_listener_that_is_gone_do_not_hold_its_file;
    SeveralUsers: a_user_who_may_not_write_to_a_socket_file_cannot_tell,
        in_a_directory_of_others_a_stale_socket_file_goes_where_it_is
];

fn state(env: &TestEnv, path: &str) -> String {
    env.show(&format!("sock:{path}"))["state"].as_str().unwrap().to_owned()
}

fn a_socket_file_without_a_socket_is_a_leftover_whoever_lives() {
    let env = TestEnv::new();
    let (path, other) = (env.path("dead.sock"), env.path("dead.dgram"));
    sock::stale(&path);
    drop(UnixDatagram::bind(&other).unwrap());
    sock::aged(&other);
    let object = env.show(&format!("sock:{path}"));
    assert_eq!((&object["state"], &object["status"]), (&"leftover".into(), &"unbound".into()));
    assert!(object["evidence"].to_string().contains("no socket is bound to it"), "{object}");
    assert!(object["used_by"].as_array().unwrap().is_empty(), "{object}");
    env.run(["clean", "sock", "--dry-run"]).ok().shows(&path).shows(&other);
    env.run(["clean", "sock", "--yes"]).ok().shows("removed 2 objects");
    assert!(!sock::exists(&path) && !sock::exists(&other));
}

fn no_server_sees_that_it_was_looked_at() {
    let env = TestEnv::new();
    let (stream, packets, datagrams) = (env.path("s"), env.path("p"), env.path("d"));
    let server = UnixListener::bind(&stream).unwrap();
    let packet = sock::packet_listener(&packets);
    let receiver = UnixDatagram::bind(&datagrams).unwrap();
    sock::aged(&datagrams);
    for _ in 0..20 {
        env.run(["list"]).any_code(&[0, 1]);
        env.run(["list", "sock", "--all"]).any_code(&[0, 1]);
        env.run([
            "show",
            &format!("sock:{stream}"),
            &format!("sock:{packets}"),
            &format!("sock:{datagrams}"),
        ])
        .ok();
        env.run(["clean", "--yes"]).any_code(&[0, 1]);
        for path in [&stream, &packets, &datagrams] {
            env.run(["rm", "--unused", &format!("sock:{path}")])
                .code(1)
                .says("a socket is bound to it");
        }
    }
    assert!(sock::saw_nothing(&server) && sock::saw_nothing(&packet));
    receiver.set_nonblocking(true).unwrap();
    assert!(receiver.recv(&mut [0]).is_err());
    assert!([&stream, &packets, &datagrams].iter().all(sock::exists));
}

// While bind(2) makes a file, no socket is found for it.
fn a_socket_file_that_was_made_just_now_is_unknown_and_stays() {
    let env = TestEnv::new();
    let path = env.path("young.sock");
    sock::stale(&path);
    let address = format!("sock:{path}");
    let object = env.show(&address);
    assert_eq!(object["state"], "unknown", "{object}");
    env.run(["rm", "--unused", &address]).code(1).says("less than 2 seconds ago");
    env.run(["clean", "sock", "--yes", "--grace", "0"]).ok();
    assert!(sock::exists(&path));
    assert!(!env.run(["list", "--json"]).any_code(&[0, 1]).1.addresses().contains(&address));
    sock::aged(&path);
    env.run(["rm", "--unused", &address]).ok();
    assert!(!sock::exists(&path));
}

fn a_socket_of_another_network_namespace_is_in_use() {
    let env = TestEnv::new();
    let path = env.path("inside.sock");
    let place = path.clone();
    let holder = holder::holding(move || {
        sock::leave_network();
        sock::lasting(&place, 0o666);
    });
    sock::aged(&path);
    let object = env.show(&format!("sock:{path}"));
    assert_eq!(object["state"], "in-use", "{object}");
    env.run(["clean", "sock", "--yes"]).ok();
    env.run(["rm", "--unused", &format!("sock:{path}")]).code(1).says("a socket is bound to it");
    assert!(sock::exists(&path));
    drop(holder);
    assert_eq!(state(&env, &path), "leftover");
}

fn a_bound_socket_file_is_removed_by_name_alone() {
    let env = TestEnv::new();
    let path = env.path("live.sock");
    let _server = UnixListener::bind(&path).unwrap();
    env.run(["rm", &format!("sock:{path}")]).ok();
    assert!(!sock::exists(&path));
}

fn a_listing_shows_stale_socket_files_alone() {
    let env = TestEnv::new();
    let (live, dead) = (env.path("live.sock"), env.path("dead.sock"));
    let _server = UnixListener::bind(&live).unwrap();
    sock::stale(&dead);
    sock::aged(&dead);
    let output = env.run(["list", "--json"]).any_code(&[0, 1]).1;
    let (live, dead) = (format!("sock:{live}"), format!("sock:{dead}"));
    assert!(
        output.addresses().contains(&dead) && !output.addresses().contains(&live),
        "{}",
        output.report()
    );
    let object = output.objects().into_iter().find(|one| one["address"] == dead).unwrap();
    assert_eq!(object["state"], "leftover");
    let output = env.run(["list", "sock", "--json"]).code(0);
    assert!(
        output.addresses().contains(&dead) && output.addresses().contains(&live),
        "{}",
        output.report()
    );
}

fn a_file_that_took_the_place_of_a_stale_one_stays() {
    let env = TestEnv::new();
    let path = env.path("again.sock");
    sock::stale(&path);
    sock::aged(&path);
    assert_eq!(state(&env, &path), "leftover");
    fs::remove_file(&path).unwrap();
    let _server = UnixListener::bind(&path).unwrap();
    env.run(["clean", "sock", "--yes"]).ok();
    assert!(sock::exists(&path));
}

// A container's own directory, as its host sees it: the socket is bound to another inode of another file system.
fn what_an_overlay_shows_elsewhere_is_unknown() {
    let env = TestEnv::new();
    let (upper, merged) = odd::overlay(env.directory());
    let _server = UnixListener::bind(format!("{merged}/app.sock")).unwrap();
    let (seen, own) = (format!("{merged}/app.sock"), format!("{upper}/app.sock"));
    sock::aged(&own);
    assert_eq!(state(&env, &seen), "in-use");
    let object = env.show(&format!("sock:{own}"));
    assert_eq!(object["state"], "unknown", "{object}");
    assert!(object["evidence"].to_string().contains("overlay"), "{object}");
    env.run(["rm", "--unused", &format!("sock:{own}")]).code(1).says("overlay");
    env.run(["clean", "sock", "--yes", "--socket-dir", &upper]).any_code(&[0, 1]);
    assert!(sock::exists(&own));
}

fn a_kept_socket_file_stays() {
    let env = TestEnv::new();
    let path = env.path("kept.sock");
    sock::stale(&path);
    sock::aged(&path);
    env.run(["clean", "sock", "--yes", "--keep", &format!("sock:{path}")]).ok();
    assert!(sock::exists(&path));
}

// The connections that a listener has accepted tell its name and file as it did.
fn connections_of_a_listener_that_is_gone_do_not_hold_its_file() {
    let env = TestEnv::new();
    let path = env.path("left.sock");
    let server = UnixListener::bind(&path).unwrap();
    let _client = std::os::unix::net::UnixStream::connect(&path).unwrap();
    let (accepted, _) = server.accept().unwrap();
    drop(server);
    sock::aged(&path);
    assert_eq!(state(&env, &path), "leftover");
    assert_eq!(env.show(&sock::address(&accepted))["address"], sock::address(&accepted));
    assert_eq!(env.show(&sock::address(&accepted))["bound_to"], path);
}

fn a_user_who_may_not_write_to_a_socket_file_cannot_tell() {
    let env = TestEnv::new();
    let path = env.path("root.sock");
    sock::stale(&path);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    sock::aged(&path);
    let output = env.command(["show", &format!("sock:{path}"), "--json"]).by_user(65534).run().ok();
    let object = output.only();
    assert_eq!(object["state"], "unknown", "{object}");
    assert!(object["evidence"].to_string().contains("no permission to write"), "{object}");
}

fn in_a_directory_of_others_a_stale_socket_file_goes_where_it_is() {
    let env = TestEnv::new();
    let path = env.path("shared.sock");
    chown(env.directory(), Some(70000), None).unwrap();
    sock::stale(&path);
    sock::aged(&path);
    env.run(["clean", "sock", "--yes"]).ok();
    assert!(!sock::exists(&path));
}
