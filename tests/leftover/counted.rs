//! Objects whose holders the kernel counts or names: segments, sets and System V queues.

use crate::env::TestEnv;
use crate::leftover::{NOBODY_HOME, expect, expect_suspect, sees_everybody};
use crate::makers::{holder, holding, lost, posix, sysv};
use crate::queue_room;

crate::cases![
    an_attached_segment_is_in_use_whoever_made_it,
    a_segment_marked_for_removal_is_in_use_until_it_goes_by_itself,
    a_segment_whose_creator_runs_is_idle,
    a_segment_whose_last_user_runs_is_idle,
    a_segment_of_processes_that_are_gone_is_a_suspect_while_its_owner_can_return,
    an_object_made_just_now_is_never_a_leftover,
    a_set_that_somebody_waits_on_is_in_use,
    a_set_whose_last_operator_runs_is_idle,
    a_set_with_operations_to_undo_is_idle_whoever_operated_last,
    a_set_with_operations_of_a_thread_to_undo_is_idle_though_its_leader_has_ended,
    a_set_whose_operations_were_undone_is_a_suspect_however_many_threads_look,
    a_set_of_processes_that_are_gone_is_a_suspect,
    a_queue_with_a_blocked_receiver_is_in_use,
    a_queue_whose_sender_runs_is_no_leftover,
    a_queue_of_processes_that_are_gone_is_a_suspect_where_everybody_can_be_seen;
    SeveralUsers: a_segment_without_a_key_of_a_user_without_processes_is_a_leftover_and_one_with_a_key_a_suspect,
    a_set_without_a_key_of_a_user_without_processes_is_a_leftover_and_one_with_a_key_a_suspect,
    a_queue_without_a_key_is_a_leftover_but_not_with_messages_in_it,
    an_object_with_a_chosen_name_or_key_is_never_taken_however_long_its_user_has_no_process,
    an_object_of_a_user_with_a_process_is_a_suspect,
    a_mode_for_all_or_for_a_group_with_processes_makes_a_suspect,
    a_set_that_may_not_be_read_is_unknown,
    what_an_ordinary_user_cannot_see_is_never_a_leftover
];

fn an_attached_segment_is_in_use_whoever_made_it() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    let address = format!("shm:{id}");
    let user = holder::holding(|| {
        sysv::attach(id);
    });
    assert!(expect(&env, &address, "in-use").contains("1 attached"));
    drop(user);
    assert_ne!(super::judged(&env, &address).0, "in-use");
}

fn a_segment_marked_for_removal_is_in_use_until_it_goes_by_itself() {
    let env = TestEnv::new();
    let id = sysv::segment(env.key(), 4096, 0o600);
    let _user = holder::holding(|| {
        sysv::attach(id);
    });
    sysv::mark_for_removal(id);
    expect(&env, &format!("shm:{id}"), "in-use");
    env.run(["clean", "--suspect=all", "--grace", "0", "--yes", "shm"])
        .ok()
        .shows("nothing to clean");
}

fn a_segment_whose_creator_runs_is_idle() {
    let env = TestEnv::new();
    let key = env.key();
    let creator = holder::holding(|| {
        sysv::segment(key, 4096, 0o600);
    });
    let evidence = expect(&env, &format!("shm:{key:#x}"), "idle");
    assert!(evidence.contains(&format!("creator {} runs", creator.pid())), "{evidence}");
    let pid = creator.pid();
    drop(creator);
    let evidence = expect(&env, &format!("shm:{key:#x}"), "suspect");
    assert!(evidence.contains(&format!("creator {pid} is gone")), "{evidence}");
}

fn a_segment_whose_last_user_runs_is_idle() {
    let env = TestEnv::new();
    let key = env.key();
    holder::in_passing(|| {
        sysv::segment(key, 4096, 0o600);
    });
    let _user = holder::holding(|| sysv::attach_and_detach(sysv::segment_of(key)));
    expect(&env, &format!("shm:{key:#x}"), "idle");
}

