use super::*;
use crate::config::Guarantee;
use crate::emit::SchemaIds;
use crate::memory::{Broker, MemoryInput, MemoryOutput, MemorySchemas, event, schema_id, status};
use crate::restore::{Restore, RestoreError};
use domain::contract;
use domain::position::Position;
use platform::avro;
use platform::dead_letter::DeadLetter;
use platform::kafka::producer::Record;

mod replay;

const PARTITION: i32 = 3;
const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;

/// A start on the hour, so that cuts and windows are round in the tests.
const START: i64 = 1_767_225_600_000;

type Tasks = Assignment<MemoryInput, ()>;

/// The tasks and what they know of schemas.
struct Subject {
    tasks: Tasks,
    decoders: Decoders<MemorySchemas>,
}

impl Subject {
    fn round(&mut self, output: &mut MemoryOutput) -> Result<bool, WorkerError> {
        self.tasks.round(&mut self.decoders, output)
    }

    fn commit(&mut self, output: &mut MemoryOutput) -> Result<(), OutputError> {
        while !self.tasks.commit_step(output)? {}
        Ok(())
    }
}

struct Stage {
    broker: Broker,
    output: MemoryOutput,
    restores: u32,
    goal: Option<Arc<Goal>>,
    registry: prometheus::Registry,
    metrics: Metrics,
    silent: std::rc::Rc<std::cell::RefCell<bool>>,
}

impl Stage {
    fn new() -> Self {
        let broker = Broker::default();
        let registry = prometheus::Registry::new();
        Self {
            metrics: Metrics::new(&registry).unwrap(),
            registry,
            output: MemoryOutput::new(&broker),
            broker,
            restores: 0,
            goal: None,
            silent: std::rc::Rc::default(),
        }
    }

    fn terms(&self) -> Terms {
        let ids = SchemaIds {
            charge_point_indicator: schema_id(contract::CHARGE_POINT_INDICATOR),
            station_indicator: schema_id(contract::STATION_INDICATOR),
            failure_episode: schema_id(contract::FAILURE_EPISODE),
            changelog: schema_id(contract::STATE_CHANGELOG),
        };
        Terms {
            rules: Rules {
                policy: domain::Policy::qc_1(),
                provisional: true,
                schemas: ids,
                guarantee: Guarantee::ExactlyOnce,
            },
            limits: Limits::every(Duration::from_millis(200)),
            metrics: self.metrics.clone(),
            goal: self.goal.clone(),
        }
    }

    fn try_restore(&mut self) -> Result<Subject, WorkerError> {
        self.restores += 1;
        let terms = self.terms();
        let writer = format!("w/{}", self.restores);
        let mut restore = Restore::new(&[PARTITION], MemoryInput::new(&self.broker), writer);
        let tasks = loop {
            if let Some(tasks) = restore.step("w", &mut self.output, &terms.rules)? {
                break tasks;
            }
        };
        Ok(Subject {
            tasks: Assignment::new(tasks, (restore.into_input(), Some(())), terms),
            decoders: Decoders::new(MemorySchemas::new(&self.silent)),
        })
    }

    fn restore(&mut self) -> Subject {
        self.try_restore().unwrap()
    }

    fn run(&mut self, subject: &mut Subject) {
        while subject.round(&mut self.output).unwrap() {}
    }

    fn tick(&self, source: Source, at: i64) {
        self.broker.append(event(source, at, None));
    }

    fn ticks(&self, at: i64) {
        self.tick(Source::Status, at);
        self.tick(Source::Session, at);
    }

    fn position(&self) -> Option<Position> {
        let changelog = self
            .broker
            .records(contract::STATE_CHANGELOG.topic, PARTITION);
        let is_position = |record: &&Record| record.key.as_deref() == Some(b"position");
        let last = changelog.iter().rev().find(is_position)?;
        let (_, bytes) = avro::unframe(last.value.as_ref().unwrap()).unwrap();
        Some(Position::from_bytes(bytes).unwrap())
    }

    /// What the committed position tells of the inputs: directory, status, session.
    fn next_offsets(&self) -> Vec<i64> {
        let position = self.position().unwrap();
        position
            .inputs
            .iter()
            .map(|input| input.next_offset)
            .collect()
    }
}

