//! How many requests it takes to have all signatures of an image, and how many of them one after the
//! other: every answer is late by the same time, which is then all that counts.

#![expect(clippy::print_stdout, reason = "it prints what it measures")]

use std::error::Error;
use std::time::{Duration, Instant};

use chainsign_core::image::ImageReference;
use chainsign_registry::{Options, Registry, ToAttach, Wanted};
use chainsign_sandbox::{Misbehaviour, ReferrersApi, Sandbox, Service};
use jiff::Timestamp;
use reqwest::header::CONTENT_TYPE;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    println!("{:<12} {:<8} {:>8} {:>8}", "referrers", "by", "requests", "rounds");
    for referrers in [ReferrersApi::Offered, ReferrersApi::Absent] {
        let options = chainsign_sandbox::Options { referrers, ..Default::default() };
        let sandbox = Sandbox::start(options).await?;
        let registry = Registry::new(Options::default())?;
        let by_tag = signed(&sandbox, &registry).await?;
        let by_digest = registry.resolve(&by_tag).await?.reference().clone();
        let service = Service::Registry;
        sandbox.misbehave([Misbehaviour::Slow { service, delay: DELAY }]);
        for (by, reference) in [("tag", &by_tag), ("digest", &by_digest)] {
            let before = registry.traffic().requests;
            let started = Instant::now();
            registry.resolve_attached(reference, Wanted::Signatures).await?;
            let rounds = started.elapsed().as_secs_f64() / DELAY.as_secs_f64();
            let requests = registry.traffic().requests - before;
            let referrers = format!("{referrers:?}");
            println!("{referrers:<12} {by:<8} {requests:>8} {rounds:>8.2}");
        }
    }
    Ok(())
}

/// An image with three bundles and two of cosign's signatures.
async fn signed(sandbox: &Sandbox, registry: &Registry) -> Result<ImageReference, Box<dyn Error>> {
    let index = br#"{"schemaVersion":2,"manifests":[]}"#;
    let url = format!("{}/v2/app/manifests/v1", sandbox.url());
    let put = reqwest::Client::new().put(url).header(CONTENT_TYPE, INDEX).body(index.to_vec());
    put.send().await?.error_for_status()?;
    let host = sandbox.url().trim_start_matches("http://");
    let reference = format!("{host}/app:v1").parse()?;
    let image = registry.resolve(&reference).await?;
    for number in 0..3 {
        let bundle = ToAttach::Bundle {
            bytes: format!("{{\"number\":{number}}}").into_bytes(),
            media_type: "application/vnd.dev.sigstore.bundle.v0.3+json".to_owned(),
            predicate_type: None,
            created: Timestamp::UNIX_EPOCH,
        };
        registry.attach(&image, &bundle).await?;
    }
    for number in 0..2 {
        let payload = number.to_string().into_bytes();
        let signature = ToAttach::SimpleSigning { payload, annotations: Default::default() };
        registry.attach(&image, &signature).await?;
    }
    Ok(reference)
}

const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Longer than everything else takes.
const DELAY: Duration = Duration::from_millis(200);
