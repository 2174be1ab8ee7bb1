//! From the text of a policy to a [`Model`]: names resolved, files read and pinned, identities
//! checked for being fixed.
//!
//! What leaves this module is complete. A policy that could be met by strangers, that names what
//! does not exist, or that asks for what no binary can show, does not load.

mod authorities;
mod files;
mod identity;
mod scope;
mod set;
mod summaries;
mod text;
mod yaml;

pub(crate) use files::{read as read_file, root as read_root};
pub(crate) use set::{Below, load_set};
pub(crate) use summaries::SECTION as SUMMARIES;
pub(crate) use yaml::{generic, read};

use std::collections::BTreeMap;
use std::sync::Arc;

use chainsign_core::digest::ArtifactDigest;
use chainsign_core::identity::TextMatcher;
use chainsign_core::predicate::{
    COSIGN_VULN, CYCLONEDX, SLSA_PROVENANCE_V0_2, SLSA_PROVENANCE_V1, SPDX, VULNS,
};
use jiff::SignedDuration;

use crate::error::{LoadError, Place};
use crate::evaluate;
use crate::expression::{Expression, GoVariable, Scope};
use crate::language::{self, At, Document, ModulesJoin, Name, Opt, Select, SignatureTree, Text};
use crate::model::{
    Attestation, Authority, Builder, CelRule, Image, ImageEnvironment, Model, Parameters,
    RepositoryMatch, Scope as TargetScope, Signatures, SignerTree, Slsa, VexSource,
    Vulnerabilities,
};
use crate::policy::PolicyFiles;
use crate::target::TargetName;
use crate::verdict::{PolicyIdentity, RuleId};
use chainsign_core::glob::Captures;

/// A policy file, read and complete, before it is known what it is asked about.
#[derive(Debug)]
pub(crate) struct Source {
    document: Document,
    digest: ArtifactDigest,
    files: BTreeMap<String, Vec<u8>>,
}

/// Loads a policy: the file, and what it says before it is asked about a target.
pub(crate) fn load(yaml: &[u8], files: &dyn PolicyFiles) -> Result<(Source, Model), LoadError> {
    let document: Document = yaml::read(yaml, "Policy")?;
    if document.authorities.is_empty() {
        return Err(LoadError::NoAuthority);
    }
    if document.signatures.is_none() && document.attestations.is_empty() {
        return Err(LoadError::NoIdentityRule);
    }
    empty("transparency", document.transparency.as_ref())?;
    empty("signed", document.signed.as_ref())?;
    if let Some(image) = document.image.as_ref() {
        empty("image", Some(image))?;
        empty("environment", image.environment.as_ref())?;
        empty("base", image.base.as_ref())?;
    }
    let kubernetes = document.scope.as_ref().and_then(|scope| scope.kubernetes.as_ref());
    empty("kubernetes", kubernetes)?;
    empty("hardening", document.go.as_ref().and_then(|go| go.hardening.as_ref()))?;
    let captures = scope::samples(document.scope.as_ref())?;
    let kept = files::Kept::new(files);
    let digest = ArtifactDigest::sha256(yaml);
    let scope = document.scope.as_ref().map(|_| TargetScope::Unbound);
    let model = compile(&document, &digest, scope, &captures, &kept)?;
    exceptions(&document.exceptions, &model)?;
    Ok((Source { document, digest, files: kept.into_files() }, model))
}

/// A place that is written was meant to say something.
fn empty<T: Default + PartialEq>(
    what: &'static str,
    written: Option<&At<T>>,
) -> Result<(), LoadError> {
    match written {
        Some(written) if written.value == T::default() => {
            let reason = format!("found an empty `{what}`, wanted at least one key in it");
            Err(LoadError::Value { at: written.at, reason })
        }
        _ => Ok(()),
    }
}

