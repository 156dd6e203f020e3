//! Who uses shared memory, a semaphore, a POSIX queue or a FIFO: `list` and `show`.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::holders_segments::{one, used_by};
use crate::env::TestEnv;
use crate::makers::{fifo, holder, holding, posix};

crate::cases![
    a_mapping_holds_when_its_descriptor_is_closed,
    a_private_mapping_holds,
    every_way_of_opening_a_file_is_told,
    a_thread_with_descriptors_of_its_own_is_looked_at,
    a_file_that_was_removed_and_made_again_is_another_one,
    a_file_is_found_by_any_of_its_names,
    a_file_that_is_two_objects_is_looked_at_as_both,
    a_thread_that_waits_in_a_path_of_its_own_is_no_known_holder,
    those_who_have_a_semaphore_open_or_wait_for_it_are_named,
    the_temporary_name_that_the_creator_of_a_semaphore_shows_does_not_matter,
    those_who_have_a_queue_open_or_wait_for_it_are_named,
    a_process_that_is_registered_for_the_next_message_is_named,
    those_who_have_a_fifo_open_are_named,
    who_waits_for_the_other_side_of_a_fifo_is_named_and_not_released,
    a_fifo_that_somebody_waits_to_open_is_found_without_a_search_of_its_directory,
    a_path_that_leads_through_a_link_and_from_another_directory_is_followed,
    ipcctl_itself_is_no_holder,
    several_kinds_are_answered_for_by_one_listing
];

fn a_mapping_holds_when_its_descriptor_is_closed() {
    let env = TestEnv::new();
    posix::shared_memory("/frames", 4096, 0o600);
    let holder = holder::holding(|| posix::map("/frames"));
    let object = env.show("shm:/frames");
    assert_eq!(used_by(&object), [one(&holder, &["mapped rw"])], "{object}");
    env.run(["list", "shm"]).ok().shows(&format!("({})", holder.pid()));
}

fn a_private_mapping_holds() {
    let env = TestEnv::new();
    posix::shared_memory("/frames", 4096, 0o600);
    let holder = holder::holding(|| holding::map_privately("/dev/shm/frames"));
    let object = env.show("shm:/frames");
    assert_eq!(used_by(&object), [one(&holder, &["mapped privately"])], "{object}");
}

fn every_way_of_opening_a_file_is_told() {
    let env = TestEnv::new();
    posix::shared_memory("/frames", 4096, 0o600);
    for (flags, how) in [
        (libc::O_RDONLY, "open r"),
        (libc::O_WRONLY, "open w"),
        (libc::O_RDWR, "open rw"),
        (libc::O_PATH, "open as path"),
    ] {
        let holder = holder::holding(|| {
            holding::open("/dev/shm/frames", flags);
        });
        let object = env.show("shm:/frames");
        assert_eq!(used_by(&object), [one(&holder, &[how])], "{object}");
    }
}

// The main thread shows none of them.
fn a_thread_with_descriptors_of_its_own_is_looked_at() {
    let env = TestEnv::new();
    posix::shared_memory("/frames", 4096, 0o600);
    let holder = holder::holding(|| {
        holding::on_a_thread(|| {
            holding::leave_table();
            holding::open("/dev/shm/frames", libc::O_RDWR);
        });
        holding::on_a_thread(|| ());
    });
    let own = fs::read_dir(format!("/proc/{}/fd", holder.pid())).unwrap();
    let links = own.map(|entry| fs::read_link(entry.unwrap().path()).unwrap());
    assert!(!links.into_iter().any(|link| link == Path::new("/dev/shm/frames")));
    let object = env.show("shm:/frames");
    assert_eq!(used_by(&object), [one(&holder, &["open rw"])], "{object}");
}

fn a_file_that_was_removed_and_made_again_is_another_one() {
    let env = TestEnv::new();
    posix::shared_memory("/frames", 4096, 0o600);
    let _former = holder::holding(|| posix::map("/frames"));
    fs::remove_file("/dev/shm/frames").unwrap();
    posix::shared_memory("/frames", 4096, 0o600);
    let holder = holder::holding(|| posix::map("/frames"));
    let object = env.show("shm:/frames");
    assert_eq!(used_by(&object), [one(&holder, &["mapped rw"])], "{object}");
}

