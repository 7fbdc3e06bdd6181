//! What a scenario tells whoever runs it: figures, and what it left out.

/// Prints a line.
#[expect(clippy::print_stdout, reason = "a test speaks to whoever runs it")]
pub fn say(line: &str) {
    println!("{line}");
}
