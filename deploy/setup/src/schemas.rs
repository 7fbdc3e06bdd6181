//! `stream-setup schemas`.
//!
//! A subject gets its compatibility level before its second version, so that the registry checks
//! every change. A registry that knows no level for a subject without versions gets the first
//! version, which nothing can contradict, and then the level.

use std::fmt;
use std::io::Write;

use anyhow::Context as _;
use domain::contract::{CONTRACTS, Contract};
use platform::avro::{CompatibilityLevel, RegistryClient, RegistryError};

use crate::Outcome;
use crate::config::SchemasArgs;
use crate::table::Table;

/// What was found of one subject.
#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// The schema was registered before.
    Present(u32),
    /// The schema was registered now.
    Registered(u32),
    /// The schema is not registered and could be.
    Absent,
    /// The schema breaks the compatibility level; the registry's reason, if it gave one.
    Incompatible(String),
    /// The subject has another level than the contract.
    OtherLevel(Option<CompatibilityLevel>),
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present(id) => write!(formatter, "present, id {id}"),
            Self::Registered(id) => write!(formatter, "registered, id {id}"),
            Self::Absent => formatter.write_str("not registered"),
            Self::Incompatible(_) => formatter.write_str("incompatible"),
            Self::OtherLevel(Some(level)) => write!(formatter, "level is {level}"),
            Self::OtherLevel(None) => formatter.write_str("level is not set"),
        }
    }
}

impl State {
    fn remedy(&self, subject: &str) -> Option<String> {
        match self {
            Self::Present(_) | Self::Registered(_) => None,
            Self::Absent | Self::OtherLevel(_) => Some(format!(
                "subject {subject} is not as listed: run `stream-setup schemas`"
            )),
            Self::Incompatible(reason) => Some(format!(
                "schema of {subject} breaks the readers of its topic: give new fields a default, \
                 or make a new topic ({reason})"
            )),
        }
    }
}

/// Registers or compares the schemas.
pub(crate) async fn run(args: &SchemasArgs, output: impl Write) -> anyhow::Result<Outcome> {
    let registry = RegistryClient::new(&args.registry)?.with_patience(args.manner.patience());
    let mut findings = Vec::with_capacity(CONTRACTS.len());
    for contract in &CONTRACTS {
        let level = contract.compatibility.name().parse()?;
        let state = if args.manner.check {
            check(&registry, contract, level).await?
        } else {
            register(&registry, contract, level).await?
        };
        findings.push((contract.subject, level, state));
    }
    report(&findings, output).context("writing the table")
}

async fn check(
    registry: &RegistryClient,
    contract: &Contract,
    level: CompatibilityLevel,
) -> Result<State, RegistryError> {
    let id = match registry.id_of(contract.subject, contract.schema).await {
        Ok(id) => id,
        Err(RegistryError::NotRegistered { .. }) => {
            let compatible = registry.is_compatible(contract.subject, contract.schema);
            return Ok(if compatible.await? {
                State::Absent
            } else {
                State::Incompatible("the registry gives no reason to a check".to_owned())
            });
        }
        Err(error) => return Err(error),
    };
    let found = registry.compatibility(contract.subject).await?;
    Ok(if found == Some(level) {
        State::Present(id)
    } else {
        State::OtherLevel(found)
    })
}

async fn register(
    registry: &RegistryClient,
    contract: &Contract,
    level: CompatibilityLevel,
) -> Result<State, RegistryError> {
    let subject = contract.subject;
    let has_level = match registry.set_compatibility(subject, level).await {
        Ok(()) => true,
        Err(RegistryError::NotRegistered { .. }) => false,
        Err(error) => return Err(error),
    };
    let state = match registry.id_of(subject, contract.schema).await {
        Ok(id) => State::Present(id),
        Err(RegistryError::NotRegistered { .. }) => {
            match registry.register(subject, contract.schema).await {
                Ok(id) => State::Registered(id),
                Err(RegistryError::Incompatible { source, .. }) => {
                    State::Incompatible(source.to_string())
                }
                Err(error) => return Err(error),
            }
        }
        Err(error) => return Err(error),
    };
    if !has_level {
        registry.set_compatibility(subject, level).await?;
    }
    Ok(state)
}

fn report(
    findings: &[(&str, CompatibilityLevel, State)],
    mut output: impl Write,
) -> std::io::Result<Outcome> {
    let mut table = Table::new(["subject", "compatibility", "state"]);
    for (subject, level, state) in findings {
        table.push([(*subject).to_owned(), level.to_string(), state.to_string()]);
    }
    table.write(&mut output)?;
    let mut outcome = Outcome::AsListed;
    for (subject, _, state) in findings {
        if let Some(remedy) = state.remedy(subject) {
            outcome = Outcome::Differs;
            writeln!(output, "{remedy}")?;
        }
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_contract_has_a_level_that_the_registry_knows() {
        for contract in &CONTRACTS {
            let word = contract.compatibility.name();
            assert_eq!(word.parse::<CompatibilityLevel>().unwrap().as_str(), word);
        }
    }

    #[test]
    fn subjects_as_listed_give_a_table_and_nothing_else() {
        let level = CompatibilityLevel::FullTransitive;
        let findings = [
            ("a-value", level, State::Present(1)),
            ("long-value", level, State::Registered(2)),
        ];
        let mut output = Vec::new();
        assert_eq!(report(&findings, &mut output).unwrap(), Outcome::AsListed);
        assert_eq!(
            String::from_utf8(output).unwrap(),
            "subject     compatibility    state\n\
             a-value     FULL_TRANSITIVE  present, id 1\n\
             long-value  FULL_TRANSITIVE  registered, id 2\n"
        );
    }

    #[test]
    fn each_difference_changes_the_outcome_and_names_its_remedy() {
        let level = CompatibilityLevel::FullTransitive;
        let differences = [
            State::Absent,
            State::OtherLevel(None),
            State::Incompatible("field x".to_owned()),
        ];
        for state in differences {
            let mut output = Vec::new();
            let outcome = report(&[("a-value", level, state)], &mut output).unwrap();
            assert_eq!(outcome, Outcome::Differs);
            let text = String::from_utf8(output).unwrap();
            assert!(text.lines().last().unwrap().contains("a-value"), "{text}");
        }
    }
}
