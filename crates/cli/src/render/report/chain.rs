//! The chain of trust behind one verified document: from the artifact to the trusted root, each
//! link with the checks that hold it.

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::identity::FulcioExtensions;
use chainsign_core::material::LogId;
use chainsign_verify::{Check, CheckId, VerifiedBundle, VerifiedCertificate, VerifiedSigner};

use super::view::Proof;

/// A link of the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// What it is.
    pub kind: Kind,
    /// Its name: a predicate type, an identity, a log.
    pub name: String,
    /// What there is to know about it: a label, and a value.
    pub facts: Vec<(&'static str, String)>,
    /// What else it says, for who wants to know everything.
    pub more: Vec<(&'static str, String)>,
    /// The checks that held: the id, what it means, and what it looked at.
    pub checks: Vec<(&'static str, &'static str, String)>,
}

/// What a link is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A list of checksums that has the artifact's.
    List,
    /// The artifact, a statement about it, or the list above.
    Signed,
    /// The holder of a certificate.
    Certificate,
    /// The holder of a key.
    Key,
    /// A certificate transparency log.
    CertificateLog,
    /// An entry of a transparency log.
    LogEntry,
    /// A signed timestamp.
    Timestamp,
    /// A certificate authority.
    Authority,
    /// The trusted root.
    Root,
}

impl Kind {
    /// What it is, in words.
    pub fn title(self) -> &'static str {
        match self {
            Self::List => "List of checksums",
            Self::Signed => "What was signed",
            Self::Certificate => "Signer's certificate",
            Self::Key => "Signer's key",
            Self::CertificateLog => "Certificate transparency log",
            Self::LogEntry => "Transparency log entry",
            Self::Timestamp => "Signed timestamp",
            Self::Authority => "Certificate authority",
            Self::Root => "Trusted root",
        }
    }
}

/// The links between the artifact and the trusted root, in this order: what was signed, who signed
/// it, who witnessed it, who vouches for the signer, what all of it is verified under.
pub fn links(proof: &Proof<'_>) -> Vec<Link> {
    let bundle = proof.bundle;
    let listed = proof.via.map(|via| Link {
        kind: Kind::List,
        name: via.to_owned(),
        facts: vec![("digest of the list", list(bundle.subject().iter()))],
        more: Vec::new(),
        checks: Vec::new(),
    });
    let mut links: Vec<_> = listed.into_iter().collect();
    links.extend([signed(proof), signer(bundle)]);
    links.extend(certificate_logs(bundle));
    links.extend(log_entries(bundle));
    links.extend(timestamps(bundle));
    links.extend(authority(bundle));
    links.push(root(proof));
    links
}

/// What was signed, in a few words: `slsaprovenance1`, `signature`.
pub fn title(bundle: &VerifiedBundle) -> String {
    match bundle.statement() {
        None => "signature".to_owned(),
        Some(statement) => {
            let of = &statement.predicate_type;
            of.alias().unwrap_or(of.as_str()).to_owned()
        }
    }
}

/// What became of a check, for people who do not know its name.
fn meaning(check: &Check) -> &'static str {
    match check {
        Check::CertificatePath { .. } => {
            "The certificate was issued by an authority of the trusted root."
        }
        Check::CertificateValidity { .. } => {
            "The whole path was valid at every moment at which the signature is proven to exist."
        }
        Check::CertificateEku { .. } => "The certificate is for signing code.",
        Check::Sct { .. } => "The certificate was logged in public when it was issued.",
        Check::LogEntryBinding { .. } => {
            "The entry names this content, this signature and this signer."
        }
        Check::SignedEntryTimestamp { .. } => "The log signed when it took the entry.",
        Check::InclusionProof { .. } => "The entry is a leaf of the log's tree.",
        Check::Checkpoint { .. } => "The log signed the head of that tree.",
        Check::Timestamp { .. } => "The authority signed when the signature existed.",
        Check::Signature { .. } => "The signature is the signer's, over this content.",
        Check::Subject { .. } => "What was signed is about this artifact.",
        Check::Identity { .. } => "The certificate names its holder and who vouched for them.",
        Check::Key { .. } => "The key is the one that was asked for.",
        _ => "The check held.",
    }
}

