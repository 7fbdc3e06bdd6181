//! How hard the scenarios try, and which dice they throw: `E2E_FACTOR` multiplies the number of faults
//! (default 1), `E2E_SEED` chooses others (default 7).

use anyhow::{Context, Result, ensure};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::say::say;

/// What the environment asks for.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// Where the dice start.
    pub seed: u64,
    /// How many times the usual number of faults, at least 1.
    pub factor: usize,
}

impl Effort {
    /// Reads the environment and prints the seed.
    ///
    /// # Errors
    /// Fails when a variable is not a number.
    pub fn from_environment() -> Result<Self> {
        let effort = Self {
            seed: number("E2E_SEED", 7)?,
            factor: usize::try_from(number("E2E_FACTOR", 1)?)?,
        };
        ensure!(effort.factor >= 1, "E2E_FACTOR is 0, expected at least 1");
        say(&format!(
            "E2E_SEED={} E2E_FACTOR={}",
            effort.seed, effort.factor
        ));
        Ok(effort)
    }

    /// The dice.
    pub fn dice(self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.seed)
    }
}

fn number(name: &str, default: u64) -> Result<u64> {
    let Some(value) = std::env::var_os(name) else {
        return Ok(default);
    };
    let value = value.to_string_lossy();
    value
        .parse()
        .with_context(|| format!("{name}={value}, expected a number"))
}
