//! Does a piece of evidence meet an authority?

use std::collections::BTreeSet;
use std::fmt;

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::identity::{CertificateIdentity, SubjectAlternativeName};
use jiff::Timestamp;

use super::case::Case;
use crate::evidence::{Inclusion, LogReference, Signer, Testimony, TimeKind};
use crate::language::{Instance, KeyLog, spoken};
use crate::model::{
    Authority, EntryProof, Identity, Key, Proof, RootChoice, SubjectKind, SubjectMatch,
    TimestampProof, Who,
};
use crate::verdict::Reason;

/// Why evidence does not meet an authority.
#[derive(Clone, Debug)]
pub(super) struct Mismatch {
    pub(super) reason: Reason,
    pub(super) message: String,
    pub(super) found: String,
    pub(super) wanted: String,
    /// How much of the authority was met: the more, the more the reason says.
    rank: u8,
}

impl Mismatch {
    /// The one that says most; the first of equals.
    pub(super) fn best(mismatches: &[Mismatch]) -> Option<&Mismatch> {
        mismatches.iter().reduce(|best, next| if next.rank > best.rank { next } else { best })
    }

    /// One line each, without repetition and without those that only say "a key, not a
    /// certificate" when others say more.
    pub(super) fn lines(mismatches: &[Mismatch]) -> Vec<&str> {
        let telling = mismatches.iter().any(|it| it.rank > 0);
        let mut lines = Vec::new();
        for mismatch in mismatches.iter().filter(|it| it.rank > 0 || !telling) {
            if !lines.contains(&mismatch.message.as_str()) {
                lines.push(&mismatch.message);
            }
        }
        lines
    }
}

impl Authority {
    /// Whether the evidence meets this authority: signer, trusted root, and the proof that its
    /// root promises.
    pub(super) fn meets(&self, testimony: &Testimony, case: &Case<'_>) -> Result<(), Mismatch> {
        let because = |rank, reason, found: String, wanted: String| Mismatch {
            reason,
            message: format!(
                "{}: found {found}, wanted {wanted} (authority {})",
                testimony.origin, self.name
            ),
            found,
            wanted,
            rank,
        };
        match (&self.who, &testimony.signer) {
            (Who::Identity(wanted), Signer::Certificate { identity, .. }) => {
                wanted.names(identity, &because)?;
                under_root(&wanted.root, testimony, case.caller_root, &because)?;
                wanted.proven(testimony, &because)?;
                self.proof.met(testimony, case.now, &because)
            }
            (Who::Key(wanted), Signer::Key { key }) if *key == wanted.key.fingerprint() => {
                if self.needs_root() {
                    let root = wanted.root.as_ref().unwrap_or(&RootChoice::Caller);
                    under_root(root, testimony, case.caller_root, &because)?;
                }
                wanted.proven(testimony, &because)?;
                self.proof.met(testimony, case.now, &because)
            }
            (Who::Key(_), signer) => {
                let rank = u8::from(matches!(signer, Signer::Key { .. }));
                Err(because(rank, Reason::OtherKey, signer.to_string(), self.to_string()))
            }
            (Who::Identity(_), signer @ Signer::Key { .. }) => {
                Err(because(0, Reason::OtherIdentity, signer.to_string(), self.to_string()))
            }
        }
    }

    /// Whether it needs the root of a caller who trusts none.
    pub(super) fn lacks_root(&self, caller_root: Option<&ArtifactDigest>) -> bool {
        match &self.who {
            Who::Identity(identity) => identity.root.digest(caller_root).is_none(),
            Who::Key(key) => {
                let root = key.root.as_ref().and_then(|root| root.digest(caller_root));
                self.needs_root() && root.is_none()
            }
        }
    }

