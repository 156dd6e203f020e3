//! Options that only some kinds have, made into options of a verb from what the kinds declare.

use clap::{Arg, ArgAction, ArgMatches, Args, Command};

use super::values;
use crate::kinds::capability::EndpointSide;
use crate::kinds::{self, KINDS, KindRecord};
use crate::model::{Argument, Breadth, Class, Fault, Form, Param, Settings};

/// The parameters that a kind has for a verb.
pub type Declared = fn(&KindRecord) -> &'static [&'static Param];

/// For which verb the options are.
pub trait VerbParams {
    /// What a kind declares for it.
    const DECLARED: Declared;

    /// Where help lists the options.
    const HEADING: &'static str = "Options of kinds";

    /// They are aside from what the verb is for: the short help leaves them out.
    const ASIDE: bool = false;
}

/// The options of verbs that search.
#[derive(Clone, Debug)]
pub struct Searching;

impl VerbParams for Searching {
    const DECLARED: Declared = |record| record.inspect.params();
    const HEADING: &'static str = "Selection";
    const ASIDE: bool = true;
}

/// The options of `create`.
#[derive(Clone, Debug)]
pub struct Creating;

impl VerbParams for Creating {
    const DECLARED: Declared = |record| record.create.map_or(&[], |create| create.params());
}

/// The options of `set`.
#[derive(Clone, Debug)]
pub struct Setting;

impl VerbParams for Setting {
    const DECLARED: Declared =
        |record| record.configure.map_or(&[], |configure| configure.params());
}

/// The options of `create` for objects that carry messages: they can be made by the verbs that use them.
#[derive(Clone, Debug)]
pub struct CreatingOnUse;

impl VerbParams for CreatingOnUse {
    const DECLARED: Declared = |record| match (record.messages, record.create) {
        (Some(_), Some(create)) => create.params(),
        _ => &[],
    };
    const HEADING: &'static str = "Options of --create";
    const ASIDE: bool = true;
}

/// The options of `send`.
#[derive(Clone, Debug)]
pub struct Sending;

impl VerbParams for Sending {
    const DECLARED: Declared =
        |record| record.messages.map_or(&[], |messages| messages.params(EndpointSide::Send));
}

/// The options of `move`, for the queue that messages go to.
#[derive(Clone, Debug)]
pub struct Moving;

impl VerbParams for Moving {
    const DECLARED: Declared = |record| match kinds::QUEUES.of_kind(record) {
        Ok(messages) => messages.params(EndpointSide::Send),
        Err(_) => &[],
    };
}

/// The options of `recv`.
#[derive(Clone, Debug)]
pub struct Receiving;

impl VerbParams for Receiving {
    const DECLARED: Declared =
        |record| record.messages.map_or(&[], |messages| messages.params(EndpointSide::Receive));
}

/// The options of `peek`.
#[derive(Clone, Debug)]
pub struct Peeking;

impl VerbParams for Peeking {
    const DECLARED: Declared =
        |record| record.messages.map_or(&[], |messages| messages.params(EndpointSide::Peek));
}

/// The options of `wait` and `lock`.
#[derive(Clone, Debug)]
pub struct Taking;

impl VerbParams for Taking {
    const DECLARED: Declared = |record| record.counters.map_or(&[], |one| one.wait_params());
}

/// The options of `post`.
#[derive(Clone, Debug)]
pub struct Giving;

impl VerbParams for Giving {
    const DECLARED: Declared = |record| record.counters.map_or(&[], |one| one.post_params());
}

/// The options of kinds that were given for a verb, not yet held against a kind.
#[derive(Clone, Debug)]
pub struct Params<V> {
    given: Vec<(&'static str, Argument)>,
    verb: std::marker::PhantomData<V>,
}

/// Every option that a kind declares for the verb, each name once.
fn declared(of: Declared) -> Vec<&'static Param> {
    let mut params: Vec<&'static Param> = Vec::new();
    for param in KINDS.iter().flat_map(|record| of(record)) {
        if params.iter().all(|one| one.name != param.name) {
            params.push(param);
        }
    }
    params
}

/// The kinds that have an option, for its help and for errors.
fn kinds_with(of: Declared, name: &str) -> String {
    let kinds = KINDS.iter().filter(|record| of(record).iter().any(|param| param.name == name));
    kinds.map(|record| record.kind.name).collect::<Vec<_>>().join(", ")
}

