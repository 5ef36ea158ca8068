//! WeCom's group robot: Markdown of at most 4096 bytes, no signature (its address is its key), 20 messages a minute.

use std::time::Duration;

use serde_json::json;

use super::{Order, Verdict, markdown};
use crate::fit;
use crate::message::Message;
use crate::reach::{Reach, Refusal};
use crate::secret::Secret;

/// Where its makers have it.
pub(crate) const HOSTS: [&str; 1] = ["qyapi.weixin.qq.com"];
/// Of `markdown.content`, in UTF-8.
const LIMIT: usize = 4_096;

/// The order for a message.
pub(crate) fn order(reach: &Reach, url: &Secret, message: &Message) -> Result<Order, Refusal> {
    let url = reach.robot(url.expose(), &HOSTS)?;
    let content = markdown(message, None, LIMIT, fit::utf8, "\n");
    Ok(Order { url, body: json!({ "msgtype": "markdown", "markdown": { "content": content } }), judge })
}

fn judge(code: i64, _words: &str) -> Verdict {
    match code {
        0 => Verdict::Taken,
        45_009 | 45_033 => Verdict::Slower(Duration::from_mins(1)),
        93_000 => Verdict::Refused(
            "the robot's address has a wrong key or the robot was removed: copy the address again",
        ),
        93_008 | 93_017 => Verdict::Refused("the robot is not in the group any more: add it again"),
        40_008 | 40_058 | 44_004 | 45_002 => {
            Verdict::Refused("the robot does not take a message of this form: report it")
        }
        _ => Verdict::Again,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Line, tests::sound};

    fn content(message: &Message) -> String {
        let url = Secret::new("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x");
        let order = order(&Reach::public(), &url, message).unwrap();
        order.body["markdown"]["content"].as_str().unwrap().to_owned()
    }

    #[test]
    fn a_message_reads_so() {
        let expected = "### 【注意】D1 未通过视频抽查\n#### 处理\n- D1\n请整改\n[查看详情](https://tower.example/alerts/1)\n\
                        2026-03-05T06:30:00Z · msg_1";
        assert_eq!(content(&sound()), expected);
    }

    #[test]
    fn a_long_message_ends_at_the_limit_with_link_and_id() {
        let mut message = sound();
        message.lines = vec![Line::Item("投诉".repeat(50)); 200];
        let content = content(&message);
        assert!(content.len() <= LIMIT && content.len() > LIMIT - 10, "{} bytes", content.len());
        assert!(
            content.contains("省略") && content.ends_with("msg_1") && content.contains("[查看详情]("),
            "{content}"
        );
    }

    #[test]
    fn codes() {
        assert_eq!(judge(0, ""), Verdict::Taken);
        assert_eq!(judge(45_009, ""), Verdict::Slower(Duration::from_mins(1)));
        assert!(matches!(judge(93_000, ""), Verdict::Refused(_)));
        assert_eq!(judge(-1, ""), Verdict::Again);
    }
}
