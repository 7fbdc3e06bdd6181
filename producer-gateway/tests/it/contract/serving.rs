//! Connections: slow, idle, large, forwarded, encrypted, and their orderly end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use producer_gateway::http::connection::Patience;
use producer_gateway::http::router;
use producer_gateway::http::serve::Server;
use producer_gateway::http::tls::Tls;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_util::sync::CancellationToken;

use crate::support::{Bench, status, token};

/// A gateway that listens.
struct Listening {
    address: SocketAddr,
    end: CancellationToken,
    running: JoinHandle<()>,
    bench: Bench,
}

async fn listen(bench: Bench, tls: Option<Arc<Tls>>) -> Listening {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server {
        router: router(Arc::clone(&bench.gateway)),
        patience: Patience {
            head: Duration::from_millis(300),
            idle: Duration::from_secs(3),
        },
        max_connections: 2_000,
        tls,
    };
    let end = CancellationToken::new();
    let running = tokio::spawn(server.run(listener, end.clone()));
    Listening {
        address,
        end,
        running,
        bench,
    }
}

/// Everything until the connection is closed.
async fn rest(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut bytes = Vec::new();
    let reading = stream.read_to_end(&mut bytes);
    // A connection that is reset has said all that it will say.
    let _ended = tokio::time::timeout(Duration::from_secs(10), reading)
        .await
        .unwrap();
    String::from_utf8(bytes).unwrap()
}

async fn exchange(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), text: &str) -> String {
    stream.write_all(text.as_bytes()).await.unwrap();
    rest(stream).await
}

fn post(path: &str, headers: &str, body: &str) -> String {
    let token = token("operator");
    format!(
        "POST /api/v1{path} HTTP/1.1\r\nhost: gateway\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\n{headers}\r\n{body}"
    )
}

#[tokio::test]
async fn a_head_that_does_not_end_is_cut_without_an_answer() {
    let gateway = listen(Bench::new(), None).await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    assert_eq!(
        exchange(&mut stream, "GET /api/v1/docs HTTP/1.1\r\nhost: ga").await,
        ""
    );
    let mut silent = TcpStream::connect(gateway.address).await.unwrap();
    assert_eq!(rest(&mut silent).await, "");
}

#[tokio::test]
async fn a_head_of_more_than_16_kib_is_431_and_no_http_is_400_both_empty() {
    let gateway = listen(Bench::new(), None).await;
    for (text, code) in [
        (
            format!(
                "GET /api/v1/docs HTTP/1.1\r\nhost: a\r\nx: {}\r\n\r\n",
                "y".repeat(17 * 1024)
            ),
            "431",
        ),
        (
            format!(
                "GET /api/v1/docs HTTP/1.1\r\nhost: a\r\n{}\r\n",
                "x: y\r\n".repeat(150)
            ),
            "431",
        ),
        ("nonsense\r\n\r\n".to_owned(), "400"),
    ] {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        let answer = exchange(&mut stream, &text).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {code} ")), "{answer}");
        assert!(answer.ends_with("\r\n\r\n"), "{answer}");
    }
}

#[tokio::test]
async fn bodies_that_pass_the_limit_or_do_not_come_close_the_connection() {
    let mut bench = Bench::with_points().await;
    Arc::get_mut(&mut bench.gateway)
        .unwrap()
        .limits
        .body_timeout = Duration::from_millis(300);
    let gateway = listen(bench, None).await;
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(65_536));
    let bulk = "/dynamique/status/bulk";
    for (text, code) in [
        (post(bulk, "content-length: 9999999\r\n", ""), "413"),
        (
            post(bulk, "transfer-encoding: chunked\r\n", &chunk.repeat(2)),
            "413",
        ),
        (post(bulk, "content-length: 100\r\n", "[{"), "408"),
        (
            post(bulk, "content-length: 100\r\n", "[{").replace("Bearer ", "Basic "),
            "401",
        ),
    ] {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        let answer = exchange(&mut stream, &text).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {code} ")),
            "{code}: {answer}"
        );
        assert!(answer.contains("connection: close"), "{answer}");
    }
}

#[tokio::test]
async fn a_refused_request_with_a_small_body_leaves_the_connection_open() {
    let gateway = listen(Bench::new(), None).await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let refused =
        post("/dynamique/status/", "content-length: 2\r\n", "{}").replace("Bearer ", "Basic ");
    let last = refused.replace("content-type", "connection: close\r\ncontent-type");
    let answers = exchange(&mut stream, &format!("{refused}{refused}{last}")).await;
    assert_eq!(answers.matches("HTTP/1.1 401 ").count(), 3, "{answers}");
    assert_eq!(answers.matches("connection: close").count(), 1, "{answers}");
}

