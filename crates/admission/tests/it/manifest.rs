//! What is found in manifests, what is refused, and what pinning changes.

use std::collections::BTreeMap;

use chainsign_admission::manifest::{self, Manifest};
use chainsign_admission::{Error, Options, Uneditable, UnknownKinds, Use};
use chainsign_core::digest::ArtifactDigest;
use proptest::prelude::*;

const KINDS: &str = include_str!("../../testdata/manifests/kinds.yaml");
const CRLF: &str = include_str!("../../testdata/manifests/crlf.yaml");
const JSON: &str = include_str!("../../testdata/manifests/pods.json");

#[test]
fn every_kind_gives_its_images() {
    insta::assert_snapshot!("kinds", table(&read(KINDS).unwrap()));
    insta::assert_snapshot!("json", table(&read(JSON).unwrap()));
    insta::assert_snapshot!("crlf", table(&read(CRLF).unwrap()));
}

#[test]
fn labels_and_namespaces_are_those_of_the_pods() {
    let manifest = read(KINDS).unwrap();
    let labels = |name: &str| {
        let of = |image: &&Use| image.workload.as_ref().is_some_and(|it| it.name == name);
        let workload = manifest.images().iter().find(of).unwrap().workload.clone().unwrap();
        (workload.namespace, workload.labels.into_iter().collect::<Vec<_>>())
    };
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    assert_eq!(
        labels("one"),
        (Some("shop".to_owned()), vec![pair("app", "one"), pair("tier", "front")])
    );
    assert_eq!(labels("web"), (None, vec![pair("app", "web")]));
    assert_eq!(labels("cron"), (None, vec![pair("run", "nightly")]));
}

#[test]
fn aliases_and_merge_keys_are_followed() {
    let text = "\
kind: Pod
apiVersion: v1
x: &base {image: acme/base, name: base}
spec:
  containers:
  - <<: *base
  - <<: *base
    name: own
    image: acme/own
  - &again {name: c, image: acme/c}
  initContainers: [*again]
";
    let manifest = read(text).unwrap();
    let found: Vec<_> =
        manifest.images().iter().map(|it| (it.role.to_string(), &*it.written)).collect();
    let wanted = [
        ("init container c", "acme/c"),
        ("container base", "acme/base"),
        ("container own", "acme/own"),
        ("container c", "acme/c"),
    ];
    assert_eq!(found, wanted.map(|(role, image)| (role.to_owned(), image)));
    let refused = |name: &str| {
        let only = manifest.images().iter().filter(|it| it.written != name);
        let only: BTreeMap<_, _> = only.map(|it| (it.written.clone(), digest(9))).collect();
        let mut all = only.clone();
        all.insert(name.to_owned(), digest(1));
        manifest.pin(&all)
    };
    assert!(matches!(
        refused("acme/c"),
        Err(Error::NotEditable { reason: Uneditable::Shared, .. })
    ));
}

