//! What of a provider's claims makes which role and scope: a table that headquarters edit, looked at in order.
//!
//! The first rule that fits gives the role; rules of the same role that fit besides add their regions and dealers. No rule
//! fits: nobody is made. It must never know a database or a clock.

use std::collections::BTreeSet;

use farsight_ledger::settlement::Role;
use farsight_store::single_sign_on::Rule;
use serde_json::{Map, Value};

/// What stands for any value of a claim, and for the codes that the claim itself names.
pub const ANY: &str = "*";

/// Role and scope of somebody, by a provider's claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What they may do.
    pub role: Role,
    /// The regions they see, of a regional manager.
    pub regions: Vec<String>,
    /// The dealers they work for, of a dealer.
    pub dealers: Vec<String>,
}

impl Standing {
    /// Whether the role has the scope that it needs.
    pub(crate) fn is_whole(&self) -> bool {
        match self.role {
            Role::RegionalManager => !self.regions.is_empty(),
            Role::Dealer => !self.dealers.is_empty(),
            _ => true,
        }
    }
}

/// What these claims make by these rules; `group` are the dealers of the provider's dealer group, none for staff's. A
/// group's provider makes users of its own dealers and nothing else, whatever the rules say.
pub fn standing(rules: &[Rule], group: &[String], claims: &Map<String, Value>) -> Option<Standing> {
    let mut fitting = rules.iter().filter_map(|rule| part(rule, group, claims));
    let first = fitting.next()?;
    let role = first.role;
    Some(fitting.filter(|more| more.role == role).fold(first, join))
}

fn join(whole: Standing, more: Standing) -> Standing {
    let together = |a: Vec<String>, b: Vec<String>| -> Vec<String> {
        a.into_iter().chain(b).collect::<BTreeSet<_>>().into_iter().collect()
    };
    Standing {
        role: whole.role,
        regions: together(whole.regions, more.regions),
        dealers: together(whole.dealers, more.dealers),
    }
}

/// What one rule makes of these claims.
fn part(rule: &Rule, group: &[String], claims: &Map<String, Value>) -> Option<Standing> {
    let values = values(claims, &rule.claim);
    let fits = if rule.value == ANY { !values.is_empty() } else { values.contains(&rule.value) };
    if !fits || (!group.is_empty() && rule.role != Role::Dealer) {
        return None;
    }
    let codes = |codes: &[String]| -> Vec<String> {
        let named =
            codes.iter().flat_map(|code| if code == ANY { values.clone() } else { vec![code.clone()] });
        named.collect::<BTreeSet<_>>().into_iter().collect()
    };
    let (regions, mut dealers) = match rule.role {
        Role::RegionalManager => (codes(&rule.regions), Vec::new()),
        Role::Dealer => (Vec::new(), codes(&rule.dealers)),
        _ => (Vec::new(), Vec::new()),
    };
    dealers.retain(|dealer| group.is_empty() || group.contains(dealer));
    let standing = Standing { role: rule.role, regions, dealers };
    standing.is_whole().then_some(standing)
}

/// The values of a claim as texts: of a list each. A name with dots that no claim has leads into objects.
fn values(claims: &Map<String, Value>, name: &str) -> Vec<String> {
    let found = claims.get(name).or_else(|| {
        let mut parts = name.split('.');
        let first = claims.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    });
    match found {
        Some(Value::Array(all)) => all.iter().filter_map(text).collect(),
        Some(one) => text(one).into_iter().collect(),
        None => Vec::new(),
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `claim=value role regions dealers`, a rule a line; `-` for none.
    fn rules(table: &str) -> Vec<Rule> {
        let rule = |line: &str| {
            let cells: Vec<&str> = line.split_whitespace().collect();
            let (claim, value) = cells[0].split_once('=').unwrap();
            let codes = |cell: &str| {
                cell.split(',').filter(|code| *code != "-").map(str::to_owned).collect::<Vec<_>>()
            };
            Rule {
                claim: claim.to_owned(),
                value: value.to_owned(),
                role: Role::named(cells[1]).unwrap(),
                regions: codes(cells[2]),
                dealers: codes(cells[3]),
            }
        };
        table.lines().map(str::trim).filter(|line| !line.is_empty()).map(rule).collect()
    }

    const TABLE: &str = "
        groups=hq               hq               -      -
        groups=finance          finance          -      -
        groups=north            regional-manager R1     -
        groups=south            regional-manager R2     -
        region=*                regional-manager *      -
        groups=shop-1           dealer           -      D1
        dealer=*                dealer           -      *
        realm_access.roles=call call-centre      -      -
        boss=true               hq               -      -
        groups=nobody           dealer           -      -";

    #[test]
    fn the_table_makes_role_and_scope() {
        for (claims, made) in [
            (r#"{"groups":["finance","hq"]}"#, "hq  "),
            (r#"{"groups":"finance"}"#, "finance  "),
            (r#"{"groups":["south","north"]}"#, "regional-manager R1,R2 "),
            (r#"{"groups":["south","shop-1"],"region":"R9"}"#, "regional-manager R2,R9 "),
            (r#"{"groups":["shop-1"],"dealer":["D2","D3"]}"#, "dealer  D1,D2,D3"),
            (r#"{"realm_access":{"roles":["call"]}}"#, "call-centre  "),
            (r#"{"realm_access.roles":"call"}"#, "call-centre  "),
            (r#"{"boss":true}"#, "hq  "),
            (r#"{"boss":"false"}"#, "none"),
            (r#"{"groups":["HQ"]}"#, "none"),
            (r#"{"groups":["nobody"]}"#, "none"),
            (r#"{"groups":[{"name":"hq"}],"dealer":[]}"#, "none"),
            (r"{}", "none"),
        ] {
            assert_eq!(said(TABLE, &[], claims), made, "{claims}");
        }
    }

    #[test]
    fn a_dealer_groups_provider_makes_users_of_its_dealers_only() {
        for (claims, made) in [
            (r#"{"groups":["hq","shop-1"]}"#, "dealer  D1"),
            (r#"{"groups":["hq"]}"#, "none"),
            (r#"{"dealer":["D2","D3","D7"]}"#, "dealer  D2"),
            (r#"{"dealer":"D7"}"#, "none"),
        ] {
            assert_eq!(said(TABLE, &["D1", "D2"], claims), made, "{claims}");
        }
    }

    fn said(table: &str, group: &[&str], claims: &str) -> String {
        let group: Vec<String> = group.iter().map(|code| (*code).to_owned()).collect();
        let claims: Map<String, Value> = serde_json::from_str(claims).unwrap();
        standing(&rules(table), &group, &claims).map_or_else(
            || "none".to_owned(),
            |made| format!("{} {} {}", made.role.name(), made.regions.join(","), made.dealers.join(",")),
        )
    }
}
