//! Archives and images: every rule looks at every Go program inside.

use chainsign_artifact::archive::ArchiveFormat;
use chainsign_artifact::image::{ImageFacts, Platform};
use chainsign_artifact::{
    ArchiveContent, ArtifactFacts, Content, FaultKind, ImageContent, ImageInside, InnerFault,
    Inside, Program,
};
use chainsign_core::digest::ArtifactDigest;
use chainsign_policy::testing::{self, TestVerdict};
use chainsign_policy::{Outcome, Policy};
use serde_json::{Value, json};

use crate::common::elf::Elf;
use crate::common::*;

const FAIL: Outcome = Outcome::Fail;
const ERROR: Outcome = Outcome::Error;

/// The programs of the good release, by path.
fn programs() -> Vec<(&'static str, Vec<u8>)> {
    let tool = Elf::changed("path\texample.com/acme/app\n", "path\texample.com/acme/app/tool\n");
    vec![("bin/app", Elf::default().build()), ("bin/tool", tool)]
}

fn inside(programs: &[(&str, Vec<u8>)]) -> Inside {
    let mut inside = Inside::default();
    inside.files = 10;
    inside.programs = programs
        .iter()
        .map(|(path, bytes)| {
            let content = chainsign_gosbom::read(bytes, &Default::default());
            Program::new(*path, digests(bytes), content)
        })
        .collect();
    inside
}

/// Stands for the bytes of the archive.
const ARCHIVE: &[u8] = b"an archive";

fn archive(inside: Inside) -> ArtifactFacts {
    let content = Content::Archive(ArchiveContent::new(Some(ArchiveFormat::Tar), inside));
    ArtifactFacts::new("app.tar.gz", 10, digests(ARCHIVE), content)
}

/// What `chainsign sbom` says about an archive: each program with its digest and its modules.
fn sbom_of(programs: &[(&str, Vec<u8>)], modules: &[(&str, &str)]) -> Value {
    let mut sbom: Value = serde_json::from_str(&sbom_json(modules)).unwrap();
    let components = sbom["components"].as_array_mut().unwrap();
    for component in components.iter_mut() {
        component["bom-ref"] = component["purl"].clone();
    }
    let refs: Vec<_> = modules.iter().map(|(purl, _)| *purl).collect();
    let mut dependencies = Vec::new();
    for (path, bytes) in programs {
        let sha256 = ArtifactDigest::sha256(bytes).hex();
        components.push(json!({
            "type": "application", "bom-ref": path, "name": path,
            "purl": "pkg:golang/example.com/acme/app@v1.4.2",
            "hashes": [{"alg": "SHA-256", "content": sha256}],
        }));
        dependencies.push(json!({"ref": path, "dependsOn": refs}));
    }
    sbom["dependencies"] = dependencies.into();
    sbom
}

/// The baseline, with rules about programs.
fn policy(more: &str) -> Policy {
    let more = format!("go:\n  {more}\n  when: goBinary\n");
    parse(&changed("go:\n  when: goBinary\n", &more)).unwrap_or_else(|error| panic!("{error}"))
}

/// Evaluates a policy on an archive whose SBOM is the one given.
fn evaluate(policy: &Policy, facts: &ArtifactFacts, sbom: &Value) -> TestVerdict {
    let fixtures = [
        signature(ARCHIVE),
        key_signature(ARCHIVE),
        provenance(ARCHIVE, &provenance_json(COMMIT)),
        crate::common::sbom(ARCHIVE, &sbom.to_string()),
    ];
    let evidence = policy.plan(None).evidence([]);
    testing::evaluate(policy, &evidence, &fixtures, facts, at(NOW))
}

#[track_caller]
fn check(verdict: &TestVerdict, wanted: &[(&str, Outcome, &str)]) {
    let wanted: Vec<_> =
        wanted.iter().map(|(id, outcome, reason)| ((*id).to_owned(), *outcome, *reason)).collect();
    assert_eq!(causes(verdict), wanted);
}

fn message(verdict: &TestVerdict, id: &str) -> String {
    verdict.report().rule(id).unwrap().message.clone()
}

const RULES: &str = "programs: ['/bin/*']\n  listed: {sbom: sbom}";

#[test]
fn an_archive_whose_programs_are_all_as_attested_passes() {
    let programs = programs();
    let verdict =
        evaluate(&policy(RULES), &archive(inside(&programs)), &sbom_of(&programs, MODULES));
    check(&verdict, &[]);
    assert_eq!(
        message(&verdict, "go.binary"),
        "2 Go programs in the archive, all with build information"
    );
    assert_eq!(message(&verdict, "go.listed"), "sbom.cdx.json lists 2 Go programs by digest");
}

