//! `/tokens`: machines that may enter. A secret is shown once, on the page that its making gives.

use axum::Form;
use axum::extract::Path;
use farsight_control::tokens::{self, Issued, New};
use farsight_ledger::settlement::Role;
use farsight_rulebook::tables::TABLES;
use farsight_rulebook::time::Instant;
use farsight_store::tokens::Listed;
use minijinja::{Value, context};
use serde::Deserialize;
use serde_json::json;

use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::views::value;

/// All tokens.
pub(crate) async fn list(entered: Entered) -> PageResult {
    page(entered, None).await
}

async fn page(entered: Entered, issued: Option<Issued>) -> PageResult {
    let listed = entered.at_desk(tokens::list).await?;
    let rows: Vec<Value> = listed.iter().map(|token| row(token, entered.now())).collect();
    let secret = issued.map(|issued| issued.secret);
    let roles = value(Role::ALL.map(Role::name));
    let tables: Vec<&str> = TABLES.iter().map(|table| table.name).collect();
    entered.page(
        "tokens/tokens.html",
        context! { rows, secret, roles, tables, days => tokens::DAYS, rate => tokens::RATE, hours => tokens::OVERLAP_HOURS },
    )
}

fn row(token: &Listed, now: Instant) -> Value {
    let state = match (token.revoked_at, token.holds(now)) {
        (Some(_), _) => "revoked",
        (None, true) => "holds",
        (None, false) => "ended",
    };
    let scope = [token.regions.as_slice(), &token.dealers].concat().join(", ");
    value(json!({
        "number": token.token, "name": tokens::name_of(&token.machine), "role": token.role,
        "scope": scope, "tables": token.tables.join(", "),
        "reads": token.reads, "acts": token.acts, "rate": token.rate, "state": state, "expires_at": token.expires_at,
        "last_used_at": token.last_used_at, "made_by": token.made_by,
    }))
}

/// What is typed about a token.
#[derive(Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    regions: String,
    #[serde(default)]
    dealers: String,
    #[serde(default)]
    tables: String,
    #[serde(default)]
    reads: Option<String>,
    #[serde(default)]
    acts: Option<String>,
    #[serde(default)]
    days: String,
    #[serde(default)]
    rate: String,
}

impl Typed {
    fn wished(&self) -> Result<New, PageError> {
        let codes = |text: &str| -> Vec<String> {
            let parts = text.split([',', ' ', ';', '，', '、', '\n', '\r']);
            parts.filter(|code| !code.is_empty()).map(str::to_owned).collect()
        };
        Ok(New {
            name: self.name.trim().to_owned(),
            role: Role::named(&self.role).ok_or(PageError::NotFound)?,
            regions: codes(&self.regions),
            dealers: codes(&self.dealers),
            tables: codes(&self.tables),
            reads: self.reads.is_some(),
            acts: self.acts.is_some(),
            days: self.days.trim().parse().unwrap_or(0),
            rate: self.rate.trim().parse().unwrap_or(0),
        })
    }
}

/// Makes a token, and shows it.
pub(crate) async fn add(entered: Entered, Form(typed): Form<Typed>) -> PageResult {
    let (new, app) = (typed.wished()?, entered.app().clone());
    let issued = entered.at_desk(move |desk| tokens::add(desk, &app.parts.sealer, &new)).await?;
    page(entered, Some(issued)).await
}

/// For how long the old token goes on.
#[derive(Deserialize)]
pub(crate) struct Overlap {
    #[serde(default)]
    hours: String,
}

/// Makes a new token for a machine, and shows it.
pub(crate) async fn rotate(
    entered: Entered,
    Path(name): Path<String>,
    Form(overlap): Form<Overlap>,
) -> PageResult {
    let hours = overlap.hours.trim().parse().unwrap_or(-1);
    let app = entered.app().clone();
    let issued = entered.at_desk(move |desk| tokens::rotate(desk, &app.parts.sealer, &name, hours)).await?;
    page(entered, Some(issued)).await
}

/// Revokes a machine's tokens.
pub(crate) async fn revoke(entered: Entered, Path(name): Path<String>) -> PageResult {
    entered.at_desk(move |desk| tokens::revoke(desk, &name)).await?;
    Ok(entered.onward("/tokens", "token-revoked"))
}
