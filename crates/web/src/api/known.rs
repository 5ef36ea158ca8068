//! Whose token it is. Requests that show the same token while it is being looked up are told by the next look, all by one:
//! a look that begins after a request came is as good as its own, so that a revoked token is refused from the next
//! request on, however many there are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use farsight_control::tokens::{self, Bearer};
use farsight_store::registry::Tenant;
use farsight_store::tokens::Held;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use tokio::sync::OwnedMutexGuard;

use super::problem::{Given, Problem};
use crate::App;

/// The tenant of a token and what it may; none: it holds no more, or there never was one.
pub(crate) type Whose = Option<(Tenant, Held)>;
type Look = Shared<BoxFuture<'static, Given<Whose>>>;

/// The looks at one token.
#[derive(Default)]
struct Looks {
    /// Held by the look that is under way.
    turn: Arc<tokio::sync::Mutex<()>>,
    /// The one that has not begun: whoever comes now is told by it.
    next: Option<Look>,
}

/// With more tokens than these at a time, those that nobody waits for any more are let go.
const MANY: usize = 1_000;

/// The looks at all tokens that are shown just now.
#[derive(Clone, Default)]
pub(crate) struct Known(Arc<Mutex<HashMap<Bearer, Looks>>>);

impl Known {
    /// Whose the token is, by a look that has not begun yet.
    pub(crate) async fn whose(&self, app: &App, bearer: Bearer) -> Given<Whose> {
        self.next(app, bearer).await
    }

    fn next(&self, app: &App, bearer: Bearer) -> Look {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if looks.len() >= MANY {
            // Whoever asked may have gone before their look began: then the map alone holds it.
            let waited_for = |next: &Look| next.strong_count().is_some_and(|held| held > 1);
            looks.retain(|_, of| of.next.as_ref().is_none_or(waited_for));
        }
        let of = looks.entry(bearer.clone()).or_default();
        if let Some(next) = &of.next {
            return next.clone();
        }
        let (known, app, turn) = (self.clone(), app.clone(), Arc::clone(&of.turn));
        let look = async move {
            let begun = known.begin(bearer, turn.lock_owned().await);
            let look = move || look_up(&app, &begun.bearer);
            tokio::task::spawn_blocking(look).await.map_err(|error| Problem::fault(&error.to_string()))?
        };
        of.next.insert(look.boxed().shared()).clone()
    }

    /// Whoever comes from now on is told by another look.
    fn begin(&self, bearer: Bearer, turn: OwnedMutexGuard<()>) -> Begun {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of) = looks.get_mut(&bearer) {
            of.next = None;
        }
        Begun { known: self.clone(), bearer, _turn: turn }
    }
}

/// A look under way, until it is dropped.
struct Begun {
    known: Known,
    bearer: Bearer,
    _turn: OwnedMutexGuard<()>,
}

impl Drop for Begun {
    fn drop(&mut self) {
        let mut looks = self.known.0.lock().unwrap_or_else(PoisonError::into_inner);
        if looks.get(&self.bearer).is_some_and(|of| of.next.is_none()) {
            looks.remove(&self.bearer);
        }
    }
}

fn look_up(app: &App, bearer: &Bearer) -> Given<Whose> {
    let fault = |error: farsight_store::StoreError| Problem::fault(&error.to_string());
    let Some(tenant) = app.tenant(bearer.tenant).map_err(fault)? else { return Ok(None) };
    let mut session = app.parts.pool.session().map_err(fault)?;
    let held = tokens::known(&mut session, &tenant, bearer, (app.parts.clock)())?;
    Ok(held.map(|held| (tenant, held)))
}
