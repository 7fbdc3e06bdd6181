//! The charge points and their stations, and the random numbers of the mix.

use domain::charge_point::{Day, IrveStatic};
use domain::{ChargePoint, ChargePointId, StationId, Timestamp};

/// `SplitMix64`: small, fast, the same everywhere.
#[derive(Debug, Clone)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number in `[0, bound)`.
    pub(crate) fn below(&mut self, bound: i64) -> i64 {
        (self.next() >> 1).cast_signed() % bound.max(1)
    }

    /// Whether something happens that happens in `millionths` of a million cases.
    pub(crate) fn chance(&mut self, millionths: i64) -> bool {
        self.below(1_000_000) < millionths
    }
}

/// One charge point.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    /// It.
    pub(crate) charge_point_id: ChargePointId,
    /// Its station.
    pub(crate) station_id: StationId,
    /// Whether it has a type 2 connector; otherwise CCS.
    pub(crate) has_type_2: bool,
}

/// The sizes of stations and their share in thousandths: 4.1 on average, few large ones.
const STATION_SIZES: [(i64, usize); 8] = [
    (280, 1),
    (320, 2),
    (190, 4),
    (110, 6),
    (58, 9),
    (24, 14),
    (10, 40),
    (8, 60),
];

/// Operational units in the fleet.
const UNITS: i64 = 120;

/// A fleet of `charge_points`, station after station.
pub(crate) fn fleet(charge_points: usize, random: &mut Random) -> Vec<Place> {
    let mut places = Vec::with_capacity(charge_points);
    let mut station = 0;
    while places.len() < charge_points {
        station += 1;
        let unit = random.below(UNITS);
        let size = station_size(random.below(1_000)).min(charge_points - places.len());
        for number in 1..=size {
            let name = format!("FR{}", unit_name(unit));
            places.push(Place {
                charge_point_id: parse(ChargePointId::parse(&format!(
                    "{name}E{station:06}{number}"
                ))),
                station_id: parse(StationId::parse(&format!("{name}P{station:06}"))),
                has_type_2: random.chance(700_000),
            });
        }
    }
    places
}

fn parse<T, E: std::fmt::Display>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

fn station_size(draw: i64) -> usize {
    let mut above = 0;
    for (share, size) in STATION_SIZES {
        above += share;
        if draw < above {
            return size;
        }
    }
    1
}

fn unit_name(unit: i64) -> String {
    let letter = |value: i64| char::from(b'A' + u8::try_from(value % 26).unwrap_or(0));
    format!("{}{}{:1}", letter(unit), letter(unit / 26), unit % 10)
}

/// The directory entry of a charge point, version 1.
pub(crate) fn entry(place: &Place, updated_at: Timestamp) -> ChargePoint {
    ChargePoint {
        irve: irve(place),
        revision: 1,
        created_at: updated_at,
        updated_at,
        deleted_at: None,
        updated_by: "backfill".into(),
        legacy: false,
    }
}

fn irve(place: &Place) -> IrveStatic {
    IrveStatic {
        nom_amenageur: "Ville de Lille".into(),
        siren_amenageur: "130025265".into(),
        contact_amenageur: "contact@example.com".into(),
        nom_operateur: "Opérateur".into(),
        contact_operateur: "operateur@example.com".into(),
        telephone_operateur: "+33100000000".into(),
        nom_enseigne: "Enseigne".into(),
        id_station_itinerance: place.station_id.clone(),
        id_station_local: None,
        nom_station: "Parking de la gare".into(),
        implantation_station: "Voirie".into(),
        adresse_station: "1 rue de la Gare, 59000 Lille".into(),
        code_insee_commune: "59350".into(),
        longitude: 3.06,
        latitude: 50.63,
        nbre_pdc: 4,
        id_pdc_itinerance: place.charge_point_id.clone(),
        id_pdc_local: None,
        puissance_nominale: if place.has_type_2 { 22.0 } else { 150.0 },
        prise_type_ef: false,
        prise_type_2: place.has_type_2,
        prise_type_combo_ccs: !place.has_type_2,
        prise_type_chademo: false,
        prise_type_autre: false,
        gratuit: None,
        paiement_acte: true,
        paiement_cb: Some(true),
        paiement_autre: None,
        tarification: None,
        condition_acces: "Accès libre".into(),
        reservation: false,
        horaires: "24/7".into(),
        accessibilite_pmr: "Accessibilité inconnue".into(),
        restriction_gabarit: "aucune".into(),
        station_deux_roues: false,
        raccordement: Some("Direct".into()),
        num_pdl: Some("12345678901234".into()),
        date_mise_en_service: Some(Day(19_000)),
        observations: None,
        date_maj: Day(20_000),
        cable_t2_attache: None,
    }
}
