//! Whatever comes in: no panic, bounded work, and one answer.

use std::sync::LazyLock;

use chainsign_core::artifact::Artifact;
use chainsign_core::material::{Credential, SignedContent, SignedMaterial};
use chainsign_core::verifier::BundleVerifier;
use chainsign_core::{Limits, formats};
use chainsign_verify::{Refusal, VerifiedBundle, Verifier};
use proptest::prelude::*;

use crate::forge::{ARTIFACT, Instance, NOW, time};
use crate::formats::{keyless, parse, verifier};

struct Good {
    verifier: Verifier,
    material: SignedMaterial,
    document: Vec<u8>,
}

/// A bundle with everything in it.
static GOOD: LazyLock<Good> = LazyLock::new(|| {
    let instance = Instance::new("example.com");
    let signed = instance.sign();
    let entries = [instance.entry_v1(&signed), instance.entry_v2(&signed)];
    let bundle = signed.bundle(crate::forge::V0_3, &entries, &[instance.stamp(&signed)]);
    Good {
        verifier: verifier(&instance.root()),
        material: parse(&bundle),
        document: serde_json::to_vec(&bundle).unwrap(),
    }
});

fn verify(material: &SignedMaterial) -> Result<VerifiedBundle, Refusal> {
    GOOD.verifier.verify(material, Artifact::Bytes(ARTIFACT), &keyless(), time(NOW))
}

/// The places with bytes in the material, each of which some check covers.
fn bytes_of(material: &mut SignedMaterial) -> Vec<&mut Vec<u8>> {
    let mut places = Vec::new();
    let SignedMaterial { content, credential, log_entries, timestamps, .. } = material;
    if let SignedContent::Message { signature, .. } = content {
        places.push(signature);
    }
    if let Credential::Certificate { leaf, .. } = credential {
        places.push(leaf);
    }
    for entry in log_entries {
        places.push(&mut entry.canonicalized_body);
        places.extend(entry.signed_entry_timestamp.as_mut());
    }
    places.extend(timestamps);
    places
}

/// The last of the places.
const TIMESTAMP: usize = 5;

/// Every byte of every place, with each of its bits turned and with all of them.
#[test]
fn a_changed_byte_is_refused() {
    let good = &*GOOD;
    let mut material = good.material.clone();
    let mut accepted = Vec::new();
    for place in 0..bytes_of(&mut material).len() {
        for at in 0..bytes_of(&mut material)[place].len() {
            for flip in [1, 2, 4, 8, 16, 32, 64, 128, 255] {
                bytes_of(&mut material)[place][at] ^= flip;
                if verify(&material).is_ok() {
                    accepted.push((place, at, flip));
                }
                bytes_of(&mut material)[place][at] ^= flip;
            }
        }
    }
    // The status may be 0, granted, or 1, granted with modifications (RFC 3161 section 2.4.2).
    assert_eq!(good.material.timestamps[0][4..9], [0x30, 3, 2, 1, 0]);
    assert_eq!(accepted, [(TIMESTAMP, 8, 1)], "(place, byte, changed bits)");
}

/// Every place, cut at every byte and with every byte more.
#[test]
fn other_lengths_are_refused() {
    let mut material = GOOD.material.clone();
    let mut accepted = Vec::new();
    for place in 0..bytes_of(&mut material).len() {
        let whole = bytes_of(&mut material)[place].clone();
        let cut = (0..whole.len()).map(|length| whole[..length].to_vec());
        let longer = (0..=255).map(|byte| [whole.as_slice(), &[byte]].concat());
        for bytes in cut.chain(longer) {
            let length = bytes.len();
            *bytes_of(&mut material)[place] = bytes;
            if verify(&material).is_ok() {
                accepted.push((place, length));
            }
        }
        *bytes_of(&mut material)[place] = whole;
    }
    assert_eq!(accepted, [], "(place, length)");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// A document with bytes changed is refused or read; nothing panics.
    #[test]
    fn documents_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
        let good = &*GOOD;
        let mut document = good.document.clone();
        for (at, byte) in changes {
            let at = at.index(document.len());
            document[at] = byte;
        }
        if let Ok(material) = formats::parse(&document, &Limits::default()) {
            let _ = verify(&material);
        }
    }

    /// Bytes that are no certificate, body or token.
    #[test]
    fn garbage_is_refused(place in 0..6_usize, garbage in prop::collection::vec(any::<u8>(), 0..300)) {
        let good = &*GOOD;
        let mut material = good.material.clone();
        let mut places = bytes_of(&mut material);
        let place = place % places.len();
        *places[place] = garbage;
        let verified = verify(&material);
        prop_assert!(verified.is_err(), "place {place}");
    }
}
