//! What belongs together: memory with its lock files and its mutex. Half of a group is worse than a whole one: it goes as a
//! whole or stays as a whole.

use std::collections::HashMap;

use super::producers;
use crate::model::{Address, Object};

/// What is known of a member of a group that was not chosen.
pub enum Member<T> {
    /// There is none.
    Absent,
    /// It could go with the others.
    Goes(Box<T>),
    /// It must stay.
    Stays,
}

/// What goes, in units, and what stays for the sake of another.
#[derive(Debug)]
pub struct Units<T> {
    /// All of a unit are removed or none.
    pub go: Vec<Vec<T>>,
    /// What would go, and which member of its group must stay.
    pub stay: Vec<(T, Address)>,
}

/// Puts together what belongs together, in the order in which it was chosen. `member` looks at what was not chosen.
pub fn units<T: AsRef<Object>>(
    chosen: impl IntoIterator<Item = T>,
    mut member: impl FnMut(&Address) -> Member<T>,
) -> Units<T> {
    let mut units = Units { go: Vec::new(), stay: Vec::new() };
    let mut places: HashMap<Address, usize> = HashMap::new();
    let mut groups: Vec<(Vec<Address>, Vec<T>)> = Vec::new();
    for object in chosen {
        let origin = producers::origin(object.as_ref());
        let group = origin.map(|origin| origin.group(&object.as_ref().address)).unwrap_or_default();
        match group.first() {
            None => groups.push((Vec::new(), vec![object])),
            Some(first) => match places.get(first).and_then(|at| groups.get_mut(*at)) {
                Some((_, objects)) => objects.push(object),
                None => {
                    places.insert(first.clone(), groups.len());
                    groups.push((group, vec![object]));
                }
            },
        }
    }
    for (group, mut objects) in groups {
        let mut stays = None;
        for address in &group {
            if objects.iter().any(|object| object.as_ref().address == *address) {
                continue;
            }
            match member(address) {
                Member::Absent => {}
                Member::Goes(object) => objects.push(*object),
                Member::Stays => stays = Some(address.clone()),
            }
        }
        match stays {
            None => units.go.push(objects),
            Some(address) => {
                units.stay.extend(objects.into_iter().map(|object| (object, address.clone())));
            }
        }
    }
    units
}
