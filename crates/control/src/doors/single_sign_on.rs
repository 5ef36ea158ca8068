//! Coming in by a provider's word: a browser is sent away, comes back with a code, and is let in as who the claim table
//! says. Asking the provider lies between, and is `identity`'s.

use std::collections::BTreeSet;

use farsight_courier::Secret as Hidden;
use farsight_identity::{Farewell, IdentityError, Registration, Secrets, Told};
use farsight_rulebook::time::{HOUR, Instant, MINUTE};
use farsight_store::audit::Deed;
use farsight_store::doors::NewSession;
use farsight_store::identities::{self, By, Identity};
use farsight_store::session::Isolation;
use farsight_store::single_sign_on::{self, Provider, UnderWay, Word};
use farsight_store::{Tx, audit, doors, users};
use serde_json::json;

use super::identity::{Nobody, is_somebodys, judged, nobody_yet, of_token, settle};
use super::said::kept as kept_claims;
use super::{Browser, SECRET_BYTES, SESSION, Secret, SignedIn, kept};
use crate::sealing::Sealer;
use crate::{ControlError, Desk};

/// So long a browser may stay away.
pub const AWAY: i64 = 10 * MINUTE;
/// So many browsers of a tenant may be away at once; beyond that those that went first have to begin anew.
const MOST_AWAY: i64 = 10_000;
/// What a refusal is called in the audit log.
const REFUSED: &str = "session.refused";
/// So many refusals of strangers are written down within an hour.
const STRANGERS_AN_HOUR: i64 = 100;

/// Why nobody came in by a provider's word.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unwelcome {
    /// No sign-in is under way that this answer belongs to: it ended, was used, or is another browser's.
    #[error("this sign-in has ended, was used already, or was begun elsewhere: begin anew")]
    State,
    /// The provider let nobody in.
    #[error("the provider did not sign you in: begin anew, or ask who looks after it")]
    Denied,
    /// The provider's word is not taken.
    #[error(transparent)]
    Word(#[from] IdentityError),
    /// The provider tells no address.
    #[error("the provider tells no e-mail address: it has to give the claim email")]
    Email,
    /// The provider says that they may not enter any more.
    #[error("the provider says that you may not enter")]
    Inactive,
    /// No rule fits.
    #[error("nothing is foreseen here for what the provider says of you: ask headquarters")]
    NoRule,
    /// Somebody else has the address.
    #[error("there is an account of this address that the provider does not look after: ask headquarters")]
    Taken,
    /// An administrator shut the account.
    #[error("this account may not enter any more: ask headquarters")]
    Disabled,
}

impl Unwelcome {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::State => "sso_state",
            Self::Denied => "sso_denied",
            Self::Word(error) => error.code(),
            Self::Email => "sso_email",
            Self::Inactive => "sso_inactive",
            Self::NoRule => "sso_rule",
            Self::Taken => "sso_taken",
            Self::Disabled => "sso_disabled",
        }
    }
}

impl From<Nobody> for Unwelcome {
    fn from(nobody: Nobody) -> Self {
        match nobody {
            Nobody::Inactive => Self::Inactive,
            Nobody::NoRule => Self::NoRule,
            Nobody::Taken => Self::Taken,
        }
    }
}

/// A sign-in between sending a browser away and letting it in.
#[derive(Debug, Clone)]
pub struct Between {
    /// By which provider.
    pub provider: String,
    /// How this tower is registered there.
    pub registration: Registration,
    /// What belongs to this sign-in.
    pub secrets: Secrets,
    /// Where the person wishes to go.
    pub next: String,
}

fn purpose_of_client(tenant: i32, provider: &str) -> String {
    format!("identity provider/{tenant}/{provider}")
}

fn purpose_of_sign_in(tenant: i32, provider: &str) -> String {
    format!("sign-in/{tenant}/{provider}")
}

fn purpose_of_token(tenant: i32, provider: &str) -> String {
    format!("token/{tenant}/{provider}")
}

