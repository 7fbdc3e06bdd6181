//! The computation that shares nothing with the database but the rows: codes over hours, outages,
//! sessions and statuses.

use std::collections::{BTreeMap, BTreeSet};

use indicator_sink::indicator::Stretch;

use super::fleet::{DAY_MS, Fleet, Hour, Times, kw, month_before};
use super::real_data::{class, judged};

const PLACES: [u8; 5] = [0, 1, 2, 3, 5];
const WITH_UNITS: [u8; 3] = [0, 1, 5];
const NATION_AND_REGIONS: [u8; 2] = [0, 1];
const CLASSES: [&str; 6] = [
    "[0.0, 7.4)",
    "[7.4, 22.0]",
    "(22.0, 50.0)",
    "[50, 150.0)",
    "[150, 350.0)",
    "[350, None)",
];

/// Level, target, category.
pub(super) type Key = (u8, String, String);

/// A value and what else is said of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Figure {
    pub(super) value: f64,
    pub(super) extras: BTreeMap<&'static str, f64>,
    pub(super) list: Option<Vec<String>>,
}

impl From<f64> for Figure {
    fn from(value: f64) -> Self {
        Self {
            value,
            ..Self::default()
        }
    }
}

pub(super) type Figures = BTreeMap<Key, Figure>;

/// A whole number of a size that a test has.
pub(super) fn float(number: i64) -> f64 {
    f64::from(i32::try_from(number).unwrap())
}

fn ratio(numerator: i64, denominator: i64) -> Option<Figure> {
    let extras = [
        ("numerator", float(numerator)),
        ("denominator", float(denominator)),
    ];
    (denominator > 0).then(|| Figure {
        value: float(numerator) / float(denominator),
        extras: extras.into(),
        list: None,
    })
}

/// The computation.
pub(super) struct Truth<'a> {
    fleet: &'a Fleet,
    now_ms: i64,
    /// Charge point, start, whether flagged, whether longer than 2 min and above 500 Wh.
    sessions: Vec<(usize, i64, bool, bool)>,
}

impl<'a> Truth<'a> {
    pub(super) fn of(fleet: &'a Fleet, now_ms: i64) -> Self {
        let by_id: BTreeMap<&str, usize> = fleet
            .points
            .iter()
            .map(|point| point.id.as_str())
            .zip(0..)
            .collect();
        let sessions = judged(|id| fleet.points[by_id[id]].power_w, &fleet.sessions);
        let sessions = sessions.into_iter().map(|(session, flagged)| {
            let is_real = session.energy_wh > 500 && session.end_ms - session.start_ms > 120_000;
            (
                by_id[session.point.as_str()],
                session.start_ms,
                flagged,
                !flagged && is_real,
            )
        });
        Self {
            fleet,
            now_ms,
            sessions: sessions.collect(),
        }
    }

