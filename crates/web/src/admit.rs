//! Who may come where: the layer around each route that knows the session, and refuses.
//!
//! A role that has no business at a route gets the same answer as for what does not exist.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use axum_extra::extract::CookieJar;
use farsight_control::doors::{self, Before};
use farsight_ledger::settlement::Role;

use crate::App;
use crate::answer::refusal;
use crate::door::AtDoor;
use crate::entered::Entered;
use crate::page::{PageError, Told, forget};

/// The cookie of the session: the tenant's number and the secret.
pub(crate) const SESSION: &str = "session";

/// Who may come.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Who {
    /// Anyone; who is signed in is known all the same.
    Anyone,
    /// Machines that ask how the tower is: no session is looked for.
    Machine,
    /// Whoever gave a password: before the second factor, and after.
    HalfEntered,
    /// Whoever is signed in.
    Entered,
    /// Some roles.
    Roles(&'static [Role]),
}

impl Who {
    /// Whether a role may come.
    pub(crate) fn lets(self, role: Role) -> bool {
        match self {
            Self::Roles(roles) => roles.contains(&role),
            _ => true,
        }
    }
}

/// Lets in who may come; makes a page of an error for them.
pub(crate) async fn admit(
    State((app, who)): State<(App, Who)>,
    mut request: Request,
    next: Next,
) -> Response {
    if matches!(who, Who::Machine) {
        return next.run(request).await;
    }
    let (method, uri, headers) = (request.method().clone(), request.uri().clone(), request.headers().clone());
    let entered = match known(&app, &headers, &uri).await {
        Ok(entered) => entered,
        Err(error) => return error.into_response(),
    };
    let answer = match refuse(who, entered.as_ref(), (&method, &uri, &headers)) {
        Some(answer) => answer,
        None => {
            if let Some(entered) = &entered {
                request.extensions_mut().insert(entered.clone());
            }
            readable(next.run(request).await)
        }
    };
    let door = AtDoor { app, headers, uri };
    as_page(entered.as_ref(), &door, answer)
}

/// Who the session of a request belongs to.
async fn known(app: &App, headers: &HeaderMap, uri: &axum::http::Uri) -> Result<Option<Entered>, PageError> {
    let Some((tenant, secret)) = session_of(headers) else { return Ok(None) };
    let (app, headers, uri) = (app.clone(), headers.clone(), uri.clone());
    let look = move || {
        let Some(tenant) = app.tenant(tenant)? else { return Ok(None) };
        let now = (app.parts.clock)();
        let mut session = app.parts.pool.session()?;
        let Some(visitor) = doors::enter(&mut session, &tenant, &secret, now)? else { return Ok(None) };
        Ok(Some(Entered::new(&app, tenant, (visitor, secret), (&headers, &uri), now)?))
    };
    tokio::task::spawn_blocking(look).await.map_err(|error| PageError::Fault(error.to_string()))?
}

/// Tenant and secret of a browser's session cookie.
fn session_of(headers: &HeaderMap) -> Option<(i32, String)> {
    let cookies = CookieJar::from_headers(headers);
    let (tenant, secret) = cookies.get(SESSION)?.value().split_once('.')?;
    Some((tenant.parse().ok()?, secret.to_owned()))
}

/// The answer to whoever may not come; none: they may.
fn refuse(
    who: Who,
    entered: Option<&Entered>,
    (method, uri, headers): (&Method, &axum::http::Uri, &HeaderMap),
) -> Option<Response> {
    if matches!(who, Who::Anyone) {
        return None;
    }
    let Some(entered) = entered else { return Some(sign_in_first(method, uri, headers)) };
    if matches!(who, Who::HalfEntered) {
        return None;
    }
    match entered.visitor().before {
        Some(Before::Code) => return Some(Redirect::to("/sign-in/code").into_response()),
        Some(Before::Enrol) => return Some(Redirect::to("/me/second-factor").into_response()),
        None => {}
    }
    (!who.lets(entered.role())).then(|| PageError::NotFound.into_response())
}

/// A person is led to the door, and back from there; a script is told.
fn sign_in_first(method: &Method, uri: &axum::http::Uri, headers: &HeaderMap) -> Response {
    let mut answer = if method == Method::GET && wants_page(headers) {
        let back = uri.path_and_query().map_or("/", axum::http::uri::PathAndQuery::as_str);
        let query: String =
            url::form_urlencoded::Serializer::new(String::new()).append_pair("next", back).finish();
        Redirect::to(&format!("/sign-in?{query}")).into_response()
    } else {
        refusal(StatusCode::UNAUTHORIZED, "sign_in")
    };
    if session_of(headers).is_some() {
        forget(answer.headers_mut(), SESSION);
    }
    answer
}

/// A path that cannot be read names nothing: what axum says of it in plain text is answered as what does not exist.
fn readable(answer: Response) -> Response {
    let plain = answer
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain"));
    if answer.status() == StatusCode::BAD_REQUEST && plain {
        PageError::NotFound.into_response()
    } else {
        answer
    }
}

/// An error as a page in the reader's words, where a page is wished for.
fn as_page(entered: Option<&Entered>, door: &AtDoor, answer: Response) -> Response {
    let Some(Told(error)) = answer.extensions().get::<Told>().cloned() else { return answer };
    if !wants_page(&door.headers) {
        return answer;
    }
    let told = match entered {
        Some(entered) => entered.frame().told(&error, answer.status()),
        None => door.told(&error, answer.status()),
    };
    let Ok(mut page) = told else { return answer };
    page.extensions_mut().insert(Told(error));
    page
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepts.is_some_and(|accepts| accepts.contains("text/html"))
}
