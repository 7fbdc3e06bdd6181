//! [`SchemaSource`] by the schema registry, asked on the async runtime while the worker goes on.

use std::sync::mpsc::{Receiver, Sender, channel};

use platform::avro::{RegistryClient, RegistryError};
use platform::backoff::Backoff;
use tokio::runtime::Handle;

use super::SchemaSource;

type Answer = (u32, Option<String>);

/// The registry.
pub(crate) struct RegistrySchemas {
    client: RegistryClient,
    runtime: Handle,
    sender: Sender<Answer>,
    receiver: Receiver<Answer>,
}

impl RegistrySchemas {
    /// Creates a source that asks `client` on `runtime`.
    pub(crate) fn new(client: RegistryClient, runtime: Handle) -> Self {
        let (sender, receiver) = channel();
        Self {
            client,
            runtime,
            sender,
            receiver,
        }
    }
}

impl SchemaSource for RegistrySchemas {
    fn request(&mut self, id: u32) {
        let (client, sender) = (self.client.clone(), self.sender.clone());
        self.runtime.spawn(async move {
            let answer = fetch(&client, id).await;
            if sender.send((id, answer)).is_err() {
                tracing::debug!(id, "schema arrived after its worker ended");
            }
        });
    }

    fn answer(&mut self) -> Option<Answer> {
        self.receiver.try_recv().ok()
    }
}

/// Asks until the registry gives the schema, or says that there is none: only its word makes a
/// record undecodable.
async fn fetch(client: &RegistryClient, id: u32) -> Option<String> {
    let mut attempt = 0;
    loop {
        match client.schema_by_id(id).await {
            Ok(text) => return Some(text),
            Err(RegistryError::UnknownId { .. }) => return None,
            Err(error) => {
                tracing::warn!(id, attempt, %error, "schema cannot be fetched");
                tokio::time::sleep(Backoff::STANDARD.delay(attempt)).await;
                attempt += 1;
            }
        }
    }
}
