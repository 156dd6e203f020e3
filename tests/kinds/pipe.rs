//! Pipes without a name.

use std::io::{Read, Write};

use serde_json::{Value, json};

use crate::env::TestEnv;
use crate::makers::holder::{self, Holder};
use crate::makers::pipe::{self, READER, WRITER};
use crate::makers::{fifo, forking, holding};

crate::cases![
    both_ends_are_told_with_their_descriptors,
    a_pipe_is_named_by_inode_by_brackets_and_by_a_descriptor,
    a_pipe_of_packets_is_told,
    an_end_that_no_process_has_is_none,
    looking_adds_no_reader,
    looking_adds_no_writer,
    peek_leaves_the_bytes_where_they_are,
    peek_without_a_reader_is_refused,
    a_listing_shows_pipes_when_it_is_asked_for_them,
    what_is_no_pipe_is_exit_3_and_said,
    a_pipe_that_is_gone_is_exit_3,
    a_pipe_has_another_size_when_that_is_insisted_on,
    a_fifo_has_another_size_while_it_is_open,
    a_process_with_very_many_descriptors_is_read_whole
];

/// A process that has a pipe with these bytes in it, and the address of that.
fn piped(bytes: &[u8]) -> (Holder, String) {
    let holder = holder::holding(|| {
        pipe::numbered(0);
        pipe::end(WRITER).write_all(bytes).unwrap();
    });
    let address = address(&holder);
    (holder, address)
}

fn address(holder: &Holder) -> String {
    address_of(holder, WRITER)
}

fn address_of(holder: &Holder, number: i32) -> String {
    format!("pipe:{}", pipe::inode_of(holder.pid(), number))
}

/// The holders with their ways and descriptors.
fn used_by(object: &Value) -> Vec<Value> {
    let holders = object["used_by"].as_array().unwrap_or_else(|| panic!("{object}")).iter();
    holders.map(|one| json!([one["pid"], one["how"], one["fds"]])).collect()
}

fn both_ends_are_told_with_their_descriptors() {
    let env = TestEnv::new();
    let (holder, address) = piped(b"five!");
    let object = env.show(&address);
    assert_eq!(used_by(&object), [json!([holder.pid(), ["open w", "open r"], [100, 101]])]);
    for (key, value) in [
        ("queued", json!(5)),
        ("capacity", json!(65536)),
        ("size", json!(65536)),
        ("packet", json!(false)),
        ("readers", json!([holder.pid()])),
        ("writers", json!([holder.pid()])),
        ("state", json!("in-use")),
        ("owner", json!("root")),
        ("mode", json!("0600")),
    ] {
        assert_eq!(object[key], value, "{key} of {object}");
    }
    assert!(object["age"].as_u64().is_some_and(|age| age < 600), "{object}");
    let plain = env.run(["list", &address, "--format", "plain", "-o", "content,readers,used-by"]);
    plain.ok().shows("5 B queued").shows(&holder.pid().to_string());
    env.run(["show", &address]).ok().shows("100, 101");
}

fn a_pipe_is_named_by_inode_by_brackets_and_by_a_descriptor() {
    let env = TestEnv::new();
    let (holder, address) = piped(b"");
    let inode = address.strip_prefix("pipe:").unwrap();
    for name in [
        format!("pipe:[{inode}]"),
        format!("pipe:{}/{READER}", holder.pid()),
        format!("pipe:{}/{WRITER}", holder.pid()),
    ] {
        let output = env.run(["list", &name, "--format", "plain", "-o", "address"]).ok();
        output.prints(&format!("{address}\n"));
    }
}

fn a_pipe_of_packets_is_told() {
    let env = TestEnv::new();
    let holder = holder::holding(|| pipe::numbered(libc::O_DIRECT));
    assert_eq!(env.show(&address(&holder))["packet"], true);
}

fn an_end_that_no_process_has_is_none() {
    let env = TestEnv::new();
    for (closed, left) in [(READER, WRITER), (WRITER, READER)] {
        let holder = holder::holding(|| {
            pipe::numbered(0);
            pipe::close(closed);
        });
        let address = address_of(&holder, left);
        let (gone, there) =
            if left == WRITER { ("readers", "writers") } else { ("writers", "readers") };
        let object = env.show(&address);
        assert_eq!((&object[gone], &object[there]), (&Value::Null, &json!([holder.pid()])));
        let unread = object["unread"].as_array().unwrap();
        assert!(
            unread.iter().all(|one| one["fact"] != gone),
            "the kernel says that it is gone: {object}"
        );
    }
}

/// All that looks at a pipe.
fn look(env: &TestEnv, address: &str) {
    for _ in 0..10 {
        env.run(["show", address]).ok();
        env.run(["list", address, "-o", "+readers,writers,capacity,packet"]).ok();
        env.run(["peek", address]).any_code(&[0, 1]);
    }
}

/// A process that goes on for ever with one end of a pipe whose other end is closed: it ends if `act` fails.
fn left_alone(closed: i32, left: i32, act: fn(i32)) -> (Holder, String) {
    let holder = holder::churning(move || {
        pipe::numbered(libc::O_NONBLOCK);
        pipe::close(closed);
        loop {
            act(left);
        }
    });
    let has = |number| std::fs::metadata(format!("/proc/{}/fd/{number}", holder.pid())).is_ok();
    while has(closed) || !has(left) {
        std::thread::yield_now();
    }
    let address = address_of(&holder, left);
    (holder, address)
}

// A writer learns that nobody reads any more, whoever looks.
fn looking_adds_no_reader() {
    let env = TestEnv::new();
    let (holder, address) = left_alone(READER, WRITER, |writer| {
        let failed = pipe::end(writer).write(b"x").unwrap_err();
        assert_eq!(failed.kind(), std::io::ErrorKind::BrokenPipe);
    });
    look(&env, &address);
    assert_ne!(holder::state_of(holder.pid()), 'Z', "a write succeeded");
}

