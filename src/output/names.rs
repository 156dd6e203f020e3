//! User and group ids to names, each looked up and made printable once: the name service costs as much for a
//! missing name as for one that is there, and a listing asks for the same few again and again.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;

use users::{Groups, Users, UsersCache};

use crate::model::Encoded;

/// Names of users and groups, remembered as they are printed.
#[derive(Default)]
pub struct Names {
    cache: UsersCache,
    users: RefCell<BTreeMap<u32, String>>,
    groups: RefCell<BTreeMap<u32, String>>,
}

impl Names {
    /// The name of a user, safe to print; the number when there is none.
    pub fn user(&self, uid: u32, out: &mut String) {
        let mut users = self.users.borrow_mut();
        out.push_str(users.entry(uid).or_insert_with(|| match self.cache.get_user_by_uid(uid) {
            Some(user) => Encoded(user.name().as_encoded_bytes()).to_string(),
            None => uid.to_string(),
        }));
    }

    /// The name of a group, safe to print; the number when there is none.
    pub fn group(&self, gid: u32, out: &mut String) {
        let mut groups = self.groups.borrow_mut();
        out.push_str(groups.entry(gid).or_insert_with(|| match self.cache.get_group_by_gid(gid) {
            Some(group) => Encoded(group.name().as_encoded_bytes()).to_string(),
            None => gid.to_string(),
        }));
    }

    /// The name of a user as the name service has it, whatever is in it.
    pub fn of_user(&self, uid: u32) -> Option<OsString> {
        self.cache.get_user_by_uid(uid).map(|user| user.name().to_owned())
    }

    /// The name of a group as the name service has it, whatever is in it.
    pub fn of_group(&self, gid: u32) -> Option<OsString> {
        self.cache.get_group_by_gid(gid).map(|group| group.name().to_owned())
    }
}
