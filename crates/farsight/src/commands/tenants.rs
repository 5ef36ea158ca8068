//! `farsight tenant …`, `farsight user …`.

use std::process::ExitCode;

use farsight_control::tenants::{self, NewTenant};
use farsight_control::{doors, users};
use farsight_ledger::settlement::Role;
use farsight_store::registry;
use farsight_store::users::User;
use serde_json::json;

use super::Installation;
use crate::arguments::{RoleName, TenantAddArguments, UserAddArguments};
use crate::failure::Failure;
use crate::{clock, configuration, output};

pub(super) fn add(installation: &Installation, arguments: &TenantAddArguments) -> Result<ExitCode, Failure> {
    let new = NewTenant {
        code: arguments.code.clone(),
        name: arguments.name.clone(),
        time_zone: arguments.time_zone.clone(),
        currency: arguments.currency.clone(),
        from: arguments.from,
        simulated: arguments.simulated,
        policy: arguments.policy.clone(),
    };
    let now = match &installation.global.now {
        Some(_) if !arguments.simulated => return Err(Failure::usage("--now goes with --simulated only")),
        Some(now) => {
            let zone = farsight_rulebook::time::Zone::named(&new.time_zone)
                .map_err(|error| Failure::usage(error.to_string()))?;
            super::instant(now, &zone, "--now")?
        }
        None => clock::now(),
    };
    let sealer = installation.sealer()?;
    let tenant = tenants::add(&installation.database, &new, &sealer, &configuration::system_actor(), now)?;
    let result = json!({ "tenant": tenant.code, "policy": new.policy, "simulated": tenant.simulated });
    output::print(installation.global.json, &result, |_| {
        format!(
            "tenant {} is added, judged by policy {}\nnext: farsight --tenant {} import FOLDER",
            tenant.code, new.policy, tenant.code
        )
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn list(installation: &Installation) -> Result<ExitCode, Failure> {
    let tenants = registry::tenants(&installation.database)?;
    let rows: Vec<_> = tenants
        .iter()
        .map(|t| {
            json!({
                "code": t.code, "name": t.name, "time_zone": t.time_zone, "currency": t.currency,
                "from": t.first_judged_day, "simulated": t.simulated,
            })
        })
        .collect();
    output::print(installation.global.json, &rows, |_| match tenants.as_slice() {
        [] => "no tenant yet: make one with `farsight tenant add CODE --name NAME`".to_owned(),
        tenants => {
            let line =
                |t: &registry::Tenant| format!("{}  {}  {}  {}", t.code, t.name, t.time_zone, t.currency);
            tenants.iter().map(line).collect::<Vec<_>>().join("\n")
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn add_user(
    installation: &Installation,
    arguments: &UserAddArguments,
) -> Result<ExitCode, Failure> {
    let mut desk = installation.desk()?;
    let user = User {
        email: arguments.email.clone(),
        role: role(arguments.scope.role),
        regions: arguments.scope.region.clone(),
        dealers: arguments.scope.dealer.clone(),
    };
    let new = users::add(&mut desk, &user)?;
    let result = json!({ "user": user.email, "role": user.role.name(), "new": new });
    output::print(installation.global.json, &result, |_| {
        let done = if new { "is added" } else { "has changed" };
        let next = if new { format!("\nnext: farsight user invite {}", user.email) } else { String::new() };
        format!("user {} {done}: {}{next}", user.email, user.role.name())
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn invite(installation: &Installation, email: &str) -> Result<ExitCode, Failure> {
    let invitation = doors::invite(&mut installation.desk()?, &installation.sealer()?, email)?;
    let link = format!("{}{}", installation.tower().trim_end_matches('/'), invitation.path);
    let result = json!({ "user": email, "link": link });
    output::print(installation.global.json, &result, |_| {
        format!("{link}\nGive it to {email} in a way that nobody else reads; it holds for seven days, once.")
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn set_password(installation: &Installation, email: &str) -> Result<ExitCode, Failure> {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']);
    doors::set_password(&mut installation.desk()?, &installation.sealer()?, email, password)?
        .map_err(|refusal| Failure::usage(refusal.to_string()))?;
    output::print(installation.global.json, &json!({ "user": email }), |_| {
        format!("the password of {email} is set; all their sessions have ended")
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn list_users(installation: &Installation) -> Result<ExitCode, Failure> {
    let users = users::all(&mut installation.desk()?)?;
    let rows: Vec<_> = users
        .iter()
        .map(|u| json!({ "email": u.email, "role": u.role.name(), "regions": u.regions, "dealers": u.dealers }))
        .collect();
    output::print(installation.global.json, &rows, |_| match users.as_slice() {
        [] => "no user yet: add one with `farsight user add EMAIL --role ROLE`".to_owned(),
        users => {
            let line = |u: &User| {
                format!(
                    "{}  {}  {}",
                    u.email,
                    u.role.name(),
                    [u.regions.as_slice(), &u.dealers].concat().join(" ")
                )
            };
            users.iter().map(line).collect::<Vec<_>>().join("\n")
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) const fn role(name: RoleName) -> Role {
    match name {
        RoleName::RegionalManager => Role::RegionalManager,
        RoleName::Dealer => Role::Dealer,
        RoleName::Finance => Role::Finance,
        RoleName::Hq => Role::Hq,
        RoleName::CallCentre => Role::CallCentre,
        RoleName::Operator => Role::Operator,
    }
}
