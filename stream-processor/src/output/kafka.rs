//! [`Output`] by a transactional producer, or a plain one: then beginning and ending are nothing, and
//! offsets are committed by the member.

use std::rc::Rc;
use std::time::Duration;

use platform::kafka::batch_producer::{BatchError, BatchProducer};
use platform::kafka::consumer::TopicPartition;
use platform::kafka::producer::Record;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{Producer as _, PurgeConfig};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Output, OutputError};
use crate::commit;
use crate::config::{Config, Guarantee};
use crate::failpoint::{self, Step};
use crate::membership::kafka::Standing;
use crate::topology::{Lane, Names};

/// How long a record may be on its way without a transaction. Shorter than the group's session, 15 s: a
/// worker that hung for so long that others have its partitions gives up what it had not sent.
const PLAIN_TIMEOUT: Duration = Duration::from_secs(10);

/// How long one blocking call to the client may take; after it the call is repeated.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// The producer of one worker.
pub(crate) struct KafkaOutput {
    name: String,
    names: Names,
    guarantee: Guarantee,
    /// What the brokers wait for the end of a transaction, and we for them.
    patience: Duration,
    producer: BatchProducer,
}

impl KafkaOutput {
    /// Creates the producer of the worker called `name`, and ends what an earlier one of that name
    /// left open.
    pub(crate) fn new(
        config: &Config,
        name: &str,
        shutdown: &CancellationToken,
    ) -> Result<Self, OutputError> {
        let (names, guarantee) = (config.names(), config.guarantee);
        let patience = config.transaction_timeout();
        let client_id = format!("{name}-output");
        let config = match guarantee {
            Guarantee::ExactlyOnce => {
                let mut config = config.kafka.producer_config(&client_id, patience);
                config
                    // Who we are: a newer producer of this name fences us.
                    .set("transactional.id", name)
                    .set("transaction.timeout.ms", patience.as_millis().to_string());
                config
            }
            Guarantee::AtLeastOnce => config.kafka.producer_config(&client_id, PLAIN_TIMEOUT),
        };
        let client = |source: KafkaError| OutputError::Client {
            name: name.to_owned(),
            source: source.into(),
        };
        let producer = BatchProducer::new(&config).map_err(client)?;
        let output = Self {
            name: name.to_owned(),
            names,
            guarantee,
            patience,
            producer,
        };
        if guarantee == Guarantee::AtLeastOnce {
            return Ok(output);
        }
        output.call("take over the transactions", |timeout| {
            if shutdown.is_cancelled() {
                return Err(KafkaError::Canceled);
            }
            output.producer.client().init_transactions(timeout)
        })?;
        failpoint::after(Step::TakeOver);
        Ok(output)
    }

    /// Repeats a call while the client says that it may be repeated.
    pub(crate) fn call(
        &self,
        action: &'static str,
        call: impl Fn(Duration) -> Result<(), KafkaError>,
    ) -> Result<(), OutputError> {
        let start = Instant::now();
        loop {
            let Err(error) = call(CALL_TIMEOUT) else {
                return Ok(());
            };
            let may_repeat = match &error {
                KafkaError::Transaction(error) => error.is_retriable(),
                _ => false,
            };
            if !may_repeat || start.elapsed() > self.patience {
                return Err(self.classify(action, error));
            }
        }
    }

    fn classify(&self, action: &'static str, error: KafkaError) -> OutputError {
        use RDKafkaErrorCode::{
            ClusterAuthorizationFailed, Fenced, InvalidProducerEpoch, ProducerFenced,
            TransactionalIdAuthorizationFailed,
        };
        let code = match &error {
            KafkaError::Transaction(error) => Some(error.code()),
            other => other.rdkafka_error_code(),
        };
        let name = self.name.clone();
        let source = error.into();
        match code {
            Some(Fenced | InvalidProducerEpoch | ProducerFenced) => {
                OutputError::Fenced { name, source }
            }
            Some(ClusterAuthorizationFailed | TransactionalIdAuthorizationFailed) => {
                OutputError::Client { name, source }
            }
            _ => OutputError::Broken { action, source },
        }
    }
}

impl Output for KafkaOutput {
    type Group = Rc<Standing>;

    fn begin(&mut self) -> Result<(), OutputError> {
        if self.guarantee == Guarantee::ExactlyOnce {
            let begun = self.producer.client().begin_transaction();
            begun.map_err(|error| self.classify("begin", error))?;
        }
        failpoint::after(Step::Begin);
        Ok(())
    }

    fn send(&mut self, record: &Record) -> Result<(), OutputError> {
        let Some(name) = self.names.of(&record.topic) else {
            return Ok(());
        };
        self.producer
            .send_to(name, record, self.patience)
            .map_err(|error| broken("send a record", error))?;
        failpoint::after(Step::Send);
        Ok(())
    }

    fn drain(&mut self) -> Result<(), OutputError> {
        // Not left to the client, whose commit waits a flat 100 ms whenever records are on their way.
        self.producer
            .drain(self.patience)
            .map_err(|error| broken("deliver records", error))?;
        failpoint::after(Step::Drain);
        Ok(())
    }

    fn offsets(&mut self, offsets: &[(Lane, i64)], group: &Self::Group) -> Result<(), OutputError> {
        let offsets: Vec<_> = offsets
            .iter()
            .map(|(lane, next)| {
                let partition = TopicPartition::new(lane.source.topic(), lane.partition);
                (partition, *next)
            })
            .collect();
        match self.guarantee {
            Guarantee::ExactlyOnce => {
                let client = self.producer.client();
                self.call("commit offsets", |timeout| {
                    commit::offsets(client, &offsets, &group.metadata, timeout)
                })?;
            }
            Guarantee::AtLeastOnce => {
                let committed = commit::plainly(group.consumer.client(), &offsets);
                committed.map_err(|error| self.classify("commit offsets", error))?;
            }
        }
        failpoint::after(Step::Offsets);
        Ok(())
    }

    fn commit(&mut self) -> Result<(), OutputError> {
        if self.guarantee == Guarantee::ExactlyOnce {
            let client = self.producer.client();
            self.call("commit", |timeout| commit::transaction(client, timeout))?;
        }
        failpoint::after(Step::Commit);
        Ok(())
    }

    fn abort(&mut self) -> Result<(), OutputError> {
        // The client waits for the reports of the records that it purges, and only we can take
        // them: what can be purged is, before the call.
        let client = self.producer.client();
        client.purge(PurgeConfig::default().queue());
        if let Err(error) = self.producer.drain(CALL_TIMEOUT) {
            tracing::debug!(%error, "records given up with their transaction");
        }
        if self.guarantee == Guarantee::ExactlyOnce {
            self.call("abort", |timeout| client.abort_transaction(timeout))?;
        }
        failpoint::after(Step::Abort);
        Ok(())
    }
}

fn broken(action: &'static str, error: BatchError) -> OutputError {
    OutputError::Broken {
        action,
        source: error.into(),
    }
}
