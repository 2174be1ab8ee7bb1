//! `trust create`: services as they are typed, `key=value,key=value`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chainsign_core::trust::Selector;
use chainsign_trust::create::{Authority, Log, Service, Services};

use crate::commands::trust::CreateRequest;
use crate::failure::Failure;
use crate::files;
use crate::flags::evidence::TrustCreateFlags;

/// `trust create`
///
/// # Errors
/// `bad-flag` for a service or a selector that is none, and where nothing is asked for; `unreadable` for a
/// file that a service names.
pub fn create(flags: TrustCreateFlags) -> Result<CreateRequest, Failure> {
    let all = |flag: &'static str, given: Vec<String>| {
        given.into_iter().map(move |text| Typed::read(flag, &text))
    };
    let fulcio = all("--fulcio", flags.fulcio).map(|it| it?.authority());
    let tsa = all("--tsa", flags.tsa).map(|it| it?.authority());
    let rekor = all("--rekor", flags.rekor).map(|it| it?.log());
    let ctfe = all("--ctfe", flags.ctfe).map(|it| it?.log());
    let issuers = all("--oidc-provider", flags.oidc_provider).map(|it| it?.issuer());
    let services = Services {
        certificate_authorities: fulcio.collect::<Result<_, _>>()?,
        oidc_issuers: issuers.collect::<Result<_, _>>()?,
        transparency_logs: rekor.collect::<Result<_, _>>()?,
        transparency_log_selector: selector("--rekor-config", &flags.rekor_config)?,
        certificate_logs: ctfe.collect::<Result<_, _>>()?,
        timestamp_authorities: tsa.collect::<Result<_, _>>()?,
        timestamp_authority_selector: selector("--tsa-config", &flags.tsa_config)?,
    };
    if services == Services::default() {
        return Err(Failure::undecided("bad-flag", "found no service, wanted at least one")
            .hint("name one with --fulcio, --rekor, --ctfe, --tsa or --oidc-provider"));
    }
    Ok(CreateRequest {
        services,
        trusted_root: flags.output_trusted_root,
        signing_config: flags.output_signing_config,
        trust_config: flags.output_trust_config,
    })
}

fn selector(flag: &str, text: &str) -> Result<Selector, Failure> {
    let exact = || text.strip_prefix("EXACT:")?.parse().ok().filter(|count| *count > 0);
    match text {
        "ANY" => Ok(Selector::Any),
        "ALL" => Ok(Selector::All),
        _ => exact().map(Selector::Exact).ok_or_else(|| {
            let message = format!("{flag}: found {text:?}, wanted ANY, ALL or EXACT:N");
            Failure::undecided("bad-flag", message)
        }),
    }
}

/// A service as it was typed.
struct Typed {
    flag: &'static str,
    text: String,
    values: BTreeMap<String, String>,
}

impl Typed {
    fn read(flag: &'static str, text: &str) -> Result<Self, Failure> {
        let mut typed = Typed { flag, text: text.to_owned(), values: BTreeMap::new() };
        for part in text.split(',') {
            let (key, value) = match part.split_once('=') {
                Some((key, value)) if !key.is_empty() && !value.is_empty() => (key, value),
                _ => return Err(typed.wrong(&format!("found {part:?}, wanted KEY=VALUE"))),
            };
            if typed.values.insert(key.to_owned(), value.to_owned()).is_some() {
                return Err(typed.wrong(&format!("found {key} twice, wanted it once")));
            }
        }
        Ok(typed)
    }

    fn authority(mut self) -> Result<Authority, Failure> {
        let certificate_chain = self.file("certificate-chain", "certificate chain")?;
        Ok(Authority { certificate_chain, service: self.service()? })
    }

    fn log(mut self) -> Result<Log, Failure> {
        let public_key = self.file("public-key", "public key")?;
        let origin = match self.flag {
            "--rekor" => self.values.remove("origin"),
            _ => None,
        };
        Ok(Log { public_key, origin, service: self.service()? })
    }

    fn issuer(self) -> Result<Service, Failure> {
        self.service()
    }

    /// What every service has; whatever is left over is not known.
    fn service(mut self) -> Result<Service, Failure> {
        let url = self.required("url")?;
        let time = |typed: &mut Self, key: &str| {
            let time = typed.values.remove(key).map(|text| text.parse()).transpose();
            time.map_err(|error| typed.wrong(&format!("{key}: {error}")))
        };
        let (start, end) = (time(&mut self, "start-time")?, time(&mut self, "end-time")?);
        let version = self.values.remove("api-version").unwrap_or_else(|| "1".to_owned());
        let api_version = version
            .parse()
            .map_err(|_| self.wrong(&format!("api-version: found {version:?}, wanted a number")))?;
        let operator = self.values.remove("operator").unwrap_or_default();
        match self.values.keys().next() {
            None => Ok(Service { url, api_version, start, end, operator }),
            Some(key) => Err(self.wrong(&format!("found the key {key}, which it does not have"))),
        }
    }

    fn file(&mut self, key: &str, what: &str) -> Result<Vec<u8>, Failure> {
        files::read(what, &PathBuf::from(self.required(key)?))
    }

    fn required(&mut self, key: &str) -> Result<String, Failure> {
        let found = self.values.remove(key);
        found.ok_or_else(|| self.wrong(&format!("found no {key}, wanted one")))
    }

    fn wrong(&self, reason: &str) -> Failure {
        Failure::undecided("bad-flag", format!("{} {}: {reason}", self.flag, self.text))
            .hint("`chainsign trust create --help` lists the keys of a service")
    }
}
