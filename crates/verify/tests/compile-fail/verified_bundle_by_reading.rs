//! A verified bundle is not read from anywhere.

use chainsign_verify::VerifiedBundle;

fn main() {
    let _: VerifiedBundle = serde_json::from_str("{}").unwrap();
}
