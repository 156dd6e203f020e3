//! What verbs that remove without harm have in common: what interrupted runs left, and telling what became of objects.

use super::acting::ActReport;
use crate::cli::context::Context;
use crate::kinds;
use crate::kinds::KINDS;
use crate::kinds::backing::Directory;
use crate::kinds::capability::Query;
use crate::leftover::quarantine::{self, Recovered};
use crate::leftover::removal;
use crate::model::{Address, Class, Encoded, Fault, Object};

/// Puts back what interrupted runs left in quarantine where these objects are.
pub fn recover(addresses: &[Address], look: &Query, cx: &mut Context) {
    let homes = addresses.iter().filter_map(|address| {
        let store = kinds::of_address(address).ok()?.backing?.store(look).ok()?;
        Some(store.spot(&address.locator).ok()??.home)
    });
    recover_at(homes, false, cx);
}

/// Puts back what interrupted runs left in quarantine, wherever all files of a kind are in one directory. With `dry`
/// it is only told.
pub fn recover_all(dry: bool, look: &Query, cx: &mut Context) {
    let homes = KINDS.iter().filter_map(|record| record.backing?.store(look).ok()?.home());
    recover_at(homes, dry, cx);
}

fn recover_at(homes: impl Iterator<Item = Directory>, dry: bool, cx: &mut Context) {
    let mut seen = Vec::new();
    for home in homes {
        if seen.contains(&home.path) {
            continue;
        }
        match quarantine::recover(&home, dry) {
            Ok(recovered) => recovered.iter().for_each(|one| match one {
                Recovered::PutBack(_) | Recovered::Finished(_) => cx.note(&one.to_string()),
                Recovered::Waits(_) if dry => cx.note(&one.to_string()),
                Recovered::Strange(_) => cx.note(&one.to_string()),
                Recovered::Waits(_) | Recovered::Stays(..) => cx.warn(&one.to_string()),
            }),
            Err(error) => cx.note(&format!(
                "{} cannot be searched for what an interrupted run left: {}",
                Encoded(home.path.as_os_str().as_encoded_bytes()),
                Fault::from_os(&error).cause
            )),
        }
        seen.push(home.path);
    }
}

/// Says what became of one object that was named by its address.
pub fn tell(
    cx: &mut Context,
    object: &Object,
    outcome: removal::RemovalOutcome,
    report: &mut ActReport,
) {
    let address = &object.address;
    let fault = match outcome {
        removal::RemovalOutcome::Removed => {
            return report.done(address, "removed", Vec::new());
        }
        removal::RemovalOutcome::Left(how) => Fault::new(Class::Failed, how),
        removal::RemovalOutcome::Skipped(why) => Fault::new(Class::Failed, why)
            .hint("without --unused it is removed even if it is in use"),
        removal::RemovalOutcome::Failed(fault) => match kinds::of_address(address) {
            Ok(record) => cx.explain(*fault, record, address),
            Err(_) => *fault,
        },
    };
    report.failed(address, &fault, Vec::new());
    cx.cannot("remove", Some(address), &fault);
}
