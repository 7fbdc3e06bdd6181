//! Where France is, roughly: the polygons in which a charge point must lie, boundary excluded.

/// Longitude and latitude, degrees, WGS 84.
pub type Position = (f64, f64);

#[rustfmt::skip]
const METROPOLE: &[Position] = &[
    (-5.369_284_924_224_935, 48.638_833_467_645_37), (2.452_980_700_775_065, 51.500_646_243_597_934),
    (9.022_804_919_525_065, 49.086_934_436_287_08), (8.363_625_232_025_065, 43.714_074_205_972_16),
    (3.243_996_325_775_065, 41.957_987_472_094_15), (-2.249_167_736_724_935, 43.091_484_969_705_79),
];
#[rustfmt::skip]
const CORSICA: &[Position] = &[
    (9.294_434, 43.049_908), (9.637_756, 43.007_756), (9.541_626, 41.326_84), (8.940_125, 41.337_15),
    (8.415_527, 41.915_95), (8.522_644, 42.586_663),
];
#[rustfmt::skip]
const GUYANE: &[Position] = &[
    (-53.975_83, 6.241_388), (-51.026_001, 4.529_683), (-52.690_43, 1.814_989), (-54.876_709, 1.990_673),
    (-54.810_791, 5.033_293),
];
#[rustfmt::skip]
const REUNION: &[Position] = &[
    (55.519_409, -20.702_17), (56.052_246, -21.197_216), (55.645_752, -21.591_043), (55.019_531, -21.089_625),
];
#[rustfmt::skip]
const MARTINIQUE: &[Position] = &[
    (-61.399_841, 14.865_16), (-60.976_868, 15.034_991), (-60.650_024, 14.397_439), (-61.026_306, 14.320_276),
];
#[rustfmt::skip]
const GUADELOUPE: &[Position] = &[
    (-61.965_637, 16.322_775), (-61.416_321, 16.586_185), (-60.864_258, 16.330_683), (-61.182_861, 15.768_466),
    (-61.710_205, 15.794_896),
];
#[rustfmt::skip]
const MAYOTTE: &[Position] = &[
    (44.958_115, -12.616_887), (45.093_384, -13.108_236), (45.279_465, -13.027_973), (45.334_396, -12.737_47),
    (45.114_67, -12.628_948),
];

const POLYGONS: [&[Position]; 7] = [
    METROPOLE, CORSICA, GUYANE, REUNION, MARTINIQUE, GUADELOUPE, MAYOTTE,
];

/// Whether a position lies strictly inside one of the polygons.
pub fn contains(position: Position) -> bool {
    POLYGONS.iter().any(|polygon| is_inside(polygon, position))
}

/// Counts the edges that a ray to the east crosses; a position on an edge is outside.
fn is_inside(polygon: &[Position], (x, y): Position) -> bool {
    let next = polygon.iter().cycle().skip(1);
    let mut inside = false;
    for (&(x1, y1), &(x2, y2)) in polygon.iter().zip(next) {
        let side = (x2 - x1) * (y - y1) - (x - x1) * (y2 - y1);
        let within = x >= x1.min(x2) && x <= x1.max(x2) && y >= y1.min(y2) && y <= y1.max(y2);
        if side == 0.0 && within {
            return false;
        }
        if (y1 > y) != (y2 > y) && x < (x2 - x1) * (y - y1) / (y2 - y1) + x1 {
            inside = !inside;
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_every_territory_are_inside() {
        let places = [
            (2.35, 48.85),
            (9.0, 42.0),
            (-53.0, 4.0),
            (55.5, -21.1),
            (-61.0, 14.6),
            (-61.5, 16.2),
            (45.16, -12.8),
        ];
        for place in places {
            assert!(contains(place), "{place:?}");
        }
    }

    #[test]
    fn places_abroad_and_exchanged_coordinates_are_outside() {
        for place in [(-0.12, 51.5), (48.85, 2.35), (0.0, 0.0), (13.4, 52.5)] {
            assert!(!contains(place), "{place:?}");
        }
    }

    #[test]
    fn the_boundary_is_outside() {
        let square = [(0.0, 0.0), (2.0, 0.0), (2.0, 2.0), (0.0, 2.0)];
        for position in [(0.0, 0.0), (1.0, 0.0), (2.0, 1.0), (1.0, 2.0), (0.0, 1.0)] {
            assert!(!is_inside(&square, position), "{position:?}");
        }
        assert!(is_inside(&square, (1.0, 1.0)));
    }
}
