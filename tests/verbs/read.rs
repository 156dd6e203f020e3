//! `read`: bytes out of shared memory of both families.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, pipe};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::process::Stdio;

use crate::env::TestEnv;
use crate::makers::{memory, posix, sysv};

crate::cases![
    the_bytes_come_out_as_they_are,
    offset_and_length_choose_a_part,
    a_part_past_the_end_is_refused_before_a_byte_is_read,
    a_dump_has_offsets_numbers_and_text,
    a_terminal_gets_a_dump,
    looking_at_a_part_of_a_huge_sparse_object_takes_no_memory,
    looking_at_a_segment_takes_no_memory_for_its_holes,
    reading_changes_neither_size_nor_content_nor_times,
    an_object_that_is_cut_short_meanwhile_is_an_error_that_says_how_far_it_went,
    to_read_takes_permission_to_read_alone,
    what_has_no_memory_is_a_usage_error_that_names_the_kinds_that_have,
    a_missing_object_is_not_found,
    a_closed_output_ends_it_quietly,
    a_full_disk_is_a_failure,
    progress_is_told_on_a_terminal_alone
];

fn the_bytes_come_out_as_they_are() {
    let env = TestEnv::new();
    for length in [0, 1, 255, 4096, 262_143, 262_145, 4_194_305] {
        let bytes = memory::noise(length);
        posix::shared_memory("/a", length, 0o600);
        memory::fill_posix("/a", &bytes);
        assert_eq!(env.run(["read", "shm:/a"]).ok().raw(), bytes, "{length}");
        fs::remove_file("/dev/shm/a").unwrap();
        // The kernel makes no empty segments.
        if length > 0 {
            let id = sysv::segment(sysv::PRIVATE, length, 0o600);
            memory::fill_sysv(id, &bytes);
            assert_eq!(env.run(["read", &format!("shm:{id}")]).ok().raw(), bytes, "{length}");
        }
    }
}

fn offset_and_length_choose_a_part() {
    let env = TestEnv::new();
    let (bytes, addresses) = memory::both(&env, 300_000);
    for address in addresses {
        for (offset, length) in [(0, 0), (0, 1), (5, 10), (299_999, 1), (300_000, 0), (1, 299_999)]
        {
            let part = ["--offset", &offset.to_string(), "--length", &length.to_string()];
            let output = env.run([&["read", &address], &part[..]].concat()).ok();
            assert_eq!(output.raw(), &bytes[offset..offset + length], "{address} {part:?}");
        }
        let tail = env.run(["read", &address, "--offset", "64K"]).ok();
        assert_eq!(tail.raw(), &bytes[65536..], "{address}");
    }
}

fn a_part_past_the_end_is_refused_before_a_byte_is_read() {
    let env = TestEnv::new();
    let (_, addresses) = memory::both(&env, 100);
    for address in addresses {
        for part in [
            vec!["--offset", "101"],
            vec!["--length", "101"],
            vec!["--offset", "50", "--length", "51"],
            vec!["--offset", "18446744073709551615", "--length", "18446744073709551615"],
        ] {
            let output = env.run([vec!["read", &address], part].concat()).code(1);
            output.prints("").says("100 bytes").says("past its end");
        }
    }
}

fn a_dump_has_offsets_numbers_and_text() {
    let env = TestEnv::new();
    posix::shared_memory("/a", 70, 0o600);
    memory::fill_posix("/a", b"hello, world\n\x00\xff\x7f~");
    env.run(["read", "shm:/a", "--hex"]).ok().prints(
        "00000000  68 65 6c 6c 6f 2c 20 77  6f 72 6c 64 0a 00 ff 7f  |hello, world....|\n\
         00000010  7e 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |~...............|\n\
         00000020  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n\
         *\n\
         00000040  00 00 00 00 00 00                                 |......|\n\
         00000046\n",
    );
    env.run(["read", "shm:/a", "--hex", "--offset", "7", "--length", "5"])
        .ok()
        .prints("00000007  77 6f 72 6c 64                                    |world|\n0000000c\n");
    let id = sysv::segment(sysv::PRIVATE, 3, 0o600);
    memory::fill_sysv(id, b"\x1b[2");
    env.run(["read", &format!("shm:{id}"), "--hex"])
        .ok()
        .prints("00000000  1b 5b 32                                          |.[2|\n00000003\n");
}

