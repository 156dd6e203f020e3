//! `lsipc`.

use super::tool::{Stop, Tool};
use std::ffi::OsString;
/// Runs the tool.
pub(super) fn run(_tool: &mut Tool, _arguments: &[OsString]) -> Result<(), Stop> {
    Ok(())
}
