//! Coming in by a provider's word: a browser is sent away, comes back, and is let in or told why not; and going out there
//! too.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Form;
use axum::extract::{ConnectInfo, Extension, Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use farsight_control::doors::single_sign_on::{self, AWAY, Between, Unwelcome};
use farsight_control::doors::{Browser, SignedIn};
use farsight_identity::{IdentityError, Told};
use farsight_rulebook::time::SECOND;
use farsight_store::registry::Tenant;
use minijinja::context;
use serde::Deserialize;

use crate::App;
use crate::answer::refusal;
use crate::ask::Ask;
use crate::door::{AtDoor, address_of};
use crate::entered::Entered;
use crate::page::{PageError, PageResult, forget, safe_path, set};
use crate::pages::sign_in::{blocking, browser_of, desk, let_in, tenant};

/// The cookie of a browser that was sent away: the tenant's number and the state.
const SENT: &str = "sent";
/// So long a provider is asked where sessions end there: who has signed out is not kept waiting.
const GOODBYE: Duration = Duration::from_secs(2);

fn back_to(app: &App) -> String {
    format!("{}/sign-in/return", app.parts.front.address)
}

/// Sends the browser to the provider.
pub(crate) async fn start(
    State(app): State<App>,
    connected: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    uri: Uri,
    Path((code, provider)): Path<(String, String)>,
    ask: Ask,
) -> PageResult {
    let address = address_of(&app, &headers, connected.map(|Extension(ConnectInfo(at))| at));
    let door = AtDoor { app: app.clone(), headers, uri };
    let tenant = tenant(&app, Some(code)).await?.ok_or(PageError::NotFound)?;
    if let Err(wait) = app.pace.check(&address) {
        return door.often("sign-in/turned-away.html", wait, context! {});
    }
    let next = safe_path(ask.get("next").unwrap_or("/")).to_owned();
    let between = {
        let (app, tenant) = (app.clone(), tenant.clone());
        blocking(move || {
            let back_to = back_to(&app);
            let mut desk = desk(&app, tenant, "")?;
            Ok(single_sign_on::send_away(&mut desk, &app.parts.sealer, (&provider, &back_to), &next)?)
        })
        .await?
    };
    let now = (app.parts.clock)();
    match app.parts.providers.way_in(&between.registration, &between.secrets, now).await {
        Ok(url) => {
            let mut answer = Redirect::to(&url).into_response();
            let sent = format!("{}.{}", tenant.id, between.secrets.state);
            set(answer.headers_mut(), (SENT, &sent), Some(AWAY / SECOND), app.parts.front.secure);
            Ok(answer)
        }
        // Nobody was sent away yet: anybody may knock here, and must not write into the audit log by it.
        Err(error) => told_why(&door, &error.into()),
    }
}

/// Takes a browser back that a provider sent.
pub(crate) async fn come_back(
    State(app): State<App>,
    connected: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    uri: Uri,
    ask: Ask,
) -> PageResult {
    let address = address_of(&app, &headers, connected.map(|Extension(ConnectInfo(at))| at));
    let door = AtDoor { app: app.clone(), headers, uri };
    let Some(sent) = sent(&door.headers) else { return told_why(&door, &Unwelcome::State) };
    if let Err(wait) = app.pace.check(&address) {
        return door.often("sign-in/turned-away.html", wait, context! {});
    }
    let Some((tenant, between)) = under_way(&door, sent, &ask).await? else {
        return told_why(&door, &Unwelcome::State);
    };
    let told = match redeem(&app, &between, &ask).await {
        Ok(told) => told,
        Err(why) => return turn_away(door, (tenant, between.provider), why).await,
    };
    let next = between.next.clone();
    match welcome(&door, &tenant, (between, told), address).await? {
        Ok(signed_in) => {
            let mut answer = let_in(&app, &tenant, &signed_in, &next);
            forget(answer.headers_mut(), SENT);
            Ok(answer)
        }
        Err(why) => told_why(&door, &why),
    }
}

/// Tenant and state of a browser that was sent away.
fn sent(headers: &HeaderMap) -> Option<(i32, String)> {
    let cookies = CookieJar::from_headers(headers);
    let (tenant, state) = cookies.get(SENT)?.value().split_once('.')?;
    Some((tenant.parse().ok()?, state.to_owned()))
}

/// The sign-in that the browser's cookie and the provider's answer both name; used by this.
async fn under_way(
    door: &AtDoor,
    (tenant, state): (i32, String),
    ask: &Ask,
) -> Result<Option<(Tenant, Between)>, PageError> {
    if ask.get("state") != Some(state.as_str()) {
        return Ok(None);
    }
    let app = door.app.clone();
    blocking(move || {
        let Some(tenant) = app.tenant(tenant)? else { return Ok(None) };
        let mut desk = desk(&app, tenant.clone(), "")?;
        let between = single_sign_on::come_back(&mut desk, &app.parts.sealer, &state, &back_to(&app))?;
        Ok(between.map(|between| (tenant, between)))
    })
    .await
}

/// What the provider says for the code that the browser brought.
async fn redeem(app: &App, between: &Between, ask: &Ask) -> Result<Told, Unwelcome> {
    // A provider that names itself in its answer (RFC 9207) has to be the one the browser was sent to.
    if ask.get("iss").is_some_and(|issuer| issuer != between.registration.issuer) {
        return Err(IdentityError::Issuer.into());
    }
    let code = ask.get("code").filter(|_| ask.get("error").is_none()).ok_or(Unwelcome::Denied)?;
    let now = (app.parts.clock)();
    Ok(app.parts.providers.redeem(&between.registration, &between.secrets, code, now).await?)
}

async fn welcome(
    door: &AtDoor,
    tenant: &Tenant,
    (between, told): (Between, Told),
    address: String,
) -> Result<Result<SignedIn, Unwelcome>, PageError> {
    let (app, tenant, name) = (door.app.clone(), tenant.clone(), browser_of(&door.headers));
    blocking(move || {
        let mut desk = desk(&app, tenant, "")?;
        let browser = Browser { name: &name, address: &address };
        Ok(single_sign_on::welcome(&mut desk, &app.parts.sealer, (&between.provider, &told), browser)?)
    })
    .await
}

/// Writes down that nobody came in by a sign-in that was under way, and says why.
async fn turn_away(door: AtDoor, (tenant, provider): (Tenant, String), why: Unwelcome) -> PageResult {
    let (app, written) = (door.app.clone(), why.clone());
    blocking(move || Ok(single_sign_on::turned_away(&mut desk(&app, tenant, "")?, &provider, &written)?))
        .await?;
    told_why(&door, &why)
}

fn told_why(door: &AtDoor, why: &Unwelcome) -> PageResult {
    door.app.parts.metrics.sign_in_refused(why.code());
    let shown = context! { refusal => context! { code => why.code(), minutes => 0 } };
    let mut answer = door.page("sign-in/turned-away.html", shown, StatusCode::UNPROCESSABLE_ENTITY)?;
    forget(answer.headers_mut(), SENT);
    Ok(answer)
}

/// What a provider sends to end somebody's sessions.
#[derive(Deserialize)]
pub(crate) struct Farewell {
    #[serde(default)]
    logout_token: String,
}

/// Ends the sessions of whom a provider signed out, by its own call (OpenID Connect Back-Channel Logout 1.0).
pub(crate) async fn farewell(
    State(app): State<App>,
    Path((code, provider)): Path<(String, String)>,
    Form(told): Form<Farewell>,
) -> PageResult {
    let tenant = tenant(&app, Some(code)).await?.ok_or(PageError::NotFound)?;
    let registration = {
        let (app, tenant, provider) = (app.clone(), tenant.clone(), provider.clone());
        blocking(move || {
            let mut desk = desk(&app, tenant, "")?;
            Ok(single_sign_on::registered(&mut desk, &app.parts.sealer, &provider, &back_to(&app))?)
        })
        .await?
    };
    let now = (app.parts.clock)();
    let Ok(over) = app.parts.providers.farewell(&registration, &told.logout_token, now).await else {
        return Ok(refusal(StatusCode::BAD_REQUEST, "invalid_request"));
    };
    blocking(move || Ok(single_sign_on::farewell(&mut desk(&app, tenant, "")?, &provider, &over)?)).await?;
    Ok(StatusCode::OK.into_response())
}

/// Ends the session; gives where it ends at the provider, of somebody who came by one that has such a place and tells it.
pub(super) async fn sign_out(entered: &Entered) -> Result<Option<String>, PageError> {
    let (app, secret) = (entered.app().clone(), entered.secret().to_owned());
    let door = format!("{}/sign-in", app.parts.front.address);
    let word = {
        let app = app.clone();
        entered
            .at_desk(move |desk| single_sign_on::sign_out(desk, &app.parts.sealer, &secret, &back_to(&app)))
            .await?
    };
    let Some((registration, token)) = word else { return Ok(None) };
    let asked = app.parts.providers.way_out(&registration, &token, &door, entered.now());
    Ok(tokio::time::timeout(GOODBYE, asked).await.ok().flatten())
}

/// On to the provider by a page of ours: a form of ours may not lead to another's page.
pub(super) fn out_there(entered: &Entered, there: &str) -> Result<Response, PageError> {
    let door =
        AtDoor { app: entered.app().clone(), headers: HeaderMap::new(), uri: Uri::from_static("/sign-in") };
    let mut answer = door.page("sign-in/out-there.html", context! { there }, StatusCode::OK)?;
    if let Ok(value) = HeaderValue::from_str(&format!("0; url={there}")) {
        answer.headers_mut().insert(header::REFRESH, value);
    }
    Ok(answer)
}