fn a_terminal_gets_a_dump() {
    let env = TestEnv::new();
    posix::shared_memory("/a", 8, 0o600);
    memory::fill_posix("/a", b"\x1b[2J\x07\x9b1m");
    let output = env.command(["read", "shm:/a"]).run_on_terminal(80).ok();
    output.shows("00000000  1b 5b 32 4a 07 9b 31 6d").is_safe_on_a_terminal();
}

fn looking_at_a_part_of_a_huge_sparse_object_takes_no_memory() {
    let env = TestEnv::new();
    // The file system has 64 MiB; the object is a hole of a tebibyte with a word at its end.
    posix::shared_memory("/huge", 1 << 40, 0o600);
    let file = OpenOptions::new().write(true).open("/dev/shm/huge").unwrap();
    file.write_all_at(b"end", (1 << 40) - 3).unwrap();
    let before = fs::metadata("/dev/shm/huge").unwrap().blocks();
    let tail = env.run(["read", "shm:/huge", "--offset", "1099511627773"]).ok();
    assert_eq!(tail.raw(), b"end");
    let some = env.command(["read", "shm:/huge", "--length", "1G"]).limit(libc::RLIMIT_AS, 1 << 26);
    some.run_to(File::create("/dev/null").unwrap().into()).ok();
    assert_eq!(fs::metadata("/dev/shm/huge").unwrap().blocks(), before);
}

fn looking_at_a_segment_takes_no_memory_for_its_holes() {
    let env = TestEnv::new();
    let length = 12 << 20;
    let id = sysv::segment(0x5eed, length, 0o600);
    let mut expected = vec![0; length];
    for (at, text) in
        [(0, &b"first"[..]), (4_300_000, b"some"), (5_000_000, b"where"), (length - 4, b"last")]
    {
        memory::fill_sysv_at(id, at, text);
        expected[at..at + text.len()].copy_from_slice(text);
    }
    let resident = || env.show("shm:0x5eed")["resident"].clone();
    let before = resident();
    assert!(env.run(["read", "shm:0x5eed"]).ok().raw() == expected);
    let part = ["read", "shm:0x5eed", "--offset", "4299990", "--length", "700100"];
    assert!(env.run(part).ok().raw() == &expected[4_299_990..5_000_090]);
    env.run(["read", "shm:0x5eed", "--hex"]).ok().shows("some").shows("last|\n00c00000\n");
    let swap = fs::read_to_string("/proc/swaps").unwrap().lines().count() > 1;
    assert!(swap || resident() == before, "{} is not {before}", resident());
}

fn reading_changes_neither_size_nor_content_nor_times() {
    let env = TestEnv::new();
    let (bytes, [posix, sysv]) = memory::both(&env, 10_000);
    let seen = |file: &File| {
        let stat = file.metadata().unwrap();
        (stat.size(), stat.blocks(), stat.mtime_nsec(), stat.ctime_nsec(), stat.atime_nsec())
    };
    let file = File::open("/dev/shm/both").unwrap();
    let before = seen(&file);
    env.run(["read", &posix]).ok();
    env.run(["read", &posix, "--hex"]).ok();
    assert_eq!(seen(&file), before);
    let id = sysv.strip_prefix("shm:").unwrap().parse().unwrap();
    env.run(["read", &sysv]).ok();
    let status = sysv::segment_status(id).unwrap();
    assert_eq!((status.shm_segsz, status.shm_nattch), (10_000, 0));
    assert_eq!(memory::bytes_sysv(id), bytes);
}

