//! `/board`: the morning board of whoever leads dealers. Every number leads to what it is made of.

use farsight_control::board::{self, Board, Progress};
use farsight_rulebook::policy::Severity;
use farsight_store::board::{Clock, ClockKind};
use farsight_store::figures::RegionMonth;
use minijinja::context;
use serde_json::{Value, json};

use crate::drawing::{self, Dot, picture};
use crate::entered::Entered;
use crate::page::{PageError, PageResult};
use crate::pages::dealers::worded;
use crate::views::{Reading, value};

/// The board.
pub(crate) async fn show(entered: Entered) -> PageResult {
    let board = entered.at_desk(board::board).await?;
    let reading = entered.frame().reading();
    let strip = strip(&board, &reading)?;
    let map = map(&board, &reading)?;
    let context = context! {
        figures_at => board.figures_at.map(|at| at.0),
        today => board.today.to_string(),
        strip => minijinja::Value::from(strip),
        map => picture(map),
        dealers => board.dots.len(),
        counts => value(counts(&board)),
        draw => progress(&board.draw, "board.draw", &reading)?,
        follow_ups => progress(&board.follow_ups, "board.follow-ups", &reading)?,
        clocks_total => board.clocks_total,
        clocks => value(board.clocks.iter().map(|clock| {
            let mut row = clock_row(clock, &reading);
            row["name"] = json!(name_of(&board, &clock.dealer));
            row
        }).collect::<Vec<_>>()),
        away_total => board.away_total,
        away => value(board.away.iter().map(|it| json!({
            "camera": it.camera, "dealer": it.dealer, "name": name_of(&board, &it.dealer), "since": it.since.0, "reason": it.reason,
        })).collect::<Vec<_>>()),
        silent => value(board.silent_feeds.iter().map(|table| worded(&reading, "table", table)).collect::<Vec<_>>()),
        balances => minijinja::Value::from(balances(&board, &reading)?),
        settling => value(board.settling.map(|it| json!({
            "months": it.months, "average": one_decimal(it.days, it.months), "slowest": it.slowest_days,
        }))),
        waiting => value(board.months.last().map(|month| json!({ "now": month.waiting }))),
        waited => value(waited(&board.months)),
    };
    entered.page("board/board.html", context)
}

/// A dealer's name, of those on the map; the code of another.
fn name_of<'b>(board: &'b Board, dealer: &'b str) -> &'b str {
    board.dots.iter().find(|dot| dot.dealer == dealer).map_or(dealer, |dot| &dot.name)
}

/// Where a clock leads, and what it says.
pub(crate) fn clock_row(clock: &Clock, reading: &Reading) -> Value {
    let to = match (clock.alert, clock.kind) {
        (Some(alert), _) => format!("/alerts/{alert}"),
        (None, ClockKind::Appeal) => format!("/appeals/{}", clock.subject),
        (None, _) => format!("/complaints/{}", clock.subject),
    };
    json!({
        "kind": clock.kind.name(), "dealer": clock.dealer, "subject": clock.subject, "to": to,
        "due_at": clock.due_at.0, "due": reading.moment(clock.due_at),
    })
}

/// A ratio with one decimal; none: nothing to divide by.
pub(crate) fn one_decimal(above: i64, below: i64) -> Option<String> {
    ratio(above, below).map(|ratio| format!("{ratio:.1}"))
}

/// A ratio, for drawing and showing only.
pub(crate) fn ratio(above: i64, below: i64) -> Option<f64> {
    (below != 0).then(|| above as f64 / below as f64)
}

fn percent(ratio: Option<f64>) -> Option<String> {
    ratio.map(|ratio| format!("{:.1} %", ratio * 100.0))
}

/// One figure of the strip.
struct Figure {
    key: &'static str,
    to: &'static str,
    shown: Option<String>,
    month: Option<String>,
    beside: Option<String>,
    of_months: Vec<Option<f64>>,
}

/// The last month with a figure.
fn latest<T>(months: &[RegionMonth], of: impl Fn(&RegionMonth) -> Option<T>) -> Option<(String, T)> {
    months.iter().rev().find_map(|month| of(month).map(|it| (month.month.to_string(), it)))
}

