//! `move`.

use crate::endpoints::{SMALL, script};
use crate::env::TestEnv;
use crate::makers::posix;

crate::cases![
    messages_move_in_their_order_with_what_they_have,
    between_families_the_word_is_dropped_with_a_note_or_set,
    the_queue_they_go_to_may_be_smaller_and_is_waited_for,
    what_never_fits_stays_and_is_told,
    dead_letters_let_the_rest_pass,
    messages_are_moved_as_they_come,
    a_report_is_json,
    one_queue_is_not_moved_to_itself_nor_a_fifo_at_all,
    a_signal_leaves_each_message_in_one_place,
    a_queue_that_is_removed_loses_nothing_of_the_other,
    sigkill_costs_at_most_one_message_and_doubles_none
];

fn queue(env: &TestEnv, create: &str) -> String {
    script(env, create).run().ok().stdout().trim().to_owned()
}

fn messages_move_in_their_order_with_what_they_have() {
    let env = TestEnv::new();
    posix::message_queue("/a", 5, 16, 0o600);
    posix::message_queue("/b", 5, 16, 0o600);
    for (priority, text) in [(1, "low"), (9, "high"), (1, "two\nlines"), (1, "")] {
        posix::send("/a", priority, text.as_bytes());
    }
    env.run(["move", "mq:/a", "mq:/b"]).ok().prints("");
    let all = "{\"priority\":9,\"data\":\"high\"}\n{\"priority\":1,\"data\":\"low\"}\n\
               {\"priority\":1,\"data\":\"two\\nlines\"}\n{\"priority\":1,\"data\":\"\"}\n";
    env.run(["recv", "mq:/b", "--drain", "--json"]).ok().prints(all);
    let (a, b) = (queue(&env, SMALL[1]), queue(&env, SMALL[1]));
    let fill = format!(
        "for t in 5 2 9; do ipcctl send {a} \"of $t\" --type $t; done; printf '' | ipcctl send {a} --frame raw"
    );
    script(&env, &fill).run().ok();
    env.run(["move", &a, &b, "--count", "2"]).ok().prints("");
    env.run(["list", &a, "-o", "messages", "--format", "plain"]).ok().prints("2\n");
    env.run(["move", &a, &b]).ok().prints("");
    let all = "{\"type\":5,\"data\":\"of 5\"}\n{\"type\":2,\"data\":\"of 2\"}\n\
               {\"type\":9,\"data\":\"of 9\"}\n{\"type\":1,\"data\":\"\"}\n";
    env.run(["recv", &b, "--drain", "--json"]).ok().prints(all);
}

fn between_families_the_word_is_dropped_with_a_note_or_set() {
    let env = TestEnv::new();
    posix::message_queue("/p", 4, 16, 0o600);
    let sysv = queue(&env, SMALL[1]);
    env.run(["send", &sysv, "a", "--type", "7"]).ok();
    env.run(["move", &sysv, "mq:/p"]).code(0).says("1 message had a type");
    // What nobody chose is no loss.
    env.run(["send", &sysv, "z"]).ok();
    env.run(["move", &sysv, "mq:/p"]).ok().says_not("note");
    env.run(["recv", "mq:/p", "--count", "2"]).ok();
    env.run(["send", "mq:/p", "a"]).ok();
    env.run(["send", &sysv, "b", "--type", "7"]).ok();
    env.run(["move", &sysv, "mq:/p", "--priority", "3"]).ok().says_not("note");
    env.run(["recv", "mq:/p", "--drain", "--json"])
        .ok()
        .prints("{\"priority\":3,\"data\":\"b\"}\n{\"priority\":0,\"data\":\"a\"}\n");
    env.run(["send", "mq:/p", "c", "--priority", "4"]).ok();
    env.run(["move", "mq:/p", &sysv, "--type", "8"]).ok().says_not("note");
    env.run(["recv", &sysv, "--json"]).ok().prints("{\"type\":8,\"data\":\"c\"}\n");
    env.run(["move", "mq:/p", &sysv, "--priority", "8"]).code(2).says("posix-mq");
}

