//! `/desk`: the inspection desk. The day's visits, one visit with its pictures and items, and the second act: confirm.

use axum::Form;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect};
use farsight_control::ControlError;
use farsight_control::evidence::Copy;
use farsight_control::inspections::{self, Item, Mark, Queued, Sheet};
use farsight_control::visits::{self, Subject};
use farsight_rulebook::facts::InspectionResult;
use jiff::civil::Date;
use minijinja::{Value, context};
use serde::Deserialize;
use serde_json::json;

use crate::ask::Ask;
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::evidence;
use crate::pages::inspections::{RESULTS, said};
use crate::table::{Cell, Column, Kind, Table, Tone};
use crate::views::value;

/// Keys for the items, in their order on a keyboard.
const KEYS: [&str; 12] = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "0", "-", "="];

/// On to the day with something to judge, or today.
pub(crate) async fn today(entered: Entered) -> PageResult {
    let today = entered.zone().date(entered.now());
    let days = entered.at_desk(inspections::days).await?;
    let day = days.first().map_or(today, |(day, _)| *day);
    Ok(Redirect::to(&format!("/desk/{day}")).into_response())
}

/// A day's visits, those to judge first.
pub(crate) async fn day(entered: Entered, Path(day): Path<Date>, ask: Ask) -> PageResult {
    let (queue, days) =
        entered.at_desk(move |desk| Ok((inspections::queue(desk, day)?, inspections::days(desk)?))).await?;
    let to_judge = queue.iter().filter(|queued| waits(queued)).count();
    let next = queue.iter().find(|queued| waits(queued)).map(|queued| queued.dealer.clone());
    let reading = entered.frame().reading();
    let rows = queue.iter().map(|queued| {
        Ok(vec![
            Cell::link(named(queued), format!("/desk/{day}/{}", queued.dealer)),
            Cell::text(queued.dealer.clone()),
            Cell::text(reading.say(&format!("inspections.kind-{}", queued.kind), &[])?),
            stands(&entered, queued)?,
            Cell::Count(queued.pictures),
            Cell::Count(queued.in_doubt),
            Cell::Count(queued.judged),
            Cell::of(queued.judged_by.clone(), Cell::text),
        ])
    });
    let rows = rows.collect::<Result<Vec<_>, PageError>>()?;
    let table = Table {
        name: "desk",
        columns: vec![
            Column::new("name", Kind::Text),
            Column::new("dealer", Kind::Text).labelled("inspections.code"),
            Column::new("kind", Kind::Text).labelled("inspections.kind"),
            Column::new("state", Kind::Text),
            Column::new("pictures", Kind::Count).labelled("desk.pictures"),
            Column::new("in_doubt", Kind::Count).labelled("desk.in-doubt"),
            Column::new("judged", Kind::Count).labelled("desk.judged-items"),
            Column::new("by", Kind::Text).labelled("inspections.by"),
        ],
        total: rows.len() as i64,
        rows,
        empty: "desk.empty",
    };
    let all = queue.len();
    table.answer(&entered, &ask, "desk/day.html", || {
        let days: Vec<_> = days.iter().map(|(day, count)| json!({ "day": day, "count": count })).collect();
        Ok(context! { day => day.to_string(), days => value(days), next, to_judge, all, done => all - to_judge })
    })
}

fn waits(queued: &Queued) -> bool {
    queued.inspection.is_none() && !queued.decided
}

fn named(queued: &Queued) -> String {
    if queued.dealer_name.is_empty() { queued.dealer.clone() } else { queued.dealer_name.clone() }
}

/// How a visit stands, in shape, colour and words.
fn stands(entered: &Entered, queued: &Queued) -> Result<Cell, PageError> {
    let (tone, key) = match queued {
        Queued { inspection: Some(_), .. } => (Tone::Good, "judged"),
        Queued { decided: true, .. } => (Tone::Plain, "not-visible"),
        Queued { in_doubt: 1.., .. } => (Tone::Warning, "doubt"),
        Queued { pictures: 0, .. } => (Tone::Warning, "no-picture"),
        Queued { judged: 1.., .. } => (Tone::Notice, "draft"),
        _ => (Tone::Notice, "waits"),
    };
    Ok(Cell::State(tone, entered.frame().reading().say(&format!("desk.state-{key}"), &[])?))
}

/// A visit: its pictures, what they are compared with, and the items.
pub(crate) async fn sheet(entered: Entered, Path((day, dealer)): Path<(Date, String)>) -> PageResult {
    let sheet = entered.at_desk(move |desk| inspections::sheet(desk, day, &dealer)).await?;
    entered.page("desk/sheet.html", shown(&entered, &sheet))
}

