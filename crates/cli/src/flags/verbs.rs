//! Every verb, as clap is told of it.
//!
//! A run uses one verb, and describing the flags of all of them would be most of what starting costs.
//! So each is described when it is asked for: the verb that was typed, or all of them, for the help.

use std::ffi::OsString;
use std::slice;

use clap::builder::Resettable;
use clap::error::{Error, ErrorKind};
use clap::{ArgMatches, Args, Subcommand};

use super::cosign::{self, LikeCosign};
use super::{Command, facts};

/// What the arguments ask for, of which the first is the program's name.
///
/// # Errors
///
/// What clap says of arguments that ask for nothing, or for help: [`Error::exit`] prints it and ends with
/// the exit code.
pub fn parse(arguments: &[OsString]) -> Result<Command, Error> {
    let typed = arguments.get(1).and_then(|typed| VERBS.iter().find(|verb| typed == verb.name));
    if let Some(verb) = typed.and_then(Verb::usual)
        && let Ok(command) = parse_as(arguments, &[verb])
    {
        return Ok(command);
    }
    parse_as(arguments, typed.map_or(&VERBS, slice::from_ref))
}

/// The program with all its verbs: what its help, its manual page and completions are made from.
pub fn program() -> clap::Command {
    program_with(&VERBS)
}

fn parse_as(arguments: &[OsString], verbs: &[Verb]) -> Result<Command, Error> {
    let mut program = program_with(verbs);
    let mut matches = program.try_get_matches_from_mut(arguments)?;
    let Some((verb, mut matches)) = matches
        .remove_subcommand()
        .and_then(|(name, matches)| Some((verbs.iter().find(|verb| verb.name == name)?, matches)))
    else {
        return Err(Error::new(ErrorKind::MissingSubcommand).with_cmd(&program));
    };
    verb.flags.read(&mut matches).map_err(|error| match program.find_subcommand_mut(verb.name) {
        Some(verb) => error.format(verb),
        None => error,
    })
}

fn program_with(verbs: &[Verb]) -> clap::Command {
    let program = clap::Command::new("chainsign")
        .version(env!("CARGO_PKG_VERSION"))
        .about("Sign software, attest how it was built, and verify that the attestations tell the truth")
        .max_term_width(100)
        .subcommand_required(true)
        .arg_required_else_help(true)
        .after_help(
            "Exit codes: 0 every target passed; 1 the evidence says no; 2 it could not be found out.\n\
             Try it, offline and in seconds: chainsign demo",
        );
    program.subcommands(verbs.iter().map(Verb::described))
}

#[derive(Clone, Copy)]
struct Verb {
    name: &'static str,
    about: &'static str,
    flags: &'static dyn Flags,
    /// Where cosign has the verb too: its flags without those that are there to be refused.
    own: Option<&'static dyn Flags>,
}

impl Verb {
    fn described(&self) -> clap::Command {
        self.flags.announced(clap::Command::new(self.name).about(self.about))
    }

    /// What is enough for most runs, which have no flag that is refused and no variable of cosign's. Others
    /// are not understood then, and it is for the whole verb to read them, or to say what is wrong.
    fn usual(&self) -> Option<Verb> {
        let own = self.own.filter(|_| !cosign::environment_has_any())?;
        Some(Verb { flags: own, ..*self })
    }
}

/// How the flags of a verb are described, and read.
trait Flags: Sync {
    fn announced(&self, verb: clap::Command) -> clap::Command;
    fn read(&self, matches: &mut ArgMatches) -> Result<Command, Error>;
}

/// A verb that takes flags.
struct Takes<T>(fn(T) -> Command);

/// A verb that is followed by another.
struct Verbs<T>(fn(T) -> Command);

impl<T: Args> Flags for Takes<T> {
    fn announced(&self, verb: clap::Command) -> clap::Command {
        verb.defer(|verb| about_as_before(verb, T::augment_args))
    }

    fn read(&self, matches: &mut ArgMatches) -> Result<Command, Error> {
        T::from_arg_matches_mut(matches).map(self.0)
    }
}

impl<T: Subcommand> Flags for Verbs<T> {
    fn announced(&self, verb: clap::Command) -> clap::Command {
        verb.subcommand_required(true)
            .arg_required_else_help(true)
            .defer(|verb| about_as_before(verb, T::augment_subcommands))
    }

    fn read(&self, matches: &mut ArgMatches) -> Result<Command, Error> {
        T::from_arg_matches_mut(matches).map(self.0)
    }
}

/// What the type of its flags says of itself is no help text.
fn about_as_before(
    verb: clap::Command,
    describe: fn(clap::Command) -> clap::Command,
) -> clap::Command {
    let about = verb.get_about().cloned();
    describe(verb).about(Resettable::from(about)).long_about(None)
}

