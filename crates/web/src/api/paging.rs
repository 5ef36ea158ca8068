//! What lists have in common: pieces after a cursor, amounts with their currency.

use farsight_control::pulls::{self, Mark, Pulled, Wanted};
use farsight_rulebook::money::{Currency, Money};
use farsight_rulebook::period::Period;
use farsight_rulebook::time::Instant;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::problem::{Given, Problem};

/// Objects of a piece where nobody said.
const PIECE: i64 = 100;
/// Objects of a piece at most.
const MOST: i64 = 500;

/// What of a list is asked for.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// At most so many objects.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<i64>,
    /// `next` of the piece before.
    cursor: Option<String>,
    /// Only what has changed at this moment or later, RFC 3339.
    #[param(format = DateTime)]
    since: Option<String>,
}

impl Paging {
    /// What is wanted of a list; cursors of other lists are refused.
    pub(crate) fn wanted(&self, list: &str) -> Given<Wanted> {
        let (limit, after) = bounds(list, self.limit, self.cursor.as_deref())?;
        let since = self.since.as_deref().map(moment).transpose()?;
        Ok(Wanted { after, since, limit })
    }
}

/// How many are wanted after what; cursors of other lists are refused.
pub(crate) fn bounds(list: &str, limit: Option<i64>, cursor: Option<&str>) -> Given<(i64, Mark)> {
    let limit = limit.unwrap_or(PIECE);
    if !(1..=MOST).contains(&limit) {
        return Err(Problem::refused("bad_limit", format!("limit has to be 1 to {MOST}")));
    }
    let Some(cursor) = cursor else { return Ok((limit, Mark::default())) };
    let after = pulls::mark(list, cursor).ok_or_else(|| {
        Problem::refused("bad_cursor", "no cursor of this list: take `next` of a piece as it is")
    })?;
    Ok((limit, after))
}

/// A month that is asked for.
pub(crate) fn month(asked: Option<&str>) -> Given<Option<Period>> {
    let bad = |_| Problem::refused("bad_period", "period is no month: write it like 2026-03");
    asked.map(|text| text.parse().map_err(bad)).transpose()
}

pub(crate) fn moment(text: &str) -> Given<Instant> {
    // A plus sign that was not escaped arrives as a space.
    let read = text.replace(' ', "+").parse::<jiff::Timestamp>().ok().and_then(Instant::exactly);
    read.ok_or_else(|| {
        Problem::refused("bad_since", "since is no moment: write it like 2026-03-05T14:30:00+08:00")
    })
}

/// What of a list that only grows at its end is asked for.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Listing {
    /// At most so many objects.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<i64>,
    /// `next` of the piece before.
    cursor: Option<String>,
}

impl Listing {
    /// Of what a query asks besides other things.
    pub(crate) const fn of(limit: Option<i64>, cursor: Option<String>) -> Self {
        Self { limit, cursor }
    }

    /// How many are wanted after how many.
    pub(crate) fn wanted(&self, list: &str) -> Given<(i64, i64)> {
        let paging = Paging { limit: self.limit, cursor: self.cursor.clone(), since: None };
        let wanted = paging.wanted(list)?;
        Ok((wanted.limit, wanted.after.seq))
    }

    /// A piece of such a list, of which there are `total`.
    pub(crate) fn piece<T, F>(
        list: &str,
        (_, offset, total): (i64, i64, i64),
        items: Vec<F>,
        told: impl FnMut(F) -> T,
    ) -> Piece<T> {
        let seq = offset + items.len() as i64;
        let more = !items.is_empty() && seq < total;
        Piece::of(list, Pulled { items, next: Mark { seq, key: String::new() }, more }, told)
    }
}

/// The same of one month or of all.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Months {
    /// Of this month, like 2026-03.
    #[param(pattern = "^[0-9]{4}-(0[1-9]|1[0-2])$")]
    period: Option<String>,
    /// At most so many objects.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<i64>,
    /// `next` of the piece before.
    cursor: Option<String>,
    /// Only what has changed at this moment or later, RFC 3339.
    #[param(format = DateTime)]
    since: Option<String>,
}

impl Months {
    /// Which month, and what of it is wanted.
    pub(crate) fn wanted(self, list: &str) -> Given<(Option<Period>, Wanted)> {
        let period = month(self.period.as_deref())?;
        let paging = Paging { limit: self.limit, cursor: self.cursor, since: self.since };
        Ok((period, paging.wanted(list)?))
    }
}

/// A piece of a list.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Piece<T> {
    items: Vec<T>,
    next: String,
    more: bool,
}

impl<T> Piece<T> {
    /// Of what was pulled of a list.
    pub(crate) fn of<F>(list: &str, pulled: Pulled<F>, told: impl FnMut(F) -> T) -> Self {
        let next = pulls::cursor(list, &pulled.next);
        Self { items: pulled.items.into_iter().map(told).collect(), next, more: pulled.more }
    }
}

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Amount {
    /// As a decimal with the currency's decimals and a sign where it is below zero.
    #[schema(example = "-500.00", pattern = "^-?[0-9]+(\\.[0-9]+)?$")]
    amount: String,
    /// The currency, ISO 4217.
    #[schema(example = "CNY")]
    currency: String,
}

impl Amount {
    pub(crate) fn of(currency: Currency, amount: Money) -> Self {
        Self::told(currency.show(amount).to_string(), currency.code())
    }

    /// Of a decimal that was written by a use case.
    pub(crate) fn told(amount: String, currency: &str) -> Self {
        Self { amount, currency: currency.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paging(limit: Option<i64>, cursor: Option<&str>, since: Option<&str>) -> Paging {
        Paging { limit, cursor: cursor.map(str::to_owned), since: since.map(str::to_owned) }
    }

    #[test]
    fn a_cursor_is_of_one_list() {
        let mark = Mark { seq: 7, key: "C 1".to_owned() };
        let told = pulls::cursor("alerts", &mark);
        assert_eq!(paging(None, Some(&told), None).wanted("alerts").unwrap().after, mark);
        for (list, cursor) in
            [("entries", told.as_str()), ("alerts", "x"), ("alerts", ""), ("alerts", "MSBh")]
        {
            let refused = paging(None, Some(cursor), None).wanted(list);
            assert!(refused.is_err(), "{list} {cursor}");
        }
    }

    #[test]
    fn limits_and_moments() {
        assert!(paging(Some(0), None, None).wanted("x").is_err());
        assert!(paging(Some(501), None, None).wanted("x").is_err());
        for since in ["2026-03-05T14:30:00+08:00", "2026-03-05T14:30:00 08:00", "2026-03-05T06:30:00Z"] {
            assert!(paging(None, None, Some(since)).wanted("x").unwrap().since.is_some(), "{since}");
        }
        assert!(paging(None, None, Some("yesterday")).wanted("x").is_err());
    }
}
