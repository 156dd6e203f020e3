//! Sockets: their files, names and ports, and who is at the other end.

use std::fs;
use std::io::Write;
use std::mem;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;
use std::os::unix::fs::symlink;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};

use serde_json::Value;

use crate::env::TestEnv;
use crate::makers::{holder, sock};

crate::cases![
    a_socket_file_and_its_listener_are_one_object,
    both_ends_of_a_connection_name_each_other,
    a_connection_that_nobody_has_accepted_names_its_listener,
    clients_of_a_datagram_socket_are_counted,
    an_abstract_name_of_any_bytes_leads_back_to_its_socket,
    an_abstract_name_that_two_sockets_have_shows_both,
    a_socket_whose_file_is_gone_is_told_by_its_inode,
    a_path_is_that_of_the_socket_that_is_bound_to_its_file,
    a_socket_file_that_was_moved_is_in_use_under_its_new_name,
    holders_are_told_with_the_numbers_of_their_descriptors,
    a_descriptor_of_a_process_leads_to_its_socket,
    a_descriptor_that_is_no_socket_is_exit_3,
    a_listener_of_tcp_and_its_connections_are_told,
    a_port_of_all_addresses_is_found_by_one_of_them,
    a_port_that_two_sockets_share_shows_both,
    a_socket_of_udp_tells_what_was_dropped,
    what_has_no_name_is_listed_when_all_is_asked_for,
    a_socket_without_a_file_has_nothing_to_change_or_remove,
    a_link_is_not_followed_and_leads_to_its_socket,
    a_relative_path_needs_its_dot,
    addresses_are_completed_with_what_is_known_of_them,
    a_named_directory_is_searched_for_socket_files;
    Strace: a_kernel_without_sock_diag_tells_what_it_can
];

/// The addresses of a listing of sockets.
fn listed(env: &TestEnv, more: &[&str]) -> Vec<String> {
    env.run([&["list", "sock", "--json", "-o", "address"], more].concat()).code(0).addresses()
}

fn a_socket_file_and_its_listener_are_one_object() {
    let env = TestEnv::new();
    let path = env.path("app.sock");
    let listener = sock::listener(&path, 3);
    let _client = UnixStream::connect(&path).unwrap();
    let _accepted = listener.accept().unwrap();
    let waiting = UnixStream::connect(&path).unwrap();
    let object = env.show(&format!("sock:{path}"));
    let of = |key: &str| object[key].clone();
    assert_eq!(
        (of("kind"), of("type"), of("status")),
        ("unix-sock".into(), "stream".into(), "listening".into())
    );
    assert_eq!((of("waiting"), of("backlog"), of("clients")), (1.into(), 3.into(), 1.into()));
    assert_eq!(of("pending"), Value::from(vec![sock::address(&waiting)]));
    assert_eq!(of("socket"), sock::inode(&listener));
    assert_eq!((of("state"), of("content")), ("in-use".into(), "listening 1/3 waiting".into()));
    let addresses = listed(&env, &[]);
    assert!(addresses.contains(&format!("sock:{path}")), "{addresses:?}");
    assert!(!addresses.contains(&sock::address(&listener)), "it is listed once: {addresses:?}");
}

fn both_ends_of_a_connection_name_each_other() {
    let env = TestEnv::new();
    let (one, mut other) = UnixStream::pair().unwrap();
    other.write_all(b"seven b").unwrap();
    let ends = [sock::address(&one), sock::address(&other)];
    let shown = [env.show(&ends[0]), env.show(&ends[1])];
    assert_eq!(
        (&shown[0]["peer"], &shown[1]["peer"]),
        (&ends[1].clone().into(), &ends[0].clone().into())
    );
    assert_eq!((&shown[0]["queued"], &shown[0]["status"]), (&7.into(), &"connected".into()));
    drop(other);
    let shown = env.show(&ends[0]);
    assert_eq!((&shown["peer"], &shown["status"]), (&Value::Null, &"disconnected".into()));
    env.run(["show", &ends[1]]).code(3).says(&ends[1]);
}

