//! Common confusions, recognised so that a refusal can name them. Nothing here decides anything.

use std::fmt;

use chainsign_core::identity::{CertificateIdentity, IdentityMatcher, TextMatcher};
use chainsign_core::material::LogId;
use serde::Serialize;

use crate::certificate::x509::X509;

/// What the caller, or the signer, has probably confused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "confusion", rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Confusion {
    /// The signature is of another instance of Sigstore than the trusted root.
    OtherInstance {
        /// The instance.
        instance: Instance,
    },
    /// The right workflow, signed at another ref.
    OtherRef {
        /// The ref found.
        found: String,
        /// The ref wanted.
        wanted: String,
    },
    /// The subjects differ only in the case of letters.
    Case,
    /// The subjects or issuers differ only in a slash at the end.
    TrailingSlash,
    /// The subject is the one wanted, vouched for by another issuer.
    OtherIssuer,
    /// What was asked for as subject is the issuer, or the reverse.
    Swapped,
}

/// The known instances of Sigstore.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Instance {
    /// The public instance, sigstore.dev.
    PublicGood,
    /// The staging instance, sigstage.dev.
    Staging,
    /// GitHub's own instance for private repositories.
    GitHub,
}

impl fmt::Display for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PublicGood => "Sigstore's public instance",
            Self::Staging => "Sigstore's staging instance",
            Self::GitHub => "GitHub's instance for private repositories",
        })
    }
}

impl fmt::Display for Confusion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OtherInstance { instance } => {
                write!(f, "it was signed with {instance}, which this trusted root is not for")
            }
            Self::OtherRef { found, wanted } => {
                write!(f, "the right workflow at another ref: {found} instead of {wanted}")
            }
            Self::Case => f.write_str("they differ only in the case of letters"),
            Self::TrailingSlash => f.write_str("they differ only in a slash at the end"),
            Self::OtherIssuer => f.write_str("the subject is right, the issuer is not"),
            Self::Swapped => f.write_str("subject and issuer seem to be swapped"),
        }
    }
}

impl Confusion {
    /// What was probably confused when none of these matchers matches an identity.
    pub(crate) fn of_identity(
        found: &CertificateIdentity,
        wanted: &[IdentityMatcher],
    ) -> Option<Self> {
        wanted.iter().find_map(|wanted| Self::of_matcher(found, wanted))
    }

    fn of_matcher(found: &CertificateIdentity, wanted: &IdentityMatcher) -> Option<Self> {
        let (subject, issuer) = (found.subject.as_str(), found.issuer.0.as_str());
        if wanted.subject.matches(issuer) || wanted.issuer.matches(subject) {
            return Some(Self::Swapped);
        }
        if wanted.subject.matches(subject) {
            return match &wanted.issuer {
                TextMatcher::Exact(text) if differ_in_slash(text, issuer) => {
                    Some(Self::TrailingSlash)
                }
                _ => Some(Self::OtherIssuer),
            };
        }
        let TextMatcher::Exact(text) = &wanted.subject else { return None };
        if differ_in_slash(text, subject) {
            return Some(Self::TrailingSlash);
        }
        if text.to_lowercase() == subject.to_lowercase() {
            return Some(Self::Case);
        }
        match (text.split_once('@'), subject.split_once('@')) {
            (Some((workflow, wanted)), Some((same, found)))
                if workflow == same && workflow.contains("://") =>
            {
                let (found, wanted) = (found.to_owned(), wanted.to_owned());
                Some(Self::OtherRef { found, wanted })
            }
            _ => None,
        }
    }
}

fn differ_in_slash(left: &str, right: &str) -> bool {
    left != right && left.trim_end_matches('/') == right.trim_end_matches('/')
}

impl Instance {
    /// The instance whose certificate authority a certificate names as its issuer.
    pub(crate) fn of_issuer(certificate: &X509) -> Option<Self> {
        if certificate.issuer().contains("GitHub") {
            return Some(Self::GitHub);
        }
        let key_id = chainsign_core::encoding::hex_encode(certificate.authority_key_id()?);
        let known = ISSUER_KEY_IDS.iter().find(|(_, id)| *id == key_id);
        known.map(|(instance, _)| *instance)
    }

    /// The instance that is known to have a log.
    pub(crate) fn of_log(id: LogId) -> Option<Self> {
        let known = LOG_IDS.iter().find(|(_, known)| *known == id.hex());
        known.map(|(instance, _)| *instance)
    }

    pub(crate) fn note_of_log(id: LogId) -> Option<String> {
        Self::of_log(id).map(|instance| format!("it is a log of {instance}"))
    }
}

/// Subject key identifiers of Fulcio's issuing certificates, from the instances' trusted roots.
const ISSUER_KEY_IDS: [(Instance, &str); 3] = [
    (Instance::PublicGood, "c8c51d00419a2429325124eb0dae4aed4a06d3ec"),
    (Instance::PublicGood, "dfd3e9cf56241196f9a8d8e92855a2c62e18643f"),
    (Instance::Staging, "718630a6147c626ff9f7d6f4051a7f5fffeb6fac"),
];

/// Transparency logs and certificate transparency logs, from the instances' trusted roots.
const LOG_IDS: [(Instance, &str); 11] = [
    (Instance::PublicGood, "c0d23d6ad406973f9559f3ba2d1ca01f84147d8ffc5b8445c224f98b9591801d"),
    (Instance::PublicGood, "cf1199155bddd051268d1f16ac5c0c75c009f6fb5a63f4177f8e18d7051e3fa0"),
    (Instance::PublicGood, "086092f02852ff6845d1d16b27849c456718ac163dc338d26de6bc2206366f72"),
    (Instance::PublicGood, "dd3d306ac6c7113263191e1c99673702a24a5eb8de3cadff878a72802f29ee8e"),
    (Instance::Staging, "d32f30a3c32d639c2b762205a21c7bb07788e68283a4ae6f42118723a1bea496"),
    (Instance::Staging, "f30d5a999d92e662484244263f174cb8eacbfe8264bc583d32741799e3825dc9"),
    (Instance::Staging, "29f4a2497da244bca12bad925152f8eef55caaa471fd101ec292899bc21d653a"),
    (Instance::Staging, "d3d3a70ca130eff8696626153e84d1cd16e0947934b3296c528bde8274549496"),
    (Instance::Staging, "2b30bcdc6888c9e2e1d826295e741f4839319602f29c33cb5e4340feb2ac867a"),
    (Instance::Staging, "3e607153746e1892e090b236b14976272f67b44d6f92ce6f77114ab722a0a6b6"),
    (Instance::Staging, "fbe24a38c42ded2277ca75079c27e70e170a3fcff9f09e13b9e32a5ee9371e60"),
];