fn the_queue_they_go_to_may_be_smaller_and_is_waited_for() {
    let env = TestEnv::new();
    let small = [
        "ipcctl create mq:/b --max-messages 2 --message-size 10",
        "ipcctl create mq --max-bytes 6",
    ];
    for (from, to) in [(SMALL[1], small[1]), (SMALL[1], small[0]), (SMALL[0], small[1])] {
        let text = format!(
            "a=$({from}); b=$({to}); seq 500 | ipcctl send $a & \
             ipcctl recv $b --count 500 > got & \
             ipcctl move $a $b --count 500 --quiet --timeout 60; wait; seq 500 | cmp - got; \
             ipcctl send $a 1 22 333 444; ipcctl move $a $b --timeout 0.2 --quiet || echo $?; \
             ipcctl recv $b --drain; ipcctl recv $a --drain; ipcctl rm $a $b"
        );
        let run = script(&env, &text).run().code(0);
        // Whatever there was room for, nothing is lost and the order is kept.
        run.shows("5\n").shows("1\n22\n333\n444\n");
    }
}

fn what_never_fits_stays_and_is_told() {
    let env = TestEnv::new();
    posix::message_queue("/b", 4, 8, 0o600);
    for create in SMALL {
        let from = queue(&env, create);
        env.run(["send", &from, "one", "much longer", "two"]).ok();
        env.run(["move", &from, "mq:/b"])
            .code(7)
            .says("message 2: it has")
            .says("1 moved")
            .says("--dead-letter");
        let left = env.run(["recv", &from, "--drain"]).ok();
        let mut lines = left.lines();
        lines.sort_unstable();
        assert_eq!(lines, ["much longer", "two"]);
        env.run(["recv", "mq:/b"]).ok().prints("one\n");
    }
}

fn dead_letters_let_the_rest_pass() {
    let env = TestEnv::new();
    posix::message_queue("/b", 4, 8, 0o600);
    posix::message_queue("/dead", 4, 80, 0o600);
    let file = env.path("dead.jsonl");
    for create in SMALL {
        let from = queue(&env, create);
        let json = "{\"data\":\"much longer\"}\n{\"data\":\"one\"}\n{\"data\":\"longer still\"}\n";
        for letters in ["mq:/dead", &file] {
            env.command(["send", &from, "--json"]).input(json).run().ok();
            let words = ["move", &from, "mq:/b", "--dead-letter", letters, "--quiet", "--json"];
            let report = env.run(words).ok().only();
            assert_eq!((&report["moved"], &report["dead_letters"]), (&1.into(), &2.into()));
            env.run(["recv", "mq:/b"]).ok().prints("one\n");
        }
        env.run(["recv", "mq:/dead", "--drain"]).ok().prints("much longer\nlonger still\n");
        let kept = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        assert!(kept.starts_with('{') && kept.contains("\"much longer\"}\n{"), "{kept}");
        env.command(["send", &from, "--json"]).input(json).run().ok();
        // A place that takes nothing loses nothing.
        env.run(["move", &from, "mq:/b", "--dead-letter", "/dev/full"]).code(7).says("put back");
        env.run(["move", &from, "mq:/b", "--dead-letter", "mq:/none"]).code(3);
        env.run(["move", &from, "mq:/b", "--dead-letter", "fifo:/x"]).code(2);
        assert_eq!(env.run(["recv", &from, "--drain"]).ok().lines().len(), 3);
    }
}

fn messages_are_moved_as_they_come() {
    let env = TestEnv::new();
    for (from, to) in [(SMALL[0], SMALL[1]), (SMALL[1], "ipcctl create mq")] {
        let text = format!(
            "a=$({from}); b=$({to}); ipcctl move $a $b --follow --json > moved & mover=$!; asleep $mover; \
             for i in 1 2 3; do ipcctl send $a $i; ipcctl recv $b; done; printf '' | ipcctl send $a --frame raw; \
             ipcctl recv $b; kill -HUP $mover; wait $mover || echo $?; cat moved; ipcctl rm $a $b"
        );
        script(&env, &text)
            .run()
            .code(0)
            .shows("1\n2\n3\n\n129\n")
            .shows("\"result\":\"failed\"")
            .shows("\"moved\":4,");
    }
}

fn a_report_is_json() {
    let env = TestEnv::new();
    let (a, b) = (queue(&env, SMALL[1]), queue(&env, SMALL[1]));
    env.run(["send", &a, "xyz", "1"]).ok();
    let report = env.run(["move", &a, &b, "--json"]).ok().only();
    assert_eq!((&report["address"], &report["to"]), (&a.as_str().into(), &b.as_str().into()));
    assert_eq!((&report["result"], &report["status"]), (&"moved".into(), &0.into()));
    assert_eq!((&report["moved"], &report["bytes"]), (&2.into(), &4.into()));
    assert_eq!(report["saved"], serde_json::Value::Null);
}