fn a_file_is_found_by_any_of_its_names() {
    let env = TestEnv::new();
    posix::shared_memory("/frames", 4096, 0o600);
    fs::hard_link("/dev/shm/frames", "/dev/shm/other").unwrap();
    let holder = holder::holding(|| posix::map("/other"));
    for address in ["shm:/frames", "shm:/other"] {
        let object = env.show(address);
        assert_eq!(used_by(&object), [one(&holder, &["mapped rw"])], "{object}");
    }
}

// As memory it has no waiters, as a semaphore it has one.
fn a_file_that_is_two_objects_is_looked_at_as_both() {
    let env = TestEnv::new();
    posix::semaphore("/gate", 0, 0o600);
    fs::hard_link("/dev/shm/sem.gate", "/dev/shm/zz").unwrap();
    let waiter = holder::blocking(|| (), || posix::wait("/gate"));
    let objects = env.run(["list", "sem", "shm", "--json"]).ok().objects();
    assert_eq!(objects.len(), 2);
    for object in objects {
        assert_eq!(used_by(&object), [one(&waiter, &["mapped rw", "waiting in sem_wait"])]);
    }
}

// A path below /proc/self means another file to everybody who looks it up.
fn a_thread_that_waits_in_a_path_of_its_own_is_no_known_holder() {
    let env = TestEnv::new();
    let path = env.path("pipe");
    fifo::fifo(&path, 0o600);
    let directory = env.directory().to_owned();
    let _waiter = holder::blocking(
        || std::env::set_current_dir(&directory).unwrap(),
        || {
            holding::open("/proc/self/cwd/pipe", libc::O_RDONLY);
        },
    );
    let object = env.show(&format!("fifo:{path}"));
    assert_eq!((&object["used_by"], &object["unseen"]), (&json!(null), &json!(null)), "{object}");
}

fn those_who_have_a_semaphore_open_or_wait_for_it_are_named() {
    let env = TestEnv::new();
    posix::semaphore("/gate", 0, 0o600);
    let user = holder::holding(|| {
        posix::open_semaphore("/gate");
    });
    let waiter = holder::blocking(|| (), || posix::wait("/gate"));
    let object = env.show("sem:/gate");
    let mut expected =
        [one(&user, &["mapped rw"]), one(&waiter, &["mapped rw", "waiting in sem_wait"])];
    expected.sort();
    assert_eq!(used_by(&object), expected, "{object}");
}

// glibc makes a semaphore under a temporary name, which /proc/PID/maps then shows as deleted.
fn the_temporary_name_that_the_creator_of_a_semaphore_shows_does_not_matter() {
    let env = TestEnv::new();
    let creator = holder::holding(|| posix::create_and_keep_semaphore("/gate"));
    let maps = fs::read_to_string(format!("/proc/{}/maps", creator.pid())).unwrap();
    assert!(maps.contains("(deleted)"), "this C library does it in another way: {maps}");
    let object = env.show("sem:/gate");
    assert_eq!(used_by(&object), [one(&creator, &["mapped rw"])], "{object}");
}

fn those_who_have_a_queue_open_or_wait_for_it_are_named() {
    let env = TestEnv::new();
    posix::message_queue("/empty", 1, 8192, 0o600);
    posix::message_queue("/full", 1, 16, 0o600);
    let user = holder::holding(|| {
        posix::open_queue("/empty", libc::O_RDWR);
    });
    let receiver = holder::blocking(|| (), || holding::receive_posix("/empty"));
    let sender = holder::blocking(|| (), || holding::send_posix("/full"));
    let object = env.show("mq:/empty");
    let mut expected =
        [one(&user, &["open rw"]), one(&receiver, &["open r", "waiting in mq_receive"])];
    expected.sort();
    assert_eq!(used_by(&object), expected, "{object}");
    let object = env.show("mq:/full");
    assert_eq!(used_by(&object), [one(&sender, &["open w", "waiting in mq_send"])], "{object}");
}

fn a_process_that_is_registered_for_the_next_message_is_named() {
    let env = TestEnv::new();
    posix::message_queue("/jobs", 1, 16, 0o600);
    let holder = holder::holding(|| posix::ask_for_signal("/jobs", libc::SIGUSR1));
    let object = env.show("mq:/jobs");
    assert_eq!(used_by(&object), [one(&holder, &["open r", "registered"])], "{object}");
    // Who may not look at the process learns of the registration from the queue.
    let show = env.command(["show", "mq:/jobs", "--json"]).unprivileged().run().ok().only();
    assert_eq!(used_by(&show), [one(&holder, &["registered"])], "{show}");
}

