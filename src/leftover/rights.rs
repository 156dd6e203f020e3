//! Who may open an object: owner, creator, groups, mode, ACL, capabilities. Knows no object and makes no call.

use std::rc::Rc;

use super::population::Credentials;

/// What decides who may open an object.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct OpenRights {
    /// Owner and creator.
    pub users: (u32, u32),
    /// Their groups.
    pub groups: (u32, u32),
    /// Permission bits.
    pub mode: u32,
    /// Users and groups that an ACL names.
    pub named: Option<Rc<Grants>>,
    /// It is a file; otherwise a System V object.
    pub file: bool,
}

/// Users and groups whom an access control list gives a right, the mask applied: `acl(5)`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Grants {
    /// Their numbers.
    pub users: Vec<u32>,
    /// The same for groups.
    pub groups: Vec<u32>,
}

/// CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH.
const OF_FILES: u64 = 1 << 1 | 1 << 2;
/// CAP_IPC_OWNER.
const OF_SYSTEM_V: u64 = 1 << 15;

impl OpenRights {
    /// Returns true if the superuser made or owns the object.
    pub fn is_superusers(&self) -> bool {
        self.users.0 == 0 || self.users.1 == 0
    }

    /// Returns true if this process has a capability that opens such objects, in whichever user namespace.
    pub fn is_in_reach_of(&self, process: &Credentials) -> bool {
        process.capabilities & if self.file { OF_FILES } else { OF_SYSTEM_V } != 0
    }

    /// Returns true if users, groups, mode or ACL let this process open the object.
    pub fn admit(&self, process: &Credentials) -> bool {
        let in_group =
            |group| process.groups.contains(&group) || process.more_groups.contains(&group);
        let is = |user| process.users.contains(&user);
        self.owns(process)
            || self.mode & 0o070 != 0 && (in_group(self.groups.0) || in_group(self.groups.1))
            || self.mode & 0o007 != 0
            || self.named.as_ref().is_some_and(|named| {
                named.users.iter().any(|user| is(*user))
                    || named.groups.iter().any(|group| in_group(*group))
            })
    }

    /// Returns true if it is a process of the owner or the creator.
    pub fn owns(&self, process: &Credentials) -> bool {
        process.users.contains(&self.users.0) || process.users.contains(&self.users.1)
    }
}

/// Reads `system.posix_acl_access`, as `<linux/posix_acl_xattr.h>` lays it out: a version, then entries of tag,
/// permissions and number. What cannot be understood names nobody, and the owner's, group's and others' entries are the
/// mode.
pub fn grants(list: &[u8]) -> Grants {
    const VERSION: u32 = 2;
    const USER: u16 = 0x02;
    const GROUP: u16 = 0x08;
    const MASK: u16 = 0x10;
    let Some((version, entries)) = list.split_first_chunk() else { return Grants::default() };
    if u32::from_le_bytes(*version) != VERSION {
        return Grants::default();
    }
    let entry = |bytes: &[u8; 8]| {
        let [tag, tag_high, rights, rights_high, number @ ..] = *bytes;
        let rights = u16::from_le_bytes([rights, rights_high]);
        (u16::from_le_bytes([tag, tag_high]), rights, u32::from_le_bytes(number))
    };
    let entries: Vec<(u16, u16, u32)> = entries.as_chunks().0.iter().map(entry).collect();
    let mask = entries.iter().find(|(tag, ..)| *tag == MASK).map_or(7, |(_, rights, _)| *rights);
    let of = |wanted: u16| {
        let given = |(tag, rights, _): &&(u16, u16, u32)| *tag == wanted && rights & mask != 0;
        entries.iter().filter(given).map(|(.., number)| *number).collect()
    };
    Grants { users: of(USER), groups: of(GROUP) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn process() -> Credentials {
        Credentials {
            pid: 77,
            users: [1, 2, 3, 4],
            groups: [5, 6, 7, 8],
            more_groups: vec![9, 10],
            ..Credentials::default()
        }
    }

    fn rights(user: u32, group: u32, mode: u32) -> OpenRights {
        OpenRights { users: (user, user), groups: (group, group), mode, named: None, file: true }
    }

    #[test]
    fn any_of_its_users_and_groups_may_open_an_object() {
        for user in 1..=4 {
            assert!(rights(user, 99, 0o600).admit(&process()), "{user}");
        }
        for group in 5..=10 {
            assert!(rights(99, group, 0o660).admit(&process()), "{group}");
            assert!(!rights(99, group, 0o600).admit(&process()), "{group}");
        }
        assert!(rights(99, 99, 0o604).admit(&process()));
        assert!(!rights(99, 99, 0o670).admit(&process()));
        let made_by_another = OpenRights { users: (99, 2), ..rights(99, 99, 0o600) };
        assert!(made_by_another.admit(&process()), "its creator may");
    }

    #[test]
    fn an_acl_names_users_and_groups_as_far_as_its_mask_lets_them() {
        let list = |mask: u8| {
            let entries: [[u8; 8]; 5] = [
                [1, 0, 6, 0, 255, 255, 255, 255],
                [2, 0, 6, 0, 3, 0, 0, 0],
                [8, 0, 4, 0, 10, 0, 0, 0],
                [0x10, 0, mask, 0, 255, 255, 255, 255],
                [0x20, 0, 0, 0, 255, 255, 255, 255],
            ];
            [&[2, 0, 0, 0][..], &entries.concat()].concat()
        };
        assert_eq!(grants(&list(6)), Grants { users: vec![3], groups: vec![10] });
        assert_eq!(grants(&list(2)), Grants { users: vec![3], groups: vec![] });
        assert_eq!(grants(&list(0)), Grants::default());
        let by_list = |named| OpenRights { named: Some(Rc::new(named)), ..rights(99, 99, 0o660) };
        assert!(by_list(grants(&list(6))).admit(&process()));
        assert!(!by_list(grants(&list(0))).admit(&process()));
    }

    #[test]
    fn a_capability_opens_the_sort_of_object_that_it_is_for() {
        let with = |bit: u32| Credentials { capabilities: 1 << bit, ..process() };
        let file = rights(99, 99, 0o600);
        let segment = OpenRights { file: false, ..file.clone() };
        assert!(file.is_in_reach_of(&with(1)) && file.is_in_reach_of(&with(2)));
        assert!(!file.is_in_reach_of(&with(15)) && segment.is_in_reach_of(&with(15)));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_list_or_none(bytes: Vec<u8>) {
            let _ = grants(&bytes);
        }
    }
}
