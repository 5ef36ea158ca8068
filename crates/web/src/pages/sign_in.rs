//! Coming in: address and password, the code of a second factor, a new password by mail; and the switches of language and
//! colours, for which nobody has to be known.

use std::net::SocketAddr;

use axum::Form;
use axum::extract::{ConnectInfo, Extension, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use farsight_control::doors::{self, Browser, Refusal, SESSION as SESSION_MICROS, SignedIn, single_sign_on};
use farsight_control::{ControlError, Desk};
use farsight_rulebook::messages::Language;
use farsight_rulebook::time::SECOND;
use farsight_store::registry::Tenant;
use minijinja::{Value, context};
use serde::Deserialize;

use crate::App;
use crate::admit::SESSION;
use crate::ask::Ask;
use crate::door::{AtDoor, TENANT, address_of};
use crate::entered::Entered;
use crate::page::{PageError, PageResult, forget, onward, safe_path, set};
use crate::pages::with_provider;
use crate::reader::{COLOURS, Colours, LANGUAGE};

pub(super) const YEAR: i64 = 365 * 24 * 3600;

pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PageError> + Send + 'static,
) -> Result<T, PageError> {
    tokio::task::spawn_blocking(work).await.map_err(|error| PageError::Fault(error.to_string()))?
}

/// The tenant of a code; without one, the only tenant there is.
pub(super) async fn tenant(app: &App, code: Option<String>) -> Result<Option<Tenant>, PageError> {
    let app = app.clone();
    blocking(move || {
        Ok(match code.filter(|code| !code.is_empty()) {
            Some(code) => app.tenant_of(&code)?,
            None => app.only_tenant()?,
        })
    })
    .await
}

/// A desk for somebody who is not known yet.
pub(super) fn desk(app: &App, tenant: Tenant, email: &str) -> Result<Desk, ControlError> {
    Ok(Desk {
        database: app.parts.database.clone(),
        session: app.parts.pool.session()?,
        tenant,
        actor: email.trim().to_lowercase(),
        now: (app.parts.clock)(),
        person: None,
    })
}

/// The door.
pub(crate) async fn show(State(app): State<App>, headers: HeaderMap, uri: Uri, ask: Ask) -> PageResult {
    let many = tenant(&app, None).await?.is_none();
    let door = AtDoor { app, headers, uri };
    let asked = ask.get("tenant").map(str::to_owned).or_else(|| door.tenant_asked()).unwrap_or_default();
    let ways = ways_in(&door.app, &asked).await?;
    let next = safe_path(ask.get("next").unwrap_or("/"));
    let typed = context! { many, tenant => asked, email => ask.get("email").unwrap_or_default(), next, ways };
    door.page("sign-in/sign-in.html", typed, StatusCode::OK)
}

/// The providers that people of a tenant may come by, once it is known which tenant.
async fn ways_in(app: &App, code: &str) -> Result<Vec<Value>, PageError> {
    let Some(tenant) = tenant(app, Some(code.to_owned())).await? else { return Ok(Vec::new()) };
    let app = app.clone();
    blocking(move || {
        let code = tenant.code.clone();
        let ways = single_sign_on::ways_in(&mut desk(&app, tenant, "")?)?;
        Ok(ways.into_iter().map(|(provider, name)| context! { tenant => &code, provider, name }).collect())
    })
    .await
}

/// What is typed at the door.
#[derive(Deserialize)]
pub(crate) struct Typed {
    #[serde(default)]
    tenant: String,
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    next: String,
}