/// What the policy says about a target; `None` when it says nothing about it.
pub(crate) fn bind(source: &Source, target: &TargetName) -> Result<Option<Model>, LoadError> {
    let Some(scope) = source.document.scope.as_ref() else {
        let captures = Captures::new();
        return compile(&source.document, &source.digest, None, &captures, &source.files).map(Some);
    };
    let Some((by, captures)) = scope::matches(scope, target) else { return Ok(None) };
    let bound = TargetScope::Bound { target: target.to_string(), by, captures: captures.clone() };
    compile(&source.document, &source.digest, Some(bound), &captures, &source.files).map(Some)
}

/// The globs of the targets that a policy is about, for saying that another is not among them.
pub(crate) fn globs(source: &Source) -> Vec<String> {
    source.document.scope.as_ref().map_or(Vec::new(), |scope| scope::globs(scope))
}

fn compile(
    document: &Document,
    digest: &ArtifactDigest,
    scope: Option<TargetScope>,
    captures: &Captures,
    files: &dyn PolicyFiles,
) -> Result<Model, LoadError> {
    let roots = authorities::roots(&document.trust, files)?;
    let proof = authorities::proof(document.transparency.as_ref(), document.signed.as_ref())?;
    let authorities =
        authorities::authorities(&document.authorities, &roots, &proof, captures, files)?;
    let known = Authorities(&authorities);
    let signatures = document
        .signatures
        .as_ref()
        .map(|it| Ok::<_, LoadError>(Signatures { tree: known.tree(&it.require)?, via: it.via.0 }));
    let signatures = signatures.transpose()?;
    let compile = Compile { known: &known, captures };
    let attestations = document.attestations.iter();
    let attestations: Vec<_> = attestations
        .map(|(name, written)| compile.attestation(name, written))
        .collect::<Result<_, _>>()?;
    if let Some(go) = document.go.as_ref() {
        settings(go)?;
        if let Some(programs) = go.programs.as_ref() {
            programs.iter().try_for_each(|glob| plain(glob, programs.at))?;
        }
        joins(go, &attestations)?;
    }
    let image = document.image.as_ref().map(|image| compile.image(image)).transpose()?;
    let names: Vec<_> = attestations.iter().map(|attestation| attestation.name.clone()).collect();
    let go = match document.go.as_ref() {
        Some(_) => GoVariable::Present,
        None => GoVariable::Absent,
    };
    let across = Scope::Policy { attestations: &names, go };
    let rules = rules(&RuleId::new("policy"), &document.rules, across)?;
    let summaries = summaries::summaries(document, &rules, &known, captures)?;
    let kubernetes = document.scope.as_ref().and_then(|scope| scope.kubernetes.as_ref());
    let metadata = &document.metadata;
    Ok(Model {
        identity: PolicyIdentity {
            name: metadata.name.to_string(),
            version: metadata.version.0,
            digest: digest.clone(),
            mode: document.mode,
        },
        expires: metadata.expires.as_ref().map(|time| time.0),
        scope,
        scoped_by_label: kubernetes.is_some_and(|it| !it.labels.is_empty()),
        roots,
        authorities,
        signatures,
        attestations,
        summaries,
        go: document.go.0.clone(),
        image,
        rules,
        deny: document.deny.clone(),
        exceptions: document.exceptions.iter().map(|exception| exception.value.clone()).collect(),
    })
}

/// The authorities of a policy, to be found by name.
struct Authorities<'a>(&'a [Arc<Authority>]);

