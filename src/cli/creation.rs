//! The option `--create`, for verbs that use an object and may have to make it first.

use clap::Args;

use super::params::{CreatingOnUse, Params};
use super::values;
use crate::kinds::capability::{CreateRequest, Query};
use crate::kinds::{self, KindRecord, existing};
use crate::model::{Class, Fault, Locator, Value};

/// How to make an object that is missing.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Options of --create")]
pub struct Creation {
    /// Create the object first if it does not exist
    #[arg(long, help_heading = None)]
    create: bool,

    /// Permission bits, octal, without umask
    #[arg(
        long,
        value_name = "OCTAL",
        default_value = "0600",
        value_parser = values::mode,
        requires = "create",
        hide_short_help = true
    )]
    mode: u32,

    /// Owner (name or id)
    #[arg(long, value_name = "USER", value_parser = values::owner, requires = "create", hide_short_help = true)]
    owner: Option<u32>,

    /// Group (name or id)
    #[arg(long, value_name = "GROUP", value_parser = values::owner_group, requires = "create", hide_short_help = true)]
    group: Option<u32>,

    #[command(flatten)]
    params: Params<CreatingOnUse>,
}

impl Creation {
    /// Makes the object if that was asked for and it does not exist. One that exists must fit.
    ///
    /// # Errors
    /// As [`crate::kinds::capability::Create::create`].
    pub fn apply(&self, look: &Query, record: &KindRecord, locator: &Locator) -> Result<(), Fault> {
        let settings = self.params.for_kind(record)?;
        if !self.create {
            return match settings.params().next() {
                None => Ok(()),
                Some(param) => Err(Fault::usage(format!("--{} goes with --create", param.name))),
            };
        }
        // The kernel gives ids: what is named by one exists already, or cannot be made.
        if matches!(locator, Locator::Id(_)) {
            return record.inspect.find(look, locator).map(drop);
        }
        let create = kinds::CREATE.of_kind(record)?;
        let making = CreateRequest {
            locator: Some(locator),
            mode: self.mode,
            uid: self.owner,
            gid: self.group,
            settings: &settings,
        };
        match create.create(look, &making) {
            Err(fault) if fault.class == Class::Exists => {
                let object = existing::find((record, create), look, &making)?;
                match create.differences(look, &object, &making)?.first() {
                    None => Ok(()),
                    Some(one) => {
                        let cause = format!("it exists, and {}", one.told(number));
                        Err(Fault::new(Class::Exists, cause))
                    }
                }
            }
            made => made.map(drop),
        }
    }
}

/// What an object that carries messages has of its own is numbers.
fn number(value: &Value) -> String {
    match value {
        Value::Count(number) => number.to_string(),
        _ => "-".to_owned(),
    }
}
