//! Whatever comes in: no panic, bounded work, and one answer.

use std::sync::LazyLock;

use chainsign_core::artifact::Artifact;
use chainsign_core::material::{Credential, SignedContent, SignedMaterial};
use chainsign_core::verifier::BundleVerifier;
use chainsign_core::{Limits, formats};
use chainsign_verify::Verifier;
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

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    /// One changed byte anywhere is refused.
    #[test]
    fn a_changed_byte_is_refused(place in 0..6_usize, at in any::<prop::sample::Index>(), flip in 1..=255_u8) {
        let good = &*GOOD;
        let mut material = good.material.clone();
        let mut places = bytes_of(&mut material);
        let place = place % places.len();
        let bytes = &mut *places[place];
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        let verified = good.verifier.verify(&material, Artifact::Bytes(ARTIFACT), &keyless(), time(NOW));
        // the status of a timestamp may also be 1: granted with modifications
        let is_status = place == 5 && good.material.timestamps[0][at] == 0 && flip == 1;
        prop_assert!(verified.is_err() || is_status, "byte {at} of place {place}");
    }

    /// A cut or a longer piece is refused.
    #[test]
    fn other_lengths_are_refused(place in 0..6_usize, at in any::<prop::sample::Index>(), more in prop::collection::vec(any::<u8>(), 0..4)) {
        let good = &*GOOD;
        let mut material = good.material.clone();
        let mut places = bytes_of(&mut material);
        let place = place % places.len();
        let bytes = &mut *places[place];
        if more.is_empty() {
            bytes.truncate(at.index(bytes.len()));
        } else {
            bytes.extend(more);
        }
        let verified = good.verifier.verify(&material, Artifact::Bytes(ARTIFACT), &keyless(), time(NOW));
        prop_assert!(verified.is_err(), "place {place}");
    }

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
            let _ = good.verifier.verify(&material, Artifact::Bytes(ARTIFACT), &keyless(), time(NOW));
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
        let verified = good.verifier.verify(&material, Artifact::Bytes(ARTIFACT), &keyless(), time(NOW));
        prop_assert!(verified.is_err(), "place {place}");
    }
}
