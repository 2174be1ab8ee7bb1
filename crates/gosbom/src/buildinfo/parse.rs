//! The grammar of the module text, as `debug.ParseBuildInfo` reads it (Go 1.27).
//!
//! Lines that start with an unknown word are ignored, as Go does, so that a newer toolchain's
//! lines do no harm. Everything else that Go refuses is refused here, for the same reasons.

use std::fmt::Write as _;

use super::quote::{unquote, unquote_prefix};
use super::{Module, ModuleInfo, ModuleSum, Setting};
use crate::{Error, Limit, Limits};

/// What is wrong with a line of the module text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineFault {
    /// A `mod` or `dep` line without path and version, or with too much.
    #[error("a module line has {found} columns, wanted path, version and perhaps sum")]
    ModuleColumns {
        /// How many columns it has.
        found: usize,
    },
    /// A `=>` line that is not path, version, sum.
    #[error("a replacement has {found} columns, wanted path, version and sum")]
    ReplacementColumns {
        /// How many columns it has.
        found: usize,
    },
    /// A `=>` line without a module before it.
    #[error("a replacement without a module before it")]
    StrayReplacement,
    /// A `build` line without a key or without `=`.
    #[error("a build setting without key or `=`")]
    SettingShape,
    /// A key or value that is not quoted as Go quotes.
    #[error("a build setting that is not quoted as Go quotes")]
    SettingQuotes,
    /// The last line has no end.
    #[error("the last line is cut off")]
    Unterminated,
}

/// The outer error is a limit; the inner one names the line, from 1.
pub(super) fn parse(
    text: &[u8],
    limits: &Limits,
) -> Result<Result<ModuleInfo, (usize, LineFault)>, Error> {
    Limit::ModuleText.hold(text.len() as u64, limits.module_text)?;
    let mut parser = Parser::sized(text, limits);
    for (index, line) in text.split_inclusive(|&byte| byte == b'\n').enumerate() {
        Limit::Line.hold(line.len() as u64, limits.line)?;
        let parsed = match line.strip_suffix(b"\n") {
            Some(line) => parser.line(line),
            None => Err(LineFault::Unterminated),
        };
        if let Err(fault) = parsed {
            return Ok(Err((index + 1, fault)));
        }
        Limit::Modules.hold(parser.modules, limits.modules)?;
    }
    Ok(Ok(parser.info))
}

#[derive(Default)]
struct Parser {
    info: ModuleInfo,
    replaceable: Replaceable,
    modules: u64,
}

/// The module that a `=>` line would replace.
#[derive(Default, Clone, Copy)]
enum Replaceable {
    #[default]
    None,
    Main,
    LastDependency,
}

impl Parser {
    /// With room for what the text has, and no more.
    fn sized(text: &[u8], limits: &Limits) -> Self {
        let most = usize::try_from(limits.modules).unwrap_or(usize::MAX);
        let (mut deps, mut settings) = (0, 0);
        for line in text.split(|&byte| byte == b'\n') {
            deps += usize::from(line.starts_with(b"dep\t"));
            settings += usize::from(line.starts_with(b"build\t"));
        }
        let mut parser = Self::default();
        parser.info.deps.reserve_exact(deps.min(most));
        parser.info.settings.reserve_exact(settings);
        parser
    }

    fn line(&mut self, line: &[u8]) -> Result<(), LineFault> {
        if let Some(path) = line.strip_prefix(b"path\t") {
            self.info.path = text(path);
        } else if let Some(columns) = line.strip_prefix(b"mod\t") {
            self.info.main = Some(module(columns)?);
            self.replaceable = Replaceable::Main;
            self.modules += 1;
        } else if let Some(columns) = line.strip_prefix(b"dep\t") {
            self.info.deps.push(module(columns)?);
            self.replaceable = Replaceable::LastDependency;
            self.modules += 1;
        } else if let Some(columns) = line.strip_prefix(b"=>\t") {
            self.replace(replacement(columns)?)?;
            self.modules += 1;
        } else if let Some(pair) = line.strip_prefix(b"build\t") {
            self.info.settings.push(setting(pair)?);
        }
        Ok(())
    }

