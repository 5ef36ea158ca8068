//! Identity providers, as headquarters look after them: who is trusted, and what of their claims makes which role.

use farsight_ledger::settlement::Role;
use farsight_store::audit::Deed;
use farsight_store::session::Isolation;
use farsight_store::single_sign_on::{self, Provider, Rule};
use farsight_store::users::{self, NetworkTable};
use farsight_store::{Tx, audit, identities};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::doors::claims::{ANY, Standing, standing};
use crate::doors::identity::known;
use crate::doors::single_sign_on::seal_client_secret;
use crate::sealing::Sealer;
use crate::users::looks_after_users;
use crate::{ControlError, Desk};

/// A provider has at most so many rules.
const RULES: usize = 200;
/// The bytes of a provisioning secret.
const SECRET_BYTES: usize = 32;

/// Why nothing was done about a provider, in the order in which it is looked at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderRefusal {
    /// A code that no address can have.
    #[error("a provider's code has small letters, digits and hyphens, at most 40, like staff-2")]
    Code,
    /// There is one of this code.
    #[error("there is a provider of this code already: change that one")]
    Exists,
    /// Something that must not be empty.
    #[error("a provider needs a name, an issuer, a client and its secret")]
    Empty,
    /// An issuer that is no address.
    #[error("an issuer is an address like https://login.example/realm, without query")]
    Issuer,
    /// Another issuer: its subjects would be other persons.
    #[error("the issuer of a provider stays: for another one make another provider")]
    IssuerStays,
    /// A dealer that nothing is known of.
    #[error("no such code: {0}")]
    Unknown(String),
    /// A rule that makes nobody.
    #[error(
        "rule {0} makes nobody: name a claim and a value; a regional manager needs regions, a dealer's user dealers, others neither"
    )]
    Rule(usize),
    /// Too many rules.
    #[error("a provider has at most {RULES} rules: let a rule take codes from the claim by *")]
    Rules,
    /// Claims that cannot be read.
    #[error("claims are a JSON object, like {{\"groups\": [\"finance\"]}}")]
    Claims,
    /// Nobody to unlink.
    #[error("nobody of this address comes by this provider: take the address that the list of users shows")]
    Person,
}

impl ProviderRefusal {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Code => "provider_code_odd",
            Self::Exists => "provider_exists",
            Self::Empty => "provider_empty",
            Self::Issuer => "provider_issuer",
            Self::IssuerStays => "provider_issuer_stays",
            Self::Unknown(_) => "provider_unknown_codes",
            Self::Rule(_) => "provider_rule",
            Self::Rules => "provider_rules",
            Self::Claims => "provider_claims",
            Self::Person => "provider_person",
        }
    }
}

/// What is wished of a provider.
#[derive(Debug, Clone, Default)]
pub struct Wished {
    /// Its code.
    pub code: String,
    /// What its button is called.
    pub name: String,
    /// Its address.
    pub issuer: String,
    /// This tower's name there.
    pub client_id: String,
    /// This tower's secret there; empty: as before.
    pub client_secret: String,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// The dealers of a group's provider; none: staff's.
    pub dealers: Vec<String>,
    /// Values of `acr` that count as a second factor.
    pub strong_acr: Vec<String>,
    /// Whether it may take over accounts by an equal address.
    pub links_by_email: bool,
    /// Whether anybody may come by it.
    pub enabled: bool,
}

/// All providers, by code.
pub fn list(desk: &mut Desk) -> Result<Vec<Provider>, ControlError> {
    let (scope, by) = (desk.scope(), desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        looks_after_users(tx, &by)?;
        Ok(single_sign_on::providers(tx)?)
    })
}

/// A provider and its rules.
pub fn one(desk: &mut Desk, code: &str) -> Result<(Provider, Vec<Rule>), ControlError> {
    let (scope, by) = (desk.scope(), desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        looks_after_users(tx, &by)?;
        Ok((there(tx, code)?, single_sign_on::rules(tx, code)?))
    })
}

fn there(tx: &mut Tx, code: &str) -> Result<Provider, ControlError> {
    single_sign_on::provider(tx, code)?.ok_or(ControlError::NotFound("provider"))
}

/// Adds a provider.
pub fn add(desk: &mut Desk, sealer: &Sealer, wished: &Wished) -> Result<(), ControlError> {
    put(desk, sealer, wished, true)
}

