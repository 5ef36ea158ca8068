//! What `farsight watch` can be asked for.

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum WatchCommand {
    /// Watch a folder or a prefix of a bucket, or by new terms; the configuration says where it may be
    Add(WatchAddArguments),
    /// List the watched places, with when each was last looked at and what was wrong
    List,
    /// Watch a place no more; what was taken in stays
    Remove {
        /// The watch's code
        code: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct WatchAddArguments {
    /// What it is called: letters, digits, '-', '_', '.'
    pub(crate) code: String,
    /// Where it is: file:///PATH or s3://BUCKET/PREFIX; only files right there are looked at, told apart by name as by `import`
    pub(crate) url: String,
    /// Whose facts they are, within whose scope: a machine's name (`farsight token list`) or a user's address
    #[arg(long = "as", value_name = "NAME")]
    pub(crate) sender: String,
    /// A table whose facts are taken in, any number of times; `all` is all that the sender may send
    #[arg(long, value_name = "TABLE", required = true)]
    pub(crate) table: Vec<String>,
    /// Take good rows in though others are bad [default: a file with a bad row is refused whole]
    #[arg(long)]
    pub(crate) lenient: bool,
}
