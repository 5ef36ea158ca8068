//! Webhooks against receivers that take, refuse, stall, break off, never end, redirect and lie.

mod support;

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use farsight_courier::{Channel, Courier, Outcome, Reach, Secret, Settings};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use support::{NOW, Receiver, courier, hmac_by_the_book, message, words};

const OLD: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEW: &str = "whsec_bmV3LWtleS1uZXcta2V5LW5ldy1rZXktbmV3LWtleS0=";
const LONG: Duration = Duration::from_secs(20);

fn webhook(url: impl Into<String>, secrets: &[&str]) -> Channel {
    let secrets = secrets.iter().map(|text| Secret::new(*text)).collect();
    Channel::Webhook { url: Secret::new(url), secrets }
}

fn answer(status: u16, headers: &[(&'static str, &'static str)]) -> impl Fn() -> Response + Clone + use<> {
    let headers = headers.to_vec();
    move || {
        let builder = headers.iter().fold(Response::builder().status(status), |b, (k, v)| b.header(*k, *v));
        builder.body(Body::from("the receiver's own words")).unwrap()
    }
}

async fn sent_to(receiver: &Receiver) -> Outcome {
    courier(LONG).send(&webhook(receiver.url("/hook/0123456789abcdef-token"), &[OLD]), &message(), NOW).await
}

#[tokio::test]
async fn what_arrives_is_signed_as_the_standard_says_with_both_keys() {
    let receiver = Receiver::answering(answer(200, &[])).await;
    let channel = webhook(receiver.url("/hook"), &[NEW, OLD]);
    let courier = courier(LONG);
    for _ in 0..2 {
        assert_eq!(courier.send(&channel, &message(), NOW).await.code(), "delivered");
    }

    let requests = receiver.requests();
    let first = &requests[0];
    assert_eq!(first.header("webhook-id"), "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W");
    assert_eq!(first.header("webhook-timestamp"), "1772692200");
    assert!(first.header("content-type").starts_with("application/json"));
    let text = [b"msg_2KWPBgLlAfxdpx2AI54pPJ85f4W.1772692200.".as_slice(), &first.body].concat();
    let expected: Vec<_> = [NEW, OLD]
        .map(|key| STANDARD.decode(&key[6..]).unwrap())
        .map(|key| format!("v1,{}", STANDARD.encode(hmac_by_the_book(&key, &text))))
        .into();
    assert_eq!(first.header("webhook-signature"), expected.join(" "));
    let body = serde_json::json!({
        "type": "alert.opened", "timestamp": "2026-03-05T06:30:00Z", "data": { "dealer": "D1", "cents": 12_345 },
    });
    assert_eq!(first.json(), body);
    assert_eq!(
        (&requests[1].body, requests[1].header("webhook-id")),
        (&first.body, first.header("webhook-id"))
    );
}

#[tokio::test]
async fn statuses_mean_delivered_later_or_never() {
    for (status, expected) in [
        (200, "delivered"),
        (204, "delivered"),
        (400, "never"),
        (401, "never"),
        (404, "never"),
        (408, "later"),
        (410, "never"),
        (425, "later"),
        (429, "later"),
        (500, "later"),
        (502, "later"),
        (503, "later"),
    ] {
        let receiver = Receiver::answering(answer(status, &[])).await;
        let outcome = sent_to(&receiver).await;
        assert_eq!(outcome.code(), expected, "{status}: {outcome:?}");
        assert_eq!(receiver.requests().len(), 1, "{status} was asked once");
        let shown = format!("{outcome:?}");
        assert!(!shown.contains("token") && !shown.contains("own words"), "{shown}");
    }
}

#[tokio::test]
async fn gone_is_said_to_be_disabled_by_the_receiver() {
    let receiver = Receiver::answering(answer(410, &[])).await;
    assert!(words(&sent_to(&receiver).await).starts_with("disabled by the receiver"));
}