/// The same in fewer words: a facility stands for all of its kinds whose objects have names.
fn takers(of: Declared, name: &str) -> String {
    let has = |record: &&&KindRecord| of(record).iter().any(|param| param.name == name);
    let mut words: Vec<&str> = Vec::new();
    for record in KINDS.iter().filter(has) {
        let facility = record.kind.facility;
        let named =
            |one: &&&KindRecord| one.kind.facility == facility && one.kind.listed < Breadth::All;
        let all = KINDS.iter().filter(named).all(|one| has(&one));
        let word = if all { facility.name() } else { record.kind.name };
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words.join(", ")
}

impl<V> Default for Params<V> {
    fn default() -> Self {
        Self { given: Vec::new(), verb: std::marker::PhantomData }
    }
}

impl<V: VerbParams> Params<V> {
    /// The options for those of these kinds that have them.
    ///
    /// # Errors
    /// A usage error when none of them has one that was given, naming the kinds that have it.
    pub fn for_any(&self, records: &[&'static KindRecord]) -> Result<Settings, Fault> {
        let mut settings = Settings::default();
        for (name, argument) in &self.given {
            let mut declared = records.iter().flat_map(|record| (V::DECLARED)(record));
            match declared.find(|param| param.name == *name) {
                Some(param) => settings.push(param, argument.clone()),
                None => return Err(refused::<V>(name, "what is selected")),
            }
        }
        Ok(settings)
    }

    /// The options as they are typed, each after a blank.
    pub fn words(&self) -> String {
        let word = |(name, argument): &(&str, Argument)| match argument {
            Argument::Number(number) => format!(" --{name} {number}"),
            Argument::Integer(number) => format!(" --{name} {number}"),
            Argument::Given => format!(" --{name}"),
            Argument::Numbers(_) | Argument::Key(..) | Argument::Paths(_) | Argument::Words(_) => {
                String::new()
            }
        };
        self.given.iter().map(word).collect()
    }

    /// Returns true if no option was given.
    pub fn is_empty(&self) -> bool {
        self.given.is_empty()
    }

    /// The options as the kind declares them.
    ///
    /// # Errors
    /// A usage error when the kind lacks one, naming the kinds that have it.
    pub fn for_kind(&self, record: &KindRecord) -> Result<Settings, Fault> {
        let mut settings = Settings::default();
        for (name, argument) in &self.given {
            match (V::DECLARED)(record).iter().find(|param| param.name == *name) {
                Some(param) => settings.push(param, argument.clone()),
                None => return Err(refused::<V>(name, record.kind.name)),
            }
        }
        Ok(settings)
    }
}

fn refused<V: VerbParams>(name: &str, whom: &str) -> Fault {
    Fault::new(Class::Usage, format!("--{name} is not for {whom}"))
        .hint(format!("kinds that have it: {}", kinds_with(V::DECLARED, name)))
}

impl<V: VerbParams> Args for Params<V> {
    fn augment_args(mut command: Command) -> Command {
        for param in declared(V::DECLARED) {
            let help = format!("{} ({})", param.help, takers(V::DECLARED, param.name));
            let arg = Arg::new(param.name).long(param.name).help(help).help_heading(V::HEADING);
            // What takes a sentence to explain is for the long help.
            let explained = matches!(param.form, Form::Key | Form::Counts);
            let arg = arg.hide_short_help(V::ASIDE || explained);
            command = command.arg(match param.form {
                Form::Flag => arg.action(ArgAction::SetTrue),
                Form::Paths => arg
                    .action(ArgAction::Append)
                    .value_name(param.metavar)
                    .value_parser(parser(param.form)),
                form => arg
                    .value_name(param.metavar)
                    .value_parser(parser(form))
                    .allow_negative_numbers(form == Form::Integer),
            });
        }
        command
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// The paths of an option that was given several times.
fn all_paths<'a>(given: impl Iterator<Item = &'a Argument>) -> Argument {
    Argument::Paths(
        given
            .filter_map(|argument| match argument {
                Argument::Paths(paths) => Some(paths.clone()),
                _ => None,
            })
            .flatten()
            .collect(),
    )
}

fn parser(form: Form) -> impl clap::builder::TypedValueParser<Value = Argument> {
    use clap::builder::{OsStringValueParser, TypedValueParser};
    OsStringValueParser::new().try_map(move |text| values::argument(form, &text))
}

impl<V: VerbParams> clap::FromArgMatches for Params<V> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut given = Vec::new();
        for param in declared(V::DECLARED) {
            let argument = match param.form {
                Form::Flag => matches.get_flag(param.name).then_some(Argument::Given),
                Form::Paths => matches.get_many::<Argument>(param.name).map(all_paths),
                _ => matches.get_one::<Argument>(param.name).cloned(),
            };
            given.extend(argument.map(|argument| (param.name, argument)));
        }
        Ok(Self { given, verb: std::marker::PhantomData })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
