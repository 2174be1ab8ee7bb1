//! The deny lists: evaluated first.
//!
//! Evidence on a list is taken out and counts as absent; it does not fail the artifact by itself.
//! Otherwise deleting a denied signature would turn a denial into a permission, and adding one
//! would deny anybody's release.

use chainsign_core::digest::ArtifactDigest;

use super::case::Case;
use super::line;
use crate::evidence::{LogReference, Signer, Testimony};
use crate::language::{DeniedLogEntry, Deny, Digest};
use crate::verdict::{Reason, Rule, RuleId};

/// What the lists came to.
pub(super) struct Denied<'a> {
    pub(super) rules: Vec<Rule>,
    /// The evidence taken out.
    pub(super) evidence: Vec<&'a Testimony>,
}

/// Evaluates the lists that are written, and takes the evidence on them out of the case.
pub(super) fn apply<'a>(deny: &Deny, mut case: Case<'a>) -> (Case<'a>, Denied<'a>) {
    let mut denied = Denied { rules: Vec::new(), evidence: Vec::new() };
    if !deny.digests.is_empty() {
        denied.rules.push(digests(&deny.digests, &case));
    }
    let mut list = |name: &str, entries: usize, on_list: &dyn Fn(&Testimony) -> bool| {
        if entries > 0 {
            let all = std::mem::take(&mut case.evidence);
            let (out, kept) = all.into_iter().partition::<Vec<_>, _>(|it| on_list(it));
            case.evidence = kept;
            denied.rules.push(taken_out(name, &out));
            denied.evidence.extend(out);
        }
    };
    list("certificates", deny.certificates.len(), &|it| match &it.signer {
        Signer::Certificate { certificate, .. } => holds(&deny.certificates, certificate),
        Signer::Key { .. } => false,
    });
    list("keys", deny.keys.len(), &|it| match &it.signer {
        Signer::Certificate { key, .. } | Signer::Key { key } => holds(&deny.keys, key),
    });
    list("logEntries", deny.log_entries.len(), &|it| {
        it.log_entries.iter().any(|entry| deny.log_entries.iter().any(|denied| denied.is(entry)))
    });
    (case, denied)
}

fn taken_out(name: &str, out: &[&Testimony]) -> Rule {
    let message = match out.len() {
        0 => "no evidence is on this list".to_owned(),
        1 => "1 piece of evidence is on this list and does not count".to_owned(),
        several => format!("{several} pieces of evidence are on this list and do not count"),
    };
    Rule::pass(RuleId::new("deny").below(name), message).with(out.iter().map(|it| line(it)))
}

fn digests(list: &[Digest], case: &Case<'_>) -> Rule {
    let id = RuleId::new("deny.digests");
    let identities = &case.target.identities;
    if let Some(denied) = list.iter().find(|denied| identities.holds(&denied.0)) {
        return Rule::fail(id, Reason::DigestDenied, format!("{} is on the deny list", denied.0))
            .compared(&denied.0, "a digest that is not on the list");
    }
    // A list that cannot be compared would be met by not looking.
    if let Some(denied) = list.iter().find(|denied| !identities.knows(denied.0.algorithm())) {
        let (denied, algorithm) = (&denied.0, denied.0.algorithm());
        let message = format!(
            "the {algorithm} digest of the artifact is not known, and {denied} is on the deny list"
        );
        return Rule::error(id, Reason::NotKnowable, message);
    }
    Rule::pass(id, "the artifact is not on the deny list")
}

fn holds(list: &[Digest], digest: &ArtifactDigest) -> bool {
    list.iter().any(|denied| denied.0 == *digest)
}

impl DeniedLogEntry {
    /// An entry that may be any of its log may be this one.
    fn is(&self, entry: &LogReference) -> bool {
        self.log_id.0 == entry.log.0 && entry.index.is_none_or(|index| index == self.index)
    }
}
