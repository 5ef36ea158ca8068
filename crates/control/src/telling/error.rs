//! Why somebody cannot be told, or nothing be said about it.

use farsight_courier::ChannelFault;

/// Why something about telling is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TellingError {
    /// A code that cannot be one.
    #[error("'{0}' is no code of a channel: take 1 to 64 ASCII letters, digits, '-', '_', '.'")]
    Code(String),
    /// Nothing can be sent by a channel as it was entered.
    #[error(transparent)]
    Channel(#[from] ChannelFault),
    /// Something is missing, or too much.
    #[error("a channel of kind {kind} takes on standard input: {wants}")]
    Lines {
        /// The kind.
        kind: &'static str,
        /// What it takes, line by line.
        wants: &'static str,
    },
    /// No such channel.
    #[error("there is no channel '{0}': `farsight channel list` shows them")]
    NoChannel(String),
    /// No such user.
    #[error("there is no user '{0}': `farsight user list` shows them")]
    NoUser(String),
    /// No region or dealer of this code.
    #[error("no {noun} {codes}: import it first, or correct the code")]
    Unknown {
        /// `region` or `dealer`.
        noun: &'static str,
        /// The codes.
        codes: String,
    },
    /// A night without length.
    #[error("quiet hours from {0} to {0} are none: give two times, or leave them out")]
    Quiet(jiff::civil::Time),
    /// Quiet hours with one end.
    #[error("quiet hours need both a beginning and an end: give two times, or leave both out")]
    HalfQuiet,
    /// No time of day.
    #[error("'{0}' is no time of day: write it like 07:30")]
    Time(String),
    /// Messages as they come, but of no kind.
    #[error("messages as they come need at least one kind: choose one, or only the daily digest")]
    NoKinds,
    /// A kind, severity or language that is none.
    #[error("there is no kind, severity or language '{0}'")]
    Word(String),
    /// Nothing to take back.
    #[error("'{0}' has no subscription of its own: what its role hears by default holds")]
    NoSubscription(String),
    /// No such delivery that was given up.
    #[error("no delivery {0} was given up: `farsight deliveries list` shows those that were")]
    NoDelivery(String),
}

impl TellingError {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Code(_) => "channel_code",
            Self::Channel(fault) => fault.code(),
            Self::Lines { .. } => "channel_lines",
            Self::NoChannel(_) => "channel_not_found",
            Self::NoUser(_) => "user_not_found",
            Self::Unknown { .. } => "scope_unknown",
            Self::Quiet(_) => "quiet_hours",
            Self::HalfQuiet => "quiet_half",
            Self::Time(_) => "telling_time",
            Self::NoKinds => "telling_no_kinds",
            Self::Word(_) => "telling_word",
            Self::NoSubscription(_) => "subscription_not_found",
            Self::NoDelivery(_) => "delivery_not_found",
        }
    }
}
