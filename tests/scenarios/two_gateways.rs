//! Two gateways side by side: what one writes into the directory the other knows within a second; and a
//! move between stations that was cut short is finished at the next start.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::gateway::Operator;
use e2e::service::Service;
use e2e::stack::{Stack, free_ports};
use e2e::topic::{self, Raw, Stored};
use e2e::{wait, workload};
use jiff::Timestamp;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::time::Instant;

const TOPIC: &str = "charge-point";
const WRITES: usize = 20;
/// Within which a write at one gateway is seen at the other.
const LAG: Duration = Duration::from_secs(1);
/// How often the other is asked.
const PAUSE: Duration = Duration::from_millis(5);

#[tokio::test(flavor = "multi_thread")]
async fn a_write_at_one_gateway_is_known_to_the_other_within_a_second() -> Result<()> {
    let mut stack = Stack::start_log(&[])?;
    let mut first = Service::spawn(&stack, "producer-gateway")?;
    first.ready(&stack.gateway_admin()).await?;
    let [listen, admin] = free_ports()?.map(|port: u16| format!("127.0.0.1:{port}"));
    let settings = [
        ("GATEWAY_LISTEN", listen.clone()),
        ("GATEWAY_ADMIN_LISTEN", admin.clone()),
        ("GATEWAY_INSTANCE_ID", "second".to_owned()),
    ];
    let mut second = Service::spawn_with(&stack, "producer-gateway", &settings)?;
    second.ready(&format!("http://{admin}")).await?;
    let one = Operator::log_in(&stack.gateway()).await?;
    let two = one.at(&format!("http://{listen}/api/v1"));

    let mut slowest = Duration::ZERO;
    for number in 0..WRITES {
        let (id, row) = (workload::charge_point(number), workload::statique(number));
        let (here, there) = if number % 2 == 0 {
            (&one, &two)
        } else {
            (&two, &one)
        };
        expect(
            here.post("/statique/", row.to_string()).await?,
            StatusCode::CREATED,
        )?;
        slowest = slowest.max(seen(there, &id, StatusCode::CREATED).await?);
        let point = format!("/statique/{id}");
        expect(
            there.send(Method::DELETE, &point, String::new()).await?,
            StatusCode::NO_CONTENT,
        )?;
        slowest = slowest.max(seen(here, &id, StatusCode::NOT_FOUND).await?);
        expect(
            here.post(&format!("{point}/up"), String::new()).await?,
            StatusCode::NO_CONTENT,
        )?;
        slowest = slowest.max(seen(there, &id, StatusCode::CREATED).await?);
    }
    println!(
        "{} writes, the slowest was seen after {slowest:?}",
        WRITES * 3
    );
    ensure!(slowest <= LAG, "a write was seen after {slowest:?}");
    stack.passed();
    Ok(())
}

/// How long it takes until a gateway answers a status of a charge point with `expected`.
async fn seen(operator: &Operator, id: &str, expected: StatusCode) -> Result<Duration> {
    let begun = Instant::now();
    loop {
        let body = workload::status(id, Timestamp::now()).to_string();
        let (status, body) = operator.post("/dynamique/status/", body).await?;
        if status == expected {
            return Ok(begun.elapsed());
        }
        ensure!(
            begun.elapsed() < 10 * LAG,
            "{status} after ten seconds: {body}"
        );
        tokio::time::sleep(PAUSE).await;
    }
}

fn expect((status, body): (StatusCode, Value), expected: StatusCode) -> Result<Value> {
    ensure!(status == expected, "{status}, expected {expected}: {body}");
    Ok(body)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_that_was_killed_between_its_two_records_is_finished_at_the_next_start() -> Result<()>
{
    let mut stack = Stack::start_log(&[])?;
    let mut gateway = Service::spawn(&stack, "producer-gateway")?;
    gateway.ready(&stack.gateway_admin()).await?;
    let operator = Operator::log_in(&stack.gateway()).await?;
    let id = workload::charge_point(0);
    let mut row = workload::statique(0);
    expect(
        operator.post("/statique/", row.to_string()).await?,
        StatusCode::CREATED,
    )?;
    let before = newest(&stack, &id)?.context("the first record")?;

    row["id_station_itinerance"] = "FRSIMPELSEWHERE".into();
    let path = format!("/statique/{id}");
    expect(
        operator.send(Method::PUT, &path, row.to_string()).await?,
        StatusCode::OK,
    )?;
    ensure!(
        entries(&stack, &id)?.len() == 1,
        "a finished move leaves one entry"
    );

    // What a kill after the first of the two records leaves behind: the old partition still has its
    // entry. A copy of that entry, after the removal, is the same state.
    drop(gateway);
    topic::write(
        &stack.kafka(),
        Raw {
            topic: TOPIC,
            partition: before.partition,
            key: &id,
            value: &before.value.context("a value")?,
            timestamp_ms: Timestamp::now().as_millisecond(),
        },
    )?;
    ensure!(
        entries(&stack, &id)?.len() == 2,
        "both partitions hold an entry"
    );

    let mut gateway = Service::spawn(&stack, "producer-gateway")?;
    gateway.ready(&stack.gateway_admin()).await?;
    let found = expect(operator.get(&path).await?, StatusCode::OK)?;
    ensure!(
        found["id_station_itinerance"] == "FRSIMPELSEWHERE",
        "{found}"
    );
    wait::until("the old entry to go", Duration::from_secs(10), async || {
        let entries = entries(&stack, &id)?;
        ensure!(
            entries.len() == 1,
            "{} partitions hold an entry",
            entries.len()
        );
        ensure!(entries[0] != before.partition, "the new entry was removed");
        Ok(())
    })
    .await?;
    stack.passed();
    Ok(())
}

/// The last record of a charge point in the topic, if it has a value.
fn newest(stack: &Stack, id: &str) -> Result<Option<Stored>> {
    let mut records = topic::read(&stack.kafka(), TOPIC)?;
    records.retain(|record| record.key == id.as_bytes() && record.value.is_some());
    Ok(records.pop())
}

/// The partitions whose last record of a charge point has a value.
fn entries(stack: &Stack, id: &str) -> Result<Vec<i32>> {
    let mut last = std::collections::BTreeMap::new();
    for record in topic::read(&stack.kafka(), TOPIC)? {
        if record.key == id.as_bytes() {
            last.insert(record.partition, record.value.is_some());
        }
    }
    Ok(last
        .into_iter()
        .filter_map(|(partition, is_there)| is_there.then_some(partition))
        .collect())
}