/// What readers of YAML disagree on, what Kubernetes would not take, and what is too much.
#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    let deep = format!("kind: Pod\napiVersion: v1\nx: {}{}\n", "[".repeat(65), "]".repeat(65));
    let chain: String = (0..80).map(|n| format!("a{}: &a{} [*a{n}]\n", n + 1, n + 1)).collect();
    let chain = format!("kind: Pod\napiVersion: v1\na0: &a0 []\n{chain}");
    let laughs: String = (0..9)
        .map(|n| format!("  l{}: &l{} [{}]\n", n + 1, n + 1, vec![format!("*l{n}"); 10].join(",")))
        .collect();
    let laughs =
        format!("kind: Laughs\napiVersion: x.example/v1\nspec:\n  l0: &l0 {{a: b}}\n{laughs}");
    let mut faults = Vec::new();
    let mut check = |name: &str, text: &str, wanted: &str| match read(text) {
        Ok(manifest) => faults.push(format!("{name}: accepted\n{}", table(&manifest))),
        Err(error) if error.to_string() == wanted => {}
        Err(error) => faults.push(format!("{name}: found {error}\n  wanted {wanted}")),
    };
    check(
        "line separator",
        "kind: Pod # a\u{2028}spec: {}\n",
        "f.yaml:1: found the character U+2028, on which readers of YAML disagree, wanted none",
    );
    check(
        "next line",
        "kind: Pod\n# a\u{85}spec: {}\n",
        "f.yaml:2: found the character U+0085, on which readers of YAML disagree, wanted none",
    );
    check(
        "nul",
        "kind: Pod\0\n",
        "f.yaml:1: found the character U+0000, on which readers of YAML disagree, wanted none",
    );
    check(
        "key twice",
        "kind: Pod\napiVersion: v1\nspec: {}\nspec: {}\n",
        "f.yaml:4: the key \"spec\" is there twice",
    );
    check(
        "key twice, quoted",
        "kind: Pod\napiVersion: v1\n\"kind\": List\n",
        "f.yaml:3: the key \"kind\" is there twice",
    );
    check(
        "merge after its key",
        "kind: Pod\napiVersion: v1\nx: &x {image: b}\nspec: {image: a, <<: *x}\n",
        "f.yaml:4: the merge key (<<) brings the key \"image\" a second time, after it was written: put the merge key first",
    );
    check(
        "merge twice",
        "kind: Pod\napiVersion: v1\nx: &x {image: b}\nspec: {<<: *x, <<: *x}\n",
        "f.yaml:4: the key \"<<\" is there twice",
    );
    check(
        "merge of a text",
        "kind: Pod\napiVersion: v1\n<<: x\n",
        "f.yaml:3: not acceptable YAML: found a merge key (<<) without a mapping, wanted one or a list of them",
    );
    check(
        "binary",
        "kind: Pod\napiVersion: v1\nspec: {containers: [{image: !!binary bmdpbng=}]}\n",
        "f.yaml:3: found the tag !!binary, wanted none or one of YAML's core schema",
    );
    check(
        "directive",
        "%TAG ! tag:x,2000:\n---\nkind: Pod\n",
        "f.yaml:1: not acceptable YAML: YAML directives are disallowed",
    );
    check(
        "anchor on a key",
        "&a kind: Pod\napiVersion: v1\n",
        "f.yaml:1: not acceptable YAML: found an anchor on a key, wanted none",
    );
    check(
        "key of a mapping",
        "? {a: b}\n: c\n",
        "f.yaml:1: not acceptable YAML: found a list, mapping or alias as a key, wanted a text",
    );
    check(
        "alias of itself",
        "kind: Pod\napiVersion: v1\nx: &x [*x]\n",
        "f.yaml:3: not acceptable YAML: found an alias inside of what it stands for, wanted none",
    );
    check(
        "no alias",
        "kind: *pod\n",
        "f.yaml:1: not acceptable YAML: while parsing node, found unknown anchor",
    );
    check("deep", &deep, "f.yaml:3: not acceptable YAML: recursion limit exceeded");
    check("deep by aliases", &chain, "nesting of mappings and lists: found 65, wanted at most 64");
    check("billion laughs", &laughs, "values of a document: found 500001, wanted at most 500000");
    check(
        "no object",
        "- a\n",
        "f.yaml:1: found a list, wanted a Kubernetes object with apiVersion and kind",
    );
    check(
        "no kind",
        "apiVersion: v1\nspec: {}\n",
        "f.yaml:1: found a mapping, wanted a Kubernetes object with apiVersion and kind",
    );
    check(
        "text",
        "hello\n",
        "f.yaml:1: found a text, wanted a Kubernetes object with apiVersion and kind",
    );
    check(
        "containers",
        "kind: Pod\napiVersion: v1\nspec:\n  containers: {image: a}\n",
        "f.yaml:4: spec.containers is a mapping, wanted a list",
    );
    check(
        "container",
        "kind: Pod\napiVersion: v1\nspec:\n  containers:\n  - a\n",
        "f.yaml:5: spec.containers[0] is a text, wanted a mapping",
    );
    check(
        "volume",
        "kind: Pod\napiVersion: v1\nspec: {volumes: [{image: a}]}\n",
        "f.yaml:3: spec.volumes[0].image is a text, wanted a mapping",
    );
    check(
        "json",
        "{\"kind\": \"Pod\",\n \"kind\": \"Pod\"}",
        "f.yaml: JSON has the key \"kind\" twice in one object (line 2, column 7)",
    );
    check(
        "two of json",
        "{} {}",
        "f.yaml: JSON is not valid: trailing characters (line 1, column 4)",
    );
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let error = manifest::read(b"a: \xff", "f.yaml", &Options::default()).unwrap_err();
    assert_eq!(error, Error::NotUtf8 { file: "f.yaml".to_owned(), at: 3 });
}

