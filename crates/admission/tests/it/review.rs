//! Admission reviews as an API server sends them, and the responses.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use base64::Engine as _;
use chainsign_admission::review::{self, Decision, Review, Webhook};
use chainsign_admission::{Error, Options};
use chainsign_core::digest::ArtifactDigest;

/// Each recorded review with its responses. What is decided on an image is in its name: `deny`, `undecided`,
/// `warn`, `forgotten`, `moved`, else it is allowed.
#[test]
fn recorded_reviews_are_answered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/reviews");
    let mut names: Vec<_> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|it| it.unwrap().file_name().into_string().unwrap().replace(".json", ""))
        .collect();
    names.sort();
    assert!(names.len() >= 36, "found only {}", names.len());
    for name in names {
        let bytes = std::fs::read(folder.join(format!("{name}.json"))).unwrap();
        let review = read(&bytes).unwrap();
        insta::assert_snapshot!(format!("review-{name}"), answers(&review));
    }
}

/// A custom resource of a configured kind is decided on, and an update that changes nothing but its scale is not.
#[test]
fn configured_kinds_are_reviewed() {
    let mut options = Options::default();
    options.image_paths.push("argoproj.io/Rollout=spec.template.spec".parse().unwrap());
    let create = include_bytes!("../../testdata/reviews/rollout-create.json");
    let review = review::read(create, &options).unwrap();
    insta::assert_snapshot!("configured-create", answers(&review));
    let update = include_bytes!("../../testdata/reviews/rollout-update.json");
    let review = review::read(update, &options).unwrap();
    // The number is in the spec of a kind of which no more is known: it is looked at.
    assert_eq!(review.images().len(), 1);
}

