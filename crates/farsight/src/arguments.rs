//! What can be asked for, and its help.

mod alerts;
mod draws;
mod jobs;
mod people;
mod telling;
mod watches;

use std::path::PathBuf;

use clap::parser::ValueSource;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};
use farsight_rulebook::period::{Period, Quarter};
use jiff::civil::Date;

pub(crate) use alerts::{
    AcknowledgeArguments, AlertsArguments, AlertsCommand, AlertsListArguments, SeverityName, StatusName,
};
pub(crate) use draws::{
    CameraCommand, CameraConfirmArguments, CameraSignInArguments, SampleArguments, SampleCommand,
};
pub(crate) use jobs::{
    JobsCommand, JobsListArguments, JobsRetryArguments, ServeArguments, SlotState, WorkArguments,
};
pub(crate) use people::{
    Ability, RoleName, TenantAddArguments, TenantCommand, TokenAddArguments, TokenCommand, UserAddArguments,
    UserCommand,
};
pub(crate) use telling::{
    ChannelAddArguments, ChannelCommand, DeliveriesCommand, DeliveryState, LevelName, NoticeKind,
    SubscriberArguments, SubscriptionCommand, SubscriptionSetArguments,
};
pub(crate) use watches::{WatchAddArguments, WatchCommand};

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
    /// Watched folders and buckets: files with facts that others put there are taken in by a job, each once, its result beside it
    #[command(subcommand)]
    Watch(WatchCommand),
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
    /// Write results: entries, settlement, alerts or findings; a month's proof pack; its vouchers for bookkeeping
    Export(ExportArguments),
    /// Verify a proof pack from the pack alone, without a database: every file, every charge judged anew, every sum
    Verify {
        /// The pack, as `farsight export pack` wrote it
        pack: PathBuf,
    },
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
    /// Checks to run: spot-check, complaint, certification, bay-turnover, repeat-repair, service-clock, satisfaction,
    /// mystery-shopper, feedback, retention, fault-hotspot, transparency, custom [default: all]
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
    /// What dealers owe customers for late work
    Compensation,
    /// The scores of district managers in a quarter
    Staff,
    /// One archive with all that a month was settled by, for `farsight verify` (finance, auditors)
    Pack,
    /// A month's vouchers for bookkeeping, by the accounts of the configuration: csv, xlsx or xml (after GB/T 24589.1)
    Journal,
}

/// A month or, of staff, a quarter.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Interval {
    Month(Period),
    Quarter(Quarter),
}

impl std::str::FromStr for Interval {
    type Err = &'static str;
    fn from_str(text: &str) -> Result<Self, &'static str> {
        let month = text.parse().map(Self::Month);
        month
            .or_else(|_| text.parse().map(Self::Quarter))
            .map_err(|_| "not a month like 2026-03 nor a quarter like 2026-Q1")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatName {
    Csv,
    Xlsx,
    Ndjson,
    /// For journals only
    Xml,
}

/// As known when: of every report.
#[derive(Debug, Args)]
pub(crate) struct Knowledge {
    /// Say what would have been said at this past moment, leaving out whatever came later: 2026-03-05T14:30:00+08:00, or
    /// local '2026-03-05 14:30' [default: now]
    #[arg(long, value_name = "INSTANT")]
    pub(crate) known_at: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArguments {
    /// What to write
    #[arg(value_enum)]
    pub(crate) what: ReportName,
    /// Of this month only, like 2026-03: entries settled in it, findings and alerts that occurred in it [default: all];
    /// of staff the quarter, like 2026-Q1 [default: the one that runs]
    #[arg(long)]
    pub(crate) period: Option<Interval>,
    /// How to write it [default: csv; a pack is always a ZIP archive]
    #[arg(long, value_enum)]
    pub(crate) format: Option<FormatName>,
    /// The file to write, whole or not at all [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Begin a CSV with the byte order mark that Excel looks for
    #[arg(long)]
    pub(crate) bom: bool,
    #[command(flatten)]
    pub(crate) knowledge: Knowledge,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArguments {
    /// The entry's id, as `farsight export entries` shows it
    pub(crate) entry_id: i64,
    /// The language of the receipt [default: zh-CN where LC_ALL, LC_MESSAGES or LANG asks for Chinese, else en]
    #[arg(long, value_name = "zh-CN|en")]
    pub(crate) language: Option<String>,
    #[command(flatten)]
    pub(crate) knowledge: Knowledge,
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
    /// Replay policy files over real history, next to what was in force: who would have been charged what. Nothing is posted
    Replay(ReplayArguments),
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

#[derive(Debug, Args)]
pub(crate) struct ReplayArguments {
    /// The files, or the names of shipped policies: several cost little more than one
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// The first month, like 2025-01: the file judges from its first day on
    #[arg(long, value_name = "PERIOD")]
    pub(crate) from: Period,
    /// The last month, like 2025-12
    #[arg(long, value_name = "PERIOD")]
    pub(crate) to: Period,
    /// Write every clause, region and dealer to a CSV
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) knowledge: Knowledge,
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