fn one_queue_is_not_moved_to_itself_nor_a_fifo_at_all() {
    let env = TestEnv::new();
    posix::message_queue("/a", 2, 8, 0o600);
    let key = format!("mq:{:#x}", env.key());
    env.run(["create", &key]).ok();
    let id = env.show(&key)["address"].as_str().unwrap().to_owned();
    for words in [["mq:/a", "mq:/a"], [&key, &id], [&id, &key]] {
        env.run(["move", words[0], words[1]]).code(2).says("are the same queue");
    }
    for words in [["fifo:/p", "mq:/a"], ["mq:/a", "fifo:/p"], ["shm:/x", "mq:/a"]] {
        env.run(["move", words[0], words[1]])
            .code(2)
            .says("cannot move messages")
            .says("kinds that can: System V message queue, POSIX message queue");
    }
    for words in [["mq:/none", "mq:/a"], ["mq:/a", "mq:/none"], ["mq:77", "mq:/a"]] {
        env.run(["move", words[0], words[1]]).code(3).says("no such object");
    }
}

fn a_signal_leaves_each_message_in_one_place() {
    let env = TestEnv::new();
    let full = "ipcctl create mq --max-bytes 20";
    for (from, to) in [(SMALL[0], full), (SMALL[1], full)] {
        for signal in ["TERM", "HUP", "USR1", "XCPU", "40"] {
            let text = format!(
                "a=$({from}); b=$({to}); ipcctl send $a 11111 22222 33333 44444 55555 66666; \
                 ipcctl move $a $b --quiet & asleep $!; kill -{signal} $!; wait $! || echo $? > status; \
                 ipcctl recv $b --drain; ipcctl recv $a --drain | sort; ipcctl rm $a $b"
            );
            script(&env, &text).run().ok().prints("11111\n22222\n33333\n44444\n55555\n66666\n");
        }
    }
}

fn a_queue_that_is_removed_loses_nothing_of_the_other() {
    let env = TestEnv::new();
    let small = [
        "ipcctl create mq:/b --max-messages 2 --message-size 10",
        "ipcctl create mq --max-bytes 10",
    ];
    for from in SMALL {
        for to in small {
            let text = format!(
                "a=$({from}); b=$({to}); ipcctl send $a 11111 22222 33333 44444; \
                 ipcctl move $a $b --quiet & asleep $!; ipcctl rm $b; wait $! || echo $?; \
                 ipcctl recv $a --drain | sort; ipcctl rm $a"
            );
            script(&env, &text).run().code(0).prints("3\n33333\n44444\n").says("2 moved");
        }
    }
}

// Each killed mover may have had one in hand, between its taking and its sending.
fn sigkill_costs_at_most_one_message_and_doubles_none() {
    let env = TestEnv::new();
    for (from, to) in [(SMALL[0], SMALL[1]), (SMALL[1], "ipcctl create mq")] {
        let text = format!(
            "a=$({from}); b=$({to}); seq 20000 | ipcctl send $a & giver=$!; \
             ipcctl recv $b --follow --idle-timeout 5 --quiet > got & taker=$!; kills=0; \
             while kill -0 $giver 2> /dev/null; do \
               ipcctl move $a $b --follow --quiet > /dev/null & sleep 0.02; \
               kill -KILL $! && kills=$((kills + 1)); wait $! || true; \
             done; \
             ipcctl move $a $b --quiet > /dev/null; wait $taker || true; \
             echo $kills $(wc -l < got) $(sort -n got | uniq -d | wc -l) $(sort -c -n got && echo sorted); ipcctl rm $a $b"
        );
        let run = script(&env, &text).run().code(0);
        let words: Vec<&str> = run.stdout().split_whitespace().collect();
        let [kills, got, twice, "sorted"] = words[..] else { panic!("{}", run.report()) };
        let (kills, got): (u64, u64) = (kills.parse().unwrap(), got.parse().unwrap());
        assert!(twice == "0" && got <= 20000 && got + kills >= 20000, "{}", run.report());
    }
}
