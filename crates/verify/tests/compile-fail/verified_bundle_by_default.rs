//! There is no verified bundle of nothing.

use chainsign_verify::VerifiedBundle;

fn main() {
    let _: VerifiedBundle = Default::default();
}