fn those_who_have_a_fifo_open_are_named() {
    let env = TestEnv::new();
    let path = env.path("pipe");
    fifo::fifo(&path, 0o600);
    let both = holder::holding(|| {
        holding::open(&path, libc::O_RDWR);
    });
    let reader = holder::holding(|| {
        holding::open(&path, libc::O_RDONLY);
    });
    let object = env.show(&format!("fifo:{path}"));
    let mut expected = [one(&both, &["open rw"]), one(&reader, &["open r"])];
    expected.sort();
    assert_eq!(used_by(&object), expected, "{object}");
}

fn who_waits_for_the_other_side_of_a_fifo_is_named_and_not_released() {
    let env = TestEnv::new();
    for flags in [libc::O_RDONLY, libc::O_WRONLY] {
        let path = env.path(&format!("pipe{flags}"));
        fifo::fifo(&path, 0o600);
        let waiter = holder::blocking(
            || (),
            || {
                holding::open(&path, flags);
            },
        );
        for _ in 0..2 {
            let object = env.show(&format!("fifo:{path}"));
            assert_eq!(used_by(&object), [one(&waiter, &["waiting in open"])], "{object}");
        }
        let listed = env.run(["list", "fifo", "-o", "+waits"]).code(0);
        listed.shows(&format!("({})", waiter.pid()));
    }
}

fn a_fifo_that_somebody_waits_to_open_is_found_without_a_search_of_its_directory() {
    let env = TestEnv::new();
    fs::create_dir_all(env.path("deep/down/below")).unwrap();
    let path = env.path("deep/down/below/pipe");
    fifo::fifo(&path, 0o600);
    let address = format!("fifo:{path}");
    assert!(!env.run(["list", "fifo", "--json"]).code(0).addresses().contains(&address));
    let _waiter = holder::blocking(
        || (),
        || {
            holding::open(&path, libc::O_RDONLY);
        },
    );
    assert!(env.run(["list", "fifo", "--json"]).code(0).addresses().contains(&address));
}

fn a_path_that_leads_through_a_link_and_from_another_directory_is_followed() {
    let env = TestEnv::new();
    fs::create_dir(env.path("directory")).unwrap();
    let path = env.path("directory/pipe");
    fifo::fifo(&path, 0o600);
    std::os::unix::fs::symlink("../directory/pipe", env.path("directory/link")).unwrap();
    let directory = env.path("directory");
    let waiter = holder::blocking(
        || std::env::set_current_dir(&directory).unwrap(),
        || {
            holding::open("./link", libc::O_RDONLY);
        },
    );
    let object = env.show(&format!("fifo:{path}"));
    assert_eq!(used_by(&object), [one(&waiter, &["waiting in open"])], "{object}");
}

fn ipcctl_itself_is_no_holder() {
    let env = TestEnv::new();
    posix::message_queue("/jobs", 1, 16, 0o600);
    let object = env.show("mq:/jobs");
    assert!(object["used_by"].as_array().is_none_or(Vec::is_empty), "{object}");
}

fn several_kinds_are_answered_for_by_one_listing() {
    let env = TestEnv::new();
    posix::shared_memory("/frames", 4096, 0o600);
    posix::semaphore("/gate", 1, 0o600);
    posix::message_queue("/jobs", 1, 16, 0o600);
    let path = env.path("pipe");
    fifo::fifo(&path, 0o600);
    let holder = holder::holding(|| {
        posix::map("/frames");
        posix::open_semaphore("/gate");
        posix::open_queue("/jobs", libc::O_RDONLY);
        holding::open(&path, libc::O_RDWR);
    });
    let objects = env.run(["list", "--json", "-o", "address,used-by,holders"]).code(0).objects();
    for address in ["shm:/frames", "sem:/gate", "mq:/jobs", &format!("fifo:{path}")] {
        let object = objects.iter().find(|object| object["address"] == address).unwrap();
        assert_eq!(used_by(object)[0].0, holder.pid(), "{object}");
        assert_eq!(object["holders"], json!(1), "{object}");
    }
}