fn a_connection_that_nobody_has_accepted_names_its_listener() {
    let env = TestEnv::new();
    let path = env.path("busy.sock");
    let listener = sock::listener(&path, 5);
    let waiting = UnixStream::connect(&path).unwrap();
    let object = env.show(&sock::address(&waiting));
    assert_eq!(
        (&object["status"], &object["peer"]),
        (&"waiting".into(), &sock::address(&listener).into())
    );
    // The peer is named by its inode, and shown by its path.
    assert_eq!(env.show(object["peer"].as_str().unwrap())["address"], format!("sock:{path}"));
}

fn clients_of_a_datagram_socket_are_counted() {
    let env = TestEnv::new();
    let path = env.path("log.sock");
    let server = UnixDatagram::bind(&path).unwrap();
    let clients = [UnixDatagram::unbound().unwrap(), UnixDatagram::unbound().unwrap()];
    for client in &clients {
        client.connect(&path).unwrap();
    }
    clients[0].send(&[1; 40]).unwrap();
    let object = env.show(&format!("sock:{path}"));
    assert_eq!((&object["type"], &object["status"]), (&"dgram".into(), &"bound".into()));
    assert_eq!((&object["clients"], &object["queued"]), (&2.into(), &40.into()));
    assert_eq!(env.show(&sock::address(&clients[1]))["peer"], sock::address(&server));
}

fn an_abstract_name_of_any_bytes_leads_back_to_its_socket() {
    let env = TestEnv::new();
    let own = std::process::id().to_string();
    let plain = format!("ipcctl-test-{own}");
    let names: [Vec<u8>; 5] = [
        plain.clone().into(),
        [b"\n\x1b[2J\0%41 '", own.as_bytes()].concat(),
        [vec![0xff; 107 - own.len()], own.clone().into()].concat(),
        [b"\0\0", own.as_bytes(), b"\0"].concat(),
        [b"/run/", own.as_bytes()].concat(),
    ];
    for name in names {
        let listener = sock::abstract_listener(&name);
        let _waiting = sock::abstract_connection(&name);
        let object = env.show(&sock::address(&listener));
        let address = object["address"].as_str().unwrap();
        assert!(address.starts_with("sock:@"), "{address}");
        assert!(address.bytes().all(|byte| byte.is_ascii_graphic()), "{address:?}");
        let again = env.show(address);
        assert_eq!(
            (&again["socket"], &again["waiting"]),
            (&sock::inode(&listener).into(), &1.into())
        );
        assert!(listed(&env, &[]).contains(&address.to_owned()), "{address}");
    }
    assert!(env.run(["show", &format!("sock:@{plain}")]).code(3).stdout().is_empty());
    env.run(["show", &format!("sock:@{}", "x".repeat(108))]).code(2).says("107 bytes");
}

fn an_abstract_name_that_two_sockets_have_shows_both() {
    let env = TestEnv::new();
    let name = format!("twice-{}", std::process::id());
    let stream = sock::abstract_listener(name.as_bytes());
    let datagram = sock::abstract_datagram(name.as_bytes());
    let both = [sock::address(&stream), sock::address(&datagram)];
    let mut shown = env.run(["show", &format!("sock:@{name}"), "--json"]).code(0).addresses();
    let mut expected = both.clone();
    shown.sort_unstable();
    expected.sort_unstable();
    assert_eq!(shown, expected);
    assert_eq!(env.show(&both[1])["bound_to"], format!("@{name}"));
    assert!(both.iter().all(|one| listed(&env, &[]).contains(one)));
}

