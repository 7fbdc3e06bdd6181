//! A 201 means stored: every id that was acknowledged is in the log, once when equal ids count once,
//! though the gateway is killed at random moments and the broker is killed, stopped and paused.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::effort::Effort;
use e2e::gateway::Operator;
use e2e::load::{BATCH, Load};
use e2e::say::say;
use e2e::service::Service;
use e2e::stack::Stack;
use e2e::{topic, wait, workload};
use rand::RngExt as _;
use reqwest::StatusCode;

const CONNECTIONS: usize = 16;
/// Kills of the gateway, by effort.
const KILLS: usize = 20;
/// One in so many kills of the gateway meets a fault of the broker too.
const PER_BROKER_FAULT: usize = 5;
/// The longest that a request may take while the broker stands still: the gateway gives up after 4 s.
const PATIENCE: Duration = Duration::from_secs(5);
const PAUSE: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_id_is_in_the_log_though_gateway_and_broker_fail() -> Result<()> {
    let effort = Effort::from_environment()?;
    let mut stack = Stack::start_log(&[])?;
    let mut gateway = Service::spawn(&stack, "producer-gateway")?;
    gateway.ready(&stack.gateway_admin()).await?;
    let operator = Operator::log_in(&stack.gateway()).await?;
    let (status, body) = operator
        .post("/statique/bulk", workload::directory(BATCH))
        .await?;
    ensure!(status == StatusCode::CREATED, "{status}: {body}");

    let mut load = Load::start(&operator, CONNECTIONS);
    kill_at_random(&stack, &load, gateway, effort).await?;
    let mut gateway = Service::spawn(&stack, "producer-gateway")?;
    gateway.ready(&stack.gateway_admin()).await?;
    progress(&load).await?;
    stand_still(&stack, &load).await?;
    progress(&load).await?;

    let batches = load.finish().await?;
    compare(&stack, &load, batches)?;
    stack.passed();
    Ok(())
}

/// Kills the gateway again and again, each time after it has acknowledged something, and sometimes the
/// broker with it.
async fn kill_at_random(stack: &Stack, load: &Load, first: Service, effort: Effort) -> Result<()> {
    let mut dice = effort.dice();
    let (mut gateway, kills) = (first, KILLS * effort.factor);
    let mut broken = 0;
    for kill in 1..=kills {
        progress(load).await?;
        let moment = Duration::from_micros(dice.random_range(0..200_000));
        tokio::time::sleep(moment).await;
        let fault = (kill % PER_BROKER_FAULT == 0).then_some(kill / PER_BROKER_FAULT);
        match fault {
            Some(odd) if odd % 2 == 1 => stack.kill("kafka")?,
            Some(_) => stack.stop_part("kafka")?,
            None => (),
        }
        drop(gateway);
        if fault.is_some() {
            stack.start_part("kafka")?;
        }
        gateway = Service::spawn(stack, "producer-gateway")?;
        gateway.ready(&stack.gateway_admin()).await?;
        broken += load.book().broken;
        load.turn_page();
    }
    say(&format!(
        "{kills} kills of the gateway, {} faults of the broker",
        kills / PER_BROKER_FAULT
    ));
    ensure!(broken > 0, "no kill met a request");
    Ok(())
}

/// Lets the broker stand still: requests are answered in time, with 201 or 503 and nothing else.
async fn stand_still(stack: &Stack, load: &Load) -> Result<()> {
    let kafka = stack.process("kafka")?;
    load.turn_page();
    kafka.pause()?;
    tokio::time::sleep(PAUSE).await;
    kafka.resume()?;
    let book = load.book();
    say(&format!(
        "paused for 10 s: {:?}, slowest {:?}",
        book.answers, book.slowest
    ));
    ensure!(
        book.broken == 0,
        "{} requests without an answer",
        book.broken
    );
    ensure!(
        book.slowest <= PATIENCE,
        "an answer took {:?}",
        book.slowest
    );
    ensure!(
        book.answers.contains_key(&503),
        "no 503 while the broker stood still"
    );
    Ok(())
}

/// Waits until more is acknowledged than was.
async fn progress(load: &Load) -> Result<()> {
    let before = load.acknowledged();
    wait::until("an acknowledgement", Duration::from_mins(1), async || {
        load.failed()?;
        ensure!(load.acknowledged() > before, "nothing is acknowledged");
        Ok(())
    })
    .await
}

/// The log holds what was acknowledged, and nothing else, since every batch was sent until it was.
fn compare(stack: &Stack, load: &Load, batches: usize) -> Result<()> {
    let stored = topic::event_ids(&stack.kafka(), "charge-point-status")?;
    let book = load.book();
    let acknowledged: BTreeSet<u128> = book.acknowledged.keys().copied().collect();
    let copies: usize = stored.values().sum::<usize>() - stored.len();
    say(&format!(
        "{batches} batches, {} ids acknowledged, {} in the log, {copies} copies beside",
        acknowledged.len(),
        stored.len()
    ));
    let lost = acknowledged.iter().find(|id| !stored.contains_key(id));
    ensure!(
        lost.is_none(),
        "acknowledged and lost: {:032x}",
        lost.context("an id")?
    );
    ensure!(
        acknowledged.len() == batches * BATCH,
        "{} distinct ids of {batches} batches of {BATCH}",
        acknowledged.len()
    );
    let strange = stored.keys().find(|id| !acknowledged.contains(id));
    ensure!(
        strange.is_none(),
        "stored, never acknowledged: {strange:032x?}"
    );
    Ok(())
}
