//! Sets that have another number of semaphores than was counted: `kernel.sem_next_id` brings them about at any moment.

use ipcctl::sys::sem;

use crate::env::TestEnv;
use crate::makers::sysv;

crate::cases![
    a_set_with_more_semaphores_than_were_counted_is_read_whole,
    a_set_with_fewer_semaphores_than_were_counted_is_read_without_the_rest,
    values_for_a_smaller_set_change_nothing_in_a_larger_one
];

fn a_set_with_more_semaphores_than_were_counted_is_read_whole() {
    let env = TestEnv::new();
    let values: Vec<u16> = (0..5000).collect();
    let id = sysv::set_with(env.key(), &values, 0o600).unsigned_abs();
    for counted in [0, 1, 2, 2047, 2048, 4999] {
        assert_eq!(sem::values(id, counted).unwrap(), values, "{counted}");
    }
}

fn a_set_with_fewer_semaphores_than_were_counted_is_read_without_the_rest() {
    let env = TestEnv::new();
    let id = sysv::set_with(env.key(), &[7, 8], 0o600).unsigned_abs();
    assert_eq!(sem::values(id, 32_000).unwrap(), [7, 8]);
}

fn values_for_a_smaller_set_change_nothing_in_a_larger_one() {
    let env = TestEnv::new();
    let id = sysv::set_with(env.key(), &[3; 5000], 0o600).unsigned_abs();
    let error = sem::set_values(id, &[9; 20]).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EIDRM));
    assert_eq!(sem::values(id, 5000).unwrap(), [3; 5000]);
}