fn a_socket_whose_file_is_gone_is_told_by_its_inode() {
    let env = TestEnv::new();
    let path = env.path("gone.sock");
    let listener = sock::listener(&path, 1);
    fs::remove_file(&path).unwrap();
    let own = sock::address(&listener);
    assert_eq!(env.show(&own)["bound_to"], path);
    assert!(listed(&env, &[]).contains(&own));
    env.run(["show", &format!("sock:{path}")])
        .code(3)
        .says(&format!("hint: {own} was bound to this path"));
    env.run(["rm", &format!("sock:{path}")]).code(3);
}

fn a_path_is_that_of_the_socket_that_is_bound_to_its_file() {
    let env = TestEnv::new();
    let path = env.path("taken.sock");
    let old = sock::listener(&path, 1);
    fs::remove_file(&path).unwrap();
    let new = sock::listener(&path, 2);
    assert_eq!(env.show(&format!("sock:{path}"))["socket"], sock::inode(&new));
    assert_eq!(env.show(&sock::address(&new))["address"], format!("sock:{path}"));
    assert_eq!(env.show(&sock::address(&old))["address"], sock::address(&old));
    let addresses = listed(&env, &[]);
    assert!(addresses.contains(&sock::address(&old)) && !addresses.contains(&sock::address(&new)));
}

// Servers bind under a temporary name and rename it into place.
fn a_socket_file_that_was_moved_is_in_use_under_its_new_name() {
    let env = TestEnv::new();
    let (temporary, path) = (env.path("app.sock.tmp"), env.path("app.sock"));
    let listener = sock::listener(&temporary, 1);
    fs::rename(&temporary, &path).unwrap();
    sock::aged(&path);
    let object = env.show(&format!("sock:{path}"));
    assert_eq!(
        (&object["state"], &object["socket"]),
        (&"in-use".into(), &sock::inode(&listener).into())
    );
    assert_eq!(object["bound_to"], temporary);
    let addresses = listed(&env, &[]);
    assert!(
        addresses.contains(&format!("sock:{path}"))
            && !addresses.contains(&sock::address(&listener))
    );
}

fn holders_are_told_with_the_numbers_of_their_descriptors() {
    let env = TestEnv::new();
    let path = env.path("held.sock");
    let place = path.clone();
    let holder = holder::holding(move || {
        let listener = sock::listener(&place, 1);
        mem::forget(listener.try_clone().unwrap());
        mem::forget(listener);
    });
    let object = env.show(&format!("sock:{path}"));
    let users = object["used_by"].as_array().unwrap();
    assert_eq!(users.len(), 1, "{object}");
    assert_eq!(users[0]["pid"], holder.pid());
    assert!(users[0]["how"].to_string().contains("open rw"), "{object}");
    let output = env.run(["list", "sock", "--pid", &holder.pid().to_string(), "--json"]).code(0);
    assert_eq!(output.addresses(), [format!("sock:{path}")]);
}

fn a_descriptor_of_a_process_leads_to_its_socket() {
    let env = TestEnv::new();
    let (one, _other) = UnixStream::pair().unwrap();
    let own = format!("sock:{}/{}", std::process::id(), one.as_raw_fd());
    assert_eq!(env.show(&own)["address"], sock::address(&one));
    let bracketed = format!("sock:[{}]", sock::inode(&one));
    assert_eq!(env.show(&bracketed)["address"], sock::address(&one));
}

fn a_descriptor_that_is_no_socket_is_exit_3() {
    let env = TestEnv::new();
    let file = fs::File::create(env.path("file")).unwrap();
    let own = std::process::id();
    env.run(["show", &format!("sock:{own}/{}", file.as_raw_fd())])
        .code(3)
        .says("a regular file, not a socket");
    env.run(["show", &format!("sock:{own}/9999")]).code(3).says("no descriptor 9999");
    env.run(["show", "sock:99999999/1"]).code(3).says("no process 99999999");
    let netlink = sock::socket(libc::AF_NETLINK, libc::SOCK_RAW);
    env.run(["show", &sock::address(&netlink)]).code(3).says("no such Unix, TCP or UDP socket");
}

