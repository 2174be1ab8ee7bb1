//! The command line as it is typed. Nothing is opened or decided here: each verb's flags resolve
//! into the one request that its command takes.

#![expect(missing_docs, reason = "a group of flags that several verbs share documents itself")]

pub mod admission;
pub mod cosign;
pub mod deferred;
pub mod doctor;
pub mod evidence;
pub mod expect;
pub mod facts;
pub mod images;
pub mod keys;
pub mod layout;
pub mod policy;
pub mod provenance;
pub mod registry;
pub mod report;
pub mod sandbox;
pub mod sbom;
pub mod shared;
pub mod sign;
pub mod summary;
pub mod verify;

use clap::{Parser, Subcommand};

use cosign::LikeCosign;
use deferred::Deferred;

/// Sign software, attest how it was built, and verify that the attestations tell the truth.
#[derive(Debug, Parser)]
#[command(name = "chainsign", version, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 every target passed; 1 the evidence says no; \
                        2 it could not be found out.\n\
                        Try it, offline and in seconds: chainsign demo")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Show the whole story on a real Go binary, offline: sign, attest, verify, four lies caught
    Demo(Deferred<facts::DemoFlags>),
    /// Sign files and write a bundle for each
    SignBlob(Deferred<LikeCosign<sign::SignBlobFlags>>),
    /// Verify that files were signed by an identity or a key
    VerifyBlob(Deferred<LikeCosign<verify::VerifyBlobFlags>>),
    /// Sign images in registries
    Sign(Deferred<LikeCosign<images::SignFlags>>),
    /// Attest a predicate about a file, added to FILE.sigstore.jsonl, or about an image, stored beside it
    Attest(Deferred<LikeCosign<sign::AttestFlags>>),
    /// Attest a predicate about a file, written to a bundle of its own
    AttestBlob(Deferred<LikeCosign<sign::AttestBlobFlags>>),
    /// Verify an attestation about a file, and print its statement
    VerifyBlobAttestation(Deferred<LikeCosign<verify::VerifyBlobAttestationFlags>>),
    /// Verify attestations about images in registries, and print them
    VerifyAttestation(Deferred<LikeCosign<images::VerifyAttestationFlags>>),
    /// Verify files and images against a policy, or, without one, against an identity
    Verify(Deferred<LikeCosign<verify::VerifyFlags>>),
    /// List the signatures and attestations that are stored about an image, unverified
    Tree(Deferred<images::TreeFlags>),
    /// Print what is stored about an image, unverified
    #[command(subcommand)]
    Download(Deferred<images::DownloadCommand>),
    /// Store what was made elsewhere beside an image
    #[command(subcommand)]
    Attach(Deferred<images::AttachCommand>),
    /// Print the SBOM of Go binaries, read from the binaries themselves, or compare two
    Sbom(Deferred<sbom::SbomFlags>),
    /// Print SLSA provenance: from the CI's own word, from flags, and from Go binaries' stamps
    Provenance(Deferred<provenance::ProvenanceFlags>),
    /// Show what is in a bundle, certificate, attestation, trusted root or Go binary
    Inspect(Deferred<facts::InspectFlags>),
    /// Make a key pair to sign with: a private key under a password, and its public key
    GenerateKeyPair(Deferred<keys::GenerateKeyPairFlags>),
    /// Take over a private key that another tool made
    ImportKeyPair(Deferred<keys::ImportKeyPairFlags>),
    /// Print the public key of a private one
    PublicKey(Deferred<keys::PublicKeyFlags>),
    /// Check, explain and test policies
    #[command(subcommand)]
    Policy(Deferred<policy::PolicyCommand>),
    /// Show which Sigstore is trusted, and ask for its newest trusted root
    #[command(subcommand)]
    Trust(Deferred<evidence::TrustCommand>),
    /// Choose the TUF repository that says which Sigstore is trusted
    Initialize(Deferred<evidence::InitializeFlags>),
    /// Say what is in the way of signing and verifying: identity, trusted root, services, clock
    Doctor(Deferred<doctor::DoctorFlags>),
    /// Run a whole Sigstore on this machine, for trying out and testing
    #[command(subcommand)]
    Sandbox(Deferred<sandbox::SandboxCommand>),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
    /// Print the version
    Version(Deferred<facts::VersionFlags>),
}
