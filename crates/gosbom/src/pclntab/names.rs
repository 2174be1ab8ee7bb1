//! What function and file names say about packages and modules.

use super::{TableFormat, VersionedModule};

/// The import path in a function's name: `gopkg.in/yaml.v3` of `gopkg.in/yaml%2ev3.Unmarshal`.
///
/// `None` for functions of the compiler and of C. Rules: `debug/gosym` (`Sym.PackageName`) and
/// `cmd/internal/objabi` (`PathToPrefix`, which escapes).
pub(super) fn package(name: &[u8], format: TableFormat) -> Option<String> {
    let name = without_type_arguments(name);
    // Symbols that the compiler makes, not packages of these names.
    let reserved: [&[u8]; 2] = match format {
        TableFormat::Go1_20 => [b"go:", b"type:"],
        _ => [b"go.", b"type."],
    };
    if reserved.iter().any(|prefix| name.starts_with(prefix)) {
        return None;
    }
    let last = name.iter().rposition(|&byte| byte == b'/').map_or(0, |slash| slash + 1);
    let dot = name[last..].iter().position(|&byte| byte == b'.')?;
    let path = unescape(&name[..last + dot])?;
    (!path.is_empty()).then_some(path)
}

/// `pkg.Type[…].Method` without the brackets, which may hold other packages' paths.
fn without_type_arguments(name: &[u8]) -> &[u8] {
    let bracket = name.iter().position(|&byte| byte == b'[');
    &name[..bracket.unwrap_or(name.len())]
}

/// Undoes `%2e` and the like; `None` if the result is not text.
fn unescape(path: &[u8]) -> Option<String> {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match (byte, tail) {
            (b'%', [high, low, tail @ ..]) => {
                bytes.push(hex::decode([*high, *low]).ok()?[0]);
                rest = tail;
            }
            (byte, _) => bytes.push(byte),
        }
    }
    String::from_utf8(bytes).ok()
}

/// The module and version in a file name.
///
/// `-trimpath` writes `path@version/file.go`; otherwise the name is that of the module cache,
/// `…/pkg/mod/path@version/file.go`, where upper-case letters are escaped as `!` and the letter.
pub(super) fn module(file: &str) -> Option<VersionedModule> {
    let file = match file.rfind(MODULE_CACHE) {
        Some(start) => &file[start + MODULE_CACHE.len()..],
        None => file,
    };
    let (path, rest) = file.split_once("@v")?;
    let (version, _) = rest.split_once('/')?;
    // Elsewhere an absolute name with an `@` is only a folder's name.
    if path.starts_with('/') || path.contains(':') || path == TOOLCHAIN {
        return None;
    }
    Some(VersionedModule {
        path: unescape_case(path)?,
        version: unescape_case(&format!("v{version}"))?,
    })
}

/// `golang.org/x/mod/module.UnescapePath`: `!m` is `M`.
fn unescape_case(text: &str) -> Option<String> {
    let mut result = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '!' => {
                result.push(letters.next().filter(char::is_ascii_lowercase)?.to_ascii_uppercase())
            }
            letter => result.push(letter),
        }
    }
    Some(result)
}

const MODULE_CACHE: &str = "/pkg/mod/";
/// A downloaded Go toolchain, whose standard library then has names in the module cache.
const TOOLCHAIN: &str = "golang.org/toolchain";

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn of_function(name: &str, wanted: Option<&str>) {
        let found = package(name.as_bytes(), TableFormat::Go1_20);
        assert_eq!(found.as_deref(), wanted, "{name}");
    }

    #[test]
    fn packages_of_functions() {
        of_function("main.main", Some("main"));
        of_function("runtime.(*mheap).alloc.func1", Some("runtime"));
        of_function("github.com/a/b.Type.Method", Some("github.com/a/b"));
        of_function("gopkg.in/yaml%2ev3.Unmarshal", Some("gopkg.in/yaml.v3"));
        of_function("slices.Index[go.shape.[]example.com/x.T,go.shape.int]", Some("slices"));
        of_function("example.com/a.F[example.com/b/c.T].func1", Some("example.com/a"));
        of_function("go:textfipsstart", None);
        of_function("type:.eq.example.com/a.T", None);
        of_function("_cgo_init", None);
        of_function("", None);
        of_function("a%2", None);
        of_function("bad%zz.f", None);
        let old = package(b"type..eq.example.com/a.T", TableFormat::Go1_2);
        assert_eq!(old, None);
    }

    #[track_caller]
    fn of_file(name: &str, wanted: Option<(&str, &str)>) {
        let found = module(name);
        let found = found.as_ref().map(|it| (it.path.as_str(), it.version.as_str()));
        assert_eq!(found, wanted, "{name}");
    }

    #[test]
    fn modules_of_files() {
        of_file("rsc.io/quote@v1.5.2/quote.go", Some(("rsc.io/quote", "v1.5.2")));
        of_file(
            "/home/u/go/pkg/mod/github.com/!masterminds/semver/v3@v3.3.0-!r!c1/version.go",
            Some(("github.com/Masterminds/semver/v3", "v3.3.0-RC1")),
        );
        of_file(
            "C:/Users/x/go/pkg/mod/example.com/a@v1.0.0+incompatible/a.go",
            Some(("example.com/a", "v1.0.0+incompatible")),
        );
        of_file("/home/user@v1/src/app/main.go", None);
        of_file(
            "/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.27.0.linux-amd64/src/fmt/print.go",
            None,
        );
        of_file("fmt/print.go", None);
        of_file("<autogenerated>", None);
        of_file("a@v1", None);
        of_file("x/pkg/mod/a!@v1/b.go", None);
    }
}
