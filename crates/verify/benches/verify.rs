//! How long a verification takes, beside the floor under it: every signature that it cannot do
//! without, verified once by the same library with keys that are parsed already.
//!
//! `cargo bench -p chainsign-verify` prints microseconds and the ratio. All rows are measured in turns, and
//! what is printed is what the quickest tenth took at most: the others were disturbed. *cold*: no certificate
//! was seen before; the floor has the whole chain, which a verifier that keeps the links of its root beats.
//! *again*: the certificate was seen before, so the floor is without chain and SCT, and has what cannot be
//! kept: promise and checkpoint both.

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
    let floor = Floor::new(&instance);
    let v1 = |signed: &Signed| instance.bundle(signed);
    let v2 = |signed: &Signed| instance.bundle_v2(signed);
    let (chain, sct) = (floor.chain(), floor.sct());
    let (promise, stamp) = (floor.promise(), floor.stamp());
    let checkpoint_v1 = floor.checkpoint(&instance.rekor_v1);
    let checkpoint_v2 = floor.checkpoint(&instance.rekor_v2);
    let leaf = floor.leaf();

    let sign = || instance.sign();
    let attest = || instance.attest();
    let with_promise = [&leaf, &chain[0], &chain[1], &sct, &promise];
    let with_stamp = [&leaf, &chain[0], &chain[1], &sct, &checkpoint_v2, &stamp[0], &stamp[1]];
    let cold = |name, sign: &dyn Fn() -> Signed, bundle: &dyn Fn(&Signed) -> Value, floor| {
        let bundles: Vec<_> = (0..BUNDLES).map(|_| bundle(&sign())).collect();
        Row::new(name, &bundles, &keyless, floor, Cache::Forget)
    };
    let again = |name, bundle: Value, requirements, floor| {
        Row::new(name, &vec![bundle; BUNDLES], requirements, floor, Cache::Keep)
    };
    let key = Key::p256();
    let logged = Requirements::logged_key(key.public());
    let by_key = by_key(&instance, key);
    let seen_v1 = [&leaf, &promise, &checkpoint_v1];
    let seen_v2 = [&leaf, &checkpoint_v2, &stamp[0], &stamp[1]];
    let mut rows = [
        cold("file in Rekor v1, cold", &sign, &v1, &with_promise),
        cold("statement in Rekor v1, cold", &attest, &v1, &with_promise),
        cold("file in Rekor v2 with timestamp, cold", &sign, &v2, &with_stamp),
        cold("statement in Rekor v2 with timestamp, cold", &attest, &v2, &with_stamp),
        again("file in Rekor v1, again", v1(&sign()), &keyless, &seen_v1),
        again("file in Rekor v2 with timestamp, again", v2(&sign()), &keyless, &seen_v2),
        again("file by a key in Rekor v1", by_key, &logged, &seen_v1),
    ];

    let root = serde_json::to_vec(&instance.root()).unwrap();
    let root = TrustedRoot::parse(&root, &Limits::default()).unwrap();
    let kept = Verifier::new(&root);
    for _ in 0..TURNS {
        for row in &mut rows {
            for _ in 0..ROUNDS {
                match row.cache {
                    Cache::Keep => row.measure(&kept),
                    Cache::Forget => row.measure(&Verifier::new(&root)),
                }
            }
        }
    }
    println!("{:<42} {:>9} {:>9} {:>6}", "", "verify", "floor", "ratio");
    for Row { name, times, .. } in rows {
        let [verify, floor] = times.map(quickest);
        println!("{name:<42} {verify:>9.1} {floor:>9.1} {:>6.2}", verify / floor);
    }
}

fn by_key(instance: &Instance, key: Key) -> Value {
    let signed = instance.sign_with(key, ARTIFACT);
    let spki = signed.key.spki();
    let body = signed.body_v1_by(&LoggedBy::Key(&spki));
    let entry = instance.rekor_v1.entry_v1(&body, time(SIGNED).as_second(), 4);
    signed.key_bundle(&[entry], &[])
}

#[derive(Clone, Copy, PartialEq)]
enum Cache {
    Keep,
    Forget,
}

/// What is verified, and how long it has taken, beside its floor.
struct Row<'a> {
    name: &'static str,
    materials: Vec<SignedMaterial>,
    requirements: &'a Requirements,
    floor: &'a [&'a Signature],
    cache: Cache,
    times: [Vec<Duration>; 2],
}

impl<'a> Row<'a> {
    fn new(
        name: &'static str,
        bundles: &[Value],
        requirements: &'a Requirements,
        floor: &'a [&'a Signature],
        cache: Cache,
    ) -> Self {
        let parse = |bundle: &Value| {
            let bundle = serde_json::to_vec(bundle).unwrap();
            formats::parse(&bundle, &Limits::default()).unwrap()
        };
        let materials = bundles.iter().map(parse).collect();
        Row { name, materials, requirements, floor, cache, times: Default::default() }
    }

    /// A verification of each bundle, and the floor as often.
    fn measure(&mut self, verifier: &Verifier) {
        let now = time(NOW);
        let [verify, floor] = &mut self.times;
        verify.extend(self.materials.iter().map(|material| {
            took(|| {
                let artifact = Artifact::Bytes(ARTIFACT);
                black_box(verifier.verify(material, artifact, self.requirements, now).unwrap());
            })
        }));
        floor.extend(
            self.materials
                .iter()
                .map(|_| took(|| self.floor.iter().for_each(|signature| signature.verify()))),
        );
    }
}

fn took(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// What the quickest tenth took at most, in microseconds.
fn quickest(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 10].as_secs_f64() * 1e6
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
/// Of each row.
const ROUNDS: usize = 10;
const TURNS: usize = 10;