#[tokio::test]
async fn while_hundreds_are_idle_and_slow_others_are_served() {
    let mut bench = Bench::with_points().await;
    Arc::get_mut(&mut bench.gateway).unwrap().requests = Arc::new(Semaphore::new(1_024));
    let gateway = listen(bench, None).await;
    let mut idle = Vec::new();
    for place in 0..300 {
        let mut stream = TcpStream::connect(gateway.address).await.unwrap();
        if place % 2 == 0 {
            let text = post("/dynamique/status/bulk", "content-length: 1000\r\n", "[");
            stream.write_all(text.as_bytes()).await.unwrap();
        }
        idle.push(stream);
    }
    let item = status("FRPD1EABC1").to_string();
    let headers = format!("content-length: {}\r\nconnection: close\r\n", item.len());
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let answer = exchange(&mut stream, &post("/dynamique/status/", &headers, &item)).await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    drop(idle);
}

#[tokio::test]
async fn a_proxy_that_is_not_trusted_changes_nothing() {
    let gateway = listen(Bench::new(), None).await;
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let text = "GET /api/v1/statique HTTP/1.1\r\nhost: gateway\r\nx-forwarded-proto: https\r\n\
                x-forwarded-host: evil\r\nconnection: close\r\n\r\n";
    let answer = exchange(&mut stream, text).await;
    assert!(
        answer.contains("location: http://gateway/api/v1/statique/\r\n"),
        "{answer}"
    );
}

#[tokio::test]
async fn an_end_finishes_what_has_begun_and_closes_what_is_idle() {
    let gateway = listen(Bench::with_points().await, None).await;
    let mut idle = TcpStream::connect(gateway.address).await.unwrap();
    let item = status("FRPD1EABC1").to_string();
    let (head, tail) = item.split_at(10);
    let headers = format!("content-length: {}\r\n", item.len());
    let mut begun = TcpStream::connect(gateway.address).await.unwrap();
    let text = post("/dynamique/status/", &headers, head);
    begun.write_all(text.as_bytes()).await.unwrap();
    let in_flight = gateway.bench.gateway.metrics.requests_in_flight.clone();
    while in_flight.get() == 0 {
        tokio::task::yield_now().await;
    }
    gateway.end.cancel();
    assert_eq!(rest(&mut idle).await, "");
    let answer = exchange(&mut begun, tail).await;
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    gateway.running.await.unwrap();
    assert!(TcpStream::connect(gateway.address).await.is_err());
}

#[tokio::test]
async fn tls_is_spoken_with_the_certificate_of_the_files_as_they_are_now() {
    let folder = std::env::temp_dir().join(format!("gateway-tls-{}", uuid::Uuid::now_v7()));
    std::fs::create_dir(&folder).unwrap();
    let (certificate, key) = (folder.join("cert.pem"), folder.join("key.pem"));
    let renew = || {
        let made = rcgen::generate_simple_self_signed(vec!["gateway".to_owned()]).unwrap();
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        made.cert.der().clone()
    };
    let first = renew();
    let tls = Arc::new(Tls::load(&certificate, &key).unwrap());
    let gateway = listen(Bench::new(), Some(Arc::clone(&tls))).await;
    let text = "GET /api/v1/statique HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n\r\n";
    let mut stream = connect(gateway.address, &first).await.unwrap();
    let answer = exchange(&mut stream, text).await;
    assert!(
        answer.contains("location: https://gateway/api/v1/statique/\r\n"),
        "{answer}"
    );
    let second = renew();
    tls.reload().unwrap();
    assert!(connect(gateway.address, &first).await.is_err());
    assert!(connect(gateway.address, &second).await.is_ok());
    std::fs::write(&key, "garbage").unwrap();
    assert!(tls.reload().is_err());
    assert!(connect(gateway.address, &second).await.is_ok());
    let mut plain = TcpStream::connect(gateway.address).await.unwrap();
    assert!(!exchange(&mut plain, text).await.contains("HTTP/1.1 307"));
    std::fs::remove_dir_all(&folder).unwrap();
}

async fn connect(
    address: SocketAddr,
    trusted: &CertificateDer<'static>,
) -> std::io::Result<impl AsyncRead + AsyncWrite + Unpin + use<>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.clone()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("gateway").unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
}