/// A fault of the archive fails every rule that looks inside; a limit leaves it open.
#[test]
fn an_archive_that_cannot_be_believed_fails_every_rule_that_looks_inside() {
    let programs = programs();
    let sbom = sbom_of(&programs, MODULES);
    for (kind, outcome, reason) in [
        (FaultKind::Malformed, FAIL, "content-not-believed"),
        (FaultKind::Limit, ERROR, "limit-reached"),
    ] {
        let mut inside = inside(&programs);
        inside.faults.push(InnerFault::new("more.tar", kind, "two files with the name \"a\""));
        let verdict = evaluate(&policy(RULES), &archive(inside), &sbom);
        check(&verdict, &[("go.binary", outcome, reason)]);
        assert_eq!(
            message(&verdict, "go.binary"),
            "the archive cannot be believed: more.tar: two files with the name \"a\""
        );
        let go = verdict.report().rules().filter(|rule| rule.id.as_str().starts_with("go."));
        let outcomes: Vec<_> = go.map(|rule| rule.outcome).collect();
        assert_eq!(outcomes, vec![outcome; outcomes.len().max(10)]);
    }
}

#[test]
fn one_program_that_may_be_go_and_cannot_be_read_blocks_all() {
    let mut inside = inside(&programs());
    inside.programs[1].content = Err(chainsign_gosbom::Error::NoBuildInfo {
        container: chainsign_gosbom::Container::Elf,
        sign: chainsign_gosbom::GoSign::FunctionTable,
    });
    let verdict = evaluate(&policy(RULES), &archive(inside), &sbom_of(&programs(), MODULES));
    check(&verdict, &[("go.binary", FAIL, "no-build-info")]);
    assert!(message(&verdict, "go.binary").starts_with("bin/tool: "));
}

#[test]
fn an_archive_without_go_is_skipped_only_when_the_policy_says_so() {
    let sbom = sbom_of(&[], MODULES);
    let facts = archive(inside(&[]));
    let verdict = evaluate(&policy(RULES), &facts, &sbom);
    check(&verdict, &[]);
    assert_eq!(verdict.report().rule("go.modules").unwrap().outcome, Outcome::Skipped);
    let yaml = changed("  when: goBinary\n", "");
    let verdict = evaluate(&parse(&yaml).unwrap(), &facts, &sbom);
    check(&verdict, &[("go.binary", FAIL, "not-go")]);
    assert_eq!(
        message(&verdict, "go.binary"),
        "found no Go program among the 10 files of the archive"
    );
}

/// A binary beside the others whose modules are all listed, and whose commit is the right one.
#[test]
fn another_binary_inside_the_archive() {
    let good = programs();
    let mut with_other = good.clone();
    with_other.push(("libexec/other", Elf::changed("GOAMD64=v1", "GOAMD64=v3")));
    let verdict = evaluate(&policy(RULES), &archive(inside(&with_other)), &sbom_of(&good, MODULES));
    check(
        &verdict,
        &[("go.programs", FAIL, "program-not-allowed"), ("go.listed", FAIL, "program-not-listed")],
    );
    assert_eq!(
        message(&verdict, "go.programs"),
        "the archive also holds the Go program libexec/other, wanted /bin/*"
    );
    // By another name of the same file, too.
    let mut linked = inside(&good);
    linked.programs[0].other_paths.push("libexec/app".to_owned());
    let verdict = evaluate(&policy(RULES), &archive(linked), &sbom_of(&good, MODULES));
    check(&verdict, &[("go.programs", FAIL, "program-not-allowed")]);
}

#[test]
fn every_program_that_is_wanted_is_there() {
    let programs = programs();
    let policy = policy("programs: [bin/app, bin/tool, bin/third]");
    let verdict = evaluate(&policy, &archive(inside(&programs)), &sbom_of(&programs, MODULES));
    check(&verdict, &[("go.programs", FAIL, "program-missing")]);
    assert_eq!(message(&verdict, "go.programs"), "the archive holds no Go program bin/third");
}

#[test]
fn rules_about_what_is_inside_fail_on_what_has_no_inside() {
    let release = Release::good();
    let yaml = changed("go:\n", &format!("go:\n  {RULES}\n"));
    let verdict = release.against(&yaml);
    check(
        &verdict,
        &[("go.programs", FAIL, "nothing-inside"), ("go.listed", FAIL, "program-not-listed")],
    );
    // Its SBOM can list the binary itself.
    let mut release = Release::good();
    let json = sbom_of(&[("app", release.binary.clone())], MODULES).to_string();
    release.fixtures[3] = crate::common::sbom(&release.binary, &json);
    let yaml = changed("go:\n", "go:\n  listed: {sbom: sbom}\n");
    check(&release.against(&yaml), &[]);
}

