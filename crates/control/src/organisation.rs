//! Who leads which region and holds which post, and which days count as working days.

use farsight_rulebook::calendar::DayKind;
use farsight_store::organisation::{self, Post, Region};
use farsight_store::session::Isolation;
use farsight_store::settlements::Part;
use jiff::civil::Date;

use crate::{ControlError, Desk, calendars, ground};

/// A day that is not as its weekday says.
#[derive(Debug, Clone)]
pub struct SpecialDay {
    /// The day.
    pub day: Date,
    /// Whether nobody works.
    pub holiday: bool,
    /// Whether the tenant said so; otherwise it ships with the program.
    pub own: bool,
}

/// The regions today.
pub fn regions(desk: &mut Desk) -> Result<Vec<Region>, ControlError> {
    let (scope, today) = (desk.scope(), ground::zone(&desk.tenant)?.date(desk.now));
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| Ok(organisation::regions(tx, today)?))
}

/// Some posts, and how many there are.
pub fn posts(
    desk: &mut Desk,
    role: Option<&str>,
    text: Option<&str>,
    part: Part,
) -> Result<(Vec<Post>, i64), ControlError> {
    let scope = desk.scope();
    desk.session
        .transaction(scope, Isolation::ReadCommitted, |tx| Ok(organisation::posts(tx, role, text, part)?))
}

/// The days of a year that are not as their weekday says; none where the year's holidays are not known.
pub fn days(desk: &mut Desk, year: i16) -> Result<Vec<SpecialDay>, ControlError> {
    let scope = desk.scope();
    let own = desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        Ok::<_, ControlError>(organisation::own_days(tx)?)
    })?;
    let said: Vec<Date> = own.iter().map(|(day, _)| *day).collect();
    let shipped = calendars::days()?.into_iter().filter(|(day, _)| !said.contains(day));
    let shipped =
        shipped.map(|(day, kind)| SpecialDay { day, holiday: matches!(kind, DayKind::Holiday), own: false });
    let own = own.into_iter().map(|(day, kind)| SpecialDay { day, holiday: kind == "holiday", own: true });
    let mut days: Vec<SpecialDay> = shipped.chain(own).filter(|special| special.day.year() == year).collect();
    days.sort_by_key(|special| special.day);
    Ok(days)
}