const fn verb(name: &'static str, about: &'static str, flags: &'static dyn Flags) -> Verb {
    Verb { name, about, flags, own: None }
}

const fn of_cosign_too(verb: Verb, own: &'static dyn Flags) -> Verb {
    Verb { own: Some(own), ..verb }
}

static VERBS: [Verb; 26] = [
    verb(
        "demo",
        "Show the whole story on a real Go binary, offline: sign, attest, verify, four lies caught",
        &Takes(Command::Demo),
    ),
    of_cosign_too(
        verb(
            "sign-blob",
            "Sign files and write a bundle for each",
            &Takes(|LikeCosign(flags)| Command::SignBlob(flags)),
        ),
        &Takes(Command::SignBlob),
    ),
    of_cosign_too(
        verb(
            "verify-blob",
            "Verify that files were signed by an identity or a key",
            &Takes(|LikeCosign(flags)| Command::VerifyBlob(flags)),
        ),
        &Takes(Command::VerifyBlob),
    ),
    of_cosign_too(
        verb("sign", "Sign images in registries", &Takes(|LikeCosign(flags)| Command::Sign(flags))),
        &Takes(Command::Sign),
    ),
    of_cosign_too(
        verb(
            "attest",
            "Attest a predicate about a file, added to FILE.sigstore.jsonl, or about an image, stored beside it",
            &Takes(|LikeCosign(flags)| Command::Attest(flags)),
        ),
        &Takes(Command::Attest),
    ),
    of_cosign_too(
        verb(
            "attest-blob",
            "Attest a predicate about a file, written to a bundle of its own",
            &Takes(|LikeCosign(flags)| Command::AttestBlob(flags)),
        ),
        &Takes(Command::AttestBlob),
    ),
    of_cosign_too(
        verb(
            "verify-blob-attestation",
            "Verify an attestation about a file, and print its statement",
            &Takes(|LikeCosign(flags)| Command::VerifyBlobAttestation(flags)),
        ),
        &Takes(Command::VerifyBlobAttestation),
    ),
    of_cosign_too(
        verb(
            "verify-attestation",
            "Verify attestations about images in registries, and print them",
            &Takes(|LikeCosign(flags)| Command::VerifyAttestation(flags)),
        ),
        &Takes(Command::VerifyAttestation),
    ),
    of_cosign_too(
        verb(
            "verify",
            "Verify files and images against a policy, or, without one, against an identity",
            &Takes(|LikeCosign(flags)| Command::Verify(flags)),
        ),
        &Takes(Command::Verify),
    ),
    verb(
        "tree",
        "List the signatures and attestations that are stored about an image, unverified",
        &Takes(Command::Tree),
    ),
    verb("download", "Print what is stored about an image, unverified", &Verbs(Command::Download)),
    verb("attach", "Store what was made elsewhere beside an image", &Verbs(Command::Attach)),
    verb(
        "sbom",
        "Print the SBOM of Go binaries, read from the binaries themselves, or compare two",
        &Takes(Command::Sbom),
    ),
    verb(
        "provenance",
        "Print SLSA provenance: from the CI's own word, from flags, and from Go binaries' stamps",
        &Takes(Command::Provenance),
    ),
    verb(
        "inspect",
        "Show what is in a bundle, certificate, attestation, trusted root or Go binary",
        &Takes(Command::Inspect),
    ),
    verb(
        "generate-key-pair",
        "Make a key pair to sign with: a private key under a password, and its public key",
        &Takes(Command::GenerateKeyPair),
    ),
    verb(
        "import-key-pair",
        "Take over a private key that another tool made",
        &Takes(Command::ImportKeyPair),
    ),
    verb("public-key", "Print the public key of a private one", &Takes(Command::PublicKey)),
    verb("policy", "Check, explain and test policies", &Verbs(Command::Policy)),
    verb(
        "trust",
        "Show which Sigstore is trusted, and ask for its newest trusted root",
        &Verbs(Command::Trust),
    ),
    verb(
        "initialize",
        "Choose the TUF repository that says which Sigstore is trusted",
        &Takes(Command::Initialize),
    ),
    verb(
        "doctor",
        "Say what is in the way of signing and verifying: identity, trusted root, services, clock",
        &Takes(Command::Doctor),
    ),
    verb(
        "sandbox",
        "Run a whole Sigstore on this machine, for trying out and testing",
        &Verbs(Command::Sandbox),
    ),
    verb("completions", "Print a completion script for a shell", &Takes(Command::Completions)),
    verb("man", "Print the manual page", &Takes(|facts::ManFlags {}| Command::Man)),
    verb("version", "Print the version", &Takes(Command::Version)),
];