fn a_segment_of_processes_that_are_gone_is_a_suspect_while_its_owner_can_return() {
    let env = TestEnv::new();
    let key = env.key();
    let creator = holder::in_passing(|| {
        sysv::segment(key, 4096, 0o600);
    });
    let user = holder::in_passing(|| sysv::attach_and_detach(sysv::segment_of(key)));
    let evidence = expect(&env, &format!("shm:{key:#x}"), "suspect");
    for text in [format!("creator {creator} is gone"), format!("last user {user} is gone")] {
        assert!(evidence.contains(&text), "{evidence}");
    }
}

fn an_object_made_just_now_is_never_a_leftover() {
    let env = TestEnv::new();
    queue_room::wait_for(queue_room::charge(4, 64));
    for subject in &crate::subjects::SUBJECTS {
        let fresh = (subject.fresh)(&env);
        holder::in_passing(|| drop((subject.make)(&fresh, 0o600)));
        let object = env.run(["show", &fresh, "--json"]).ok().only();
        let state = object["state"].as_str().unwrap();
        assert!(["idle", "unknown"].contains(&state), "{fresh}: {object}");
    }
    env.run(["clean", "--suspect=all", "--yes"]).any_code(&[0]).1.shows("nothing to clean");
}

fn a_set_that_somebody_waits_on_is_in_use() {
    let env = TestEnv::new();
    let id = sysv::set_with(env.key(), &[0], 0o600);
    let _waiter = holder::blocking(|| (), || holding::operate(id, 0, -1));
    expect(&env, &format!("sem:{id}"), "in-use");
}

fn a_set_whose_last_operator_runs_is_idle() {
    let env = TestEnv::new();
    let key = env.key();
    holder::in_passing(|| {
        sysv::set_with(key, &[1, 1], 0o600);
    });
    let user = holder::holding(|| sysv::operate(lost::set_of(key), 1, 1));
    let evidence = expect(&env, &format!("sem:{key:#x}"), "idle");
    assert!(evidence.contains(&format!("last operator {} runs", user.pid())), "{evidence}");
}

// The kernel remembers the last operator alone, and tells nobody whose operations would be undone.
fn a_set_with_operations_to_undo_is_idle_whoever_operated_last() {
    let env = TestEnv::new();
    let key = env.key();
    holder::in_passing(|| {
        sysv::set_with(key, &[5], 0o600);
    });
    let holder = holder::holding(|| lost::operate_until_exit(lost::set_of(key), 0, -1));
    holder::in_passing(|| sysv::operate(lost::set_of(key), 0, 1));
    let address = format!("sem:{key:#x}");
    let evidence = expect(&env, &address, "idle");
    assert!(
        evidence.contains(&format!("process {} may have operations on it to undo", holder.pid())),
        "{evidence}"
    );
    env.run(["rm", "--unused", &address]).code(1).says("operations on it may be pending");
    drop(holder);
    assert_eq!(sysv::values(lost::set_of(key)), [6], "what its end undid");
    expect_suspect(&env, &address);
}

fn a_set_with_operations_of_a_thread_to_undo_is_idle_though_its_leader_has_ended() {
    let env = TestEnv::new();
    let key = env.key();
    holder::in_passing(|| {
        sysv::set_with(key, &[5], 0o600);
    });
    let holder = holder::headless(move || {
        holding::on_a_thread(move || lost::operate_until_exit(lost::set_of(key), 0, -1));
    });
    holder::in_passing(|| sysv::operate(lost::set_of(key), 0, 1));
    let evidence = expect(&env, &format!("sem:{key:#x}"), "idle");
    let told = format!("process {} may have operations on it to undo", holder.pid());
    assert!(evidence.contains(&told), "{evidence}");
}

// Looking with several threads gives the program itself a list of operations to undo, which is not to be taken for that of
// every other process.
fn a_set_whose_operations_were_undone_is_a_suspect_however_many_threads_look() {
    let env = TestEnv::new();
    let key = env.key();
    let _crowd: Vec<_> = (0..32).map(|_| holder::holding(|| ())).collect();
    holder::in_passing(|| {
        sysv::set_with(key, &[5], 0o600);
        lost::operate_until_exit(lost::set_of(key), 0, -1);
    });
    let evidence = expect_suspect(&env, &format!("sem:{key:#x}"));
    assert!(!evidence.contains("may have operations"), "{evidence}");
}