fn a_listener_of_tcp_and_its_connections_are_told() {
    let env = TestEnv::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (accepted, _) = listener.accept().unwrap();
    let waiting = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    for host in ["127.0.0.1", "localhost", "[127.0.0.1]"] {
        let object = env.show(&format!("sock:tcp:{host}:{port}"));
        assert_eq!(object["address"], format!("sock:tcp:127.0.0.1:{port}"));
        assert_eq!((&object["status"], &object["waiting"]), (&"listening".into(), &1.into()));
        assert_eq!(
            (&object["socket"], &object["state"]),
            (&sock::inode(&listener).into(), &"in-use".into())
        );
    }
    let shown = env.show(&sock::address(&client));
    assert_eq!(
        (&shown["peer"], &shown["kind"]),
        (&sock::address(&accepted).into(), &"inet-sock".into())
    );
    assert_eq!(env.show(&sock::address(&accepted))["peer"], sock::address(&client));
    assert_eq!(env.show(&sock::address(&waiting))["peer"], Value::Null, "nobody has accepted it");
    drop(client);
    let is_closed = || env.show(&sock::address(&accepted))["status"] == "close-wait";
    assert!((0..200).any(|_| is_closed()), "its peer has closed it");
}

fn a_port_of_all_addresses_is_found_by_one_of_them() {
    let env = TestEnv::new();
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for host in ["127.0.0.1", "localhost", "0.0.0.0"] {
        let address = env.show(&format!("sock:tcp:{host}:{port}"))["address"].clone();
        assert_eq!(address, format!("sock:tcp:0.0.0.0:{port}"), "{host}");
    }
    assert!(listed(&env, &[]).contains(&format!("sock:tcp:0.0.0.0:{port}")));
    env.run(["show", &format!("sock:udp:127.0.0.1:{port}")]).code(3).says("is bound there");
}

fn a_port_that_two_sockets_share_shows_both() {
    let env = TestEnv::new();
    let (first, second) = sock::sharing();
    let port = first.local_addr().unwrap().port();
    let both = [sock::address(&first), sock::address(&second)];
    let place = format!("sock:tcp:127.0.0.1:{port}");
    for verb in ["show", "list"] {
        let mut shown = env.run([verb, &place, "--json"]).code(0).addresses();
        shown.sort_unstable();
        let mut both = both.clone();
        both.sort_unstable();
        assert_eq!(shown, both, "{verb}");
    }
    assert!(both.iter().all(|one| listed(&env, &[]).contains(one)));
    assert_eq!(env.show(&both[0])["local"], format!("127.0.0.1:{port}"));
}

fn a_socket_of_udp_tells_what_was_dropped() {
    let env = TestEnv::new();
    let server = UdpSocket::bind("127.0.0.1:0").unwrap();
    let client = UdpSocket::bind("127.0.0.1:0").unwrap();
    let place = server.local_addr().unwrap();
    for _ in 0..2000 {
        client.send_to(&[0; 1000], place).unwrap();
    }
    let object = env.show(&format!("sock:udp:{place}"));
    assert!(object["drops"].as_u64().unwrap() > 0, "{object}");
    assert_eq!((&object["type"], &object["status"]), (&"dgram".into(), &"bound".into()));
}

fn what_has_no_name_is_listed_when_all_is_asked_for() {
    let env = TestEnv::new();
    let (one, _other) = UnixStream::pair().unwrap();
    let own = sock::address(&one);
    assert!(!listed(&env, &[]).contains(&own));
    assert!(listed(&env, &["--all"]).contains(&own));
    let everything = env.run(["list", "--all", "--json", "-o", "address"]).any_code(&[0, 1]).1;
    assert!(everything.addresses().contains(&own));
    let usual = env.run(["list", "--json", "-o", "address"]).any_code(&[0, 1]).1;
    assert!(!usual.addresses().iter().any(|one| one.starts_with("sock:@") || *one == own));
}