fn signed(proof: &Proof<'_>) -> Link {
    let bundle = proof.bundle;
    let mut facts = Vec::new();
    let name = match bundle.statement() {
        None if proof.via.is_some() => "That list".to_owned(),
        None => "The artifact itself".to_owned(),
        Some(statement) => {
            let subjects = statement.subject.iter();
            let names: Vec<_> = subjects.filter_map(|subject| subject.name.clone()).collect();
            let shown = names.iter().take(SUBJECTS).cloned().collect::<Vec<_>>().join(", ");
            facts.push((
                "subject",
                match names.len().saturating_sub(SUBJECTS) {
                    0 => shown,
                    more => format!("{shown} and {more} more"),
                },
            ));
            format!("A statement about the artifact: {}", statement.predicate_type)
        }
    };
    facts.push(("digest", list(bundle.subject().iter())));
    facts.push(("format", bundle.format().to_string()));
    if let Some(document) = bundle.document() {
        facts.push(("document", document.to_string()));
    }
    let mut checks =
        checks(bundle, |check| matches!(check, Check::Subject { .. } | Check::Signature { .. }));
    if proof.via.is_some() {
        let subject = checks.iter_mut().filter(|(id, ..)| *id == CheckId::Subject.as_str());
        subject.for_each(|(_, meaning, _)| *meaning = "What was signed is that list.");
    }
    Link { kind: Kind::Signed, name, facts, more: Vec::new(), checks }
}

fn signer(bundle: &VerifiedBundle) -> Link {
    let mut checks =
        checks(bundle, |check| matches!(check, Check::Identity { .. } | Check::Key { .. }));
    checks.extend(self::checks(bundle, |check| matches!(check, Check::CertificateEku { .. })));
    match bundle.signer() {
        VerifiedSigner::Key(key) => Link {
            kind: Kind::Key,
            name: key.fingerprint().to_string(),
            facts: vec![("algorithm", algorithm(bundle))],
            more: Vec::new(),
            checks,
        },
        VerifiedSigner::Certificate(certificate) => Link {
            kind: Kind::Certificate,
            name: certificate.identity().subject.to_string(),
            facts: certificate_facts(certificate, bundle),
            more: extensions(certificate, |name| !TELLING.contains(&name)).collect(),
            checks,
        },
    }
}

fn certificate_facts(
    certificate: &VerifiedCertificate,
    bundle: &VerifiedBundle,
) -> Vec<(&'static str, String)> {
    let identity = certificate.identity();
    let mut facts = vec![
        ("identity issuer", identity.issuer.to_string()),
        ("valid", format!("{} to {}", certificate.not_before(), certificate.not_after())),
        ("key", format!("{}, {}", algorithm(bundle), certificate.public_key().fingerprint())),
        ("certificate", certificate.fingerprint().to_string()),
    ];
    facts.extend(extensions(certificate, |name| TELLING.contains(&name)));
    facts
}

/// What the issuer said about the build.
fn extensions(
    certificate: &VerifiedCertificate,
    wanted: impl Fn(&str) -> bool,
) -> impl Iterator<Item = (&'static str, String)> {
    let said = &certificate.identity().extensions;
    let names = FulcioExtensions::NAMES.iter().filter(move |(name, _)| wanted(name));
    names.filter_map(|(name, _)| Some((*name, said.by_name(name).flatten()?.to_owned())))
}

fn certificate_logs(bundle: &VerifiedBundle) -> impl Iterator<Item = Link> {
    bundle.checks().iter().filter_map(|check| match check {
        Check::Sct { log_id, log, time } => Some(Link {
            kind: Kind::CertificateLog,
            name: log.clone(),
            facts: vec![("log", log_id.to_string()), ("logged", time.to_string())],
            more: Vec::new(),
            checks: vec![told(check)],
        }),
        _ => None,
    })
}