fn an_object_that_is_cut_short_meanwhile_is_an_error_that_says_how_far_it_went() {
    let env = TestEnv::new();
    posix::shared_memory("/a", 32 << 20, 0o600);
    let (mut reader, writer) = pipe().unwrap();
    let running = env.command(["read", "shm:/a"]).start_with(Stdio::null(), writer.into());
    // It has read a first block and waits for room in the pipe.
    reader.read_exact(&mut [0]).unwrap();
    running.wait_until_asleep();
    OpenOptions::new().write(true).open("/dev/shm/a").unwrap().set_len(1 << 20).unwrap();
    let mut rest = Vec::new();
    reader.read_to_end(&mut rest).unwrap();
    assert_eq!(rest.len() + 1, 1 << 20);
    running.end().code(1).says("cut short to 1048576 bytes").says("1048576 bytes were read");
}

fn to_read_takes_permission_to_read_alone() {
    let env = TestEnv::new();
    posix::shared_memory("/readable", 4, 0o400);
    posix::shared_memory("/closed", 4, 0o200);
    let readable = sysv::segment(sysv::PRIVATE, 4, 0o400);
    let closed = sysv::segment(sysv::PRIVATE, 4, 0o200);
    for address in ["shm:/readable".to_owned(), format!("shm:{readable}")] {
        env.command(["read", &address]).unprivileged().run().ok().prints("\0\0\0\0");
    }
    for address in ["shm:/closed".to_owned(), format!("shm:{closed}")] {
        let output = env.command(["read", &address]).unprivileged().run().code(4);
        output.says(&format!("cannot read {address}: permission denied"));
    }
}

fn what_has_no_memory_is_a_usage_error_that_names_the_kinds_that_have() {
    let env = TestEnv::new();
    posix::semaphore("/gate", 1, 0o600);
    for verb in ["read", "write"] {
        for address in ["sem:/gate", "mq:0", "fifo:/tmp/x", "sem:0"] {
            env.run([verb, address])
                .code(2)
                .says("System V shared memory, POSIX shared memory")
                .prints("");
        }
        // Its file is no shared memory.
        env.run([verb, "shm:/sem.gate"]).code(3).says("sem:/gate");
    }
    assert_eq!(posix::semaphore_value("/gate"), 1);
}

fn a_missing_object_is_not_found() {
    let env = TestEnv::new();
    for address in ["shm:/none", "shm:0", "shm:0x5eed"] {
        for verb in ["read", "write"] {
            env.run([verb, address]).code(3).prints("").says("no such object");
        }
    }
}

fn a_closed_output_ends_it_quietly() {
    let env = TestEnv::new();
    let (_, addresses) = memory::both(&env, 1 << 20);
    for address in addresses {
        for arguments in [vec!["read", &address], vec!["read", &address, "--hex"]] {
            let (reader, writer) = pipe().unwrap();
            drop(reader);
            env.command(arguments).run_to(writer.into()).ok();
        }
    }
}

fn a_full_disk_is_a_failure() {
    let env = TestEnv::new();
    let (_, addresses) = memory::both(&env, 1 << 20);
    for address in addresses {
        let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
        env.command(["read", &address]).run_to(full.into()).code(1).says("no space left");
    }
}

fn progress_is_told_on_a_terminal_alone() {
    let env = TestEnv::new();
    let (bytes, addresses) = memory::both(&env, 3 << 20);
    for address in addresses {
        let arguments = ["read", &address, "--progress"];
        assert_eq!(env.run(arguments).ok().raw(), bytes);
        let told = env.command(arguments).run_talking_to_terminal(80).code(0);
        assert_eq!(told.raw(), bytes);
        told.says("3.00 MiB of 3.00 MiB");
        let silent = env.command(&arguments[..2]).run_talking_to_terminal(80).ok();
        assert_eq!(silent.raw(), bytes);
    }
}