fn a_set_of_processes_that_are_gone_is_a_suspect() {
    let env = TestEnv::new();
    let key = env.key();
    let user = holder::in_passing(|| {
        sysv::set_with(key, &[1], 0o600);
    });
    let evidence = expect_suspect(&env, &format!("sem:{key:#x}"));
    assert!(evidence.contains(&format!("last operator {user} is gone")), "{evidence}");
}

fn a_queue_with_a_blocked_receiver_is_in_use() {
    let env = TestEnv::new();
    let id = sysv::queue(env.key(), 0o600);
    let _receiver = holder::blocking(|| (), || holding::receive(id));
    expect(&env, &format!("mq:{id}"), "in-use");
    env.run(["rm", "--unused", &format!("mq:{id}")]).code(1).says("it is in use");
    assert!(sysv::queue_status(id).is_ok());
}

fn a_queue_whose_sender_runs_is_no_leftover() {
    let env = TestEnv::new();
    let id = sysv::queue(env.key(), 0o600);
    let _sender = holder::holding(|| sysv::send(id, 1, b"x"));
    let expected = if sees_everybody() { "idle" } else { "unknown" };
    expect(&env, &format!("mq:{id}"), expected);
    env.run(["rm", "--unused", &format!("mq:{id}")]).code(1);
}

fn a_queue_of_processes_that_are_gone_is_a_suspect_where_everybody_can_be_seen() {
    let env = TestEnv::new();
    let key = env.key();
    holder::in_passing(|| sysv::send(sysv::queue(key, 0o600), 1, b"x"));
    let expected = if sees_everybody() { "suspect" } else { "unknown" };
    let evidence = expect(&env, &format!("mq:{key:#x}"), expected);
    assert!(evidence.contains("1 message in it would be lost (1 byte); it was sent "));
}

fn a_segment_without_a_key_of_a_user_without_processes_is_a_leftover_and_one_with_a_key_a_suspect()
{
    let env = TestEnv::new();
    let key = env.key();
    holder::as_user(NOBODY_HOME, || {
        sysv::segment(key, 4096, 0o600);
        sysv::segment(sysv::PRIVATE, 4096, 0o600);
    });
    expect(&env, &format!("shm:{key:#x}"), "suspect");
    expect(&env, &without_key(&env, "shm"), proved());
}

fn a_set_without_a_key_of_a_user_without_processes_is_a_leftover_and_one_with_a_key_a_suspect() {
    let env = TestEnv::new();
    let key = env.key();
    holder::as_user(NOBODY_HOME, || {
        sysv::set_with(key, &[1], 0o600);
        sysv::set_with(sysv::PRIVATE, &[1, 1], 0o600);
    });
    expect(&env, &format!("sem:{key:#x}"), "suspect");
    expect(&env, &without_key(&env, "sem"), proved());
}

fn a_queue_without_a_key_is_a_leftover_but_not_with_messages_in_it() {
    let env = TestEnv::new();
    let filled = env.key();
    holder::as_user(NOBODY_HOME, || {
        sysv::queue(sysv::PRIVATE, 0o600);
        let id = sysv::queue(filled, 0o600);
        (0..3).for_each(|_| sysv::send(id, 1, b"x"));
    });
    let everybody = sees_everybody();
    let evidence =
        expect(&env, &format!("mq:{filled:#x}"), if everybody { "suspect" } else { "unknown" });
    assert!(evidence.contains("3 messages in it would be lost (3 bytes); the last was sent "));
    expect(&env, &without_key(&env, "mq"), if everybody { "leftover" } else { "unknown" });
    env.run(["clean", "mq", "--grace", "0", "--yes"]).any_code(&[0]);
    expect(&env, &format!("mq:{filled:#x}"), if everybody { "suspect" } else { "unknown" });
}

