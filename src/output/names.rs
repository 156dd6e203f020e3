//! User and group ids to names, each looked up once: the name service costs as much for a missing name as for
//! one that is there.

use users::{Groups, Users, UsersCache};

use crate::model::Encoded;

/// Names of users and groups, remembered.
#[derive(Default)]
pub struct Names(UsersCache);

impl Names {
    /// The name of a user, safe to print; the number when there is none.
    pub fn user(&self, uid: u32, out: &mut String) {
        match self.0.get_user_by_uid(uid) {
            Some(user) => push(out, &Encoded(user.name().as_encoded_bytes())),
            None => push(out, &uid),
        }
    }

    /// The name of a group, safe to print; the number when there is none.
    pub fn group(&self, gid: u32, out: &mut String) {
        match self.0.get_group_by_gid(gid) {
            Some(group) => push(out, &Encoded(group.name().as_encoded_bytes())),
            None => push(out, &gid),
        }
    }
}

fn push(out: &mut String, text: &dyn std::fmt::Display) {
    use std::fmt::Write;
    // Writing to a String does not fail.
    let _ = write!(out, "{text}");
}
