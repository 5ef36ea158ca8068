//! What can be asked of jobs, and of whoever carries them out.

use std::net::SocketAddr;

use clap::{Args, Subcommand, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct WorkArguments {
    /// Jobs carried out at once
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) at_once: u32,
    /// Make due times into slots, and leave carrying them out to others
    #[arg(long)]
    pub(crate) only_schedule: bool,
    /// Serve this worker's health and metrics [default: serve nothing]
    #[arg(long, value_name = "IP:PORT", value_parser = farsight_web::address)]
    pub(crate) listen: Option<SocketAddr>,
}

#[derive(Debug, Args)]
pub(crate) struct ServeArguments {
    /// Where to listen; [::]:8080 is all there are
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:8080", value_parser = farsight_web::address)]
    pub(crate) listen: SocketAddr,
    /// Carry out jobs as well
    #[arg(long)]
    pub(crate) with_worker: bool,
    /// Jobs carried out at once, with a worker
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=256))]
    pub(crate) at_once: u32,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// The jobs there are, and the latest slots, newest first
    List(JobsListArguments),
    /// Make a job due now; a worker carries it out
    Run {
        /// The job
        name: String,
    },
    /// Run again what was given up, with all its tries before it
    Retry(JobsRetryArguments),
    /// Begin nothing new of this tenant; what runs ends
    Pause,
    /// Let the tenant's jobs go on; each catches up by its rule
    Resume,
}

#[derive(Debug, Args)]
pub(crate) struct JobsListArguments {
    /// Of this job
    #[arg(long, value_name = "NAME")]
    pub(crate) job: Option<String>,
    /// In this state
    #[arg(long)]
    pub(crate) state: Option<SlotState>,
    /// At most so many
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) most: u32,
}

#[derive(Debug, Args)]
pub(crate) struct JobsRetryArguments {
    /// Of this job [default: of all]
    pub(crate) job: Option<String>,
    /// The one due at this instant [default: all that were given up]
    #[arg(long, value_name = "INSTANT")]
    pub(crate) due: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum SlotState {
    Queued,
    Waiting,
    Running,
    Retry,
    Done,
    GaveUp,
    Missed,
}

impl SlotState {
    /// Its name in slots.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Retry => "retry",
            Self::Done => "done",
            Self::GaveUp => "gave-up",
            Self::Missed => "missed",
        }
    }
}