#[test]
fn a_place_that_names_no_image_is_reported() {
    let text = "\
kind: Pod
apiVersion: v1
spec:
  containers:
  - {name: a, image: auto}
  - {name: b, image: ''}
  - {name: c}
  - {name: d, image: 'x/{{ .Values.image }}:v1'}
  - {name: e, image: '${IMAGE}'}
  - {name: f, image: 1.25}
  - {name: g, image: a b}
  - {name: h, image: [a]}
  - {name: i, image: ghcr.io/acme/i}
---
kind: Rollout
apiVersion: argoproj.io/v1
spec: {template: {spec: {containers: [{name: a, image: acme/a}]}}, other: {image: acme/b}}
";
    insta::assert_snapshot!("unread", table(&read(text).unwrap()));
    let mut options = Options::default();
    options.unknown_kinds = UnknownKinds::LeaveOut;
    let manifest = manifest::read(text.as_bytes(), "f.yaml", &options).unwrap();
    assert_eq!(manifest.unread().len(), 8);
    let mut options = Options::default();
    options.image_paths.push("argoproj.io/Rollout=spec.template.spec".parse().unwrap());
    options.image_paths.push("argoproj.io/Rollout=spec.other.image".parse().unwrap());
    let manifest = manifest::read(text.as_bytes(), "f.yaml", &options).unwrap();
    assert_eq!(manifest.unread().len(), 8, "{}", table(&manifest));
    assert_eq!(manifest.images().len(), 3, "{}", table(&manifest));
}

