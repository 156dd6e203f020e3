//! A pipe behind `recv` has delivered what was read from it, and nothing else.

use super::{SMALL, script};
use crate::env::TestEnv;

crate::cases![
    a_reader_of_one_message_consumes_one,
    all_that_is_read_is_delivered,
    what_a_killed_reader_left_goes_back,
    a_message_of_which_a_byte_was_left_goes_back,
    a_reader_that_does_not_read_loses_nothing_to_a_signal,
    bytes_of_others_in_the_pipe_are_not_taken_for_messages,
    each_death_of_a_pipe_from_queue_to_queue_loses_nothing,
    a_queue_that_cannot_take_more_loses_nothing_of_the_pipe,
    between_families_a_pipe_carries_everything_but_the_word,
    what_a_dead_writer_left_in_the_pipe_is_saved_by_send,
    an_array_of_characters_ends_at_its_first_nul
];

/// `everything`: the numbers in both queues and in saved files, as they are.
const COLLECT: &str = "everything() { for q in $a ${b:-}; do ipcctl recv $q --drain --json 2> /dev/null || true; done > left; \
    cat ipcctl-saved-* >> left 2> /dev/null || true; rm -f ipcctl-saved-*; \
    sed -n 's/.*\"data\":\"\\([0-9]*\\)\".*/\\1/p' left; }; \
    same() { sort -n $1 > sorted; seq $2 | cmp - sorted && echo same; }; ";

fn a_reader_of_one_message_consumes_one() {
    for create in SMALL {
        let env = TestEnv::new();
        let text = format!(
            "{COLLECT} a=$({create}); seq 8 | ipcctl send $a; ipcctl recv $a --drain | head -n 1; \
             ipcctl recv $a --drain | head -n 2 > two; wc -l < two; everything > rest; wc -l < rest; sort -n two rest | uniq | wc -l"
        );
        script(&env, &text).run().code(0).prints("1\n2\n5\n7\n");
    }
}

fn all_that_is_read_is_delivered() {
    for create in SMALL {
        let env = TestEnv::new();
        let text = format!(
            "{COLLECT} a=$({create}); seq 3000 | ipcctl send $a & \
             (ipcctl recv $a --count 3000; echo $? > status) | (sleep 0.1; cat) > got; \
             cat status; same got 3000; everything"
        );
        script(&env, &text).run().ok().prints("0\nsame\n");
    }
}

fn what_a_killed_reader_left_goes_back() {
    for create in SMALL {
        let env = TestEnv::new();
        // It reads a while line by line, and then no more.
        let text = format!(
            "{COLLECT} a=$({create}); seq 3000 | ipcctl send $a & giver=$!; mkfifo p; \
             (while read -r line; do echo $line; test $line != 100 || exec sleep 1000; done < p > got) & reader=$!; \
             ipcctl recv $a --follow > p & taker=$!; until test $(wc -l < got) = 100; do sleep 0.02; done; asleep $taker; \
             kill -KILL $reader; wait $taker || echo $?; kill $giver 2> /dev/null || true; wait $giver || true; \
             everything >> got; sort -n got > sorted; sort -nu got | cmp - sorted && seq $(wc -l < sorted) | cmp - sorted && echo none"
        );
        let run = script(&env, &text).run().code(0);
        run.says("the reader of the answer has gone").prints("1\nnone\n");
    }
}

fn a_message_of_which_a_byte_was_left_goes_back() {
    for frame in ["line", "json", "len32"] {
        let env = TestEnv::new();
        let text = format!(
            "a=$({}); for i in 1 2 3 4; do ipcctl send $a message-$i; done; \
             ipcctl recv $a --drain --frame {frame} | dd bs=1 count=3 2> /dev/null | wc -c; ipcctl recv $a --drain | sort",
            SMALL[1]
        );
        script(&env, &text)
            .run()
            .code(0)
            .prints("3\nmessage-1\nmessage-2\nmessage-3\nmessage-4\n")
            .says("put back");
    }
}

// Its reader is there all the time: it gets what it has not read neither now nor later.
fn a_reader_that_does_not_read_loses_nothing_to_a_signal() {
    for create in SMALL {
        let env = TestEnv::new();
        let text = format!(
            "{COLLECT} a=$({create}); seq 3000 | ipcctl send $a & giver=$!; mkfifo p; \
             ipcctl recv $a --follow > p & taker=$!; exec 3< p; i=0; \
             while test $i -lt 100 && read -r line <&3; do echo $line; i=$((i + 1)); done > got; asleep $taker; \
             kill -TERM $taker; wait $taker || echo $?; kill $giver 2> /dev/null || true; wait $giver || true; \
             cat <&3 | wc -c; everything >> got; sort -n got > sorted; sort -nu got | cmp - sorted && \
             seq $(wc -l < sorted) | cmp - sorted && echo none"
        );
        script(&env, &text).run().code(0).prints("143\n0\nnone\n");
    }
}

fn bytes_of_others_in_the_pipe_are_not_taken_for_messages() {
    let env = TestEnv::new();
    let text = format!(
        "{COLLECT} a=$({}); mkfifo p; exec 3<> p; printf 'of another\\n' >&3; exec 4< p; ipcctl send $a 1 2; \
         ipcctl recv $a --drain > p 3>&- 4<&- & taker=$!; asleep $taker; exec 3>&-; read -r line <&4; echo $line; read -r line <&4; echo $line; \
         asleep $taker; exec 4<&-; wait $taker || echo $?; everything",
        SMALL[1]
    );
    script(&env, &text).run().code(0).prints("of another\n1\n1\n2\n");
}

