//! The calendar of Europe/Paris, against the changes of the clock in the time zone database.

use domain::calendar::{Date, day_of, offset, start_of};
use domain::charge_point::Day;
use domain::{Grain, Period, Span, Timestamp, Window};

/// Every change from 2020 to 2037: seconds since the epoch, and hours from UTC from then on.
const CHANGES: [(i64, i64); 36] = [
    (1_585_443_600, 2),
    (1_603_587_600, 1),
    (1_616_893_200, 2),
    (1_635_642_000, 1),
    (1_648_342_800, 2),
    (1_667_091_600, 1),
    (1_679_792_400, 2),
    (1_698_541_200, 1),
    (1_711_846_800, 2),
    (1_729_990_800, 1),
    (1_743_296_400, 2),
    (1_761_440_400, 1),
    (1_774_746_000, 2),
    (1_792_890_000, 1),
    (1_806_195_600, 2),
    (1_824_944_400, 1),
    (1_837_645_200, 2),
    (1_856_394_000, 1),
    (1_869_094_800, 2),
    (1_887_843_600, 1),
    (1_901_149_200, 2),
    (1_919_293_200, 1),
    (1_932_598_800, 2),
    (1_950_742_800, 1),
    (1_964_048_400, 2),
    (1_982_797_200, 1),
    (1_995_498_000, 2),
    (2_014_246_800, 1),
    (2_026_947_600, 2),
    (2_045_696_400, 1),
    (2_058_397_200, 2),
    (2_077_146_000, 1),
    (2_090_451_600, 2),
    (2_108_595_600, 1),
    (2_121_901_200, 2),
    (2_140_045_200, 1),
];

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_ms(seconds * 1_000)
}

fn date(year: i64, month: i64, day: i64) -> Date {
    Date { year, month, day }
}

fn period(grain: Grain, year: i64, month: i64, day: i64) -> Period {
    let noon = start_of(date(year, month, day).to_day()) + Span::from_hours(12);
    Period::of(grain, noon)
}

#[test]
fn clocks_change_when_the_time_zone_database_says() {
    for (seconds, hours) in CHANGES {
        let change = at(seconds);
        assert_eq!(offset(change), Span::from_hours(hours));
        let before = change - Span::from_ms(1);
        assert_eq!(offset(before), Span::from_hours(3 - hours));
    }
    for pair in CHANGES.windows(2) {
        let [(from, hours), (to, _)] = pair else {
            panic!("two changes")
        };
        let mut instant = at(*from);
        while instant < at(*to) {
            assert_eq!(offset(instant), Span::from_hours(*hours));
            instant = instant + Span::from_hours(1);
        }
    }
}

#[test]
fn a_date_is_its_day_and_back_for_two_centuries() {
    assert_eq!(date(1970, 1, 1).to_day(), Day(0));
    assert_eq!(date(2000, 2, 29).to_day(), Day(11_016));
    assert_eq!(date(2025, 1, 6).to_day(), Day(20_094));
    let mut last = Date::of(Day(-30_000));
    for day in -29_999..60_000 {
        let next = Date::of(Day(day));
        assert_eq!(next.to_day(), Day(day));
        let is_next_day =
            (next.year, next.month, next.day) == (last.year, last.month, last.day + 1);
        let is_next_month = next.day == 1 && last.day >= 28;
        assert!(is_next_day || is_next_month, "{last:?} {next:?}");
        last = next;
    }
    assert_eq!(
        Date::of(Day(date(2100, 2, 28).to_day().0 + 1)),
        date(2100, 3, 1)
    );
    assert_eq!(
        Date::of(Day(date(2024, 2, 28).to_day().0 + 1)),
        date(2024, 2, 29)
    );
}

#[test]
fn every_day_has_24_hours_but_two_a_year() {
    let mut day = period(Grain::Day, 2025, 1, 1);
    let mut odd = Vec::new();
    while day < period(Grain::Day, 2027, 1, 1) {
        let hours = day.windows().count();
        if hours != 24 {
            odd.push((Date::of(day.first()), hours));
        }
        assert_eq!(day.next().start(), day.end());
        day = day.next();
    }
    let expected = [
        (date(2025, 3, 30), 23),
        (date(2025, 10, 26), 25),
        (date(2026, 3, 29), 23),
        (date(2026, 10, 25), 25),
    ];
    assert_eq!(odd, expected);
}

#[test]
fn periods_tile_the_hours_and_hold_them() {
    for grain in Grain::ALL {
        let mut expected = Window::of(period(grain, 2023, 12, 31).start());
        let mut current = period(grain, 2023, 12, 31);
        while current.start() < period(Grain::Year, 2026, 1, 1).start() {
            for window in current.windows() {
                assert_eq!(window, expected);
                assert_eq!(Period::of(grain, window.start()), current);
                let last = window.end() - Span::from_ms(1);
                assert_eq!(Period::of(grain, last), current);
                expected = expected.next();
            }
            assert_eq!(current.end(), expected.start());
            current = current.next();
        }
    }
}

#[test]
fn weeks_begin_on_monday_and_the_others_on_the_first() {
    let first = |grain, day: (i64, i64, i64)| Date::of(period(grain, day.0, day.1, day.2).first());
    assert_eq!(first(Grain::Week, (2025, 1, 6)), date(2025, 1, 6));
    assert_eq!(first(Grain::Week, (2025, 1, 12)), date(2025, 1, 6));
    assert_eq!(first(Grain::Week, (2025, 1, 5)), date(2024, 12, 30));
    assert_eq!(first(Grain::Month, (2025, 2, 28)), date(2025, 2, 1));
    assert_eq!(first(Grain::Quarter, (2025, 6, 30)), date(2025, 4, 1));
    assert_eq!(first(Grain::Quarter, (2025, 12, 31)), date(2025, 10, 1));
    assert_eq!(first(Grain::Year, (2025, 12, 31)), date(2025, 1, 1));
    let hours = |grain, year, month| period(grain, year, month, 1).windows().count();
    assert_eq!(hours(Grain::Month, 2025, 3), 31 * 24 - 1);
    assert_eq!(hours(Grain::Month, 2025, 10), 31 * 24 + 1);
    assert_eq!(hours(Grain::Quarter, 2025, 1), 90 * 24 - 1);
    assert_eq!(hours(Grain::Quarter, 2025, 4), 91 * 24);
    assert_eq!(hours(Grain::Year, 2025, 1), 365 * 24);
    assert_eq!(hours(Grain::Year, 2024, 1), 366 * 24);
    assert_eq!(period(Grain::Week, 2025, 3, 30).windows().count(), 167);
}

#[test]
fn a_french_day_begins_the_evening_before_in_utc() {
    let winter = at(1_736_121_600) - Span::from_hours(1);
    assert_eq!(day_of(winter), date(2025, 1, 6).to_day());
    assert_eq!(day_of(winter - Span::from_ms(1)), date(2025, 1, 5).to_day());
    assert_eq!(start_of(date(2025, 1, 6).to_day()), winter);
    let summer = at(1_751_328_000) - Span::from_hours(2);
    assert_eq!(start_of(date(2025, 7, 1).to_day()), summer);
    assert_eq!(day_of(summer), date(2025, 7, 1).to_day());
    assert_eq!(
        Period::of(Grain::Year, at(1_735_686_000)).first(),
        date(2025, 1, 1).to_day()
    );
}
