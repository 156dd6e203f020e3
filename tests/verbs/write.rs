//! `write`: bytes into shared memory of both families.

use std::fs::{self, File, OpenOptions};
use std::io::{Write, pipe};
use std::process::Stdio;
use std::thread;

use crate::env::{Invocation, TestEnv};
use crate::makers::{memory, posix, sysv};
use crate::output::Run;
use crate::scratch::Scratch;

crate::cases![
    input_is_written_and_nothing_else_changes,
    text_is_written_without_a_newline,
    what_is_written_is_what_is_read,
    input_that_is_too_long_is_refused_before_a_byte_is_written,
    a_long_pipe_fills_the_object_and_says_how_much_it_was,
    a_length_takes_the_first_bytes_of_the_input,
    input_that_is_too_short_for_its_length_is_an_error,
    no_input_changes_nothing,
    an_object_that_is_cut_short_meanwhile_is_not_made_longer_again,
    a_full_file_system_is_a_limit_and_the_bytes_are_counted,
    to_write_takes_permission,
    progress_is_told_on_a_terminal_alone;
    Python: python_on_the_other_end
];

/// A run whose input comes through a pipe, in pieces: its length is not known beforehand.
fn through_a_pipe(invocation: Invocation, bytes: &[u8]) -> Run {
    let (reader, mut writer) = pipe().unwrap();
    thread::scope(|scope| {
        // It may stop reading before the end.
        scope.spawn(move || bytes.chunks(10_000).try_for_each(|piece| writer.write_all(piece)));
        invocation.start_with(reader.into(), Scratch::new().stdio()).end()
    })
}

fn input_is_written_and_nothing_else_changes() {
    let env = TestEnv::new();
    let (bytes, addresses) = memory::both(&env, 1000);
    for address in addresses {
        let mut expected = bytes.clone();
        expected[10..15].copy_from_slice(b"a\0b\nc");
        let arguments = ["write", &address, "--offset", "10"];
        env.command(arguments).input("a\0b\nc").run().ok().prints("");
        assert_eq!(memory::bytes_of(&address), expected, "{address}");
        expected[990..].copy_from_slice(b"0123456789");
        let arguments = ["write", &address, "--offset", "990"];
        through_a_pipe(env.command(arguments), b"0123456789").ok();
        assert_eq!(memory::bytes_of(&address), expected, "{address}");
    }
}

fn text_is_written_without_a_newline() {
    let env = TestEnv::new();
    let (bytes, addresses) = memory::both(&env, 8);
    for address in addresses {
        env.run(["write", &address, "--data", "-öx"]).ok().prints("");
        assert_eq!(memory::bytes_of(&address), ["-öx".as_bytes(), &bytes[4..]].concat());
        env.run(["write", &address, "--data", "x", "--length", "1"]).code(2);
    }
}

fn what_is_written_is_what_is_read() {
    let env = TestEnv::new();
    // Around the blocks in which either kind is moved, and what is read ahead of a pipe.
    for length in [1, 65_537, 262_143, 262_144, 262_145, 1_048_575, 1_048_576, 1_048_577, 4_194_305]
    {
        let bytes = memory::noise(length);
        posix::shared_memory("/a", length, 0o600);
        let id = sysv::segment(sysv::PRIVATE, length, 0o600);
        for address in ["shm:/a".to_owned(), format!("shm:{id}")] {
            env.command(["write", &address]).input(&*bytes).run().ok();
            assert!(memory::bytes_of(&address) == bytes, "{address} {length} from a file");
            env.command(["write", &address, "--length", &length.to_string()])
                .start_with(File::open("/dev/zero").unwrap().into(), Stdio::null())
                .end()
                .ok();
            assert!(memory::bytes_of(&address) == vec![0; length], "{address} {length} of zeros");
            through_a_pipe(env.command(["write", &address]), &bytes).ok();
            assert!(memory::bytes_of(&address) == bytes, "{address} {length} from a pipe");
        }
        fs::remove_file("/dev/shm/a").unwrap();
    }
}

fn input_that_is_too_long_is_refused_before_a_byte_is_written() {
    let env = TestEnv::new();
    let (bytes, addresses) = memory::both(&env, 100_000);
    for address in addresses {
        let long = vec![b'x'; 100_001];
        let command = || env.command(["write", &address]);
        let some = || env.command(["write", &address, "--offset", "99999"]);
        for run in [
            command().input(&*long).run(),
            through_a_pipe(command(), &long),
            some().input("xx").run(),
            through_a_pipe(some(), b"xx"),
            env.run(["write", &address, "--offset", "99999", "--data", "xx"]),
            env.run(["write", &address, "--offset", "100001", "--data", ""]),
            env.run(["write", &address, "--length", "100001"]),
        ] {
            run.code(1).prints("").says_not("were written");
            assert!(memory::bytes_of(&address) == bytes, "{address}");
        }
    }
    assert_eq!(fs::metadata("/dev/shm/both").unwrap().len(), 100_000);
}

fn a_long_pipe_fills_the_object_and_says_how_much_it_was() {
    let env = TestEnv::new();
    let length = 3 << 20;
    let (_, addresses) = memory::both(&env, length);
    let input = [memory::noise(length), vec![1]].concat();
    for address in addresses {
        through_a_pipe(env.command(["write", &address]), &input)
            .code(1)
            .says("longer than the 3145728 bytes")
            .says("3145728 bytes were written");
        assert!(memory::bytes_of(&address) == input[..length], "{address}");
        // Exactly as long is not too long.
        through_a_pipe(env.command(["write", &address]), &input[..length]).ok();
    }
    assert_eq!(fs::metadata("/dev/shm/both").unwrap().len(), 3 << 20);
}

