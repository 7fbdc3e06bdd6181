//! The document of the API tells the truth: `schemathesis` makes requests from it, right and wrong ones, and
//! compares every answer with it.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use e2e::effort::Effort;
use e2e::gateway::{self, Operator};
use e2e::say::say;
use e2e::stack::Stack;
use e2e::{tool, workload};
use reqwest::StatusCode;

const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,unsupported_method,ignored_auth";
/// How long it may look, seconds, by effort.
const SECONDS: usize = 45;

#[tokio::test(flavor = "multi_thread")]
async fn schemathesis_finds_no_answer_that_the_document_does_not_tell() -> Result<()> {
    let effort = Effort::from_environment()?;
    let mut stack = Stack::start_log(&[])?;
    let program = match tool::path(&stack, "schemathesis") {
        Ok(program) => program,
        Err(error) => {
            say(&format!(
                "schemathesis: skipped, it cannot be installed here: {error:#}"
            ));
            stack.passed();
            return Ok(());
        }
    };
    stack.start_part("producer-gateway")?;
    let operator = Operator::log_in(&stack.gateway()).await?;
    let (status, body) = operator
        .post("/statique/bulk", workload::directory(20))
        .await?;
    ensure!(status == StatusCode::CREATED, "{status}: {body}");
    let (status, body) = gateway::token(&stack.gateway(), "admin", "admin-ahead").await?;
    let token = body["access_token"]
        .as_str()
        .with_context(|| format!("{status}: {body}"))?;

    let output = Command::new(&program)
        .args(["run", &format!("{}/openapi.json", stack.gateway())])
        .args(["-H", &format!("Authorization: Bearer {token}")])
        .args(["-c", CHECKS, "--seed", &effort.seed.to_string()])
        .args(["--max-time", &(SECONDS * effort.factor).to_string()])
        .args([
            "--max-examples",
            &(20 * effort.factor).to_string(),
            "--continue-on-failure",
        ])
        .args(["--warnings", "off", "--no-shrink"])
        .current_dir(stack.folder())
        .env("NO_COLOR", "1")
        .output()?;
    let said = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "{}\n{said}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    // Its summary: operations and cases, so that a run that tried nothing is seen.
    let summary = said.split_once("API Operations:").context("no summary")?.1;
    say(&format!("schemathesis{summary}"));
    ensure!(!summary.contains("Tested: 0"), "no operation was tested");
    stack.passed();
    Ok(())
}