/// Half a day of statuses every seven minutes with ticks every five, some out of order.
fn history(stage: &Stage, minutes: std::ops::Range<i64>) {
    for minute in minutes {
        let now = START + minute * MINUTE;
        if minute % 7 == 0 {
            let point = format!("FRSIME{}", minute % 3);
            let event = now - (minute % 4) * MINUTE;
            stage.broker.append(status(&point, event, now));
        }
        if minute % 5 == 0 {
            stage.ticks(now);
        }
    }
}

#[test]
fn a_record_past_the_next_cut_is_held_until_both_inputs_have_reached_it() {
    let mut stage = Stage::new();
    stage.ticks(START);
    stage
        .broker
        .append(status("FRSIME1", START, START + MINUTE));
    stage
        .broker
        .append(status("FRSIME1", START, START + 6 * MINUTE));
    let mut subject = stage.restore();
    stage.run(&mut subject);
    subject.commit(&mut stage.output).unwrap();
    assert_eq!(
        stage.next_offsets(),
        [0, 2, 1],
        "the last status waits for the cut"
    );

    stage.tick(Source::Session, START + 7 * MINUTE);
    stage.run(&mut subject);
    subject.commit(&mut stage.output).unwrap();
    assert_eq!(stage.next_offsets(), [0, 3, 2]);
    let at = |ms| Some(Timestamp::from_ms(ms));
    let clock = stage.position().unwrap().clock;
    assert_eq!(clock.status, at(START + 6 * MINUTE));
    assert_eq!(clock.next_cut, at(START + 10 * MINUTE));
}

#[test]
fn the_group_gets_the_offsets_of_the_position() {
    let mut stage = Stage::new();
    history(&stage, 0..30);
    let mut subject = stage.restore();
    stage.run(&mut subject);
    subject.commit(&mut stage.output).unwrap();
    let committed: Vec<_> = stage.output.offsets.iter().map(|(_, next)| *next).collect();
    assert_eq!(committed, stage.next_offsets());
}

#[test]
fn a_status_of_a_final_window_goes_to_late_event_as_it_came() {
    let mut stage = Stage::new();
    stage.ticks(START);
    let late = status("FRSIME1", START - 30 * HOUR, START + MINUTE);
    let future = status("FRSIME1", START + 10 * MINUTE, START + 2 * MINUTE);
    stage.broker.append(late.clone());
    stage.broker.append(future);
    stage.ticks(START + 6 * MINUTE);
    let mut subject = stage.restore();
    stage.run(&mut subject);
    subject.commit(&mut stage.output).unwrap();

    let found = stage.broker.records(contract::LATE_EVENT_TOPIC, 3);
    assert_eq!(found.len(), 2);
    assert_eq!((&found[0].key, &found[0].value), (&late.key, &late.value));
    let told = |record: &Record| {
        let headers = record.headers.as_ref().unwrap();
        let letter = DeadLetter::from_headers(headers).unwrap();
        let header = |name| {
            use rdkafka::message::Headers as _;
            let found = headers.iter().find(|header| header.key == name).unwrap();
            String::from_utf8(found.value.unwrap().to_vec()).unwrap()
        };
        let own = (header(crate::emit::UNIT), header(crate::emit::LATENESS));
        (letter, own)
    };
    let (letter, own) = told(&found[0]);
    assert_eq!(letter.reason, "too_late");
    assert_eq!(letter.origin, "stream-processor");
    assert_eq!(
        (&*letter.topic, letter.partition, letter.offset),
        ("charge-point-status", 3, 1)
    );
    assert_eq!(letter.timestamp_ms, Some(START + MINUTE));
    assert_eq!(own, ("FRSIM".to_owned(), (30 * HOUR + MINUTE).to_string()));
    let (letter, own) = told(&found[1]);
    assert_eq!(letter.reason, "from_the_future");
    assert_eq!(own.1, (-8 * MINUTE).to_string());
}

