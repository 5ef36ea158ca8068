//! What the tests of this crate share: a program over a database that is not there, and a client on a real socket.

use std::sync::Arc;

use axum::Router;
use farsight_control::metrics::Metrics;
use farsight_rulebook::time::Instant;
use farsight_store::Database;
use prometheus::Registry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::App;

/// Over a database that is not there.
pub(crate) fn app() -> App {
    let registry = Registry::new();
    let metrics = Arc::new(Metrics::register(&registry, &["sweep"]).unwrap());
    App::new(Database::at("postgres:///x?host=/nowhere"), registry, metrics, Arc::new(|| Instant(0))).unwrap()
}

/// Sends a request as it is; gives the whole answer.
pub(crate) async fn ask(router: Router, request: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).await.unwrap();
    serving.abort();
    told
}
