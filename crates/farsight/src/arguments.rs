//! What can be asked for, and its help.

mod jobs;
mod telling;

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use farsight_rulebook::period::Period;
use jiff::civil::Date;

pub(crate) use jobs::{
    JobsCommand, JobsListArguments, JobsRetryArguments, ServeArguments, SlotState, WorkArguments,
};
pub(crate) use telling::{
    ChannelAddArguments, ChannelCommand, DeliveriesCommand, DeliveryState, LevelName, NoticeKind,
    SubscriberArguments, SubscriptionCommand, SubscriptionSetArguments,
};

/// Farsight (千里眼): a control tower for car makers over their dealer networks. Facts come in, a dated policy judges
/// them, and every fen that results can be explained, contested and recomputed.
#[derive(Debug, Parser)]
#[command(name = "farsight", version, propagate_version = true, max_term_width = 110)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl Arguments {
    /// What was asked; help, version and wrong usage end the program here.
    ///
    /// A data folder named on the command line is meant, whatever database the environment names.
    pub(crate) fn from_command_line() -> Self {
        let matches = Self::command().get_matches();
        let typed = |name: &str| {
            std::iter::successors(Some(&matches), |m| m.subcommand().map(|(_, inner)| inner)).any(|m| {
                m.try_contains_id(name).is_ok() && m.value_source(name) == Some(ValueSource::CommandLine)
            })
        };
        let data_is_meant = typed("data") && !typed("database");
        let mut arguments = Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        if data_is_meant {
            arguments.global.database = None;
        }
        arguments
    }
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
pub(crate) struct Global {
    /// Configuration file [default: config/farsight.toml, if it is there]
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        env = "FARSIGHT_CONFIG",
        help_heading = "Global options"
    )]
    pub(crate) config: Option<PathBuf>,
    /// Data folder, with the private PostgreSQL [default: /var/lib/farsight for root, ~/.local/share/farsight for others]
    #[arg(long, global = true, value_name = "DIR", env = "FARSIGHT_DATA", help_heading = "Global options")]
    pub(crate) data: Option<PathBuf>,
    /// Your own PostgreSQL (15 or later) instead of the private one: postgres://user:password@host/name?sslmode=verify-full
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "FARSIGHT_DATABASE",
        hide_env_values = true,
        help_heading = "Global options"
    )]
    pub(crate) database: Option<String>,
    /// Where evidence is kept: file:///PATH or s3://BUCKET/PREFIX [default: the folder `evidence` in the data folder]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "FARSIGHT_EVIDENCE",
        help_heading = "Global options"
    )]
    pub(crate) evidence: Option<String>,
    /// The manufacturer [default: the only one there is]
    #[arg(
        long,
        global = true,
        value_name = "CODE",
        env = "FARSIGHT_TENANT",
        help_heading = "Global options"
    )]
    pub(crate) tenant: Option<String>,
    /// The present moment, for simulated tenants only: 2026-03-05T14:30:00+08:00, or local '2026-03-05 14:30'
    #[arg(long, global = true, value_name = "INSTANT", help_heading = "Global options")]
    pub(crate) now: Option<String>,
    /// Print results for programs, as JSON on standard output
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a demonstration network with its books, show what came of it, and let it run: jobs, simulated cameras, alerts
    Demo(DemoArguments),
    /// Bring the database to this version (commands do it by themselves; safe to run twice and at once)
    Migrate,
    /// Manufacturers
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// People who may enter
    #[command(subcommand)]
    User(UserCommand),
    /// Machines that may enter
    #[command(subcommand)]
    Token(TokenCommand),
    /// Take facts in: CSV, NDJSON (gzip'd or not) or XLSX, told by file name, each file whole or not at all
    Import(ImportArguments),
    /// Judge the facts, reconcile the ledger, open and resolve alerts
    Check(CheckArguments),
    /// Calculate the settlement of a month: runs all checks, then adds up
    Settle(SettleArguments),
    /// Review a calculated settlement (finance or hq)
    Review(StepArguments),
    /// Approve a reviewed settlement (finance; another person than reviewed it)
    Approve(StepArguments),
    /// Lock an approved settlement: it never changes again (finance; another person than approved it)
    Lock(StepArguments),
    /// Write results: entries, settlement, alerts or findings
    Export(ExportArguments),
    /// Alerts: what somebody is to look at now, in words; `farsight alerts` lists the open ones
    Alerts(AlertsArguments),
    /// Print the receipt of an entry: what happened, which clause, the sum, why, and what could have been
    Explain(ExplainArguments),
    /// Serve health and metrics over HTTP until SIGTERM, with or without a worker; any number at once on one database
    Serve(ServeArguments),
    /// Make due times into slots and carry out jobs, until SIGTERM; any number at once on one database
    Work(WorkArguments),
    /// Jobs: list, run one now, run again what was given up, pause a tenant
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// The spot-check draw of a day: made once, on that day; shown, redone or exported ever after
    Sample(SampleArguments),
    /// How the visits of a day's draw stand: planned, inspectable, not visible, missing and why; plans today's
    Plan {
        /// The day, like 2026-03-05
        date: Date,
    },
    /// Cameras
    #[command(subcommand)]
    Camera(CameraCommand),
    /// Ways to tell people: group robots, webhooks, mailboxes
    #[command(subcommand)]
    Channel(ChannelCommand),
    /// Who is told what
    #[command(subcommand)]
    Subscription(SubscriptionCommand),
    /// Messages that went out, and those that could not be delivered
    #[command(subcommand)]
    Deliveries(DeliveriesCommand),
    /// Evidence: hand a file in, see that it is unaltered
    #[command(subcommand)]
    Evidence(EvidenceCommand),
    /// Policy files
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Work out the figures that screens show, now rather than within a minute
    Figures {
        /// All of them, as if there were none yet
        #[arg(long)]
        from_nothing: bool,
    },
    /// The audit log
    #[command(subcommand)]
    Audit(AuditCommand),
}

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Dealers in the network
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=16_000))]
    pub(crate) dealers: u32,
    /// Whole months of history, up to today
    #[arg(long, default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=120))]
    pub(crate) months: u32,
    /// Another seed is another network
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Where it serves, on this machine
    #[arg(long, default_value_t = 8080)]
    pub(crate) port: u16,
    /// Make it, print the summary and exit
    #[arg(long)]
    pub(crate) once: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EvidenceCommand {
    /// Hand a picture, document or film in; tells where it, or nearly it, was handed in before
    Add(EvidenceAddArguments),
    /// See that what is stored under a SHA-256 still is what was handed in
    Verify {
        /// The SHA-256, 64 hex digits
        sha256: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct EvidenceAddArguments {
    /// The file: JPEG, PNG, WebP, HEIC, PDF, MP4 or QuickTime, told by its content
    pub(crate) file: PathBuf,
    /// What it is about, as the rulebook names it: inspection:I-7#item-03, complaint:C-12, dealer:D1@2026-03 …
    #[arg(long)]
    pub(crate) subject: String,
    /// The dealer
    #[arg(long)]
    pub(crate) dealer: String,
    /// Who hands it in
    #[arg(long, value_name = "EMAIL")]
    pub(crate) by: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TenantCommand {
    /// Add a manufacturer with its first policy
    Add(TenantAddArguments),
    /// List the manufacturers of this installation
    List,
}

#[derive(Debug, Args)]
pub(crate) struct TenantAddArguments {
    /// Its code: 1–64 ASCII letters, digits, '-', '_', '.'
    pub(crate) code: String,
    /// Its name
    #[arg(long)]
    pub(crate) name: String,
    /// The first policy, in force from 2014-09-01: changan-2014, example-2026, or a file
    #[arg(long, default_value = "changan-2014", value_name = "NAME-or-FILE")]
    pub(crate) policy: String,
    /// Its time zone; cannot change later
    #[arg(long, default_value = "Asia/Shanghai", value_name = "ZONE")]
    pub(crate) time_zone: String,
    /// Its currency (ISO 4217); cannot change later
    #[arg(long, default_value = "CNY", value_name = "CODE")]
    pub(crate) currency: String,
    /// The first judged day [default: the policy's first]
    #[arg(long, value_name = "DATE")]
    pub(crate) from: Option<Date>,
    /// For tests and demonstrations: its commands take --now
    #[arg(long)]
    pub(crate) simulated: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token for a machine; it is printed once
    Add(TokenAddArguments),
    /// Make a new token for the same machine; the old one goes on for a while
    Rotate {
        /// The machine's name
        name: String,
        /// How many hours the old token goes on for
        #[arg(long, value_name = "HOURS", default_value_t = farsight_control::tokens::OVERLAP_HOURS)]
        overlap: i64,
    },
    /// Revoke all tokens of a machine, at once
    Revoke {
        /// The machine's name
        name: String,
    },
    /// List the tokens, with when each was last used
    List,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Ability {
    Read,
    Write,
}

#[derive(Debug, Args)]
pub(crate) struct TokenAddArguments {
    /// What the machine is called: letters, digits, '-', '_', '.'
    pub(crate) name: String,
    /// What it does
    #[arg(long, value_enum)]
    pub(crate) role: RoleName,
    /// A region it watches (regional managers; may be repeated)
    #[arg(long, value_name = "CODE")]
    pub(crate) region: Vec<String>,
    /// A dealer it works for (dealers; may be repeated)
    #[arg(long, value_name = "CODE")]
    pub(crate) dealer: Vec<String>,
    /// A table whose facts it may send, or `all` (may be repeated)
    #[arg(long, value_name = "TABLE")]
    pub(crate) table: Vec<String>,
    /// Whether it may read, or take deeds as well [default: read, or nothing else where a table is named]
    #[arg(long, value_enum)]
    pub(crate) may: Option<Ability>,
    /// For how many days it holds
    #[arg(long, default_value_t = farsight_control::tokens::DAYS)]
    pub(crate) days: i64,
    /// Requests a minute
    #[arg(long, default_value_t = farsight_control::tokens::RATE)]
    pub(crate) rate: i32,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UserCommand {
    /// Add a user, or give one another role and scope
    Add(UserAddArguments),
    /// List the users
    List,
    /// Make a link by which a user sets their password; it holds for seven days, once
    Invite {
        /// The e-mail address
        email: String,
    },
    /// Set a user's password, read from standard input; all their sessions end
    Password {
        /// The e-mail address
        email: String,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum RoleName {
    RegionalManager,
    Dealer,
    Finance,
    Hq,
    CallCentre,
    Operator,
}

#[derive(Debug, Args)]
pub(crate) struct UserAddArguments {
    /// The e-mail address
    pub(crate) email: String,
    /// What they do
    #[arg(long, value_enum)]
    pub(crate) role: RoleName,
    /// A region they watch (regional managers; may be repeated)
    #[arg(long, value_name = "CODE")]
    pub(crate) region: Vec<String>,
    /// A dealer they work for (dealers' users; may be repeated)
    #[arg(long, value_name = "CODE")]
    pub(crate) dealer: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ImportArguments {
    /// Files and folders; a file's name says its table: complaints.csv, work_orders-2026-03.ndjson.gz; a workbook's sheets do
    #[arg(required = true, value_name = "DIR-or-FILE")]
    pub(crate) paths: Vec<PathBuf>,
    /// Read and compare everything, store nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write all errors to this file as CSV: file, line, column, value, code, reason
    #[arg(long, value_name = "FILE")]
    pub(crate) errors: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// Checks to run: spot-check, complaint, certification, bay-turnover, repeat-repair [default: all]
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// Judge as of this moment: 2026-03-05T14:30:00+08:00, or local '2026-03-05 14:30' [default: now]
    #[arg(long, value_name = "INSTANT")]
    pub(crate) as_of: Option<String>,
    /// Look at everything, not only at what facts and time have touched; the books are the same
    #[arg(long)]
    pub(crate) full: bool,
    /// Compute and show, post nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Debug, Args)]
pub(crate) struct SettleArguments {
    /// The month, like 2026-03
    pub(crate) period: Period,
    /// Judge as of this moment, not before the latest run: 2026-04-01T09:00:00+08:00, or local '2026-04-01 09:00'
    #[arg(long, value_name = "INSTANT")]
    pub(crate) as_of: String,
    /// The user who calculates (finance or hq)
    #[arg(long, value_name = "EMAIL")]
    pub(crate) by: String,
}

#[derive(Debug, Args)]
pub(crate) struct StepArguments {
    /// The month, like 2026-03
    pub(crate) period: Period,
    /// The user who takes the step
    #[arg(long, value_name = "EMAIL")]
    pub(crate) by: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ReportName {
    Entries,
    Settlement,
    Alerts,
    Findings,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
    Csv,
    Xlsx,
    Ndjson,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// What to write
    #[arg(value_enum)]
    pub(crate) what: ReportName,
    /// Of this month only, like 2026-03: entries settled in it, findings and alerts that occurred in it [default: all]
    #[arg(long)]
    pub(crate) period: Option<Period>,
    /// How to write it
    #[arg(long, value_enum, default_value = "csv")]
    pub(crate) format: FormatName,
    /// The file to write, whole or not at all [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Begin a CSV with the byte order mark that Excel looks for
    #[arg(long)]
    pub(crate) bom: bool,
}

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

#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// The entry's id, as `farsight export entries` shows it
    pub(crate) entry_id: i64,
    /// The language of the receipt [default: zh-CN where LC_ALL, LC_MESSAGES or LANG asks for Chinese, else en]
    #[arg(long, value_name = "zh-CN|en")]
    pub(crate) language: Option<String>,
}

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, arg_required_else_help = true)]
pub(crate) struct SampleArguments {
    /// The day, like 2026-03-05: today is drawn, an earlier day is shown as it was drawn
    pub(crate) date: Option<Date>,
    #[command(subcommand)]
    pub(crate) command: Option<SampleCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SampleCommand {
    /// Redo a draw from what is published of it, and say which part is wrong if one is
    Verify {
        /// The day, like 2026-03-05
        #[arg(required_unless_present = "file")]
        date: Option<Date>,
        /// A published draw instead, as `farsight sample export` writes it; needs no database
        #[arg(long, value_name = "FILE", conflicts_with = "date")]
        file: Option<PathBuf>,
    },
    /// Write everything an outsider needs to redo a draw, as JSON (docs/draw.md says how)
    Export {
        /// The day, like 2026-03-05
        date: Date,
        /// The file to write, whole or not at all [default: standard output]
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// List the anchors that were published, which bind all keys to come
    Anchors,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CameraCommand {
    /// Keep the user and password of a camera that asks for them; the password is read from standard input
    SignIn(CameraSignInArguments),
    /// Where the tenant's cameras may be: shows the rules, or sets them from a JSON file (the operator's word)
    Rules {
        /// A file with the keys that `farsight camera rules` prints; keys left out keep their defaults
        file: Option<PathBuf>,
    },
    /// Pictures that look as if nothing could be seen, which a person is to confirm or dismiss
    Pictures,
    /// Say what a picture shows: nothing (it becomes the inspection's result not-visible), or with --dismiss the dealer
    Confirm(CameraConfirmArguments),
}

#[derive(Debug, Args)]
pub(crate) struct CameraConfirmArguments {
    /// The picture's number
    pub(crate) picture: i64,
    /// The dealer can be seen after all
    #[arg(long)]
    pub(crate) dismiss: bool,
    /// Who says so
    #[arg(long, value_name = "EMAIL")]
    pub(crate) by: String,
}

#[derive(Debug, Args)]
pub(crate) struct CameraSignInArguments {
    /// The camera's code
    pub(crate) camera: String,
    /// The user to sign in as
    #[arg(long, value_name = "USER")]
    pub(crate) user: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check a policy file: every fault is told with its line
    Check {
        /// The file, or the name of a shipped policy
        file: String,
        /// The currency of its amounts
        #[arg(long, default_value = "CNY", value_name = "CODE")]
        currency: String,
    },
    /// Keep a policy file as a draft, and say what it would change
    Draft {
        /// The file, or the name of a shipped policy
        file: String,
        #[command(flatten)]
        who: PolicyBy,
    },
    /// List the drafts
    Drafts,
    /// Say what a draft would change, and what dealers pay more by
    Diff {
        /// The draft's number
        draft: i64,
        /// The language of the sentences [default: zh-CN where LC_ALL, LC_MESSAGES or LANG asks for Chinese, else en]
        #[arg(long, value_name = "zh-CN|en")]
        language: Option<String>,
    },
    /// Publish what somebody else has drafted: from that date on it judges, and never changes
    Publish {
        /// The drafted file
        file: String,
        /// The first day it judges, like 2026-03-01
        #[arg(long, value_name = "DATE")]
        effective: Date,
        #[command(flatten)]
        who: PolicyBy,
    },
    /// Give a draft up
    Drop {
        /// The draft's number
        draft: i64,
        #[command(flatten)]
        who: PolicyBy,
    },
}

/// Who makes policy.
#[derive(Debug, Args)]
pub(crate) struct PolicyBy {
    /// The user of headquarters who does it [default: whoever runs the command at the machine]
    #[arg(long, value_name = "EMAIL")]
    pub(crate) by: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// Walk the hash chain from its first link to its head
    Verify,
}