/// The worst program decides, and every one that fails is named.
#[test]
fn every_program_is_looked_at() {
    let mut programs = programs();
    programs[0].1 = Elf::changed("vcs.modified=false", "vcs.modified=true");
    programs[1].1 = Elf::changed("vcs.modified=false", "vcs.modified=true");
    let verdict =
        evaluate(&policy(RULES), &archive(inside(&programs)), &sbom_of(&programs, MODULES));
    check(&verdict, &[("go.settings.vcs.modified", FAIL, "value-mismatch")]);
    let rule = verdict.report().rule("go.settings.vcs.modified").unwrap();
    assert_eq!(rule.message, "bin/app: found vcs.modified=true, wanted false");
    assert_eq!(rule.evidence, ["bin/tool: found vcs.modified=true, wanted false"]);
}

#[test]
fn modules_are_held_against_each_program() {
    let all = programs();
    let quote = ("pkg:golang/rsc.io/quote@v1.5.2", MODULES[2].1);
    assert_eq!(MODULES[2], quote);
    let differs: &[_] = &[("go.modules", FAIL, "modules-differ")];

    // A module of a program is not listed at all.
    let without: Vec<_> = MODULES.iter().copied().filter(|it| *it != quote).collect();
    let yaml = changed("minComponents: 4", "minComponents: 1");
    let few = parse(&yaml).unwrap();
    check(&evaluate(&few, &archive(inside(&all)), &sbom_of(&all, &without)), differs);

    // It is listed, for the other program only.
    let mut apart = sbom_of(&all, MODULES);
    let refs: Vec<_> = without.iter().map(|(purl, _)| *purl).collect();
    apart["dependencies"][1]["dependsOn"] = json!(refs);
    let verdict = evaluate(&policy(RULES), &archive(inside(&all)), &apart);
    check(&verdict, differs);
    let message = message(&verdict, "go.modules");
    assert!(message.starts_with("bin/tool: "), "{message}");

    // The SBOM lists a module that no program has; it may where it only has to cover them.
    let mut more = MODULES.to_vec();
    more.push(("pkg:golang/example.com/more@v1.0.0", ""));
    let sbom = sbom_of(&[], &more);
    check(&evaluate(&policy("programs: '**'"), &archive(inside(&all)), &sbom), differs);
    let covers = parse(&changed("modules: {equal: sbom}", "modules: {covers: sbom}")).unwrap();
    check(&evaluate(&covers, &archive(inside(&all)), &sbom), &[]);
}

fn image(platforms: &[(&str, Inside)]) -> ImageContent {
    let id = ArtifactDigest::sha256(b"configuration");
    let images = platforms.iter().map(|(platform, inside)| {
        let platform: Platform = platform.parse().unwrap();
        let mut copy = Inside::default();
        for program in &inside.programs {
            let bytes = programs().into_iter().find(|(path, _)| *path == program.path);
            let content = chainsign_gosbom::read(&bytes.unwrap().1, &Default::default());
            copy.programs.push(Program::new(
                program.path.clone(),
                program.digests.clone(),
                content,
            ));
        }
        ImageInside::new(ImageFacts::new(id.clone(), platform), copy)
    });
    ImageContent::new(digests(ARCHIVE), images.collect())
}

/// In a file, evidence may name the file or the image in it.
#[test]
fn an_image_is_looked_into_on_every_platform() {
    let programs = programs();
    let sbom = sbom_of(&programs, MODULES);
    let content = image(&[("linux/amd64", inside(&programs)), ("linux/arm64", inside(&programs))]);
    let facts = ArtifactFacts::new("app.tar", 10, digests(b"the file"), Content::Images(content));
    let verdict = evaluate(&policy(RULES), &facts, &sbom);
    check(&verdict, &[]);
    let artifact = &verdict.report().artifact;
    assert_eq!(artifact.digests, digests(b"the file"));
    assert_eq!(artifact.image, Some(ArtifactDigest::sha256(ARCHIVE)));
    assert_eq!(
        message(&verdict, "go.binary"),
        "4 Go programs in the image, all with build information"
    );
    // Deny lists name either.
    let zero =
        "digests: ['sha256:0000000000000000000000000000000000000000000000000000000000000000']";
    for denied in [ARCHIVE, b"the file"] {
        let list = format!("digests: ['{}']", ArtifactDigest::sha256(denied));
        let verdict = evaluate(&parse(&changed(zero, &list)).unwrap(), &facts, &sbom);
        check(&verdict, &[("deny.digests", FAIL, "digest-denied")]);
    }
}

