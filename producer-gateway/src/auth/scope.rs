//! Scopes: what a route needs and how a grant is written.

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// To add static records.
    StaticCreate,
    /// To read static records.
    StaticRead,
    /// To change static records.
    StaticUpdate,
    /// To decommission and recommission charge points.
    StaticDelete,
    /// To send statuses and sessions.
    DynamicCreate,
}

impl Scope {
    /// Area and verb as they are written.
    const fn parts(self) -> (&'static str, &'static str) {
        match self {
            Self::StaticCreate => ("static", "create"),
            Self::StaticRead => ("static", "read"),
            Self::StaticUpdate => ("static", "update"),
            Self::StaticDelete => ("static", "delete"),
            Self::DynamicCreate => ("dynamic", "create"),
        }
    }

    /// Whether a grant such as `static:read` or `all:read` covers this scope.
    pub fn is_granted_by(self, grant: &str) -> bool {
        let (area, verb) = self.parts();
        grant
            .split_once(':')
            .is_some_and(|(granted, to)| to == verb && (granted == area || granted == "all"))
    }
}

/// Whether a text is a grant that exists.
pub fn is_grant(text: &str) -> bool {
    match text.split_once(':') {
        Some(("all" | "static" | "dynamic", verb)) => {
            matches!(verb, "create" | "read" | "update" | "delete")
        }
        Some(("manage", "read")) => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_covers_static_and_dynamic_with_the_same_verb() {
        assert!(Scope::StaticRead.is_granted_by("static:read"));
        assert!(Scope::StaticRead.is_granted_by("all:read"));
        assert!(!Scope::StaticRead.is_granted_by("all:create"));
        assert!(!Scope::DynamicCreate.is_granted_by("static:create"));
        assert!(!Scope::DynamicCreate.is_granted_by(""));
    }

    #[test]
    fn grants_are_a_closed_set() {
        assert!(is_grant("manage:read") && is_grant("all:delete"));
        assert!(!is_grant("manage:create") && !is_grant("read") && !is_grant("static:write"));
    }
}
