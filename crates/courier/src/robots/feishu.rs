//! Feishu's (Lark's) group robot: rich text of plain pieces, in a body of at most 20 KB, signed in the body, 5 messages
//! a second and 100 a minute.

use std::time::Duration;

use farsight_rulebook::messages::Language;
use farsight_rulebook::time::Instant;
use serde_json::{Value, json};

use super::{Order, Verdict, signed_off};
use crate::fit::{self, Parts};
use crate::inert::inert;
use crate::message::{Line, Message};
use crate::reach::{Reach, Refusal};
use crate::secret::Secret;
use crate::signature::signature;
use crate::words;

/// Where its makers have it.
pub(crate) const HOSTS: [&str; 2] = ["open.feishu.cn", "open.larksuite.com"];
/// Of the text within the body, as JSON; title, link, signature and frame take the rest of the 20 000 bytes.
const LIMIT: usize = 17_500;
/// What a line costs beyond its words: a paragraph of its own.
const PARAGRAPH: usize = 32;

/// The order for a message.
pub(crate) fn order(
    reach: &Reach,
    url: &Secret,
    (secret, keyword): (Option<&Secret>, Option<&str>),
    message: &Message,
    now: Instant,
) -> Result<Order, Refusal> {
    let url = reach.robot(url.expose(), &HOSTS)?;
    let language = match message.language {
        Language::Chinese => "zh_cn",
        Language::English => "en_us",
    };
    let post = json!({ "title": inert(&message.headline()), "content": paragraphs(message, keyword) });
    let mut body = json!({ "msg_type": "post", "content": { "post": { language: post } } });
    if let Some(secret) = secret {
        let seconds = now.0.div_euclid(1_000_000).to_string();
        body["sign"] = sign(secret, &seconds).into();
        body["timestamp"] = seconds.into();
    }
    Ok(Order { url, body, judge })
}

/// The signature of nothing under "timestamp, line feed, secret".
fn sign(secret: &Secret, seconds: &str) -> String {
    signature(format!("{seconds}\n{}", secret.expose()).as_bytes(), &[])
}

/// One paragraph a line; text pieces hold no markup whatever is in them.
fn paragraphs(message: &Message, keyword: Option<&str>) -> Value {
    let lines: Vec<_> = message.lines.iter().map(shown).collect();
    let foot = signed_off(message, keyword);
    let parts = Parts { head: "", body: &lines.join("\n"), foot: &foot, joint: "\n" };
    let text = fit::fit(&parts, LIMIT, cost, message.language);
    let link = message
        .link_address()
        .map(|url| json!([{ "tag": "a", "text": words::open(message.language), "href": url }]));
    let plain = text.lines().map(|line| json!([{ "tag": "text", "text": line }]));
    link.into_iter().chain(plain).collect()
}

fn shown(line: &Line) -> String {
    let text = inert(line.text());
    match line {
        Line::Heading(_) => format!("【{text}】"),
        Line::Item(_) => format!("· {text}"),
        Line::Text(_) => text,
    }
}

fn cost(c: char) -> usize {
    if c == '\n' { PARAGRAPH } else { fit::json(c) }
}

fn judge(code: i64, words: &str) -> Verdict {
    match code {
        0 => Verdict::Taken,
        11_232 | 11_233 | 230_020 | 99_991_400 => Verdict::Slower(Duration::from_mins(1)),
        // one code for a bad request and for too many of them
        9_499 if words.contains("too many") => Verdict::Slower(Duration::from_mins(1)),
        9_499 | 19_002 | 19_036 => {
            Verdict::Refused("the robot does not take a message of this form: report it")
        }
        19_001 | 19_003 => {
            Verdict::Refused("the robot is not known: copy its address again from the group's settings")
        }
        19_021 => Verdict::Refused("the signature does not match: check the signing key and the clock"),
        19_022 => Verdict::Refused("the robot does not take messages from this address: add it to its list"),
        19_024 => Verdict::Refused(
            "the message lacks the robot's keyword: enter the keyword of the robot's settings",
        ),
        _ => Verdict::Again,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::tests::sound;

    fn body(message: &Message, keyword: Option<&str>) -> Value {
        let url = Secret::new("https://open.feishu.cn/open-apis/bot/v2/hook/x");
        let secret = Secret::new("abc");
        order(&Reach::public(), &url, (Some(&secret), keyword), message, Instant(1_700_000_000_123_456))
            .unwrap()
            .body
    }

    #[test]
    fn a_message_reads_so_and_is_signed() {
        // openssl: printf '' | openssl dgst -sha256 -hmac $'1700000000\nabc' -binary | base64
        let expected = json!({
            "msg_type": "post",
            "content": { "post": { "zh_cn": { "title": "【注意】D1 未通过视频抽查", "content": [
                [{ "tag": "a", "text": "查看详情", "href": "https://tower.example/alerts/1" }],
                [{ "tag": "text", "text": "【处理】" }],
                [{ "tag": "text", "text": "· D1" }],
                [{ "tag": "text", "text": "请整改" }],
                [{ "tag": "text", "text": "2026-03-05T06:30:00Z · msg_1 · 千里眼" }],
            ] } } },
            "sign": "VIS10b0EBvzzSdFnuk4tznEmK5wHaruvf/WnViv2yR4=",
            "timestamp": "1700000000",
        });
        assert_eq!(body(&sound(), Some("千里眼")), expected);
    }

    #[test]
    fn many_short_lines_keep_the_limit() {
        let mut message = sound();
        message.lines = vec![Line::Item("\"".to_owned()); 5_000];
        message.link = Some(format!("https://tower.example/{}", "x".repeat(900)));
        let bytes = body(&message, None).to_string().len();
        assert!(bytes <= 20_000 && bytes > 15_000, "{bytes} bytes");
    }

    #[test]
    fn codes() {
        assert_eq!(judge(9_499, "too many request"), Verdict::Slower(Duration::from_mins(1)));
        assert!(matches!(judge(9_499, "Bad Request"), Verdict::Refused(_)));
        assert!(matches!(judge(19_021, "sign match fail"), Verdict::Refused(_)));
        assert_eq!(judge(2_200, "internal error"), Verdict::Again);
    }
}