    /// Whether anything must be proven that only a trusted root can prove.
    pub(crate) fn needs_root(&self) -> bool {
        match &self.who {
            Who::Identity(_) => true,
            Who::Key(key) => {
                key.log == KeyLog::Require || key.has_window() || self.proof.needs_root()
            }
        }
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.who {
            Who::Identity(identity) => {
                match &identity.subject {
                    SubjectMatch::Any => f.write_str("any subject")?,
                    SubjectMatch::Text(text) | SubjectMatch::Pattern(text, _) => text.fmt(f)?,
                }
                write!(f, " (issuer {})", identity.issuer)
            }
            Who::Key(key) => write!(f, "the key {}", key.key.fingerprint()),
        }
    }
}

type Because<'a> = &'a dyn Fn(u8, Reason, String, String) -> Mismatch;

impl Identity {
    fn names(&self, found: &CertificateIdentity, because: Because<'_>) -> Result<(), Mismatch> {
        if !self.issuer.matches(&found.issuer.0) {
            let found = format!("{} (issuer {})", found.subject, found.issuer);
            let wanted = format!("the issuer {}", self.issuer);
            return Err(because(1, Reason::OtherIdentity, found, wanted));
        }
        if !self.subject.matches(&found.subject) {
            let found = format!("the subject {}", found.subject);
            let wanted = match &self.subject {
                SubjectMatch::Any => "any subject".to_owned(),
                SubjectMatch::Text(text) => text.to_string(),
                SubjectMatch::Pattern(text, kind) => format!("{kind} of the {text}"),
            };
            return Err(because(2, Reason::OtherIdentity, found, wanted));
        }
        for (name, wanted) in &self.extensions {
            let value = found.extensions.by_name(name).flatten();
            if !value.is_some_and(|value| wanted.matches(value)) {
                let value = value.unwrap_or("nothing");
                let found = format!("{value} in the certificate's {name}");
                return Err(because(3, Reason::OtherIdentity, found, wanted.to_string()));
            }
        }
        Ok(())
    }

    /// What the instance promises for every signature. The verifier was told to demand it; a
    /// caller that told it something else must not get more out of it.
    fn proven(&self, testimony: &Testimony, because: Because<'_>) -> Result<(), Mismatch> {
        let lacks = |what: &str| {
            Err(because(5, Reason::TooLittleProof, format!("no {what}"), format!("a {what}")))
        };
        if testimony.times.is_empty() {
            return lacks("proven time");
        }
        let stamped = || testimony.times.iter().any(|it| it.kind == TimeKind::TimestampAuthority);
        match self.instance {
            Instance::Sigstore if testimony.log_entries.is_empty() => lacks("log entry"),
            Instance::Github if !stamped() => lacks("signed timestamp"),
            Instance::Sigstore | Instance::Github => Ok(()),
        }
    }
}

impl SubjectMatch {
    fn matches(&self, found: &SubjectAlternativeName) -> bool {
        match self {
            Self::Any => true,
            Self::Text(text) => text.matches(found.as_str()),
            Self::Pattern(text, kind) => kind.is_of(found) && text.matches(found.as_str()),
        }
    }
}

impl SubjectKind {
    fn is_of(self, found: &SubjectAlternativeName) -> bool {
        matches!(
            (self, found),
            (Self::Uri, SubjectAlternativeName::Uri(_))
                | (Self::Email, SubjectAlternativeName::Email(_))
                | (Self::OtherName, SubjectAlternativeName::OtherName(_))
        )
    }
}

impl fmt::Display for SubjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Uri => "a URI",
            Self::Email => "an e-mail address",
            Self::OtherName => "a user name",
        })
    }
}

impl Key {
    /// Whether the policy bounds when the key may have signed.
    pub(crate) fn has_window(&self) -> bool {
        self.not_before.is_some() || self.not_after.is_some()
    }

