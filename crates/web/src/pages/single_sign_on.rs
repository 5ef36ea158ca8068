//! `/single-sign-on`: the identity providers that people may come by, and what of their claims makes which role.

use axum::Form;
use axum::extract::Path;
use farsight_control::doors::claims::Standing;
use farsight_control::providers::{self, Wished};
use farsight_ledger::settlement::Role;
use farsight_store::single_sign_on::{Provider, Rule};
use minijinja::{Value, context};
use serde::Deserialize;

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::{PageError, PageResult, said_of};
use crate::table::{Cell, Column, Kind, Table, Tone};
use crate::views::value;

/// Rows of the claim table that are there to be filled.
const BLANK: usize = 3;

fn words(text: &str) -> Vec<String> {
    let parts = text.split([',', ' ', ';', '，', '、', '\n', '\r', '\t']);
    parts.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

/// All providers.
pub(crate) async fn list(entered: Entered, ask: Ask) -> PageResult {
    let found = entered.at_desk(providers::list).await?;
    let total = found.len() as i64;
    let mut rows = Vec::new();
    for provider in found {
        rows.push(row(&entered, provider)?);
    }
    let table = Table {
        name: "single-sign-on",
        columns: vec![
            Column::new("name", Kind::Text).labelled("sso.name"),
            Column::new("issuer", Kind::Text).labelled("sso.issuer"),
            Column::new("whose", Kind::Text).labelled("sso.whose"),
            Column::new("state", Kind::Text).labelled("sso.state"),
        ],
        rows,
        total,
        empty: "sso.empty",
    };
    table.answer(&entered, &ask, "single-sign-on/list.html", || {
        Ok(context! { back_to => format!("{}/sign-in/return", entered.app().parts.front.address), wished => context! { scopes => "email profile" } })
    })
}

fn row(entered: &Entered, provider: Provider) -> Result<Vec<Cell>, PageError> {
    let reading = entered.frame().reading();
    let (tone, state) = if provider.enabled { (Tone::Good, "sso.on") } else { (Tone::Notice, "sso.off") };
    let whose = if provider.dealers.is_empty() {
        reading.say("sso.staff", &[])?
    } else {
        provider.dealers.join(", ")
    };
    Ok(vec![
        Cell::link(&provider.name, format!("/single-sign-on/{}", provider.code)),
        Cell::text(provider.issuer),
        Cell::text(whose),
        Cell::State(tone, reading.say(state, &[])?),
    ])
}

/// What is typed about a provider.
#[derive(Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    code: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    issuer: String,
    #[serde(default)]
    client_id: String,
    #[serde(default)]
    client_secret: String,
    #[serde(default)]
    scopes: String,
    #[serde(default)]
    dealers: String,
    #[serde(default)]
    strong_acr: String,
    links_by_email: Option<String>,
    enabled: Option<String>,
}

impl Typed {
    fn wished(&self) -> Wished {
        Wished {
            code: self.code.trim().to_owned(),
            name: self.name.trim().to_owned(),
            issuer: self.issuer.trim().to_owned(),
            client_id: self.client_id.trim().to_owned(),
            client_secret: self.client_secret.trim().to_owned(),
            scopes: words(&self.scopes),
            dealers: words(&self.dealers),
            strong_acr: words(&self.strong_acr),
            links_by_email: self.links_by_email.is_some(),
            enabled: self.enabled.is_some(),
        }
    }
}

/// Adds a provider.
pub(crate) async fn add(entered: Entered, Form(typed): Form<Typed>) -> PageResult {
    let (wished, app) = (typed.wished(), entered.app().clone());
    let to = format!("/single-sign-on/{}", wished.code);
    entered.at_desk(move |desk| providers::add(desk, &app.parts.sealer, &wished)).await?;
    Ok(entered.onward(&to, "provider-added"))
}

/// Changes a provider.
pub(crate) async fn change(
    entered: Entered,
    Path(provider): Path<String>,
    Form(typed): Form<Typed>,
) -> PageResult {
    let app = entered.app().clone();
    let to = format!("/single-sign-on/{provider}");
    let wished = Wished { code: provider, ..typed.wished() };
    entered.at_desk(move |desk| providers::change(desk, &app.parts.sealer, &wished)).await?;
    Ok(entered.onward(&to, "provider-changed"))
}

/// One provider.
pub(crate) async fn show(entered: Entered, Path(provider): Path<String>) -> PageResult {
    page(&entered, provider, context! {}).await
}

async fn page(entered: &Entered, provider: String, more: Value) -> PageResult {
    let (provider, rules) = entered.at_desk(move |desk| providers::one(desk, &provider)).await?;
    let mut lines: Vec<Value> = rules.iter().map(line).collect();
    lines.extend(
        (0..BLANK).map(|_| context! { claim => "", value => "", role => "", regions => "", dealers => "" }),
    );
    let front = &entered.app().parts.front.address;
    let whole = context! {
        provider => value(&provider),
        wished => context! {
            scopes => provider.scopes.join(" "),
            dealers => provider.dealers.join(", "),
            strong_acr => provider.strong_acr.join(" "),
        },
        lines,
        roles => value(Role::ALL.map(Role::name)),
        back_to => format!("{front}/sign-in/return"),
        begin => format!("{front}/sign-in/with/{}/{}", entered.tenant().code, provider.code),
        farewell => format!("{front}/sign-out/by/{}/{}", entered.tenant().code, provider.code),
        scim => format!("{front}/scim/v2/{}", entered.tenant().code),
    };
    entered.page("single-sign-on/one.html", minijinja::value::merge_maps([whole, more]))
}

