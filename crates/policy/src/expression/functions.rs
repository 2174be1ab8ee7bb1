//! Functions for what policies compare: versions, packages, times.

use std::sync::{Arc, LazyLock};

use cel::{Context, Env, ExecutionError, Value};

use crate::purl::Purl;
use crate::version;

/// CEL's standard library. Made once.
pub(super) fn environment() -> Arc<Env> {
    static ENVIRONMENT: LazyLock<Arc<Env>> = LazyLock::new(|| Arc::new(Env::stdlib()));
    ENVIRONMENT.clone()
}

/// Adds our functions.
pub(super) fn add(context: &mut Context<'_, '_>) {
    // None of these names is the standard library's, so that none can be declared already.
    let _ = context.add_function("nonEmpty", non_empty);
    let _ = context.add_function("semverCompare", semver_compare);
    let _ = context.add_function("samePackage", same_package);
    let _ = context.add_function("epoch", epoch);
}

/// Whether a list or map has anything in it.
fn non_empty(value: Value) -> Result<bool, ExecutionError> {
    match value {
        Value::List(list) => Ok(!list.is_empty()),
        Value::Map(map) => Ok(!map.map.is_empty()),
        _ => Err(ExecutionError::function_error("nonEmpty", "wanted a list or a map")),
    }
}

/// -1, 0 or 1 as semantic versioning orders two versions; a leading `v` or `go` does not count.
fn semver_compare(left: Arc<String>, right: Arc<String>) -> Result<i64, ExecutionError> {
    let order = version::compare(&left, &right).ok_or_else(|| {
        let message = format!("{left:?} and {right:?} cannot be compared");
        ExecutionError::function_error("semverCompare", message)
    })?;
    Ok(order as i64)
}

/// Whether two package URLs name the same package, whatever their versions.
fn same_package(left: Arc<String>, right: Arc<String>) -> Result<bool, ExecutionError> {
    let parse = |text: &str| -> Result<Purl, ExecutionError> {
        text.parse().map_err(|error| ExecutionError::function_error::<String>("samePackage", error))
    };
    Ok(parse(&left)?.same_package(&parse(&right)?))
}

/// A time (RFC 3339) in seconds since 1970, as `now` has it.
fn epoch(text: Arc<String>) -> Result<i64, ExecutionError> {
    let time: Result<jiff::Timestamp, _> = text.parse();
    let message = || format!("{text:?} is no time");
    time.map(|time| time.as_second())
        .map_err(|_| ExecutionError::function_error("epoch", message()))
}
