//! The main module's version where the build information says `(devel)`.
//!
//! Releases built before Go 1.24, or without version control, usually carry their version in
//! `-ldflags="-X main.version=1.2.3"`. It is taken only if there is exactly one such assignment,
//! to a variable named `version` of the program itself, and its value looks like a release; the
//! SBOM then says where it comes from. Nothing else in the file is searched.

use crate::{Module, ModuleInfo};

/// The main module's version and where it stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct MainVersion {
    /// With the leading `v` that Go's versions have.
    pub(super) version: Option<String>,
    /// `buildinfo`, `ldflags:VARIABLE` or `none`.
    pub(super) source: String,
}

impl MainVersion {
    pub(super) fn new(info: &ModuleInfo, main: &Module) -> Self {
        if let Some(version) = main.known_version() {
            return Self { version: Some(version.to_owned()), source: "buildinfo".to_owned() };
        }
        let assigned = info.setting("-ldflags").and_then(|flags| assigned(flags, &main.path));
        match assigned {
            Some((variable, version)) => {
                Self { version: Some(version), source: format!("ldflags:{variable}") }
            }
            None => Self { version: None, source: "none".to_owned() },
        }
    }
}

/// The one version variable that the linker was told to set, and its value.
fn assigned(flags: &str, module: &str) -> Option<(String, String)> {
    let words = words(flags);
    let mut words = words.iter().map(String::as_str);
    let mut found: Option<(String, String)> = None;
    while let Some(word) = words.next() {
        let assignment = match word.trim_start_matches('-') {
            "X" => words.next(),
            flag if word.starts_with('-') => flag.strip_prefix("X="),
            _ => None,
        };
        let Some((variable, value)) = assignment.and_then(|it| it.split_once('=')) else {
            continue;
        };
        if !is_version_variable(variable, module) {
            continue;
        }
        let Some(version) = release(value) else {
            continue;
        };
        match &found {
            Some((_, other)) if *other != version => return None,
            Some(_) => {}
            None => found = Some((variable.to_owned(), version)),
        }
    }
    found
}

fn is_version_variable(variable: &str, module: &str) -> bool {
    let Some((package, name)) = variable.rsplit_once('.') else {
        return false;
    };
    let below = package.strip_prefix(module);
    let own = package == "main" || below.is_some_and(|it| it.is_empty() || it.starts_with('/'));
    own && name.eq_ignore_ascii_case("version")
}

/// `v1.2.3` of `1.2.3`, `v1.2.3` or `1.2.3-rc.1+build`.
fn release(value: &str) -> Option<String> {
    let number = value.strip_prefix('v').unwrap_or(value);
    let core = number.split(['-', '+']).next()?;
    let parts: Vec<_> = core.split('.').collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
    let is_release = parts.len() == 3 && parts.iter().all(is_number);
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-+".contains(&byte);
    (is_release && number.bytes().all(is_plain)).then(|| format!("v{number}"))
}

/// Splits as the go command splits flags: at spaces, with single and double quotes around a word
/// or a part of it (`cmd/internal/quoted`).
fn words(flags: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for letter in flags.chars() {
        match (quote, letter) {
            (Some(open), letter) if letter == open => quote = None,
            (None, '\'' | '"') => {
                quote = Some(letter);
                word.get_or_insert_default();
            }
            (None, letter) if letter.is_ascii_whitespace() => words.extend(word.take()),
            (_, letter) => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(flags: &str, wanted: Option<(&str, &str)>) {
        let found = assigned(flags, "example.com/app");
        let found = found.as_ref().map(|(variable, version)| (&**variable, &**version));
        assert_eq!(found, wanted, "{flags}");
    }

    #[test]
    fn one_version_of_the_program_itself() {
        check("-s -w -X main.version=1.2.3", Some(("main.version", "v1.2.3")));
        check("-X=main.Version=v1.2.3-rc.1+x", Some(("main.Version", "v1.2.3-rc.1+x")));
        check(
            "-X 'example.com/app/internal/build.version=2.0.0' -X \"main.commit=abc\"",
            Some(("example.com/app/internal/build.version", "v2.0.0")),
        );
        check(
            "-X main.version=1.2.3 -X example.com/app.Version=v1.2.3",
            Some(("main.version", "v1.2.3")),
        );
    }

    #[test]
    fn nothing_is_guessed() {
        check("", None);
        check("-X", None);
        check("-X main.version", None);
        check("-X main.version=dev", None);
        check("-X main.version=1.2", None);
        check("-X main.version=1.2.x", None);
        check("-X main.version=1.2.3/evil", None);
        check("-X main.goVersion=1.2.3", None);
        check("-X example.com/application.version=1.2.3", None);
        check("-X github.com/other/lib.Version=1.2.3", None);
        check("-X main.version=1.2.3 -X example.com/app.Version=1.2.4", None);
    }
}