fn figures(months: &[RegionMonth], reading: &Reading) -> [Figure; 5] {
    let of = |figure: fn(&RegionMonth) -> Option<f64>| months.iter().map(figure).collect::<Vec<_>>();
    let turnover = |month: &RegionMonth| ratio(month.base_customers, month.bays);
    let passed = |month: &RegionMonth| ratio(month.passed, month.passed + month.failed);
    let cover = |month: &RegionMonth| ratio(month.covered, month.required);
    let against = |month: &RegionMonth| ratio(month.penalties.0, -month.incentives.0);
    let (turnover_now, passed_now, cover_now, against_now) =
        (latest(months, turnover), latest(months, passed), latest(months, cover), latest(months, against));
    let last = months.last();
    let split =
        |now: Option<(String, f64)>, say: fn(f64) -> String| now.map(|(month, it)| (month, say(it))).unzip();
    let (turnover_month, turnover_shown) = split(turnover_now, |it| format!("{it:.1}"));
    let (passed_month, passed_shown) = split(passed_now, |it| format!("{:.1} %", it * 100.0));
    let (cover_month, cover_shown) = split(cover_now, |it| format!("{:.1} %", it * 100.0));
    let (against_month, against_shown) = split(against_now, |it| format!("{it:.1} : 1"));
    let money = latest(months, |month| against(month).map(|_| month.clone())).map(|(_, month)| {
        format!("{} : {}", reading.money(month.penalties.0), reading.money(month.incentives.0))
    });
    [
        Figure {
            key: "turnover",
            to: "/dealers?sort=-turnover",
            shown: turnover_shown,
            month: turnover_month,
            beside: None,
            of_months: of(turnover),
        },
        Figure {
            key: "complaints",
            to: "/dealers?sort=-complaints",
            shown: last.map(|month| month.complaints_open.to_string()),
            month: None,
            beside: last.map(|month| month.complaints_overdue.to_string()),
            of_months: of(|month| Some(month.complaints_open as f64)),
        },
        Figure {
            key: "pass-rate",
            to: "/dealers?sort=pass-rate",
            shown: passed_shown,
            month: passed_month,
            beside: None,
            of_months: of(passed),
        },
        Figure {
            key: "cover",
            to: "/dealers?sort=cover",
            shown: cover_shown,
            month: cover_month,
            beside: None,
            of_months: of(cover),
        },
        Figure {
            key: "balance",
            to: "/entries",
            shown: against_shown,
            month: against_month,
            beside: money,
            of_months: of(against),
        },
    ]
}

fn strip(board: &Board, reading: &Reading) -> Result<Vec<minijinja::Value>, PageError> {
    let one = |figure: Figure| -> Result<minijinja::Value, PageError> {
        let label = reading.say(&format!("board.{}-spark", figure.key), &[])?;
        Ok(context! {
            key => figure.key, to => figure.to, shown => figure.shown, month => figure.month, beside => figure.beside,
            spark => picture(drawing::sparkline(&figure.of_months, &label)),
        })
    };
    figures(&board.months, reading).into_iter().map(one).collect()
}

/// How many dealers stand at each severity.
fn counts(board: &Board) -> Value {
    let of = |worst| board.dots.iter().filter(|dot| dot.worst == worst).count();
    json!({
        "critical": of(Severity::Critical), "warning": of(Severity::Warning), "notice": of(Severity::Notice),
        "good": of(Severity::None),
    })
}

fn map(board: &Board, reading: &Reading) -> Result<String, PageError> {
    let said = |worst| worded(reading, "dealers", worst_key(worst));
    let severities =
        [Severity::None, Severity::Notice, Severity::Warning, Severity::Critical].map(|it| (it, said(it)));
    let mut words = Vec::new();
    for dot in &board.dots {
        let worst =
            severities.iter().find(|(severity, _)| *severity == dot.worst).map_or("", |(_, said)| said);
        words.push((format!("{} {} · {worst}", dot.dealer, dot.name), format!("/dealers/{}", dot.dealer)));
    }
    let dots = board.dots.iter().zip(&words);
    let dots: Vec<Dot> = dots
        .map(|(dot, (title, to))| Dot { lat: dot.lat, lon: dot.lon, title, to, worst: dot.worst })
        .collect();
    Ok(drawing::map(&dots, &reading.say("board.map", &[])?))
}

/// The message `dealers.KEY` of a worst alert.
pub(crate) const fn worst_key(worst: Severity) -> &'static str {
    match worst {
        Severity::Critical => "worst-critical",
        Severity::Warning => "worst-warning",
        Severity::Notice => "worst-notice",
        Severity::None => "worst-none",
    }
}

fn progress(it: &Progress, key: &str, reading: &Reading) -> Result<minijinja::Value, PageError> {
    let label = reading.say(key, &[])?;
    let bar = drawing::stacked(
        &[("good", it.inspectable), ("warning", it.not_visible), ("rest", it.waiting)],
        &format!("{label}: {}/{}", it.inspectable + it.not_visible, it.planned),
    );
    Ok(context! {
        planned => it.planned, inspectable => it.inspectable, not_visible => it.not_visible, waiting => it.waiting,
        bar => picture(bar),
    })
}

fn balances(board: &Board, reading: &Reading) -> Result<Vec<minijinja::Value>, PageError> {
    let one = |it: &board::Balance| -> Result<minijinja::Value, PageError> {
        let label = reading.say("board.balance-bar", &[])?;
        let parts = [("critical", -it.penalties.0), ("good", it.incentives.0)];
        Ok(context! {
            region => it.region.clone(), name => it.name.clone(), penalties => it.penalties.0, incentives => it.incentives.0,
            reversals => it.reversals.0, against => one_decimal(it.penalties.0, -it.incentives.0),
            bar => picture(drawing::stacked(&parts, &label)),
        })
    };
    board.balances.iter().map(one).collect()
}

/// The time that complaints waited for the manufacturer, over the months shown: on average, in hours.
fn waited(months: &[RegionMonth]) -> Option<Value> {
    let waits: i64 = months.iter().map(|month| month.waits).sum();
    let minutes: i64 = months.iter().map(|month| month.waited_minutes).sum();
    one_decimal(minutes, waits * 60).map(|hours| json!({ "waits": waits, "hours": hours }))
}

/// A share in words; for figures beside others.
pub(crate) fn share_of(part: i64, whole: i64) -> Option<String> {
    percent(ratio(part, whole))
}