/// Signs in.
pub(crate) async fn sign_in(
    State(app): State<App>,
    connected: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    uri: Uri,
    Form(typed): Form<Typed>,
) -> PageResult {
    let address = address_of(&app, &headers, connected.map(|Extension(ConnectInfo(at))| at));
    let many = tenant(&app, None).await?.is_none();
    let next = safe_path(&typed.next).to_owned();
    let shown = context! { many, tenant => &typed.tenant, email => &typed.email, next => &next };
    let door = AtDoor { app: app.clone(), headers, uri };
    if let Err(wait) = app.pace.check(&address) {
        return door.often("sign-in/sign-in.html", wait, shown);
    }
    let Some(tenant) = tenant(&app, Some(typed.tenant.trim().to_owned())).await? else {
        return door.refused("sign-in/sign-in.html", Refusal::Wrong, shown);
    };
    let (browser, whose) = (browser_of(&door.headers), tenant.clone());
    let signed_in = {
        let app = app.clone();
        blocking(move || {
            let mut desk = desk(&app, tenant, &typed.email)?;
            let browser = Browser { name: &browser, address: &address };
            Ok(doors::sign_in(&mut desk, &app.parts.sealer, (&typed.email, &typed.password), browser)?)
        })
        .await?
    };
    let signed_in = match signed_in {
        Ok(signed_in) => signed_in,
        Err(refusal) => return door.refused("sign-in/sign-in.html", refusal, shown),
    };
    Ok(let_in(&app, &whose, &signed_in, &next))
}

/// What the browser calls itself.
pub(super) fn browser_of(headers: &HeaderMap) -> String {
    let name = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    name.unwrap_or_default().to_owned()
}

/// On to where somebody who signed in wishes to go, with the session's cookie.
pub(super) fn let_in(app: &App, tenant: &Tenant, signed_in: &SignedIn, next: &str) -> Response {
    let to = if signed_in.needs_code { "/sign-in/code" } else { next };
    let mut answer = Redirect::to(to).into_response();
    let secure = app.parts.front.secure;
    let session = format!("{}.{}", tenant.id, signed_in.secret);
    set(answer.headers_mut(), (SESSION, &session), Some(SESSION_MICROS / SECOND), secure);
    set(answer.headers_mut(), (TENANT, &tenant.code), Some(YEAR), secure);
    if signed_in.needs_code {
        set(answer.headers_mut(), (NEXT, &hex::encode(next)), Some(600), secure);
    }
    answer
}

/// The cookie of where to go after the code; in hex, for a path may hold anything.
pub(super) const NEXT: &str = "next";

/// Asks for the code.
pub(crate) async fn code(entered: Entered) -> PageResult {
    entered.page("sign-in/code.html", context! {})
}

/// A code.
#[derive(Deserialize)]
pub(crate) struct Code {
    #[serde(default)]
    pub(crate) code: String,
}

/// Takes the code.
pub(crate) async fn show_code(entered: Entered, headers: HeaderMap, Form(typed): Form<Code>) -> PageResult {
    let app = entered.app().clone();
    let (user, secret) = (entered.user(), entered.secret().to_owned());
    let shown = entered
        .at_desk(move |desk| doors::show_code(desk, &app.parts.sealer, (user, &secret), &typed.code))
        .await?;
    if let Err(refusal) = shown {
        return refused(&entered, "sign-in/code.html", refusal, context! {});
    }
    let next = CookieJar::from_headers(&headers).get(NEXT).map(|cookie| cookie.value().to_owned());
    let next = next.and_then(|next| String::from_utf8(hex::decode(next).ok()?).ok()).unwrap_or_default();
    let mut answer = Redirect::to(safe_path(&next)).into_response();
    forget(answer.headers_mut(), NEXT);
    Ok(answer)
}

/// A form again with why not.
pub(crate) fn refused(entered: &Entered, template: &str, refusal: Refusal, more: Value) -> PageResult {
    let minutes = if let Refusal::Locked { minutes } = refusal { minutes } else { 0 };
    let why = context! { refusal => context! { code => refusal.code(), minutes } };
    let mut answer = entered.page(template, minijinja::value::merge_maps([why, more]))?;
    *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    Ok(answer)
}

/// Signs out of this browser, and leads to where it ends at the provider whom somebody came by.
pub(crate) async fn sign_out(entered: Entered) -> PageResult {
    let mut answer = match with_provider::sign_out(&entered).await? {
        Some(there) => with_provider::out_there(&entered, &there)?,
        None => onward("/sign-in", "signed-out"),
    };
    forget(answer.headers_mut(), SESSION);
    Ok(answer)
}

