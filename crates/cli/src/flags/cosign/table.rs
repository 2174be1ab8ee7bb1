//! The list itself, by what the flags are about. Read from cosign 3.1.3, `cmd/cosign/cli/options/`.

use super::Takes::{Switch, Value};
use super::Verb::{
    Attest, AttestBlob, Sign, SignBlob, Verify, VerifyAttestation, VerifyBlob,
    VerifyBlobAttestation,
};
use super::{Flag, Here, Takes, Verb};

/// cosign's flags, those it has deprecated included.
pub const FLAGS: &[Flag] = &[
    // What is written.
    better("bundle", Value, SIGN, "may be left out by sign-blob: `FILE.sigstore.json`"),
    same(
        "output-signature",
        Value,
        &[SignBlob, AttestBlob, Sign],
        "with a bundle, too, unlike cosign 3, which writes one or the other",
    ),
    same(
        "output-certificate",
        Value,
        &[SignBlob, AttestBlob, Sign],
        "sign-blob: base64 of PEM unless `--b64=false`; attest-blob: PEM. With `--key` refused: a key has none",
    ),
    same("b64", Switch, &[SignBlob], ""),
    better(
        "output",
        Value,
        &[SignBlob],
        "`text` or `json`; a name with a dot or a slash in it is cosign's file for the signature",
    ),
    same("output-attestation", Value, &[AttestBlob], ""),
    same("rfc3161-timestamp", Value, &[SignBlob], ""),
    same("rfc3161-timestamp-bundle", Value, &[AttestBlob], ""),
    same(
        "new-bundle-format",
        Switch,
        SIGN,
        "`=false` writes cosign 2's bundle, and the signature to standard output",
    ),
    // What is signed.
    same(
        "predicate",
        Value,
        &[AttestBlob, Attest],
        "its bytes are attested as they are; `-` is standard input",
    ),
    same("statement", Value, &[AttestBlob, Attest], "signed as it is"),
    better(
        "type",
        Value,
        &[AttestBlob, Attest],
        "where it is not given, the type is recognised; `custom` only when it is said",
    ),
    same("hash", Value, &[AttestBlob], ""),
    // Who signs.
    better(
        "key",
        Value,
        SIGN,
        "cosign's format, PKCS#8, SEC1, PKCS#1, `env://VARIABLE`, or `pkcs11:…` without a PIN in it; URLs and key services are refused",
    ),
    better(
        "identity-token",
        Value,
        SIGN,
        "the token, `@FILE`, `-`, or a path with a slash in it; ES256 and EdDSA tokens are not taken for file names",
    ),
    refused(
        "sk",
        Switch,
        ALL,
        &["false"],
        "PIV is not spoken here: --key takes the `pkcs11:` URI of the same key",
    ),
    refused(
        "slot",
        Value,
        ALL,
        &[],
        "PIV is not spoken here: --key takes the `pkcs11:` URI of the same key",
    ),
    refused(
        "certificate",
        Value,
        SIGN,
        &[],
        "a certificate of one's own verifies under no Sigstore's root",
    ),
    refused(
        "certificate-chain",
        Value,
        SIGN,
        &[],
        "a certificate of one's own verifies under no Sigstore's root",
    ),
    refused(
        "issue-certificate",
        Switch,
        SIGN,
        &["false"],
        "a kept key is not certified; leave out --key for an identity",
    ),
    refused(
        "signing-algorithm",
        Value,
        &[SignBlob],
        &["ecdsa-sha2-256-nistp256"],
        "ephemeral keys are of P-256; `generate-key-pair --kind` makes others to keep",
    ),
    better(
        "fulcio-auth-flow",
        Value,
        SIGN,
        "nobody is asked to log in but on a terminal, or with this flag; `token`: nobody at all. Without a browser `--oob` is there, too",
    ),
    same("oidc-issuer", Value, SIGN, "its own description must name it, to the letter"),
    same("oidc-client-id", Value, SIGN, ""),
    same("oidc-client-secret-file", Value, SIGN, ""),
    better(
        "oidc-redirect-url",
        Value,
        SIGN,
        "loopback addresses and `localhost` only; by default `127.0.0.1`, not `localhost`",
    ),
    same(
        "oidc-provider",
        Value,
        SIGN,
        "`github-actions`, `buildkite-agent`, `filesystem`, `google` or `envvar`, and `circleci`; `spiffe` is refused: give the file of its helper, `--identity-token @FILE`",
    ),
    same("oidc-disable-ambient-providers", Switch, SIGN, ""),
    same("yes", Switch, SIGN, "nothing is asked anyway"),
    // Which services take part.
    better("signing-config", Value, SIGN, "together with service URLs, too"),
    better(
        "use-signing-config",
        Switch,
        SIGN,
        "`=false` asks no timestamp authority that is not named, as cosign 2 did",
    ),
    better("tlog-upload", Switch, SIGN, "`=false` together with a signing config, too"),
    better("fulcio-url", Value, SIGN, "takes the place of the signing config's"),
    better("rekor-url", Value, SIGN, "takes the place of the signing config's"),
    better("timestamp-server-url", Value, SIGN, "takes the place of the signing config's"),
    refused("timestamp-client-cacert", Value, SIGN, &[], MUTUAL_TLS),
    refused("timestamp-client-cert", Value, SIGN, &[], MUTUAL_TLS),
    refused("timestamp-client-key", Value, SIGN, &[], MUTUAL_TLS),
    refused("timestamp-server-name", Value, SIGN, &[], MUTUAL_TLS),
    refused(
        "rekor-entry-type",
        Value,
        &[AttestBlob, Attest],
        &["dsse"],
        "the kind of the log entry is the log's: dsse, or in Rekor v2 hashedrekord",
    ),
    refused(
        "insecure-skip-verify",
        Switch,
        SIGN,
        &["false"],
        "cosign ignores it; here every fresh signature is verified before it is written",
    ),
    // Where the signature is.
    better(
        "bundle",
        Value,
        BLOB_VERIFY,
        "every format that cosign wrote; may be left out: `FILE.sigstore.json`",
    ),
    better(
        "signature",
        Value,
        BLOB_VERIFY,
        "a file, or its base64; with neither certificate nor key refused at once; URLs are not fetched",
    ),
    same("certificate", Value, BLOB_VERIFY, "PEM, or base64 of PEM"),
    better(
        "certificate-chain",
        Value,
        BLOB_VERIFY,
        "intermediates for `--certificate`; what it holds is never trusted, unlike with cosign",
    ),
    same("sct", Value, BLOB_VERIFY, ""),
    same("rfc3161-timestamp", Value, BLOB_VERIFY, ""),
    same(
        "new-bundle-format",
        Switch,
        BLOB_VERIFY,
        "`=false` takes cosign 2's bundle only; a malformed bundle is never taken for the other format",
    ),
    refused(
        "allow-certificate-chain",
        Switch,
        VERIFY,
        &["false"],
        "a bundle of version 0.3 has one certificate",
    ),
    // Who must have signed.
    better(
        "key",
        Value,
        VERIFY,
        "a file, `env://VARIABLE` or `pkcs11:…`; URLs and key services are refused",
    ),
    same("certificate-identity", Value, VERIFY, ""),
    better(
        "certificate-identity-regexp",
        Value,
        VERIFY,
        "must match all of the identity; one that matches anybody, like `.*`, is refused",
    ),
    same("certificate-oidc-issuer", Value, VERIFY, ""),
    better(
        "certificate-oidc-issuer-regexp",
        Value,
        VERIFY,
        "must match all of the issuer; one that matches anybody is refused",
    ),
    same("certificate-github-workflow-trigger", Value, VERIFY, ""),
    same("certificate-github-workflow-sha", Value, VERIFY, ""),
    same("certificate-github-workflow-name", Value, VERIFY, ""),
    same("certificate-github-workflow-repository", Value, VERIFY, ""),
    same("certificate-github-workflow-ref", Value, VERIFY, ""),
    // What it must be about.
    better(
        "type",
        Value,
        &[VerifyBlobAttestation, VerifyAttestation],
        "the bundle's own type must be this one; default `custom`",
    ),
    same("digest", Value, &[VerifyBlobAttestation], ""),
    same("digestAlg", Value, &[VerifyBlobAttestation], ""),
    refused(
        "check-claims",
        Switch,
        &[VerifyBlobAttestation, Verify, VerifyAttestation],
        &["true"],
        "a statement about something else proves nothing about this file",
    ),
    // Under what.
    same("trusted-root", Value, ALL, ""),
    refused("ca-roots", Value, VERIFY, &[], TRUSTED_ROOT),
    refused("ca-intermediates", Value, VERIFY, &[], TRUSTED_ROOT),
    refused("timestamp-certificate-chain", Value, VERIFY, &[], TRUSTED_ROOT),
    refused(
        "rekor-url",
        Value,
        VERIFY,
        &[],
        "no log is asked: the entry is in the bundle, or in the file of --rekor-entry",
    ),
    better("offline", Switch, VERIFY, "no socket is opened, for the trusted root neither"),
    // How strictly.
    better(
        "use-signed-timestamps",
        Switch,
        VERIFY,
        "required besides what else is, for bundles of both formats",
    ),
    better(
        "insecure-ignore-tlog",
        Switch,
        VERIFY,
        "warns, and is in the report; not from the environment",
    ),
    better(
        "insecure-ignore-sct",
        Switch,
        VERIFY,
        "warns, and is in the report; not from the environment",
    ),
    better("private-infrastructure", Switch, VERIFY, "is `--insecure-ignore-tlog`"),
    refused(
        "signature-digest-algorithm",
        Value,
        VERIFY,
        &["sha256", "sha384", "sha512"],
        "the key says which digests it signs, and SHA-224 is none of them",
    ),
    refused("experimental-oci11", Switch, BLOB_VERIFY, &["false"], "these verbs know no registry"),
    always("max-workers", Value, BLOB_VERIFY, "one bundle needs one worker"),
    // Images in registries.
    same("annotations", Value, &[Sign, Verify], "repeatable; each is one `KEY=VALUE`"),
    same("recursive", Switch, &[Sign], ""),
    same("upload", Switch, &[Sign], "`=false` needs a file to write"),
    same("output-payload", Value, &[Sign], ""),
    same("sign-container-identity", Value, &[Sign], "for cosign's older form; one name"),
    refused(
        "registry-referrers-mode",
        Value,
        &[Sign],
        &["legacy", "oci-1-1"],
        "--format says in which form signatures are stored",
    ),
    same(
        "no-upload",
        Switch,
        &[Attest],
        "the envelope goes to standard output, or the bundle to --bundle",
    ),
    better("replace", Switch, &[Attest], "older ones go once the new one is stored"),
    refused(
        "record-creation-timestamp",
        Switch,
        &[Sign, Attest],
        &["false"],
        "the log and the timestamp authority say when, and can be believed",
    ),
    refused("attachment", Value, &[Sign, Verify], &[], "an SBOM is attested, with `attest`"),
    refused("payload", Value, &[Sign], &[], "what is signed is made here; sign-blob signs files"),
    refused("payload", Value, &[Verify], &[], WITH_SIGNATURES),
    refused("signature", Value, &[Verify], &[], WITH_SIGNATURES),
    refused("certificate", Value, IMAGE_VERIFY, &[], WITH_SIGNATURES),
    refused("certificate-chain", Value, IMAGE_VERIFY, &[], TRUSTED_ROOT),
    refused("sct", Value, IMAGE_VERIFY, &[], WITH_SIGNATURES),
    always("new-bundle-format", Switch, IMAGE_VERIFY, "signatures in every form are found"),
    always("experimental-oci11", Switch, IMAGE_VERIFY, "referrers are asked for"),
    always("max-workers", Value, IMAGE_VERIFY, "all processors work, without being told"),
    refused(
        "local-image",
        Switch,
        IMAGE_VERIFY,
        &["false"],
        "`verify` takes the folder with an OCI layout in the image's place",
    ),
    better(
        "output",
        Value,
        IMAGE_VERIFY,
        "`json` is chainsign's own document, with every check (docs/schema); cosign's array is not printed",
    ),
    refused(
        "policy",
        Value,
        &[VerifyAttestation],
        &[],
        "CUE and Rego are not evaluated: `chainsign verify --policy` takes chainsign's own",
    ),
    same("allow-http-registry", Switch, IMAGES, "loopback addresses need none"),
    better(
        "allow-insecure-registry",
        Switch,
        IMAGES,
        "warns, and is in the report of `verify`; not from the environment",
    ),
    same("attachment-tag-prefix", Value, IMAGES, ""),
    refused(
        "k8s-keychain",
        Switch,
        IMAGES,
        &["false"],
        "log in with docker login or podman login, or a credential helper",
    ),
    same("registry-username", Value, IMAGES, "for images of one registry"),
    better("registry-password", Value, IMAGES, "the text, `@FILE` or `-`"),
    better("registry-token", Value, IMAGES, "the text, `@FILE` or `-`"),
    same("registry-cacert", Value, IMAGES, ""),
    same("registry-client-cert", Value, IMAGES, ""),
    same("registry-client-key", Value, IMAGES, ""),
    same("registry-server-name", Value, IMAGES, ""),
    // Of all verbs.
    better(
        "timeout",
        Value,
        SIGN,
        "of many files anew for each; what was not signed is named; 0 is none",
    ),
    better("timeout", Value, IMAGE_VERIFY, "anew for each step with a registry; 0 is none"),
    refused(
        "timeout",
        Value,
        BLOB_VERIFY,
        &["3m", "3m0s"],
        "only a TUF repository is waited for, two minutes at most; --offline waits for nothing",
    ),
    refused_with(
        'd',
        "verbose",
        Switch,
        ALL,
        &["false"],
        "there is no debug log; `--output json` says what was checked",
    ),
    refused("output-file", Value, ALL, &[], "redirect standard output"),
];

