use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::Error;

/// Which key of which token: a `pkcs11:` URI (RFC 7512).
///
/// Of the attributes that the RFC knows, those that find a token (`token`, `manufacturer`, `serial`,
/// `model`, `slot-id`) and a key in it (`object`, `id`, and `type` if it is `private` or `public`) are
/// read, and of the query `module-path` and `pin-source`. Any other is refused, since one that is
/// ignored would find more than was asked for. What is not said matches everything.
///
/// It holds no secret: `pin-value` is refused, because command lines are seen by others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenUri {
    text: String,
    pub(super) token: Option<String>,
    pub(super) manufacturer: Option<String>,
    pub(super) serial: Option<String>,
    pub(super) model: Option<String>,
    pub(super) slot: Option<u64>,
    pub(super) object: Option<String>,
    pub(super) id: Option<Vec<u8>>,
    module_path: Option<PathBuf>,
    pin_source: Option<PathBuf>,
}

impl TokenUri {
    /// What such a URI begins with.
    pub const SCHEME: &'static str = "pkcs11:";

    /// The largest URI that is read, in bytes. Labels have at most 32, ids rarely more than 20.
    pub const MOST_BYTES: usize = 4096;

    /// The token's module, a shared library, where the URI names it.
    pub fn module_path(&self) -> Option<&Path> {
        self.module_path.as_deref()
    }

    /// The file that has the PIN, where the URI names one.
    pub fn pin_source(&self) -> Option<&Path> {
        self.pin_source.as_deref()
    }
}

impl FromStr for TokenUri {
    type Err = Error;

    /// Reads a URI.
    ///
    /// # Errors
    /// [`Error::TokenUri`]; [`Error::PinInUri`].
    fn from_str(text: &str) -> Result<Self, Error> {
        if text.len() > Self::MOST_BYTES {
            let (found, limit) = (text.len(), Self::MOST_BYTES);
            return Err(malformed(format!("found {found} bytes, wanted at most {limit}")));
        }
        let Some(rest) = text.strip_prefix(Self::SCHEME) else {
            return Err(malformed(format!("it does not begin with {}", Self::SCHEME)));
        };
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut path = Attributes::read(path, ';')?;
        let mut query = Attributes::read(query, '&')?;
        if query.take("pin-value").is_some() {
            return Err(Error::PinInUri);
        }
        if let Some(class) = path.take_text("type")?
            && !["private", "public"].contains(&class.as_str())
        {
            return Err(malformed(format!("found type={class}, wanted private or public")));
        }
        let uri = TokenUri {
            text: text.to_owned(),
            token: path.take_text("token")?,
            manufacturer: path.take_text("manufacturer")?,
            serial: path.take_text("serial")?,
            model: path.take_text("model")?,
            slot: path.take_text("slot-id")?.as_deref().map(slot).transpose()?,
            object: path.take_text("object")?,
            id: path.take("id"),
            module_path: query.take_text("module-path")?.map(PathBuf::from),
            pin_source: query.take_text("pin-source")?.as_deref().map(file).transpose()?,
        };
        path.nothing_left(
            "token, manufacturer, serial, model, slot-id, object, id, type=private or type=public",
        )?;
        query.nothing_left("module-path or pin-source")?;
        Ok(uri)
    }
}

impl fmt::Display for TokenUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Names with their values, unescaped, in the order in which they are written.
struct Attributes<'a>(Vec<(&'a str, Vec<u8>)>);

impl<'a> Attributes<'a> {
    fn read(text: &'a str, separator: char) -> Result<Self, Error> {
        let mut read: Vec<(&str, Vec<u8>)> = Vec::new();
        for attribute in text.split(separator).filter(|attribute| !attribute.is_empty()) {
            let Some((name, value)) = attribute.split_once('=') else {
                return Err(malformed(format!("{attribute:?} has no value")));
            };
            // RFC 7512 section 2.3.
            if read.iter().any(|(known, _)| *known == name) {
                return Err(malformed(format!("{name} is there twice")));
            }
            read.push((name, unescape(name, value)?));
        }
        Ok(Attributes(read))
    }

    fn take(&mut self, name: &str) -> Option<Vec<u8>> {
        let at = self.0.iter().position(|(known, _)| *known == name)?;
        Some(self.0.remove(at).1)
    }

    fn take_text(&mut self, name: &str) -> Result<Option<String>, Error> {
        let text = self.take(name).map(String::from_utf8).transpose();
        text.map_err(|_| malformed(format!("{name} is not UTF-8")))
    }

    fn nothing_left(&self, wanted: &str) -> Result<(), Error> {
        match self.0.first() {
            Some((name, _)) => Err(malformed(format!("found {name:?}, wanted {wanted}"))),
            None => Ok(()),
        }
    }
}

