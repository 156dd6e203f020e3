//! How much memory a segment takes: what `/proc/sysvipc/shm` says of it, and where that is wrong.

use std::collections::HashMap;

use super::{SOURCE, SegmentFacts};
use crate::kinds::capability::Query;
use crate::model::{Locator, Object};

/// Bytes of the huge pages that this architecture may have, the smallest first.
#[cfg(target_arch = "x86_64")]
const HUGE: [u64; 2] = [1 << 21, 1 << 30];
/// Bytes of the huge pages that this architecture may have, the smallest first.
#[cfg(not(target_arch = "x86_64"))]
const HUGE: [u64; 8] = [1 << 16, 1 << 20, 1 << 21, 1 << 24, 1 << 25, 1 << 28, 1 << 29, 1 << 30];

/// Bytes that are resident of a segment of `size` bytes, of which the table says `told`.
pub(super) fn resident(told: u64, size: u64) -> u64 {
    let page = procfs::page_size().max(1);
    // Ordinary pages are told as they are.
    if told <= rounded(size, page) {
        return told;
    }
    /// Since then a huge page is counted as so many ordinary ones, and that is multiplied by the size of the huge page: one of
    /// 2 MiB is told as 1 GiB.
    const MULTIPLIES: (u8, u8) = (6, 7);
    let version = procfs::sys::kernel::Version::current();
    let multiplied = version.is_ok_and(|version| (version.major, version.minor) >= MULTIPLIES);
    of_huge_pages(told, size, (page, multiplied))
}

fn rounded(size: u64, page: u64) -> u64 {
    size.checked_next_multiple_of(page).unwrap_or(u64::MAX)
}

/// No segment has more pages than fit into its size.
fn of_huge_pages(told: u64, size: u64, (page, multiplied): (u64, bool)) -> u64 {
    let bytes = |huge: &u64| if multiplied { told / (huge / page) } else { told };
    let fits =
        |(huge, bytes): &(u64, u64)| bytes.is_multiple_of(*huge) && *bytes <= rounded(size, *huge);
    let sizes = HUGE.into_iter().filter(|huge| *huge > page);
    let mut sizes = sizes.map(|huge| (huge, bytes(&huge)));
    sizes.find(fits).map_or(told, |(_, bytes)| bytes)
}

/// Bytes that the kernel gets back when these segments go: what is resident and what is swapped; `None` for one of which the
/// table does not tell. It is read once for all.
pub(super) fn freed(look: &Query, objects: &[&Object]) -> Vec<Option<u64>> {
    let table = SOURCE.read_table(look).unwrap_or_default();
    let bytes = |one: &SegmentFacts| Some(one.resident?.saturating_add(one.swapped?));
    let known: HashMap<u32, Option<u64>> =
        table.iter().map(|one| (one.known.id, bytes(one))).collect();
    let of = |object: &&Object| match object.address.locator {
        Locator::Id(id) => known.get(&id).copied().flatten(),
        _ => None,
    };
    objects.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NEW: (u64, bool) = (4096, true);
    const OLD: (u64, bool) = (4096, false);

    #[test]
    fn a_huge_page_has_its_size_whatever_the_kernel_says() {
        let (huge, size) = (2 << 20, 3 << 20);
        assert_eq!(
            of_huge_pages(1 << 30, size, NEW),
            huge,
            "as Linux 6.18 tells one page of 2 MiB"
        );
        assert_eq!(of_huge_pages(2 << 30, size, NEW), 2 * huge);
        assert_eq!(of_huge_pages(2 * huge, size, OLD), 2 * huge, "as kernels before 6.7 tell two");
        assert_eq!(of_huge_pages(1 << 48, 1 << 30, NEW), 1 << 30, "one of 1 GiB");
        assert_eq!(of_huge_pages(1 << 30, 1 << 20, OLD), 1 << 30, "the same, of a small segment");
    }

    proptest! {
        #[test]
        fn what_fits_is_never_changed(size in 1u64.., told: u64) {
            let told = told % size;
            prop_assert_eq!(resident(told, size), told);
        }

        #[test]
        fn any_numbers_have_an_answer(size: u64, told: u64, page in 1..=1u64 << 16, multiplied: bool) {
            of_huge_pages(told, size, (page, multiplied));
            resident(told, size);
        }
    }
}