/// A client's secret as it is stored.
pub(crate) fn seal_client_secret(sealer: &Sealer, tenant: i32, provider: &str, secret: &str) -> Vec<u8> {
    sealer.seal(&purpose_of_client(tenant, provider), secret.as_bytes())
}

fn registration(
    sealer: &Sealer,
    tenant: i32,
    provider: &Provider,
    back_to: &str,
) -> Result<Registration, ControlError> {
    let secret = sealer.open(&purpose_of_client(tenant, &provider.code), &provider.client_secret_sealed)?;
    Ok(Registration {
        issuer: provider.issuer.clone(),
        client_id: provider.client_id.clone(),
        client_secret: Hidden::new(String::from_utf8_lossy(&secret)),
        scopes: provider.scopes.clone(),
        back_to: back_to.to_owned(),
    })
}

/// The providers that anybody at the door may come by: code and name.
pub fn ways_in(desk: &mut Desk) -> Result<Vec<(String, String)>, ControlError> {
    let scope = desk.tenant.network();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let providers = single_sign_on::providers(tx)?.into_iter().filter(|provider| provider.enabled);
        Ok(providers.map(|provider| (provider.code, provider.name)).collect())
    })
}

fn enabled(tx: &mut Tx, code: &str) -> Result<Provider, ControlError> {
    let provider = single_sign_on::provider(tx, code)?.filter(|provider| provider.enabled);
    provider.ok_or(ControlError::NotFound("way in"))
}

/// Begins a sign-in: what to send the browser away with.
pub fn send_away(
    desk: &mut Desk,
    sealer: &Sealer,
    (provider, back_to): (&str, &str),
    next: &str,
) -> Result<Between, ControlError> {
    let (scope, tenant, now) = (desk.tenant.network(), desk.tenant.id, desk.now);
    let secret = || hex::encode(sealer.random::<SECRET_BYTES>());
    let secrets = Secrets { state: secret(), nonce: secret(), verifier: secret() };
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let provider = enabled(tx, provider)?;
        let sealed = json!([secrets.nonce, secrets.verifier]).to_string();
        let under_way = UnderWay {
            provider: provider.code.clone(),
            secrets_sealed: sealer.seal(&purpose_of_sign_in(tenant, &provider.code), sealed.as_bytes()),
            next: next.to_owned(),
        };
        let ends_at = Instant(now.0.saturating_add(AWAY));
        single_sign_on::send_away(tx, &kept(&secrets.state), &under_way, (ends_at, MOST_AWAY))?;
        let registration = registration(sealer, tenant, &provider, back_to)?;
        Ok(Between { provider: provider.code, registration, secrets, next: under_way.next })
    })
}

/// The sign-in that a browser comes back from; it is used by this. None: there is none.
pub fn come_back(
    desk: &mut Desk,
    sealer: &Sealer,
    state: &str,
    back_to: &str,
) -> Result<Option<Between>, ControlError> {
    let (scope, tenant, now) = (desk.tenant.network(), desk.tenant.id, desk.now);
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let Some(under_way) = single_sign_on::come_back(tx, &kept(state), now)? else { return Ok(None) };
        let provider = enabled(tx, &under_way.provider)?;
        let sealed = sealer.open(&purpose_of_sign_in(tenant, &provider.code), &under_way.secrets_sealed)?;
        let (nonce, verifier): (String, String) = serde_json::from_slice(&sealed)
            .map_err(|error| ControlError::Usage(format!("a sign-in's secrets cannot be read: {error}")))?;
        let registration = registration(sealer, tenant, &provider, back_to)?;
        let secrets = Secrets { state: state.to_owned(), nonce, verifier };
        Ok(Some(Between { provider: provider.code, registration, secrets, next: under_way.next }))
    })
}

