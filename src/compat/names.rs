//! Users and groups in listings: each looked up once.

use std::collections::BTreeMap;
use std::ffi::OsString;

use super::text;
use crate::output::Names;

/// A user's or group's name, or its number.
struct Account {
    text: Box<[u8]>,
    named: bool,
}

impl Account {
    fn new(id: u32, name: Option<OsString>) -> Self {
        let named = name.is_some();
        let text = match name {
            Some(name) => {
                let mut safe = Vec::new();
                text::escape(&mut safe, name.as_encoded_bytes(), |byte, _| byte.is_ascii_control());
                safe
            }
            None => text::decimal(id.into()).bytes().to_vec(),
        };
        Self { text: text.into(), named }
    }
}

/// The people that objects belong to.
#[derive(Default)]
pub(super) struct People {
    names: Names,
    users: BTreeMap<u32, Account>,
    groups: BTreeMap<u32, Account>,
}

impl People {
    fn known_user(&mut self, uid: u32) -> &Account {
        self.users.entry(uid).or_insert_with(|| Account::new(uid, self.names.of_user(uid)))
    }

    fn known_group(&mut self, gid: u32) -> &Account {
        self.groups.entry(gid).or_insert_with(|| Account::new(gid, self.names.of_group(gid)))
    }

    /// The name of a user, or the number of one who has none.
    pub(super) fn user(&mut self, uid: u32) -> &[u8] {
        &self.known_user(uid).text
    }

    /// The name of a group, or the number of one that has none.
    pub(super) fn group(&mut self, gid: u32) -> &[u8] {
        &self.known_group(gid).text
    }

    /// The name of a user.
    pub(super) fn user_name(&mut self, uid: u32) -> Option<&[u8]> {
        Some(self.known_user(uid)).filter(|user| user.named).map(|user| &*user.text)
    }

    /// The name of a group.
    pub(super) fn group_name(&mut self, gid: u32) -> Option<&[u8]> {
        Some(self.known_group(gid)).filter(|group| group.named).map(|group| &*group.text)
    }
}
