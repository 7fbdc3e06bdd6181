//! A realistic mix of France for the benches: a fleet, its directory, its statuses and sessions as
//! they lie in one partition, and a player that feeds them to the engine as the processor does.
//!
//! Per charge point and day about 4 statuses and 0.5 sessions; 3 % of the charge points fail each
//! day; 4 % of the statuses are out of order, 1 % are sent again, 0.1 % arrive after their window
//! has closed. The same seed gives the same bytes.

pub(crate) mod fleet;
pub(crate) mod log;
pub(crate) mod meter;
pub(crate) mod player;
pub(crate) mod story;

pub(crate) use meter::Part;
pub(crate) use player::Player;
pub(crate) use story::Settings;

/// The sizes of the fleets, unless others are asked for.
pub(crate) const SIZES: [usize; 3] = [1, 10_000, 165_000];

/// The sizes asked for, as numbers separated by commas; [`SIZES`] without a text.
///
/// # Panics
/// If the text is none of that.
pub(crate) fn sizes(text: Option<&str>) -> Vec<usize> {
    let read = |size: &str| {
        size.parse()
            .unwrap_or_else(|_| panic!("{size:?} is no size: expected 1,10000,165000 or the like"))
    };
    text.map_or_else(
        || SIZES.to_vec(),
        |text| text.split(',').map(read).collect(),
    )
}
