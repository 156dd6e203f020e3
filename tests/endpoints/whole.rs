//! Messages in a FIFO are whole, or not there at all.

use super::script;
use crate::env::TestEnv;

crate::cases![
    long_messages_of_several_senders_are_never_mixed,
    short_messages_do_not_come_into_the_middle_of_long_ones,
    a_deadline_begins_a_long_message_only_where_all_of_it_has_room,
    a_message_that_can_never_have_room_is_refused_before_its_first_byte,
    a_signal_lets_a_long_message_be_finished,
    a_second_signal_tears_it_and_that_is_said,
    a_signal_between_long_messages_leaves_each_in_one_place;
    Python: another_sender_of_long_messages_is_named,
    the_lock_of_another_does_not_matter_to_short_messages
];

fn long_messages_of_several_senders_are_never_mixed() {
    for (length, lines) in [(9_999, 100), (70_000, 20), (1_500_000, 3)] {
        let env = TestEnv::new();
        let text = format!(
            "mkfifo p; for c in A B C; do for i in $(seq {lines}); do head -c {length} /dev/zero | tr '\\0' $c; echo; done > in$c; done; \
             ipcctl recv fifo:./p --frame line > out & exec 3> p; \
             for c in A B C; do ipcctl send fifo:./p --frame line < in$c & pids=\"${{pids:-}} $!\"; done; wait $pids; \
             exec 3>&-; wait; sort out > sorted; cat inA inB inC | cmp - sorted && wc -l < out"
        );
        script(&env, &text).unprivileged().run().ok().prints(&format!("{}\n", 3 * lines));
    }
}

fn short_messages_do_not_come_into_the_middle_of_long_ones() {
    let env = TestEnv::new();
    let text = "mkfifo p; yes $(head -c 30000 /dev/zero | tr '\\0' A) 2> /dev/null | head -n 60 > long; seq 30000 > short; \
         ipcctl recv fifo:./p --frame line > out & exec 3> p; \
         ipcctl send fifo:./p --frame line < long & one=$!; ipcctl send fifo:./p --frame line < short & other=$!; \
         wait $one $other; exec 3>&-; wait; grep -v A out | cmp - short; grep A out | cmp - long && wc -l < out";
    script(&env, text).run().ok().prints("30060\n");
}

fn a_deadline_begins_a_long_message_only_where_all_of_it_has_room() {
    let env = TestEnv::new();
    let text = "mkfifo p; exec 3<> p; head -c 20000 /dev/zero | tr '\\0' A > long; echo first >&3; \
         for wait in --nonblock '--timeout 0.2'; do ipcctl send fifo:./p --frame line $wait < long || echo $?; done; \
         head -n 1 <&3; ipcctl send fifo:./p --frame line --nonblock < long; head -n 1 <&3 | tr -d '\\n' | cmp - long && echo whole; \
         rm -f ipcctl-saved-*; yes A | head -c 500000 | tr -d '\\n' > longer; ipcctl send fifo:./p --frame line --timeout 5 < longer; \
         head -n 1 <&3 | tr -d '\\n' | cmp - longer && echo enlarged";
    script(&env, text)
        .run()
        .code(0)
        .prints("5\n5\nfirst\nwhole\nenlarged\n")
        .says("it is not empty: 6 of 131072 bytes in use, 20001 more are needed, which go in as a whole only when it is");
}

fn a_message_that_can_never_have_room_is_refused_before_its_first_byte() {
    let env = TestEnv::new();
    let text = "mkfifo p; exec 3<> p; head -c 3000000 /dev/zero | tr '\\0' A > long; \
         for wait in --nonblock '--timeout 5'; do ipcctl send fifo:./p --frame line $wait < long || echo $?; done; \
         ipcctl send fifo:./p after; head -n 1 <&3 | wc -c";
    script(&env, &text.replace("send fifo:./p after", "send fifo:./p --frame line after"))
        .unprivileged()
        .run()
        .code(0)
        .prints("7\n7\n6\n")
        .says("fs.pipe-max-size");
}

fn a_signal_lets_a_long_message_be_finished() {
    let env = TestEnv::new();
    let text = "mkfifo p; head -c 3000000 /dev/zero | tr '\\0' A > long; exec 3<> p; (cat long; echo; seq 5; cat long) > input; \
         ipcctl send fifo:./p --frame line < input & pid=$!; head -c 100000 <&3 > got; asleep $pid; kill -TERM $pid; sleep 0.1; \
         head -n 1 <&3 >> got; wait $pid || echo $?; tr -d '\\n' < got | cmp - long && echo whole; \
         timeout 0.2 head -n 1 <&3 || true";
    script(&env, text)
        .unprivileged()
        .run()
        .code(0)
        .prints("143\nwhole\n")
        .says("1 message was sent");
}

fn a_second_signal_tears_it_and_that_is_said() {
    let env = TestEnv::new();
    let text = "mkfifo p; head -c 3000000 /dev/zero | tr '\\0' A > long; exec 3<> p; \
         ipcctl send fifo:./p --frame line < long & pid=$!; head -c 100000 <&3 > /dev/null; asleep $pid; kill -TERM $pid; \
         sleep 0.2; kill -0 $pid && kill -TERM $pid; wait $pid || echo $?";
    script(&env, text).unprivileged().run().code(0).prints("143\n").says("bytes of the next");
}

fn a_signal_between_long_messages_leaves_each_in_one_place() {
    for length in [5_000, 20_000, 60_000] {
        let env = TestEnv::new();
        let text = format!(
            "mkfifo p q; exec 3<> p; A=$(head -c {length} /dev/zero | tr '\\0' A); for i in $(seq 90); do echo $i $A; done > in; \
             cat in > q & ipcctl send fifo:./p --frame line < q 2> told & pid=$!; \
             ipcctl recv fifo:./p --frame line --count 20 > got; asleep $pid; kill -TERM $pid; wait $pid || echo $?; \
             wait; ipcctl recv fifo:./p --frame line --drain >> got; \
             grep -o '[0-9]* messages were sent' told > sent; test \"$(wc -l < got) messages were sent\" = \"$(cat sent)\"; \
             cat got ipcctl-saved-* > all; head -c $(wc -c < all) in | cmp - all && echo whole"
        );
        script(&env, &text).run().code(0).prints("143\nwhole\n");
    }
}

/// Holds the lock on the FIFO `p` until it is killed.
const HOLD: &str = "python3 -c 'import fcntl,time; f=open(\"p\",\"r+b\",0); fcntl.flock(f,fcntl.LOCK_EX); open(\"held\",\"w\"); time.sleep(1000)' & \
     holder=$!; until test -e held; do sleep 0.02; done; ";

fn another_sender_of_long_messages_is_named() {
    let env = TestEnv::new();
    let text = format!(
        "mkfifo p; exec 3<> p; head -c 20000 /dev/zero | tr '\\0' A > long; {HOLD} \
         for wait in --nonblock ''; do ipcctl send fifo:./p --frame line $wait < long 2> told || echo $?; \
         grep -c \"process $holder (.*) sends a long message\" told; done; \
         ipcctl send fifo:./p --frame line --force < long; kill $holder; head -n 1 <&3 | wc -c"
    );
    script(&env, &text).run().code(0).prints("5\n1\n5\n1\n20001\n");
}

fn the_lock_of_another_does_not_matter_to_short_messages() {
    let env = TestEnv::new();
    let text = format!(
        "mkfifo p; exec 3<> p; {HOLD} ipcctl send fifo:./p --frame line short; kill $holder; head -n 1 <&3"
    );
    script(&env, &text).run().code(0).prints("short\n");
}