/// Writes down that somebody was not let in of whom the provider told nothing, and why. Anybody can begin a sign-in: beyond so many
/// within an hour nothing is written, for the log only grows.
pub fn turned_away(desk: &mut Desk, provider: &str, why: &Unwelcome) -> Result<(), ControlError> {
    let (scope, now) = (desk.tenant.network(), desk.now);
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let earlier = audit::nth_last(tx, REFUSED, STRANGERS_AN_HOUR)?;
        if earlier.is_some_and(|at| at.0 > now.0.saturating_sub(HOUR)) {
            return Ok(());
        }
        refused(tx, provider, (None, why), now)
    })
}

fn refused(
    tx: &mut Tx,
    provider: &str,
    (who, why): (Option<&str>, &Unwelcome),
    now: Instant,
) -> Result<(), ControlError> {
    let actor = format!("provider:{provider}");
    let detail = json!({ "provider": provider, "code": why.code(), "why": why.to_string() }).to_string();
    let subject = who.unwrap_or(&actor);
    audit::add(tx, now, &Deed { actor: &actor, action: REFUSED, subject, detail: &detail })?;
    Ok(())
}

/// Lets in whom a provider told us of, as who the claim table says; their account is made or changed by this.
pub fn welcome(
    desk: &mut Desk,
    sealer: &Sealer,
    (provider, told): (&str, &Told),
    browser: Browser,
) -> Result<Result<SignedIn, Unwelcome>, ControlError> {
    let (scope, tenant, now) = (desk.tenant.network(), desk.tenant.id, desk.now);
    let secret = Secret::new(sealer.random::<SECRET_BYTES>());
    let id = uuid::Builder::from_random_bytes(sealer.random()).into_uuid().to_string();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        single_sign_on::hold(tx, provider)?;
        let provider = enabled(tx, provider)?;
        let user = match recognise(tx, &provider, told, id, now)? {
            Ok(user) => user,
            Err(why) => {
                let email = told.email();
                refused(tx, &provider.code, (Some(email.as_deref().unwrap_or(&told.subject)), &why), now)?;
                return Ok(Err(why));
            }
        };
        let account = doors::of_user(tx, user)?.ok_or(ControlError::NotFound("user"))?;
        if account.disabled {
            refused(tx, &provider.code, (Some(&account.email), &Unwelcome::Disabled), now)?;
            return Ok(Err(Unwelcome::Disabled));
        }
        let strong = told.is_strong(&provider.strong_acr);
        begin(tx, (&secret, strong), user, browser, now)?;
        let token = sealer.seal(&purpose_of_token(tenant, &provider.code), told.token.as_bytes());
        let word = Word { provider: &provider.code, session: told.session(), token_sealed: &token };
        single_sign_on::session_by(tx, &secret.kept, word)?;
        let detail = json!({ "provider": provider.code, "second_factor": strong }).to_string();
        let deed =
            Deed { actor: &account.email, action: "session.begin", subject: &account.email, detail: &detail };
        audit::add(tx, now, &deed)?;
        Ok(Ok(SignedIn { secret: secret.told, needs_code: account.totp_confirmed && !strong }))
    })
}

fn begin(
    tx: &mut Tx,
    (secret, strong): (&Secret, bool),
    user: i32,
    browser: Browser,
    now: Instant,
) -> Result<(), ControlError> {
    let session = NewSession {
        secret: &secret.kept,
        user,
        begun_at: now,
        ends_at: Instant(now.0.saturating_add(SESSION)),
        second_factor: strong,
        browser: &browser.name.chars().take(200).collect::<String>(),
        address: browser.address,
    };
    Ok(doors::begin_session(tx, &session)?)
}

