//! What is wrong with sockets.

use std::fs;
use std::io::Write;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::Duration;

use serde_json::Value;

use crate::env::TestEnv;
use crate::makers::{holder, process, sock};

crate::cases![
    a_file_without_a_socket_is_stale_where_it_is_asked_for,
    a_listener_with_more_connections_than_may_wait_is_full,
    a_socket_whose_peer_is_gone_with_bytes_left_is_broken,
    a_socket_whose_path_leads_to_another_is_unreachable,
    a_socket_that_has_another_name_beside_its_own_is_reachable,
    a_socket_that_is_bound_by_a_relative_path_is_not_judged,
    a_queue_of_datagrams_that_is_full_drops,
    what_nobody_closes_or_collects_for_a_minute_is_told;
    SeveralUsers: a_path_is_looked_up_where_its_holder_sees_it
];

/// The trouble of an object, and what it was seen by.
fn trouble(env: &TestEnv, address: &str) -> (Value, String) {
    let object = env.show(address);
    (object["trouble"].clone(), object["trouble_evidence"].to_string())
}

#[track_caller]
fn is_in_trouble(env: &TestEnv, address: &str, word: &str, evidence: &str) {
    let (found, lines) = trouble(env, address);
    assert_eq!(found, word, "{lines}");
    assert!(lines.contains(evidence), "{lines}");
    let listed = env.run(["list", "sock", &format!("--trouble={word}"), "--json", "-o", "address"]);
    let listed = listed.code(0).addresses();
    assert!(listed.contains(&address.to_owned()), "{address} of {listed:?}");
}

fn a_file_without_a_socket_is_stale_where_it_is_asked_for() {
    let env = TestEnv::new();
    let path = env.path("app.sock");
    sock::stale(&path);
    sock::aged(&path);
    let (found, lines) = trouble(&env, &format!("sock:{path}"));
    assert_eq!(found, "stale");
    assert!(lines.contains("no socket is bound to it"), "{lines}");
}

fn a_listener_with_more_connections_than_may_wait_is_full() {
    let env = TestEnv::new();
    let path = env.path("app.sock");
    let _listener = sock::listener(&path, 1);
    let one = UnixStream::connect(&path).unwrap();
    assert_eq!(trouble(&env, &format!("sock:{path}")).0, Value::Null, "one may wait");
    let two = UnixStream::connect(&path).unwrap();
    let (found, lines) = trouble(&env, &format!("sock:{path}"));
    assert_eq!(found, "full");
    assert!(lines.contains("2 connections wait to be accepted, and 1 may"), "{lines}");
    drop((one, two));
}

fn a_socket_whose_peer_is_gone_with_bytes_left_is_broken() {
    let env = TestEnv::new();
    let (one, mut other) = UnixStream::pair().unwrap();
    other.write_all(b"seven b").unwrap();
    assert_eq!(trouble(&env, &sock::address(&one)).0, Value::Null, "its peer is there");
    drop(other);
    is_in_trouble(&env, &sock::address(&one), "broken", "7 bytes in it were not read");
}

/// A process that has bound this path; its mounts are those of the test.
fn server(path: &str) -> (holder::Holder, String) {
    let bound = path.to_owned();
    let server = holder::holding(move || std::mem::forget(UnixListener::bind(&bound).unwrap()));
    let address = format!("sock:{}", sock::inode_of(server.pid(), path));
    (server, address)
}

fn a_socket_whose_path_leads_to_another_is_unreachable() {
    let env = TestEnv::new();
    let path = env.path("app.sock");
    let (_old, address) = server(&path);
    assert_eq!(trouble(&env, &address).0, Value::Null);
    fs::remove_file(&path).unwrap();
    is_in_trouble(&env, &address, "unreachable", "it leads to nothing");
    let (_new, now) = server(&path);
    is_in_trouble(&env, &address, "unreachable", "it leads to another file");
    assert_eq!(trouble(&env, &now).0, Value::Null);
}

