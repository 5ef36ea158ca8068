//! What the tests of this crate share: a program over a database that is not there, and a client on a real socket.

use std::sync::Arc;

use axum::Router;
use farsight_control::metrics::Metrics;
use farsight_control::sealing::Sealer;
use farsight_rulebook::time::Instant;
use farsight_store::Database;
use farsight_store::pool::Pool;
use prometheus::Registry;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::App;
use crate::app::{Front, Parts};

/// Over a database that is not there.
pub(crate) async fn app() -> App {
    let registry = Registry::new();
    let metrics = Arc::new(Metrics::register(&registry, &["sweep"]).unwrap());
    let database = Database::at("postgres:///x?host=/nowhere");
    let evidence = tempfile::tempdir().unwrap().keep();
    let url = format!("file://{}", evidence.display());
    let evidence = farsight_evidence::Store::open(&url, [], 1);
    let parts = Parts {
        pool: Pool::open(&database, 1).unwrap(),
        database,
        registry,
        metrics,
        clock: Arc::new(|| Instant(0)),
        sealer: Sealer::new([1; 32], |bytes| bytes.fill(7)),
        evidence: evidence.await.unwrap(),
        front: Front { address: "http://tower.example".to_owned(), secure: false, behind_proxy: false },
    };
    App::new(parts).unwrap()
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