/// What a path leads to is looked at, and what stands beside it is not taken for that.
#[test]
fn a_configured_pod_spec_hides_nothing_that_stands_in_it() {
    let text = "\
kind: App
apiVersion: x.example/v1
spec:
  proxy: {image: acme/a}
  template:
    spec: {containers: [{name: b, image: acme/b}], volumes: [{name: v, rbd: {image: block}}]}
";
    let found = |path: &str| {
        let mut options = Options::default();
        options.image_paths.push(format!("x.example/App={path}").parse().unwrap());
        let manifest = manifest::read(text.as_bytes(), "f.yaml", &options).unwrap();
        let images = manifest.images().iter().map(|it| it.written.clone());
        let unread = manifest.unread().iter().map(|it| format!("unread {}", it.place.path));
        images.chain(unread).collect::<Vec<_>>().join(", ")
    };
    let mut faults = Vec::new();
    for (path, wanted) in [
        ("spec.template.spec", "acme/b, unread spec.proxy.image"),
        // Too high, as is easily written.
        ("spec.template", "unread spec.proxy.image, unread spec.template.spec.containers"),
        ("spec", "unread spec.proxy.image, unread spec.template.spec.containers"),
        ("spec.proxy.image", "acme/a, unread spec.template.spec.containers"),
    ] {
        if found(path) != wanted {
            faults.push(format!("{path}: found {}, wanted {wanted}", found(path)));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Ten thousand images are found in a moment, too: an API server waits ten seconds at most.
#[test]
fn the_work_is_in_proportion_to_the_file() {
    let steps = "{\"image\":\"a\",\"x\":{\"y\":1}},".repeat(9_999);
    let text = format!(
        r#"{{"apiVersion":"x.example/v1","kind":"App","spec":{{"steps":[{steps}{{"image":"a"}}]}}}}"#
    );
    let mut options = Options::default();
    options.image_paths.push("x.example/App=spec.steps[*].image".parse().unwrap());
    let started = std::time::Instant::now();
    let manifest = manifest::read(text.as_bytes(), "f.yaml", &options).unwrap();
    assert_eq!((manifest.images().len(), manifest.unread().len()), (10_000, 0));
    assert!(started.elapsed().as_secs() < 10, "took {:?}", started.elapsed());
}

/// In kinds that are not known, and of groups that are not Kubernetes' own.
#[test]
fn what_looks_like_an_image_is_reported() {
    let mut faults = Vec::new();
    for (spec, wanted) in [
        ("image: acme/a", "spec.image"),
        ("sidecarImage: acme/a", "spec.sidecarImage"),
        ("image: {repository: acme/a, tag: v1}", "spec.image"),
        ("agent: {baseImage: {repository: acme/a}}", "spec.agent.baseImage"),
        ("steps: [{image: acme/a}]", "spec.steps[0].image"),
        ("image: ''", ""),
        ("image: {pullPolicy: Always}", ""),
        ("imagePullPolicy: Always", ""),
        ("useImage: true", ""),
    ] {
        let text = format!("kind: App\napiVersion: x.example/v1\nspec: {{{spec}}}\n");
        let manifest = read(&text).unwrap();
        let found: Vec<_> = manifest.unread().iter().map(|it| it.place.path.as_str()).collect();
        if found.join(", ") != wanted {
            faults.push(format!("{spec}: found {found:?}, wanted {wanted}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn image_paths_are_read_strictly() {
    for text in [
        "argoproj.io/Rollout=spec.template.spec",
        "Pod=metadata.annotations['a.b/c']",
        "x/T=a[*]['b.c'][*].d-e",
    ] {
        assert_eq!(text.parse::<chainsign_admission::ImagePath>().unwrap().to_string(), text);
    }
    for (text, reason) in [
        ("Rollout", "it has no ="),
        ("/Rollout=a", "its group is none (the version of the group is left out)"),
        ("a/v1/Rollout=a", "its group is none (the version of the group is left out)"),
        ("a/=a", "it names no kind"),
        ("a/B=", "its path is empty"),
        ("a/B=.a", "two steps are not separated by a full stop"),
        ("a/B=a..b", "a key is empty, or has to be written as ['key']"),
        ("a/B=a[*]b", "two steps are not separated by a full stop"),
        ("a/B=a[0]", "two steps are not separated by a full stop"),
        ("a/B=a['b", "a [' has no ']"),
    ] {
        let wanted = Error::ImagePath { found: text.to_owned(), reason };
        assert_eq!(text.parse::<chainsign_admission::ImagePath>(), Err(wanted), "{text}");
    }
}

#[test]
fn pinning_changes_references_and_nothing_else() {
    for text in [KINDS, CRLF, JSON] {
        let manifest = read(text).unwrap();
        let digests = digests(&manifest);
        let pinned = manifest.pin(&digests).unwrap();
        let pinned = String::from_utf8(pinned).unwrap();

        // Without the digests it is the same, byte for byte.
        let mut without = pinned.clone();
        for digest in digests.values() {
            without = without.replace(&format!("@{digest}"), "");
        }
        let before =
            digests.values().fold(text.to_owned(), |it, d| it.replace(&format!("@{d}"), ""));
        assert_eq!(without, before);

        let again = read(&pinned).unwrap();
        for (old, new) in manifest.images().iter().zip(again.images()) {
            assert_eq!(new.image.digest.as_ref(), Some(&digests[&old.written]));
            assert_eq!((&new.image.name, &new.image.tag), (&old.image.name, &old.image.tag));
            assert_eq!((&new.place, &new.role), (&old.place, &old.role));
        }
        assert_eq!(again.images().len(), manifest.images().len());
        assert_eq!(again.pin(&BTreeMap::new()).unwrap(), pinned.as_bytes(), "pinned twice");
    }
}

#[test]
fn what_cannot_be_pinned_says_why() {
    let at = |line: usize, path: &str| format!("f.yaml:{line} {path}");
    let pod = |image: &str| {
        format!("kind: Pod\napiVersion: v1\nspec:\n  containers:\n  - image: {image}\n")
    };
    let path = "spec.containers[0].image";
    let mut faults = Vec::new();
    let mut check = |text: &str, wanted: String| {
        let manifest = read(text).unwrap();
        match manifest.pin(&BTreeMap::from([("acme/a:v1".to_owned(), digest(1))])) {
            Err(error) if error.to_string() == wanted => {}
            other => faults.push(format!("{text}: found {other:?}, wanted {wanted}")),
        }
    };
    let written = "cannot be pinned in place: it is written with escapes or over several lines, write it plainly on one";
    check(&pod("\"acme\\u002fa:v1\""), format!("{}: acme/a:v1 {written}", at(5, path)));
    check(&pod(">-\n      acme/a:v1"), format!("{}: acme/a:v1 {written}", at(6, path)));
    check(&pod("acme/b"), format!("{}: no digest is known for acme/b", at(5, path)));
    let other = format!("acme/a:v1@{}", digest(2));
    let manifest = read(&pod(&other)).unwrap();
    let error = manifest.pin(&BTreeMap::from([(other.clone(), digest(1))])).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}: {other} is to be pinned to {}, which is another digest",
            at(5, path),
            digest(1)
        )
    );
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// However a pod is written, pinning puts the digest where another reader of YAML finds it.
    #[test]
    fn pinning_means_the_same_to_another_reader(
        images in proptest::collection::vec(("[a-z]{1,8}(/[a-z0-9]{1,8})?(:[a-z0-9][a-z0-9.]{0,5})?", 0..5_usize, "[ ]{0,3}", "( #[^\n\r\u{85}\u{2028}\u{2029}\0]{0,9})?"), 1..5),
        indent in 0..4_usize,
        crlf in any::<bool>(),
    ) {
        let pad = " ".repeat(indent);
        let mut text = "kind: Pod\napiVersion: v1\nspec:\n  containers:\n".to_owned();
        for (image, style, spaces, comment) in &images {
            prop_assume!(image != "auto" && !comment.contains(|c: char| c.is_control()));
            let quoted = match style {
                0 => format!("'{image}'"),
                1 => format!("\"{image}\""),
                2 => format!("!!str {image}"),
                _ => image.clone(),
            };
            prop_assume!(*style < 3 || image.contains(|c: char| "ghkqvwz".contains(c)));
            text += &match style {
                4 => format!("  {pad}- {{name: a, image: {quoted}{spaces}}}{comment}\n"),
                _ => format!("  {pad}- name: a\n  {pad}  image: {quoted}{spaces}{comment}\n"),
            };
        }
        if crlf {
            text = text.replace('\n', "\r\n");
        }
        let manifest = read(&text).unwrap();
        prop_assert_eq!(manifest.images().len(), images.len());
        let pinned = manifest.pin(&digests(&manifest)).unwrap();
        let mut wanted: serde_json::Value = serde_saphyr::from_str(&text).unwrap();
        for container in wanted["spec"]["containers"].as_array_mut().unwrap() {
            let image = container["image"].as_str().unwrap().to_owned();
            container["image"] = format!("{image}@{}", digests(&manifest)[&image]).into();
        }
        let found: serde_json::Value = serde_saphyr::from_slice(&pinned).unwrap();
        prop_assert_eq!(found, wanted);
    }
}

fn read(text: &str) -> Result<Manifest, Error> {
    manifest::read(text.as_bytes(), "f.yaml", &Options::default())
}

fn digest(n: u8) -> ArtifactDigest {
    ArtifactDigest::sha256(&[n])
}

/// A digest for every reference: its own where it has one.
fn digests(manifest: &Manifest) -> BTreeMap<String, ArtifactDigest> {
    let digest = |image: &Use| {
        let made = ArtifactDigest::sha256(image.written.as_bytes());
        (image.written.clone(), image.image.digest.clone().unwrap_or(made))
    };
    manifest.images().iter().map(digest).collect()
}

fn table(manifest: &Manifest) -> String {
    let mut lines = Vec::new();
    for image in manifest.images() {
        let workload = image.workload.as_ref().unwrap();
        let namespace = workload.namespace.as_deref().unwrap_or("-");
        lines.push(format!(
            "{} [document {}] | {} {namespace}/{} | {} | {} = {}",
            image.place,
            image.place.document,
            workload.kind,
            workload.name,
            image.role,
            image.written,
            image.image
        ));
    }
    lines.extend(manifest.unread().iter().map(|unread| format!("unread: {unread}")));
    lines.join("\n")
}
