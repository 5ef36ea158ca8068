//! Courier: one message handed to one channel: an e-mail address, a group robot or a webhook, signed as the channel
//! signs and within its limits.
//!
//! It answers what became of the try ([`Outcome`]) and keeps nothing: what waits, what was given up and when a robot
//! was last sent to lives in the database of its caller. It must never read a clock, follow a redirect, wait or read
//! without bound, reach into the operator's own network unless the operator says so, or let a secret or a robot's
//! address into a text, a log line or a `Debug`.

mod backoff;
mod channel;
mod courier;
mod email;
mod fit;
mod http;
mod inert;
mod message;
mod outcome;
mod pace;
mod reach;
mod robots;
mod secret;
mod signature;
mod webhook;
mod words;

pub use backoff::{TRIES, backoff};
pub use channel::{Channel, ChannelFault};
pub use courier::{Courier, CourierError, Settings};
pub use email::{Security, Smtp};
pub use message::{Line, Message, MessageFault};
pub use outcome::Outcome;
pub use pace::{Pace, Turn};
pub use reach::{Reach, Refusal};
pub use secret::Secret;
pub use webhook::WebhookFault;
