//! What is found in Dockerfiles, what is refused, and what pinning changes.

use std::collections::BTreeMap;

use chainsign_admission::dockerfile::{self, Dockerfile, Options};
use chainsign_admission::{Error, Uneditable};
use chainsign_core::digest::ArtifactDigest;

const EVERYTHING: &str = include_str!("../../testdata/dockerfiles/everything");
const CONTINUED: &str = include_str!("../../testdata/dockerfiles/continued");

#[test]
fn every_image_that_a_build_takes_is_found() {
    insta::assert_snapshot!("dockerfile", table(&read(EVERYTHING).unwrap()));
    insta::assert_snapshot!("dockerfile-continued", table(&read(CONTINUED).unwrap()));
}

#[test]
fn pinning_changes_references_and_nothing_else() {
    let file = read(EVERYTHING).unwrap();
    let pinned = file.pin(&digests(&file));
    // An ONBUILD runs in another file.
    assert!(matches!(pinned, Err(Error::NotEditable { reason: Uneditable::NotVerbatim, .. })));
    let text = EVERYTHING.replace("ONBUILD COPY", "# ONBUILD COPY");
    let file = read(&text).unwrap();
    let pinned = file.pin(&digests(&file)).unwrap();
    let pinned = String::from_utf8(pinned).unwrap();
    let mut without = pinned.clone();
    for digest in digests(&file).values() {
        without = without.replace(&format!("@{digest}"), "");
    }
    assert_eq!(without, text);
    insta::assert_snapshot!("dockerfile-pinned", &pinned);
    let again = read(&pinned).unwrap();
    assert_eq!(again.images().len(), file.images().len());
    assert!(again.images().iter().all(|image| image.image.digest.is_some()));
    assert_eq!(again.pin(&BTreeMap::new()).unwrap(), pinned.as_bytes());
    let file = read(CONTINUED).unwrap();
    assert!(matches!(
        file.pin(&digests(&file)),
        Err(Error::NotEditable { reason: Uneditable::NotVerbatim, .. })
    ));
}