    /// Groups facts by target at each level, and by category.
    fn group<'f, F>(
        &self,
        levels: &[u8],
        facts: impl Iterator<Item = (&'f str, &'f str, String, F)>,
    ) -> BTreeMap<Key, Vec<F>>
    where
        F: Clone + 'f,
    {
        let mut groups: BTreeMap<Key, Vec<F>> = BTreeMap::new();
        for (unit, commune, category, fact) in facts {
            for level in levels {
                if let Some(target) = self.fleet.target(*level, unit, commune) {
                    let key = (*level, target, category.clone());
                    groups.entry(key).or_default().push(fact.clone());
                }
            }
        }
        groups
    }

    /// Zeros for every target in force at an instant, in these categories, and for the nation.
    fn zeros(&self, levels: &[u8], at_ms: i64, categories: &[&str]) -> Figures {
        let mut zeros = Figures::new();
        let in_force = self
            .fleet
            .points
            .iter()
            .filter(|point| point.is_in_force(at_ms));
        let places = in_force.map(|point| (point.unit(), point.at(at_ms).commune));
        for (unit, commune) in places.chain([("", "")]) {
            for level in levels
                .iter()
                .filter(|level| **level == 0 || !unit.is_empty())
            {
                for category in categories {
                    if let Some(target) = self.fleet.target(*level, unit, commune) {
                        zeros.insert((*level, target, (*category).to_owned()), Figure::default());
                    }
                }
            }
        }
        zeros
    }

    fn times(&self, stretch: Stretch, by_class: bool) -> BTreeMap<Key, Times> {
        let inside = self
            .fleet
            .hours
            .iter()
            .filter(|hour| holds(stretch, hour.start_ms));
        let facts = inside.map(|hour| {
            let category = if by_class { class(hour.power_w) } else { "" };
            (
                &hour.point[..5],
                hour.commune,
                category.to_owned(),
                hour.times,
            )
        });
        let sum = |all: Vec<Times>| {
            all.into_iter().fold(Times::default(), |mut sum, times| {
                sum += times;
                sum
            })
        };
        self.group(&PLACES, facts)
            .into_iter()
            .map(|(key, all)| (key, sum(all)))
            .collect()
    }

    fn availability(&self, stretch: Stretch, by_class: bool) -> Figures {
        let figure = |(key, times): (Key, Times)| {
            let mut figure = ratio(times.up, times.up + times.down)?;
            let required = float(times.required);
            let more = [
                ("coverage", float(times.up + times.down) / required),
                ("minimum", float(times.up) / required),
                ("maximum", float(times.required - times.down) / required),
                ("afirev", float(times.up + times.unknown_short) / required),
            ];
            figure.extras.extend(more);
            Some((key, figure))
        };
        self.times(stretch, by_class)
            .into_iter()
            .filter_map(figure)
            .collect()
    }

    fn utilisation(&self, stretch: Stretch) -> Figures {
        let times = self.times(stretch, false).into_iter();
        times
            .filter_map(|(key, times)| Some((key, ratio(times.occupied, times.up)?)))
            .collect()
    }

    fn success(&self, stretch: Stretch) -> Figures {
        let start_ms = stretch.start.as_ms();
        let inside = self
            .sessions
            .iter()
            .filter(|session| holds(stretch, session.1));
        let facts = inside.map(|(index, _, flagged, successful)| {
            let point = &self.fleet.points[*index];
            let place = (point.unit(), point.at(start_ms).commune);
            (place.0, place.1, String::new(), (*flagged, *successful))
        });
        let share = |all: &[(bool, bool)]| {
            let clean = all.iter().filter(|(flagged, _)| !flagged).count();
            let successful = all.iter().filter(|(_, successful)| *successful).count();
            ratio(
                i64::try_from(successful).unwrap(),
                i64::try_from(clean).unwrap(),
            )
        };
        let groups = self.group(&PLACES, facts).into_iter();
        groups
            .filter_map(|(key, all)| Some((key, share(&all)?)))
            .collect()
    }

    /// Charge points with complete hours: as they last were, power, time up, time required.
    fn points(&self, stretch: Stretch) -> Vec<(&str, &'static str, i64, i64, i64)> {
        let mut points: BTreeMap<&str, Vec<_>> = BTreeMap::new();
        for hour in self
            .fleet
            .hours
            .iter()
            .filter(|hour| holds(stretch, hour.start_ms))
        {
            points.entry(&hour.point).or_default().push(hour);
        }
        let point = |(id, hours): (&'a str, Vec<&Hour>)| {
            let last = hours
                .iter()
                .max_by_key(|hour| (hour.start_ms, &hour.station))
                .unwrap();
            let up = hours.iter().map(|hour| hour.times.up).sum();
            let required = hours.iter().map(|hour| hour.times.required).sum();
            (id, last.commune, last.power_w, up, required)
        };
        points.into_iter().map(point).collect()
    }

    fn outages(&self, stretch: Stretch) -> Figures {
        let (start_ms, end_ms) = (stretch.start.as_ms(), stretch.end.as_ms());
        let is_long = |id: &str| {
            self.fleet.episodes.iter().any(|one| {
                let long_ms = one.opened_ms + 7 * DAY_MS;
                self.fleet.points[one.point].id == id
                    && long_ms < end_ms
                    && one
                        .closed_ms
                        .is_none_or(|closed| closed >= start_ms.max(long_ms))
            })
        };
        let points = self.points(stretch).into_iter();
        let facts = points
            .filter(|point| point.4 > 0)
            .map(|point| (&point.0[..5], point.1, String::new(), is_long(point.0)));
        let share = |all: &[bool]| {
            let long = all.iter().filter(|is_long| **is_long).count();
            ratio(
                i64::try_from(long).unwrap(),
                i64::try_from(all.len()).unwrap(),
            )
        };
        let groups = self.group(&PLACES, facts).into_iter();
        groups
            .filter_map(|(key, all)| Some((key, share(&all)?)))
            .collect()
    }

    fn recovery(&self, stretch: Stretch) -> Figures {
        let returned = self.fleet.episodes.iter().filter_map(|one| {
            let closed_ms = one.closed_ms.filter(|closed| holds(stretch, *closed))?;
            (!one.left_censored).then_some((one, closed_ms - one.opened_ms))
        });
        let facts = returned.map(|(one, length)| {
            (
                self.fleet.points[one.point].unit(),
                one.commune,
                String::new(),
                length,
            )
        });
        let mut figures = Figures::new();
        for ((level, target, _), mut lengths) in self.group(&PLACES, facts) {
            lengths.sort_unstable();
            let count = lengths.len();
            // Nearest rank: the smallest number of times of which none is below the percentile.
            let rank = |percent: usize| lengths[(count * percent).div_ceil(100) - 1];
            let sum: i64 = lengths.iter().sum();
            let seconds = |ms: i64| Figure {
                value: f64::from(u32::try_from(ms).unwrap()) / 1000.0,
                extras: [("returns", float(i64::try_from(count).unwrap()))].into(),
                list: None,
            };
            let mut put = |name: &str, figure| {
                figures.insert((level, target.clone(), name.to_owned()), figure)
            };
            put("p50", seconds(rank(50)));
            put("p90", seconds(rank(90)));
            put("p95", seconds(rank(95)));
            let mut mean = seconds(0);
            mean.value = float(sum / 1000) / float(i64::try_from(count).unwrap())
                + float(sum % 1000) / 1000.0 / float(i64::try_from(count).unwrap());
            put("mean", mean);
        }
        figures
    }

    /// Charge points, or their power, that were up.
    fn operation(&self, stretch: Stretch, counts: bool) -> Figures {
        let (levels, categories): (&[u8], &[&str]) = if counts {
            (&WITH_UNITS, &CLASSES)
        } else {
            (&NATION_AND_REGIONS, &[""])
        };
        let points = self.points(stretch).into_iter();
        let facts = points.map(|(id, commune, power_w, up, _)| {
            let category = if counts { class(power_w) } else { "" };
            let amount = if counts { 1_000 } else { power_w };
            (
                &id[..5],
                commune,
                category.to_owned(),
                if up > 0 { amount } else { 0 },
            )
        });
        let mut figures = self.zeros(levels, stretch.end.as_ms(), categories);
        for (key, amounts) in self.group(levels, facts) {
            figures.insert(key, kw(amounts.iter().sum()).into());
        }
        figures
    }

    /// Charge points with a session in the month before.
    fn active(&self, stretch: Stretch) -> Figures {
        let start_ms = stretch.start.as_ms();
        let month = month_before(start_ms)..start_ms;
        let inside = self
            .sessions
            .iter()
            .filter(|session| month.contains(&session.1));
        let facts = inside.map(|session| {
            let point = &self.fleet.points[session.0];
            (
                point.unit(),
                point.at(start_ms).commune,
                String::new(),
                point.id.clone(),
            )
        });
        let mut figures = self.zeros(&NATION_AND_REGIONS, start_ms, &[""]);
        for figure in figures.values_mut() {
            figure.list = Some(Vec::new());
        }
        figures.extend(listed(self.group(&NATION_AND_REGIONS, facts)));
        figures
    }

    pub(super) fn corrected(&self, code: &str, stretch: Stretch) -> Figures {
        match code {
            "e4" => self.active(stretch),
            "q6" => self.availability(stretch, false),
            "q7" => self.availability(stretch, true),
            "q8" => self.utilisation(stretch),
            "q9" => self.success(stretch),
            "d5" => self.outages(stretch),
            "recovery" => self.recovery(stretch),
            "u12" => self.operation(stretch, true),
            "u13" => self.operation(stretch, false),
            _ => panic!("{code} is not computed here"),
        }
    }

    /// As the original makes a day: the directory of now, statuses of any state, a zero without category.
    pub(super) fn parity(&self, code: &str, stretch: Stretch) -> Figures {
        let at = self.now_ms;
        let point = |index: usize| &self.fleet.points[index];
        let heard: BTreeSet<usize> = if code == "e4" {
            let month = month_before(stretch.start.as_ms())..stretch.start.as_ms();
            let inside = self
                .sessions
                .iter()
                .filter(|session| month.contains(&session.1));
            inside.map(|session| session.0).collect()
        } else {
            let inside = self
                .fleet
                .statuses
                .iter()
                .filter(|status| holds(stretch, status.1));
            inside.map(|status| status.0).collect()
        };
        let known = heard
            .into_iter()
            .filter(|index| point(*index).is_in_force(at));
        let facts = known.map(|index| {
            let category = if code == "u12" {
                class(point(index).power_w)
            } else {
                ""
            };
            let place = (point(index).unit(), point(index).at(at).commune);
            (place.0, place.1, category.to_owned(), index)
        });
        let levels: &[u8] = if code == "u12" {
            &WITH_UNITS
        } else {
            &NATION_AND_REGIONS
        };
        let groups = self.group(levels, facts);
        let has_data: BTreeSet<(u8, String)> =
            groups.keys().map(|key| (key.0, key.1.clone())).collect();
        let mut figures = self.zeros(levels, at, &[""]);
        figures.retain(|key, _| !has_data.contains(&(key.0, key.1.clone())));
        if code == "e4" {
            let ids = |all: Vec<usize>| {
                all.into_iter()
                    .map(|index| point(index).id.clone())
                    .collect()
            };
            figures.extend(listed(
                groups
                    .into_iter()
                    .map(|(key, all)| (key, ids(all)))
                    .collect(),
            ));
            return figures;
        }
        for (key, all) in groups {
            let amount = |index: &usize| {
                if code == "u12" {
                    1_000
                } else {
                    point(*index).power_w
                }
            };
            figures.insert(key, kw(all.iter().map(amount).sum()).into());
        }
        figures
    }
}

/// Distinct ids, counted and in order.
fn listed(groups: BTreeMap<Key, Vec<String>>) -> Figures {
    let figure = |(key, ids): (Key, Vec<String>)| {
        let ids: BTreeSet<String> = ids.into_iter().collect();
        let value = float(i64::try_from(ids.len()).unwrap());
        let list = Some(ids.into_iter().collect());
        (
            key,
            Figure {
                value,
                list,
                ..Figure::default()
            },
        )
    };
    groups.into_iter().map(figure).collect()
}

pub(super) fn holds(stretch: Stretch, ms: i64) -> bool {
    (stretch.start.as_ms()..stretch.end.as_ms()).contains(&ms)
}