impl Authorities<'_> {
    fn named(&self, name: &Name, at: Place) -> Result<Arc<Authority>, LoadError> {
        let found = self.0.iter().find(|authority| authority.name == name.as_str());
        found.cloned().ok_or_else(|| LoadError::UnknownName {
            at,
            kind: "an authority",
            name: name.to_string(),
            wanted: self.0.iter().map(|authority| authority.name.clone()).collect(),
        })
    }

    /// Recursion is bounded by the nesting that the YAML reader allows.
    fn tree(&self, tree: &At<SignatureTree>) -> Result<SignerTree, LoadError> {
        let all = |trees: &[At<SignatureTree>]| {
            trees.iter().map(|tree| self.tree(tree)).collect::<Result<Vec<_>, _>>()
        };
        Ok(match &tree.value {
            SignatureTree::Authority(name) => SignerTree::Authority(self.named(name, tree.at)?),
            SignatureTree::All(trees) => SignerTree::All(all(trees)?),
            SignatureTree::Any(trees) => SignerTree::Any(all(trees)?),
            SignatureTree::AtLeast(at_least) => {
                let count = at_least.count.get();
                let mut names: Vec<_> = at_least.of.iter().map(|name| &name.value).collect();
                names.sort();
                names.dedup();
                if names.len() < at_least.of.len() {
                    let reason = "found the same authority twice, wanted each once".to_owned();
                    return Err(LoadError::Value { at: tree.at, reason });
                }
                if count > names.len() {
                    let reason = format!(
                        "found a count of {count} of {} authorities, wanted at most that many",
                        names.len()
                    );
                    return Err(LoadError::Value { at: tree.at, reason });
                }
                let of = at_least.of.iter().map(|name| self.named(name, name.at));
                SignerTree::AtLeast { count, of: of.collect::<Result<_, _>>()? }
            }
        })
    }
}

/// Turns what is written into what is evaluated.
struct Compile<'a> {
    known: &'a Authorities<'a>,
    captures: &'a Captures,
}

