//! How messages leave: the mail server, and what may be reached beyond the internet.

use std::path::PathBuf;

use farsight_courier::{Reach, Secret, Security, Settings, Smtp};
use serde::Deserialize;

use crate::failure::Failure;

/// The mail server. Without a section there is none, and no e-mail is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Mail {
    /// Its host name, as its certificate says.
    host: String,
    /// Its port; the usual one of the security when absent.
    port: Option<u16>,
    /// `starttls`, `implicit` or `none`.
    #[serde(default = "starttls")]
    security: Security,
    /// The user to sign in as.
    user: Option<String>,
    /// The file with the password; FARSIGHT_SMTP_PASSWORD goes before it.
    password_file: Option<PathBuf>,
    /// Who the mail is from.
    from: String,
    /// The most connections at once.
    #[serde(default = "two")]
    connections: u32,
}

fn starttls() -> Security {
    Security::StartTls
}

fn two() -> u32 {
    2
}

/// What webhooks and robots may be at beyond public addresses by https and the robots' makers.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Beyond {
    /// Networks, like 10.1.0.0/16.
    networks: Vec<String>,
    /// Whether http without TLS is allowed.
    plain_http: bool,
    /// Hosts of an operator's own gateway to robots.
    robot_hosts: Vec<String>,
}

/// The courier's settings.
pub(crate) fn settings(mail: Option<&Mail>, beyond: &Beyond) -> Result<Settings, Failure> {
    let mut reach = Reach::public();
    for network in &beyond.networks {
        let unreadable = |_| {
            Failure::usage(format!(
                "configuration: reach.networks: '{network}' is no network, write it like 10.1.0.0/16"
            ))
        };
        reach = reach.allow(network.parse().map_err(unreadable)?);
    }
    if beyond.plain_http {
        reach = reach.allow_plain_http();
    }
    for host in &beyond.robot_hosts {
        reach = reach.allow_robot_host(host.as_str());
    }
    Ok(Settings { reach, smtp: mail.map(smtp).transpose()?, ..Settings::default() })
}

fn smtp(mail: &Mail) -> Result<Smtp, Failure> {
    let credentials = match &mail.user {
        Some(user) => Some((user.clone(), password(mail)?)),
        None => None,
    };
    Ok(Smtp {
        host: mail.host.clone(),
        port: mail.port,
        security: mail.security,
        credentials,
        from: mail.from.clone(),
        connections: mail.connections,
    })
}

fn password(mail: &Mail) -> Result<Secret, Failure> {
    if let Ok(password) = std::env::var("FARSIGHT_SMTP_PASSWORD") {
        return Ok(Secret::new(password));
    }
    let missing =
        "configuration: smtp.user has no password: name smtp.password_file, or set FARSIGHT_SMTP_PASSWORD";
    let file = mail.password_file.as_ref().ok_or_else(|| Failure::usage(missing))?;
    let text = std::fs::read_to_string(file)
        .map_err(|why| Failure::usage(format!("the mail server's password {}: {why}", file.display())))?;
    Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
}
