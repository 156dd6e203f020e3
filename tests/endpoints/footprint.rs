//! Memory of the endpoints: the same however much goes through them.

use super::script;
use crate::env::TestEnv;

crate::cases![; Python: memory_does_not_grow_with_what_goes_through];

/// What an end may take, in KiB: less than half of what is moved.
const MOST: u64 = 24 << 10;

/// Runs the program with these words, and notes its peak memory. Another Python than that which runs the test
/// starts it, because a process begins with the peak of the one it was made by.
const PEAK: &str = r#"
import os, sys
pid = os.posix_spawn("/dev/program/ipcctl", ["ipcctl"] + sys.argv[1:], os.environ)
_, status, usage = os.wait4(pid, 0)
with open("peaks", "a") as peaks:
    peaks.write(f"{usage.ru_maxrss}\n")
sys.exit(os.waitstatus_to_exitcode(status))
"#;

fn memory_does_not_grow_with_what_goes_through() {
    let env = TestEnv::new();
    std::fs::write(env.path("peak.py"), PEAK).unwrap();
    let make = "ipcctl create mq:/q --max-messages 10 --message-size 8192; ipcctl create mq:0x5eed; \
        ipcctl create fifo:./p; ipcctl create shm:/m --size 60M; ipcctl create shm:0x5eed --size 60M; \
        head -c 60M /dev/zero | tr '\\0' x | fold -w 8000 > lines; echo >> lines; truncate -s 60M zeros";
    script(&env, make).run().code(0);
    let ends = [
        // Both ends of a queue, and of a FIFO in frames and without.
        "peak recv mq:/q --follow --idle-timeout 4 > got & peak send mq:/q < lines; wait; cmp lines got",
        "peak recv mq:0x5eed --follow --idle-timeout 4 > got & peak send mq:0x5eed < lines; wait; cmp lines got",
        "peak recv fifo:./p --frame line > got & peak send fifo:./p --frame line < lines; wait; cmp lines got",
        "peak recv fifo:./p > got & peak send fifo:./p < zeros; wait; cmp zeros got",
        "peak recv fifo:./p > got & cat zeros | peak send fifo:./p; wait; cmp zeros got",
        // Memory, from a file, a pipe, and into both.
        "peak write shm:/m < zeros; peak read shm:/m | cmp - zeros",
        "cat zeros | peak write shm:0x5eed; peak read shm:0x5eed | cmp - zeros",
        "peak write shm:0x5eed < zeros; peak read shm:0x5eed > got; cmp zeros got",
        "peak write shm:0x5eed --offset 5 --length 50M < zeros; peak read shm:0x5eed --offset 5 | tail -c 1 > got; rm got",
        "peak read shm:0x5eed --hex > got; rm got",
    ];
    for text in ends {
        let text = format!("rm -f peaks; peak() {{ /usr/bin/python3 peak.py \"$@\"; }}; {text}");
        let run = script(&env, &text).run().code(0);
        let said = std::fs::read_to_string(env.path("peaks")).unwrap();
        let peaks: Vec<u64> = said.lines().map(|line| line.parse().unwrap()).collect();
        assert_eq!(peaks.len(), text.matches("peak ").count(), "{}", run.report());
        assert!(peaks.iter().all(|peak| *peak < MOST), "{text}\n{peaks:?} KiB");
    }
}
