//! [`Clients`] of real brokers and of a real registry.

use std::rc::Rc;
use std::sync::Arc;

use platform::avro::RegistryClient;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::Clients;
use crate::config::Config;
use crate::decode::registry::RegistrySchemas;
use crate::disposition::WorkerError;
use crate::input::InputError;
use crate::input::kafka::KafkaInput;
use crate::membership::kafka::{KafkaMembership, Standing};
use crate::output::OutputError;
use crate::output::kafka::KafkaOutput;

/// The clients of one worker.
#[derive(Clone)]
pub(crate) struct KafkaClients {
    /// The worker's name.
    pub(crate) name: String,
    /// The process's configuration.
    pub(crate) config: Arc<Config>,
    /// Where schemas are asked for.
    pub(crate) registry: RegistryClient,
    /// Where to ask for them.
    pub(crate) runtime: Handle,
    /// Ends what waits for the brokers.
    pub(crate) shutdown: CancellationToken,
}

impl Clients for KafkaClients {
    type Group = Rc<Standing>;
    type Membership = KafkaMembership;
    type Input = KafkaInput;
    type Output = KafkaOutput;
    type Schemas = RegistrySchemas;

    fn output(&mut self) -> Result<KafkaOutput, OutputError> {
        KafkaOutput::new(&self.config, &self.name, &self.shutdown)
    }

    fn join(&mut self) -> Result<KafkaMembership, WorkerError> {
        let config = &self.config;
        KafkaMembership::join(&config.kafka, &config.application_id, &self.name)
    }

    fn input(&mut self) -> Result<KafkaInput, InputError> {
        KafkaInput::new(&self.config.kafka, &self.name, self.config.names())
    }

    fn schemas(&mut self) -> RegistrySchemas {
        RegistrySchemas::new(self.registry.clone(), self.runtime.clone())
    }
}
