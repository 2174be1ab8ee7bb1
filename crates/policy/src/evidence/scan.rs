//! The record of a vulnerability scan: in-toto's, or cosign's around the report of a scanner.
//!
//! in-toto/attestation `spec/predicates/vulns_02.md`; cosign `specs/COSIGN_VULN_ATTESTATION_SPEC.md`,
//! whose `result` is what the scanner wrote: Trivy's and Grype's JSON are understood.

use chainsign_core::predicate::COSIGN_VULN;
use chainsign_core::statement::Statement;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// What a scan found.
#[derive(Debug)]
pub(crate) struct Scan {
    pub(crate) findings: Vec<Finding>,
    /// When the scan ended.
    pub(crate) finished: Option<Timestamp>,
}

/// One vulnerability.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// Its name, and others that the report gives it.
    pub(crate) ids: Vec<String>,
    /// The worst severity that the report gives it; `None` when it gives none that is understood.
    pub(crate) severity: Option<Severity>,
    /// Whether the report also gives one that is not understood, which may be worse.
    pub(crate) partly_understood: bool,
    /// The package that has it.
    pub(crate) package: Option<String>,
}

/// How bad a vulnerability is.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    None,
    Low,
    Medium,
    High,
    Critical,
}

impl Severity {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    fn of_word(word: &str) -> Option<Self> {
        Some(match word.to_ascii_lowercase().as_str() {
            "critical" => Self::Critical,
            "high" | "important" => Self::High,
            "medium" | "moderate" => Self::Medium,
            "low" | "minor" => Self::Low,
            "none" | "negligible" | "informational" => Self::None,
            _ => return None,
        })
    }

    /// CVSS 3.1 section 5, table 14.
    fn of_cvss(score: f64) -> Option<Self> {
        Some(match score {
            score if !(0.0..=10.0).contains(&score) => return None,
            0.0 => Self::None,
            score if score < 4.0 => Self::Low,
            score if score < 7.0 => Self::Medium,
            score if score < 9.0 => Self::High,
            _ => Self::Critical,
        })
    }
}

