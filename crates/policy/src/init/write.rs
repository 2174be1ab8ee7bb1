//! The text of a drafted policy.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::observe::{
    Findings, FoundAttestation, FoundGo, FoundKind, FoundProvenance, FoundSigner, Wanted,
};
use super::{Options, RootInstance, quoted};

/// Whether a rule that is not met may be left out: what no identity depends on.
pub(super) fn may_leave_out(rule: &str) -> bool {
    rule.starts_with("go.") && rule != "go.binary"
}

/// The policy, without the rules that are not asked for.
pub(super) fn policy(
    findings: &Findings,
    not_asked: &BTreeSet<&str>,
    left_out: &[(String, String)],
    options: &Options<'_>,
) -> String {
    let mut text = Text(String::new());
    text.line(0, "# yaml-language-server: $schema=https://chainsign.dev/schema/policy.v1.json");
    text.line(0, "#");
    text.line(0, "# Drafted by `chainsign policy init` from the evidence that verified. Trust on first use: who");
    text.line(
        0,
        "# signed then may sign from now on. Look at every authority before you rely on it.",
    );
    if !left_out.is_empty() {
        text.line(0, "#");
        text.line(0, "# Not asked for, because it did not hold:");
        for (rule, message) in left_out {
            text.line(0, &format!("#   {rule}: {}", one_line(message)));
        }
    }
    text.line(0, "");
    text.line(0, "apiVersion: chainsign.dev/v1");
    text.line(0, "kind: Policy");
    text.line(0, "");
    text.line(0, "metadata:");
    text.line(1, &format!("name: {}", quoted(options.name)));
    text.line(1, "version: 1");
    text.line(0, "");
    trust(&mut text, options);
    text.line(0, "authorities:");
    findings.signers.iter().for_each(|signer| authority(&mut text, signer));
    let names = |indices: &BTreeSet<usize>| -> Vec<&str> {
        indices.iter().map(|index| findings.signers[*index].name.as_str()).collect()
    };
    if !findings.signatures.is_empty() {
        text.line(0, "");
        text.line(0, "# Who must have signed the artifact itself.");
        text.line(0, "signatures:");
        match names(&findings.signatures).as_slice() {
            [one] => text.line(1, &format!("require: {one}")),
            several => text.line(1, &format!("require: {{any: [{}]}}", several.join(", "))),
        }
    }
    if !findings.attestations.is_empty() {
        text.line(0, "");
        text.line(0, "attestations:");
    }
    for it in &findings.attestations {
        attestation(&mut text, it, findings, &names(&it.by));
    }
    if let Some(found) = &findings.go {
        go(&mut text, found, not_asked);
    }
    text.0
}

fn trust(text: &mut Text, options: &Options<'_>) {
    let Some(root) = &options.root else {
        text.line(0, "# Which Sigstore is trusted is the choice of whoever verifies. To decide it here, name a");
        text.line(0, "# trusted root under `trust.roots`.");
        text.line(0, "");
        return;
    };
    text.line(0, "# Which Sigstore is trusted, pinned to the byte.");
    text.line(0, "trust:");
    text.line(1, "roots:");
    text.line(2, "sigstore:");
    text.line(3, &format!("file: {}", quoted(root.file)));
    text.line(3, &format!("sha256: '{}'", root.sha256.hex()));
    if root.instance == RootInstance::Github {
        text.line(3, "instance: github");
    }
    text.line(0, "");
}

fn authority(text: &mut Text, signer: &FoundSigner) {
    text.line(1, &format!("{}:", signer.name));
    text.line(2, "# Trust on first use: this is who signed. Is it who should?");
    text.line(2, "keyless:");
    text.line(3, &format!("issuer: {}", quoted(&signer.issuer)));
    wanted(text, 3, "subject", &signer.subject);
    if signer.extensions.is_empty() {
        return;
    }
    let numbers = signer.extensions.keys().any(|name| name.ends_with("Identifier"));
    text.line(3, match numbers {
        true => "# The numbers stay the same when an account or repository is renamed, or its name taken.",
        false => "# What else the certificate says.",
    });
    text.line(3, "extensions:");
    for (name, value) in &signer.extensions {
        text.line(4, &format!("{name}: {}", quoted(value)));
    }
}

