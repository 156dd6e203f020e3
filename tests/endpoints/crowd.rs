//! Many senders and receivers at once, ours and those of other programs.

use super::{SMALL, script};
use crate::env::TestEnv;

crate::cases![
    eight_senders_and_eight_receivers_deliver_each_message_exactly_once,
    lines_of_several_writers_are_not_mixed_in_a_fifo,
    packets_reach_exactly_one_of_several_readers;
    Python: python_sends_and_receives_on_the_other_end_of_system_v,
    python_sends_and_receives_on_the_other_end_of_posix
];

fn eight_senders_and_eight_receivers_deliver_each_message_exactly_once() {
    let env = TestEnv::new();
    for create in SMALL {
        let queue = script(&env, create).run().ok().stdout().trim().to_owned();
        let text = format!(
            "takers= givers=; \
             for r in 1 2 3 4 5 6 7 8; do ipcctl recv {queue} --follow > got.$r & takers=\"$takers $!\"; done; \
             for s in 1 2 3 4 5 6 7 8; do seq -f \"$s-%g\" 2000 | ipcctl send {queue} & givers=\"$givers $!\"; done; \
             wait $givers; kill -TERM $takers; wait $takers || true; ipcctl recv {queue} --drain > got.9; \
             for s in 1 2 3 4 5 6 7 8; do seq -f \"$s-%g\" 2000; done | sort > want; \
             cat got.? | sort > got; cmp want got && wc -l < got"
        );
        script(&env, &text).run().code(0).prints("16000\n");
    }
}

fn lines_of_several_writers_are_not_mixed_in_a_fifo() {
    let env = TestEnv::new();
    let text = "ipcctl create fifo:./p > /dev/null; ipcctl recv fifo:./p --frame line > got & \
        exec 3> p; \
        for s in 1 2 3 4; do seq -f \"$s-%010g-abcdefghijklmnopqrstuvwxyz\" 3000 | ipcctl send fifo:./p --frame line & pids=\"${pids:-} $!\"; done; \
        wait $pids; exec 3>&-; wait; \
        for s in 1 2 3 4; do seq -f \"$s-%010g-abcdefghijklmnopqrstuvwxyz\" 3000; done | sort > want; sort got | cmp - want && wc -l < got";
    script(&env, text).run().ok().prints("12000\n");
}

fn packets_reach_exactly_one_of_several_readers() {
    let env = TestEnv::new();
    let text = "ipcctl create fifo:./p > /dev/null; \
        for r in 1 2 3; do ipcctl recv fifo:./p --packet --follow --idle-timeout 6 > got.$r & done; \
        sleep 0.3; seq 500 | ipcctl send fifo:./p --packet; wait; \
        seq 500 | sort > want; cat got.? | sort | cmp - want && echo same";
    script(&env, text).run().code(0).prints("same\n");
}

fn python_sends_and_receives_on_the_other_end_of_system_v() {
    let env = TestEnv::new();
    let text = r#"
        ipcctl create mq:0x5eed > /dev/null
        ipcctl send mq:0x5eed 'from the shell' --type 3
        /usr/bin/python3 -c '
import sysv_ipc
queue = sysv_ipc.MessageQueue(0x5eed)
print(queue.receive(type=3))
queue.send(b"from\x00python\xff", type=7)
queue.send(b"", type=8)
'
        ipcctl recv mq:0x5eed --drain --frame json
        ipcctl recv mq:0x5eed --timeout 10 --type -9 --frame json &
        sleep 0.3
        /usr/bin/python3 -c '
import sysv_ipc
sysv_ipc.MessageQueue(0x5eed).send(b"late", type=9)
'
        wait"#;
    script(&env, text).run().ok().prints(
        "(b'from the shell', 3)\n{\"type\":7,\"data_base64\":\"ZnJvbQBweXRob27/\"}\n{\"type\":8,\"data\":\"\"}\n{\"type\":9,\"data\":\"late\"}\n",
    );
}

fn python_sends_and_receives_on_the_other_end_of_posix() {
    let env = TestEnv::new();
    let text = r#"
        ipcctl create mq:/jobs --max-messages 5 --message-size 100 > /dev/null
        ipcctl send mq:/jobs 'from the shell' --priority 3
        /usr/bin/python3 -c '
import posix_ipc
queue = posix_ipc.MessageQueue("/jobs")
print(queue.receive())
queue.send(b"low", priority=1)
queue.send(b"from\x00python\xff", priority=32767)
'
        ipcctl recv mq:/jobs --drain --frame json
        ipcctl recv mq:/jobs --timeout 10 &
        sleep 0.3
        /usr/bin/python3 -c '
import posix_ipc
posix_ipc.MessageQueue("/jobs").send(b"late")
'
        wait"#;
    script(&env, text).run().ok().prints(
        "(b'from the shell', 3)\n{\"priority\":32767,\"data_base64\":\"ZnJvbQBweXRob27/\"}\n{\"priority\":1,\"data\":\"low\"}\nlate\n",
    );
}
