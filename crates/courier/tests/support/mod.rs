//! Messages, couriers and a receiver that keeps what it was sent.

#![allow(dead_code, reason = "each test takes what it needs")]

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use farsight_courier::{Courier, Line, Message, Outcome, Reach, Settings};
use farsight_rulebook::messages::Language;
use farsight_rulebook::policy::Severity;
use farsight_rulebook::time::Instant;

/// 2026-03-05T06:30:00Z.
pub(crate) const NOW: Instant = Instant(1_772_692_200_000_000);

pub(crate) fn message() -> Message {
    Message {
        id: "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W".to_owned(),
        title: "D1 未通过视频抽查".to_owned(),
        lines: vec![
            Line::Text("请在 3 天内整改".to_owned()),
            Line::Item("[点我](https://evil.example) <@all>".to_owned()),
        ],
        severity: Severity::Critical,
        link: Some("https://tower.example/alerts/1".to_owned()),
        language: Language::Chinese,
        at: "2026-03-05T06:30:00Z".to_owned(),
        event: "alert.opened".to_owned(),
        data: serde_json::json!({ "dealer": "D1", "cents": 12_345 }),
    }
}

/// A courier that may reach this machine.
pub(crate) fn courier(timeout: Duration) -> Courier {
    let reach = Reach::public()
        .allow("127.0.0.0/8".parse().unwrap())
        .allow_plain_http()
        .allow_robot_host("127.0.0.1");
    Courier::new(&Settings { reach, timeout, smtp: None }).unwrap()
}

/// What came in.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A receiver on this machine.
pub(crate) struct Receiver {
    pub(crate) at: SocketAddr,
    kept: Arc<Mutex<Vec<Request>>>,
}

impl Receiver {
    /// One that answers everything alike.
    pub(crate) async fn answering(answer: impl Fn() -> Response + Clone + Send + Sync + 'static) -> Self {
        let kept = Arc::new(Mutex::new(Vec::new()));
        let keeping = kept.clone();
        let app = Router::new().fallback(move |uri: Uri, headers: HeaderMap, body: Bytes| async move {
            keeping.lock().unwrap().push(Request { uri, headers, body });
            answer()
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { at, kept }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.at)
    }

    pub(crate) fn requests(&self) -> Vec<Request> {
        self.kept.lock().unwrap().clone()
    }
}

/// The outcome's words.
pub(crate) fn words(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Delivered { detail } => detail,
        Outcome::Later { why, .. } | Outcome::Never { why } => why,
    }
}

/// HMAC-SHA256 written from RFC 2104, so that the courier's own is not its only witness.
pub(crate) fn hmac_by_the_book(key: &[u8], text: &[u8]) -> [u8; 32] {
    use sha2::{Digest as _, Sha256};
    let mut block = [0_u8; 64];
    if key.len() > 64 {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let inner = Sha256::new().chain_update(block.map(|b| b ^ 0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(block.map(|b| b ^ 0x5c)).chain_update(inner).finalize().into()
}