impl Scan {
    /// Reads the scan in a statement. What is not understood is an error, never "nothing found".
    pub(crate) fn read(statement: &Statement) -> Result<Self, String> {
        let json = statement.predicate.get();
        match statement.predicate_type.as_str() {
            COSIGN_VULN => cosign(json),
            _ => in_toto(json),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metadata {
    scan_finished_on: Option<Timestamp>,
}

fn in_toto(json: &str) -> Result<Scan, String> {
    #[derive(Deserialize)]
    struct Predicate {
        scanner: Scanner,
        metadata: Option<Metadata>,
    }
    #[derive(Deserialize)]
    struct Scanner {
        result: Vec<Entry>,
    }
    #[derive(Deserialize)]
    struct Entry {
        id: String,
        #[serde(default)]
        severity: Vec<Score>,
        #[serde(default)]
        annotations: Value,
    }
    #[derive(Deserialize)]
    struct Score {
        #[serde(default)]
        method: String,
        #[serde(default)]
        score: String,
    }
    let predicate: Predicate = serde_json::from_str(json).map_err(|error| error.to_string())?;
    // Other scores, such as EPSS, are numbers too and no severities.
    let is_cvss = |score: &Score| {
        let method = score.method.to_ascii_lowercase();
        method.contains("cvss") || method.contains("nvd")
    };
    let severity = |score: &Score| {
        let number = || score.score.parse().ok().filter(|_| is_cvss(score));
        Severity::of_word(&score.score).or_else(|| Severity::of_cvss(number()?))
    };
    let finding = |entry: Entry| Finding {
        severity: entry.severity.iter().filter_map(severity).max(),
        partly_understood: entry.severity.iter().any(|it| is_cvss(it) && severity(it).is_none()),
        package: first_purl(&entry.annotations),
        ids: vec![entry.id],
    };
    Ok(Scan {
        findings: predicate.scanner.result.into_iter().map(finding).collect(),
        finished: predicate.metadata.and_then(|metadata| metadata.scan_finished_on),
    })
}

/// Annotations are free: a value that is a package URL is the package.
fn first_purl(annotations: &Value) -> Option<String> {
    let maps = match annotations {
        Value::Array(maps) => maps.as_slice(),
        one => std::slice::from_ref(one),
    };
    let values = maps.iter().filter_map(Value::as_object).flat_map(|map| map.values());
    values.filter_map(Value::as_str).find(|text| text.starts_with("pkg:")).map(str::to_owned)
}

fn cosign(json: &str) -> Result<Scan, String> {
    #[derive(Deserialize)]
    struct Predicate {
        scanner: Option<Scanner>,
        #[serde(default)]
        scanners: Vec<Scanner>,
        metadata: Option<Metadata>,
    }
    #[derive(Deserialize)]
    struct Scanner {
        result: Value,
    }
    let predicate: Predicate = serde_json::from_str(json).map_err(|error| error.to_string())?;
    let scanners: Vec<_> = predicate.scanner.into_iter().chain(predicate.scanners).collect();
    if scanners.is_empty() {
        return Err("it has no scanner".to_owned());
    }
    let mut findings = Vec::new();
    for scanner in scanners {
        findings.extend(report(scanner.result)?);
    }
    let finished = predicate.metadata.and_then(|metadata| metadata.scan_finished_on);
    Ok(Scan { findings, finished })
}

/// The report of a scanner.
fn report(result: Value) -> Result<Vec<Finding>, String> {
    let parse_error = |error: serde_json::Error| error.to_string();
    if let Some(version) = result.get("SchemaVersion") {
        if version.as_u64() != Some(TRIVY_SCHEMA) {
            return Err(format!(
                "found Trivy's report of schema version {version}, wanted {TRIVY_SCHEMA}"
            ));
        }
        let report: Trivy = serde_json::from_value(result).map_err(parse_error)?;
        let results = report.results.unwrap_or_default().into_iter();
        let all = results.flat_map(|result| result.vulnerabilities.unwrap_or_default());
        return Ok(all.map(TrivyVulnerability::finding).collect());
    }
    if result.get("matches").is_some() {
        let report: Grype = serde_json::from_value(result).map_err(parse_error)?;
        return Ok(report.matches.into_iter().map(GrypeMatch::finding).collect());
    }
    Err("its result is neither Trivy's nor Grype's report".to_owned())
}

/// The schema of Trivy's reports since 0.20.
const TRIVY_SCHEMA: u64 = 2;

/// Trivy `pkg/types/report.go`, schema version 2.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Trivy {
    results: Option<Vec<TrivyResult>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TrivyResult {
    vulnerabilities: Option<Vec<TrivyVulnerability>>,
}

#[derive(Deserialize)]
struct TrivyVulnerability {
    #[serde(rename = "VulnerabilityID")]
    id: String,
    #[serde(rename = "PkgIdentifier")]
    package: Option<TrivyPackage>,
    #[serde(rename = "Severity")]
    severity: Option<String>,
}

#[derive(Deserialize)]
struct TrivyPackage {
    #[serde(rename = "PURL")]
    purl: Option<String>,
}

impl TrivyVulnerability {
    fn finding(self) -> Finding {
        Finding {
            ids: vec![self.id],
            severity: self.severity.as_deref().and_then(Severity::of_word),
            partly_understood: false,
            package: self.package.and_then(|package| package.purl),
        }
    }
}

/// Grype `grype/presenter/models/document.go`.
#[derive(Deserialize)]
struct Grype {
    matches: Vec<GrypeMatch>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct GrypeMatch {
    vulnerability: GrypeVulnerability,
    #[serde(default)]
    related_vulnerabilities: Vec<GrypeVulnerability>,
    artifact: GrypeArtifact,
}

#[derive(Deserialize)]
struct GrypeVulnerability {
    id: String,
    severity: Option<String>,
}

#[derive(Deserialize)]
struct GrypeArtifact {
    purl: Option<String>,
}

impl GrypeMatch {
    fn finding(self) -> Finding {
        let all = std::iter::once(self.vulnerability).chain(self.related_vulnerabilities);
        let (ids, severities): (Vec<_>, Vec<_>) = all.map(|it| (it.id, it.severity)).unzip();
        let severities = severities.iter().flatten();
        Finding {
            ids,
            severity: severities.filter_map(|word| Severity::of_word(word)).max(),
            // A source that does not know says "Unknown" beside one that does.
            partly_understood: false,
            package: self.artifact.purl.filter(|purl| !purl.is_empty()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(id: &[&str], severity: Option<Severity>, package: Option<&str>) -> Finding {
        Finding {
            ids: id.iter().map(|id| (*id).to_owned()).collect(),
            severity,
            partly_understood: false,
            package: package.map(str::to_owned),
        }
    }

    #[test]
    fn severities_are_words_or_cvss() {
        let of = |severity: &str| {
            let json =
                format!(r#"{{"scanner":{{"result":[{{"id":"x","severity":{severity}}}]}}}}"#);
            in_toto(&json).unwrap().findings[0].severity
        };
        assert_eq!(of(r#"[{"method":"nvd","score":"medium"}]"#), Some(Severity::Medium));
        assert_eq!(of(r#"[{"method":"cvss_score","score":"9.8"}]"#), Some(Severity::Critical));
        assert_eq!(of(r#"[{"method":"CVSSv3","score":"0.0"}]"#), Some(Severity::None));
        let both = r#"[{"method":"nvd","score":"LOW"},{"method":"cvss","score":"7.0"}]"#;
        assert_eq!(of(both), Some(Severity::High));
        assert_eq!(of(r#"[{"method":"epss","score":"0.9"}]"#), None);
        assert_eq!(of(r#"[{"method":"cvss","score":"11"}]"#), None);
        assert_eq!(of(r#"[{"method":"cvss","score":"CVSS:3.1/AV:N"}]"#), None);
        assert_eq!(of("[]"), None);
    }

    #[test]
    fn reports_of_scanners_are_understood() {
        let trivy = r#"{"scanner":{"result":{"SchemaVersion":2,"Results":[{"Vulnerabilities":[
            {"VulnerabilityID":"CVE-1","PkgIdentifier":{"PURL":"pkg:apk/alpine/busybox@1"},
             "Severity":"HIGH"}]},{"Target":"x"}]}},
            "metadata":{"scanFinishedOn":"2026-11-20T00:00:00Z"}}"#;
        let scan = cosign(trivy).unwrap();
        let wanted = finding(&["CVE-1"], Some(Severity::High), Some("pkg:apk/alpine/busybox@1"));
        assert_eq!(scan.findings, [wanted]);
        assert_eq!(scan.finished, Some("2026-11-20T00:00:00Z".parse().unwrap()));
        let grype = r#"{"scanners":[{"result":{"matches":[{"vulnerability":{"id":"GHSA-1",
            "severity":"Low"},"relatedVulnerabilities":[{"id":"CVE-2","severity":"Critical"}],
            "artifact":{"purl":"pkg:golang/a/b@v1"}}]}}]}"#;
        let wanted =
            finding(&["GHSA-1", "CVE-2"], Some(Severity::Critical), Some("pkg:golang/a/b@v1"));
        assert_eq!(cosign(grype).unwrap().findings, [wanted]);
    }

    #[test]
    fn what_is_not_understood_is_no_empty_result() {
        for json in ["{}", r#"{"scanner":{}}"#, r#"{"scanner":{"result":{}}}"#] {
            assert!(in_toto(json).is_err(), "{json}");
            assert!(cosign(json).is_err(), "{json}");
        }
        assert!(in_toto(r#"{"scanner":{"result":null}}"#).is_err());
        assert!(cosign(r#"{"scanner":{"result":{"Results":[]}}}"#).is_err());
        let of_tomorrow = r#"{"scanner":{"result":{"SchemaVersion":3,"Findings":[{}]}}}"#;
        let wanted = "found Trivy's report of schema version 3, wanted 2";
        assert_eq!(cosign(of_tomorrow).unwrap_err(), wanted);
    }
}
