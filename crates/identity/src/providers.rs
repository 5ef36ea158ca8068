//! The providers that were asked: what they say of themselves is kept for a while, and asked again when it may be old.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use farsight_courier::{CourierError, Reach, Secret};
use farsight_rulebook::time::{HOUR, Instant, MINUTE};
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreClientAuthMethod, CoreIdToken, CoreJsonWebKeySet,
};
use openidconnect::{
    AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken, DiscoveryError, EndpointMaybeSet,
    EndpointNotSet, EndpointSet, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse as _,
    PkceCodeChallenge, PkceCodeVerifier, PostLogoutRedirectUrl, ProviderMetadataWithLogout, RedirectUrl,
    RequestTokenError, Scope, TokenResponse as _,
};
use serde_json::{Map, Value};

use crate::error::IdentityError;
use crate::farewell::{self, Farewell};
use crate::judge::{Told, judge};
use crate::wire::{Lost, Wire};

/// So long a provider's metadata and keys are not asked for again.
const FRESH: i64 = HOUR;
/// A token with an unknown key makes us ask again, but not more often than this.
const AGAIN: i64 = MINUTE;
/// Providers are forgotten when so many are known.
const KNOWN: usize = 1000;

/// How this tower is registered with a provider.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The provider's address, which its tokens name as `iss`.
    pub issuer: String,
    /// This tower's name there.
    pub client_id: String,
    /// This tower's secret there.
    pub client_secret: Secret,
    /// What is asked for besides `openid`.
    pub scopes: Vec<String>,
    /// Where the provider sends browsers back to.
    pub back_to: String,
}

/// What belongs to one sign-in, made of bytes that nobody can foresee.
#[derive(Debug, Clone)]
pub struct Secrets {
    /// Comes back with the browser.
    pub state: String,
    /// Comes back in the token.
    pub nonce: String,
    /// Shows that who trades the code is who asked for it (PKCE).
    pub verifier: String,
}

/// What a provider says of itself, and when it was asked.
struct Known {
    metadata: ProviderMetadataWithLogout,
    asked_at: Instant,
}

/// The providers that were asked.
pub struct Providers {
    wire: Wire,
    known: Mutex<HashMap<String, Arc<Known>>>,
}

type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

impl Providers {
    /// Within an operator's rules.
    pub fn new(reach: &Reach) -> Result<Self, CourierError> {
        Ok(Self { wire: Wire::new(reach)?, known: Mutex::default() })
    }

    /// Whether a provider can be asked, and has what signing in needs.
    pub async fn look(&self, issuer: &str, now: Instant) -> Result<(), IdentityError> {
        self.ask(issuer, now).await.map(|_| ())
    }

    /// Where to send a browser to sign in.
    pub async fn way_in(
        &self,
        registration: &Registration,
        secrets: &Secrets,
        now: Instant,
    ) -> Result<String, IdentityError> {
        let known = self.known(&registration.issuer, now).await?;
        let client = client(&known, registration)?;
        let verifier = PkceCodeVerifier::new(secrets.verifier.clone());
        let (state, nonce) = (secrets.state.clone(), secrets.nonce.clone());
        let (url, _, _) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                move || CsrfToken::new(state),
                move || Nonce::new(nonce),
            )
            .add_scopes(
                registration.scopes.iter().filter(|scope| *scope != "openid").cloned().map(Scope::new),
            )
            .set_pkce_challenge(PkceCodeChallenge::from_code_verifier_sha256(&verifier))
            .url();
        Ok(url.to_string())
    }

    /// Trades the code that a browser brought back, and judges the token that comes for it.
    pub async fn redeem(
        &self,
        registration: &Registration,
        secrets: &Secrets,
        code: &str,
        now: Instant,
    ) -> Result<Told, IdentityError> {
        let known = self.known(&registration.issuer, now).await?;
        let client = client(&known, registration)?;
        let answer = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .map_err(|_| IdentityError::Answer("it has no token endpoint".to_owned()))?
            .set_pkce_verifier(PkceCodeVerifier::new(secrets.verifier.clone()))
            .request_async(&self.wire)
            .await
            .map_err(no_token)?;
        let token = answer.id_token().ok_or(IdentityError::NoToken)?;
        let by = |keys: &CoreJsonWebKeySet| judge(token, keys, registration, &secrets.nonce, now);
        let mut told = self.judged(&known, registration, now, by).await?;
        if let Some(url) = known.metadata.userinfo_endpoint() {
            let more = self.wire.about(url.as_str(), answer.access_token().secret()).await?;
            add(&mut told, &more)?;
        }
        Ok(told)
    }

    /// Judges by the keys at hand; a key that is not among them is looked for once more.
    async fn judged<T>(
        &self,
        known: &Known,
        registration: &Registration,
        now: Instant,
        by: impl Fn(&CoreJsonWebKeySet) -> Result<T, IdentityError>,
    ) -> Result<T, IdentityError> {
        let first = by(known.metadata.jwks());
        if first.as_ref().err() != Some(&IdentityError::Key) || now.0 - known.asked_at.0 < AGAIN {
            return first;
        }
        by(self.ask(&registration.issuer, now).await?.metadata.jwks())
    }

    /// Whose sessions a provider ends by this token, without a browser.
    pub async fn farewell(
        &self,
        registration: &Registration,
        token: &str,
        now: Instant,
    ) -> Result<Farewell, IdentityError> {
        let known = self.known(&registration.issuer, now).await?;
        self.judged(&known, registration, now, |keys| farewell::judge(token, keys, registration, now)).await
    }

    /// Where to send a browser to end the session at the provider too; none where it has no such place.
    pub async fn way_out(
        &self,
        registration: &Registration,
        token: &str,
        back_to: &str,
        now: Instant,
    ) -> Option<String> {
        let known = self.known(&registration.issuer, now).await.ok()?;
        let end = known.metadata.additional_metadata().end_session_endpoint.clone()?;
        self.wire.judge(end.as_str()).ok()?;
        let mut request = LogoutRequest::from(end)
            .set_client_id(ClientId::new(registration.client_id.clone()))
            .set_post_logout_redirect_uri(PostLogoutRedirectUrl::new(back_to.to_owned()).ok()?);
        if let Ok(token) = token.parse::<CoreIdToken>() {
            request = request.set_id_token_hint(&token);
        }
        Some(request.http_get_url().to_string())
    }

    async fn known(&self, issuer: &str, now: Instant) -> Result<Arc<Known>, IdentityError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(issuer).cloned();
        match known {
            Some(known) if (0..FRESH).contains(&(now.0 - known.asked_at.0)) => Ok(known),
            _ => self.ask(issuer, now).await,
        }
    }

    async fn ask(&self, issuer: &str, now: Instant) -> Result<Arc<Known>, IdentityError> {
        self.wire.judge(issuer)?;
        let url = IssuerUrl::new(issuer.to_owned())
            .map_err(|_| IdentityError::Answer("its issuer is no address".to_owned()))?;
        let metadata =
            ProviderMetadataWithLogout::discover_async(url, &self.wire).await.map_err(not_discovered)?;
        self.wire.judge(metadata.authorization_endpoint().as_str())?;
        let asked = Arc::new(Known { metadata, asked_at: now });
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= KNOWN {
            known.clear();
        }
        known.insert(issuer.to_owned(), Arc::clone(&asked));
        Ok(asked)
    }
}