fn log_entries(bundle: &VerifiedBundle) -> impl Iterator<Item = Link> {
    bundle.log_entries().iter().map(|entry| {
        let mut facts = vec![
            ("entry", format!("{} {}, index {}", entry.kind(), entry.version(), entry.log_index())),
            ("log", entry.log_id().to_string()),
        ];
        if let Some(time) = entry.integrated_time() {
            facts.push(("taken", time.to_string()));
        }
        if let Some(inclusion) = entry.inclusion() {
            let (leaf, size) = (inclusion.leaf_index(), inclusion.tree_size());
            facts.push(("tree", inclusion.origin().to_owned()));
            facts.push(("leaf", format!("{leaf} of {size}")));
            facts.push(("root hash", inclusion.root_hash().to_string()));
        }
        if let Some(hash) = entry.envelope_hash() {
            facts.push(("envelope hash (not checked)", hash.to_string()));
        }
        let leaf = entry.inclusion().map(|inclusion| inclusion.leaf_index());
        let of_entry = |check: &Check| is_of_entry(check, entry.log_id(), entry.log_index(), leaf);
        let checks = checks(bundle, of_entry);
        let (name, more) = (entry.log().to_owned(), Vec::new());
        Link { kind: Kind::LogEntry, name, facts, more, checks }
    })
}

fn is_of_entry(check: &Check, log: LogId, index: u64, leaf: Option<u64>) -> bool {
    match check {
        Check::LogEntryBinding { log_id, log_index, .. }
        | Check::SignedEntryTimestamp { log_id, log_index, .. } => {
            *log_id == log && *log_index == index
        }
        Check::InclusionProof { log_id, leaf_index, .. } => {
            *log_id == log && Some(*leaf_index) == leaf
        }
        Check::Checkpoint { log_id, .. } => *log_id == log && leaf.is_some(),
        _ => false,
    }
}

fn timestamps(bundle: &VerifiedBundle) -> impl Iterator<Item = Link> {
    bundle.checks().iter().filter_map(|check| match check {
        Check::Timestamp { authority, certificate, time } => Some(Link {
            kind: Kind::Timestamp,
            name: authority.clone(),
            facts: vec![("time", time.to_string()), ("certificate", certificate.to_string())],
            more: Vec::new(),
            checks: vec![told(check)],
        }),
        _ => None,
    })
}

fn authority(bundle: &VerifiedBundle) -> Option<Link> {
    let VerifiedSigner::Certificate(certificate) = bundle.signer() else { return None };
    let path = bundle.checks().iter().find_map(|check| match check {
        Check::CertificatePath { certificates, .. } => Some(certificates),
        _ => None,
    });
    let path = path.map(|path| list(path.iter().skip(1)));
    Some(Link {
        kind: Kind::Authority,
        name: certificate.authority().to_owned(),
        facts: path.into_iter().map(|path| ("certificates above", path)).collect(),
        more: Vec::new(),
        checks: checks(bundle, |check| {
            matches!(check, Check::CertificatePath { .. } | Check::CertificateValidity { .. })
        }),
    })
}

fn root(proof: &Proof<'_>) -> Link {
    let digest = proof.bundle.root_digest();
    Link {
        kind: Kind::Root,
        name: match &proof.root {
            Some(origin) => origin.clone(),
            None => "None: only the key is trusted".to_owned(),
        },
        facts: digest.into_iter().map(|digest| ("digest", digest.to_string())).collect(),
        more: Vec::new(),
        checks: Vec::new(),
    }
}

fn checks(
    bundle: &VerifiedBundle,
    of: impl Fn(&Check) -> bool,
) -> Vec<(&'static str, &'static str, String)> {
    bundle.checks().iter().filter(|check| of(check)).map(told).collect()
}

fn told(check: &Check) -> (&'static str, &'static str, String) {
    (check.id().as_str(), meaning(check), check.to_string())
}

fn algorithm(bundle: &VerifiedBundle) -> String {
    let algorithm = bundle.checks().iter().find_map(|check| match check {
        Check::Signature { algorithm, .. } => Some(*algorithm),
        _ => None,
    });
    algorithm.unwrap_or("unknown").to_owned()
}

fn list<'a>(digests: impl Iterator<Item = &'a ArtifactDigest>) -> String {
    digests.map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Names of subjects that are shown.
const SUBJECTS: usize = 3;
/// The extensions that say what was built, from where, and on what.
const TELLING: [&str; 5] = [
    "sourceRepositoryURI",
    "sourceRepositoryRef",
    "sourceRepositoryDigest",
    "runnerEnvironment",
    "runInvocationURI",
];
