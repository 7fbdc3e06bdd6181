//! The operations of the data routes: what each is called and which scope it needs.

use crate::auth::Scope;

/// What a caller may ask for once authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each operation is its own name, as below")]
pub enum Operation {
    Status,
    StatusBulk,
    Session,
    SessionBulk,
    Validate,
    StatiqueList,
    StatiqueShow,
    StatiqueCreate,
    StatiqueBulk,
    StatiqueUpdate,
    StatiqueDecommission,
    StatiqueRecommission,
    Stations,
}

impl Operation {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Status,
        Self::StatusBulk,
        Self::Session,
        Self::SessionBulk,
        Self::Validate,
        Self::StatiqueList,
        Self::StatiqueShow,
        Self::StatiqueCreate,
        Self::StatiqueBulk,
        Self::StatiqueUpdate,
        Self::StatiqueDecommission,
        Self::StatiqueRecommission,
        Self::Stations,
    ];

    /// Its name in rate limits and in the OpenAPI document.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::StatusBulk => "status-bulk",
            Self::Session => "session",
            Self::SessionBulk => "session-bulk",
            Self::Validate => "validate",
            Self::StatiqueList => "statique-list",
            Self::StatiqueShow => "statique-show",
            Self::StatiqueCreate => "statique-create",
            Self::StatiqueBulk => "statique-bulk",
            Self::StatiqueUpdate => "statique-update",
            Self::StatiqueDecommission => "statique-decommission",
            Self::StatiqueRecommission => "statique-recommission",
            Self::Stations => "stations",
        }
    }

    /// The operation of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.name() == name)
    }

    /// The scope that it needs.
    pub const fn scope(self) -> Scope {
        match self {
            Self::Status
            | Self::StatusBulk
            | Self::Session
            | Self::SessionBulk
            | Self::Validate => Scope::DynamicCreate,
            Self::StatiqueList | Self::StatiqueShow => Scope::StaticRead,
            Self::StatiqueCreate | Self::StatiqueBulk => Scope::StaticCreate,
            Self::StatiqueUpdate => Scope::StaticUpdate,
            Self::StatiqueDecommission | Self::StatiqueRecommission => Scope::StaticDelete,
            Self::Stations => Scope::ManageRead,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_found_by_its_name() {
        for operation in Operation::ALL {
            assert_eq!(Operation::named(operation.name()), Some(operation));
        }
        assert_eq!(Operation::named("other"), None);
    }
}
