//! cosign's flags for the verbs that sign and verify files and images: which of them are here, and why the
//! others are not.
//!
//! [`FLAGS`] is the one list. From it come the flags that are refused by name instead of as unknown, the
//! forms of all of them in the environment (`COSIGN_…`), and the tables of
//! `docs/migrating-from-cosign.md`. A test holds it against the flags of the real cosign and against those
//! of this program.

use clap::builder::{BoolishValueParser, TypedValueParser as _};
use clap::error::{Error, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches};

use super::images::{SignFlags, VerifyAttestationFlags};
use super::sign::{AttestBlobFlags, AttestFlags, SignBlobFlags};
use super::verify::{VerifyBlobAttestationFlags, VerifyBlobFlags, VerifyFlags};

mod table;

pub use table::FLAGS;

/// The verbs whose flags are cosign's too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it; `name` gives the spelling")]
pub enum Verb {
    SignBlob,
    AttestBlob,
    VerifyBlob,
    VerifyBlobAttestation,
    Sign,
    Attest,
    Verify,
    VerifyAttestation,
}

/// One of cosign's flags.
#[derive(Clone, Copy, Debug)]
pub struct Flag {
    /// Its name, without the dashes.
    pub name: &'static str,
    /// Its letter.
    pub short: Option<char>,
    /// What it takes.
    pub takes: Takes,
    /// The verbs that have it.
    pub verbs: &'static [Verb],
    /// What becomes of it here.
    pub here: Here,
    /// What there is to know.
    pub note: &'static str,
}

/// What a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// A value.
    Value,
    /// Nothing, or `=true` or `=false`.
    Switch,
}

/// What becomes of a flag of cosign's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Here {
    /// It does the same.
    Same,
    /// It does more, or it is stricter.
    Better,
    /// What it asks for is so whether it is given or not.
    Always,
    /// It is an error that says why, but with one of these values, which ask for what is so anyway.
    Refused {
        /// Those values.
        but: &'static [&'static str],
    },
}

impl Verb {
    /// Every one.
    pub const ALL: [Verb; 8] = [
        Verb::SignBlob,
        Verb::AttestBlob,
        Verb::VerifyBlob,
        Verb::VerifyBlobAttestation,
        Verb::Sign,
        Verb::Attest,
        Verb::Verify,
        Verb::VerifyAttestation,
    ];

    /// As it is typed.
    pub fn name(self) -> &'static str {
        match self {
            Verb::SignBlob => "sign-blob",
            Verb::AttestBlob => "attest-blob",
            Verb::VerifyBlob => "verify-blob",
            Verb::VerifyBlobAttestation => "verify-blob-attestation",
            Verb::Sign => "sign",
            Verb::Attest => "attest",
            Verb::Verify => "verify",
            Verb::VerifyAttestation => "verify-attestation",
        }
    }

    /// Its flags.
    pub fn flags(self) -> impl Iterator<Item = &'static Flag> {
        FLAGS.iter().filter(move |flag| flag.verbs.contains(&self))
    }
}

impl Flag {
    /// The environment variable with its value (cosign `options/root.go`, `flagToEnvVar`).
    pub fn variable(&self) -> String {
        format!("{PREFIX}{}", self.name.to_uppercase().replace('-', "_"))
    }

    /// What weakens verification is given as a flag, where it can be seen, or not at all.
    pub fn weakens(&self) -> bool {
        self.name.starts_with("insecure-ignore-")
            || matches!(self.name, "private-infrastructure" | "allow-insecure-registry")
    }
}

/// The flags of a verb that cosign has too.
#[derive(Debug)]
pub struct LikeCosign<T>(pub T);

/// Flags of a verb that cosign has too.
pub trait CosignVerb: Args {
    /// Which verb.
    const VERB: Verb;
}

impl CosignVerb for SignBlobFlags {
    const VERB: Verb = Verb::SignBlob;
}

impl CosignVerb for AttestBlobFlags {
    const VERB: Verb = Verb::AttestBlob;
}