/// Changes a provider; one that is no longer enabled ends the sessions that began by its word.
pub fn change(desk: &mut Desk, sealer: &Sealer, wished: &Wished) -> Result<(), ControlError> {
    put(desk, sealer, wished, false)
}

fn put(desk: &mut Desk, sealer: &Sealer, wished: &Wished, new: bool) -> Result<(), ControlError> {
    let (scope, tenant, now, by) = (desk.scope(), desk.tenant.id, desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        looks_after_users(tx, &by)?;
        single_sign_on::hold(tx, &wished.code)?;
        let before = single_sign_on::provider(tx, &wished.code)?;
        check(tx, wished, before.as_ref(), new)?;
        let sealed = match before {
            Some(before) if wished.client_secret.is_empty() => before.client_secret_sealed,
            _ => seal_client_secret(sealer, tenant, &wished.code, &wished.client_secret),
        };
        let provider = provider(wished, sealed);
        if !new {
            single_sign_on::change_provider(tx, &provider, now)?;
        } else if !single_sign_on::add_provider(tx, &provider, now)? {
            return Err(ProviderRefusal::Exists.into()); // somebody else added it this moment
        }
        if !wished.enabled {
            single_sign_on::end_sessions_by(tx, &wished.code)?;
        }
        let action = if new { "provider.add" } else { "provider.change" };
        let detail = json!({
            "issuer": wished.issuer, "client": wished.client_id, "dealers": wished.dealers, "enabled": wished.enabled,
            "links_by_email": wished.links_by_email, "strong_acr": wished.strong_acr,
        });
        tell(tx, (&by, action, &wished.code), &detail, now)
    })
}

fn provider(wished: &Wished, client_secret_sealed: Vec<u8>) -> Provider {
    Provider {
        code: wished.code.clone(),
        name: wished.name.clone(),
        issuer: wished.issuer.clone(),
        client_id: wished.client_id.clone(),
        client_secret_sealed,
        scopes: wished.scopes.clone(),
        dealers: wished.dealers.clone(),
        strong_acr: wished.strong_acr.clone(),
        links_by_email: wished.links_by_email,
        enabled: wished.enabled,
        scim_made_at: None,
    }
}

fn check(tx: &mut Tx, wished: &Wished, before: Option<&Provider>, new: bool) -> Result<(), ControlError> {
    match (before, new) {
        (None, false) => return Err(ControlError::NotFound("provider")),
        (Some(_), true) => return Err(ProviderRefusal::Exists.into()),
        (Some(before), false) if before.issuer != wished.issuer => {
            return Err(ProviderRefusal::IssuerStays.into());
        }
        _ => {}
    }
    if !is_code(&wished.code) {
        return Err(ProviderRefusal::Code.into());
    }
    let secret_missing = new && wished.client_secret.is_empty();
    if secret_missing || [&wished.name, &wished.issuer, &wished.client_id].iter().any(|text| text.is_empty())
    {
        return Err(ProviderRefusal::Empty.into());
    }
    let has_scheme = wished.issuer.starts_with("https://") || wished.issuer.starts_with("http://");
    if !has_scheme || wished.issuer.contains(['?', '#', ' ']) {
        return Err(ProviderRefusal::Issuer.into());
    }
    let unknown = users::unknown_codes(tx, NetworkTable::Dealers, &wished.dealers)?;
    if unknown.is_empty() { Ok(()) } else { Err(ProviderRefusal::Unknown(unknown.join(", ")).into()) }
}

fn is_code(code: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (1..=40).contains(&code.len()) && code.chars().all(fits) && !code.starts_with('-')
}

/// Sets the claim table of a provider anew. It holds from the next sign-in on, and for who is provisioned from the next
/// word of the provider on.
pub fn set_rules(desk: &mut Desk, code: &str, rules: &[Rule]) -> Result<(), ControlError> {
    let (scope, now, by) = (desk.scope(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        looks_after_users(tx, &by)?;
        there(tx, code)?;
        check_rules(tx, rules)?;
        single_sign_on::set_rules(tx, code, rules)?;
        let told: Vec<Value> = rules
            .iter()
            .map(|rule| json!([rule.claim, rule.value, rule.role.name(), rule.regions, rule.dealers]))
            .collect();
        tell(tx, (&by, "provider.rules", code), &json!({ "rules": told }), now)
    })
}