// A reader finds the end of file, whoever looks.
fn looking_adds_no_writer() {
    let env = TestEnv::new();
    let (holder, address) = left_alone(WRITER, READER, |reader| {
        assert_eq!(pipe::end(reader).read(&mut [0]).unwrap(), 0);
    });
    look(&env, &address);
    assert_ne!(holder::state_of(holder.pid()), 'Z', "it had a writer");
}

fn peek_leaves_the_bytes_where_they_are() {
    let env = TestEnv::new();
    let (_holder, address) = piped(b"one\ntwo\n");
    for _ in 0..3 {
        env.run(["peek", &address]).ok().prints("one\ntwo\n");
    }
    env.run(["peek", &address, "--frame", "line", "--count", "1"]).ok().prints("one\n");
    assert_eq!(env.show(&address)["queued"], 8);
    let (_holder, empty) = piped(b"");
    env.run(["peek", &empty]).ok().prints("");
}

fn peek_without_a_reader_is_refused() {
    let env = TestEnv::new();
    let holder = holder::holding(|| {
        pipe::numbered(0);
        pipe::end(WRITER).write_all(b"lost").unwrap();
        pipe::close(READER);
    });
    let output = env.run(["peek", &address(&holder)]).code(1);
    output.prints("").says("no process has it open for reading");
}

fn a_listing_shows_pipes_when_it_is_asked_for_them() {
    let env = TestEnv::new();
    let (holder, address) = piped(b"");
    let shows = |arguments: &[&str]| {
        let (_, output) = env.run(["list", "--json"].iter().chain(arguments)).any_code(&[0]);
        output.addresses().contains(&address)
    };
    assert!(!shows(&[]));
    assert!(shows(&["pipe"]) && shows(&["--all"]) && shows(&["--pid", &holder.pid().to_string()]));
    assert!(!shows(&["pipe", "--pid", &std::process::id().to_string()]));
}

fn what_is_no_pipe_is_exit_3_and_said() {
    let env = TestEnv::new();
    let path = env.path("fifo");
    fifo::fifo(&path, 0o600);
    let holder = holder::holding(|| {
        std::mem::forget(fifo::fill(&path, b""));
        holding::open("/dev/null", libc::O_RDONLY);
    });
    let pid = holder.pid();
    let number = |link: &str| {
        let mut entries = std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().flatten();
        let found = entries
            .find(|one| std::fs::read_link(one.path()).is_ok_and(|to| to.as_os_str() == link));
        found.unwrap().file_name().into_string().unwrap()
    };
    let fifo = format!("pipe:{pid}/{}", number(&path));
    env.run(["show", &fifo]).code(3).prints("").says("it is a FIFO, not a pipe");
    env.run(["show", &format!("pipe:{pid}/4711")]).code(3).says("has no descriptor 4711");
    env.run(["show", "pipe:2147483647/0"]).code(3).says("has no descriptor 0");
    for wrong in ["pipe:", "pipe:x", "pipe:[1", "pipe:1/", "pipe:0/1", "pipe:18446744073709551616"]
    {
        env.run(["show", wrong]).code(2).prints("");
    }
}

fn a_pipe_that_is_gone_is_exit_3() {
    let env = TestEnv::new();
    let (holder, address) = piped(b"");
    drop(holder);
    for arguments in
        [&["show", &address][..], &["peek", &address], &["list", &address, "--no-headings"]]
    {
        env.run(arguments).code(3).prints("").says(&address);
    }
}

fn a_process_with_very_many_descriptors_is_read_whole() {
    let env = TestEnv::new();
    const MANY: i32 = 1000;
    let holder = holder::holding(|| {
        forking::undisturbed(|| pipe::numbered(0));
        (200..200 + MANY).for_each(|number| holding::copy(READER, number));
    });
    let object = env.show(&address(&holder));
    let fds = object["used_by"][0]["fds"].as_array().unwrap();
    assert_eq!(fds.len(), 2 + MANY as usize, "{object}");
}

fn a_pipe_has_another_size_when_that_is_insisted_on() {
    let env = TestEnv::new();
    let (holder, address) = piped(&[7; 9000]);
    let refused = env.run(["set", &address, "--size", "128K"]).code(1);
    refused.says("other programs hold it").says("--force");
    assert_eq!(env.show(&address)["capacity"], 65536);
    env.run(["set", &address, "--size", "128K", "--force"]).ok().prints("");
    let object = env.show(&address);
    assert_eq!((&object["capacity"], &object["queued"]), (&json!(131_072), &json!(9000)));
    let full = env.run(["set", &address, "--size", "4K", "--force"]).code(1);
    full.says("what is in it does not fit into 4096 bytes");
    assert_eq!(env.show(&address)["capacity"], 131_072);
    env.run(["set", &address, "--force"]).code(2).says("--force goes with --size");
    env.run(["set", &address, "--size", "3G", "--force"]).code(2).says("less than 2 GiB");
    drop(holder);
    env.run(["set", &address, "--size", "128K", "--force"]).code(3);
}

fn a_fifo_has_another_size_while_it_is_open() {
    let env = TestEnv::new();
    let path = env.path("orders");
    fifo::fifo(&path, 0o600);
    let address = format!("fifo:{path}");
    let size = ["set", &address, "--size", "1M", "--force"];
    env.run(size).code(1).says("has it open");
    let holder = holder::holding(move || std::mem::forget(fifo::fill(&path, b"kept")));
    env.run(size).ok();
    let object = env.show(&address);
    assert_eq!((&object["capacity"], &object["queued"]), (&json!(1 << 20), &json!(4)));
    drop(holder);
}
