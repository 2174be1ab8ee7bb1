//! The trust config: services.md sections 0 and 8.

use chainsign_core::Limits;
use chainsign_core::key::KeyAlgorithm;
use chainsign_core::trust::ClientTrustConfig;
use chainsign_sandbox::{OfferedLogs, Options, Sandbox};

use crate::client::{NOW, at_fixed_time, sha256, start, trust_config};

#[tokio::test]
async fn the_trust_config_lists_what_the_sandbox_runs() {
    let sandbox = start().await;
    let config = ClientTrustConfig::parse(sandbox.trust_config(), &Limits::default()).unwrap();
    let root = config.trusted_root;
    assert_eq!(root.disabled, []);
    let url = sandbox.url();
    let hour = |hours: i64| jiff::Timestamp::from_second(NOW - hours * 3600).unwrap();

    let logs: Vec<_> = root.tlogs.iter().chain(&root.ctlogs).collect();
    let urls: Vec<_> = logs.iter().map(|log| log.base_url.as_str()).collect();
    assert_eq!(urls, [url, url, &format!("{url}/ct")]);
    let algorithms: Vec<_> = logs.iter().map(|log| log.algorithm).collect();
    let (p256, ed25519) = (KeyAlgorithm::EcdsaP256Sha256, KeyAlgorithm::Ed25519);
    assert_eq!(algorithms, [p256, ed25519, p256]);
    for log in [logs[0], logs[2]] {
        assert_eq!(log.log_id.0, sha256(log.public_key.spki()));
    }
    // C2SP signed-note: name, line end, 1 for Ed25519, key. The key is the last 32 bytes.
    let spki = logs[1].public_key.spki();
    let named = [b"localhost\n\x01", &spki[spki.len() - 32..]].concat();
    assert_eq!(logs[1].log_id.0, sha256(&named));
    for log in logs {
        assert_eq!((log.valid_for.start, log.valid_for.end), (hour(2), None));
        assert_eq!(log.operator, "chainsign sandbox: what it signs means nothing");
    }
    let authorities =
        [&root.certificate_authorities[0], &root.timestamp_authorities[0]].map(|authority| {
            (authority.uri.as_str(), authority.subject.as_str(), authority.certificates.len())
        });
    let ca = "sandbox.invalid chainsign sandbox root: certificates mean nothing";
    let tsa = "sandbox.invalid chainsign sandbox TSA root: timestamps mean nothing";
    let tsa_url = format!("{url}/api/v1/timestamp");
    assert_eq!(authorities, [(url, ca, 2), (&tsa_url, tsa, 2)]);

    let signing = config.signing_config;
    for services in
        [&signing.certificate_authorities, &signing.oidc_issuers, &signing.transparency_logs]
    {
        let services: Vec<_> = services
            .iter()
            .map(|s| (s.url.as_str(), s.major_api_version, s.valid_for.start))
            .collect();
        assert_eq!(services, [(url, 1, hour(1))]);
    }
    assert_eq!(signing.timestamp_authorities[0].url, tsa_url);
}

/// Other clients refuse other spellings, and fields that the messages do not have.
#[tokio::test]
async fn the_trust_config_is_spelt_as_all_clients_take_it() {
    let sandbox = start().await;
    let config = trust_config(&sandbox);
    assert_eq!(config["mediaType"], "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json");
    let root = &config["trustedRoot"];
    let media_type = "application/vnd.dev.sigstore.trustedroot+json;version=0.1";
    assert_eq!(root["mediaType"], media_type);
    let signing = &config["signingConfig"];
    let media_type = "application/vnd.dev.sigstore.signingconfig.v0.2+json";
    assert_eq!(signing["mediaType"], media_type);
    assert_eq!(signing["rekorTlogConfig"], serde_json::json!({ "selector": "ANY" }));
    assert_eq!(signing["tsaConfig"], serde_json::json!({ "selector": "ANY" }));
    let keys = |value: &serde_json::Value| {
        value.as_object().unwrap().keys().cloned().collect::<std::collections::BTreeSet<_>>()
    };
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let log = ["baseUrl", "hashAlgorithm", "publicKey", "logId", "operator"];
    assert_eq!(keys(&root["tlogs"][1]), set(&log));
    let key = &root["tlogs"][0]["publicKey"];
    assert_eq!(keys(key), set(&["rawBytes", "keyDetails", "validFor"]));
    assert_eq!(keys(&key["validFor"]), set(&["start"]));
    let authority = ["subject", "uri", "certChain", "validFor", "operator"];
    assert_eq!(keys(&root["timestampAuthorities"][0]), set(&authority));
    let service = ["url", "majorApiVersion", "validFor", "operator"];
    assert_eq!(keys(&signing["caUrls"][0]), set(&service));
}

#[tokio::test]
async fn the_offered_logs_are_an_option() {
    let hour = |hours: i64| jiff::Timestamp::from_second(NOW - hours * 3600).unwrap();
    for (offered_logs, wanted) in [
        (OfferedLogs::V1, vec![(1, hour(1))]),
        (OfferedLogs::V2, vec![(2, hour(2))]),
        // The version that starts last is the one that sigstore-js takes.
        (OfferedLogs::Both, vec![(2, hour(2)), (1, hour(1))]),
    ] {
        let sandbox = Sandbox::start(Options { offered_logs, ..at_fixed_time() }).await.unwrap();
        let config = ClientTrustConfig::parse(sandbox.trust_config(), &Limits::default()).unwrap();
        let logs = config.signing_config.transparency_logs.iter();
        let found: Vec<_> = logs.map(|log| (log.major_api_version, log.valid_for.start)).collect();
        assert_eq!(found, wanted);
        assert_eq!(config.trusted_root.tlogs.len(), 2);
    }
}