#[test]
fn an_unlisted_binary_in_the_image() {
    let good = programs();
    let content = image(&[("linux/amd64", inside(&good))]);
    let facts = ArtifactFacts::new("app", 10, digests(ARCHIVE), Content::Images(content));
    let verdict = evaluate(&policy(RULES), &facts, &sbom_of(&good[..1], MODULES));
    check(&verdict, &[("go.listed", FAIL, "program-not-listed")]);
    let message = message(&verdict, "go.listed");
    assert!(message.starts_with("sbom.cdx.json does not list bin/tool (sha256:"), "{message}");
}

/// An image of which nothing but the digest was read has no programs to find fault with: no rule that
/// looks inside passes for that.
#[test]
fn an_image_that_was_not_looked_into_is_an_error() {
    let programs = programs();
    let content = Content::Images(ImageContent::new(digests(ARCHIVE), Vec::new()));
    let facts = ArtifactFacts::new("app", 10, digests(ARCHIVE), content);
    let verdict = evaluate(&policy(RULES), &facts, &sbom_of(&programs, MODULES));
    check(&verdict, &[("go.binary", ERROR, "image-incomplete")]);
}

/// An index is evidence about images that nobody could look into.
#[test]
fn an_image_for_a_platform_that_is_not_there_is_an_error() {
    let programs = programs();
    let mut content = image(&[("linux/amd64", inside(&programs))]);
    content.fault = Some(InnerFault::new("", FaultKind::Malformed, "found 2 images, wanted one"));
    let facts = ArtifactFacts::new("app", 10, digests(ARCHIVE), Content::Images(content));
    let verdict = evaluate(&policy(RULES), &facts, &sbom_of(&programs, MODULES));
    check(&verdict, &[("go.binary", FAIL, "content-not-believed")]);

    let folder = tempfile::tempdir().unwrap();
    let facts = layout_with_absent(folder.path());
    let verdict = evaluate(&policy(RULES), &facts, &sbom_of(&programs, MODULES));
    let absent = verdict.report().rule("go.binary").unwrap();
    assert_eq!((absent.outcome, absent.reason.as_str()), (ERROR, "image-incomplete"));
    assert!(absent.message.ends_with("for linux/arm64, which is not here"), "{}", absent.message);
}

/// A layout of one empty image, and of one that is named and not there.
#[expect(clippy::disallowed_methods, reason = "the test makes a layout")]
fn layout_with_absent(folder: &std::path::Path) -> ArtifactFacts {
    let put = |bytes: &[u8]| {
        let digest = ArtifactDigest::sha256(bytes);
        let path = folder.join("blobs/sha256");
        std::fs::create_dir_all(&path).unwrap();
        std::fs::write(path.join(digest.hex()), bytes).unwrap();
        json!({"digest": digest.to_string(), "size": bytes.len()})
    };
    let document = |media_type: &str, value: Value| {
        let mut described = put(value.to_string().as_bytes());
        described["mediaType"] = media_type.into();
        described
    };
    let config = json!({
        "os": "linux", "architecture": "amd64", "config": {},
        "rootfs": {"type": "layers", "diff_ids": []},
    });
    let config = document("application/vnd.oci.image.config.v1+json", config);
    let kind = "application/vnd.oci.image.manifest.v1+json";
    let manifest = json!({"schemaVersion": 2, "mediaType": kind, "config": config, "layers": []});
    let mut here = document(kind, manifest);
    here["platform"] = json!({"os": "linux", "architecture": "amd64"});
    let absent = json!({
        "mediaType": kind, "digest": format!("sha256:{}", "0".repeat(64)), "size": 1,
        "platform": {"os": "linux", "architecture": "arm64"},
    });
    let index = "application/vnd.oci.image.index.v1+json";
    let inner = json!({"schemaVersion": 2, "mediaType": index, "manifests": [here, absent]});
    let inner = document(index, inner);
    let outer = json!({"schemaVersion": 2, "mediaType": index, "manifests": [inner]});
    std::fs::write(folder.join("index.json"), outer.to_string()).unwrap();
    std::fs::write(folder.join("oci-layout"), r#"{"imageLayoutVersion":"1.0.0"}"#).unwrap();
    let limits = chainsign_artifact::Limits::default();
    let images = chainsign_artifact::image::open(folder, &limits).unwrap().unwrap();
    let mut facts = images.facts([], &limits).unwrap();
    facts.digests = digests(ARCHIVE);
    facts
}