#[test]
fn records_that_cannot_be_read_are_set_aside_and_the_rest_goes_on() {
    let mut stage = Stage::new();
    stage.ticks(START);
    let odd = [
        (b"rubbish".to_vec(), "not_framed"),
        (avro::frame(77, b"x"), "no_schema"),
        (
            avro::frame(schema_id(contract::CHARGE_SESSION), b"x"),
            "incompatible_schema",
        ),
        (
            avro::frame(schema_id(contract::CHARGE_POINT_STATUS), b"x"),
            "undecodable",
        ),
    ];
    for (value, _) in &odd {
        let at = START + MINUTE;
        stage
            .broker
            .append(event(Source::Status, at, Some(value.clone())));
    }
    let mut timeless = status("FRSIME1", START, START + MINUTE);
    timeless.timestamp_ms = None;
    stage.broker.append(timeless);
    stage
        .broker
        .append(status("FRSIME1", START, START + 2 * MINUTE));
    stage.ticks(START + 6 * MINUTE);
    let mut subject = stage.restore();
    stage.run(&mut subject);
    subject.commit(&mut stage.output).unwrap();

    let found = stage.broker.records(contract::DEAD_LETTER_TOPIC, 3);
    let reasons: Vec<_> = found
        .iter()
        .map(|record| {
            let letter = DeadLetter::from_headers(record.headers.as_ref().unwrap()).unwrap();
            letter.reason
        })
        .collect();
    let expected = [
        "not_framed",
        "no_schema",
        "incompatible_schema",
        "undecodable",
        "no_timestamp",
    ];
    assert_eq!(reasons, expected);
    for (record, (value, _)) in found.iter().zip(&odd) {
        assert_eq!(record.value.as_ref(), Some(value));
    }
    assert_eq!(stage.next_offsets(), [0, 8, 2]);
}

#[test]
fn a_record_whose_schema_is_on_its_way_waits_and_is_not_set_aside() {
    let mut stage = Stage::new();
    stage.ticks(START);
    stage
        .broker
        .append(status("FRSIME1", START, START + MINUTE));
    *stage.silent.borrow_mut() = true;
    let mut subject = stage.restore();
    stage.run(&mut subject);
    subject.commit(&mut stage.output).unwrap();
    assert_eq!(stage.next_offsets(), [0, 1, 1]);

    *stage.silent.borrow_mut() = false;
    // The first look takes the answer in, the second finds it.
    for _ in 0..2 {
        subject.round(&mut stage.output).unwrap();
    }
    subject.commit(&mut stage.output).unwrap();
    assert_eq!(stage.next_offsets(), [0, 2, 1]);
    assert!(stage.broker.outputs().is_empty());
}

#[test]
fn what_is_restored_goes_on_as_if_nothing_had_happened() {
    let mut whole = Stage::new();
    history(&whole, 0..720);
    let mut subject = whole.restore();
    whole.run(&mut subject);
    subject.commit(&mut whole.output).unwrap();

    let mut broken = Stage::new();
    for stop in (0..720).step_by(90) {
        history(&broken, stop..stop + 90);
        let mut subject = broken.restore();
        broken.run(&mut subject);
        subject.commit(&mut broken.output).unwrap();
    }
    assert_eq!(broken.broker.outputs(), whole.broker.outputs());
    assert_eq!(broken.next_offsets(), whole.next_offsets());
    assert_eq!(broken.position().unwrap().sequence, 8);
}

#[test]
fn what_was_not_committed_is_done_again() {
    let mut whole = Stage::new();
    history(&whole, 0..300);
    let mut subject = whole.restore();
    whole.run(&mut subject);
    subject.commit(&mut whole.output).unwrap();

    let mut broken = Stage::new();
    history(&broken, 0..150);
    let mut subject = broken.restore();
    broken.run(&mut subject);
    subject.commit(&mut broken.output).unwrap();
    history(&broken, 150..300);
    broken.run(&mut subject);
    broken.output.is_fenced = true;
    subject.commit(&mut broken.output).unwrap_err();
    broken.output.is_fenced = false;
    let before = broken.broker.outputs();

    let mut subject = broken.restore();
    broken.run(&mut subject);
    subject.commit(&mut broken.output).unwrap();
    assert_eq!(broken.broker.outputs(), whole.broker.outputs());
    assert!(before.len() <= whole.broker.outputs().len());
    assert_eq!(broken.position().unwrap().sequence, 2);
}