impl Compile<'_> {
    fn attestation(
        &self,
        name: &Name,
        written: &At<language::Attestation>,
    ) -> Result<Attestation, LoadError> {
        let by = written.by.iter().map(|name| self.known.named(name, written.by.at));
        let types: Vec<_> = written.predicate_type.iter().map(|it| it.0.clone()).collect();
        let only = |wanted: &[&str], rules: &'static str, at: Place| match types
            .iter()
            .find(|it| !wanted.contains(&it.as_str()))
        {
            Some(other) => {
                let wanted = wanted.join(" or ");
                let reason = format!("found `{rules}` rules for {other}, wanted {wanted}");
                Err(LoadError::Value { at, reason })
            }
            None => Ok(()),
        };
        if let Some(slsa) = written.slsa.as_ref() {
            only(&PROVENANCES, "slsa", slsa.at)?;
        }
        if let Some(sbom) = written.sbom.as_ref() {
            only(&SBOMS, "sbom", sbom.at)?;
            if sbom.licences.as_ref().is_some_and(|licences| licences.allow.is_empty()) {
                let reason = "found no licence to allow, wanted at least one".to_owned();
                return Err(LoadError::Value { at: sbom.at, reason });
            }
        }
        if let Some(vulnerabilities) = written.vulnerabilities.as_ref() {
            only(&SCANS, "vulnerabilities", vulnerabilities.at)?;
        }
        let select = match written.select.value {
            Select::Any => None,
            Select::Newest => Some("newest"),
            Select::All => Some("all"),
        };
        if let (Some(select), None) = (select, written.max_age.as_ref()) {
            return Err(LoadError::SelectWithoutAge { at: written.select.at, select });
        }
        let id = RuleId::new("attestations").below(name.as_str());
        Ok(Attestation {
            name: name.to_string(),
            by: by.collect::<Result<_, _>>()?,
            select: written.select.value,
            max_age: written.max_age.as_ref().map(|age| age.0),
            slsa: written.slsa.as_ref().map(|slsa| self.slsa(slsa)).transpose()?,
            sbom: written.sbom.as_ref().map(|sbom| sbom.value.clone()),
            vulnerabilities: written
                .vulnerabilities
                .as_ref()
                .map(|vulnerabilities| self.vulnerabilities(vulnerabilities))
                .transpose()?,
            rules: rules(&id, &written.rules, Scope::Predicate)?,
            types,
            id,
        })
    }

    fn vulnerabilities(
        &self,
        written: &language::Vulnerabilities,
    ) -> Result<Vulnerabilities, LoadError> {
        let vex = |vex: &At<language::Vex>| {
            if vex.suppress.is_empty() {
                let reason = "found no status in `suppress`, wanted at least one".to_owned();
                return Err(LoadError::Value { at: vex.at, reason });
            }
            let by = vex.by.iter().map(|name| self.known.named(name, vex.by.at));
            Ok(VexSource {
                by: by.collect::<Result<_, _>>()?,
                max_age: vex.max_age.0,
                suppress: vex.suppress.clone(),
            })
        };
        Ok(Vulnerabilities {
            max: written.max_severity,
            unknown: written.unknown_severity,
            scanned_within: written.scanned_within.as_ref().map(|age| age.0),
            vex: written.vex.as_ref().map(vex).transpose()?,
        })
    }

    fn slsa(&self, written: &At<language::Slsa>) -> Result<Slsa, LoadError> {
        if written.builders.is_empty() {
            let reason = "found no builder, wanted at least one".to_owned();
            return Err(LoadError::Value { at: written.at, reason });
        }
        let builder = |builder: &At<language::Builder>| {
            Ok(Builder {
                id: text::resolve(&builder.id, self.captures)?,
                signer: self.known.named(&builder.signer, builder.signer.at)?,
                level: builder.level.unwrap_or(language::Level(1)),
            })
        };
        let builders: Vec<Builder> =
            written.builders.iter().map(builder).collect::<Result<_, LoadError>>()?;
        let best = builders.iter().map(|builder| builder.level).max();
        if let Some(level) = written.level.as_ref().filter(|level| Some(level.value) > best) {
            let best = best.map_or(0, |best| best.0);
            let reason =
                format!("found level {}, wanted at most {best}: no builder is given more", level.0);
            return Err(LoadError::Value { at: level.at, reason });
        }
        let (source, parameters) = (&written.source, &written.external_parameters);
        Ok(Slsa {
            builders,
            level: written.level.as_ref().map(|level| level.value),
            build_type: self.text(&written.build_type)?,
            repository: source.repository.as_ref().map(|it| self.repository(it)).transpose()?,
            reference: self.text(&source.reference)?,
            commit: self.text(&source.commit)?,
            entry_point: self.text(&source.entry_point)?,
            parameters: Parameters {
                allow: parameters.allow.clone(),
                values: self.texts(&parameters.values)?,
                unknown: parameters.unknown,
            },
        })
    }

    fn image(&self, written: &language::Image) -> Result<Image, LoadError> {
        let globs = |globs: &[At<language::Glob>]| {
            globs.iter().try_for_each(|glob| plain(glob, glob.at))?;
            Ok::<_, LoadError>(globs.iter().map(|glob| glob.value.0.clone()).collect())
        };
        let environment = |written: &language::Environment| {
            let texts = written.forbid_values.iter().map(|it| text::resolve(it, self.captures));
            Ok(ImageEnvironment {
                forbid: globs(&written.forbid)?,
                forbid_values: texts.collect::<Result<_, LoadError>>()?,
                values: self.texts(&written.values)?,
            })
        };
        if let Some(base) = written.base.as_ref() {
            globs(&base.names)?;
        }
        Ok(Image {
            when: written.when.0,
            platforms: written.platforms.as_ref().map(|platforms| platforms.value.0.clone()),
            user: written.user.0,
            entrypoint: written.entrypoint.0.clone(),
            command: written.command.0.clone(),
            environment: written.environment.as_ref().map(|it| environment(it)).transpose()?,
            base: written.base.as_ref().map(|base| base.value.clone()),
            shell: written.shell.0,
            package_manager: written.package_manager.0,
            elevated_files: written.elevated_files.0,
            ca_certificates: written.ca_certificates.0,
            labels: self.texts(&written.labels)?,
            annotations: self.texts(&written.annotations)?,
        })
    }

    fn texts(
        &self,
        written: &BTreeMap<String, At<Text>>,
    ) -> Result<BTreeMap<String, TextMatcher>, LoadError> {
        let text = |(name, text): (&String, &At<Text>)| {
            Ok((name.clone(), text::resolve(text, self.captures)?))
        };
        written.iter().map(text).collect()
    }

    fn repository(&self, written: &At<Text>) -> Result<RepositoryMatch, LoadError> {
        match text::resolve(written, self.captures)? {
            TextMatcher::Exact(text) => match text.parse() {
                Ok(repository) => Ok(RepositoryMatch::Exact(repository)),
                Err(error) => {
                    let reason = format!("found {text:?}: {error}");
                    Err(LoadError::Value { at: written.at, reason })
                }
            },
            TextMatcher::Pattern(pattern) => Ok(RepositoryMatch::Pattern(pattern)),
        }
    }

    fn text(&self, written: &Opt<At<Text>>) -> Result<Option<TextMatcher>, LoadError> {
        written.as_ref().map(|text| text::resolve(text, self.captures)).transpose()
    }
}