/// Of a kind of which no more is known than where its images are, not everything that matters is in its spec.
#[test]
fn an_update_of_a_custom_resource_hides_nothing_outside_of_its_spec() {
    let update = |before: serde_json::Value, after: serde_json::Value| {
        let object = |mut it: serde_json::Value| {
            it["apiVersion"] = "x.example/v1".into();
            it["kind"] = "App".into();
            it
        };
        serde_json::json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
            "uid": "1", "operation": "UPDATE",
            "kind": {"group": "x.example", "version": "v1", "kind": "App"},
            "object": object(after), "oldObject": object(before)}})
        .to_string()
    };
    let labelled = |team: &str| serde_json::json!({"labels": {"team": team}});
    let containers = serde_json::json!([{"name": "a", "image": "acme/a"}]);
    let mut options = Options::default();
    for path in ["template.image", "metadata.annotations['x/proxy']", "spec.image"] {
        options.image_paths.push(format!("x.example/App={path}").parse().unwrap());
    }
    let cases = [
        (
            "another image outside of the spec",
            serde_json::json!({"spec": {}, "template": {"image": "acme/a"}}),
            serde_json::json!({"spec": {}, "template": {"image": "acme/b"}}),
            "decide on acme/b",
        ),
        (
            "an image where there was none, and no spec",
            serde_json::json!({}),
            serde_json::json!({"template": {"image": "acme/b"}}),
            "decide on acme/b",
        ),
        (
            "an image in an annotation",
            serde_json::json!({"spec": {"image": "acme/a"}}),
            serde_json::json!({"spec": {"image": "acme/a"}, "metadata": {"annotations": {"x/proxy": "acme/b"}}}),
            "decide on acme/b, acme/a",
        ),
        (
            "containers outside of the spec",
            serde_json::json!({"spec": {"replicas": 1}}),
            serde_json::json!({"spec": {"replicas": 1}, "template": {"containers": containers}}),
            "unread template.containers",
        ),
        (
            "other labels, by which policies are chosen",
            serde_json::json!({"spec": {"image": "acme/a"}, "metadata": labelled("one")}),
            serde_json::json!({"spec": {"image": "acme/a"}, "metadata": labelled("two")}),
            "decide on acme/a",
        ),
        (
            "an annotation that names no image",
            serde_json::json!({"spec": {"image": "acme/a"}, "metadata": labelled("one")}),
            serde_json::json!({"spec": {"image": "acme/a"}, "metadata": {"labels": {"team": "one"}, "annotations": {"a": "b"}}}),
            "the update starts nothing that did not run before",
        ),
        (
            "a status",
            serde_json::json!({"spec": {"image": "acme/a"}}),
            serde_json::json!({"spec": {"image": "acme/a"}, "status": {"ready": true}}),
            "the update starts nothing that did not run before",
        ),
    ];
    let mut faults = Vec::new();
    for (name, before, after, wanted) in cases {
        let review = review::read(update(before, after).as_bytes(), &options).unwrap();
        let images: Vec<_> = review.images().iter().map(|it| it.written.as_str()).collect();
        let found = match (review.not_looked_at(), review.unread()) {
            (Some(reason), _) => reason.to_string(),
            (None, []) => format!("decide on {}", images.join(", ")),
            (None, unread) => format!("unread {}", unread[0].place.path),
        };
        if found != wanted {
            faults.push(format!("{name}: found {found}, wanted {wanted}"));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn what_cannot_be_answered_is_an_error() {
    let mut faults = Vec::new();
    let mut check = |text: &str, wanted: &str| match read(text.as_bytes()) {
        Ok(review) => faults.push(format!("{text}: accepted: {}", answers(&review))),
        Err(error) if error.to_string() == wanted => {}
        Err(error) => faults.push(format!("{text}: found {error}\n  wanted {wanted}")),
    };
    let request = |operation: &str| {
        format!(
            r#"{{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{{"uid":"1","kind":{{"version":"v1","kind":"Pod"}},"operation":"{operation}"}}}}"#
        )
    };
    let version = "wanted admission.k8s.io/v1 AdmissionReview";
    check("{}", &format!("not an admission review: found  , {version}"));
    check(
        r#"{"apiVersion":"admission.k8s.io/v1beta1","kind":"AdmissionReview"}"#,
        &format!(
            "not an admission review: found admission.k8s.io/v1beta1 AdmissionReview, {version}"
        ),
    );
    check(
        r#"{"apiVersion":"v1","kind":"Pod"}"#,
        &format!("not an admission review: found v1 Pod, {version}"),
    );
    check(
        r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","response":{}}"#,
        "not an admission review: found a review without request, wanted the request of an API server",
    );
    check(
        &request("CREATE").replace(r#""uid":"1""#, r#""uid":"""#),
        "not an admission review: found a request without uid, wanted the request of an API server",
    );
    check(
        &request("CREATE").replace(r#""uid":"1","#, ""),
        "the review: JSON is not valid: missing field `uid` (line 1, column 59)",
    );
    check(
        &request("CREATE").replace(r#""uid":"1""#, r#""uid":"1","uid":"2""#),
        "the review: JSON has the key \"uid\" twice in one object (line 1, column 87)",
    );
    check(
        "[]",
        "the review: JSON is not valid: invalid type: sequence, expected struct Document (line 1, column 0)",
    );
    check("", "the review: JSON is not valid: it is empty (line 1, column 0)");
    assert!(faults.is_empty(), "{}", faults.join("\n"));

    // With a UID there is an answer, whatever is wrong.
    for (operation, wanted) in [
        (
            "PATCH",
            "could not be found out: not an admission review: found the operation PATCH, wanted CREATE, UPDATE, DELETE or CONNECT",
        ),
        ("CREATE", "could not be found out: the review of a CREATE has no object"),
    ] {
        let review = read(request(operation).as_bytes()).unwrap();
        let response = review.respond(&BTreeMap::new(), Webhook::Validating);
        assert_eq!(response.code(), Some(500));
        let response = serde_json::to_value(response).unwrap();
        assert_eq!(response["response"]["status"]["message"], wanted);
    }
}

/// What the API server would refuse or cut is bounded here.
#[test]
fn responses_stay_within_the_bounds_of_the_api_server() {
    let containers: Vec<_> = (0..200)
        .map(|n| serde_json::json!({"name": "a", "image": format!("ghcr.io/acme/{n}:v1")}))
        .collect();
    let object =
        serde_json::json!({"apiVersion": "v1", "kind": "Pod", "spec": {"containers": containers}});
    let review = serde_json::json!({"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": "1", "kind": {"version": "v1", "kind": "Pod"}, "operation": "CREATE", "object": object}});
    let review = read(review.to_string().as_bytes()).unwrap();
    assert_eq!(review.images().len(), 200);
    let each = |decision: &dyn Fn(&str) -> Decision| {
        let decisions =
            review.images().iter().map(|it| (it.written.clone(), decision(&it.written)));
        let response =
            review.respond(&decisions.collect(), Webhook::Validating).with_policy("a\nb");
        serde_json::to_value(response).unwrap()["response"].clone()
    };
    let long = format!("evil\n\u{1b}[31m{}", "x".repeat(5000));
    let warned = each(&|_| Decision::Warn { digest: None, messages: vec![long.clone()] });
    let warnings: Vec<_> =
        warned["warnings"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert!(warnings.iter().all(|it| it.chars().count() <= 256 && !it.contains(char::is_control)));
    assert!(warnings.iter().map(|it| it.chars().count()).sum::<usize>() <= 4096);
    assert_eq!(warnings.last(), Some(&"185 more warnings"));
    assert_eq!(
        warned["auditAnnotations"],
        serde_json::json!({"policy": "a b", "verdict": "warned"})
    );

    let denied = each(&|_| Decision::Deny { message: long.clone() });
    let message = denied["status"]["message"].as_str().unwrap();
    assert!(message.len() < 4300 && message.ends_with("; 199 more"), "{message}");

    let allowed = each(&|it| Decision::Allow { digest: ArtifactDigest::sha256(it.as_bytes()) });
    let annotations = allowed["auditAnnotations"].as_object().unwrap();
    assert!(
        annotations
            .iter()
            .all(|(key, value)| !key.contains('/') && value.as_str().unwrap().len() <= 4096 + 16)
    );
    assert_eq!(allowed.get("patch"), None);
}

fn read(bytes: &[u8]) -> Result<Review, Error> {
    review::read(bytes, &Options::default())
}

/// What is asked, and the response of a mutating webhook; of a validating one only what differs.
/// With its keys in order: whether serde_json keeps them as they came depends on what else is built.
fn sorted(value: &serde_json::Value) -> serde_json::Value {
    match value {
        serde_json::Value::Object(members) => {
            let members: BTreeMap<_, _> = members.iter().collect();
            members.into_iter().map(|(key, value)| (key.clone(), sorted(value))).collect()
        }
        serde_json::Value::Array(items) => items.iter().map(sorted).collect(),
        other => other.clone(),
    }
}

fn answers(review: &Review) -> String {
    let mut text = format!("{} {}/{}\n", review.kind(), review.namespace(), review.name());
    for image in review.images() {
        writeln!(text, "decide on {}: {} = {}", image.place, image.role, image.written).unwrap();
    }
    let decide = |written: &str| match written {
        it if it.contains("deny") => Decision::Deny { message: "not signed by acme".to_owned() },
        it if it.contains("undecided") => {
            Decision::Undecided { message: "the registry did not answer".to_owned() }
        }
        it if it.contains("warn") => Decision::Warn {
            digest: Some(ArtifactDigest::sha256(it.as_bytes())),
            messages: vec!["policy acme is in warn mode: not signed".to_owned()],
        },
        it => Decision::Allow {
            digest: match it.split_once("side@") {
                Some((_, digest)) => digest.parse().unwrap(),
                None => ArtifactDigest::sha256(it.as_bytes()),
            },
        },
    };
    let decided = review.images().iter().filter(|it| !it.written.contains("forgotten"));
    let decisions = decided.map(|it| (it.written.clone(), decide(&it.written))).collect();
    let [mutating, validating] = [Webhook::Mutating, Webhook::Validating].map(|webhook| {
        let response = review.respond(&decisions, webhook).with_policy("acme");
        assert_eq!(response.is_allowed(), response.code().is_none());
        let mut response = serde_json::to_value(&response).unwrap();
        if let Some(patch) = response["response"]["patch"].as_str() {
            let patch = base64::engine::general_purpose::STANDARD.decode(patch).unwrap();
            response["response"]["patch"] = serde_json::from_slice(&patch).unwrap();
        }
        response
    });
    let pretty = |value: &serde_json::Value| serde_json::to_string_pretty(&sorted(value)).unwrap();
    writeln!(text, "{}", pretty(&mutating)).unwrap();
    assert_eq!(validating["response"].get("patch"), None);
    if validating["response"].get("warnings") != mutating["response"].get("warnings") {
        writeln!(text, "validating: {}", pretty(&validating["response"]["warnings"])).unwrap();
    }
    text
}
