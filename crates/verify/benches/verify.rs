//! How long a verification takes, beside the floor under it: every signature that it cannot do
//! without, verified once by the same library with keys that are parsed already.
//!
//! `cargo bench -p chainsign-verify` prints microseconds (the median of many rounds, taken in turns)
//! and the ratio. *cold*: no certificate was seen before; the floor has the whole chain, which a
//! verifier that keeps the links of its root beats. *again*: the certificate was seen before, so the
//! floor is without chain and SCT, and has what cannot be kept: promise and checkpoint both.

#![allow(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark measures and prints"
)]

#[path = "../tests/it/forge/mod.rs"]
mod forge;

use std::hint::black_box;
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{self as lc, ParsedPublicKey, VerificationAlgorithm};
use chainsign_core::artifact::Artifact;
use chainsign_core::identity::IdentityMatcher;
use chainsign_core::material::SignedMaterial;
use chainsign_core::requirements::{Requirements, SignerRequirement};
use chainsign_core::trust::TrustedRoot;
use chainsign_core::verifier::BundleVerifier;
use chainsign_core::{Limits, formats};
use chainsign_verify::Verifier;
use serde_json::Value;

use forge::key::Key;
use forge::log::{Log, Verifier as LoggedBy};
use forge::{ARTIFACT, IDENTITY, ISSUER, Instance, NOW, SIGNED, Signed, time};

fn main() {
    let instance = Instance::new("example.com");
    let matcher = IdentityMatcher::exact(IDENTITY, ISSUER);
    let keyless = Requirements::keyless(SignerRequirement::Identity(vec![matcher]));
    println!("{:<34} {:>9} {:>9} {:>6}", "", "verify", "floor", "ratio");

    let floor = Floor::new(&instance);
    let v1 = |signed: &Signed| instance.bundle(signed);
    let v2 = |signed: &Signed| instance.bundle_v2(signed);
    let (chain, sct) = (floor.chain(), floor.sct());
    let (promise, stamp) = (floor.promise(), floor.stamp());
    let checkpoint_v1 = floor.checkpoint(&instance.rekor_v1);
    let checkpoint_v2 = floor.checkpoint(&instance.rekor_v2);
    let leaf = floor.leaf();

    let cold = |name: &str, bundles: Vec<Value>, signatures: &[&Signature]| {
        row(&instance, &format!("{name}, cold"), &bundles, &keyless, signatures, Cache::Forget);
    };
    let sign = |_: usize| instance.sign();
    let attest = |_: usize| instance.attest();
    let many = |sign: &dyn Fn(usize) -> Signed, bundle: &dyn Fn(&Signed) -> Value| {
        (0..BUNDLES).map(|index| bundle(&sign(index))).collect::<Vec<_>>()
    };
    let with_promise = [&leaf, &chain[0], &chain[1], &sct, &promise];
    let with_stamp = [&leaf, &chain[0], &chain[1], &sct, &checkpoint_v2, &stamp[0], &stamp[1]];
    cold("file in Rekor v1", many(&sign, &v1), &with_promise);
    cold("statement in Rekor v1", many(&attest, &v1), &with_promise);
    cold("file in Rekor v2 with timestamp", many(&sign, &v2), &with_stamp);
    cold("statement in Rekor v2 with timestamp", many(&attest, &v2), &with_stamp);

    let again = |name: &str, bundle: Value, signatures: &[&Signature]| {
        let bundles = vec![bundle; BUNDLES];
        row(&instance, &format!("{name}, again"), &bundles, &keyless, signatures, Cache::Keep);
    };
    again("file in Rekor v1", v1(&instance.sign()), &[&leaf, &promise, &checkpoint_v1]);
    again(
        "file in Rekor v2 with timestamp",
        v2(&instance.sign()),
        &[&leaf, &checkpoint_v2, &stamp[0], &stamp[1]],
    );

    let key = Key::p256();
    let logged = Requirements::logged_key(key.public());
    let signed = instance.sign_with(key, ARTIFACT);
    let spki = signed.key.spki();
    let body = signed.body_v1_by(&LoggedBy::Key(&spki));
    let entry = instance.rekor_v1.entry_v1(&body, time(SIGNED).as_second(), 4);
    let bundles = vec![signed.key_bundle(&[entry], &[]); BUNDLES];
    let signatures = [&leaf, &promise, &checkpoint_v1];
    row(&instance, "file by a key in Rekor v1", &bundles, &logged, &signatures, Cache::Keep);
}

