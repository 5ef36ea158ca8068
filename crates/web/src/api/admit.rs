//! Who may call what: the layer around each operation that knows the token, and refuses.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use farsight_control::ControlError;
use farsight_control::tokens::{self, Bearer};
use farsight_rulebook::tables;
use farsight_rulebook::time::Instant;
use farsight_store::registry::Tenant;
use farsight_store::tokens::Held;

use super::caller::Caller;
use super::operation::{Going, Needs};
use super::problem::{Given, Problem};
use crate::App;
use crate::admit::Who;
use crate::reader::Reader;

/// What stands before an operation.
#[derive(Clone)]
pub(crate) struct Gate {
    pub(crate) app: App,
    pub(crate) who: Who,
    pub(crate) needs: Needs,
    pub(crate) goes: Option<Going>,
}

/// Lets in which machine may call.
pub(crate) async fn admit(State(gate): State<Gate>, mut request: Request, next: Next) -> Response {
    let (called, goes) = (Called::of(&request), gate.goes);
    let mut answer = match gate.let_in(&called).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(problem) => problem.into_response(),
    };
    if let Some(going) = goes {
        going.tell(answer.headers_mut());
    }
    answer
}

/// What of a request tells who calls for what.
struct Called {
    headers: HeaderMap,
    /// The last part of the path: where facts are sent, their table.
    last: String,
}

impl Called {
    fn of(request: &Request) -> Self {
        let last = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
        Self { headers: request.headers().clone(), last }
    }
}

fn strange() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "token",
        "no token, or one that does not hold (any more): send `Authorization: Bearer fsk_…`",
    )
}

impl Gate {
    async fn let_in(&self, called: &Called) -> Given<Caller> {
        let bearer = bearer(&called.headers).ok_or_else(strange)?;
        let (tenant, held) = self.app.known.whose(&self.app, bearer).await?.ok_or_else(strange)?;
        let now = (self.app.parts.clock)();
        let token = (tenant.id, held.token);
        if let Err(wait) = self.app.calls.check(token, held.rate) {
            return Err(Problem::new(
                StatusCode::TOO_MANY_REQUESTS,
                "too_many_requests",
                "more requests than this token may send in a minute: wait as Retry-After says",
            )
            .later(wait));
        }
        if !self.who.lets(held.role) {
            return Err(Problem::not_found());
        }
        let what = self.needs.of(&held, &called.last)?;
        let simulated = simulated_now(&tenant, &called.headers)?;
        let reader = Reader::of(&called.headers, "");
        let caller = Caller::new(&self.app, tenant, held, reader, (now, simulated))?;
        if self.app.calls.is_news(token, &what, now) {
            self.note_use(&caller, what, now).await?;
        }
        Ok(caller)
    }

    /// Writes a use of a token down.
    async fn note_use(&self, caller: &Caller, what: String, now: Instant) -> Given<()> {
        let (caller, calls) = (caller.clone(), Arc::clone(&self.app.calls));
        let token = (caller.tenant().id, caller.held().token);
        let noting = tokio::task::spawn_blocking(move || {
            tokens::note_use(&mut caller.desk(now)?, token.1, &what)?;
            calls.note(token, &what);
            Ok::<_, ControlError>(())
        });
        Ok(noting.await.map_err(|error| Problem::fault(&error.to_string()))??)
    }
}

/// By which a caller of a simulated tenant says what the present moment is.
const NOW: &str = "farsight-now";

/// The present moment that a request to a simulated tenant says. Tokens hold by the real one.
fn simulated_now(tenant: &Tenant, headers: &HeaderMap) -> Given<Option<Instant>> {
    let Some(told) = headers.get(NOW) else { return Ok(None) };
    if !tenant.simulated {
        let why =
            "this tenant is real: its time is the present; leave Farsight-Now out, or use a simulated tenant";
        return Err(Problem::refused("not_simulated", why));
    }
    let unreadable =
        || Problem::refused("bad_now", "Farsight-Now is no moment: write it like 2026-03-05T14:30:00+08:00");
    let told = told.to_str().map_err(|_| unreadable())?;
    let read = told.parse::<jiff::Timestamp>().ok().and_then(Instant::exactly);
    read.map(Some).ok_or_else(unreadable)
}

/// The token of a request.
fn bearer(headers: &HeaderMap) -> Option<Bearer> {
    let (scheme, shown) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") { Bearer::read(shown.trim()) } else { None }
}

impl Needs {
    /// What a token is used for, in a word, where it may be.
    fn of(self, held: &Held, table: &str) -> Given<String> {
        let (may, what) = match self {
            Self::Nothing => (true, "read".to_owned()),
            Self::Read => (held.reads, "read".to_owned()),
            Self::Act => (held.acts, "act".to_owned()),
            Self::Send if tables::table(table).is_none() => return Err(Problem::not_found()),
            Self::Send => (held.sends(table), format!("write {table}")),
        };
        if may {
            return Ok(what);
        }
        Err(Problem::new(
            StatusCode::FORBIDDEN,
            "token_may_not",
            format!("this token may not {what}: use another, or have one made that may"),
        ))
    }
}