    fn replace(&mut self, replacement: Module) -> Result<(), LineFault> {
        let replaced = match std::mem::take(&mut self.replaceable) {
            Replaceable::None => None,
            Replaceable::Main => self.info.main.as_mut(),
            Replaceable::LastDependency => self.info.deps.last_mut(),
        };
        replaced.ok_or(LineFault::StrayReplacement)?.replace = Some(Box::new(replacement));
        Ok(())
    }
}

fn module(columns: &[u8]) -> Result<Module, LineFault> {
    match first_three(columns) {
        (2 | 3, [path, version, sum]) => Ok(made(path, version, sum)),
        (found, _) => Err(LineFault::ModuleColumns { found }),
    }
}

fn replacement(columns: &[u8]) -> Result<Module, LineFault> {
    match first_three(columns) {
        (3, [path, version, sum]) => Ok(made(path, version, sum)),
        (found, _) => Err(LineFault::ReplacementColumns { found }),
    }
}

/// How many columns there are, and the first three; empty where there are fewer.
fn first_three(line: &[u8]) -> (usize, [&[u8]; 3]) {
    let (mut count, mut first) = (0, [&b""[..]; 3]);
    for column in line.split(|&byte| byte == b'\t') {
        if let Some(place) = first.get_mut(count) {
            *place = column;
        }
        count += 1;
    }
    (count, first)
}

fn made(path: &[u8], version: &[u8], sum: &[u8]) -> Module {
    Module {
        path: text(path),
        version: text(version),
        sum: (!sum.is_empty()).then(|| ModuleSum::new(text(sum))),
        replace: None,
    }
}

fn setting(pair: &[u8]) -> Result<Setting, LineFault> {
    let (key, value) = match pair.first() {
        None | Some(b'=') => return Err(LineFault::SettingShape),
        Some(b'`' | b'"') => {
            let (key, rest) = unquote_prefix(pair).ok_or(LineFault::SettingQuotes)?;
            let value = rest.strip_prefix(b"=").ok_or(LineFault::SettingShape)?;
            (key, value)
        }
        Some(_) => {
            let equals = pair.iter().position(|&byte| byte == b'=');
            let (key, value) = pair.split_at(equals.ok_or(LineFault::SettingShape)?);
            if key.iter().any(must_be_quoted) {
                return Err(LineFault::SettingQuotes);
            }
            (key.to_vec(), &value[1..])
        }
    };
    let value = match value.first() {
        Some(b'`' | b'"') => unquote(value).ok_or(LineFault::SettingQuotes)?,
        _ if value.iter().any(must_be_quoted) => return Err(LineFault::SettingQuotes),
        _ => value.to_vec(),
    };
    Ok(Setting { key: text(&key), value: text(&value) })
}

fn must_be_quoted(byte: &u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'"' | b'`')
}