/// RFC 3986 section 2.1.
fn unescape(name: &str, value: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::with_capacity(value.len());
    let mut parts = value.split('%');
    bytes.extend(parts.next().unwrap_or_default().bytes());
    for part in parts {
        let escaped = part.get(..2).filter(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()));
        let Some(byte) = escaped.and_then(|hex| u8::from_str_radix(hex, 16).ok()) else {
            return Err(malformed(format!("a % in {name} has no two hexadecimal digits after it")));
        };
        bytes.push(byte);
        bytes.extend(part.bytes().skip(2));
    }
    Ok(bytes)
}

fn slot(text: &str) -> Result<u64, Error> {
    text.parse().map_err(|_| malformed(format!("found slot-id={text}, wanted a number")))
}

/// RFC 7512 section 2.4: a `file:` URI, or a path. Programs are not run.
fn file(source: &str) -> Result<PathBuf, Error> {
    let path = match source.strip_prefix("file:") {
        // No host: `file:/path`, `file:///path`.
        Some(path) => path.strip_prefix("//").unwrap_or(path),
        None if source.starts_with('|') || source.contains("://") => "",
        None => source,
    };
    match path {
        "" => Err(malformed("found a pin-source that is no file, wanted file:/PATH".to_owned())),
        path => Ok(PathBuf::from(path)),
    }
}

fn malformed(reason: String) -> Error {
    Error::TokenUri { reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_uri_says_is_read() {
        // The first as `p11tool --list-all` prints it.
        let uri: TokenUri = "pkcs11:model=SoftHSM%20v2;manufacturer=SoftHSM%20project;\
                             serial=aad57ac155a98a81;token=a%20b%3b%c3%a9;id=%01%FF;object=p%2f1;\
                             type=private"
            .parse()
            .unwrap();
        assert_eq!(uri.model.as_deref(), Some("SoftHSM v2"));
        assert_eq!(uri.manufacturer.as_deref(), Some("SoftHSM project"));
        assert_eq!(uri.serial.as_deref(), Some("aad57ac155a98a81"));
        assert_eq!(uri.token.as_deref(), Some("a b;é"));
        assert_eq!(uri.id.as_deref(), Some(&[1, 255][..]));
        assert_eq!(uri.object.as_deref(), Some("p/1"));
        assert_eq!((uri.slot, uri.module_path(), uri.pin_source()), (None, None, None));

        let text = "pkcs11:slot-id=7?module-path=/usr/lib/p11.so&pin-source=file:///run/pin";
        let uri: TokenUri = text.parse().unwrap();
        assert_eq!(uri.slot, Some(7));
        assert_eq!(uri.module_path(), Some(Path::new("/usr/lib/p11.so")));
        assert_eq!(uri.pin_source(), Some(Path::new("/run/pin")));
        assert_eq!(uri.to_string(), text);
        assert_eq!("pkcs11:".parse::<TokenUri>().unwrap().token, None);
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        let mut faults = Vec::new();
        for (text, wanted) in [
            ("token=a", "it does not begin with pkcs11:"),
            ("pkcs11:token", "\"token\" has no value"),
            ("pkcs11:token=a;token=b", "token is there twice"),
            ("pkcs11:token=%4", "a % in token has no two hexadecimal digits after it"),
            ("pkcs11:token=%+1", "a % in token has no two hexadecimal digits after it"),
            ("pkcs11:token=%ff", "token is not UTF-8"),
            ("pkcs11:slot-id=one", "found slot-id=one, wanted a number"),
            ("pkcs11:type=cert", "found type=cert, wanted private or public"),
            (
                "pkcs11:tokem=a",
                "found \"tokem\", wanted token, manufacturer, serial, model, slot-id, object, id, \
                 type=private or type=public",
            ),
            ("pkcs11:?module-name=p", "found \"module-name\", wanted module-path or pin-source"),
            ("pkcs11:?pin-source=%7Ccat", "found a pin-source that is no file, wanted file:/PATH"),
            (
                "pkcs11:?pin-source=https://a/b",
                "found a pin-source that is no file, wanted file:/PATH",
            ),
        ] {
            match text.parse::<TokenUri>() {
                Err(Error::TokenUri { reason }) if reason == wanted => {}
                other => faults.push(format!("{text}: {other:?}")),
            }
        }
        assert!(faults.is_empty(), "{faults:#?}");
        let large = format!("pkcs11:token={}", "a".repeat(TokenUri::MOST_BYTES));
        assert!(matches!(large.parse::<TokenUri>(), Err(Error::TokenUri { .. })));
    }

    #[test]
    fn a_pin_on_the_command_line_is_refused_and_not_repeated() {
        let error = "pkcs11:token=a?pin-value=1234".parse::<TokenUri>().unwrap_err();
        assert!(matches!(error, Error::PinInUri), "{error}");
        assert!(!format!("{error} {error:?}").contains("1234"));
    }
}
