//! `farsight sample` and `camera`: the day's draw, and the cameras that are asked.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::civil::Date;

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
