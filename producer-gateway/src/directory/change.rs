//! What a write of static data has to publish. Pure: it reads the table and changes nothing.
//!
//! QualiCharge stores the station fields once per station, so an update of one charge point shows
//! on all of its station. A charge point that moves leaves a removal in its old partition, to be
//! published after the new entry is acknowledged.

use std::collections::BTreeMap;

use domain::charge_point::IrveStatic;
use domain::{ChargePoint, ChargePointId, Timestamp};

use super::{Directory, Table};
use crate::publisher::Message;
use crate::request::StaticRow;

/// Records to publish, in two steps.
#[derive(Debug, Default, PartialEq)]
pub struct Change {
    /// New versions of entries.
    pub entries: Vec<std::sync::Arc<ChargePoint>>,
    /// Removals from partitions that entries left: published once the entries are acknowledged.
    pub removals: Vec<Message>,
}

/// Who writes, and when.
#[derive(Debug, Clone, Copy)]
pub struct Author<'a> {
    /// The account.
    pub username: &'a str,
    /// When the request was received.
    pub received_at: Timestamp,
}

impl Change {
    /// Whether the table shows the change: each entry in force is at least as new.
    pub fn is_visible(&self, table: &Table) -> bool {
        self.entries.iter().all(|entry| {
            let found = table.find(entry.charge_point_id().as_str());
            found.is_some_and(|found| found.revision >= entry.revision)
        })
    }

    /// Applies the change to a directory that follows no log.
    pub fn apply_to(&self, directory: &Directory) {
        for message in &self.removals {
            if let Message::Removal {
                charge_point_id,
                station_id,
                ..
            } = message
            {
                let partition = directory.partition_of(station_id);
                directory.apply(partition, charge_point_id.as_str(), None);
            }
        }
        for entry in &self.entries {
            let partition = directory.partition_of(entry.station_id());
            let id = entry.charge_point_id().as_str();
            directory.apply(partition, id, Some(entry.as_ref().clone()));
        }
    }

    /// The messages of the first step.
    pub fn puts(&self) -> Vec<Message> {
        self.entries
            .iter()
            .cloned()
            .map(Message::ChargePoint)
            .collect()
    }
}

/// Creates or updates the entries of `rows`; of rows with one id the last counts. A decommissioned
/// entry stays so.
pub fn upsert(table: &Table, rows: &[StaticRow], author: Author<'_>) -> Change {
    let mut change = Change::default();
    let rows: BTreeMap<_, _> = rows
        .iter()
        .map(|row| (&row.irve.id_pdc_itinerance, row))
        .collect();
    let mut stations = BTreeMap::new();
    for (id, row) in &rows {
        stations.insert(&row.irve.id_station_itinerance, &row.irve);
        let old = table.find(id.as_str());
        let entry = ChargePoint {
            irve: row.irve.clone(),
            revision: old.map_or(1, |old| old.revision + 1),
            created_at: old.map_or(author.received_at, |old| old.created_at),
            updated_at: author.received_at,
            deleted_at: old.and_then(|old| old.deleted_at),
            updated_by: author.username.to_owned(),
            legacy: row.legacy,
        };
        if let Some(old) = old.filter(|old| old.station_id() != entry.station_id()) {
            change.removals.push(removal(old, author));
        }
        change.entries.push(std::sync::Arc::new(entry));
    }
    for (station_id, irve) in stations {
        for sibling in table.of_station(station_id) {
            let is_sent = rows.contains_key(sibling.charge_point_id());
            if !is_sent && StationFields::of(&sibling.irve) != StationFields::of(irve) {
                let mut entry = next_version(sibling, author);
                StationFields::of(irve).write(&mut entry.irve);
                change.entries.push(std::sync::Arc::new(entry));
            }
        }
    }
    change
}

/// Marks an entry as decommissioned, or not any more; none when it is so already.
pub fn decommission(
    entry: &ChargePoint,
    until: Option<Timestamp>,
    author: Author<'_>,
) -> Option<Change> {
    if entry.deleted_at.is_some() == until.is_some() {
        return None;
    }
    let mut entry = next_version(entry, author);
    entry.deleted_at = until;
    Some(Change {
        entries: vec![std::sync::Arc::new(entry)],
        removals: Vec::new(),
    })
}

/// The removal of an entry from the partition of its station.
pub fn removal(entry: &ChargePoint, author: Author<'_>) -> Message {
    Message::Removal {
        charge_point_id: ChargePointId::clone(entry.charge_point_id()),
        station_id: entry.station_id().clone(),
        at: author.received_at,
    }
}

