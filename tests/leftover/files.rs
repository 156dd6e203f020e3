//! Objects that are files, of which the kernel itself says whether anybody has them open or mapped.

use std::fs;

use serde_json::json;

use crate::env::TestEnv;
use crate::leftover::{NOBODY_HOME, expect, judged, sees_everybody};
use crate::makers::{self, fifo, holder, holding, lost, now, posix};

crate::cases![
    memory_is_in_use_however_it_is_held,
    memory_that_a_process_without_a_main_thread_holds_is_in_use,
    a_semaphore_that_is_open_is_in_use_although_its_holder_shows_another_name,
    a_queue_that_is_open_or_waited_on_is_in_use,
    a_queue_with_a_registration_is_in_use,
    free_objects_are_suspects_while_their_owner_can_return,
    what_is_there_to_be_read_after_a_crash_is_no_leftover,
    what_is_known_to_persist_is_idle,
    what_is_proved_to_be_free_has_no_holders_whoever_cannot_be_seen,
    memory_whose_lock_file_is_held_is_in_use_with_it,
    what_nodes_of_iceoryx2_share_is_in_use_as_long_as_one_lives,
    a_killed_waiter_leaves_a_semaphore_that_works_on,
    times_that_cannot_be_make_nothing_a_leftover,
    a_fifo_is_never_a_leftover;
    // What may open an object of an ordinary user is whatever else he runs on the machine.
    SeveralUsers: the_process_in_a_name_decides_over_what_is_known_to_be_transient,
    a_semaphore_that_was_never_finished_is_a_leftover,
    free_objects_of_a_user_without_processes_are_leftovers_unless_their_names_were_chosen,
    the_holder_may_be_anybody_for_the_owner_who_asks
];

fn memory_is_in_use_however_it_is_held() {
    let env = TestEnv::new();
    posix::shared_memory("/m", 4096, 0o600);
    let path = "/dev/shm/m";
    type Hold = fn() -> holder::Holder;
    let holders: [(&str, Hold); 5] = [
        ("a descriptor", || holder::holding(|| std::mem::forget(lost::open_memory("/m")))),
        ("a mapping whose descriptor is closed", || holder::holding(|| posix::map("/m"))),
        ("a private mapping", || holder::holding(|| holding::map_privately("/dev/shm/m"))),
        ("a descriptor in flight", || lost::descriptor_in_flight("/dev/shm/m")),
        ("a lock", || holder::holding(|| lost::lock("/m"))),
    ];
    for (how, hold) in holders {
        let holder = hold();
        let (state, evidence) = judged(&env, "shm:/m");
        assert_eq!(state, "in-use", "{how}: {evidence}");
        env.run(["rm", "--unused", "shm:/m"]).code(1).says("it is in use");
        drop(holder);
        assert_eq!(judged(&env, "shm:/m").0, "suspect", "after {how}");
    }
    assert!(fs::metadata(path).is_ok());
}

fn memory_that_a_process_without_a_main_thread_holds_is_in_use() {
    let env = TestEnv::new();
    posix::shared_memory("/m", 4096, 0o600);
    let _holder = holder::headless(|| {
        posix::map("/m");
        holding::on_a_thread(|| ());
    });
    expect(&env, "shm:/m", "in-use");
}

fn a_semaphore_that_is_open_is_in_use_although_its_holder_shows_another_name() {
    let env = TestEnv::new();
    // Its creator has it mapped under the name that it had before it was finished, which is deleted.
    let _creator = holder::holding(|| {
        posix::create_and_keep_semaphore("/s");
    });
    expect(&env, "sem:/s", "in-use");
}

fn a_queue_that_is_open_or_waited_on_is_in_use() {
    let env = TestEnv::new();
    posix::message_queue("/q", 2, 16, 0o600);
    let open = holder::holding(|| {
        posix::open_queue("/q", libc::O_RDONLY);
    });
    expect(&env, "mq:/q", "in-use");
    drop(open);
    expect(&env, "mq:/q", "suspect");
    let _waiter = holder::blocking(|| (), || holding::receive_posix("/q"));
    expect(&env, "mq:/q", "in-use");
}

fn a_queue_with_a_registration_is_in_use() {
    let env = TestEnv::new();
    posix::message_queue("/q", 2, 16, 0o600);
    let _registered = holder::holding(|| posix::ask_for_signal("/q", libc::SIGUSR1));
    expect(&env, "mq:/q", "in-use");
}

