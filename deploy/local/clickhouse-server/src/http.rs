//! The router, and the life of a request: read it, wait for a permit, run it on a blocking thread, answer.

use std::convert::Infallible;
use std::io::Read;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::{Method, StatusCode};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::config::Account;
use crate::engine::{Engine, Identity};
use crate::error::{Kind, ServerError};
use crate::ffi::Output;
use crate::insert::{BodyReader, Insert, unpacked};
use crate::request::{Packing, Request};
use crate::response::{self, Headers, Reply};
use crate::statement::Statement;

/// The largest statement, form, or body that is not streamed.
const BUFFERED_BODY_BYTES: u64 = 256 << 20;

/// Format of a result when nobody names one.
const DEFAULT_FORMAT: &str = "TabSeparated";

/// What every request shares.
#[derive(Debug)]
pub(crate) struct Server {
    /// The engine.
    pub(crate) engine: Engine,
    /// One permit for each running statement.
    pub(crate) permits: Arc<Semaphore>,
    /// Who may ask.
    pub(crate) account: Account,
    /// Ends inserts whose body is still on its way.
    pub(crate) stop: CancellationToken,
}

/// A result and the format it is in.
type Answer = Result<(Output, String), ServerError>;

impl Server {
    /// Answers one request; never fails.
    pub(crate) async fn handle(
        self: Arc<Self>,
        request: hyper::Request<Incoming>,
    ) -> Result<Reply, Infallible> {
        let is_get = matches!(*request.method(), Method::GET | Method::HEAD);
        if !is_get && *request.method() != Method::POST {
            return Ok(response::text(
                StatusCode::METHOD_NOT_ALLOWED,
                "use GET or POST\n",
            ));
        }
        Ok(match request.uri().path() {
            "/ping" | "/replicas_status" => response::text(StatusCode::OK, "Ok.\n"),
            "/" => self.statement(request, is_get).await,
            _ => response::text(
                StatusCode::NOT_FOUND,
                "there is only /, /ping and /replicas_status\n",
            ),
        })
    }

    async fn statement(self: Arc<Self>, request: hyper::Request<Incoming>, is_get: bool) -> Reply {
        let (parts, body) = request.into_parts();
        let body = BodyReader::spawn(body, self.stop.clone());
        let read = Request::read(parts.uri.query().unwrap_or_default(), &parts.headers);
        let mut query_id = uuid::Uuid::now_v7().to_string();
        let outcome = match read {
            Ok(request) if is_get && !request.has_query => {
                return response::text(StatusCode::OK, "Ok.\n");
            }
            Ok(request) => {
                query_id = request.query_id.clone().unwrap_or(query_id);
                let packing = request.packing;
                self.clone()
                    .run(request, body, is_get)
                    .await
                    .map(|(output, format)| (output, format, packing))
            }
            Err(error) => Err(error),
        };
        self.reply(outcome, &query_id)
    }

    fn reply(
        &self,
        outcome: Result<(Output, String, Packing), ServerError>,
        query_id: &str,
    ) -> Reply {
        let headers = Headers {
            query_id,
            identity: self.identity(),
        };
        let reply = outcome.and_then(|(output, format, packing)| {
            response::result(output, &format, packing, headers).map_err(ServerError::from)
        });
        reply.unwrap_or_else(|error| {
            tracing::debug!(
                code = error.code,
                query_id,
                error = error.message,
                "statement failed"
            );
            response::error(&error, headers)
        })
    }

    fn identity(&self) -> &Identity {
        self.engine.identity()
    }

    /// Waits for a permit and runs the request on a blocking thread.
    async fn run(self: Arc<Self>, request: Request, body: BodyReader, is_get: bool) -> Answer {
        if !self
            .account
            .admits(&request.credentials.0, &request.credentials.1)
        {
            let message = format!(
                "{}: Authentication failed: password is incorrect, or there is no user with such name",
                request.credentials.0
            );
            return Err(ServerError::new(Kind::AuthenticationFailed, message));
        }
        let stopped =
            |error: &dyn std::fmt::Display| ServerError::new(Kind::QueryWasCancelled, error);
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|error| stopped(&error))?;
        let task = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            self.execute(request, body, is_get)
        });
        task.await.unwrap_or_else(|error| Err(stopped(&error)))
    }

    fn execute(&self, mut request: Request, body: BodyReader, is_get: bool) -> Answer {
        let mut body = unpacked(body, request.unpacking)?;
        if let Some(boundary) = request.boundary.clone() {
            let form = buffered(&mut body)?;
            request.read_form(&boundary, &form)?;
        }
        let mut text = std::mem::take(&mut request.query);
        let is_streamed = matches!(
            Statement::parse(&text, request.format.as_deref()),
            Ok(Statement::Insert { .. })
        );
        if !is_streamed && !is_get {
            let rest = buffered(&mut body)?;
            if !text.is_empty() && !rest.is_empty() {
                text.push(b'\n');
            }
            text.extend_from_slice(&rest);
        }
        let statement = Statement::parse(&text, request.format.as_deref())?;
        if is_get && !statement.is_reading() {
            let message = "Cannot execute query in readonly mode: GET only reads, use POST";
            return Err(ServerError::new(Kind::Readonly, message));
        }
        let mut session = self.engine.session(&request)?;
        match statement {
            Statement::Query { text, format } => {
                let default = request.format.unwrap_or_else(|| DEFAULT_FORMAT.to_owned());
                let output = session.query(text, &default, &request.parameters)?;
                Ok((output, format.unwrap_or(default)))
            }
            Statement::Insert { head, format, data } => {
                let insert = Insert {
                    head,
                    format: &format,
                    parameters: &request.parameters,
                };
                let output = insert.run(&mut session, data.chain(body))?;
                Ok((output, DEFAULT_FORMAT.to_owned()))
            }
        }
    }
}

fn buffered(body: &mut dyn Read) -> Result<Vec<u8>, ServerError> {
    let mut content = Vec::new();
    body.take(BUFFERED_BODY_BYTES + 1)
        .read_to_end(&mut content)?;
    if content.len() as u64 > BUFFERED_BODY_BYTES {
        let message = format!(
            "a statement of more than {BUFFERED_BODY_BYTES} bytes: put the INSERT into the URL"
        );
        return Err(ServerError::new(Kind::MemoryLimitExceeded, message));
    }
    Ok(content)
}
