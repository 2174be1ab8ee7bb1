//! The command line as it is typed. Nothing is opened or decided here: each verb's flags resolve
//! into the one request that its command takes.

#![expect(missing_docs, reason = "a group of flags that several verbs share documents itself")]

pub mod admission;
pub mod cosign;
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
mod verbs;
pub mod verify;

pub use verbs::{parse, program};

/// What was typed: a verb and its flags.
#[derive(Debug)]
#[expect(missing_docs, reason = "`program` says what each verb does")]
pub enum Command {
    Demo(facts::DemoFlags),
    SignBlob(sign::SignBlobFlags),
    VerifyBlob(verify::VerifyBlobFlags),
    Sign(images::SignFlags),
    Attest(sign::AttestFlags),
    AttestBlob(sign::AttestBlobFlags),
    VerifyBlobAttestation(verify::VerifyBlobAttestationFlags),
    VerifyAttestation(images::VerifyAttestationFlags),
    Verify(verify::VerifyFlags),
    Tree(images::TreeFlags),
    Download(images::DownloadCommand),
    Attach(images::AttachCommand),
    Sbom(sbom::SbomFlags),
    Provenance(provenance::ProvenanceFlags),
    Inspect(facts::InspectFlags),
    GenerateKeyPair(keys::GenerateKeyPairFlags),
    ImportKeyPair(keys::ImportKeyPairFlags),
    PublicKey(keys::PublicKeyFlags),
    Policy(policy::PolicyCommand),
    Trust(evidence::TrustCommand),
    Initialize(evidence::InitializeFlags),
    Doctor(doctor::DoctorFlags),
    Sandbox(sandbox::SandboxCommand),
    Completions(facts::CompletionsFlags),
    Man,
    Version(facts::VersionFlags),
}
