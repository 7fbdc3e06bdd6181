//! The gateway against a recording log: status codes and bodies, as clients see them.

#[cfg(test)]
mod auth;
#[cfg(test)]
#[expect(
    clippy::too_many_lines,
    clippy::type_complexity,
    reason = "the tables of the contract: one row after another"
)]
mod contract;
#[cfg(test)]
mod events;
#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod help;
#[cfg(test)]
mod identity_provider;
#[cfg(test)]
mod lax;
#[cfg(test)]
mod login;
#[cfg(test)]
mod oidc;
#[cfg(test)]
mod quiet;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod reload;
#[cfg(test)]
mod statique;
#[cfg(test)]
mod support;
