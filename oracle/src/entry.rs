//! The directory: versions of an entry, the one in force, and withdrawals (chapter 4).

use domain::{ChargePoint, Policy, StationId, Timestamp, Window};

/// The records of the directory that concern one charge point, in the order of the topic.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Directory {
    /// The records, each with the clock at which the task reads it: a cut sees those read before.
    pub records: Vec<(Timestamp, DirectoryRecord)>,
}

/// One record of the directory.
#[derive(Debug, Clone, PartialEq)]
pub enum DirectoryRecord {
    /// A version of the entry.
    Version(Box<ChargePoint>),
    /// A null record, with its Kafka timestamp.
    Null(Timestamp),
}

/// What the directory says of a charge point at one station.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Entry {
    /// The versions that name the station, in the order of the topic.
    pub versions: Vec<Version>,
    /// When it was withdrawn from the station.
    pub withdrawals: Vec<Withdrawal>,
}

/// One version, as far as figures need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version {
    /// When a cut can see it: later ones do.
    pub read_at: Timestamp,
    /// When a gateway received it.
    pub updated_at: Timestamp,
    /// What it declares.
    pub place: Place,
}

/// What the directory declares of a charge point, as far as figures need it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// Nominal power, W; 0 when unknown.
    pub power_w: i64,
    /// Municipality; empty when unknown.
    pub code_insee_commune: String,
}

/// One withdrawal (*décommissionnement*).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Withdrawal {
    /// When a cut can see it: later ones do.
    pub read_at: Timestamp,
    /// When the charge point was withdrawn.
    pub at: Timestamp,
}

impl Directory {
    /// What these records say of the charge point at `station_id`. A version withdraws it by its
    /// `deleted_at`, and at its `updated_at` from every other station that an earlier one named. A
    /// null record withdraws it from all of them.
    pub fn at_station(&self, station_id: &StationId) -> Entry {
        let mut entry = Entry::default();
        for (read_at, record) in &self.records {
            let read_at = *read_at;
            match record {
                DirectoryRecord::Version(version) if version.station_id() == station_id => {
                    entry.versions.push(Version {
                        read_at,
                        updated_at: version.updated_at,
                        place: Place {
                            power_w: version.power_w(),
                            code_insee_commune: version.irve.code_insee_commune.clone(),
                        },
                    });
                    let deleted_at = version.deleted_at;
                    entry
                        .withdrawals
                        .extend(deleted_at.map(|at| Withdrawal { read_at, at }));
                }
                DirectoryRecord::Version(elsewhere) if !entry.versions.is_empty() => {
                    let at = elsewhere.updated_at;
                    entry.withdrawals.push(Withdrawal { read_at, at });
                }
                DirectoryRecord::Null(at) if !entry.versions.is_empty() => {
                    let at = *at;
                    entry.withdrawals.push(Withdrawal { read_at, at });
                }
                DirectoryRecord::Version(_) | DirectoryRecord::Null(_) => {}
            }
        }
        entry
    }
}

impl Entry {
    /// An entry that has always had this power, W, and is never withdrawn.
    pub fn unchanging(power_w: i64) -> Self {
        let version = Version {
            read_at: Timestamp::MIN,
            updated_at: Timestamp::MIN,
            place: Place {
                power_w,
                code_insee_commune: String::new(),
            },
        };
        Self {
            versions: vec![version],
            withdrawals: Vec::new(),
        }
    }

    /// What a cut sees of it.
    #[must_use]
    pub fn seen_at(&self, cut: Timestamp) -> Self {
        let versions = self.versions.iter();
        let withdrawals = self.withdrawals.iter();
        Self {
            versions: versions
                .filter(|each| each.read_at < cut)
                .cloned()
                .collect(),
            withdrawals: withdrawals
                .filter(|each| each.read_at < cut)
                .copied()
                .collect(),
        }
    }

    /// What is in force at `instant`: the last version received by then, else the first known; an
    /// unknown place when there is none.
    pub fn in_force(&self, instant: Timestamp) -> Place {
        let received = |version: &&Version| version.updated_at <= instant;
        let last = self.versions.iter().rfind(received);
        let version = last.or(self.versions.first());
        version
            .map(|version| version.place.clone())
            .unwrap_or_default()
    }

    /// The power in force at the start of `window`, W.
    pub fn power_w(&self, window: Window) -> i64 {
        self.in_force(window.start()).power_w
    }

    /// When the withdrawals act: at their instant, but never within a window that was final when
    /// they were read. The same instant in a later version is the same withdrawal.
    pub fn withdrawn_at(&self, policy: &Policy) -> Vec<Timestamp> {
        let mut known: Vec<Timestamp> = Vec::new();
        let mut instants: Vec<Timestamp> = Vec::new();
        for withdrawal in &self.withdrawals {
            if !known.contains(&withdrawal.at) {
                known.push(withdrawal.at);
                instants.push(withdrawal.at.max(oldest_open(withdrawal, policy)));
            }
        }
        instants.sort_unstable();
        instants.dedup();
        instants
    }
}

/// The start of the oldest window that was not final at the last cut before a withdrawal was read.
fn oldest_open(withdrawal: &Withdrawal, policy: &Policy) -> Timestamp {
    if withdrawal.read_at == Timestamp::MIN {
        return Timestamp::MIN;
    }
    let last_cut = withdrawal.read_at.floor(policy.cut_every);
    Window::of(last_cut - policy.late_limit).start()
}
