//! The ways to reach somebody. Whatever opens a door (addresses of robots and webhooks too) is a [`Secret`].

use serde::Deserialize;

use crate::pace::Pace;
use crate::reach::{Reach, Refusal};
use crate::robots::{dingtalk, feishu, wecom};
use crate::secret::Secret;
use crate::webhook::{self, WebhookFault};

/// One receiver and how to reach it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Channel {
    /// One mailbox.
    Email {
        /// Its address, without a name.
        to: String,
    },
    /// A WeCom group robot.
    WeCom {
        /// Its address with the key, from the group's settings.
        url: Secret,
    },
    /// A DingTalk group robot.
    DingTalk {
        /// Its address with the access token.
        url: Secret,
        /// The key it signs with, when the group's settings ask for a signature.
        secret: Option<Secret>,
        /// A word every message must contain, when the group's settings ask for one.
        keyword: Option<String>,
    },
    /// A Feishu (or Lark) group robot.
    Feishu {
        /// Its address.
        url: Secret,
        /// The key it signs with, when the group's settings ask for a signature.
        secret: Option<Secret>,
        /// A word every message must contain, when the group's settings ask for one.
        keyword: Option<String>,
    },
    /// A program that takes Standard Webhooks.
    Webhook {
        /// Its address.
        url: Secret,
        /// `whsec_` keys: one, or two while they are being changed, the new one first.
        secrets: Vec<Secret>,
    },
}

/// Why nothing can be sent by a channel as it was entered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChannelFault {
    /// The mailbox cannot be read.
    #[error("'{to}' is no e-mail address: write it like name@dealer.example, without a name before it")]
    Mailbox {
        /// As entered.
        to: String,
    },
    /// The address is out of reach.
    #[error(transparent)]
    Address(#[from] Refusal),
    /// The signing keys are not of the standard's form.
    #[error(transparent)]
    Keys(#[from] WebhookFault),
}

impl ChannelFault {
    /// A stable name of the fault.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Mailbox { .. } => "channel_mailbox",
            Self::Address(refusal) => refusal.code(),
            Self::Keys(fault) => fault.code(),
        }
    }
}

impl Channel {
    /// Refuses what can be seen to be wrong before anything is sent, for the form it is entered in. What a name
    /// stands for is judged at each sending.
    pub fn check(&self, reach: &Reach) -> Result<(), ChannelFault> {
        match self {
            Self::Email { to } => {
                let read = to.parse::<lettre::Address>();
                return read.map(|_| ()).map_err(|_| ChannelFault::Mailbox { to: to.clone() });
            }
            Self::WeCom { url } => reach.robot(url.expose(), &wecom::HOSTS)?,
            Self::DingTalk { url, .. } => reach.robot(url.expose(), &dingtalk::HOSTS)?,
            Self::Feishu { url, .. } => reach.robot(url.expose(), &feishu::HOSTS)?,
            Self::Webhook { url, secrets } => {
                webhook::keys(secrets)?;
                reach.webhook(url.expose())?
            }
        };
        Ok(())
    }

    /// Its kind: `email`, `wecom`, `dingtalk`, `feishu`, `webhook`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Email { .. } => "email",
            Self::WeCom { .. } => "wecom",
            Self::DingTalk { .. } => "dingtalk",
            Self::Feishu { .. } => "feishu",
            Self::Webhook { .. } => "webhook",
        }
    }

    /// How fast it may be sent to; `None` where there is no limit to hold.
    pub fn pace(&self) -> Option<Pace> {
        match self {
            Self::WeCom { .. } | Self::DingTalk { .. } => Some(Pace::per_minute(20)),
            // Feishu takes 100 a minute but only 5 a second; the house holds 20 a minute for every robot.
            Self::Feishu { .. } => Some(Pace::per_minute(20).and_per_second(4)),
            Self::Email { .. } | Self::Webhook { .. } => None,
        }
    }

    /// What must not appear in a text that people see.
    pub(crate) fn secrets(&self) -> Vec<&str> {
        match self {
            Self::Email { .. } => Vec::new(),
            Self::WeCom { url } => parts_of(url),
            Self::DingTalk { url, secret, .. } | Self::Feishu { url, secret, .. } => {
                parts_of(url).into_iter().chain(secret.as_ref().map(Secret::expose)).collect()
            }
            Self::Webhook { url, secrets } => {
                parts_of(url).into_iter().chain(secrets.iter().map(Secret::expose)).collect()
            }
        }
    }
}

/// The address, and its longer pieces by themselves: keys are path segments or values of the query.
fn parts_of(url: &Secret) -> Vec<&str> {
    let whole = url.expose();
    let pieces = whole.split(['/', '?', '&', '=', '#']).skip(3).filter(|piece| piece.len() >= 16);
    std::iter::once(whole).chain(pieces).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_a_channel_shows_but_its_kind_and_keyword() {
        let channel: Channel = serde_json::from_str(
            r#"{"kind":"dingtalk","url":"https://oapi.dingtalk.com/robot/send?access_token=f00","secret":"SECf00","keyword":"千里眼"}"#,
        )
        .unwrap();
        let shown = format!("{channel:?}");
        assert!(!shown.contains("f00") && shown.contains("千里眼"), "{shown}");
        assert_eq!(channel.kind(), "dingtalk");
    }

    #[test]
    fn keys_within_an_address_are_secrets_too() {
        let url = Secret::new("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7xxx-4bc4");
        let channel = Channel::WeCom { url };
        assert!(channel.secrets().contains(&"693a91f6-7xxx-4bc4"), "{:?}", channel.secrets());
    }

    #[test]
    fn what_was_entered_wrongly_is_seen_at_once() {
        let url = |text: &str| Secret::new(text);
        let webhook = |text, key: &str| Channel::Webhook { url: url(text), secrets: vec![Secret::new(key)] };
        let key = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        for (channel, expected) in [
            (Channel::Email { to: "a@b.example".to_owned() }, None),
            (Channel::Email { to: "a@b.example\r\nBcc: c".to_owned() }, Some("channel_mailbox")),
            (Channel::WeCom { url: url("https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=1") }, None),
            (Channel::WeCom { url: url("https://oapi.dingtalk.com/robot/send") }, Some("address_robot_host")),
            (webhook("https://hooks.example/", key), None),
            (webhook("https://hooks.example/", "secret"), Some("webhook_key")),
            (webhook("https://192.168.1.1/", key), Some("address_refused")),
        ] {
            let fault = channel.check(&Reach::public()).err();
            assert_eq!(fault.as_ref().map(ChannelFault::code), expected, "{channel:?}");
        }
    }

    #[test]
    fn robots_have_a_pace() {
        let url = || Secret::new("");
        assert_eq!(Channel::WeCom { url: url() }.pace(), Some(Pace::per_minute(20)));
        assert_eq!(Channel::Webhook { url: url(), secrets: vec![] }.pace(), None);
    }
}
