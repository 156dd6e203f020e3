//! What goes in comes out, byte for byte, in every frame and through every kind.

use std::fmt::Write;

use super::{SMALL, script};
use crate::env::TestEnv;

crate::cases![
    every_frame_carries_what_it_can_and_says_what_it_cannot,
    a_message_that_a_frame_cannot_carry_goes_back,
    empty_messages_are_messages,
    random_messages_pass_from_queue_to_queue_unchanged,
    priorities_and_types_pass_in_json_alone,
    a_json_line_that_is_no_message_is_named,
    a_stream_that_fails_midway_says_how_much_went,
    frames_keep_messages_apart_in_a_fifo
];

/// Messages with everything that a frame could trip over.
const HARD: [(&str, &[u8]); 6] = [
    ("plain", b"plain"),
    ("newline", b"a\nb\n"),
    ("nul", b"a\0b\0"),
    ("bytes", b"\xff\xfe\x80 \xc3("),
    ("quotes", b"\"\\\x1b[31m\t"),
    ("length", b"\0\0\0\x05abcde"),
];

fn every_frame_carries_what_it_can_and_says_what_it_cannot() {
    let env = TestEnv::new();
    for create in SMALL {
        let queue = script(&env, create).run().ok().stdout().trim().to_owned();
        for (name, bytes) in HARD {
            for frame in ["line", "nul", "len32", "json", "raw"] {
                env.command(["send", &queue, "--frame", "raw"]).input(bytes).run().ok();
                let refused = match frame {
                    "line" => bytes.contains(&b'\n') || bytes.contains(&0),
                    "nul" => bytes.contains(&0),
                    _ => false,
                };
                let taken = env.run(["recv", &queue, "--frame", frame]);
                if refused {
                    taken.code(1).says(&format!("--frame {frame} cannot carry")).says("put back");
                    let again = env.run(["recv", &queue, "--frame", "raw"]).ok();
                    assert_eq!(again.raw(), bytes, "{name} in {frame} went back changed");
                    continue;
                }
                let stream = taken.ok().raw().to_vec();
                env.command(["send", &queue, "--frame", frame]).input(stream).run().ok();
                let again = env.run(["recv", &queue, "--frame", "raw"]).ok();
                assert_eq!(again.raw(), bytes, "{name} in {frame} through {queue}");
            }
        }
    }
}

fn a_message_that_a_frame_cannot_carry_goes_back() {
    let env = TestEnv::new();
    script(&env, SMALL[0]).run().ok();
    let input = "{\"priority\":3,\"data\":\"first\"}\n{\"priority\":2,\"data\":\"two\\nlines\"}\n";
    env.command(["send", "mq:/q", "--frame", "json"]).input(input).run().ok();
    // What came before it is delivered.
    env.run(["recv", "mq:/q", "--drain"]).code(1).prints("first\n").says("newline");
    env.run(["recv", "mq:/q", "--drain", "--frame", "json"])
        .ok()
        .prints("{\"priority\":2,\"data\":\"two\\nlines\"}\n");
}

fn empty_messages_are_messages() {
    let env = TestEnv::new();
    for create in SMALL {
        let queue = script(&env, create).run().ok().stdout().trim().to_owned();
        env.run(["send", &queue, "", "x", ""]).ok();
        env.run(["recv", &queue, "--drain"]).ok().prints("\nx\n\n");
        env.command(["send", &queue]).input("\n\n").run().ok();
        env.run(["recv", &queue, "--drain", "--frame", "nul"]).ok().prints("\0\0");
        env.command(["send", &queue, "--frame", "raw"]).run().ok();
        let raw = env.run(["recv", &queue, "--frame", "len32"]).ok();
        assert_eq!(raw.raw(), [0; 4], "empty standard input is one empty message in raw");
    }
}

/// A stream of numbers that is the same in every run.
struct Dice(u64);