/// Which words are images, and which are stages.
#[test]
fn stages_are_not_images() {
    let mut faults = Vec::new();
    let mut check = |text: &str, wanted: &[&str]| {
        let found = match read(text) {
            Ok(file) => {
                let images = file.images().iter().map(|it| it.written.clone());
                images
                    .chain(file.unread().iter().map(|it| format!("? {}: {}", it.found, it.reason)))
                    .collect()
            }
            Err(error) => vec![error.to_string()],
        };
        if found != wanted {
            faults.push(format!("{text}: found {found:#?}\n  wanted {wanted:#?}"));
        }
    };
    // A name is a stage below it only (cosign #4961 verified stages).
    check("FROM a AS b\nFROM b AS c\nFROM C\nFROM d AS a\n", &["a", "d"]);
    check("FROM a AS a\nFROM a\n", &["a"]);
    check("FROM a\nFROM 0\n", &["a", "0"]);
    check("FROM a\nCOPY --from=0 / /\n", &["a", "? 0: wanted the number of an earlier stage"]);
    check(
        "FROM a\nFROM b\nCOPY --from=0 / /\nCOPY --from=-1 / /\n",
        &["a", "b", "? -1: wanted the number of an earlier stage"],
    );
    let later = "which is a stage that comes later to some builders and an image to others, wanted an earlier stage";
    check("FROM a\nCOPY --from=c / /\nFROM b AS c\n", &["a", "b", &format!("? c: {later}")]);
    check("FROM scratch\nCOPY --from=scratch / /\n", &[]);
    // BuildKit looks for the source of a mount by name only.
    check(
        "FROM a AS x\nFROM b\nRUN --mount=from=x,target=/x --mount=target=/y,from=0 true\n",
        &["a", "b", "0"],
    );
    check(
        "FROM a\nRUN --mount=\"type=bind,from=b\" true\n",
        &["a", "? b\": wanted an image reference such as ghcr.io/acme/app:v1"],
    );
    let expanded =
        "in which no variable is put in, wanted an image, or a stage made FROM the variable";
    check(
        "ARG X=b\nFROM a\nCOPY --from=$X / /\nRUN --mount=from=${X} true\n",
        &["a", &format!("? $X: {expanded}"), &format!("? ${{X}}: {expanded}")],
    );
    let on_build = "which is a stage or an image of whoever builds on this, wanted an image with its registry, tag or digest";
    check(
        "FROM a\nONBUILD COPY --from=b / /\nONBUILD RUN --mount=from=c:1 true\n",
        &["a", "c:1", &format!("? b: {on_build}")],
    );
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn variables_are_put_in_as_far_as_they_are_known() {
    let mut options = Options::default();
    options.build_args.extend(
        [("GIVEN", "v9"), ("TARGETARCH", "arm64"), ("NOTDECLARED", "x")]
            .map(|(k, v)| (k.to_owned(), v.to_owned())),
    );
    let head = "ARG GIVEN=v1\nARG SET=v2 EMPTY= QUOTED=\"a b\" ESCAPED=a\\ b\nARG OF=x$SET\nARG UNSET\nARG BAD=${BUILDOS}\nARG LATER=one\nARG LATER\n";
    let mut faults = Vec::new();
    let mut check = |word: &str, wanted: &str| {
        let text = format!("{head}FROM {word}\n");
        let file = dockerfile::read(text.as_bytes(), "Dockerfile", &options).unwrap();
        let found = match (file.images(), file.unread()) {
            ([image], []) => image.written.clone(),
            ([], [unread]) => format!("? {}", unread.reason),
            other => format!("{other:?}"),
        };
        if found != wanted {
            faults.push(format!("{word}: found {found}, wanted {wanted}"));
        }
    };
    let no_value = |name: &str| format!("? in which the variable {name} has no value, wanted one");
    let substitution = "? wanted $NAME, ${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:+other} or ${NAME+other}";
    check("a:$GIVEN", "a:v9");
    check("a:${SET}", "a:v2");
    check("a:$OF", "a:xv2");
    check("a:b$EMPTY", "a:b");
    check("\"a:$SET\"", "a:v2");
    check("'a':v1", "a:v1");
    check("a\\:v1", "a:v1");
    check("'a:$SET'", "? wanted an image reference such as ghcr.io/acme/app:v1");
    check("a:${UNSET:-d}", "a:d");
    check("a:${UNSET-d}", "a:d");
    check("a:b${UNSET:+d}", "a:b");
    check("a:b${UNSET+d}", "a:b");
    check("a:${EMPTY:-d}", "a:d");
    check("a:b${EMPTY-d}", "a:b");
    check("a:b${EMPTY:+d}", "a:b");
    check("a:b${EMPTY+d}", "a:bd");
    check("a:${SET:-d}", "a:v2");
    check("a:b${SET:+d}", "a:bd");
    check("a:$TARGETARCH", "a:arm64");
    check("a:${BUILDOS:-linux}", &no_value("BUILDOS"));
    check("a:$BAD", &no_value("BUILDOS"));
    check("a:$UNSET", &no_value("UNSET"));
    check("a:${LATER}", &no_value("LATER"));
    check("a:$NOTDECLARED", &no_value("NOTDECLARED"));
    check("a:${SET%2}", substitution);
    check("a:${SET:?x}", substitution);
    check("a:${SET", substitution);
    check("a:$1", substitution);
    check("a:$", substitution);
    check("a:\"$SET", substitution);
    check("a:${UNSET:-$SET}", substitution);
    check(
        "{{base}}",
        "? which something replaces later, wanted the image: read what comes out of the template",
    );
    check("Repo/a", "Repo/a");
    check("a/B", "? wanted an image reference such as ghcr.io/acme/app:v1");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// cosign #4979: a malformed file is an error with a line, and no panic.
#[test]
fn what_is_no_dockerfile_says_where() {
    let mut faults = Vec::new();
    let mut check = |text: &str, wanted: &str| match read(text) {
        Ok(file) => faults.push(format!("{text:?}: accepted: {}", table(&file))),
        Err(error) if error.to_string() == wanted => {}
        Err(error) => faults.push(format!("{text:?}: found {error}\n  wanted {wanted}")),
    };
    check("", "Dockerfile: not a Dockerfile: expected at least one FROM instruction");
    check("# nothing\n", "Dockerfile: not a Dockerfile: expected at least one FROM instruction");
    check(
        "FROM\n",
        "Dockerfile:1: not a Dockerfile: FROM instruction requires at least one argument",
    );
    check("RUN true\n", "Dockerfile:1: not a Dockerfile: expected FROM");
    check("FROM a\n\nBUILD b\n", "Dockerfile:3: not a Dockerfile: unknown instruction 'BUILD'");
    check("FROM a AS\n", "Dockerfile:1: not a Dockerfile: expected AS");
    check("FROM a AS b\nFROM c AS b\n", "Dockerfile:2: not a Dockerfile: duplicate stage name 'b'");
    check(
        "FROM a AS b\nFROM c AS B\n",
        "Dockerfile:2: not a Dockerfile: found a stage's name a second time (case says nothing)",
    );
    check(
        "FROM a AS 1b\n",
        "Dockerfile:1: not a Dockerfile: found a stage's name with other characters than letters, digits, -, _ and ., or that starts with none of the former",
    );
    check(
        "ARG =x\nFROM a\n",
        "Dockerfile:1: not a Dockerfile: found an ARG without a name, wanted NAME or NAME=default",
    );
    check(
        "#!/usr/bin/docker\n# syntax=evil/frontend\nFROM a\n",
        "Dockerfile:1: not a Dockerfile: found a first line with #!, wanted directives or instructions",
    );
    check(
        "FROM a\nRUN <<EOF\nx\n",
        "Dockerfile:3: not a Dockerfile: expected end of here-document (EOF), but reached eof",
    );
    let long = "FROM a\n".repeat(150_000);
    check(&long, "bytes of a file: found 1050000, wanted at most 1048576");
    let many = "FROM a\n".repeat(10_001);
    check(&many, "images of a file: found 10001, wanted at most 10000");
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

fn read(text: &str) -> Result<Dockerfile, Error> {
    dockerfile::read(text.as_bytes(), "Dockerfile", &Options::default())
}

fn digests(file: &Dockerfile) -> BTreeMap<String, ArtifactDigest> {
    let digest = |it: &str| (it.to_owned(), ArtifactDigest::sha256(it.as_bytes()));
    file.images().iter().map(|it| digest(&it.written)).collect()
}

fn table(file: &Dockerfile) -> String {
    let images = file
        .images()
        .iter()
        .map(|it| format!("{} | {} | {} = {}", it.place, it.role, it.written, it.image));
    let unread = file.unread().iter().map(|it| format!("unread: {it}"));
    images.chain(unread).collect::<Vec<_>>().join("\n")
}