fn a_socket_without_a_file_has_nothing_to_change_or_remove() {
    let env = TestEnv::new();
    let (one, _other) = UnixStream::pair().unwrap();
    let own = sock::address(&one);
    for arguments in [vec!["rm", &own], vec!["set", &own, "--mode", "600"]] {
        env.run(&arguments).code(2).says("no socket file").says(&own);
    }
    assert_eq!(env.show(&own)["status"], "connected");
}

fn a_link_is_not_followed_and_leads_to_its_socket() {
    let env = TestEnv::new();
    let (path, link) = (env.path("real.sock"), env.path("link.sock"));
    let _listener = sock::listener(&path, 1);
    symlink(&path, &link).unwrap();
    env.run(["show", &format!("sock:{link}")]).code(3).says("a symbolic link").says(&path);
    env.run(["rm", &format!("sock:{link}")]).code(3);
    assert!(fs::symlink_metadata(&link).is_ok());
}

fn a_relative_path_needs_its_dot() {
    let env = TestEnv::new();
    let _listener = UnixListener::bind(env.path("here.sock")).unwrap();
    env.run(["show", "sock:here.sock"]).code(2).says("a path that begins with /, ./ or ../");
    let path = env.path("here.sock");
    assert_eq!(env.show("sock:./here.sock")["address"], format!("sock:{path}"));
}

fn addresses_are_completed_with_what_is_known_of_them() {
    let env = TestEnv::new();
    let name = format!("complete-{}", std::process::id());
    let _listener = sock::abstract_listener(name.as_bytes());
    let (one, _other) = UnixStream::pair().unwrap();
    let complete = |typed: &str| env.run(["__complete", "--", "show", typed]).code(0);
    let answer = complete(&format!("sock:@{name}"));
    answer.shows(&format!("sock:@{name}\t")).shows("listening 0/");
    complete(&sock::address(&one)).shows("connected 0 B queued");
    assert!(!complete("sock:").stdout().contains(&sock::address(&one)));
    complete("so").shows("sock:\t");
}

fn a_named_directory_is_searched_for_socket_files() {
    let env = TestEnv::new();
    let deep = env.path("a/b/c/d");
    fs::create_dir_all(&deep).unwrap();
    let path = format!("{deep}/deep.sock");
    sock::stale(&path);
    let address = format!("sock:{path}");
    assert!(!listed(&env, &[]).contains(&address));
    assert!(listed(&env, &["--socket-dir", env.directory().to_str().unwrap()]).contains(&address));
    env.run(["list", "sock", "--socket-dir", "/none"])
        .code(1)
        .says("/none cannot be searched for sockets");
}

fn a_kernel_without_sock_diag_tells_what_it_can() {
    let env = TestEnv::new();
    let path = env.path("old.sock");
    let _listener = sock::listener(&path, 3);
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let name = format!("old-{}", std::process::id());
    let named = sock::abstract_listener(name.as_bytes());
    let inject = ["-f", "-o", "/dev/null", "-e", "inject=sendto:error=ENOENT", "ipcctl"];
    let list = ["list", "sock", "--json", "-o", "address,status,state"];
    let directory = crate::isolation::PROGRAM.rsplit_once('/').unwrap().0;
    let output = env
        .tool("strace", [&inject[..], &list].concat())
        .env("PATH", format!("{directory}:/usr/bin:/bin"))
        .run()
        .code(0);
    output.says("the kernel has no sock_diag for Unix sockets").says("for Internet sockets");
    let status = |address: String| {
        let objects = output.objects();
        let found = objects.iter().find(|one| one["address"] == address);
        found.unwrap_or_else(|| panic!("no {address}\n{}", output.report()))["status"].clone()
    };
    assert_eq!(status(format!("sock:@{name}")), "listening");
    assert_eq!(status(format!("sock:tcp:{}", tcp.local_addr().unwrap())), "listening");
    drop(named);
}
