//! Bad input and missing parts: a clear error, nothing crashes, nothing is lost.

use std::time::Duration;

use anyhow::{Result, ensure};
use e2e::gateway::{self, Operator};
use e2e::service::Service;
use e2e::stack::{Stack, checked};
use e2e::wait;
use reqwest::StatusCode;

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_get_the_errors_of_the_contract() -> Result<()> {
    let mut stack = Stack::start(&[])?;
    stack.start_services()?;

    let (status, body) = gateway::token(&stack.gateway(), "operator", "wrong").await?;
    ensure!(status == StatusCode::UNAUTHORIZED, "{status}");
    ensure!(
        body["message"] == "Authentication failed: Wrong login or password",
        "{body}"
    );

    let operator = Operator::log_in(&stack.gateway()).await?;
    let (status, body) = operator
        .post("/dynamique/status/", "{\"etat_pdc\":".into())
        .await?;
    ensure!(status == StatusCode::UNPROCESSABLE_ENTITY, "{status}");
    ensure!(body["detail"][0]["type"] == "json_invalid", "{body}");

    let now = jiff::Timestamp::now();
    let unknown = format!(
        r#"{{"id_pdc_itinerance":"FRSIMENOWHERE","etat_pdc":"en_service","occupation_pdc":"libre","horodatage":"{now}"}}"#
    );
    let (status, body) = operator.post("/dynamique/status/", unknown).await?;
    ensure!(status == StatusCode::NOT_FOUND, "{status}");
    ensure!(body["detail"] == "Point of charge does not exist", "{body}");
    ensure!(
        body["errors"][0]["code"] == "charge_point_unknown",
        "{body}"
    );
    stack.passed();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_topic_ends_the_start_and_names_the_remedy() -> Result<()> {
    let mut stack = Stack::start(&[])?;
    checked(&stack.run("indicator-sink", &["migrate", "--retention=off"])?)?;
    for service in ["producer-gateway", "stream-processor", "indicator-sink"] {
        let output = Service::run(&stack, service).await?;
        let said =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.code() == Some(1),
            "{service} ended with {}: {said}",
            output.status
        );
        ensure!(
            said.contains("stream-setup topics"),
            "{service} names no remedy: {said}"
        );
    }
    stack.passed();
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_that_is_down_at_start_is_waited_for() -> Result<()> {
    let mut stack = Stack::start(&[])?;
    stack.start_services()?;
    for service in ["producer-gateway", "stream-processor", "indicator-sink"] {
        stack.stop_part(service)?;
    }
    stack.stop_part("registry")?;
    let _gateway = Service::spawn(&stack, "producer-gateway")?;
    let ready = format!("{}/ready", stack.gateway_admin());
    wait::until(
        "a gateway that lives and is not ready",
        Duration::from_secs(30),
        async || {
            let response = reqwest::get(&ready).await?;
            ensure!(
                response.status() == StatusCode::SERVICE_UNAVAILABLE,
                "{}",
                response.status()
            );
            Ok(())
        },
    )
    .await?;
    stack.start_part("registry")?;
    wait::until("a ready gateway", Duration::from_mins(1), async || {
        let response = reqwest::get(&ready).await?;
        ensure!(response.status() == StatusCode::OK, "{}", response.status());
        Ok(())
    })
    .await?;
    stack.passed();
    Ok(())
}
