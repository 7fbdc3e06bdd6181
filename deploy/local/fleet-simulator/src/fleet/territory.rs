//! Where charge points may stand: the polygons within which the gateway accepts coordinates.

/// A point: longitude and latitude, degrees.
pub type Coordinates = (f64, f64);

/// Metropolitan France without Corsica.
pub const METROPOLITAN: [Coordinates; 6] = [
    (-5.369_284_924_224_935, 48.638_833_467_645_37),
    (2.452_980_700_775_065, 51.500_646_243_597_934),
    (9.022_804_919_525_065, 49.086_934_436_287_08),
    (8.363_625_232_025_065, 43.714_074_205_972_16),
    (3.243_996_325_775_065, 41.957_987_472_091_95),
    (-2.249_167_736_724_943, 43.091_485_069_705_79),
];

const CORSICA: [Coordinates; 6] = [
    (9.294_434, 43.049_908),
    (9.637_756, 43.007_756),
    (9.541_626, 41.326_84),
    (8.940_125, 41.337_15),
    (8.415_527, 41.915_95),
    (8.522_644, 42.586_663),
];

const GUYANE: [Coordinates; 5] = [
    (-53.975_83, 6.241_388),
    (-51.026_001, 4.529_683),
    (-52.690_43, 1.814_989),
    (-54.876_709, 1.990_673),
    (-54.810_791, 5.033_293),
];

const REUNION: [Coordinates; 4] = [
    (55.519_409, -20.702_17),
    (56.052_246, -21.197_216),
    (55.645_752, -21.591_043),
    (55.019_531, -21.089_625),
];

const MARTINIQUE: [Coordinates; 4] = [
    (-61.399_841, 14.865_16),
    (-60.976_868, 15.034_991),
    (-60.650_024, 14.397_439),
    (-61.026_306, 14.320_276),
];

const GUADELOUPE: [Coordinates; 5] = [
    (-61.965_637, 16.322_775),
    (-61.416_321, 16.586_185),
    (-60.864_258, 16.330_683),
    (-61.182_861, 15.768_466),
    (-61.710_205, 15.794_896),
];

const MAYOTTE: [Coordinates; 5] = [
    (44.958_115, -12.616_887),
    (45.093_384, -13.108_236),
    (45.279_465, -13.027_973),
    (45.334_396, -12.737_47),
    (45.114_67, -12.628_948),
];

/// Whether the point lies in one of the polygons.
pub fn is_inside_any(point: Coordinates) -> bool {
    let polygons: [&[Coordinates]; 7] = [
        &METROPOLITAN,
        &CORSICA,
        &GUYANE,
        &REUNION,
        &MARTINIQUE,
        &GUADELOUPE,
        &MAYOTTE,
    ];
    polygons.iter().any(|polygon| is_inside(point, polygon))
}

/// Whether the point lies in the polygon: a ray from it crosses the boundary an odd number of times.
pub fn is_inside((x, y): Coordinates, polygon: &[Coordinates]) -> bool {
    let previous = polygon.iter().cycle().skip(polygon.len().saturating_sub(1));
    let crossings = polygon.iter().zip(previous).filter(|((x1, y1), (x2, y2))| {
        (*y1 > y) != (*y2 > y) && x < (x2 - x1) * (y - y1) / (y2 - y1) + x1
    });
    crossings.count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paris_lies_inside_and_brussels_outside() {
        assert!(is_inside((2.35, 48.86), &METROPOLITAN));
        assert!(!is_inside((4.35, 50.85), &METROPOLITAN));
        assert!(is_inside_any((55.45, -20.9)));
        assert!(!is_inside_any((-0.12, 51.5)));
    }
}