fn next_version(entry: &ChargePoint, author: Author<'_>) -> ChargePoint {
    ChargePoint {
        revision: entry.revision + 1,
        updated_at: author.received_at,
        updated_by: author.username.to_owned(),
        ..entry.clone()
    }
}

/// The fields that belong to the station rather than to the charge point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StationFields<'a> {
    texts: [&'a str; 13],
    optional_texts: [Option<&'a str>; 3],
    count: i32,
    two_wheelers: bool,
    dates: (domain::charge_point::Day, Option<domain::charge_point::Day>),
    position: (f64, f64),
}

impl<'a> StationFields<'a> {
    /// The station fields of a record.
    pub fn of(irve: &'a IrveStatic) -> Self {
        Self {
            texts: [
                &irve.nom_amenageur,
                &irve.siren_amenageur,
                &irve.contact_amenageur,
                &irve.nom_operateur,
                &irve.contact_operateur,
                &irve.telephone_operateur,
                &irve.nom_enseigne,
                &irve.nom_station,
                &irve.implantation_station,
                &irve.condition_acces,
                &irve.horaires,
                &irve.adresse_station,
                &irve.code_insee_commune,
            ],
            optional_texts: [
                irve.num_pdl.as_deref(),
                irve.id_station_local.as_deref(),
                irve.raccordement.as_deref(),
            ],
            count: irve.nbre_pdc,
            two_wheelers: irve.station_deux_roues,
            dates: (irve.date_maj, irve.date_mise_en_service),
            position: (irve.longitude, irve.latitude),
        }
    }

    /// Whether two rows of one station agree, address and municipality apart.
    pub fn agrees_with(&self, other: &Self) -> bool {
        let station = |fields: &Self| {
            let mut fields = *fields;
            let [.., address, municipality] = &mut fields.texts;
            (*address, *municipality) = ("", "");
            fields
        };
        station(self) == station(other)
    }

    /// Writes the station fields into a record.
    fn write(self, irve: &mut IrveStatic) {
        let owned = str::to_owned;
        irve.nom_amenageur = owned(self.texts[0]);
        irve.siren_amenageur = owned(self.texts[1]);
        irve.contact_amenageur = owned(self.texts[2]);
        irve.nom_operateur = owned(self.texts[3]);
        irve.contact_operateur = owned(self.texts[4]);
        irve.telephone_operateur = owned(self.texts[5]);
        irve.nom_enseigne = owned(self.texts[6]);
        irve.nom_station = owned(self.texts[7]);
        irve.implantation_station = owned(self.texts[8]);
        irve.condition_acces = owned(self.texts[9]);
        irve.horaires = owned(self.texts[10]);
        irve.adresse_station = owned(self.texts[11]);
        irve.code_insee_commune = owned(self.texts[12]);
        irve.num_pdl = self.optional_texts[0].map(owned);
        irve.id_station_local = self.optional_texts[1].map(owned);
        irve.raccordement = self.optional_texts[2].map(owned);
        irve.nbre_pdc = self.count;
        irve.station_deux_roues = self.two_wheelers;
        (irve.date_maj, irve.date_mise_en_service) = self.dates;
        (irve.longitude, irve.latitude) = self.position;
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use domain::StationId;
    use domain::charge_point::Day;

    /// A record with made-up fields.
    pub(crate) fn irve(id: &str, station: &str) -> IrveStatic {
        let text = str::to_owned;
        IrveStatic {
            nom_amenageur: text("Acme"),
            siren_amenageur: text("891118473"),
            contact_amenageur: text("a@acme.fr"),
            nom_operateur: text("Acme"),
            contact_operateur: text("o@acme.fr"),
            telephone_operateur: text("tel:+33-1-84-71-00-62"),
            nom_enseigne: text("Acme"),
            id_station_itinerance: StationId::parse(station).unwrap(),
            id_station_local: None,
            nom_station: text("Place"),
            implantation_station: text("Voirie"),
            adresse_station: text("1 rue X"),
            code_insee_commune: text("75001"),
            longitude: 2.35,
            latitude: 48.85,
            nbre_pdc: 1,
            id_pdc_itinerance: ChargePointId::parse(id).unwrap(),
            id_pdc_local: None,
            puissance_nominale: 22.0,
            prise_type_ef: false,
            prise_type_2: true,
            prise_type_combo_ccs: false,
            prise_type_chademo: false,
            prise_type_autre: false,
            gratuit: None,
            paiement_acte: true,
            paiement_cb: None,
            paiement_autre: None,
            tarification: None,
            condition_acces: text("Accès libre"),
            reservation: false,
            horaires: text("24/7"),
            accessibilite_pmr: text("Accessibilité inconnue"),
            restriction_gabarit: text("Aucune"),
            station_deux_roues: false,
            raccordement: Some(text("Direct")),
            num_pdl: Some(text("50025843262120")),
            date_mise_en_service: None,
            observations: None,
            date_maj: Day(20_000),
            cable_t2_attache: None,
        }
    }

    /// An entry with made-up fields.
    pub(crate) fn entry(id: &str, station: &str, revision: i64) -> ChargePoint {
        ChargePoint {
            irve: irve(id, station),
            revision,
            created_at: Timestamp::from_ms(1),
            updated_at: Timestamp::from_ms(1),
            deleted_at: None,
            updated_by: "u".to_owned(),
            legacy: false,
        }
    }

    const AUTHOR: Author<'_> = Author {
        username: "me",
        received_at: Timestamp::from_ms(99),
    };

    fn table(entries: &[ChargePoint]) -> Table {
        let mut table = Table::default();
        for (partition, entry) in (0..).zip(entries) {
            table.apply(
                partition,
                entry.charge_point_id().clone(),
                Some(entry.clone()),
            );
        }
        table
    }

    fn row(id: &str, station: &str) -> StaticRow {
        StaticRow {
            irve: irve(id, station),
            legacy: false,
        }
    }

    #[test]
    fn a_new_entry_has_revision_1_and_the_last_of_equal_ids_counts() {
        let mut second = row("FRAAAE1", "FRAAAP1");
        second.irve.observations = Some("second".to_owned());
        let rows = [row("FRAAAE1", "FRAAAP1"), second];
        let change = upsert(&Table::default(), &rows, AUTHOR);
        assert_eq!(change.entries.len(), 1);
        assert_eq!(change.entries[0].revision, 1);
        assert_eq!(
            change.entries[0].irve.observations.as_deref(),
            Some("second")
        );
        assert_eq!(change.entries[0].created_at, AUTHOR.received_at);
    }

    #[test]
    fn an_update_keeps_the_birth_and_a_decommissioning() {
        let mut old = entry("FRAAAE1", "FRAAAP1", 4);
        old.deleted_at = Some(Timestamp::from_ms(5));
        let change = upsert(&table(&[old]), &[row("FRAAAE1", "FRAAAP1")], AUTHOR);
        let entry = &change.entries[0];
        assert_eq!((entry.revision, entry.created_at.as_ms()), (5, 1));
        assert_eq!(entry.deleted_at, Some(Timestamp::from_ms(5)));
        assert_eq!(entry.updated_by, "me");
    }

    #[test]
    fn a_change_of_station_removes_the_old_entry() {
        let old = entry("FRAAAE1", "FRAAAP1", 1);
        let change = upsert(
            &table(std::slice::from_ref(&old)),
            &[row("FRAAAE1", "FRAAAP2")],
            AUTHOR,
        );
        assert_eq!(change.removals, [removal(&old, AUTHOR)]);
        assert!(!change.is_visible(&table(&[old])));
    }

    #[test]
    fn station_fields_are_written_to_the_other_points_of_the_station() {
        let siblings = [
            entry("FRAAAE1", "FRAAAP1", 1),
            entry("FRAAAE2", "FRAAAP1", 7),
        ];
        let mut changed = row("FRAAAE1", "FRAAAP1");
        changed.irve.nom_station = "Gare".to_owned();
        changed.irve.puissance_nominale = 50.0;
        let change = upsert(&table(&siblings), &[changed], AUTHOR);
        let sibling = &change.entries[1];
        assert_eq!(
            (sibling.charge_point_id().as_str(), sibling.revision),
            ("FRAAAE2", 8)
        );
        assert_eq!(sibling.irve.nom_station, "Gare");
        assert_eq!(sibling.power_w(), 22_000);
        let same = upsert(&table(&siblings), &[row("FRAAAE1", "FRAAAP1")], AUTHOR);
        assert_eq!(same.entries.len(), 1);
    }

    #[test]
    fn decommissioning_twice_changes_nothing() {
        let entry = entry("FRAAAE1", "FRAAAP1", 1);
        let now = Some(AUTHOR.received_at);
        let gone = decommission(&entry, now, AUTHOR).unwrap();
        assert_eq!(gone.entries[0].deleted_at, now);
        assert_eq!(decommission(&gone.entries[0], now, AUTHOR), None);
        assert_eq!(decommission(&entry, None, AUTHOR), None);
    }
}