// SIGKILL of `send` costs what it had read, SIGKILL of `recv` what it had taken: at most 64 messages each.
fn each_death_of_a_pipe_from_queue_to_queue_loses_nothing() {
    let small = "ipcctl create mq --max-bytes 60";
    for (from, signal, first, second) in [
        (SMALL[0], "TERM", "taker", "giver"),
        (SMALL[1], "TERM", "giver", "taker"),
        (SMALL[0], "USR1", "giver", "taker"),
        (SMALL[1], "QUIT", "taker", "giver"),
        (SMALL[1], "HUP", "both", "both"),
        (SMALL[1], "44", "both", "both"),
        (SMALL[1], "XCPU", "taker", "giver"),
        (SMALL[0], "KILL", "taker", "giver"),
        (SMALL[1], "KILL", "taker", "giver"),
        (SMALL[1], "KILL", "giver", "taker"),
    ] {
        let env = TestEnv::new();
        let text = format!(
            "{COLLECT} trap - QUIT; a=$({from}); b=$({small}); mkfifo p; seq 500 | ipcctl send $a & filler=$!; \
             ipcctl recv $a --follow --json > p & taker=$!; ipcctl send $b --json --quiet < p & giver=$!; both=\"$taker $giver\"; \
             asleep $giver; i=0; while test $i -lt 100; do ipcctl recv $b --timeout 5; i=$((i + 1)); done > got; asleep $taker; \
             kill -{signal} ${first} 2> /dev/null || true; sleep 0.1; kill -TERM ${second} 2> /dev/null || true; \
             wait $taker || true; wait $giver || true; while kill -0 $filler 2> /dev/null; do everything >> got; sleep 0.01; done; \
             everything >> got; wc -l < got; sort -nu got | wc -l"
        );
        // A shell without job control starts what is in the background with QUIT ignored: then TERM ends it.
        let run = script(&env, &text).run().code(0);
        let lines = run.lines();
        let [all, different] = lines[..] else { panic!("{}", run.report()) };
        let (all, different): (u64, u64) =
            (all.trim().parse().unwrap(), different.trim().parse().unwrap());
        let cost = if signal == "KILL" { 64 } else { 0 };
        assert!(all == different && different + cost >= 500, "{signal} {first}: {}", run.report());
    }
}

fn a_queue_that_cannot_take_more_loses_nothing_of_the_pipe() {
    for (what, status) in [
        ("ipcctl rm $b", "3"),
        ("ipcctl send $a 'longer than the queue may hold in all, which is sixty bytes'", "7"),
    ] {
        let env = TestEnv::new();
        let text = format!(
            "{COLLECT} a=$({}); b=$(ipcctl create mq --max-bytes 30); seq 400 | ipcctl send $a; {what}; seq 401 500 | ipcctl send $a; \
             ipcctl recv $a --drain --json | (ipcctl send $b --json || echo $?) & pipe=$!; \
             while kill -0 $pipe 2> /dev/null; do ipcctl recv $b --timeout 0.05 2> /dev/null || true; done > got; wait $pipe; \
             everything >> got; same got 500",
            SMALL[1]
        );
        script(&env, &text).run().code(0).prints(&format!("{status}\nsame\n"));
    }
}

fn between_families_a_pipe_carries_everything_but_the_word() {
    let env = TestEnv::new();
    let text = format!(
        "p=$({}); s=$({}); ipcctl send $s a b --type 5; ipcctl recv $s --drain --json | ipcctl send $p --json; \
         ipcctl recv $p --drain --json | tee seen | ipcctl send $s --json --type 9; cat seen; ipcctl recv $s --drain --json",
        SMALL[0], SMALL[1]
    );
    script(&env, &text).run().code(0).says("note: 2 messages had a type").prints(
        "{\"priority\":0,\"data\":\"a\"}\n{\"priority\":0,\"data\":\"b\"}\n\
         {\"type\":9,\"data\":\"a\"}\n{\"type\":9,\"data\":\"b\"}\n",
    );
}

fn what_a_dead_writer_left_in_the_pipe_is_saved_by_send() {
    let env = TestEnv::new();
    let text = format!(
        "{} > /dev/null; seq 20000 > all; mkfifo in; exec 3<> in; head -c 60000 all >&3; \
         ipcctl send mq:/q < in 3>&- & giver=$!; exec 3>&-; asleep $giver; kill -TERM $giver; wait $giver || echo $?; \
         (seq 10; cat ipcctl-saved-*) | cmp -n 60000 - all && cat ipcctl-saved-* | wc -c",
        SMALL[0]
    );
    script(&env, &text).run().code(0).prints("143\n59979\n");
}

fn an_array_of_characters_ends_at_its_first_nul() {
    for create in SMALL {
        let env = TestEnv::new();
        let text = format!(
            "a=$({create}); printf 'one\\0\\0rubbish' | ipcctl send $a --frame raw; printf 'two\\0' | ipcctl send $a --frame raw; \
             ipcctl recv $a --drain --frame cstring > /dev/full || echo $?; ipcctl recv $a --drain --frame cstring; \
             printf 'three\\nfour\\n' | ipcctl send $a --frame cstring; ipcctl recv $a --drain --frame raw | tr '\\0' '.'; \
             mkfifo p; ipcctl send fifo:./p --frame cstring < /dev/null || echo $?"
        );
        script(&env, &text).run().code(0).prints("1\none\ntwo\nthree.four.2\n");
    }
}
