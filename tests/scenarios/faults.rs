//! Three processors under steady load, and everything that can happen to them: killed, ended, stopped for
//! longer than the group waits, struck between two steps of a transaction or a restore, joined by a
//! fourth; and the broker killed. In the end the archive equals the truth, and no output was written twice;
//! without transactions (`--guarantee at-least-once`) it equals the truth as well.
//!
//! `E2E_FACTOR=6` makes 30 rounds of five with transactions (`make faults`); the seed is printed.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::archive::Archive;
use e2e::compare;
use e2e::copies::extra_copies;
use e2e::effort::Effort;
use e2e::fleet::Fleet;
use e2e::kept::Kept;
use e2e::processors::{Blow, Processors};
use e2e::say::say;
use e2e::stack::Stack;
use e2e::steady::Steady;
use e2e::{topic, wait};
use rand::RngExt as _;
use rand::seq::{IndexedRandom as _, SliceRandom as _};
use rand_chacha::ChaCha8Rng;

const END: &str = "2026-11-16T00:00:00Z";
const END_MS: i64 = 1_794_787_200_000;
const ALL_FINAL_MS: i64 = END_MS + 27 * 3_600_000;
/// About how long a round takes: the deliveries are spread over all of them, s.
const ROUND: usize = 20;
/// Charge points, and how many more for each five rounds.
const CHARGE_POINTS: [usize; 2] = [100, 50];
/// How long a process stands still: longer than the group's session, 15 s, and shorter than a
/// transaction, 30 s. In between two processes believe that they own a partition.
const STANDSTILL: Duration = Duration::from_secs(20);
/// How long a blow is waited for that may have no occasion to fall.
const OCCASION: Duration = Duration::from_secs(15);
/// The steps, and the greatest number of one that is worth a try.
const STEPS: [(&str, usize); 9] = [
    ("take-over", 1),
    ("begin", 8),
    ("send", 300),
    ("send", 2_000),
    ("drain", 12),
    ("offsets", 8),
    ("commit", 12),
    ("commit", 2),
    ("open", 2),
];

/// What happens in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Kill,
    Terminate,
    Stop,
    Broker,
    Rebalance,
}

const FAULTS: [Fault; 5] = [
    Fault::Kill,
    Fault::Terminate,
    Fault::Stop,
    Fault::Broker,
    Fault::Rebalance,
];

#[test]
fn whatever_happens_to_processors_and_broker_the_archive_equals_the_truth() -> Result<()> {
    endure("exactly-once", Effort::from_environment()?)
}

#[test]
fn without_transactions_the_archive_equals_the_truth_as_well() -> Result<()> {
    let effort = Effort::from_environment()?;
    endure(
        "at-least-once",
        Effort {
            factor: 1,
            ..effort
        },
    )
}

/// Lets everything happen to processors with a guarantee, and compares.
fn endure(guarantee: &str, effort: Effort) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let mut stack = Stack::start(&[("GATEWAY_CLOCK", "simulated")])?;
    stack.script(&["prepare"])?;
    stack.script(&["start", "producer-gateway"])?;
    let size = (CHARGE_POINTS[0] + CHARGE_POINTS[1] * effort.factor).to_string();
    let seed = effort.seed.to_string();
    let arguments = [
        "--seed",
        &seed,
        "--charge-points",
        &size,
        "--days",
        "7",
        "--end",
        END,
    ];
    let fleet = Fleet::generate(&stack, &arguments)?;
    let deliveries = fleet.deliveries()?;
    fleet.send(&["--statique", "--to-line", "0"])?;

    let mut sink = Kept::start(&stack, "indicator-sink")?;
    let steady = Steady::default();
    std::thread::scope(|scope| -> Result<()> {
        let load = scope.spawn(|| {
            let rate = deliveries.len() / (effort.factor * FAULTS.len() * ROUND);
            steady.run(&fleet, (rate, deliveries.len()), runtime.handle())
        });
        let suffered = runtime.block_on(suffer(&stack, &steady, (guarantee, effort)));
        steady.leave();
        load.join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        let processors = suffered?;
        let rest = steady.sent().to_string();
        let end = ALL_FINAL_MS.to_string();
        fleet.send(&["--from-line", &rest, "--advance-to-ms", &end])?;
        runtime.block_on(async {
            compare_all(&stack, &fleet, (&deliveries, &mut sink)).await?;
            processors.finish().await
        })
    })?;
    if guarantee == "exactly-once" {
        written_once(&stack)?;
    }
    stack.passed();
    Ok(())
}

