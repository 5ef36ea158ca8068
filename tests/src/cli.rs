//! The command itself, run as an operator runs it.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The command with the options every call has.
#[derive(Debug, Clone)]
pub struct Farsight {
    exe: &'static str,
    options: Vec<String>,
    /// Most memory a call may take, in KiB of address space.
    limit: Option<u64>,
}

/// What a call left.
#[derive(Debug)]
pub struct Told {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Farsight {
    /// On a database of one's own; `exe` is `env!("CARGO_BIN_EXE_farsight")`.
    pub fn on_database(exe: &'static str, url: &str) -> Self {
        Self { exe, options: vec!["--database".to_owned(), url.to_owned()], limit: None }
    }

    /// On a private cluster in a data folder.
    pub fn on_data(exe: &'static str, data: &Path) -> Self {
        Self { exe, options: vec!["--data".to_owned(), data.display().to_string()], limit: None }
    }

    /// The same with another option.
    #[must_use]
    pub fn with(mut self, option: &str, value: &str) -> Self {
        self.options.extend([option.to_owned(), value.to_owned()]);
        self
    }

    /// The same with a limit on its memory.
    #[must_use]
    pub fn within_mib(mut self, limit: u64) -> Self {
        self.limit = Some(limit * 1024);
        self
    }

    /// A call, ready to run.
    pub fn command<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Command {
        let mut command = match self.limit {
            None => Command::new(self.exe),
            Some(limit) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("ulimit -v {limit}; exec \"$0\" \"$@\""), self.exe]);
                shell
            }
        };
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("FARSIGHT_") {
                command.env_remove(name);
            }
        }
        if !self.options.iter().any(|option| option == "--data") {
            // On a database of one's own the key lies in the user's data folder, which is not a test's to write to.
            command.env("FARSIGHT_KEY_FILE", crate::tower::target().join("tmp/farsight-tests-key"));
        }
        command.args(&self.options).args(arguments).stdin(Stdio::null()).current_dir(std::env::temp_dir());
        command
    }

    /// Runs a call to its end.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Told {
        told(self.command(arguments).output().expect("the command runs"))
    }

    /// Runs a call that has to succeed; gives what it printed.
    #[track_caller]
    pub fn ok<S: AsRef<OsStr> + std::fmt::Debug>(&self, arguments: &[S]) -> String {
        let told = self.run(arguments);
        assert_eq!(told.code, Some(0), "{arguments:?}\n{}", told.err);
        told.out
    }
}

/// What a finished call left.
pub fn told(output: Output) -> Told {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("the command prints UTF-8");
    Told { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}
