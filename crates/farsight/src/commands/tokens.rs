//! `farsight token …`: machines that may enter.

use std::process::ExitCode;

use farsight_control::tokens::{self, Issued, New};
use farsight_rulebook::time::Instant;
use farsight_store::tokens::Listed;
use serde_json::{Value, json};

use super::Installation;
use super::tenants::role;
use crate::arguments::{Ability, TokenAddArguments, TokenCommand};
use crate::failure::Failure;
use crate::output;

pub(super) fn run(installation: &Installation, command: &TokenCommand) -> Result<ExitCode, Failure> {
    match command {
        TokenCommand::Add(arguments) => add(installation, arguments),
        TokenCommand::Rotate { name, overlap } => {
            let issued = tokens::rotate(&mut installation.desk()?, &installation.sealer()?, name, *overlap)?;
            told(installation, name, &issued)
        }
        TokenCommand::Revoke { name } => {
            let revoked = tokens::revoke(&mut installation.desk()?, name)?;
            output::print(installation.global.json, &json!({ "machine": name, "revoked": revoked }), |_| {
                format!("{revoked} tokens of {name} are revoked")
            })?;
            Ok(ExitCode::SUCCESS)
        }
        TokenCommand::List => list(installation),
    }
}

fn add(installation: &Installation, arguments: &TokenAddArguments) -> Result<ExitCode, Failure> {
    let reads = arguments.may.is_some() || arguments.table.is_empty();
    let new = New {
        name: arguments.name.clone(),
        role: role(arguments.scope.role),
        regions: arguments.scope.region.clone(),
        dealers: arguments.scope.dealer.clone(),
        tables: arguments.table.clone(),
        reads,
        acts: arguments.may == Some(Ability::Write),
        days: arguments.days,
        rate: arguments.rate,
    };
    let issued = tokens::add(&mut installation.desk()?, &installation.sealer()?, &new)?;
    told(installation, &new.name, &issued)
}

fn told(installation: &Installation, name: &str, issued: &Issued) -> Result<ExitCode, Failure> {
    let expires_at = moment(issued.expires_at.0);
    let result =
        json!({ "machine": name, "number": issued.token, "token": issued.secret, "expires_at": expires_at });
    output::print(installation.global.json, &result, |_| {
        format!(
            "{}\nThis is the token of {name}, until {expires_at}; it is not shown again. Send it as `Authorization: Bearer …`.",
            issued.secret
        )
    })?;
    Ok(ExitCode::SUCCESS)
}

fn list(installation: &Installation) -> Result<ExitCode, Failure> {
    let mut desk = installation.desk()?;
    let tokens = tokens::list(&mut desk)?;
    let rows: Vec<Value> = tokens.iter().map(|token| row(token, desk.now)).collect();
    output::print(installation.global.json, &rows, |_| match tokens.as_slice() {
        [] => "no token yet: make one with `farsight token add NAME --role ROLE`".to_owned(),
        tokens => tokens.iter().map(|token| line(token, desk.now)).collect::<Vec<_>>().join("\n"),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn row(token: &Listed, now: Instant) -> Value {
    json!({
        "machine": tokens::name_of(&token.machine), "number": token.token, "role": token.role, "regions": token.regions,
        "dealers": token.dealers, "tables": token.tables, "reads": token.reads, "acts": token.acts, "rate": token.rate,
        "holds": token.holds(now), "made_at": moment(token.made_at), "made_by": token.made_by,
        "expires_at": moment(token.expires_at), "last_used_at": token.last_used_at.map(moment),
        "revoked_at": token.revoked_at.map(moment),
    })
}

fn line(token: &Listed, now: Instant) -> String {
    let state = match token.revoked_at {
        Some(at) => format!("revoked {}", moment(at)),
        None if token.holds(now) => format!("until {}", moment(token.expires_at)),
        None => format!("ended {}", moment(token.expires_at)),
    };
    let used =
        token.last_used_at.map_or_else(|| "never used".to_owned(), |at| format!("last used {}", moment(at)));
    let may = [(token.reads, "reads"), (token.acts, "acts")];
    let may: Vec<&str> = may.into_iter().filter_map(|(may, word)| may.then_some(word)).collect();
    format!(
        "{}  {}  {}  {} {}  {state}  {used}",
        tokens::name_of(&token.machine),
        token.role,
        [token.regions.as_slice(), &token.dealers].concat().join(" "),
        may.join(" "),
        token.tables.join(" "),
    )
}

fn moment(micros: i64) -> String {
    Instant(micros).timestamp().to_string()
}