#[derive(Clone, Copy, PartialEq)]
enum Cache {
    Keep,
    Forget,
}

/// Measures a verification of each bundle and the floor in turns, and prints the medians.
fn row(
    instance: &Instance,
    name: &str,
    bundles: &[Value],
    requirements: &Requirements,
    signatures: &[&Signature],
    cache: Cache,
) {
    let root = serde_json::to_vec(&instance.root()).unwrap();
    let root = TrustedRoot::parse(&root, &Limits::default()).unwrap();
    let materials: Vec<SignedMaterial> = bundles
        .iter()
        .map(|bundle| {
            let bundle = serde_json::to_vec(bundle).unwrap();
            formats::parse(&bundle, &Limits::default()).unwrap()
        })
        .collect();
    let now = time(NOW);
    let mut verifier = Verifier::new(&root);
    let (mut verify, mut floor) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        if cache == Cache::Forget {
            verifier = Verifier::new(&root);
        }
        verify.push(per_item(&materials, |material| {
            let artifact = Artifact::Bytes(ARTIFACT);
            black_box(verifier.verify(material, artifact, requirements, now).unwrap());
        }));
        floor.push(per_item(&materials, |_| {
            signatures.iter().for_each(|signature| signature.verify());
        }));
    }
    let (verify, floor) = (median(verify), median(floor));
    println!("{name:<34} {verify:>9.1} {floor:>9.1} {:>6.2}", verify / floor);
}

fn per_item<T>(items: &[T], mut work: impl FnMut(&T)) -> Duration {
    let start = Instant::now();
    items.iter().for_each(&mut work);
    start.elapsed() / u32::try_from(items.len()).unwrap()
}

fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1e6
}

/// One signature with its key, parsed.
struct Signature {
    key: ParsedPublicKey,
    message: Vec<u8>,
    signature: Vec<u8>,
}

impl Signature {
    /// A signature over as many bytes as the real one is over.
    fn new(key: &Key, bytes: usize) -> Self {
        let algorithm: &'static dyn VerificationAlgorithm = match key {
            Key::P256(_) => &lc::ECDSA_P256_SHA256_ASN1,
            Key::P384(_) => &lc::ECDSA_P384_SHA384_ASN1,
            Key::Ed25519(_) => &lc::ED25519,
            _ => panic!("not used here"),
        };
        let message = vec![7; bytes];
        let signature = key.sign(&message);
        let key = ParsedPublicKey::new(algorithm, key.spki()).unwrap();
        Signature { key, message, signature }
    }

    fn verify(&self) {
        self.key.verify_sig(&self.message, &self.signature).unwrap();
    }
}

/// The signatures that a verification cannot do without.
struct Floor<'a>(&'a Instance);

impl<'a> Floor<'a> {
    fn new(instance: &'a Instance) -> Self {
        Floor(instance)
    }

    fn leaf(&self) -> Signature {
        Signature::new(&Key::p256(), ARTIFACT.len())
    }

    fn chain(&self) -> [Signature; 2] {
        [
            Signature::new(&self.0.intermediate_key, 700),
            Signature::new(&self.0.root_key, self.0.intermediate.len()),
        ]
    }

    fn sct(&self) -> Signature {
        Signature::new(&self.0.ct.key, 700)
    }

    fn promise(&self) -> Signature {
        Signature::new(&self.0.rekor_v1.key, 2500)
    }

    fn checkpoint(&self, log: &Log) -> Signature {
        Signature::new(&log.key, 100)
    }

    fn stamp(&self) -> [Signature; 2] {
        [
            Signature::new(&self.0.tsa.key, 200),
            Signature::new(&self.0.tsa.root_key, self.0.tsa.leaf.len()),
        ]
    }
}

const BUNDLES: usize = 32;
const ROUNDS: usize = 31;
