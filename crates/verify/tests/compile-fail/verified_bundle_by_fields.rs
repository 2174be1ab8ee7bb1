//! The fields of a verified bundle are private.

use chainsign_verify::VerifiedBundle;

fn change(mut verified: VerifiedBundle) -> VerifiedBundle {
    verified.times = Vec::new();
    VerifiedBundle { ..verified }
}

fn main() {
    let _ = change;
}
