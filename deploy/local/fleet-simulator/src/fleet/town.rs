//! Towns in which invented stations stand.

/// A town: name, code of the commune (INSEE), longitude and latitude of its centre.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Town {
    /// Its name.
    pub name: &'static str,
    /// `code_insee_commune`.
    pub insee: &'static str,
    /// Longitude, degrees.
    pub longitude: f64,
    /// Latitude, degrees.
    pub latitude: f64,
}

const fn town(name: &'static str, insee: &'static str, longitude: f64, latitude: f64) -> Town {
    Town {
        name,
        insee,
        longitude,
        latitude,
    }
}

/// Towns of all regions of the mainland.
pub const TOWNS: [Town; 36] = [
    town("Paris", "75056", 2.35, 48.86),
    town("Marseille", "13055", 5.38, 43.30),
    town("Lyon", "69123", 4.84, 45.76),
    town("Toulouse", "31555", 1.44, 43.60),
    town("Nice", "06088", 7.25, 43.71),
    town("Nantes", "44109", -1.55, 47.22),
    town("Montpellier", "34172", 3.88, 43.61),
    town("Strasbourg", "67482", 7.74, 48.58),
    town("Bordeaux", "33063", -0.58, 44.84),
    town("Lille", "59350", 3.06, 50.63),
    town("Rennes", "35238", -1.68, 48.11),
    town("Reims", "51454", 4.03, 49.26),
    town("Saint-Étienne", "42218", 4.39, 45.44),
    town("Toulon", "83137", 5.93, 43.12),
    town("Le Havre", "76351", 0.11, 49.49),
    town("Grenoble", "38185", 5.73, 45.19),
    town("Dijon", "21231", 5.04, 47.32),
    town("Angers", "49007", -0.55, 47.47),
    town("Nîmes", "30189", 4.36, 43.84),
    town("Clermont-Ferrand", "63113", 3.08, 45.78),
    town("Le Mans", "72181", 0.20, 48.01),
    town("Brest", "29019", -4.49, 48.39),
    town("Tours", "37261", 0.69, 47.39),
    town("Amiens", "80021", 2.30, 49.89),
    town("Limoges", "87085", 1.26, 45.83),
    town("Perpignan", "66136", 2.89, 42.70),
    town("Metz", "57463", 6.18, 49.12),
    town("Besançon", "25056", 6.02, 47.24),
    town("Orléans", "45234", 1.91, 47.90),
    town("Rouen", "76540", 1.10, 49.44),
    town("Caen", "14118", -0.37, 49.18),
    town("Nancy", "54395", 6.18, 48.69),
    town("Poitiers", "86194", 0.34, 46.58),
    town("La Rochelle", "17300", -1.15, 46.16),
    town("Pau", "64445", -0.37, 43.30),
    town("Troyes", "10387", 4.07, 48.30),
];

#[cfg(test)]
mod tests {
    use super::super::territory::{METROPOLITAN, is_inside};
    use super::*;

    #[test]
    fn every_town_lies_within_the_territory_with_room_around_it() {
        for town in &TOWNS {
            for (east, north) in [(0.06, 0.06), (0.06, -0.06), (-0.06, 0.06), (-0.06, -0.06)] {
                let point = (town.longitude + east, town.latitude + north);
                assert!(is_inside(point, &METROPOLITAN), "{}", town.name);
            }
        }
    }
}