#[test]
fn nothing_is_committed_when_nothing_has_moved() {
    let mut stage = Stage::new();
    history(&stage, 0..20);
    let mut subject = stage.restore();
    stage.run(&mut subject);
    subject.commit(&mut stage.output).unwrap();
    let position = stage.position();
    subject.commit(&mut stage.output).unwrap();
    stage.run(&mut subject);
    assert!(!subject.tasks.is_due());
    assert_eq!(stage.position(), position);
}

#[test]
fn a_changelog_with_two_owners_is_refused() {
    let mut stage = Stage::new();
    history(&stage, 0..20);
    let mut subject = stage.restore();
    stage.run(&mut subject);
    subject.commit(&mut stage.output).unwrap();
    let changelog = stage
        .broker
        .records(contract::STATE_CHANGELOG.topic, PARTITION);
    let last = changelog.into_iter().next_back().unwrap();
    stage.broker.append(last);
    let refused = stage.try_restore().err();
    assert!(
        matches!(
            refused,
            Some(WorkerError::Restore(RestoreError::Sequence {
                earlier: 1,
                later: 1,
                ..
            }))
        ),
        "{refused:?}"
    );
}

#[test]
fn a_state_of_another_schema_is_refused_with_the_remedy() {
    let mut stage = Stage::new();
    let key = Some(b"position".to_vec());
    stage.output.begin().unwrap();
    let foreign = Record {
        key,
        ..event(Source::Changelog, START, Some(avro::frame(99, b"")))
    };
    stage.output.send(&foreign).unwrap();
    stage.output.commit().unwrap();
    let refused = stage.try_restore().err().unwrap();
    assert!(refused.to_string().contains("new changelog"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_lane_whose_records_do_not_come_is_given_up_and_one_that_waits_for_a_cut_is_not() {
    let mut stage = Stage::new();
    stage.ticks(START);
    stage.tick(Source::Session, START + 6 * MINUTE);
    let mut subject = stage.restore();
    stage.run(&mut subject);
    let mut look = async |subject: &mut Subject| {
        tokio::time::advance(LAG_EVERY).await;
        subject.round(&mut stage.output).unwrap();
        subject.tasks.show_lag()
    };
    for _ in 0..20 {
        look(&mut subject).await.unwrap();
    }
    stage.broker.is_mute.set(true);
    stage
        .broker
        .append(event(Source::Status, START + MINUTE, None));
    let mut looks = 0;
    let refused = loop {
        looks += 1;
        if let Err(error) = look(&mut subject).await {
            break error;
        }
    };
    assert!(matches!(refused, InputError::Stalled { lane } if lane.source == Source::Status));
    assert_eq!(
        looks,
        MOST_STANDING + 1,
        "the first look notes it, a minute confirms it"
    );
}

#[tokio::test(start_paused = true)]
async fn what_records_wait_for_and_how_far_ticks_are_apart_is_shown() {
    let mut stage = Stage::new();
    stage.ticks(START);
    let mut subject = stage.restore();
    stage.run(&mut subject);
    stage.tick(Source::Session, START + MINUTE);
    stage.tick(Source::Status, START + 2 * MINUTE);
    stage.tick(Source::Session, START + 6 * MINUTE);
    stage.run(&mut subject);
    tokio::time::advance(LAG_EVERY).await;
    subject.tasks.show_lag().unwrap();
    let registry = stage.registry;
    let text = prometheus::TextEncoder::new()
        .encode_to_string(&registry.gather())
        .unwrap();
    let shown: Vec<_> = text
        .lines()
        .filter(|line| line.contains("_waiting_inputs{") || line.contains("_clock_step_seconds{"))
        .collect();
    assert_eq!(
        shown,
        [
            "qualicharge_processor_clock_step_seconds{partition=\"3\"} 120",
            "qualicharge_processor_waiting_inputs{partition=\"3\",reason=\"cut\"} 1",
            "qualicharge_processor_waiting_inputs{partition=\"3\",reason=\"directory\"} 0",
            "qualicharge_processor_waiting_inputs{partition=\"3\",reason=\"schema\"} 0",
        ]
    );
}