/// Compiles expressions. The rules of a policy are called `rules.ID`, those of an attestation
/// `attestations.NAME.rules.ID`.
fn rules(
    place: &RuleId,
    written: &[At<language::CelRule>],
    scope: Scope<'_>,
) -> Result<Vec<CelRule>, LoadError> {
    let place = match scope {
        Scope::Predicate => place.below("rules"),
        Scope::Policy { .. } => RuleId::new("rules"),
    };
    let mut rules: Vec<CelRule> = Vec::new();
    for rule in written {
        let id = place.below(rule.id.as_str());
        if rules.iter().any(|other| other.id == id) {
            return Err(LoadError::DuplicateKey { at: rule.at, key: rule.id.to_string() });
        }
        if rules.len() == EXPRESSIONS {
            let reason = format!("found more than {EXPRESSIONS} rules, wanted at most that");
            return Err(LoadError::Value { at: rule.at, reason });
        }
        let expression = Expression::compile(&rule.cel, scope).map_err(|reason| {
            LoadError::Expression { at: rule.cel.at, id: id.to_string(), reason }
        })?;
        rules.push(CelRule { id, expression, message: rule.message.clone() });
    }
    Ok(rules)
}

/// Every setting can be known from a binary that meets the others.
fn settings(go: &language::Go) -> Result<(), LoadError> {
    let trimpath = go.settings.get("-trimpath").is_some_and(|value| value.0 == "true");
    let mut settings = go.settings.iter();
    settings.try_for_each(|(name, value)| crate::settings::check(name, value.at, trimpath))?;
    let Some(parameters) = go.parameters.as_ref() else { return Ok(()) };
    if parameters.settings.is_empty() {
        let reason = "found no setting in `parameters`, wanted at least one".to_owned();
        return Err(LoadError::Value { at: parameters.at, reason });
    }
    let mut settings = parameters.settings.iter();
    settings.try_for_each(|(name, value)| crate::settings::check(name, value.at, trimpath))
}

/// Globs over what is in an artifact capture nothing: what they match is not known when the rest of
/// the policy is loaded.
fn plain(glob: &language::Glob, at: Place) -> Result<(), LoadError> {
    match glob.0.names().next() {
        None => Ok(()),
        Some(_) => {
            let reason = format!("found a capture in {:?}, wanted none here", glob.0.as_str());
            Err(LoadError::Value { at, reason })
        }
    }
}

/// A join needs an attestation that says what is joined.
fn joins(go: &language::Go, attestations: &[Attestation]) -> Result<(), LoadError> {
    let find = |name: &At<Name>, wanted: &'static str, says: fn(&Attestation) -> bool| {
        let found = attestations.iter().find(|it| it.name == name.as_str());
        let found = found.ok_or_else(|| LoadError::UnknownName {
            at: name.at,
            kind: "an attestation",
            name: name.to_string(),
            wanted: attestations.iter().map(|it| it.name.clone()).collect(),
        })?;
        if says(found) {
            return Ok(());
        }
        Err(LoadError::WrongAttestation { at: name.at, name: name.to_string(), wanted })
    };
    let is_sbom = |it: &Attestation| of_types(it, &SBOMS);
    let is_provenance = |it: &Attestation| of_types(it, &PROVENANCES);
    if let Some(ModulesJoin::Equal(name) | ModulesJoin::Covers(name)) = go.modules.as_ref() {
        find(name, "an SBOM", is_sbom)?;
    }
    if let Some(listed) = go.listed.as_ref() {
        find(&listed.sbom, "an SBOM", is_sbom)?;
    }
    if let Some(commit) = go.commit.as_ref() {
        find(&commit.equals, "a SLSA provenance", is_provenance)?;
    }
    if let Some(parameters) = go.parameters.as_ref() {
        find(&parameters.of, "a SLSA provenance", is_provenance)?;
    }
    Ok(())
}