// Pool managers that start workers on demand, cron jobs, staged indexes: they come back by the name or key.
fn an_object_with_a_chosen_name_or_key_is_never_taken_however_long_its_user_has_no_process() {
    let env = TestEnv::new();
    let keys = [env.key(), env.key(), env.key()];
    holder::as_user(NOBODY_HOME, || {
        posix::shared_memory("/frames", 4096, 0o600);
        posix::semaphore("/gate", 0, 0o600);
        posix::message_queue("/jobs", 2, 16, 0o600);
        sysv::segment(keys[0], 4096, 0o600);
        sysv::set_with(keys[1], &[1], 0o600);
        sysv::queue(keys[2], 0o600);
    });
    // A killed waiter stays counted, and the semaphore works on.
    lost::killed_waiter("/gate");
    let before = env.run(["list", "--format", "plain", "-o", "address"]).any_code(&[0]).1;
    let clean = env.run(["clean", "--grace", "0", "--yes"]).any_code(&[0]).1;
    clean.shows("nothing to clean");
    let after = env.run(["list", "--format", "plain", "-o", "address"]).any_code(&[0]).1;
    assert_eq!(before.lines(), after.lines());
    assert_eq!(after.lines().len(), 6);
}

/// The state of what is proved to be a leftover where all processes can be seen.
fn proved() -> &'static str {
    if sees_everybody() { "leftover" } else { "suspect" }
}

/// The address of the only object of a facility that has no key.
fn without_key(env: &TestEnv, facility: &str) -> String {
    let objects = env.run(["list", facility, "--json", "--columns", "address,key"]).any_code(&[0]);
    let objects = objects.1.objects();
    let private: Vec<_> = objects.iter().filter(|one| one["key"].is_null()).collect();
    assert_eq!(private.len(), 1, "{objects:?}");
    private[0]["address"].as_str().expect("an address").to_owned()
}

fn an_object_of_a_user_with_a_process_is_a_suspect() {
    let env = TestEnv::new();
    let key = env.key();
    holder::as_user(NOBODY_HOME, || {
        sysv::segment(key, 4096, 0o600);
    });
    let address = format!("shm:{key:#x}");
    let other = holder::holding_as(NOBODY_HOME, || ());
    let evidence = expect(&env, &address, "suspect");
    assert!(evidence.contains(&format!("({}) runs and may open it", other.pid())), "{evidence}");
    drop(other);
}

fn a_mode_for_all_or_for_a_group_with_processes_makes_a_suspect() {
    let env = TestEnv::new();
    let (open, group) = (env.key(), env.key());
    holder::as_user(NOBODY_HOME, || {
        sysv::segment(open, 4096, 0o604);
        sysv::segment(group, 4096, 0o660);
    });
    let evidence = expect(&env, &format!("shm:{open:#x}"), "suspect");
    assert!(evidence.contains("a later run can come back to it"), "{evidence}");
    let address = format!("shm:{group:#x}");
    let member = holder::holding_in_group(NOBODY_HOME);
    let evidence = expect(&env, &address, "suspect");
    assert!(evidence.contains(&format!("({}) runs and may open it", member.pid())), "{evidence}");
    drop(member);
    let evidence = expect(&env, &address, "suspect");
    assert!(!evidence.contains("runs and may open it"), "{evidence}");
}

fn a_set_that_may_not_be_read_is_unknown() {
    let env = TestEnv::new();
    let key = env.key();
    holder::in_passing(|| {
        sysv::set_with(key, &[1], 0o600);
    });
    let id = lost::set_of(key);
    let run = env.command(["show", &format!("sem:{id}"), "--grace", "0", "--json"]).by_user(65534);
    assert_eq!(run.run().ok().only()["state"], "unknown");
}

fn what_an_ordinary_user_cannot_see_is_never_a_leftover() {
    let env = TestEnv::new();
    // A FIFO lies in a directory, which is root's here.
    for subject in crate::subjects::SUBJECTS.iter().filter(|subject| subject.kind != "fifo") {
        let fresh = (subject.fresh)(&env);
        holder::as_user(NOBODY_HOME, || drop((subject.make)(&fresh, 0o644)));
    }
    let listing = env.command(["list", "--grace", "0", "--json"]).by_user(65534).run();
    for object in listing.any_code(&[0]).1.objects() {
        let state = object["state"].as_str().unwrap();
        let counted = object["kind"] == "sysv-shm" || object["kind"] == "sysv-sem";
        let allowed: &[&str] = if counted { &["suspect", "unknown"] } else { &["unknown"] };
        assert!(allowed.contains(&state), "{object}");
    }
}