const ALL: &[Verb] = &Verb::ALL;
const SIGN: &[Verb] = &[SignBlob, AttestBlob, Sign, Attest];
const VERIFY: &[Verb] = &[VerifyBlob, VerifyBlobAttestation, Verify, VerifyAttestation];
const BLOB_VERIFY: &[Verb] = &[VerifyBlob, VerifyBlobAttestation];
const IMAGE_VERIFY: &[Verb] = &[Verify, VerifyAttestation];
const IMAGES: &[Verb] = &[Sign, Attest, Verify, VerifyAttestation];

const WITH_SIGNATURES: &str = "signatures of images are in registries, with their certificates: \
                               `attach signature` stores one that was made elsewhere";

const MUTUAL_TLS: &str =
    "timestamp authorities that ask for certificates of their clients are not built";
const TRUSTED_ROOT: &str =
    "certificates are trusted by --trusted-root alone, where each has its validity";

const fn same(
    name: &'static str,
    takes: Takes,
    verbs: &'static [Verb],
    note: &'static str,
) -> Flag {
    Flag { name, short: None, takes, verbs, here: Here::Same, note }
}

const fn better(
    name: &'static str,
    takes: Takes,
    verbs: &'static [Verb],
    note: &'static str,
) -> Flag {
    Flag { name, short: None, takes, verbs, here: Here::Better, note }
}

const fn always(
    name: &'static str,
    takes: Takes,
    verbs: &'static [Verb],
    note: &'static str,
) -> Flag {
    Flag { name, short: None, takes, verbs, here: Here::Always, note }
}

const fn refused(
    name: &'static str,
    takes: Takes,
    verbs: &'static [Verb],
    but: &'static [&'static str],
    note: &'static str,
) -> Flag {
    Flag { name, short: None, takes, verbs, here: Here::Refused { but }, note }
}

const fn refused_with(
    short: char,
    name: &'static str,
    takes: Takes,
    verbs: &'static [Verb],
    but: &'static [&'static str],
    note: &'static str,
) -> Flag {
    Flag { short: Some(short), ..refused(name, takes, verbs, but, note) }
}
