//! How a command fails: 1 when the work failed, 2 when it was asked wrongly.

use std::fmt;
use std::process::ExitCode;

use farsight_control::ControlError;
use farsight_store::StoreError;
use farsight_store::cluster::ClusterError;

/// Why a command did not do what was asked.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The work failed.
    Work(anyhow::Error),
    /// It was asked wrongly.
    Usage(String),
}

impl Failure {
    /// It was asked wrongly.
    pub(crate) fn usage(text: impl Into<String>) -> Self {
        Self::Usage(text.into())
    }

    /// What the shell sees.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Work(_) => ExitCode::from(1),
            Self::Usage(_) => ExitCode::from(2),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Work(error) => write!(f, "{error:#}"),
            Self::Usage(text) => f.write_str(text),
        }
    }
}

impl From<ControlError> for Failure {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::Usage(text) => Self::Usage(text),
            asked @ (ControlError::NotCalculated(_)
            | ControlError::KnownLater { .. }
            | ControlError::Journal(_)) => Self::Usage(asked.to_string()),
            other => Self::Work(other.into()),
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Work(error.into())
    }
}

impl From<ClusterError> for Failure {
    fn from(error: ClusterError) -> Self {
        Self::Work(error.into())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::Work(error)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::Work(error.into())
    }
}
