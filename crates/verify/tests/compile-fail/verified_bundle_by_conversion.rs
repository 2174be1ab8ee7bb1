//! Material does not become verified by conversion.

use chainsign_core::material::SignedMaterial;
use chainsign_verify::VerifiedBundle;

fn convert(material: SignedMaterial) -> VerifiedBundle {
    material.into()
}

fn main() {
    let _ = convert;
}