/// Who it is here: known from before, provisioned, or new. Of somebody new whom no rule fits nothing is kept.
fn recognise(
    tx: &mut Tx,
    provider: &Provider,
    told: &Told,
    id: String,
    now: Instant,
) -> Result<Result<i32, Unwelcome>, ControlError> {
    let mut identity = match (of_token(tx, &provider.code, told)?, told.email()) {
        (Some(known), _) => known,
        (None, None) => return Ok(Err(Unwelcome::Email)),
        (None, Some(email)) if is_somebodys(tx, &provider.code, &email)? => return Ok(Err(Unwelcome::Taken)),
        (None, Some(email)) => stranger(id, email, told),
    };
    identity.subject = Some(told.subject.clone());
    identity.claims = kept_claims(&told.claims);
    if !identity.provisioned {
        identity.name = told.name();
    }
    let standing = judged(tx, provider, &identity)?;
    let vouched = identity.provisioned || told.verified_email().is_some();
    let settled = settle(tx, provider, &mut identity, standing, vouched, now)?;
    if identity.user.is_some() {
        identities::put(tx, &provider.code, &identity, now)?;
    }
    Ok(settled.map_err(Unwelcome::from))
}

fn stranger(id: String, email: String, told: &Told) -> Identity {
    Identity { user_name: email, name: told.name(), provisioned: false, ..nobody_yet(id) }
}

/// How this tower is registered with a provider that people may come by.
pub fn registered(
    desk: &mut Desk,
    sealer: &Sealer,
    provider: &str,
    back_to: &str,
) -> Result<Registration, ControlError> {
    let (scope, tenant) = (desk.tenant.network(), desk.tenant.id);
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let provider = enabled(tx, provider)?;
        registration(sealer, tenant, &provider, back_to)
    })
}

/// Ends the sessions that a provider says are over; gives how many. Of somebody it never sent us there are none. A word that is told
/// again finds none: what begins after it is none of its.
pub fn farewell(desk: &mut Desk, provider: &str, over: &Farewell) -> Result<usize, ControlError> {
    let (scope, now) = (desk.tenant.network(), desk.now);
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let known = match &over.subject {
            Some(subject) => identities::find(tx, provider, By::Subject(subject))?,
            None => None,
        };
        let user = known.and_then(|known| known.user);
        let whose = (over.session.as_deref(), user, over.begun_by);
        let ended = single_sign_on::end_sessions_of(tx, provider, whose)?;
        for user in ended.iter().copied().collect::<BTreeSet<i32>>() {
            let number = ended.iter().filter(|whose| **whose == user).count();
            tell_ended(tx, provider, (user, number), now)?;
        }
        Ok(ended.len())
    })
}

fn tell_ended(
    tx: &mut Tx,
    provider: &str,
    (user, number): (i32, usize),
    now: Instant,
) -> Result<(), ControlError> {
    let whose = users::one(tx, user)?.ok_or(ControlError::NotFound("user"))?;
    let (actor, detail) = (format!("provider:{provider}"), json!({ "ended": number }).to_string());
    let (action, subject) = ("session.end-by-provider", &whose.email);
    audit::add(tx, now, &Deed { actor: &actor, action, subject, detail: &detail })?;
    Ok(())
}

/// Ends the session of a secret. Gives how to end it at the provider too, by whose word it began: the registration there,
/// and the token. What of that cannot be opened any more keeps nobody here.
pub fn sign_out(
    desk: &mut Desk,
    sealer: &Sealer,
    secret: &str,
    back_to: &str,
) -> Result<Option<(Registration, String)>, ControlError> {
    let (scope, tenant) = (desk.tenant.network(), desk.tenant.id);
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        let word = single_sign_on::whose_word(tx, &kept(secret))?;
        doors::end_session(tx, &kept(secret))?;
        let Some((code, sealed)) = word else { return Ok(None) };
        let Some(provider) = single_sign_on::provider(tx, &code)? else { return Ok(None) };
        let token = sealer.open(&purpose_of_token(tenant, &code), &sealed);
        let registration = registration(sealer, tenant, &provider, back_to);
        let (Ok(token), Ok(registration)) = (token, registration) else { return Ok(None) };
        Ok(Some((registration, String::from_utf8_lossy(&token).into_owned())))
    })
}
