//! Nor are its parts.

use chainsign_verify::{VerifiedCertificate, VerifiedTime};

fn main() {
    let _ = VerifiedCertificate { der: Vec::new() };
    let _ = VerifiedTime { time: jiff::Timestamp::UNIX_EPOCH };
}
