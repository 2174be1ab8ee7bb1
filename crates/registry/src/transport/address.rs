//! Which addresses that a registry names are gone to, and which may see credentials.

use std::net::{IpAddr, Ipv4Addr};

use url::{Host, Url};

use crate::error::{AddressFault, Error};

/// Scheme, host and port.
pub(super) fn same_origin(left: &Url, right: &Url) -> bool {
    left.origin() == right.origin()
}

/// Where a redirect or the location of an upload leads: to any host, but not from https to http, and not from
/// elsewhere to this computer or to what answers link-local addresses, such as a cloud's metadata service.
/// Storage inside of a private network is usual.
pub(super) fn redirect(what: &str, from: &Url, target: Option<&str>) -> Result<Url, Error> {
    let fault = |found: &str, reason| Error::Redirect {
        what: what.to_owned(),
        found: shown(found),
        reason,
    };
    let target = target.ok_or_else(|| fault("", AddressFault::Malformed))?;
    let url = from.join(target).map_err(|_| fault(target, AddressFault::Malformed))?;
    match url.scheme() {
        "https" => {}
        "http" if from.scheme() == "http" => {}
        "http" => return Err(fault(target, AddressFault::NotEncrypted)),
        _ => return Err(fault(target, AddressFault::Malformed)),
    }
    if has_credentials(&url) {
        return Err(fault(url.host_str().unwrap_or_default(), AddressFault::Credentials));
    }
    if is_nearest(&url) && !is_nearest(from) {
        return Err(fault(target, AddressFault::Private));
    }
    Ok(url)
}

/// Where the next page of a list is: at the registry.
pub(super) fn next(what: &str, from: &Url, target: &str) -> Result<Url, Error> {
    let url = redirect(what, from, Some(target))?;
    if !same_origin(&url, from) {
        let (found, reason) = (shown(url.as_str()), AddressFault::OtherHost);
        return Err(Error::Redirect { what: what.to_owned(), found, reason });
    }
    Ok(url)
}

/// A header that may say where the next page is, and is no link.
pub(super) fn no_link(what: &str, found: &str) -> Error {
    let (found, reason) = (shown(found), AddressFault::Malformed);
    Error::Redirect { what: what.to_owned(), found, reason }
}

/// Where tokens are had.
///
/// The registry names it, and could ask for the credentials itself: so, as with Docker and containerd,
/// any host that the registry names gets them, over https. What is prevented is that they are read on
/// the way, and that a registry outside makes us send them, or anything, to an address inside.
/// Without TLS, the realm must be on the registry's own host, which is asked without TLS, too.
pub(super) fn realm(registry: &str, base: &Url, realm: &str) -> Result<Url, Error> {
    let fault =
        |reason| Error::Realm { registry: registry.to_owned(), realm: shown(realm), reason };
    let url = Url::parse(realm).map_err(|_| fault(AddressFault::Malformed))?;
    match url.scheme() {
        "https" => {}
        "http" if base.scheme() == "http" && base.host() == url.host() => {}
        "http" => return Err(fault(AddressFault::NotEncrypted)),
        _ => return Err(fault(AddressFault::Malformed)),
    }
    if has_credentials(&url) {
        return Err(fault(AddressFault::Credentials));
    }
    if is_inside(&url) && !is_inside(base) {
        return Err(fault(AddressFault::Private));
    }
    Ok(url)
}

/// Whether the address is this computer's own.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Whether the address is, by its number, one that is not reached from outside.
fn is_inside(url: &Url) -> bool {
    let shared = |it: Ipv4Addr| it.octets()[0] == 100 && (64..128).contains(&it.octets()[1]);
    is_nearest(url)
        || match number(url) {
            Some(IpAddr::V4(address)) => address.is_private() || shared(address),
            Some(IpAddr::V6(address)) => address.is_unique_local(),
            None => false,
        }
}

/// Whether the address is this computer's, or one that no router passes on.
fn is_nearest(url: &Url) -> bool {
    let named = |name: &str| name == "localhost" || name.ends_with(".localhost");
    match (url.host(), number(url)) {
        (None, _) => true,
        (Some(Host::Domain(name)), _) => named(name.trim_end_matches('.')),
        (_, Some(IpAddr::V4(address))) => {
            address.is_loopback() || address.is_link_local() || address.is_unspecified()
        }
        (_, Some(IpAddr::V6(address))) => {
            address.is_loopback() || address.is_unicast_link_local() || address.is_unspecified()
        }
        (Some(_), None) => false,
    }
}

