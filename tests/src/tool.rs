//! Programs of others that tests run: `stack tool` fetches them into the cache.

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

use crate::stack::{Stack, checked, workspace};

/// The path of a tool's program, fetched if need be.
///
/// # Errors
/// Says what the stack script said.
pub fn path(stack: &Stack, name: &str) -> Result<PathBuf> {
    let script = workspace().join("deploy/local/stack");
    let output = stack.command(&script).args(["tool", name]).output()?;
    let printed = checked(&output).with_context(|| format!("stack tool {name}"))?;
    let path = PathBuf::from(printed.trim());
    ensure!(path.is_file(), "{} is no program", path.display());
    Ok(path)
}