fn check_rules(tx: &mut Tx, rules: &[Rule]) -> Result<(), ControlError> {
    if rules.len() > RULES {
        return Err(ProviderRefusal::Rules.into());
    }
    for (place, rule) in rules.iter().enumerate() {
        if rule.claim.is_empty() || rule.value.is_empty() || !has_its_scope(rule) {
            return Err(ProviderRefusal::Rule(place + 1).into());
        }
    }
    let codes = |of: fn(&Rule) -> &Vec<String>| -> Vec<String> {
        rules.iter().flat_map(of).filter(|code| *code != ANY).cloned().collect()
    };
    let mut unknown = users::unknown_codes(tx, NetworkTable::Regions, &codes(|rule| &rule.regions))?;
    unknown.extend(users::unknown_codes(tx, NetworkTable::Dealers, &codes(|rule| &rule.dealers))?);
    if unknown.is_empty() { Ok(()) } else { Err(ProviderRefusal::Unknown(unknown.join(", ")).into()) }
}

fn has_its_scope(rule: &Rule) -> bool {
    match rule.role {
        Role::RegionalManager => !rule.regions.is_empty() && rule.dealers.is_empty(),
        Role::Dealer => !rule.dealers.is_empty() && rule.regions.is_empty(),
        _ => rule.regions.is_empty() && rule.dealers.is_empty(),
    }
}

/// What somebody of these claims would be here; nothing is done. None: nobody.
pub fn try_claims(desk: &mut Desk, code: &str, claims: &str) -> Result<Option<Standing>, ControlError> {
    let (scope, by) = (desk.scope(), desk.actor.clone());
    let claims: Map<String, Value> = serde_json::from_str(claims).map_err(|_| ProviderRefusal::Claims)?;
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        looks_after_users(tx, &by)?;
        let provider = there(tx, code)?;
        let rules = single_sign_on::rules(tx, code)?;
        known(tx, standing(&rules, &provider.dealers, &claims))
    })
}

/// Forgets by which subject a provider knows the user of an address, and ends what they began by its word: for somebody
/// whom the provider made anew. Who comes next by a lasting id or a verified address that fits is them.
pub fn unlink(desk: &mut Desk, code: &str, email: &str) -> Result<(), ControlError> {
    let (scope, now, by) = (desk.scope(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        looks_after_users(tx, &by)?;
        single_sign_on::hold(tx, code)?;
        there(tx, code)?;
        let email = email.trim().to_lowercase();
        let user = identities::unlink(tx, code, &email)?.ok_or(ProviderRefusal::Person)?;
        let ended = single_sign_on::end_sessions_of(tx, code, (None, Some(user), now))?;
        tell(tx, (&by, "provider.unlink", &email), &json!({ "provider": code, "ended": ended.len() }), now)
    })
}

/// Makes the secret that a provider provisions by anew; it is told this once. The one before holds no more.
pub fn make_scim_secret(desk: &mut Desk, sealer: &Sealer, code: &str) -> Result<String, ControlError> {
    let secret = hex::encode(sealer.random::<SECRET_BYTES>());
    set_scim(desk, code, Some(&secret), "provider.scim-secret")?;
    Ok(secret)
}

/// Takes the secret away: the provider provisions nobody any more.
pub fn take_scim_secret_away(desk: &mut Desk, code: &str) -> Result<(), ControlError> {
    set_scim(desk, code, None, "provider.scim-secret-gone")
}

fn set_scim(desk: &mut Desk, code: &str, secret: Option<&str>, action: &str) -> Result<(), ControlError> {
    let (scope, now, by) = (desk.scope(), desk.now, desk.actor.clone());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        looks_after_users(tx, &by)?;
        there(tx, code)?;
        let sha256 = secret.map(|secret| Sha256::digest(secret.as_bytes()).to_vec());
        single_sign_on::set_scim(tx, code, sha256.as_deref(), now)?;
        tell(tx, (&by, action, code), &json!({}), now)
    })
}

fn tell(
    tx: &mut Tx,
    (actor, action, subject): (&str, &str, &str),
    detail: &Value,
    now: farsight_rulebook::time::Instant,
) -> Result<(), ControlError> {
    let detail = detail.to_string();
    audit::add(tx, now, &Deed { actor, action, subject, detail: &detail })?;
    Ok(())
}
