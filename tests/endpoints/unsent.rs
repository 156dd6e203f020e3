//! What `send` has read and not sent when it stops.

use super::{SMALL, script};
use crate::env::TestEnv;

crate::cases![
    what_was_read_and_not_sent_is_saved_and_can_be_sent_again,
    a_signal_saves_it_too,
    a_message_that_is_too_long_is_saved_with_what_follows,
    bytes_that_a_fifo_did_not_take_are_saved,
    a_regular_file_is_not_copied
];

/// The saved file as it is, after the scripts below.
const SAVED: &str = "cat ipcctl-saved-*";

fn what_was_read_and_not_sent_is_saved_and_can_be_sent_again() {
    for frame in ["line", "nul", "len32", "json"] {
        let env = TestEnv::new();
        let text = format!(
            "{} > /dev/null; {} > other; other=$(cat other); \
             seq 15 | ipcctl send $other; ipcctl recv $other --drain --frame {frame} > input; \
             cat input | ipcctl send mq:/q --frame {frame} --nonblock 2> err || echo $?; \
             ipcctl recv mq:/q --drain; \
             sh -c \"$(sed -n 's/.*: \\(ipcctl send .*\\)/\\1/p' err)\" 2> again || true; \
             ipcctl recv mq:/q --drain",
            SMALL[0], SMALL[1]
        );
        let text = if frame == "json" {
            text.replace("> input;", "| sed 's/\"type\":1,//' > input;")
        } else {
            text
        };
        let expected: String = (1..=15).map(|n| format!("{n}\n")).collect();
        script(&env, &text).run().code(0).prints(&format!("5\n{expected}"));
    }
}

fn a_signal_saves_it_too() {
    let env = TestEnv::new();
    let text = format!(
        "{} > /dev/null; mkfifo in; (seq 30; sleep 100) > in & keep=$!; \
         ipcctl send mq:/q < in & asleep $!; \
         kill -TERM $!; wait $! || echo $?; kill $keep; {SAVED}",
        SMALL[0]
    );
    let rest: String = (11..=30).map(|n| format!("{n}\n")).collect();
    script(&env, &text).run().code(0).prints(&format!("143\n{rest}"));
}

fn a_message_that_is_too_long_is_saved_with_what_follows() {
    let env = TestEnv::new();
    let text = format!(
        "{} > /dev/null; long=$(printf %0300d 7); \
         printf 'a\\n%s\\nb\\n' $long | (ipcctl send mq:/q || echo $?); printf '%s\\nb\\n' $long | cmp - ipcctl-saved-*",
        SMALL[0]
    );
    script(&env, &text).run().code(0).prints("7\n").says("read and not sent");
}

fn bytes_that_a_fifo_did_not_take_are_saved() {
    let env = TestEnv::new();
    let text = "mkfifo p; exec 3<> p; head -c 100000 /dev/urandom > input; \
         python3 -c 'import socket,subprocess,sys; a,b=socket.socketpair(); a.sendall(open(\"input\",\"rb\").read()); a.close(); \
sys.exit(subprocess.call([\"ipcctl\",\"send\",\"fifo:./p\",\"--timeout\",\"0.3\"],stdin=b))' || echo $?; \
         exec 4< p; exec 3>&-; cat <&4 > got; cat got ipcctl-saved-* > all; cmp -n $(wc -c < all) all input && test $(wc -c < all) -gt 65536 && echo whole";
    script(&env, text).run().code(0).prints("5\nwhole\n");
}

fn a_regular_file_is_not_copied() {
    let env = TestEnv::new();
    let text = format!(
        "{} > /dev/null; seq 30 > input; ipcctl send mq:/q --nonblock < input || echo $?; ls ipcctl-saved-* 2> /dev/null || echo none",
        SMALL[0]
    );
    script(&env, &text).run().code(0).prints("5\nnone\n").says_not("read and not sent");
}