#[tokio::test]
async fn a_receiver_may_ask_to_wait() {
    for (asked, expected) in [("120", 120), ("Thu, 05 Mar 2026 06:31:30 GMT", 90), ("999999999", 86_400)] {
        let receiver = Receiver::answering(answer(429, &[("retry-after", asked)])).await;
        match sent_to(&receiver).await {
            Outcome::Later { after, .. } => assert_eq!(after, Some(Duration::from_secs(expected)), "{asked}"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let inner = Receiver::answering(answer(200, &[])).await;
    let to_inner: &'static str = Box::leak(inner.url("/admin").into_boxed_str());
    for target in ["http://169.254.169.254/latest/meta-data/", to_inner] {
        for status in [301, 302, 307, 308] {
            let receiver = Receiver::answering(answer(status, &[("location", target)])).await;
            let outcome = sent_to(&receiver).await;
            assert!(outcome.code() == "never" && words(&outcome).contains("redirect"), "{outcome:?}");
        }
    }
    assert_eq!(inner.requests().len(), 0);
}

/// A receiver that reads a little, says what it is told to, and then hangs up or holds the line.
async fn raw(said: &'static [u8], holds: bool) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((mut socket, _)) = listener.accept().await {
            // the whole request is small enough for one read; hanging up with bytes unread would reset
            let _ = socket.read(&mut [0; 16_384]).await;
            let _ = socket.write_all(said).await;
            if holds {
                held.push(socket);
            }
        }
    });
    format!("http://{at}/hook")
}

#[tokio::test]
async fn silence_and_hanging_up_are_tried_again() {
    let (short, gone) = (Duration::from_millis(300), closed_port().await);
    for (url, expected) in [
        (raw(b"", true).await, "no answer within"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Le", true).await, "no answer within"),
        (raw(b"", false).await, "tried to post"),
        (raw(b"HTTP/1.1 200 OK\r\nContent-Le", false).await, "tried to post"),
        (raw(b"SSH-2.0-OpenSSH_9.2\r\n", true).await, "tried to post"),
        (gone, "efused"),
    ] {
        let outcome = courier(short).send(&webhook(url, &[OLD]), &message(), NOW).await;
        assert!(outcome.code() == "later" && words(&outcome).contains(expected), "{expected}: {outcome:?}");
    }
}

async fn closed_port() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/hook", listener.local_addr().unwrap())
}

#[tokio::test]
async fn an_answer_cut_short_after_its_status_has_been_given() {
    let url = raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf", false).await;
    assert_eq!(courier(LONG).send(&webhook(url, &[OLD]), &message(), NOW).await.code(), "delivered");
}

#[tokio::test]
async fn an_endless_answer_is_not_read() {
    let receiver = Receiver::answering(|| {
        let endless =
            futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![b'x'; 65_536])));
        Response::new(Body::from_stream(endless))
    })
    .await;
    assert_eq!(sent_to(&receiver).await.code(), "delivered");
}

#[tokio::test]
async fn the_operators_own_network_is_out_of_reach() {
    let receiver = Receiver::answering(answer(200, &[])).await;
    let port = receiver.at.port();
    let reach = Reach::public().allow_plain_http();
    let closed = Courier::new(&Settings { reach, timeout: LONG, smtp: None }).unwrap();
    for host in
        ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "169.254.169.254", "10.0.0.1"]
    {
        let outcome = closed.send(&webhook(format!("http://{host}:{port}/"), &[OLD]), &message(), NOW).await;
        assert_eq!(outcome.code(), "never", "{host}: {outcome:?}");
        assert!(words(&outcome).contains("private or special"), "{host}: {outcome:?}");
    }
    assert_eq!(receiver.requests().len(), 0);

    // the same name resolves where its network is allowed
    let open = webhook(format!("http://localhost:{port}/"), &[OLD]);
    assert_eq!(courier(LONG).send(&open, &message(), NOW).await.code(), "delivered");
}

#[tokio::test]
async fn plain_http_bad_keys_and_bad_messages_are_refused_before_anything_is_sent() {
    let receiver = Receiver::answering(answer(200, &[])).await;
    let courier = courier(LONG);
    let mut unsound = message();
    unsound.id = "a\r\nx-evil: 1".to_owned();
    for (channel, message) in [
        (webhook(receiver.url("/"), &[]), message()),
        (webhook(receiver.url("/"), &["whsec_c2hvcnQ="]), message()),
        (webhook(receiver.url("/"), &[OLD]), unsound),
        (webhook("ftp://127.0.0.1/", &[OLD]), message()),
    ] {
        let outcome = courier.send(&channel, &message, NOW).await;
        assert_eq!(outcome.code(), "never", "{outcome:?}");
        assert!(!words(&outcome).contains("whsec_c2"), "{outcome:?}");
    }
    assert_eq!(receiver.requests().len(), 0);
}
