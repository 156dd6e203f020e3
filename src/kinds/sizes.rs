//! The options about the size of an object, which several kinds have.

use crate::model::{Form, Param};

/// How large it is to be.
pub(super) static SIZE: Param =
    Param { name: "size", metavar: "SIZE", help: "Size in bytes", form: Form::Size };
/// It is to have that size although other programs hold it.
pub(super) static FORCE: Param = Param {
    name: "force",
    metavar: "",
    help: "Change what others hold; SIGBUS if memory shrinks",
    form: Form::Flag,
};