fn a_length_takes_the_first_bytes_of_the_input() {
    let env = TestEnv::new();
    let (bytes, addresses) = memory::both(&env, 100);
    for address in addresses {
        let expected = [b"012", &bytes[3..]].concat();
        env.command(["write", &address, "--length", "3"]).input("0123456").run().ok();
        assert_eq!(memory::bytes_of(&address), expected);
        through_a_pipe(env.command(["write", &address, "--length", "3"]), b"0129999").ok();
        assert_eq!(memory::bytes_of(&address), expected);
    }
}

fn input_that_is_too_short_for_its_length_is_an_error() {
    let env = TestEnv::new();
    let (bytes, addresses) = memory::both(&env, 100);
    for address in addresses {
        let command = || env.command(["write", &address, "--length", "5"]);
        command().input("xxx").run().code(1).says("only 3 of 5 bytes");
        assert_eq!(memory::bytes_of(&address), bytes, "a file's length is known beforehand");
        through_a_pipe(command(), b"xxx")
            .code(1)
            .says("ended before 5 bytes")
            .says("3 bytes were written");
    }
}

fn no_input_changes_nothing() {
    let env = TestEnv::new();
    let (bytes, addresses) = memory::both(&env, 100);
    posix::shared_memory("/empty", 0, 0o600);
    for address in addresses.iter().map(String::as_str).chain(["shm:/empty"]) {
        env.run(["write", address]).ok();
        through_a_pipe(env.command(["write", address]), b"").ok();
        env.run(["write", address, "--data", ""]).ok();
        env.run(["write", address, "--length", "0"]).ok();
    }
    assert_eq!(memory::bytes_of(&addresses[0]), bytes);
    env.run(["write", "shm:/empty", "--data", "x"]).code(1).says("it has 0 bytes");
    assert_eq!(fs::metadata("/dev/shm/empty").unwrap().len(), 0);
}

fn an_object_that_is_cut_short_meanwhile_is_not_made_longer_again() {
    let env = TestEnv::new();
    posix::shared_memory("/a", 32 << 20, 0o600);
    let (reader, mut writer) = pipe().unwrap();
    let running = env.command(["write", "shm:/a"]).start_with(reader.into(), Stdio::null());
    writer.write_all(&vec![b'x'; 2 << 20]).unwrap();
    running.wait_until_asleep();
    OpenOptions::new().write(true).open("/dev/shm/a").unwrap().set_len(1 << 20).unwrap();
    // It may have ended by now.
    let _ = writer.write_all(&vec![b'y'; 1 << 20]);
    drop(writer);
    let output = running.end().code(1);
    output.says("cut short to 1048576 bytes").says("2097152 bytes were written");
    assert_eq!(fs::metadata("/dev/shm/a").unwrap().len(), 1 << 20);
}

fn a_full_file_system_is_a_limit_and_the_bytes_are_counted() {
    let env = TestEnv::new();
    // The file system has 64 MiB.
    posix::shared_memory("/a", 128 << 20, 0o600);
    let zero = File::open("/dev/zero").unwrap();
    let output = env
        .command(["write", "shm:/a", "--length", "128M"])
        .start_with(zero.into(), Stdio::null())
        .end()
        .code(7);
    output.says("/dev/shm is full").says("bytes were written");
    assert_eq!(fs::metadata("/dev/shm/a").unwrap().len(), 128 << 20);
}

fn to_write_takes_permission() {
    let env = TestEnv::new();
    posix::shared_memory("/closed", 4, 0o400);
    posix::shared_memory("/open", 4, 0o200);
    let closed = sysv::segment(sysv::PRIVATE, 4, 0o400);
    let unreadable = sysv::segment(sysv::PRIVATE, 4, 0o200);
    let write = |address: &str| env.command(["write", address, "--data", "x"]).unprivileged().run();
    write("shm:/open").ok();
    write("shm:/closed").code(4).says("permission denied");
    write(&format!("shm:{closed}")).code(4).says("permission denied");
    write(&format!("shm:{unreadable}")).code(4).says("permission to read it too");
    assert_eq!(memory::bytes_posix("/closed"), [0; 4]);
    assert_eq!(memory::bytes_sysv(closed), [0; 4]);
}

fn progress_is_told_on_a_terminal_alone() {
    let env = TestEnv::new();
    let (_, addresses) = memory::both(&env, 100);
    for address in addresses {
        env.run(["write", &address, "--progress", "--data", "x"]).ok();
        let told = env
            .command(["write", &address, "--progress", "--data", "x"])
            .run_talking_to_terminal(80)
            .code(0);
        told.says("1 B");
    }
}

fn python_on_the_other_end() {
    let env = TestEnv::new();
    let id = sysv::segment(0x5eed, 4096, 0o600);
    posix::shared_memory("/shared", 4096, 0o600);
    let python = |code: &str| env.tool("/usr/bin/python3", ["-c", code]).run().ok();
    let open = "import sysv_ipc, posix_ipc, mmap, os
segment = sysv_ipc.SharedMemory(0x5eed)
memory = posix_ipc.SharedMemory('/shared')
mapped = mmap.mmap(memory.fd, memory.size)
";
    python(&format!("{open}segment.write(b'from python', 5)\nmapped[5:16] = b'from python'"));
    for address in [format!("shm:{id}"), "shm:/shared".to_owned()] {
        let part = ["read", &address, "--offset", "5", "--length", "11"];
        env.run(part).ok().prints("from python");
        env.command(["write", &address, "--offset", "4090"]).input("\0shell").run().ok();
    }
    python(&format!("{open}print(segment.read(6, 4090), mapped[4090:4096])"))
        .prints("b'\\x00shell' b'\\x00shell'\n");
}