fn shown(entered: &Entered, sheet: &Sheet) -> Value {
    let language = entered.reader().language;
    let item = |(item, key): (&Item, Option<&&str>)| {
        json!({
            "code": item.code, "title": said(&item.title, language), "key": key,
            "result": item.judged.as_ref().map(|judged| judged.result.clone()),
            "by": item.judged.as_ref().map(|judged| judged.by.clone()),
        })
    };
    let keys = KEYS.iter().map(Some).chain(std::iter::repeat(None));
    let items: Vec<_> = sheet.items.iter().zip(keys).map(item).collect();
    let judged = sheet.items.iter().filter(|item| item.judged.is_some()).count();
    let in_doubt = sheet.queued.as_ref().map_or(0, |queued| queued.in_doubt);
    let next = sheet.next.as_ref().map(|next| {
        let pictures: Vec<_> =
            next.pictures.iter().take(2).map(|sha| evidence::link(entered, sha, Copy::Large)).collect();
        json!({ "dealer": next.dealer, "name": next.name, "pictures": pictures })
    });
    let visit = &sheet.visit;
    context! {
        day => visit.day.to_string(),
        dealer => visit.dealer.clone(),
        name => sheet.queued.as_ref().map_or_else(|| visit.dealer.clone(), named),
        kind => visit.kind.name(),
        state => visit.state.name(),
        reason => visit.reason.clone(),
        seen_at => visit.concluded_at.map(|at| at.0),
        decided_by => visit.decided_by.clone(),
        inspection => sheet.queued.as_ref().and_then(|queued| queued.inspection.clone()),
        judged_by => sheet.queued.as_ref().and_then(|queued| queued.judged_by.clone()),
        pictures => evidence::pictures(entered, &sheet.pictures),
        items => value(items),
        judged,
        in_doubt,
        results => value(RESULTS),
        next => value(next),
        mark => sheet.mark.clone(),
    }
}

/// Judges items: a draft. `then` says where to go on.
pub(crate) async fn judge(
    entered: Entered,
    Path((day, dealer)): Path<(Date, String)>,
    Form(typed): Form<Vec<(String, String)>>,
) -> PageResult {
    let to_review = typed.iter().any(|(name, choice)| name == "then" && choice == "review");
    let here = format!("/desk/{day}/{dealer}");
    entered
        .at_desk(move |desk| {
            let marks: Vec<Mark> = typed.iter().filter_map(|(name, choice)| mark(name, choice)).collect();
            inspections::judge(desk, day, &dealer, &marks)
        })
        .await?;
    let to = if to_review { format!("{here}/confirm") } else { here };
    Ok(Redirect::to(&to).into_response())
}

/// A field `result.ITEM`; a choice that is none takes the result back.
fn mark<'m>(name: &'m str, choice: &str) -> Option<Mark<'m>> {
    let item = name.strip_prefix("result.")?;
    let result = match choice {
        "pass" => Some(InspectionResult::Pass),
        "fail" => Some(InspectionResult::Fail),
        "na" => Some(InspectionResult::NotApplicable),
        "not-visible" => Some(InspectionResult::NotVisible),
        _ => None,
    };
    Some(Mark { item, result })
}

/// What is judged, once more, before it becomes facts.
pub(crate) async fn review(entered: Entered, Path((day, dealer)): Path<(Date, String)>) -> PageResult {
    review_with(&entered, day, dealer, None).await
}

async fn review_with(entered: &Entered, day: Date, dealer: String, refusal: Option<&str>) -> PageResult {
    let sheet = entered.at_desk(move |desk| inspections::sheet(desk, day, &dealer)).await?;
    let refusal = refusal.map(|code| json!({ "code": code }));
    let whole =
        minijinja::value::merge_maps([context! { refusal => value(refusal) }, shown(entered, &sheet)]);
    entered.page("desk/confirm.html", whole)
}

/// What was seen on the page before.
#[derive(Deserialize)]
pub(crate) struct Seen {
    #[serde(default)]
    seen: String,
}

/// Confirms: from now on it is facts. On to the next visit.
pub(crate) async fn confirm(
    entered: Entered,
    Path((day, dealer)): Path<(Date, String)>,
    Form(Seen { seen }): Form<Seen>,
) -> PageResult {
    let of = dealer.clone();
    let confirmed = entered.at_desk(move |desk| {
        let next = inspections::sheet(desk, day, &of)?.next;
        match inspections::confirm(desk, day, &of, &seen) {
            Ok(_) => Ok(Ok(next)),
            Err(ControlError::Inspection(refusal)) if !ControlError::from(refusal.clone()).is_not_found() => {
                Ok(Err(refusal))
            }
            Err(other) => Err(other),
        }
    });
    match confirmed.await? {
        Ok(Some(next)) => Ok(entered.onward(&format!("/desk/{day}/{}", next.dealer), "inspection-confirmed")),
        Ok(None) => Ok(entered.onward(&format!("/desk/{day}"), "inspection-confirmed")),
        Err(refusal) => review_with(&entered, day, dealer, Some(refusal.code())).await,
    }
}

/// A person's word on what a picture, or the visit as a whole, shows.
#[derive(Deserialize)]
pub(crate) struct Word {
    /// The picture; none: the visit.
    picture: Option<i64>,
    /// `yes` or `no`: whether something can be seen.
    visible: String,
}

/// Takes a person's word on whether something can be seen.
pub(crate) async fn visible(
    entered: Entered,
    Path((day, dealer)): Path<(Date, String)>,
    Form(word): Form<Word>,
) -> PageResult {
    let here = format!("/desk/{day}/{dealer}");
    entered
        .at_desk(move |desk| {
            let by = desk.actor.clone();
            let subject = word.picture.map_or(Subject::Visit { day, dealer: &dealer }, Subject::Picture);
            visits::confirm(desk, subject, &by, word.visible != "yes")
        })
        .await?;
    Ok(entered.onward(&here, "word-taken"))
}

/// The picture to compare with from now on.
#[derive(Deserialize)]
pub(crate) struct Chosen {
    picture: i64,
}

/// Makes a picture its camera's standard.
pub(crate) async fn standard(
    entered: Entered,
    Path((day, dealer)): Path<(Date, String)>,
    Form(Chosen { picture }): Form<Chosen>,
) -> PageResult {
    entered.at_desk(move |desk| inspections::choose_standard(desk, picture)).await?;
    Ok(entered.onward(&format!("/desk/{day}/{dealer}"), "standard-chosen"))
}
