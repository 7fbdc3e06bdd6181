//! `stream-setup topics`.

use std::io::Write;

use anyhow::Context as _;
use platform::kafka::topics::{Finding, TopicAdmin, TopicList, TopicState};

use crate::Outcome;
use crate::config::TopicsArgs;
use crate::table::Table;

const LIST: &str = include_str!("../../kafka/topics.yaml");

/// Creates or compares the topics.
pub(crate) async fn run(args: &TopicsArgs, output: impl Write) -> anyhow::Result<Outcome> {
    let list = TopicList::parse(LIST)?;
    let admin = TopicAdmin::new(&args.kafka, "stream-setup")?.with_patience(args.manner.patience());
    let findings = if args.manner.check {
        admin.check(&list).await?
    } else {
        admin.create_or_verify(&list, args.replication).await?
    };
    report(&findings, output).context("writing the table")
}

fn report(findings: &[Finding], mut output: impl Write) -> std::io::Result<Outcome> {
    let mut table = Table::new(["topic", "partitions", "state"]);
    let mut remedies = Vec::new();
    for finding in findings {
        let name = &finding.topic.name;
        let state = match &finding.state {
            TopicState::Created => "created",
            TopicState::Correct => "correct",
            TopicState::Missing => {
                remedies.push(format!(
                    "topic {name} does not exist: run `stream-setup topics`"
                ));
                "missing"
            }
            TopicState::Differs(differences) => {
                remedies.extend(differences.iter().map(ToString::to_string));
                "differs"
            }
        };
        table.push([
            name.clone(),
            finding.topic.partitions.to_string(),
            state.to_owned(),
        ]);
    }
    table.write(&mut output)?;
    for remedy in &remedies {
        writeln!(output, "{remedy}")?;
    }
    Ok(if remedies.is_empty() {
        Outcome::AsListed
    } else {
        Outcome::Differs
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use platform::kafka::topics::Difference;

    fn finding(state: TopicState) -> Finding {
        let topic = TopicList::parse(LIST).unwrap().topics()[0].clone();
        Finding { topic, state }
    }

    #[test]
    fn the_embedded_list_holds_every_topic_with_a_contract() {
        let list = TopicList::parse(LIST).unwrap();
        let names = domain::contract::CONTRACTS.map(|contract| contract.topic);
        assert_eq!(list.select(&names).unwrap().topics().len(), names.len());
        let others = [
            domain::contract::LATE_EVENT_TOPIC,
            domain::contract::DEAD_LETTER_TOPIC,
        ];
        for topic in list.select(&others).unwrap().topics() {
            assert_eq!(topic.partitions, 6);
        }
    }

    #[test]
    fn topics_as_listed_give_a_table_and_nothing_else() {
        let mut output = Vec::new();
        let findings = [finding(TopicState::Created), finding(TopicState::Correct)];
        assert_eq!(report(&findings, &mut output).unwrap(), Outcome::AsListed);
        assert_eq!(
            String::from_utf8(output).unwrap(),
            "topic         partitions  state\n\
             charge-point  24          created\n\
             charge-point  24          correct\n"
        );
    }

    #[test]
    fn what_differs_is_told_below_the_table() {
        let difference = Difference::Partitions {
            topic: "charge-point".to_owned(),
            expected: 24,
            found: 12,
        };
        let mut output = Vec::new();
        let findings = [
            finding(TopicState::Differs(vec![difference])),
            finding(TopicState::Missing),
        ];
        assert_eq!(report(&findings, &mut output).unwrap(), Outcome::Differs);
        let text = String::from_utf8(output).unwrap();
        assert!(
            text.ends_with(
                "topic charge-point has 12 partitions, expected 24: create it anew and replay\n\
                 topic charge-point does not exist: run `stream-setup topics`\n"
            ),
            "{text}"
        );
    }
}