/// UTF-8 as it stands; every other byte as `\xNN`, so that no two byte strings become one text
/// by replacement.
pub(super) fn text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(text, "\\x{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn parsed(text: &str) -> ModuleInfo {
        parse(text.as_bytes(), &Limits::default()).unwrap().unwrap()
    }

    #[track_caller]
    fn refused(text: &str, line: usize, fault: LineFault) {
        let found = parse(text.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(found, Err((line, fault)), "{text:?}");
    }

    #[test]
    fn every_kind_of_line() {
        let info = parsed(
            "path\texample.com/app/cmd/x\n\
             mod\texample.com/app\tv1.4.2\th1:main=\n\
             dep\texample.com/A\tv1.0.0\th1:a=\n\
             dep\texample.com/b\tv1.2.3\n\
             =>\t../b\t(devel)\t\n\
             future\tline\n\
             build\t-ldflags=\"-X \\\"a=b\\\" -s\"\n\
             build\t\"odd key\"=`raw`\n\
             build\tCGO_CFLAGS=\n\
             build\tvcs.modified=true\n\
             build\tvcs.time=2021-02-03T04:05:06Z\n",
        );
        assert_eq!(info.main_subpath(), Some("cmd/x"));
        let main = info.main.as_ref().unwrap();
        assert_eq!((main.path.as_str(), main.version.as_str()), ("example.com/app", "v1.4.2"));
        assert_eq!(info.deps.len(), 2);
        assert_eq!(info.deps[0].sum, Some(ModuleSum::new("h1:a=")));
        let replacement = info.deps[1].replace.as_deref().unwrap();
        assert!(replacement.is_local_folder());
        assert_eq!(replacement.known_version(), None);
        assert_eq!(replacement.sum, None);
        assert_eq!(info.setting("-ldflags"), Some("-X \"a=b\" -s"));
        assert_eq!(info.setting("odd key"), Some("raw"));
        assert_eq!(info.setting("CGO_CFLAGS"), Some(""));
        assert_eq!(info.setting("absent"), None);
        assert_eq!(info.vcs_modified(), Some(true));
        assert_eq!(info.vcs_time(), Some("2021-02-03T04:05:06Z".parse().unwrap()));
    }

    #[test]
    fn the_last_path_and_setting_win_as_in_go() {
        let info = parsed("path\ta\npath\tb\nbuild\tk=1\nbuild\tk=2\n");
        assert_eq!(info.path, "b");
        assert_eq!(info.setting("k"), Some("2"));
    }

    #[test]
    fn what_go_refuses_is_refused_with_its_line() {
        refused("path\tx\nmod\ta\n", 2, LineFault::ModuleColumns { found: 1 });
        refused("dep\ta\tv1\th1:\tmore\n", 1, LineFault::ModuleColumns { found: 4 });
        refused("dep\ta\tv1\n=>\tb\tv1\n", 2, LineFault::ReplacementColumns { found: 2 });
        refused("=>\tb\tv1\th1:\n", 1, LineFault::StrayReplacement);
        refused("dep\ta\tv1\n=>\tb\tv1\t\n=>\tb\tv1\t\n", 3, LineFault::StrayReplacement);
        refused("build\t\n", 1, LineFault::SettingShape);
        refused("build\t=v\n", 1, LineFault::SettingShape);
        refused("build\tkey\n", 1, LineFault::SettingShape);
        refused("build\t\"key\"\n", 1, LineFault::SettingShape);
        refused("build\t\"key\"x=1\n", 1, LineFault::SettingShape);
        refused("build\t\"key=1\n", 1, LineFault::SettingQuotes);
        refused("build\ta b=1\n", 1, LineFault::SettingQuotes);
        refused("build\ta=1 2\n", 1, LineFault::SettingQuotes);
        refused("build\ta=\"1\"2\n", 1, LineFault::SettingQuotes);
        refused("build\ta=\"\\q\"\n", 1, LineFault::SettingQuotes);
        refused("path\tx\nbuild\ta=1", 2, LineFault::Unterminated);
    }

    #[test]
    fn limits_are_errors_and_not_truncations() {
        let limits = Limits { modules: 1, line: 20, module_text: 40, ..Limits::default() };
        let limit = |text: &str| match parse(text.as_bytes(), &limits) {
            Err(Error::LimitReached { limit, .. }) => limit,
            other => panic!("{text:?}: {other:?}"),
        };
        assert_eq!(limit("dep\ta\tv1\ndep\tb\tv1\n"), Limit::Modules);
        assert_eq!(limit("path\taaaaaaaaaaaaaaaaaaaa\n"), Limit::Line);
        assert_eq!(limit(&"path\ta\n".repeat(6)), Limit::ModuleText);
    }

    #[test]
    fn bytes_that_are_not_utf8_stay_distinct() {
        let found = parse(b"path\ta\xff\xfeb\n", &Limits::default()).unwrap().unwrap();
        assert_eq!(found.path, "a\\xff\\xfeb");
    }
}
