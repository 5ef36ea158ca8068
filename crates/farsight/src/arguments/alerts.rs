//! `farsight alerts`.

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct AlertsArguments {
    #[command(subcommand)]
    pub(crate) command: Option<AlertsCommand>,
    #[command(flatten)]
    pub(crate) list: AlertsListArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AlertsCommand {
    /// List alerts: the most severe first, then the oldest
    List(AlertsListArguments),
    /// Say that you have looked at an alert: it stays where it is for the policy's time instead of going one level up
    Acknowledge(AcknowledgeArguments),
}

#[derive(Debug, Args)]
pub(crate) struct AlertsListArguments {
    /// Of this dealer only
    #[arg(long, value_name = "CODE")]
    pub(crate) dealer: Option<String>,
    /// Of this region only
    #[arg(long, value_name = "CODE")]
    pub(crate) region: Option<String>,
    /// Of this severity only
    #[arg(long, value_enum)]
    pub(crate) severity: Option<SeverityName>,
    /// Of this status only [default: those not resolved]
    #[arg(long, value_enum)]
    pub(crate) status: Option<StatusName>,
    /// At most so many
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: u32,
    /// The language of the texts [default: zh-CN where LC_ALL, LC_MESSAGES or LANG asks for Chinese, else en]
    #[arg(long, value_name = "zh-CN|en")]
    pub(crate) language: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct AcknowledgeArguments {
    /// The alert's number, as `farsight alerts` shows it
    #[arg(value_name = "ID")]
    pub(crate) alert: i64,
    /// The user who has looked at it
    #[arg(long, value_name = "EMAIL")]
    pub(crate) by: String,
    /// The language of the text [default: zh-CN where LC_ALL, LC_MESSAGES or LANG asks for Chinese, else en]
    #[arg(long, value_name = "zh-CN|en")]
    pub(crate) language: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SeverityName {
    Notice,
    Warning,
    Critical,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum StatusName {
    Open,
    Acknowledged,
    Resolved,
}
