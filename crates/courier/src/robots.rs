//! Group robots: what is posted to them and what their answers mean. They answer HTTP 200 with a code in the body, so
//! the body decides; a code nobody knows is tried again, because the schedule ends by itself and a message that was
//! dropped does not come back.

pub(crate) mod dingtalk;
pub(crate) mod feishu;
pub(crate) mod wecom;

use std::time::Duration;

use farsight_rulebook::time::Instant;
use reqwest::Url;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::fit::{Parts, fit};
use crate::http::{self, ANSWER_BYTES, Answer};
use crate::inert::{inert_markdown, one_line};
use crate::message::{Line, Message};
use crate::outcome::Outcome;
use crate::reach::Refusal;
use crate::secret::redacted;
use crate::words;

/// What is posted to a robot.
pub(crate) struct Order {
    url: Url,
    body: Value,
    judge: fn(i64, &str) -> Verdict,
}

/// What a robot's code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// It is in the group.
    Taken,
    /// Too fast: wait so long.
    Slower(Duration),
    /// Its own trouble, or unknown.
    Again,
    /// A person has to mend something: what.
    Refused(&'static str),
}

/// Posts an order to its robot; `secrets` are kept out of what is said about it.
pub(crate) async fn send(
    client: &reqwest::Client,
    order: Result<Order, Refusal>,
    secrets: &[&str],
    now: Instant,
) -> Outcome {
    let order = match order {
        Ok(order) => order,
        Err(refusal) => return Outcome::never(refusal.to_string()),
    };
    let host = order.url.host_str().unwrap_or_default().to_owned();
    let body = order.body.to_string().into_bytes();
    match http::post(client, order.url, HeaderMap::new(), body, ANSWER_BYTES).await {
        Ok(answer) => judged(&host, &answer, order.judge, secrets, now),
        Err(outcome) => outcome,
    }
}

/// What an answer means: its code where it has one, else its status.
fn judged(
    host: &str,
    answer: &Answer,
    judge: fn(i64, &str) -> Verdict,
    secrets: &[&str],
    now: Instant,
) -> Outcome {
    let by_status = http::judged_by_status(host, answer, now);
    let Some((code, words)) = code_of(&answer.body) else {
        return by_status.unwrap_or_else(|| {
            Outcome::later(format!("{host} answered without a result code; it is tried again"))
        });
    };
    let said = format!("{host} answered {code} {}", redacted(&words, secrets));
    let wish = http::retry_after(&answer.headers, now);
    match (judge(code, &words), by_status) {
        (Verdict::Taken, None) => Outcome::Delivered { detail: said },
        (Verdict::Slower(wait), _) => Outcome::Later {
            why: format!("{said}: too many messages; it is tried again"),
            after: Some(wish.map_or(wait, |wish| wish.max(wait))),
        },
        (Verdict::Refused(remedy), _) => Outcome::never(format!("{said}: {remedy}")),
        (Verdict::Taken | Verdict::Again, Some(outcome)) => outcome,
        (Verdict::Again, None) => Outcome::Later { why: format!("{said}; it is tried again"), after: wish },
    }
}

/// The result code and its words in a robot's answer.
fn code_of(body: &[u8]) -> Option<(i64, String)> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let code = ["errcode", "code", "StatusCode"].iter().find_map(|name| answer.get(name))?.as_i64()?;
    let words = ["errmsg", "msg", "StatusMessage"].iter().find_map(|name| answer.get(name)?.as_str());
    Some((code, words.unwrap_or_default().to_owned()))
}

/// A message as Markdown for robots: within `limit` bytes as `cost` counts them, lines joined by `joint`.
fn markdown(
    message: &Message,
    more: Option<&str>,
    limit: usize,
    cost: fn(char) -> usize,
    joint: &str,
) -> String {
    let head = format!("### {}", inert_markdown(&message.headline()));
    let lines: Vec<_> = message.lines.iter().map(markdown_line).collect();
    let link = message.link_address().map(|url| format!("[{}]({url})", words::open(message.language)));
    let foot: Vec<_> = link.into_iter().chain([signed_off(message, more)]).collect();
    let parts = Parts { head: &head, body: &lines.join(joint), foot: &foot.join(joint), joint };
    fit(&parts, limit, cost, message.language)
}

fn markdown_line(line: &Line) -> String {
    let text = inert_markdown(line.text());
    match line {
        Line::Heading(_) => format!("#### {text}"),
        Line::Item(_) => format!("- {text}"),
        Line::Text(_) => text,
    }
}

/// The last line: when it happened, the id that tells repeats, and the robot's keyword where it is not said yet.
fn signed_off(message: &Message, keyword: Option<&str>) -> String {
    let line = format!("{} · {}", message.at, message.id);
    match keyword.map(one_line) {
        Some(keyword) if !keyword.is_empty() => format!("{line} · {keyword}"),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_found_under_all_their_names() {
        for (body, expected) in [
            (r#"{"errcode":0,"errmsg":"ok"}"#, Some((0, "ok"))),
            (r#"{"code":19021,"msg":"sign match fail","data":{}}"#, Some((19021, "sign match fail"))),
            (r#"{"StatusCode":0,"StatusMessage":"success"}"#, Some((0, "success"))),
            (r#"{"StatusCode":0,"StatusMessage":"success","code":0,"msg":"success"}"#, Some((0, "success"))),
            ("<html>", None),
            ("[]", None),
            (r#"{"errcode":"#, None),
        ] {
            let found = code_of(body.as_bytes());
            assert_eq!(found.as_ref().map(|(code, words)| (*code, words.as_str())), expected, "{body}");
        }
    }
}