fn attestation(text: &mut Text, it: &FoundAttestation, findings: &Findings, by: &[&str]) {
    let predicate = it.predicate_type.alias().unwrap_or(it.predicate_type.as_str());
    text.line(1, &format!("{}:", it.name));
    text.line(2, &format!("predicateType: {}", quoted(predicate)));
    match by {
        [one] => text.line(2, &format!("by: {one}")),
        several => text.line(2, &format!("by: [{}]", several.join(", "))),
    }
    match &it.kind {
        FoundKind::Provenance(found) => slsa(text, found, findings),
        FoundKind::Sbom => {
            text.line(2, "sbom:");
            text.line(3, "minComponents: 1");
        }
        FoundKind::Scan | FoundKind::Other => {}
    }
}

fn slsa(text: &mut Text, found: &FoundProvenance, findings: &Findings) {
    text.line(2, "slsa:");
    text.line(3, "builders:");
    text.line(4, "# The level is yours to give: what this builder, run like this, deserves.");
    for (id, signer) in &found.builders {
        match id {
            Wanted::Exact(id) => text.line(4, &format!("- id: {}", quoted(id))),
            Wanted::Pattern(id) => {
                text.line(4, "- id:");
                text.line(6, &format!("pattern: {}", quoted(id)));
            }
        }
        text.line(5, &format!("signer: {}", findings.signers[*signer].name));
        text.line(5, "level: 1");
    }
    if let Some(build_type) = &found.build_type {
        text.line(3, &format!("buildType: {}", quoted(build_type)));
    }
    let source = found.repository.is_some() || found.reference.is_some();
    if source || found.entry_point.is_some() {
        text.line(3, "source:");
    }
    if let Some(repository) = &found.repository {
        text.line(4, &format!("repository: {}", quoted(repository)));
    }
    if let Some(reference) = &found.reference {
        wanted(text, 4, "ref", reference);
    }
    if let Some(entry_point) = &found.entry_point {
        text.line(4, &format!("entryPoint: {}", quoted(entry_point)));
    }
    if !found.parameters.is_empty() {
        text.line(3, "externalParameters:");
        text.line(
            4,
            "# Whoever starts the build chooses these, to any value. Put those that must have a",
        );
        text.line(4, "# certain one under `values`.");
        let list: Vec<_> = found.parameters.iter().map(|it| quoted(it)).collect();
        text.line(4, &format!("allow: [{}]", list.join(", ")));
    }
}

fn go(text: &mut Text, found: &FoundGo, not_asked: &BTreeSet<&str>) {
    let asked = |rule: &str| !not_asked.contains(rule);
    text.line(0, "");
    text.line(0, "# What is true of the binary, read from the binary.");
    text.line(0, "go:");
    let mut lines: Vec<(usize, String)> = Vec::new();
    if let Some(oldest) = found.oldest.filter(|_| asked("go.minVersion")) {
        lines.push((1, format!("minVersion: \"{}.{}\"", oldest.major, oldest.minor)));
    }
    let settings: Vec<_> =
        found.settings.iter().filter(|(name, _)| asked(&format!("go.settings.{name}"))).collect();
    if !settings.is_empty() {
        lines.push((1, "settings:".to_owned()));
        let setting = |(name, value): &(&&str, &String)| (2, format!("\"{name}\": {value}"));
        lines.extend(settings.iter().map(setting));
    }
    for (rule, line) in [
        ("go.replace", "replace: deny"),
        ("go.static", "static: require"),
        ("go.records", "records: agree"),
    ] {
        if asked(rule) {
            lines.push((1, line.to_owned()));
        }
    }
    if let Some(sbom) = found.sbom.filter(|_| asked("go.modules")) {
        lines.push((1, format!("modules: {{equal: {sbom}}}")));
    }
    if let Some(provenance) = found.provenance.filter(|_| asked("go.commit")) {
        lines.push((1, format!("commit: {{equals: {provenance}}}")));
    }
    if lines.is_empty() {
        // It is a Go binary: that much is asked for.
        lines.push((1, "settings: {}".to_owned()));
    }
    lines.iter().for_each(|(depth, line)| text.line(*depth, line));
}

fn wanted(text: &mut Text, depth: usize, key: &str, wanted: &Wanted) {
    match wanted {
        Wanted::Exact(value) => text.line(depth, &format!("{key}: {}", quoted(value))),
        Wanted::Pattern(pattern) => {
            text.line(depth, &format!("{key}:"));
            text.line(depth + 1, &format!("pattern: {}", quoted(pattern)));
        }
    }
}

struct Text(String);

impl Text {
    fn line(&mut self, depth: usize, line: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{}{line}", "  ".repeat(if line.is_empty() { 0 } else { depth }));
    }
}

fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