fn free_objects_are_suspects_while_their_owner_can_return() {
    let env = TestEnv::new();
    posix::shared_memory("/m", 4096, 0o600);
    posix::semaphore("/s", 1, 0o600);
    posix::message_queue("/q", 2, 16, 0o600);
    posix::send("/q", 0, b"x");
    for address in ["shm:/m", "sem:/s", "mq:/q"] {
        let evidence = expect(&env, address, "suspect");
        assert!(evidence.contains("lease granted"), "{evidence}");
    }
    assert!(
        judged(&env, "mq:/q").1.contains("1 message in it would be lost (1 byte); it was sent ")
    );
}

fn the_process_in_a_name_decides_over_what_is_known_to_be_transient() {
    let env = TestEnv::new();
    let holder = holder::holding(|| ());
    let living = format!("/doublemapper_{}", holder.pid());
    posix::shared_memory(&living, 4096, 0o600);
    expect(&env, &format!("shm:{living}"), "idle");
    drop(holder);
    let expected = if sees_everybody() { "leftover" } else { "suspect" };
    let evidence = expect(&env, &format!("shm:{living}"), expected);
    assert!(evidence.contains("of its name"), "{evidence}");
    let shown = env.show(&format!("shm:{living}"));
    assert_eq!(shown["producer"], ".NET");
}

fn what_is_there_to_be_read_after_a_crash_is_no_leftover() {
    let env = TestEnv::new();
    let worker = holder::holding(|| ());
    let after_crash = format!("/nvmf_trace.pid{}", worker.pid());
    posix::shared_memory(&after_crash, 4096, 0o600);
    drop(worker);
    let evidence = expect(&env, &format!("shm:{after_crash}"), "suspect");
    assert!(evidence.contains("of its name"), "{evidence}");
    assert_eq!(env.show(&format!("shm:{after_crash}"))["producer"], "SPDK");
}

fn what_is_known_to_persist_is_idle() {
    let env = TestEnv::new();
    posix::shared_memory("/libpod_lock", 4096, 0o600);
    let evidence = expect(&env, "shm:/libpod_lock", "idle");
    assert!(evidence.contains("Podman means it to persist"), "{evidence}");
}

// Nobody holds what all nodes share, and a living node takes care of what dead ones left.
fn what_nodes_of_iceoryx2_share_is_in_use_as_long_as_one_lives() {
    let env = TestEnv::new();
    let names = ["/iox2_0a1b.global_mgmt", "/iox2_1111.publisher_data", "/iox2_2222.dynamic"];
    for name in names {
        posix::shared_memory(name, 4096, 0o666);
    }
    posix::shared_memory("/iox1", 4096, 0o666);
    let node = holder::holding(|| posix::map("/iox2_2222.dynamic"));
    for name in names {
        let evidence = expect(&env, &format!("shm:{name}"), "in-use");
        let belongs = evidence.contains("it belongs to shm:/iox2_2222.dynamic, which is held");
        assert_eq!(belongs, !name.contains("2222"), "{evidence}");
    }
    expect(&env, "shm:/iox1", "suspect");
    env.run(["clean", "shm", "--grace", "0", "--suspect=all", "--yes"])
        .code(0)
        .shows("removed 1 object,");
    drop(node);
    env.run(["clean", "shm", "--grace", "0", "--suspect=all", "--yes"])
        .code(0)
        .shows("removed 3 objects,");
}

fn memory_whose_lock_file_is_held_is_in_use_with_it() {
    let env = TestEnv::new();
    for name in ["/fastrtps_p1", "/fastrtps_p1_el"] {
        posix::shared_memory(name, 4096, 0o600);
    }
    posix::semaphore("/fastrtps_p1_mutex", 1, 0o600);
    let locked = holder::holding(|| lost::lock("/fastrtps_p1_el"));
    for address in ["shm:/fastrtps_p1", "sem:/fastrtps_p1_mutex"] {
        let evidence = expect(&env, address, "in-use");
        assert!(evidence.contains("shm:/fastrtps_p1_el, which is held"), "{evidence}");
    }
    drop(locked);
    assert_ne!(judged(&env, "shm:/fastrtps_p1").0, "in-use");
}

