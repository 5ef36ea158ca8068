//! Group robots: what they are sent, signed how, and what their answers, honest or not, are taken for.

mod support;

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use farsight_courier::{Channel, Outcome, Secret};

use support::{NOW, Receiver, courier, hmac_by_the_book, message, words};

const LONG: Duration = Duration::from_secs(20);
const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const SECRET: &str = "SECfedcba9876543210";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    WeCom,
    DingTalk,
    Feishu,
}

fn robot(kind: Kind, receiver: &Receiver) -> Channel {
    let url = Secret::new(receiver.url(&format!("/robot/send?access_token={TOKEN}")));
    let (secret, keyword) = (Some(Secret::new(SECRET)), Some("千里眼".to_owned()));
    match kind {
        Kind::WeCom => Channel::WeCom { url },
        Kind::DingTalk => Channel::DingTalk { url, secret, keyword },
        Kind::Feishu => Channel::Feishu { url, secret, keyword },
    }
}

async fn answering(status: u16, body: &'static str) -> Receiver {
    Receiver::answering(move || Response::builder().status(status).body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn wecom_gets_markdown_that_calls_nobody() {
    let receiver = answering(200, r#"{"errcode":0,"errmsg":"ok"}"#).await;
    let outcome = courier(LONG).send(&robot(Kind::WeCom, &receiver), &message(), NOW).await;
    assert_eq!(outcome.code(), "delivered", "{outcome:?}");
    let body = receiver.requests()[0].json();
    let content = body["markdown"]["content"].as_str().unwrap();
    assert_eq!(body["msgtype"], "markdown");
    assert!(content.contains("- ［点我］(https：//evil．example) ＜＠all＞"), "{content}");
    assert!(content.contains("[查看详情](https://tower.example/alerts/1)"), "{content}");
    assert!(content.ends_with("2026-03-05T06:30:00Z · msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"), "{content}");
}

#[tokio::test]
async fn dingtalk_is_signed_in_its_address() {
    let receiver = answering(200, r#"{"errcode":0,"errmsg":"ok"}"#).await;
    let outcome = courier(LONG).send(&robot(Kind::DingTalk, &receiver), &message(), NOW).await;
    assert_eq!(outcome.code(), "delivered", "{outcome:?}");
    let request = &receiver.requests()[0];
    let sign =
        STANDARD.encode(hmac_by_the_book(SECRET.as_bytes(), format!("1772692200000\n{SECRET}").as_bytes()));
    let sign = sign.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    let expected = format!("/robot/send?access_token={TOKEN}&timestamp=1772692200000&sign={sign}");
    assert_eq!(request.uri.to_string(), expected);
    assert!(request.json()["markdown"]["text"].as_str().unwrap().ends_with("千里眼"));
}

#[tokio::test]
async fn feishu_is_signed_in_its_body() {
    let receiver =
        answering(200, r#"{"StatusCode":0,"StatusMessage":"success","code":0,"msg":"success"}"#).await;
    let outcome = courier(LONG).send(&robot(Kind::Feishu, &receiver), &message(), NOW).await;
    assert_eq!(outcome.code(), "delivered", "{outcome:?}");
    let body = receiver.requests()[0].json();
    let sign = STANDARD.encode(hmac_by_the_book(format!("1772692200\n{SECRET}").as_bytes(), b""));
    assert_eq!(
        (body["timestamp"].as_str(), body["sign"].as_str()),
        (Some("1772692200"), Some(sign.as_str()))
    );
    assert_eq!(body["content"]["post"]["zh_cn"]["title"], "【紧急】D1 未通过视频抽查");
}

#[tokio::test]
async fn the_code_in_the_body_decides_not_the_status() {
    use Kind::{DingTalk, Feishu, WeCom};
    for (kind, status, body, expected, after) in [
        (WeCom, 200, r#"{"errcode":45009,"errmsg":"api freq out of limit"}"#, "later", Some(60)),
        (WeCom, 200, r#"{"errcode":93000,"errmsg":"invalid webhook url"}"#, "never", None),
        (WeCom, 200, r#"{"errcode":-1,"errmsg":"system busy"}"#, "later", None),
        (
            DingTalk,
            200,
            r#"{"status":1111,"wait":5,"errcode":130101,"errmsg":"send too fast"}"#,
            "later",
            Some(600),
        ),
        (DingTalk, 200, r#"{"errcode":310000,"errmsg":"keywords not in content"}"#, "never", None),
        (DingTalk, 200, r#"{"errcode":300005,"errmsg":"token is not exist"}"#, "never", None),
        (Feishu, 200, r#"{"code":19021,"msg":"sign match fail"}"#, "never", None),
        (Feishu, 200, r#"{"code":11232,"msg":"frequency limited"}"#, "later", Some(60)),
        (Feishu, 400, r#"{"code":9499,"msg":"too many request","data":{}}"#, "later", Some(60)),
        (Feishu, 400, r#"{"code":9499,"msg":"Bad Request","data":{}}"#, "never", None),
        // lies, riddles and wreckage
        (WeCom, 200, "", "later", None),
        (WeCom, 200, "<html>maintenance</html>", "later", None),
        (WeCom, 200, r#"{"errcode":"0"}"#, "later", None),
        (WeCom, 200, r#"{"errcode":123456789}"#, "later", None),
        (WeCom, 502, r#"{"errcode":0,"errmsg":"ok"}"#, "later", None),
        (WeCom, 404, "not here", "never", None),
        (WeCom, 302, r#"{"errcode":0}"#, "never", None),
    ] {
        let receiver = answering(status, body).await;
        let outcome = courier(LONG).send(&robot(kind, &receiver), &message(), NOW).await;
        assert_eq!(outcome.code(), expected, "{kind:?} {status} {body}: {outcome:?}");
        if let Outcome::Later { after: wish, .. } = outcome {
            assert_eq!(wish, after.map(Duration::from_secs), "{kind:?} {body}");
        }
        assert_eq!(receiver.requests().len(), 1);
    }
}

#[tokio::test]
async fn an_endless_answer_is_read_up_to_its_bound() {
    let receiver = Receiver::answering(|| {
        let endless =
            futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(Bytes::from(vec![b' '; 65_536])));
        Response::new(Body::from_stream(endless))
    })
    .await;
    let outcome = courier(LONG).send(&robot(Kind::WeCom, &receiver), &message(), NOW).await;
    assert!(outcome.code() == "later" && words(&outcome).contains("without a result code"), "{outcome:?}");
}

#[tokio::test]
async fn an_answer_that_never_ends_its_sentence_is_left_at_the_time_out() {
    let receiver = Receiver::answering(|| {
        let stalled = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        Response::new(Body::from_stream(stalled))
    })
    .await;
    let outcome =
        courier(Duration::from_millis(300)).send(&robot(Kind::WeCom, &receiver), &message(), NOW).await;
    assert!(outcome.code() == "later" && words(&outcome).contains("no answer within 0.3 s"), "{outcome:?}");
}

#[tokio::test]
async fn what_a_robot_echoes_shows_no_secret() {
    let echo = r#"{"errcode":-1,"errmsg":"bad 0123456789abcdef0123456789abcdef SECfedcba9876543210\n!"}"#;
    let receiver = answering(200, echo).await;
    let outcome = courier(LONG).send(&robot(Kind::DingTalk, &receiver), &message(), NOW).await;
    let shown = format!("{outcome:?}");
    assert!(!shown.contains(TOKEN) && !shown.contains(SECRET) && shown.contains("***"), "{shown}");
}

#[tokio::test]
async fn a_robot_elsewhere_than_at_its_makers_is_refused() {
    let url = Secret::new(format!("https://robots.evil.example/send?key={TOKEN}"));
    let outcome = courier(LONG).send(&Channel::WeCom { url }, &message(), NOW).await;
    assert!(outcome.code() == "never" && words(&outcome).contains("qyapi.weixin.qq.com"), "{outcome:?}");
    assert!(!words(&outcome).contains(TOKEN), "{outcome:?}");
}