/// Asks for which address a new password is to be set.
pub(crate) async fn reset(State(app): State<App>, headers: HeaderMap, uri: Uri) -> PageResult {
    let many = tenant(&app, None).await?.is_none();
    let door = AtDoor { app, headers, uri };
    let asked = door.tenant_asked().unwrap_or_default();
    door.page("sign-in/reset.html", context! { many, tenant => asked }, StatusCode::OK)
}

/// Sends the mail, if the address is known; which, is not said.
pub(crate) async fn ask_reset(
    State(app): State<App>,
    connected: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    uri: Uri,
    Form(typed): Form<Typed>,
) -> PageResult {
    let address = address_of(&app, &headers, connected.map(|Extension(ConnectInfo(at))| at));
    if let Err(wait) = app.pace.check(&address) {
        let door = AtDoor { app, headers, uri };
        return door.often("sign-in/reset.html", wait, context! { many => false });
    }
    if let Some(tenant) = tenant(&app, Some(typed.tenant.trim().to_owned())).await? {
        blocking(move || {
            let mut desk = desk(&app, tenant, &typed.email)?;
            let parts = &app.parts;
            Ok(doors::ask_reset(&mut desk, &parts.sealer, &typed.email, &parts.front.address)?)
        })
        .await?;
    }
    Ok(onward("/sign-in", "reset-sent"))
}

/// Whose password a link sets, and a form for it.
pub(crate) async fn new_password(
    State(app): State<App>,
    headers: HeaderMap,
    uri: Uri,
    Path((code, secret)): Path<(String, String)>,
) -> PageResult {
    let whose = match tenant(&app, Some(code)).await? {
        Some(tenant) => {
            let app = app.clone();
            blocking(move || Ok(doors::whose_reset(&mut desk(&app, tenant, "")?, &secret)?)).await?
        }
        None => None,
    };
    let door = AtDoor { app, headers, uri };
    match whose {
        Some(email) => door.page("sign-in/new-password.html", context! { email }, StatusCode::OK),
        None => door.refused("sign-in/new-password.html", Refusal::Reset, context! {}),
    }
}

/// A new password.
#[derive(Deserialize)]
pub(crate) struct NewPassword {
    #[serde(default)]
    email: String,
    #[serde(default)]
    password: String,
}

/// Sets the password.
pub(crate) async fn set_password(
    State(app): State<App>,
    headers: HeaderMap,
    uri: Uri,
    Path((code, secret)): Path<(String, String)>,
    Form(typed): Form<NewPassword>,
) -> PageResult {
    let door = AtDoor { app: app.clone(), headers, uri };
    let Some(tenant) = tenant(&app, Some(code)).await? else {
        return door.refused("sign-in/new-password.html", Refusal::Reset, context! {});
    };
    let done = blocking(move || {
        let mut desk = desk(&app, tenant, "")?;
        Ok(doors::reset_password(&mut desk, &app.parts.sealer, &secret, &typed.password)?)
    })
    .await?;
    match done {
        Ok(()) => Ok(onward("/sign-in", "password-set")),
        Err(refusal) => door.refused("sign-in/new-password.html", refusal, context! { email => typed.email }),
    }
}

/// A wish of how to read.
#[derive(Deserialize)]
pub(crate) struct Wish {
    #[serde(default)]
    language: String,
    #[serde(default)]
    colours: String,
    #[serde(default)]
    back: String,
}

/// Remembers a wish, in the browser and, of somebody known, with their account.
pub(crate) async fn wish(
    State(app): State<App>,
    entered: Option<Extension<Entered>>,
    Form(wish): Form<Wish>,
) -> Result<Response, PageError> {
    let mut answer = Redirect::to(safe_path(&wish.back)).into_response();
    let secure = app.parts.front.secure;
    if let Some(language) = Language::tagged(&wish.language) {
        set(answer.headers_mut(), (LANGUAGE, language.tag()), Some(YEAR), secure);
        if let Some(Extension(entered)) = entered {
            let user = entered.user();
            entered.at_desk(move |desk| doors::set_language(desk, user, language)).await?;
        }
    }
    if !wish.colours.is_empty() {
        set(answer.headers_mut(), (COLOURS, Colours::named(&wish.colours).name()), Some(YEAR), secure);
    }
    Ok(answer)
}
