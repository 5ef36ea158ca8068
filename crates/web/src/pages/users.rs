//! `/users`: who may enter, as what, and seeing what.

use axum::Form;
use axum::extract::Path;
use farsight_control::users;
use farsight_ledger::settlement::Role;
use farsight_store::users::{Listed, User};
use minijinja::value::merge_maps;
use minijinja::{Value, context};
use serde::{Deserialize, Serialize};

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::cases;
use crate::pages::settlements::part;
use crate::table::{Cell, Column, Kind, Table, Tone};
use crate::views::value;

fn roles() -> Value {
    value(Role::ALL.map(Role::name))
}

/// All users.
pub(crate) async fn list(entered: Entered, ask: Ask) -> PageResult {
    all(&entered, &ask, context! { typed => value(Typed::default()) }).await
}

/// The list, with the form of a new user as it stands: `typed`, and `refused` where it was.
async fn all(entered: &Entered, ask: &Ask, form: Value) -> PageResult {
    let asked = ask.clone();
    let (listed, total) = entered
        .at_desk(move |desk| users::list(desk, asked.get("role"), asked.get("q"), part(&asked)))
        .await?;
    let mut rows = Vec::new();
    for user in listed {
        rows.push(row(entered, user)?);
    }
    let table = Table {
        name: "users",
        columns: vec![
            Column::new("email", Kind::Text).labelled("users.email").sorts(),
            Column::new("name", Kind::Text).labelled("users.name").sorts(),
            Column::new("role", Kind::Text).labelled("users.role").sorts(),
            Column::new("scope", Kind::Text).labelled("users.scope"),
            Column::new("state", Kind::Text).labelled("users.state"),
            Column::new("second_factor", Kind::Text).labelled("users.second-factor"),
            Column::new("seen", Kind::Instant).labelled("users.seen").sorts(),
        ],
        rows,
        total,
        empty: "users.empty",
    };
    table.answer(entered, ask, "users/users.html", || Ok(merge_maps([context! { roles => roles() }, form])))
}

fn row(entered: &Entered, user: Listed) -> Result<Vec<Cell>, PageError> {
    let reading = entered.frame().reading();
    let (tone, state) = match (user.disabled, user.has_password || user.provider.is_some()) {
        (true, _) => (Tone::Critical, "users.disabled"),
        (false, true) => (Tone::Good, "users.enters"),
        (false, false) => (Tone::Notice, "users.invited"),
    };
    let second = if user.second_factor { "users.yes" } else { "users.no" };
    Ok(vec![
        Cell::link(&user.email, format!("/users/{}", user.user)),
        Cell::text(user.name),
        Cell::text(reading.say(&format!("user-role.{}", user.role), &[])?),
        Cell::text([user.regions, user.dealers].concat().join(", ")),
        Cell::State(tone, reading.say(state, &[])?),
        Cell::text(reading.say(second, &[])?),
        Cell::of(user.seen_at, |at| Cell::Instant(farsight_rulebook::time::Instant(at))),
    ])
}

/// What is typed about a user.
#[derive(Deserialize, Serialize, Clone, Default)]
pub(crate) struct Typed {
    #[serde(default)]
    email: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    regions: String,
    #[serde(default)]
    dealers: String,
}

impl Typed {
    fn user(&self) -> Result<User, PageError> {
        let codes = |text: &str| -> Vec<String> {
            text.split([',', ' ', ';', '，', '、', '\n', '\r'])
                .filter(|code| !code.is_empty())
                .map(str::to_owned)
                .collect()
        };
        Ok(User {
            email: self.email.clone(),
            role: Role::named(&self.role).ok_or(PageError::NotFound)?,
            regions: codes(&self.regions),
            dealers: codes(&self.dealers),
        })
    }
}

/// Adds a user.
pub(crate) async fn add(entered: Entered, Form(typed): Form<Typed>) -> PageResult {
    let (user, name) = (typed.user()?, typed.name.clone());
    match entered.at_desk(move |desk| users::enrol(desk, &user, &name)).await {
        Ok(number) => Ok(entered.onward(&format!("/users/{number}"), "user-added")),
        Err(error) => {
            let form = context! { refused => cases::refused(&entered, error)?, typed => value(typed) };
            cases::unprocessed(all(&entered, &Ask::read("/users", ""), form).await)
        }
    }
}

fn number(text: &str) -> Result<i32, PageError> {
    text.parse().map_err(|_| PageError::NotFound)
}

/// One user.
pub(crate) async fn show(entered: Entered, Path(user): Path<String>) -> PageResult {
    page(&entered, &user, context! {}).await
}

/// The page of a user; `more` has a `link` that was made, or what was `typed` and why it was `refused`.
async fn page(entered: &Entered, user: &str, more: Value) -> PageResult {
    let user = number(user)?;
    let user = entered.at_desk(move |desk| users::one(desk, user)).await?;
    let own = user.email == entered.email();
    let (regions, dealers) = (user.regions.join(", "), user.dealers.join(", "));
    let typed = Typed {
        name: user.name.clone(),
        role: user.role.clone(),
        regions: regions.clone(),
        dealers: dealers.clone(),
        ..Typed::default()
    };
    let context =
        context! { user => value(user), regions, dealers, own, typed => value(typed), roles => roles() };
    entered.page("users/user.html", merge_maps([context, more]))
}

/// On to the user's page where it was done; else the page again, with why not and what was typed.
async fn onward(
    entered: &Entered,
    user: &str,
    done: Result<&str, PageError>,
    typed: Option<Typed>,
) -> PageResult {
    match done {
        Ok(said) => Ok(entered.onward(&format!("/users/{user}"), said)),
        Err(error) => {
            let refused = cases::refused(entered, error)?;
            let more = match typed {
                Some(typed) => context! { refused, typed => value(typed) },
                None => context! { refused },
            };
            cases::unprocessed(page(entered, user, more).await)
        }
    }
}

/// Gives a user another role, scope or name.
pub(crate) async fn change(
    entered: Entered,
    Path(user): Path<String>,
    Form(typed): Form<Typed>,
) -> PageResult {
    let named = number(&user)?;
    let exists = entered.at_desk(move |desk| users::one(desk, named)).await;
    exists?;
    let (wished, name) = (typed.user()?, typed.name.clone());
    let done = entered.at_desk(move |desk| users::change(desk, named, wished, &name)).await;
    onward(&entered, &user, done.map(|_| "user-changed"), Some(typed)).await
}

/// Lets a user enter no more.
pub(crate) async fn disable(entered: Entered, Path(user): Path<String>) -> PageResult {
    let named = number(&user)?;
    let done = entered.at_desk(move |desk| users::let_in(desk, named, false)).await;
    onward(&entered, &user, done.map(|()| "user-disabled"), None).await
}

/// Lets a user enter again.
pub(crate) async fn enable(entered: Entered, Path(user): Path<String>) -> PageResult {
    let named = number(&user)?;
    let done = entered.at_desk(move |desk| users::let_in(desk, named, true)).await;
    onward(&entered, &user, done.map(|()| "user-enabled"), None).await
}

/// Shows a link to set a password by, once.
pub(crate) async fn invite(entered: Entered, Path(user): Path<String>) -> PageResult {
    let (named, app) = (number(&user)?, entered.app().clone());
    match entered.at_desk(move |desk| users::invite(desk, &app.parts.sealer, named)).await {
        Ok(path) => {
            let link = format!("{}{path}", entered.app().parts.front.address);
            page(&entered, &user, context! { link }).await
        }
        Err(error) => onward(&entered, &user, Err(error), None).await,
    }
}