fn line(rule: &Rule) -> Value {
    context! {
        claim => &rule.claim, value => &rule.value, role => rule.role.name(),
        regions => rule.regions.join(", "), dealers => rule.dealers.join(", "),
    }
}

/// Sets the claim table anew: rows without a claim are left out.
pub(crate) async fn rules(
    entered: Entered,
    Path(provider): Path<String>,
    Form(typed): Form<Vec<(String, String)>>,
) -> PageResult {
    let rules = read_rules(&typed)?;
    let to = format!("/single-sign-on/{provider}");
    entered.at_desk(move |desk| providers::set_rules(desk, &provider, &rules)).await?;
    Ok(entered.onward(&to, "rules-set"))
}

fn read_rules(typed: &[(String, String)]) -> Result<Vec<Rule>, PageError> {
    let column = |named: &str| -> Vec<&str> {
        typed.iter().filter(|(name, _)| name == named).map(|(_, text)| text.trim()).collect()
    };
    let (values, roles) = (column("value"), column("role"));
    let (regions, dealers) = (column("regions"), column("dealers"));
    let at = |column: &[&str], row: usize| column.get(row).copied().unwrap_or_default().to_owned();
    let mut rules = Vec::new();
    for (row, claim) in column("claim").into_iter().enumerate().filter(|(_, claim)| !claim.is_empty()) {
        rules.push(Rule {
            claim: claim.to_owned(),
            value: at(&values, row),
            role: Role::named(&at(&roles, row)).ok_or(PageError::NotFound)?,
            regions: words(&at(&regions, row)),
            dealers: words(&at(&dealers, row)),
        });
    }
    Ok(rules)
}

/// Claims to try.
#[derive(Deserialize)]
pub(crate) struct Claims {
    #[serde(default)]
    claims: String,
}

/// What somebody of these claims would be; nothing is done.
pub(crate) async fn try_claims(
    entered: Entered,
    Path(provider): Path<String>,
    Form(typed): Form<Claims>,
) -> PageResult {
    let (code, claims) = (provider.clone(), typed.claims.clone());
    let made = entered.at_desk(move |desk| providers::try_claims(desk, &code, &claims)).await?;
    let made = made.map_or_else(|| context! { nobody => true }, |standing| shown(&standing));
    page(&entered, provider, context! { made, claims => typed.claims }).await
}

fn shown(standing: &Standing) -> Value {
    let codes = [standing.regions.as_slice(), &standing.dealers].concat().join(", ");
    context! { nobody => false, role => standing.role.name(), codes }
}

/// Asks the provider, and says whether it has what signing in needs.
pub(crate) async fn look(entered: Entered, Path(provider): Path<String>) -> PageResult {
    let code = provider.clone();
    let (found, _) = entered.at_desk(move |desk| providers::one(desk, &code)).await?;
    let looked = entered.app().parts.providers.look(&found.issuer, entered.now()).await;
    let reading = entered.frame().reading();
    let said = match looked {
        Ok(()) => context! { fine => true, text => reading.say("sso.look-fine", &[])? },
        Err(error) => {
            context! { fine => false, text => said_of(&reading, error.code(), &error.to_string())? }
        }
    };
    page(&entered, provider, context! { said }).await
}

/// Makes the provisioning secret anew and shows it, once.
pub(crate) async fn make_secret(entered: Entered, Path(provider): Path<String>) -> PageResult {
    let (code, app) = (provider.clone(), entered.app().clone());
    let secret =
        entered.at_desk(move |desk| providers::make_scim_secret(desk, &app.parts.sealer, &code)).await?;
    page(&entered, provider, context! { secret }).await
}

/// Whom to unlink.
#[derive(Deserialize)]
pub(crate) struct Whom {
    #[serde(default)]
    email: String,
}

/// Forgets by which subject the provider knows somebody.
pub(crate) async fn unlink(
    entered: Entered,
    Path(provider): Path<String>,
    Form(typed): Form<Whom>,
) -> PageResult {
    let to = format!("/single-sign-on/{provider}");
    entered.at_desk(move |desk| providers::unlink(desk, &provider, &typed.email)).await?;
    Ok(entered.onward(&to, "unlinked"))
}

/// Takes the provisioning secret away.
pub(crate) async fn take_secret_away(entered: Entered, Path(provider): Path<String>) -> PageResult {
    let to = format!("/single-sign-on/{provider}");
    entered.at_desk(move |desk| providers::take_scim_secret_away(desk, &provider)).await?;
    Ok(entered.onward(&to, "secret-gone"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_read_row_by_row() {
        let typed = [
            ("claim", "groups"),
            ("value", "north"),
            ("role", "regional-manager"),
            ("regions", "R1, R2"),
            ("dealers", ""),
            ("claim", " "),
            ("value", ""),
            ("role", "hq"),
            ("regions", ""),
            ("dealers", ""),
            ("claim", "dealer"),
            ("value", "*"),
            ("role", "dealer"),
            ("regions", ""),
            ("dealers", "*"),
        ];
        let typed: Vec<(String, String)> =
            typed.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
        let rules = read_rules(&typed).unwrap();
        assert_eq!(rules.len(), 2);
        assert_eq!(
            (rules[0].claim.as_str(), rules[0].regions.as_slice()),
            ("groups", &["R1".to_owned(), "R2".to_owned()][..])
        );
        assert_eq!((rules[1].role, rules[1].dealers.as_slice()), (Role::Dealer, &["*".to_owned()][..]));
    }
}
