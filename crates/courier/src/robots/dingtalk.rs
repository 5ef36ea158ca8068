//! DingTalk's group robot: Markdown in a body of at most 20 000 bytes, 20 messages a minute and ten minutes of silence
//! for more, signed in the address, perhaps with a keyword that every message must contain.

use std::time::Duration;

use farsight_rulebook::time::Instant;
use serde_json::json;

use super::{Order, Verdict, markdown};
use crate::fit;
use crate::message::Message;
use crate::reach::{Reach, Refusal};
use crate::secret::Secret;
use crate::signature::signature;

/// Where its makers have it.
pub(crate) const HOSTS: [&str; 1] = ["oapi.dingtalk.com"];
/// Of the text within the body, as JSON; title and frame take the rest of the 20 000 bytes.
const LIMIT: usize = 18_500;

/// The order for a message.
pub(crate) fn order(
    reach: &Reach,
    url: &Secret,
    (secret, keyword): (Option<&Secret>, Option<&str>),
    message: &Message,
    now: Instant,
) -> Result<Order, Refusal> {
    let mut url = reach.robot(url.expose(), &HOSTS)?;
    if let Some(secret) = secret {
        let milliseconds = now.0.div_euclid(1_000).to_string();
        let sign = sign(secret, &milliseconds);
        url.query_pairs_mut().append_pair("timestamp", &milliseconds).append_pair("sign", &sign);
    }
    let text = markdown(message, keyword, LIMIT, fit::json, "\n\n");
    let body = json!({
        "msgtype": "markdown",
        "markdown": { "title": message.headline(), "text": text },
        "at": { "isAtAll": false },
    });
    Ok(Order { url, body, judge })
}

/// The signature of "timestamp, line feed, secret" under the secret.
fn sign(secret: &Secret, milliseconds: &str) -> String {
    let key = secret.expose().as_bytes();
    signature(key, &[milliseconds.as_bytes(), b"\n", key])
}

fn judge(code: i64, words: &str) -> Verdict {
    match code {
        0 => Verdict::Taken,
        // who was too fast is not heard for ten minutes
        130_101 | 410_100 | 90_018 | 90_030 => Verdict::Slower(Duration::from_mins(10)),
        310_000 => Verdict::Refused(if words.contains("keyword") {
            "the message lacks the robot's keyword: enter the keyword of the robot's settings"
        } else {
            "the robot's safety settings refuse it: check signing key, keyword, allowed addresses and the clock"
        }),
        300_001 | 300_005 | 400_101 | 400_106 => {
            Verdict::Refused("the robot is not known: copy its address again from the group's settings")
        }
        400_013 => Verdict::Refused("the group was dissolved: choose another"),
        400_102 => Verdict::Refused("the robot is switched off: switch it on in the group's settings"),
        40_035 | 43_004 | 400_105 | 460_101 => {
            Verdict::Refused("the robot does not take a message of this form: report it")
        }
        430_101..=430_104 => {
            Verdict::Refused("DingTalk holds its contents unfit: change the text or tell people otherwise")
        }
        _ => Verdict::Again,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Line, tests::sound};

    fn placed(message: &Message, keyword: Option<&str>) -> Order {
        let url = Secret::new("https://oapi.dingtalk.com/robot/send?access_token=x");
        let secret = Secret::new("SECabc");
        order(&Reach::public(), &url, (Some(&secret), keyword), message, Instant(1_700_000_000_123_456))
            .unwrap()
    }

    #[test]
    fn the_signature_goes_encoded_in_the_address() {
        // openssl: printf '1700000000123\nSECabc' | openssl dgst -sha256 -hmac SECabc -binary | base64
        let order = placed(&sound(), None);
        let pairs: Vec<_> = order.url.query_pairs().map(|(k, v)| (k.into_owned(), v.into_owned())).collect();
        assert_eq!(pairs[1], ("timestamp".to_owned(), "1700000000123".to_owned()));
        assert_eq!(pairs[2], ("sign".to_owned(), "IqXBU/aLfwMA3S/tDcfRmHx5vWHw9Y1aOgFLBr1Ti9w=".to_owned()));
        assert!(!order.url.query().unwrap().contains(['+', '/']), "encoded");
    }

    #[test]
    fn every_body_holds_the_keyword_and_keeps_the_limit() {
        let mut message = sound();
        message.lines = vec![Line::Text("\"引号\\".repeat(100)); 100];
        let body = placed(&message, Some("千里眼")).body;
        assert!(body.to_string().len() <= 20_000, "{} bytes", body.to_string().len());
        assert!(body["markdown"]["text"].as_str().unwrap().ends_with("千里眼"));
        assert_eq!(body["at"]["isAtAll"], false);
    }

    #[test]
    fn codes() {
        assert_eq!(judge(130_101, "send too fast"), Verdict::Slower(Duration::from_mins(10)));
        assert!(
            matches!(judge(310_000, "keywords not in content"), Verdict::Refused(r) if r.contains("lacks"))
        );
        assert!(matches!(judge(310_000, "sign not match"), Verdict::Refused(r) if r.contains("signing key")));
        assert_eq!(judge(-1, "system busy"), Verdict::Again);
    }
}