fn a_socket_that_has_another_name_beside_its_own_is_reachable() {
    let env = TestEnv::new();
    let [made, name] = [env.path("app.sock.123"), env.path("app.sock")];
    let (_server, address) = server(&made);
    fs::hard_link(&made, &name).unwrap();
    fs::remove_file(&made).unwrap();
    let object = env.show(&address);
    let leads = (&object["trouble"], &object["leads_to"]);
    assert_eq!(leads, (&Value::Null, &"itself by another name".into()));
    fs::rename(&name, &made).unwrap();
    assert_eq!(env.show(&address)["leads_to"], "itself");
}

fn a_socket_that_is_bound_by_a_relative_path_is_not_judged() {
    let env = TestEnv::new();
    let directory = env.path("here");
    fs::create_dir(&directory).unwrap();
    let below = directory.clone();
    let server = holder::holding(move || {
        std::env::set_current_dir(&below).unwrap();
        std::mem::forget(UnixListener::bind("app.sock").unwrap());
    });
    let object = env.show(&format!("sock:{}", sock::inode_of(server.pid(), "app.sock")));
    assert_eq!((&object["trouble"], &object["leads_to"]), (&Value::Null, &Value::Null));
    assert!(object["unread"].to_string().contains("relative path"), "{object}");
}

fn a_queue_of_datagrams_that_is_full_drops() {
    let env = TestEnv::new();
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    sock::set_room(&server, 8192);
    let place = server.local_addr().unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = format!("sock:udp:{place}");
    client.send_to(&[1; 400], place).unwrap();
    assert_eq!(trouble(&env, &address).0, Value::Null, "there is room");
    (0..100).for_each(|_| assert_eq!(client.send_to(&[1; 400], place).unwrap(), 400));
    is_in_trouble(&env, &address, "drops", "datagrams were lost since it was made");
    // Once it is read, what was lost is past.
    server.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
    while server.recv(&mut [0; 500]).is_ok() {}
    assert_eq!(trouble(&env, &address).0, Value::Null);
}

fn what_nobody_closes_or_collects_for_a_minute_is_told() {
    let env = TestEnv::new();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
    let (accepted, _) = server.accept().unwrap();
    drop(client);
    let zombie = process::zombie();
    let (connection, process) = (sock::address(&accepted), format!("pid:{}", zombie.pid()));
    assert_eq!(env.show(&connection)["status"], "close-wait");
    assert_eq!(
        (trouble(&env, &connection).0, trouble(&env, &process).0),
        (Value::Null, Value::Null)
    );
    std::thread::sleep(Duration::from_secs(62));
    is_in_trouble(&env, &connection, "close-wait", "closed the connection at least 6");
    let (found, lines) = trouble(&env, &process);
    assert_eq!(found, "zombie");
    assert!(lines.contains("has not collected it"), "{lines}");
}

// What a container binds is reached by its path in the container.
fn a_path_is_looked_up_where_its_holder_sees_it() {
    let env = TestEnv::new();
    let directory = env.path("run");
    fs::create_dir(&directory).unwrap();
    let path = format!("{directory}/app.sock");
    let (hidden, bound) = (directory.clone(), path.clone());
    let inside = holder::holding(move || {
        sock::leave_mounts();
        sock::cover(&hidden);
        std::mem::forget(UnixListener::bind(&bound).unwrap());
    });
    // Here is another one of that name, which no one inside sees.
    let _own = UnixListener::bind(&path).unwrap();
    let of = format!("{}", inside.pid());
    let columns = "address,bound_to,leads_to,trouble";
    let object = env.run(["list", "sock", "--pid", &of, "--json", "-o", columns]).code(0).only();
    assert_eq!(
        (&object["leads_to"], &object["trouble"]),
        (&"itself".into(), &Value::Null),
        "{object}"
    );
    assert_eq!(object["bound_to"], path.as_str());
}
