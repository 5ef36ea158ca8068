//! The courier itself: one message, one channel, one try, one total time.

use std::time::Duration;

use farsight_rulebook::time::Instant;

use crate::channel::Channel;
use crate::email::{Post, Smtp};
use crate::http;
use crate::message::Message;
use crate::outcome::Outcome;
use crate::reach::{Reach, Refusal};
use crate::robots::{self, Order, dingtalk, feishu, wecom};
use crate::webhook;

/// What a courier is made with.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where messages may go.
    pub reach: Reach,
    /// The most one try may take, from looking the name up to the last byte read.
    pub timeout: Duration,
    /// The mail server; without one no e-mail is sent.
    pub smtp: Option<Smtp>,
}

impl Default for Settings {
    /// Public addresses, 20 seconds (Standard Webhooks advises 15 to 30), no mail server.
    fn default() -> Self {
        Self { reach: Reach::public(), timeout: Duration::from_secs(20), smtp: None }
    }
}

/// Why there is no courier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CourierError {
    /// TLS cannot be set up.
    #[error("TLS cannot be set up ({why}): install the system's certificates (package ca-certificates)")]
    Tls {
        /// What the library says.
        why: String,
    },
    /// The sender's address cannot be read.
    #[error("mail cannot be from '{from}': write it like Farsight <tower@maker.example>")]
    From {
        /// As configured.
        from: String,
    },
}

impl CourierError {
    /// A stable name of the error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Tls { .. } => "courier_tls",
            Self::From { .. } => "courier_from",
        }
    }
}

/// Hands messages to channels. It holds connections and no messages; share one by reference.
pub struct Courier {
    reach: Reach,
    timeout: Duration,
    client: reqwest::Client,
    post: Option<Post>,
}

impl Courier {
    /// A courier of these settings, within a tokio runtime (its mail connections are tended there). Sets ring as the
    /// TLS library of the whole program where none is set yet.
    ///
    /// # Errors
    /// When the system's certificates cannot be read, or the sender's address.
    pub fn new(settings: &Settings) -> Result<Self, CourierError> {
        // An error says that one is set already, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Ok(Self {
            reach: settings.reach.clone(),
            timeout: settings.timeout,
            client: http::client(&settings.reach)?,
            post: settings.smtp.as_ref().map(|smtp| Post::new(smtp, settings.timeout)).transpose()?,
        })
    }

    /// The latest moment at which a message handed over now can arrive: what to keep for the [`crate::Pace`] while its
    /// try is under way.
    pub fn arrives_by(&self, now: Instant) -> Instant {
        Instant(now.0.saturating_add(self.timeout.as_micros() as i64))
    }

    /// Tries once to hand a message to a channel; ends within the time-out.
    pub async fn send(&self, channel: &Channel, message: &Message, now: Instant) -> Outcome {
        if let Err(fault) = message.check() {
            return Outcome::never(fault.to_string());
        }
        let seconds = self.timeout.as_secs_f32();
        tokio::time::timeout(self.timeout, self.hand_over(channel, message, now)).await.unwrap_or_else(|_| {
            let kind = channel.kind();
            Outcome::later(format!(
                "tried to send by {kind}: no answer within {seconds} s; it is tried again"
            ))
        })
    }

    async fn hand_over(&self, channel: &Channel, message: &Message, now: Instant) -> Outcome {
        match channel {
            Channel::Email { to } => match &self.post {
                Some(post) => post.send(to, message, now).await,
                None => Outcome::never("no mail server is configured: configure one and deliver again"),
            },
            Channel::Webhook { url, secrets } => {
                webhook::send(&self.client, &self.reach, (url, secrets), message, now).await
            }
            Channel::WeCom { url } => self.robot(channel, wecom::order(&self.reach, url, message), now).await,
            Channel::DingTalk { url, secret, keyword } => {
                let keys = (secret.as_ref(), keyword.as_deref());
                self.robot(channel, dingtalk::order(&self.reach, url, keys, message, now), now).await
            }
            Channel::Feishu { url, secret, keyword } => {
                let keys = (secret.as_ref(), keyword.as_deref());
                self.robot(channel, feishu::order(&self.reach, url, keys, message, now), now).await
            }
        }
    }

    async fn robot(&self, channel: &Channel, order: Result<Order, Refusal>, now: Instant) -> Outcome {
        robots::send(&self.client, order, &channel.secrets(), now).await
    }
}
