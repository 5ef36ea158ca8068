//! `farsight tenant`, `user` and `token`: who may enter, and what for.

use clap::{Args, Subcommand, ValueEnum};
use jiff::civil::Date;

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
    #[command(flatten)]
    pub(crate) scope: ScopeArguments,
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

/// What somebody or a machine does, and for whom.
#[derive(Debug, Args)]
pub(crate) struct ScopeArguments {
    /// The role
    #[arg(long, value_enum)]
    pub(crate) role: RoleName,
    /// A region to watch (regional managers; may be repeated)
    #[arg(long, value_name = "CODE")]
    pub(crate) region: Vec<String>,
    /// A dealer to work for (dealers; may be repeated)
    #[arg(long, value_name = "CODE")]
    pub(crate) dealer: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct UserAddArguments {
    /// The e-mail address
    pub(crate) email: String,
    #[command(flatten)]
    pub(crate) scope: ScopeArguments,
}