/// The number of a host, if it is one.
fn number(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(IpAddr::V4(address)),
        Host::Ipv6(address) => {
            Some(address.to_ipv4_mapped().map_or(IpAddr::V6(address), IpAddr::V4))
        }
    }
}

fn has_credentials(url: &Url) -> bool {
    !url.username().is_empty() || url.password().is_some()
}

/// An address as errors show it: without its query, which can be a credential, and not too long.
fn shown(address: &str) -> String {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let address = match (address.split_once("://"), address.rfind('@')) {
        (Some((scheme, _)), Some(at)) => format!("{scheme}://{}", &address[at + 1..]),
        _ => address.to_owned(),
    };
    address.chars().filter(|character| !character.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn where_tokens_are_had() {
        use AddressFault::{Credentials, Malformed, NotEncrypted, Private};
        for (base, address, wanted) in [
            ("https://ghcr.io/v2/", "https://ghcr.io/token", None),
            ("https://registry-1.docker.io/v2/", "https://auth.docker.io/token", None),
            ("https://ghcr.io/v2/", "http://ghcr.io/token", Some(NotEncrypted)),
            ("http://localhost:5000/v2/", "http://localhost:5001/token", None),
            ("http://localhost:5000/v2/", "http://auth.example/token", Some(NotEncrypted)),
            ("https://ghcr.io/v2/", "https://10.0.0.1/token", Some(Private)),
            ("https://ghcr.io/v2/", "https://169.254.169.254/token", Some(Private)),
            ("https://ghcr.io/v2/", "https://[::ffff:127.0.0.1]/token", Some(Private)),
            ("https://ghcr.io/v2/", "https://localhost/token", Some(Private)),
            ("https://ghcr.io/v2/", "https://localhost./token", Some(Private)),
            ("https://ghcr.io/v2/", "https://100.64.0.1/token", Some(Private)),
            ("https://ghcr.io/v2/", "https://[fd00::1]/token", Some(Private)),
            ("https://ghcr.io/v2/", "https://[fe80::1]/token", Some(Private)),
            ("https://10.0.0.2/v2/", "https://10.0.0.1/token", None),
            ("https://ghcr.io/v2/", "https://a:b@evil.example/token", Some(Credentials)),
            ("https://ghcr.io/v2/", "/token", Some(Malformed)),
            ("https://ghcr.io/v2/", "file:///etc/passwd", Some(Malformed)),
        ] {
            let found = realm("r", &base.parse().unwrap(), address).err();
            let reason = found.map(|error| match error {
                Error::Realm { reason, .. } => reason,
                other => panic!("{other}"),
            });
            assert_eq!(reason, wanted, "{base} {address}");
        }
    }

    #[test]
    fn where_redirects_lead() {
        use AddressFault::{Malformed, NotEncrypted, Private};
        let mut faults = Vec::new();
        for (from, target, wanted) in [
            ("https://ghcr.io/v2/", "https://storage.example/x", None),
            ("https://ghcr.io/v2/", "https://10.0.0.5:9000/x", None),
            ("https://ghcr.io/v2/", "http://storage.example/x", Some(NotEncrypted)),
            ("https://ghcr.io/v2/", "https://169.254.169.254/latest", Some(Private)),
            ("https://ghcr.io/v2/", "https://127.0.0.1/x", Some(Private)),
            ("https://ghcr.io/v2/", "https://2130706433/x", Some(Private)),
            ("https://ghcr.io/v2/", "https://[::1]/x", Some(Private)),
            ("https://ghcr.io/v2/", "https://[::ffff:169.254.169.254]/x", Some(Private)),
            ("https://ghcr.io/v2/", "https://localhost/x", Some(Private)),
            ("http://registry.example/v2/", "http://0.0.0.0/x", Some(Private)),
            ("http://localhost:5000/v2/", "http://127.0.0.1:9000/x", None),
            ("https://ghcr.io/v2/", "ftp://storage.example/x", Some(Malformed)),
        ] {
            let found = match redirect("x", &from.parse().unwrap(), Some(target)) {
                Ok(_) => None,
                Err(Error::Redirect { reason, .. }) => Some(reason),
                Err(other) => panic!("{other}"),
            };
            if found != wanted {
                faults.push(format!("{from} {target}: found {found:?}, wanted {wanted:?}"));
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }

    #[test]
    fn what_is_shown_of_an_address_is_no_secret() {
        assert_eq!(shown("https://u:p@host/path?X-Signature=abc"), "https://host/path");
        assert_eq!(shown("https://host/path#x"), "https://host/path");
    }
}
