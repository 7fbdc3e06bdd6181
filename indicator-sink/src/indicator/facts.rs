//! What indicators count: one `SELECT` each, with the columns of the place of every fact.

/// A set of facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facts {
    /// Charge points in force at the end of the period.
    InForce,
    /// Charge points in force when computed.
    InForceNow,
    /// Distinct sessions by start, with the directory at the start of the period.
    Sessions,
    /// The same of the month before the period.
    SessionsOfMonthBefore,
    /// Session records by start; those of points that are not in force count for the nation only.
    Copies,
    /// Session records of points in force.
    KnownCopies,
    /// The same of the month before the period.
    CopiesOfMonthBefore,
    /// Session records, the greatest believable energy per charge point, start and end.
    Supplied,
    /// Session records that the original declares for TIRUERT.
    Certified,
    /// Complete hours, summed by unit, municipality and power class.
    Hours,
    /// The same from the days of units and EPCIs, which are the sums of complete hours.
    Days,
    /// Charge points with complete hours.
    Points,
    /// The required ones of them, and whether a long outage touched the period.
    Outages,
    /// Charge points in force with a status in the period.
    Statuses,
    /// Episodes of charge points that returned in the period.
    Returns,
}

/// At which instant the directory says which targets exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirectoryAt {
    /// At the start of the period.
    Start,
    /// At its end.
    End,
    /// When computed.
    Now,
}

macro_rules! facts {
    ($name:literal) => {
        include_str!(concat!(
            "../../../deploy/clickhouse/indicators/facts/",
            $name,
            ".sql"
        ))
    };
}

impl Facts {
    /// Their `SELECT`, with marks.
    pub fn select(self) -> String {
        let copies = facts!("copies").trim();
        match self {
            Self::InForce | Self::InForceNow => facts!("in_force").to_owned(),
            Self::Sessions | Self::SessionsOfMonthBefore => facts!("sessions").to_owned(),
            Self::Copies => copies.to_owned(),
            Self::KnownCopies | Self::CopiesOfMonthBefore => {
                format!("SELECT *\nFROM (\n    {copies}\n)\nWHERE is_known")
            }
            Self::Supplied => facts!("supplied").replace("{{copies}}", copies),
            Self::Certified => facts!("certified").replace("{{copies}}", copies),
            Self::Hours => facts!("hours").to_owned(),
            Self::Days => facts!("days").to_owned(),
            Self::Points => facts!("points").to_owned(),
            Self::Outages => facts!("outages").replace("{{points}}", facts!("points").trim()),
            Self::Statuses => facts!("statuses").to_owned(),
            Self::Returns => facts!("returns").to_owned(),
        }
    }

    /// The same facts for a period with this letter: those of a quarter or a year are read from its days.
    #[must_use]
    pub fn of_period(self, letter: &str) -> Self {
        match (self, letter) {
            (Self::Hours, "q" | "y") => Self::Days,
            (facts, _) => facts,
        }
    }

    /// The code of the nation, in SQL: one of the facts that stand for an EPCI only is not its own.
    pub fn nation(self) -> &'static str {
        match self {
            Self::Days => "if(epci = '', '00', '')",
            Self::InForce
            | Self::InForceNow
            | Self::Sessions
            | Self::SessionsOfMonthBefore
            | Self::Copies
            | Self::KnownCopies
            | Self::CopiesOfMonthBefore
            | Self::Supplied
            | Self::Certified
            | Self::Hours
            | Self::Points
            | Self::Outages
            | Self::Statuses
            | Self::Returns => "'00'",
        }
    }

    /// Whether they are those of the month before the period.
    pub fn is_of_month_before(self) -> bool {
        matches!(
            self,
            Self::SessionsOfMonthBefore | Self::CopiesOfMonthBefore
        )
    }

    /// Which directory says what targets there are.
    pub fn directory(self) -> DirectoryAt {
        match self {
            Self::Sessions | Self::SessionsOfMonthBefore => DirectoryAt::Start,
            Self::InForce
            | Self::Hours
            | Self::Days
            | Self::Points
            | Self::Outages
            | Self::Returns => DirectoryAt::End,
            Self::InForceNow
            | Self::Copies
            | Self::KnownCopies
            | Self::CopiesOfMonthBefore
            | Self::Supplied
            | Self::Certified
            | Self::Statuses => DirectoryAt::Now,
        }
    }
}
