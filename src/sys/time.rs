//! Local time: `localtime_r(3)`, `strftime(3)`, which honour TZ without loading a zone database. And what the
//! clocks say: `clock_gettime(2)`.

use std::io;

use std::ffi::CStr;
use std::time::{Duration, Instant};

use nix::time::{ClockId, ClockNanosleepFlags, clock_nanosleep};

use super::zeroed;

/// `2026-11-21T07:42:13+0000` in the local zone; `None` when the year has no such form.
pub fn local(secs: i64) -> Option<String> {
    const YEAR_0: i64 = -62_167_219_200;
    const YEAR_9999: i64 = 253_402_300_799;
    let plain = (YEAR_0..=YEAR_9999).contains(&secs);
    plain.then(|| local_as(secs, c"%Y-%m-%dT%H:%M:%S%z")).flatten()
}

/// A time in the local zone in a form of `strftime(3)`, with the names of the C locale; `None` when the year
/// is beyond what the C library counts, or the text is longer than 64 bytes.
///
/// [`localtime_r(3)`](https://man7.org/linux/man-pages/man3/localtime_r.3.html), [`strftime(3)`](https://man7.org/linux/man-pages/man3/strftime.3.html)
#[doc(alias = "localtime_r")]
#[doc(alias = "strftime")]
pub fn local_as(secs: i64, form: &CStr) -> Option<String> {
    // SAFETY: struct tm is a C structure of integers and a pointer that localtime_r sets.
    let mut parts: libc::tm = unsafe { zeroed() };
    // SAFETY: both pointers are valid for the call; localtime_r keeps neither.
    if unsafe { libc::localtime_r(&raw const secs, &raw mut parts) }.is_null() {
        return None;
    }
    let mut text = [0u8; 65];
    // SAFETY: the buffer has the length that is passed, and the format ends in NUL.
    let length = unsafe {
        libc::strftime(text.as_mut_ptr().cast(), text.len(), form.as_ptr(), &raw const parts)
    };
    text.get(..length)
        .filter(|text| !text.is_empty())
        .map(|text| String::from_utf8_lossy(text).into_owned())
}

/// Waits for so long, and no shorter whatever the kernel says of it; the standard library's own ends the program then.
///
/// [`clock_nanosleep(2)`](https://man7.org/linux/man-pages/man2/clock_nanosleep.2.html)
#[doc(alias = "clock_nanosleep")]
pub fn pause(time: Duration) {
    let begin = Instant::now();
    while let Some(left) = time.checked_sub(begin.elapsed()).filter(|left| !left.is_zero()) {
        let _ =
            clock_nanosleep(ClockId::CLOCK_MONOTONIC, ClockNanosleepFlags::empty(), &left.into());
    }
}

/// The clocks of `clock_gettime(2)` in seconds: since the epoch, and since boot with the time spent asleep.
///
/// # Errors
/// None on Linux.
pub fn clocks() -> io::Result<(i64, i64)> {
    use nix::time::clock_gettime;
    let now = clock_gettime(ClockId::CLOCK_REALTIME)?.tv_sec();
    let up = clock_gettime(ClockId::CLOCK_BOOTTIME)?.tv_sec();
    Ok((now, up))
}

/// What the kernel would note as the time of a file that is made now: seconds and nanoseconds since the epoch.
///
/// # Errors
/// None on Linux.
///
/// [`clock_gettime(2)`](https://man7.org/linux/man-pages/man2/clock_gettime.2.html)
#[doc(alias = "clock_gettime")]
pub fn file_time() -> io::Result<(i64, u32)> {
    use nix::time::{ClockId, clock_gettime};
    let now = clock_gettime(ClockId::CLOCK_REALTIME_COARSE)?;
    Ok((now.tv_sec(), u32::try_from(now.tv_nsec()).unwrap_or(0)))
}

/// When the machine was started, in nanoseconds since the epoch, if the clock was never stepped.
///
/// # Errors
/// None on Linux.
pub fn boot_nanos() -> io::Result<i128> {
    use nix::time::{ClockId, clock_gettime};
    let nanos = |clock| {
        let time = clock_gettime(clock)?;
        Ok::<_, io::Error>(i128::from(time.tv_sec()) * 1_000_000_000 + i128::from(time.tv_nsec()))
    };
    Ok(nanos(ClockId::CLOCK_REALTIME)? - nanos(ClockId::CLOCK_BOOTTIME)?)
}