fn a_killed_waiter_leaves_a_semaphore_that_works_on() {
    let env = TestEnv::new();
    posix::semaphore("/s", 0, 0o600);
    lost::killed_waiter("/s");
    let evidence = expect(&env, "sem:/s", "suspect");
    assert!(evidence.contains("waiter that it counts was killed"), "{evidence}");
    env.run(["post", "sem:/s"]).ok();
    env.run(["lock", "sem:/s", "--nonblock", "--", "true"]).ok();
}

fn a_semaphore_that_was_never_finished_is_a_leftover() {
    let env = TestEnv::new();
    for file in ["sem.EIcAod", "tmp-4711", "sem.worker", "sem.AbcDef"] {
        lost::unfinished_semaphore(file);
    }
    for address in ["sem:/EIcAod", "shm:/tmp-4711"] {
        let evidence = expect(&env, address, "leftover");
        assert!(evidence.contains("before it was finished"), "{evidence}");
    }
    // Names that people give prove nothing.
    for address in ["sem:/worker", "sem:/AbcDef"] {
        expect(&env, address, "suspect");
    }
    // Nor do such names when somebody used the semaphore later.
    lost::set_times("/dev/shm/sem.EIcAod", now() - 100, now() - 100);
    expect(&env, "sem:/EIcAod", "suspect");
}

fn times_that_cannot_be_make_nothing_a_leftover() {
    let env = TestEnv::new();
    posix::semaphore("/s", 0, 0o600);
    lost::killed_waiter("/s");
    lost::set_times("/dev/shm/sem.s", now() + 1000, now() + 1000);
    let evidence = expect(&env, "sem:/s", "idle");
    assert!(evidence.contains("the clock was stepped"), "{evidence}");
}

fn what_is_proved_to_be_free_has_no_holders_whoever_cannot_be_seen() {
    let env = TestEnv::new();
    posix::shared_memory("/m", 4096, 0o600);
    let object = env.run(["show", "shm:/m", "--grace", "0", "--json"]).ok().only();
    assert_eq!((&object["used_by"], &object["holders"]), (&json!([]), &json!(0)), "{object}");
    let object = env.run(["list", "shm", "--grace", "0", "--json"]).ok().only();
    assert_eq!(object["used_by"], json!([]), "{object}");
}

fn a_fifo_is_never_a_leftover() {
    let env = TestEnv::new();
    let path = env.path("pipe");
    fifo::fifo(&path, 0o600);
    let address = format!("fifo:{path}");
    let (state, evidence) = judged(&env, &address);
    assert!(["idle", "unknown"].contains(&state.as_str()), "{evidence}");
    let opened = path.clone();
    let opener = holder::blocking(|| (), move || drop(fs::File::open(opened)));
    // An ordinary user sees its own processes, root all.
    expect(&env, &address, "in-use");
    drop(opener);
    env.run(["clean", "--suspect=all", "--grace", "0", "--yes", &address])
        .ok()
        .shows("nothing to clean");
}

fn free_objects_of_a_user_without_processes_are_leftovers_unless_their_names_were_chosen() {
    let env = TestEnv::new();
    holder::as_user(NOBODY_HOME, || {
        posix::shared_memory("/psm_0a1b2c3d", 4096, 0o600);
        posix::semaphore("/mp-0a1b2c3d", 1, 0o600);
        posix::semaphore("/s", 1, 0o600);
        posix::message_queue("/q", 2, 16, 0o600);
    });
    for address in ["shm:/psm_0a1b2c3d", "sem:/mp-0a1b2c3d"] {
        expect(&env, address, if sees_everybody() { "leftover" } else { "suspect" });
    }
    for address in ["sem:/s", "mq:/q"] {
        let evidence = expect(&env, address, "suspect");
        assert!(evidence.contains("a later run can come back to it"), "{evidence}");
    }
}

// A process of root's is closed to an ordinary user: the kernel's answer is all there is, and it is right.
fn the_holder_may_be_anybody_for_the_owner_who_asks() {
    let env = TestEnv::new();
    posix::shared_memory("/m", 4096, 0o600);
    makers::give_away("/dev/shm/m", 65534);
    let _holder = holder::holding(|| posix::map("/m"));
    let run = env.command(["show", "shm:/m", "--grace", "0", "--json"]).by_user(65534);
    assert_eq!(run.run().ok().only()["state"], "in-use");
    // Somebody else gets no answer, and says so.
    let run = env.command(["show", "shm:/m", "--grace", "0", "--json"]).by_user(70_000);
    assert_eq!(run.run().ok().only()["state"], "unknown");
}
