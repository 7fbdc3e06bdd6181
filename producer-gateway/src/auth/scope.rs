//! Scopes: what a route needs, and what a caller was granted.

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
    /// To read statuses and sessions.
    DynamicRead,
    /// To change statuses and sessions; no route needs it.
    DynamicUpdate,
    /// To delete statuses and sessions; no route needs it.
    DynamicDelete,
    /// To read the stations of any unit.
    ManageRead,
}

impl Scope {
    const fn bit(self) -> u16 {
        1 << self as u16
    }

    /// What one grant covers: `all:x` means `static:x` and `dynamic:x`; nothing when no such grant
    /// exists.
    fn covered_by(grant: &str) -> &'static [Self] {
        match grant {
            "static:create" => &[Self::StaticCreate],
            "static:read" => &[Self::StaticRead],
            "static:update" => &[Self::StaticUpdate],
            "static:delete" => &[Self::StaticDelete],
            "dynamic:create" => &[Self::DynamicCreate],
            "dynamic:read" => &[Self::DynamicRead],
            "dynamic:update" => &[Self::DynamicUpdate],
            "dynamic:delete" => &[Self::DynamicDelete],
            "all:create" => &[Self::StaticCreate, Self::DynamicCreate],
            "all:read" => &[Self::StaticRead, Self::DynamicRead],
            "all:update" => &[Self::StaticUpdate, Self::DynamicUpdate],
            "all:delete" => &[Self::StaticDelete, Self::DynamicDelete],
            "manage:read" => &[Self::ManageRead],
            _ => &[],
        }
    }
}

/// Whether a text is a grant that exists.
pub fn is_grant(text: &str) -> bool {
    !Scope::covered_by(text).is_empty()
}

/// A set of scopes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Grants(u16);

impl Grants {
    /// What grants cover together; those that do not exist cover nothing.
    pub fn of<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let scopes = names.into_iter().flat_map(Scope::covered_by);
        Self(scopes.fold(0, |bits, scope| bits | scope.bit()))
    }

    /// Whether a scope is among them.
    pub const fn contains(self, scope: Scope) -> bool {
        self.0 & scope.bit() != 0
    }

    /// These and the others.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_covers_static_and_dynamic_with_the_same_verb() {
        let granted = |names: &[&str], scope| Grants::of(names.iter().copied()).contains(scope);
        assert!(granted(&["static:read"], Scope::StaticRead));
        assert!(granted(&["all:read"], Scope::StaticRead));
        assert!(granted(&["all:read"], Scope::DynamicRead));
        assert!(!granted(&["all:read"], Scope::ManageRead));
        assert!(!granted(&["all:create"], Scope::StaticRead));
        assert!(!granted(&["static:create"], Scope::DynamicCreate));
        assert!(!granted(&["", "all", "all:write"], Scope::DynamicCreate));
    }

    #[test]
    fn grants_add_up() {
        let both = Grants::of(["manage:read"]).union(Grants::of(["all:delete"]));
        assert!(both.contains(Scope::ManageRead) && both.contains(Scope::StaticDelete));
        assert!(!both.contains(Scope::StaticRead));
    }

    #[test]
    fn grants_are_a_closed_set() {
        for area in ["all", "static", "dynamic"] {
            for verb in ["create", "read", "update", "delete"] {
                assert!(is_grant(&format!("{area}:{verb}")));
            }
        }
        assert!(is_grant("manage:read"));
        assert!(!is_grant("manage:create") && !is_grant("read") && !is_grant("static:write"));
    }
}