fn of_types(attestation: &Attestation, wanted: &[&str]) -> bool {
    attestation.types.iter().all(|it| wanted.contains(&it.as_str()))
}

/// An exception names rules that exist, and none that no exception may silence.
fn exceptions(written: &[At<language::Exception>], model: &Model) -> Result<(), LoadError> {
    let known = evaluate::rule_ids(model);
    let identity = evaluate::identity_rules(model);
    for (index, exception) in written.iter().enumerate() {
        let id = || exception.id.to_string();
        if written[..index].iter().any(|other| other.id == exception.id) {
            return Err(LoadError::DuplicateKey { at: exception.at, key: id() });
        }
        for (what, empty) in [
            ("rules", exception.rules.is_empty()),
            ("digests", exception.digests.is_empty()),
            ("reason", exception.reason.is_empty()),
            ("approvedBy", exception.approved_by.is_empty()),
        ] {
            if empty {
                let reason = format!("found an exception without {what}, wanted some");
                return Err(LoadError::Value { at: exception.at, reason });
            }
        }
        break_glass(exception)?;
        for rule in &exception.rules {
            let covered: Vec<_> =
                known.iter().filter(|known| evaluate::covers(&rule.value, known)).collect();
            if covered.is_empty() {
                return Err(LoadError::UnknownName {
                    at: rule.at,
                    kind: "a rule",
                    name: rule.value.clone(),
                    wanted: known.iter().map(ToString::to_string).collect(),
                });
            }
            let never = |reason| LoadError::Exception {
                at: rule.at,
                id: id(),
                rule: rule.value.clone(),
                reason,
            };
            let unsilenceable = |id: &&RuleId| {
                ["deny", "policy"].iter().any(|section| evaluate::covers(section, id))
            };
            if covered.iter().any(unsilenceable) {
                return Err(never("no exception silences deny lists or the policy's own expiry"));
            }
            if !exception.dangerous_waive_signature
                && covered.iter().any(|id| identity.contains(id))
            {
                return Err(never(
                    "it asks who signed; that takes `dangerousWaiveSignature: true`",
                ));
            }
        }
    }
    Ok(())
}

/// Breaking glass ends soon.
fn break_glass(exception: &At<language::Exception>) -> Result<(), LoadError> {
    let Some(from) = exception.break_glass.as_ref().map(|it| it.from.0) else { return Ok(()) };
    let (expires, least) = (exception.expires.0, SignedDuration::ZERO);
    let lasts = expires.duration_since(from);
    if lasts > least && lasts <= GLASS {
        return Ok(());
    }
    let reason = format!(
        "found an emergency from {from} to {expires}, wanted one of at most {}",
        language::spoken(GLASS)
    );
    Err(LoadError::Value { at: exception.at, reason })
}

/// Break-glass is an exception with an approver and at most this.
const GLASS: SignedDuration = SignedDuration::from_hours(24);
const PROVENANCES: [&str; 2] = [SLSA_PROVENANCE_V1, SLSA_PROVENANCE_V0_2];
const SBOMS: [&str; 2] = [CYCLONEDX, SPDX];
/// In-toto's in both its versions, and cosign's.
const SCANS: [&str; 3] = [VULNS, "https://in-toto.io/attestation/vulns/v0.1", COSIGN_VULN];
/// In one place of a policy. Each costs at most a second of evaluation.
const EXPRESSIONS: usize = 64;