impl CosignVerb for VerifyBlobFlags {
    const VERB: Verb = Verb::VerifyBlob;
}

impl CosignVerb for VerifyBlobAttestationFlags {
    const VERB: Verb = Verb::VerifyBlobAttestation;
}

impl CosignVerb for SignFlags {
    const VERB: Verb = Verb::Sign;
}

impl CosignVerb for AttestFlags {
    const VERB: Verb = Verb::Attest;
}

impl CosignVerb for VerifyFlags {
    const VERB: Verb = Verb::Verify;
}

impl CosignVerb for VerifyAttestationFlags {
    const VERB: Verb = Verb::VerifyAttestation;
}

impl<T: CosignVerb> Args for LikeCosign<T> {
    fn augment_args(command: Command) -> Command {
        let mut command = T::augment_args(command);
        for flag in T::VERB.flags() {
            if matches!(flag.here, Here::Refused { .. } | Here::Always) {
                command = command.arg(hidden(flag));
            }
        }
        if !environment_has_any() {
            return command;
        }
        command.mut_args(|arg| with_variable(arg, T::VERB))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<T: CosignVerb> FromArgMatches for LikeCosign<T> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        Self::from_arg_matches_mut(&mut matches.clone())
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        for flag in T::VERB.flags() {
            refuse(flag, matches)?;
        }
        T::from_arg_matches_mut(matches).map(LikeCosign)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

/// A flag that is known and does nothing: what it asks for is refused, or so anyway.
fn hidden(flag: &Flag) -> Arg {
    let arg = Arg::new(flag.name).long(flag.name).hide(true).action(ArgAction::Set);
    let arg = match flag.short {
        Some(short) => arg.short(short),
        None => arg,
    };
    match flag.takes {
        Takes::Value => arg.num_args(1),
        Takes::Switch => arg
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true")
            .value_parser(BoolishValueParser::new().map(|value| value.to_string())),
    }
}

/// Most environments have no variable of cosign's, and then no flag has to be looked for in them.
pub(super) fn environment_has_any() -> bool {
    std::env::vars_os().any(|(name, _)| name.as_encoded_bytes().starts_with(PREFIX.as_bytes()))
}

/// The flag's form in the environment. As with cosign an empty variable is none.
fn with_variable(arg: Arg, verb: Verb) -> Arg {
    let flag = verb.flags().find(|flag| arg.get_long() == Some(flag.name));
    let Some(flag) = flag.filter(|flag| !flag.weakens()) else { return arg };
    let variable = flag.variable();
    match std::env::var_os(&variable) {
        Some(value) if !value.is_empty() => arg.env(variable).hide_env(true),
        _ => arg,
    }
}

fn refuse(flag: &Flag, matches: &ArgMatches) -> Result<(), Error> {
    let set = || std::env::var_os(flag.variable());
    if flag.weakens() && set().is_some_and(|value| is_true(&value)) {
        let variable = flag.variable();
        let message = format!(
            "found {variable} in the environment, wanted the flag --{}: what weakens verification is to be seen where it is used",
            flag.name
        );
        return Err(Error::raw(ErrorKind::ArgumentConflict, message));
    }
    let Here::Refused { but } = flag.here else { return Ok(()) };
    let given = match matches.value_source(flag.name) {
        Some(ValueSource::CommandLine) => format!("--{}", flag.name),
        Some(ValueSource::EnvVariable) => flag.variable(),
        _ => return Ok(()),
    };
    let value = matches.get_one::<String>(flag.name).map_or("", String::as_str);
    if but.contains(&value) {
        return Ok(());
    }
    let message = format!("{given} is not taken: {}", flag.note);
    Err(Error::raw(ErrorKind::ArgumentConflict, message))
}

fn is_true(value: &std::ffi::OsStr) -> bool {
    !matches!(value.to_string_lossy().to_ascii_lowercase().as_str(), "" | "0" | "f" | "false")
}

const PREFIX: &str = "COSIGN_";
