//! What can be asked about telling people: channels, subscriptions, deliveries.

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Time;

use super::{RoleName, SeverityName};

#[derive(Debug, Subcommand)]
pub(crate) enum ChannelCommand {
    /// Add a channel, or replace the one of its code. On standard input: its address, then its signing keys, a line each
    Add(ChannelAddArguments),
    /// List the channels, without their secrets
    List,
    /// Send a message that says nothing but that the channel works
    Test {
        /// The channel's code
        channel: String,
        /// The language of the message [default: zh-CN where LC_ALL, LC_MESSAGES or LANG asks for Chinese, else en]
        #[arg(long, value_name = "zh-CN|en")]
        language: Option<String>,
    },
    /// Remove a channel with its subscription; what waits for it is dropped
    Remove {
        /// The channel's code
        channel: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ChannelKind {
    Email,
    #[value(name = "wecom")]
    WeCom,
    #[value(name = "dingtalk")]
    DingTalk,
    Feishu,
    Webhook,
}

impl ChannelKind {
    /// Its name in the database.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::WeCom => "wecom",
            Self::DingTalk => "dingtalk",
            Self::Feishu => "feishu",
            Self::Webhook => "webhook",
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct ChannelAddArguments {
    /// Its code: 1–64 ASCII letters, digits, '-', '_', '.'
    pub(crate) channel: String,
    /// What it is
    #[arg(long, value_enum)]
    pub(crate) kind: ChannelKind,
    /// What people call it [default: its code]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// A word every message must contain, where the robot's group asks for one
    #[arg(long, value_name = "WORD")]
    pub(crate) keyword: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SubscriptionCommand {
    /// Say what somebody wants to hear, in place of what their role hears by default
    Set(SubscriptionSetArguments),
    /// List the subscriptions there are; whoever has none hears what their role hears
    List,
    /// Take a subscription back, so that the default holds again
    Remove(SubscriberArguments),
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct SubscriberArguments {
    /// A user, by e-mail address
    #[arg(long, value_name = "EMAIL")]
    pub(crate) person: Option<String>,
    /// A channel
    #[arg(long, value_name = "CODE")]
    pub(crate) channel: Option<String>,
    /// All users of a role who have no subscription of their own
    #[arg(long, value_enum)]
    pub(crate) role: Option<RoleName>,
}

#[derive(Debug, Args)]
pub(crate) struct SubscriptionSetArguments {
    #[command(flatten)]
    pub(crate) who: SubscriberArguments,
    /// Hear nothing at all
    #[arg(long, conflicts_with_all = ["region", "dealer", "least", "level", "kind", "digest_only", "quiet", "digest_at"])]
    pub(crate) nothing: bool,
    /// Of this region only (may be repeated) [default: all they may see]
    #[arg(long, value_name = "CODE")]
    pub(crate) region: Vec<String>,
    /// Of this dealer only (may be repeated) [default: all they may see]
    #[arg(long, value_name = "CODE")]
    pub(crate) dealer: Vec<String>,
    /// Nothing milder than this
    #[arg(long, value_enum, default_value = "warning")]
    pub(crate) least: SeverityName,
    /// Only what is before these (may be repeated) [default: before anybody]
    #[arg(long, value_enum)]
    pub(crate) level: Vec<LevelName>,
    /// Only these (may be repeated) [default: all]
    #[arg(long, value_enum)]
    pub(crate) kind: Vec<NoticeKind>,
    /// Nothing as it comes, only the day's digest
    #[arg(long, requires = "digest_at")]
    pub(crate) digest_only: bool,
    /// Hours, in the tenant's local time, in which only what is critical is told, like 22:00-07:00
    #[arg(long, value_name = "FROM-TO", value_parser = quiet)]
    pub(crate) quiet: Option<(Time, Time)>,
    /// When the day's digest is due, in the tenant's local time, like 08:00 [default: no digest]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) digest_at: Option<Time>,
    /// The language of the messages [default: zh-CN where LC_ALL, LC_MESSAGES or LANG asks for Chinese, else en]
    #[arg(long, value_name = "zh-CN|en")]
    pub(crate) language: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum LevelName {
    Dealer,
    DistrictManager,
    RegionDirector,
    Hq,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum NoticeKind {
    Opened,
    Reopened,
    Worsened,
    Escalated,
    Acknowledged,
    Resolved,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DeliveriesCommand {
    /// List messages: those that have not arrived, or those in a state; the newest first
    List {
        /// In this state [default: given up, or still to be tried]
        #[arg(long, value_enum)]
        state: Option<DeliveryState>,
        /// At most so many
        #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
        limit: u32,
    },
    /// Deliver again what was given up, under the same numbers and with all tries before it
    Again {
        /// These deliveries only
        #[arg(value_name = "ID", required_unless_present = "all")]
        ids: Vec<String>,
        /// All that were given up
        #[arg(long, conflicts_with = "ids")]
        all: bool,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum DeliveryState {
    Due,
    Sending,
    Delivered,
    GaveUp,
    Dropped,
}

fn time(text: &str) -> Result<Time, String> {
    text.parse().map_err(|_| format!("'{text}' is no time of day: write it like 08:00"))
}

fn quiet(text: &str) -> Result<(Time, Time), String> {
    let (from, to) = text.split_once('-').ok_or("write quiet hours like 22:00-07:00")?;
    Ok((time(from.trim())?, time(to.trim())?))
}
