//! Findings, for machines: what each check finds as of its latest run, judged again, dealer by dealer, as far as a piece
//! of the list needs. Nothing is stored; [`basis`] tells for little whether it would be the same as last time.

use std::fmt::Write as _;

use farsight_rulebook::period::Period;
use farsight_store::facts::read;
use farsight_store::session::Isolation;
use farsight_store::{Tx, imports, policies, runs};

use crate::evaluate::{self, FindingRow};
use crate::pulls::{Mark, Pulled};
use crate::{ControlError, Desk};

/// So many dealers are judged first; then twice as many, and so on.
const FIRST: usize = 8;
/// A piece judges at most about so many dealers, and says that there is more.
const MOST: usize = 240;

/// Which findings are asked for; what is none does not matter.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Of a dealer.
    pub dealer: Option<String>,
    /// Of a check, by name.
    pub check: Option<String>,
    /// Of a clause.
    pub clause: Option<String>,
    /// Of a family.
    pub family: Option<String>,
    /// That occurred in a month.
    pub period: Option<Period>,
}

impl Asked {
    fn has(&self, row: &FindingRow) -> bool {
        self.clause.as_deref().is_none_or(|clause| clause == row.clause)
            && self.family.as_deref().is_none_or(|family| family == row.family)
            && self.period.is_none_or(|period| period == Period::of(row.occurred_on))
    }
}

/// What findings stand on: the latest run of each check, the imports and policies there are, what the person sees, and the
/// program. As long as this text is the same, so are the findings.
pub fn basis(desk: &mut Desk) -> Result<String, ControlError> {
    let (own, network) = (desk.scope(), desk.tenant.network());
    let mut text = concat!("farsight ", env!("CARGO_PKG_VERSION")).to_owned();
    // Runs and imports are the whole network's; which dealers are seen is the person's own.
    let (mut marks, imports, policies) = desk.session.transaction(network, Isolation::Snapshot, |tx| {
        Ok::<_, ControlError>((runs::marks(tx)?, imports::next_id(tx)?, policies::all(tx)?.len()))
    })?;
    marks.sort_by(|a, b| a.check.cmp(&b.check));
    for mark in marks {
        let _ = write!(text, " {}@{}", mark.check, mark.as_of.0); // writing into a text cannot fail
    }
    let _ = write!(text, " {imports} {policies}");
    let dealers = desk.session.transaction(own, Isolation::ReadCommitted, read::dealer_codes)?;
    for dealer in dealers {
        let _ = write!(text, " {dealer}");
    }
    Ok(text)
}

/// A piece of the findings, by dealer, clause, subject and family. A piece may have fewer than asked for, or none, though
/// there is more: it judges no more dealers than fit one request. After the last finding `next` is the beginning.
///
/// A person's own dealers are judged with the whole network's facts, as every run does: what is found at a dealer depends on
/// the figures of its region. Nothing of another dealer's findings is given.
///
/// Refused: a check that there is not.
pub fn list(
    desk: &mut Desk,
    asked: &Asked,
    after: &Mark,
    limit: usize,
) -> Result<Pulled<FindingRow>, ControlError> {
    let named: Vec<String> = asked.check.iter().cloned().collect();
    let checks = evaluate::checks_named(&named)?;
    let after = Place::read(&after.key);
    let dealers = dealers(desk, asked, &after)?;
    let (network, tenant) = (desk.tenant.network(), desk.tenant.clone());
    let database = desk.database.clone();
    desk.session.transaction(network, Isolation::Snapshot, |tx| {
        let judge = evaluate::Anew::new(tx, (&database, &tenant), &checks)?;
        let mut piece = Piece { asked, after, limit, rows: Vec::new() };
        let (mut done, mut size) = (0, FIRST);
        while done < dealers.len() && done < MOST && piece.rows.len() <= limit {
            let group = &dealers[done..dealers.len().min(done + size)];
            piece.take(judge.dealers(tx, group)?);
            (done, size) = (done + group.len(), size * 2);
        }
        Ok(piece.pulled(&dealers, done))
    })
}