impl Dice {
    fn next(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

fn random_messages_pass_from_queue_to_queue_unchanged() {
    let env = TestEnv::new();
    let mut dice = Dice(7);
    for create in SMALL {
        let from = script(&env, create).run().ok().stdout().trim().to_owned();
        let to = if from == "mq:/q" {
            "mq:/r".to_owned()
        } else {
            script(&env, create).run().ok().stdout().trim().to_owned()
        };
        if to == "mq:/r" {
            env.run(["create", "mq:/r", "--max-messages", "10", "--message-size", "200"]).ok();
        }
        for frame in ["len32", "json"] {
            for _ in 0..8 {
                let mut stream = Vec::new();
                for _ in 0..=dice.next(9) {
                    let length = dice.next(201);
                    let bytes: Vec<u8> = (0..length).map(|_| dice.next(256) as u8).collect();
                    stream.extend_from_slice(&u32::try_from(length).unwrap().to_be_bytes());
                    stream.extend_from_slice(&bytes);
                }
                env.command(["send", &from, "--frame", "len32"]).input(stream.clone()).run().ok();
                let pipe = format!(
                    "ipcctl recv {from} --drain --frame {frame} | ipcctl send {to} --frame {frame}"
                );
                script(&env, &pipe).run().ok();
                let got = env.run(["recv", &to, "--drain", "--frame", "len32"]).ok();
                assert_eq!(got.raw(), stream, "through {frame}");
            }
        }
    }
}

fn priorities_and_types_pass_in_json_alone() {
    let env = TestEnv::new();
    let queue = script(&env, SMALL[0]).run().ok().stdout().trim().to_owned();
    env.run(["send", &queue, "low", "--priority", "0"]).ok();
    env.run(["send", &queue, "high", "--priority", "32767"]).ok();
    let json = env.run(["recv", &queue, "--drain", "--frame", "json"]).ok();
    json.prints("{\"priority\":32767,\"data\":\"high\"}\n{\"priority\":0,\"data\":\"low\"}\n");
    env.command(["send", &queue, "--frame", "json"]).input(json.raw()).run().ok();
    let again = env.run(["recv", &queue, "--drain", "--frame", "json"]).ok();
    assert_eq!(again.raw(), json.raw());

    let queue = script(&env, SMALL[1]).run().ok().stdout().trim().to_owned();
    let types = "{\"type\":9223372036854775807,\"data\":\"a\"}\n{\"type\":1,\"data\":\"b\"}\n";
    env.command(["send", &queue, "--frame", "json"]).input(types).run().ok();
    env.run(["recv", &queue, "--drain", "--frame", "json"]).ok().prints(types);
}

fn a_json_line_that_is_no_message_is_named() {
    let env = TestEnv::new();
    script(&env, SMALL[0]).run().ok();
    for (line, word) in [
        ("{\"data\":\"x\"}\nnonsense\n", "object 2"),
        ("{\"date\":\"x\"}\n", "date"),
        ("{\"priority\":32768,\"data\":\"x\"}\n", "0 to 32767"),
        ("{\"data\":\"x\",\"\\u001b[2J\":1}\n", "unknown field"),
    ] {
        env.command(["send", "mq:/q", "--frame", "json"])
            .input(line)
            .run()
            .any_code(&[1, 2])
            .1
            .says(word)
            .is_safe_on_a_terminal();
        let _ = env.run(["recv", "mq:/q", "--drain"]).any_code(&[0]);
    }
}

fn a_stream_that_fails_midway_says_how_much_went() {
    let env = TestEnv::new();
    script(&env, SMALL[0]).run().ok();
    let mut input = String::new();
    for number in 0..3 {
        writeln!(input, "{number}").unwrap();
    }
    input.push_str(&"x".repeat(201));
    env.command(["send", "mq:/q"])
        .input(input)
        .run()
        .code(7)
        .says("message 4")
        .says("200")
        .says("3 messages were sent");
    env.run(["recv", "mq:/q", "--drain"]).ok().prints("0\n1\n2\n");
    // Of messages that are all at hand none goes.
    let long = "x".repeat(201);
    env.run(["send", "mq:/q", "fits", &long]).code(7).says("nothing was sent");
    env.run(["recv", "mq:/q", "--drain"]).ok().prints("");
    env.command(["send", "mq:/q", "--frame", "len32"])
        .input(b"\0\0\0\x01a\0\0\0\x05bcd".as_slice())
        .run()
        .code(1)
        .says("middle of message 2")
        .says("1 message was sent");
    env.command(["send", "mq:/q", "--frame", "len32"])
        .input(b"\xff\xff\xff\xff".as_slice())
        .run()
        .code(7)
        .says("4294967295 bytes");
}

fn frames_keep_messages_apart_in_a_fifo() {
    let env = TestEnv::new();
    let run = |text: &str| script(&env, text).run().ok().stdout().to_owned();
    run("ipcctl create fifo:./pipe");
    let queue = script(&env, "ipcctl create mq").run().ok().stdout().trim().to_owned();
    for frame in ["line", "nul", "len32", "json"] {
        let messages: String = (1..=300).map(|number| format!("{number}\n")).collect();
        env.command(["send", &queue]).input(messages.clone()).run().ok();
        let text = format!(
            "ipcctl recv {queue} --drain --frame {frame} | ipcctl send fifo:./pipe --frame {frame} & \
             ipcctl recv fifo:./pipe --frame {frame} | ipcctl send {queue} --frame {frame}; wait"
        );
        run(&text);
        env.run(["recv", &queue, "--drain"]).ok().prints(&messages);
    }
    let text = "printf '{\"priority\":5,\"data\":\"a\\\\nb\"}\\n' | ipcctl send fifo:./pipe --frame json & \
                ipcctl recv fifo:./pipe --frame json; wait";
    assert_eq!(run(text), "{\"priority\":5,\"data\":\"a\\nb\"}\n");
}
