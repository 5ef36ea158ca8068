//! `/me`: one's own password, second factor, browsers, and what reaches oneself.

pub(crate) mod telling;

use axum::Form;
use axum::extract::Path;
use farsight_control::doors;
use farsight_control::telling::Wish;
use farsight_ledger::settlement::Role;
use minijinja::value::merge_maps;
use minijinja::{Value, context};
use qrcode::QrCode;
use qrcode::render::svg;
use serde::Deserialize;
use serde_json::json;

use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::sign_in::{Code, refused};
use crate::views::value;

/// Oneself.
pub(crate) async fn show(entered: Entered) -> PageResult {
    let context = own(&entered, None).await?;
    entered.page("me/me.html", context)
}

/// What the page of oneself shows; `typed` is a wish that was refused.
async fn own(entered: &Entered, typed: Option<Wish>) -> Result<Value, PageError> {
    let (user, secret) = (entered.user(), entered.secret().to_owned());
    let sessions = entered.at_desk(move |desk| doors::sessions(desk, user, &secret)).await?;
    let sessions: Vec<_> = sessions
        .into_iter()
        .map(|(session, own)| {
            json!({
                "id": hex::encode(&session.secret), "own": own, "browser": session.browser, "address": session.address,
                "begun_at": session.begun_at.0, "seen_at": session.seen_at.0,
            })
        })
        .collect();
    let account = &entered.visitor().account;
    let moves_money =
        matches!(account.role, Role::Finance | Role::Hq | Role::RegionalManager | Role::Operator);
    let scope = if account.dealers.is_empty() { entered.regions() } else { entered.dealers() };
    let context = context! {
        sessions => value(sessions),
        second_factor => account.totp_confirmed,
        moves_money,
        scope => scope.join(", "),
    };
    Ok(merge_maps([context, telling::heard(entered, typed).await?]))
}

/// A change of password.
#[derive(Deserialize)]
pub(crate) struct Change {
    #[serde(default)]
    old: String,
    #[serde(default)]
    new: String,
}

/// Changes the password.
pub(crate) async fn change_password(entered: Entered, Form(typed): Form<Change>) -> PageResult {
    let (email, secret, app) =
        (entered.email().to_owned(), entered.secret().to_owned(), entered.app().clone());
    let change = entered.at_desk(move |desk| {
        doors::change_password(desk, &app.parts.sealer, (&email, &secret), (&typed.old, &typed.new))
    });
    match change.await? {
        Ok(()) => Ok(entered.onward("/me", "password-set")),
        Err(refusal) => {
            let context = own(&entered, None).await?;
            refused(&entered, "me/me.html", refusal, context)
        }
    }
}

/// The second factor: a picture to scan, and a code to show that it works.
pub(crate) async fn second_factor(entered: Entered) -> PageResult {
    let context = enrolment(&entered).await?;
    entered.page("me/second-factor.html", context)
}

async fn enrolment(entered: &Entered) -> Result<Value, PageError> {
    // Whoever has one shows its code first; here a new one may be set up only by somebody wholly in.
    let (user, app) = (entered.user(), entered.app().clone());
    if entered.visitor().before == Some(doors::Before::Code) {
        return Err(PageError::NotFound);
    }
    let enrolment = entered.at_desk(move |desk| doors::enrol(desk, &app.parts.sealer, user)).await?;
    let code = QrCode::new(enrolment.url.as_bytes()).map_err(|error| PageError::Fault(error.to_string()))?;
    let picture = code.render::<svg::Color>().min_dimensions(220, 220).quiet_zone(true).build();
    // Without its XML declaration it stands in a page.
    let picture = picture.find("<svg").map_or(String::new(), |at| picture[at..].to_owned());
    Ok(context! { seed => enrolment.seed, picture => Value::from_safe_string(picture) })
}

/// Takes the first code of a new second factor.
pub(crate) async fn confirm(entered: Entered, Form(typed): Form<Code>) -> PageResult {
    if entered.visitor().before == Some(doors::Before::Code) {
        return Err(PageError::NotFound);
    }
    let (user, secret, app) = (entered.user(), entered.secret().to_owned(), entered.app().clone());
    let confirm =
        entered.at_desk(move |desk| doors::confirm(desk, &app.parts.sealer, (user, &secret), &typed.code));
    match confirm.await? {
        Ok(()) => Ok(entered.onward("/", "second-factor-set")),
        Err(refusal) => {
            let context = enrolment(&entered).await?;
            refused(&entered, "me/second-factor.html", refusal, context)
        }
    }
}

/// Takes the second factor away.
pub(crate) async fn take_away(entered: Entered) -> PageResult {
    let user = entered.user();
    match entered.at_desk(move |desk| doors::take_away(desk, user)).await? {
        Ok(()) => Ok(entered.onward("/me", "second-factor-gone")),
        Err(refusal) => {
            let context = own(&entered, None).await?;
            refused(&entered, "me/me.html", refusal, context)
        }
    }
}

/// Signs out everywhere else.
pub(crate) async fn end_others(entered: Entered) -> PageResult {
    let (user, secret) = (entered.user(), entered.secret().to_owned());
    entered.at_desk(move |desk| doors::end_others(desk, user, &secret)).await?;
    Ok(entered.onward("/me", "sessions-ended"))
}

/// Signs one browser out.
pub(crate) async fn end_one(entered: Entered, Path(session): Path<String>) -> PageResult {
    let user = entered.user();
    let ended = entered.at_desk(move |desk| doors::end_one(desk, user, &session)).await?;
    if ended { Ok(entered.onward("/me", "sessions-ended")) } else { Err(PageError::NotFound) }
}
