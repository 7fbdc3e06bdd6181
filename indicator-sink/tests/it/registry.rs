//! A schema registry that knows what it was told, over plain HTTP.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use platform::avro::{RegistryArgs, RegistryClient};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The registry.
#[derive(Debug, Clone)]
pub(crate) struct Registry {
    url: String,
    schemas: Arc<Mutex<BTreeMap<u32, String>>>,
}

impl Registry {
    /// An empty one on a free port.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let registry = Self {
            url: format!("http://{}", listener.local_addr().unwrap()),
            schemas: Arc::default(),
        };
        let schemas = Arc::clone(&registry.schemas);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(answer(stream, Arc::clone(&schemas)));
            }
        });
        registry
    }

    /// Makes a schema known.
    pub(crate) fn put(&self, id: u32, schema: &str) {
        self.schemas.lock().unwrap().insert(id, schema.to_owned());
    }

    pub(crate) fn client(&self) -> RegistryClient {
        RegistryClient::new(&RegistryArgs {
            schema_registry_url: self.url.clone(),
            schema_registry_user: None,
            schema_registry_password: None,
            schema_registry_password_file: None,
        })
        .unwrap()
    }
}

/// Answers `GET /schemas/ids/N`, one request per connection.
async fn answer(stream: TcpStream, schemas: Arc<Mutex<BTreeMap<u32, String>>>) {
    let mut stream = BufReader::new(stream);
    let mut request = String::new();
    stream.read_line(&mut request).await.unwrap();
    let mut line = String::new();
    while stream.read_line(&mut line).await.unwrap() > 2 {
        line.clear();
    }
    let path = request.split_whitespace().nth(1).unwrap_or_default();
    let path = path.split('?').next().unwrap_or_default();
    let id = path.rsplit('/').next().and_then(|id| id.parse().ok());
    let found = id.and_then(|id: u32| schemas.lock().unwrap().get(&id).cloned());
    let (status, body) = match found {
        Some(schema) => ("200 OK", serde_json::json!({ "schema": schema })),
        None => (
            "404 Not Found",
            serde_json::json!({ "error_code": 40403, "message": "none" }),
        ),
    };
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        body.len()
    );
    stream
        .write_all(format!("{head}{body}").as_bytes())
        .await
        .unwrap();
    stream.shutdown().await.unwrap();
}