/// Lets things happen.
async fn suffer<'a>(
    stack: &'a Stack,
    steady: &Steady,
    (guarantee, effort): (&str, Effort),
) -> Result<Processors<'a>> {
    let mut dice = effort.dice();
    let settings = vec![
        ("PROCESSOR_WORKERS", "1".to_owned()),
        ("PROCESSOR_GUARANTEE", guarantee.to_owned()),
    ];
    let mut processors = Processors::start(stack, 3, settings).await?;
    let mut blows = 0;
    for turn in 0..effort.factor {
        let mut faults = FAULTS;
        faults.shuffle(&mut dice);
        for (number, fault) in faults.into_iter().enumerate() {
            let moment = Duration::from_millis(dice.random_range(200..2_000));
            tokio::time::sleep(moment).await;
            let what = strike(stack, &mut processors, fault, &mut dice).await?;
            blows += usize::from(what.contains("after"));
            let took = processors.recovered().await?;
            say(&format!(
                "round {}: {what}; recovered {:.1} s later, {} deliveries",
                turn * FAULTS.len() + number + 1,
                took.as_secs_f64(),
                steady.sent()
            ));
        }
    }
    say(&format!(
        "{} rounds, {blows} of them between two steps; processes ended by themselves {} times, and \
         without their last commit {} times",
        effort.factor * FAULTS.len(),
        processors.ended_alone,
        processors.unclean
    ));
    Ok(processors)
}

/// Lets one thing happen, and says what.
async fn strike(
    stack: &Stack,
    processors: &mut Processors<'_>,
    fault: Fault,
    dice: &mut ChaCha8Rng,
) -> Result<String> {
    let index = dice.random_range(0..processors.count());
    match fault {
        Fault::Kill | Fault::Stop if dice.random_bool(0.6) => {
            between_steps(processors, (index, fault), dice).await
        }
        Fault::Kill => {
            processors.kill(index);
            Ok(format!("p{index} killed"))
        }
        Fault::Stop => {
            processors.pause(index)?;
            tokio::time::sleep(STANDSTILL).await;
            processors.resume(index)?;
            Ok(format!("p{index} stood still"))
        }
        Fault::Terminate => {
            processors.terminate(index).await?;
            Ok(format!("p{index} ended"))
        }
        Fault::Broker => {
            stack.kill("kafka")?;
            stack.start_part("kafka")?;
            Ok("broker killed".to_owned())
        }
        Fault::Rebalance => {
            processors.add()?;
            processors.recovered().await?;
            processors.remove().await?;
            Ok("a fourth came and went".to_owned())
        }
    }
}

/// Kills or stops a process between two steps of its next life.
async fn between_steps(
    processors: &mut Processors<'_>,
    (index, fault): (usize, Fault),
    dice: &mut ChaCha8Rng,
) -> Result<String> {
    let (step, most) = *STEPS.choose(dice).unwrap_or(&STEPS[0]);
    let blow = Blow {
        blow: if fault == Fault::Kill { "kill" } else { "stop" },
        step,
        number: dice.random_range(1..=most),
    };
    processors.terminate(index).await?;
    processors.spawn(index, Some(blow))?;
    let Blow { blow, step, number } = blow;
    if !processors.struck(index, OCCASION).await? {
        processors.kill(index);
        return Ok(format!("p{index} killed, without {number} times {step}"));
    }
    if fault == Fault::Stop {
        tokio::time::sleep(STANDSTILL).await;
        processors.resume(index)?;
    }
    Ok(format!("p{index} {blow} after {number} times {step}"))
}

/// Compares the archive with the truth. A sink that gave up is started again: after an outage its client
/// may be of no use.
async fn compare_all(
    stack: &Stack,
    fleet: &Fleet<'_>,
    (deliveries, sink): (&[serde_json::Value], &mut Kept<'_>),
) -> Result<()> {
    let archive = Archive::at(stack.clickhouse());
    let truth = fleet.truth(ALL_FINAL_MS)?;
    let limit = Duration::from_mins(4);
    wait::until("the archive to equal the truth", limit, async || {
        sink.keep()?;
        let extra = extra_copies(&archive, deliveries).await?;
        compare::equal(&archive, &truth, &extra).await
    })
    .await?;
    let torn = archive.number("SELECT count() FROM v_conservation").await?;
    ensure!(torn == 0, "durations do not sum in {torn} rows");
    say(&format!(
        "the sink was started again {} times",
        sink.restarts
    ));
    Ok(())
}

/// Exactly once, also where upserts would hide it: no version of an output is there twice, and those of
/// one key are in order.
fn written_once(stack: &Stack) -> Result<()> {
    for topic in [
        "charge-point-indicator",
        "station-indicator",
        "failure-episode",
    ] {
        let mut last = BTreeMap::new();
        let stored = topic::read(&stack.kafka(), topic)?;
        ensure!(!stored.is_empty(), "{topic} is empty");
        let count = stored.len();
        for record in stored {
            let earlier = last.insert(record.key.clone(), record.timestamp_ms);
            ensure!(
                earlier.is_none_or(|earlier| earlier < record.timestamp_ms),
                "{topic}/{}: {} of {} follows {earlier:?}",
                record.partition,
                record.timestamp_ms,
                String::from_utf8_lossy(&record.key)
            );
        }
        say(&format!("{topic}: {count} records, each once"));
    }
    Ok(())
}