    fn proven(&self, testimony: &Testimony, because: Because<'_>) -> Result<(), Mismatch> {
        if self.log == KeyLog::Require && testimony.log_entries.is_empty() {
            let (found, wanted) = ("no log entry".to_owned(), "a log entry".to_owned());
            return Err(because(5, Reason::TooLittleProof, found, wanted));
        }
        let window = match (self.not_before, self.not_after) {
            (None, None) => return Ok(()),
            (Some(start), Some(end)) => format!("a proven time from {start} to {end}"),
            (Some(start), None) => format!("a proven time from {start} on"),
            (None, Some(end)) => format!("a proven time up to {end}"),
        };
        if testimony.times.is_empty() {
            return Err(because(5, Reason::KeyNotValid, "no proven time".to_owned(), window));
        }
        let outside = |time| {
            self.not_before.is_some_and(|start| time < start)
                || self.not_after.is_some_and(|end| time > end)
        };
        match testimony.times.iter().find(|proven| outside(proven.time)) {
            Some(proven) => {
                let found = format!("{} proven by {}", proven.time, proven.authority);
                Err(because(6, Reason::KeyNotValid, found, window))
            }
            None => Ok(()),
        }
    }
}

impl Proof {
    /// Whether logs and timestamp authorities prove what the policy asks of every signature.
    fn met(
        &self,
        testimony: &Testimony,
        now: Timestamp,
        because: Because<'_>,
    ) -> Result<(), Mismatch> {
        self.logged(testimony, because)?;
        let stamped = || testimony.times.iter().any(|it| it.kind == TimeKind::TimestampAuthority);
        if self.timestamp == TimestampProof::Required && !stamped() {
            let (found, wanted) = ("no signed timestamp", "a signed timestamp");
            return Err(because(7, Reason::TooLittleProof, found.to_owned(), wanted.to_owned()));
        }
        if self.not_before.is_none() && self.within.is_none() {
            return Ok(());
        }
        let Some(signed) = testimony.signed_at() else {
            let (found, wanted) = ("no proven time".to_owned(), "a proven time".to_owned());
            return Err(because(7, Reason::TimeNotProven, found, wanted));
        };
        let found = format!("a signature of {signed}");
        if let Some(first) = self.not_before.filter(|first| signed < *first) {
            return Err(because(8, Reason::TooOld, found, format!("one made {first} or later")));
        }
        match self.within {
            Some(limit) if now.duration_since(signed) > limit => {
                let wanted = format!("one made at most {} before {now}", spoken(limit));
                Err(because(8, Reason::TooOld, found, wanted))
            }
            _ => Ok(()),
        }
    }

    /// Counts the different logs that count.
    fn logged(&self, testimony: &Testimony, because: Because<'_>) -> Result<(), Mismatch> {
        if !self.wants_log() {
            return Ok(());
        }
        let counts = |entry: &&LogReference| {
            self.logs.as_ref().is_none_or(|logs| logs.contains(&entry.log))
                && (self.entries == EntryProof::Any || entry.inclusion == Inclusion::Proven)
        };
        let logs: BTreeSet<_> =
            testimony.log_entries.iter().filter(counts).map(|entry| entry.log).collect();
        let wanted = usize::from(self.min_logs.max(1));
        if logs.len() >= wanted {
            return Ok(());
        }
        let proof = match self.entries {
            EntryProof::Any => "",
            EntryProof::Inclusion => " with an inclusion proof",
        };
        let among = if self.logs.is_some() { " that count" } else { "" };
        let found = format!("entries{proof} in {} logs{among}", logs.len());
        Err(because(7, Reason::TooLittleProof, found, format!("entries{proof} in {wanted}")))
    }
}

fn under_root(
    root: &RootChoice,
    testimony: &Testimony,
    caller_root: Option<&ArtifactDigest>,
    because: Because<'_>,
) -> Result<(), Mismatch> {
    let wanted = root.digest(caller_root);
    if wanted.is_some() && testimony.root.as_ref() == wanted {
        return Ok(());
    }
    let named = |digest: Option<&ArtifactDigest>| match digest {
        Some(digest) => format!("the trusted root {digest}"),
        None => "no trusted root".to_owned(),
    };
    let reason = if wanted.is_none() { Reason::NoTrustedRoot } else { Reason::OtherRoot };
    Err(because(4, reason, named(testimony.root.as_ref()), named(wanted)))
}