/// The dealers to be judged, those that the person sees, by code.
fn dealers(desk: &mut Desk, asked: &Asked, after: &Place) -> Result<Vec<String>, ControlError> {
    let scope = desk.scope();
    let mut codes =
        desk.session.transaction(scope, Isolation::ReadCommitted, |tx: &mut Tx| read::dealer_codes(tx))?;
    codes.retain(|code| asked.dealer.as_ref().is_none_or(|dealer| dealer == code) && *code >= after.dealer);
    codes.sort_unstable();
    Ok(codes)
}

/// Where a finding stands in the list. One that is `over` stands after all of its dealer's.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    dealer: String,
    over: bool,
    clause: String,
    subject: String,
    family: String,
}

impl Place {
    fn of(row: &FindingRow) -> Self {
        Self {
            dealer: row.dealer.clone(),
            over: false,
            clause: row.clause.to_owned(),
            subject: row.subject.clone(),
            family: row.family.to_owned(),
        }
    }

    /// After all findings of a dealer.
    fn after(dealer: &str) -> Self {
        Self { dealer: dealer.to_owned(), over: true, ..Self::default() }
    }

    fn read(key: &str) -> Self {
        let mut parts = key.splitn(4, '\n').map(str::to_owned);
        let mut next = || parts.next();
        let (dealer, clause) = (next().unwrap_or_default(), next());
        let (subject, family) = (next().unwrap_or_default(), next().unwrap_or_default());
        let over = clause.is_none() && !dealer.is_empty();
        Self { dealer, over, clause: clause.unwrap_or_default(), subject, family }
    }

    fn key(&self) -> String {
        if self.over {
            return self.dealer.clone();
        }
        [&*self.dealer, &self.clause, &self.subject, &self.family].join("\n")
    }
}

/// A piece while it is gathered.
struct Piece<'p> {
    asked: &'p Asked,
    after: Place,
    limit: usize,
    rows: Vec<FindingRow>,
}

impl Piece<'_> {
    fn take(&mut self, found: Vec<FindingRow>) {
        let mut found: Vec<FindingRow> =
            found.into_iter().filter(|row| self.asked.has(row) && Place::of(row) > self.after).collect();
        found.sort_by_cached_key(Place::of);
        self.rows.append(&mut found);
    }

    /// What was gathered when so many of the dealers had been judged.
    fn pulled(mut self, dealers: &[String], done: usize) -> Pulled<FindingRow> {
        let more = self.rows.len() > self.limit || done < dealers.len();
        let cut = self.rows.len() > self.limit;
        self.rows.truncate(self.limit);
        let last = match (cut, self.rows.last(), done.checked_sub(1)) {
            (true, Some(row), _) => Place::of(row),
            (false, _, Some(last)) if more => Place::after(&dealers[last]),
            _ => Place::default(),
        };
        Pulled { items: self.rows, next: Mark { seq: 0, key: last.key() }, more }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(dealer: &str, clause: &str, subject: &str) -> Place {
        Place {
            dealer: dealer.to_owned(),
            clause: clause.to_owned(),
            subject: subject.to_owned(),
            family: "f".to_owned(),
            over: false,
        }
    }

    #[test]
    fn a_place_is_read_as_it_was_written() {
        for it in [place("D1", "a.b", "x y\u{20ac}"), Place::after("D1"), Place::default()] {
            assert_eq!(Place::read(&it.key()), it);
        }
    }

    #[test]
    fn a_dealer_is_over_after_all_its_findings() {
        let mut places = [
            Place::after("D1"),
            place("D2", "a", "s"),
            place("D1", "z", "s"),
            place("D1", "a", "s"),
            Place::default(),
        ];
        places.sort();
        let shown: Vec<String> = places.iter().map(Place::key).collect();
        assert_eq!(shown, ["\n\n\n", "D1\na\ns\nf", "D1\nz\ns\nf", "D1", "D2\na\ns\nf"]);
    }
}