/// The library's client of a provider.
fn client(known: &Known, registration: &Registration) -> Result<Client, IdentityError> {
    let back_to = RedirectUrl::new(registration.back_to.clone())
        .map_err(|_| IdentityError::Answer("our own address cannot be read".to_owned()))?;
    let methods = known.metadata.token_endpoint_auth_methods_supported();
    let only_post = methods.is_some_and(|methods| {
        methods.contains(&CoreClientAuthMethod::ClientSecretPost)
            && !methods.contains(&CoreClientAuthMethod::ClientSecretBasic)
    });
    let client = CoreClient::from_provider_metadata(
        known.metadata.clone(),
        ClientId::new(registration.client_id.clone()),
        Some(ClientSecret::new(registration.client_secret.expose().to_owned())),
    );
    let how = if only_post { AuthType::RequestBody } else { AuthType::BasicAuth };
    Ok(client.set_redirect_uri(back_to).set_auth_type(how))
}

/// Adds what the provider tells besides the token, where the token does not say it.
fn add(told: &mut Told, more: &[u8]) -> Result<(), IdentityError> {
    let mut more: Map<String, Value> = serde_json::from_slice(more)
        .map_err(|_| IdentityError::Answer("its user information is no plain JSON".to_owned()))?;
    if more.get("sub").and_then(Value::as_str) != Some(told.subject.as_str()) {
        return Err(IdentityError::Subject);
    }
    // That an address was made sure of is said of the address beside it, not of the token's.
    if told.claims.get("email").is_some_and(|email| more.get("email") != Some(email)) {
        more.remove("email_verified");
    }
    for (claim, value) in more {
        told.claims.entry(claim).or_insert(value);
    }
    Ok(())
}

fn not_discovered(error: DiscoveryError<Lost>) -> IdentityError {
    match error {
        DiscoveryError::Request(Lost(error)) => error,
        DiscoveryError::Validation(_) => IdentityError::Issuer,
        DiscoveryError::Response(status, ..) => {
            IdentityError::Answer(format!("asked for its metadata it answers {status}"))
        }
        DiscoveryError::Parse(error) => {
            IdentityError::Answer(format!("its metadata cannot be read: {error}"))
        }
        other => IdentityError::Answer(other.to_string()),
    }
}

fn no_token<T: openidconnect::ErrorResponse + std::fmt::Display>(
    error: RequestTokenError<Lost, T>,
) -> IdentityError {
    match error {
        RequestTokenError::Request(Lost(error)) => error,
        RequestTokenError::ServerResponse(said) => {
            IdentityError::Code(said.to_string().chars().take(200).collect())
        }
        RequestTokenError::Parse(error, _) => {
            IdentityError::Answer(format!("its token cannot be read: {error}"))
        }
        RequestTokenError::Other(_) => IdentityError::Answer("it gives no token".to_owned()),
    }
}
