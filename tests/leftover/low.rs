//! Threads whose stack is low: those of programs of 32 bits, and those who put it there. Their calls are read, too, and they
//! hide nobody else's.

#![allow(unsafe_code)]

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use super::judged;
use crate::env::TestEnv;
use crate::makers::{holder, sysv};

crate::cases![
    ; SeveralUsers: a_thread_with_a_low_stack_hides_nobody
    ; Programs32: a_waiter_of_a_program_of_32_bits_is_named, a_program_of_32_bits_hides_nobody
];

/// A queue that nobody uses is judged, so every process could be read.
#[track_caller]
fn expect_nobody_hidden(env: &TestEnv) {
    let id = sysv::queue(env.key(), 0o600);
    let (state, evidence) = judged(env, &format!("mq:{id}"));
    assert_ne!(state, "unknown", "{evidence}");
}

fn a_thread_with_a_low_stack_hides_nobody() {
    let env = TestEnv::readable();
    let _low = holder::holding(|| {
        extern "C" fn sleep(_: *mut libc::c_void) -> libc::c_int {
            holder::pause();
            0
        }
        const SIZE: usize = 1 << 16;
        // SAFETY: a stack of its own for a thread that shares the memory of this process, which never ends before it.
        unsafe {
            let access = libc::PROT_READ | libc::PROT_WRITE;
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_32BIT;
            let stack = libc::mmap(std::ptr::null_mut(), SIZE, access, flags, -1, 0);
            assert!(stack != libc::MAP_FAILED);
            let flags = libc::CLONE_VM | libc::CLONE_THREAD | libc::CLONE_SIGHAND;
            let top = stack.add(SIZE - 64);
            assert!(libc::clone(sleep, top, flags, std::ptr::null_mut()) > 0);
        }
    });
    expect_nobody_hidden(&env);
}

/// A program for i386 that makes one system call and ends, with these registers and data. `DATA` is where the data is.
fn program(env: &TestEnv, [eax, ebx, ecx, edx, edi]: [u32; 5], data: &[u8]) -> String {
    const BASE: u32 = 0x0804_8000;
    const HEADERS: u32 = 84;
    const CODE: u32 = 64;
    let place = BASE + HEADERS + CODE;
    let mut code = Vec::new();
    // mov of a register's number to each, xor esi,esi, int 0x80, exit.
    for (opcode, value) in [(0xb8, eax), (0xbb, ebx), (0xb9, ecx), (0xba, edx), (0xbf, edi)] {
        code.push(opcode);
        code.extend((if value == u32::MAX { place } else { value }).to_le_bytes());
    }
    code.extend([0x31, 0xf6, 0xcd, 0x80, 0xb8, 1, 0, 0, 0, 0x31, 0xdb, 0xcd, 0x80]);
    code.resize(CODE as usize, 0x90);
    code.extend(data);
    let mut file = b"\x7fELF\x01\x01\x01".to_vec();
    file.resize(16, 0);
    let words = |file: &mut Vec<u8>, words: &[u32]| {
        words.iter().for_each(|word| file.extend(word.to_le_bytes()));
    };
    // An executable for i386 with one header, which follows.
    words(&mut file, &[0x0003_0002, 1, BASE + HEADERS, 52, 0, 0, 0x0020_0034, 1, 0]);
    let length = HEADERS + code.len() as u32;
    words(&mut file, &[1, 0, BASE, BASE, length, length, 7, 4096]);
    file.extend(code);
    let path = env.path("program");
    fs::write(&path, file).unwrap();
    fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
    path
}

/// What EDI is when it points to the data.
const DATA: u32 = u32::MAX;

fn a_waiter_of_a_program_of_32_bits_is_named() {
    let env = TestEnv::readable();
    let set = sysv::set(env.key(), 1, 0o600);
    let queue = sysv::queue(env.key(), 0o600);
    let lower = [0, 0, 0xff, 0xff, 0, 0];
    let [id, of_queue] = [set, queue].map(|id| u32::try_from(id).unwrap());
    for (address, registers, call) in [
        (format!("sem:{set}"), [420, id, DATA, 1, 0], "semop"),
        (format!("sem:{set}"), [117, 1, id, 1, DATA], "semop"),
        (format!("mq:{queue}"), [401, of_queue, DATA, 8, 0], "msgrcv"),
    ] {
        let waiter = env.tool(&program(&env, registers, &lower), [""; 0]).start();
        waiter.wait_until_asleep();
        let (state, evidence) = judged(&env, &address);
        assert_eq!(state, "in-use", "{registers:?}: {evidence}");
        let pid = waiter.pid();
        let shown =
            env.run(["list", "sem", "mq", "--columns", "address,used-by,waits"]).any_code(&[0, 1]);
        shown.1.shows(&pid.to_string());
        assert!(evidence.contains(call) || evidence.contains("wait"), "{call}: {evidence}");
    }
}

fn a_program_of_32_bits_hides_nobody() {
    let env = TestEnv::readable();
    // pause(2)
    let sleeper = env.tool(&program(&env, [29, 0, 0, 0, 0], &[]), [""; 0]).start();
    sleeper.wait_until_asleep();
    expect_nobody_hidden(&env);
}
