//! Findings, for machines: what each check finds as of its latest run, judged again as far as a piece of the list needs:
//! dealer by dealer, then the units of the whole network one by one. Nothing is stored; [`basis`] tells for little whether it would be the same as last time.

use std::fmt::Write as _;

use farsight_rulebook::case::month_of_unit;
use farsight_rulebook::period::Period;
use farsight_store::facts::read;
use farsight_store::session::Isolation;
use farsight_store::{Tx, imports, policies, runs};

use crate::evaluate::{self, Again, FindingRow, NetworkUnit};
use crate::pulls::{Mark, Pulled};
use crate::{ControlError, Desk};

/// So many dealers are judged first; then twice as many, and so on.
const FIRST: usize = 8;
/// A piece judges at most about so many dealers, and says that there is more.
const MOST: usize = 240;
/// A piece judges at most so many units of the whole network.
const MOST_UNITS: usize = 12;

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
            && self.dealer.as_deref().is_none_or(|dealer| dealer == row.dealer)
    }

    /// Whether anything of a unit of the whole network may be asked for.
    fn may_have(&self, unit: &str) -> bool {
        self.period.zip(month_of_unit(unit)).is_none_or(|(period, month)| period == month)
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

/// A piece of the findings: of each dealer's own units by clause, subject and family, then the same of each unit of the
/// whole network. A piece may have fewer than asked for, or none, though there is more: it judges no more than fits one
/// request. After the last finding `next` is the beginning.
///
/// A person's own dealers are judged with the whole network's facts, as every run does: what is found at a dealer depends on
/// the figures of its region. Nothing of another dealer's findings is given, and what concerns no dealer only to those who
/// see the whole network.
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
    let seen = Seen { dealers: dealers(desk)?, network: desk.person.is_none() };
    let (network, tenant) = (desk.tenant.network(), desk.tenant.clone());
    let database = desk.database.clone();
    desk.session.transaction(network, Isolation::Snapshot, |tx| {
        let again = Again::new(tx, (&database, &tenant), &checks)?;
        let mut piece = Piece { asked, seen: &seen, after: Place::read(&after.key), limit, rows: Vec::new() };
        let stopped = match piece.take_dealers(tx, &again)? {
            None => piece.take_network(tx, &again)?,
            stopped => stopped,
        };
        Ok(piece.pulled(stopped))
    })
}

/// What somebody sees of findings.
struct Seen {
    /// The dealers, by code.
    dealers: Vec<String>,
    /// Whether what concerns no dealer is seen too.
    network: bool,
}

impl Seen {
    fn has(&self, dealer: &str) -> bool {
        if dealer.is_empty() {
            self.network
        } else {
            self.dealers.binary_search_by(|code| (**code).cmp(dealer)).is_ok()
        }
    }
}

fn dealers(desk: &mut Desk) -> Result<Vec<String>, ControlError> {
    let scope = desk.scope();
    let mut codes =
        desk.session.transaction(scope, Isolation::ReadCommitted, |tx: &mut Tx| read::dealer_codes(tx))?;
    codes.sort_unstable();
    Ok(codes)
}

/// What is judged by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// The own units of a dealer.
    Dealer(String),
    /// A unit of the whole network.
    Network(NetworkUnit),
}

impl Default for Part {
    fn default() -> Self {
        Self::Dealer(String::new())
    }
}

impl Part {
    /// A code of a dealer has no tabulator.
    fn key(&self) -> String {
        match self {
            Self::Dealer(dealer) => dealer.clone(),
            Self::Network(NetworkUnit { check, unit }) => format!("\t{check}\t{unit}"),
        }
    }

    fn read(key: &str) -> Self {
        let network = key.strip_prefix('\t').map(|of| of.split_once('\t').unwrap_or((of, "")));
        match network {
            None => Self::Dealer(key.to_owned()),
            Some((check, unit)) => {
                Self::Network(NetworkUnit { check: check.to_owned(), unit: unit.to_owned() })
            }
        }
    }
}

/// Where a finding stands in the list. One that is `over` stands after all of its part's.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    part: Part,
    over: bool,
    clause: String,
    subject: String,
    family: String,
}

impl Place {
    fn of(part: Part, row: &FindingRow) -> Self {
        Self {
            part,
            over: false,
            clause: row.clause.to_owned(),
            subject: row.subject.clone(),
            family: row.family.to_owned(),
        }
    }

    /// After all findings of a part.
    fn after(part: Part) -> Self {
        Self { part, over: true, ..Self::default() }
    }

    fn read(key: &str) -> Self {
        let mut parts = key.splitn(4, '\n').map(str::to_owned);
        let mut next = || parts.next();
        let (part, clause) = (next().unwrap_or_default(), next());
        let (subject, family) = (next().unwrap_or_default(), next().unwrap_or_default());
        let over = clause.is_none() && !part.is_empty();
        Self { part: Part::read(&part), over, clause: clause.unwrap_or_default(), subject, family }
    }

    fn key(&self) -> String {
        let part = self.part.key();
        if self.over {
            return part;
        }
        [&*part, &self.clause, &self.subject, &self.family].join("\n")
    }
}

/// A piece while it is gathered.
struct Piece<'p> {
    asked: &'p Asked,
    seen: &'p Seen,
    after: Place,
    limit: usize,
    rows: Vec<(Place, FindingRow)>,
}

impl Piece<'_> {
    /// Judges dealers, until there is enough; tells after which it stopped, where it did not come to the end.
    fn take_dealers(&mut self, tx: &mut Tx, again: &Again) -> Result<Option<Part>, ControlError> {
        let of_dealer = |code: &&String| self.asked.dealer.as_ref().is_none_or(|dealer| dealer == *code);
        let dealers: Vec<String> = match &self.after.part {
            Part::Network(_) => Vec::new(),
            Part::Dealer(from) => {
                self.seen.dealers.iter().filter(of_dealer).filter(|code| *code >= from).cloned().collect()
            }
        };
        let (mut done, mut size) = (0, FIRST);
        while done < dealers.len() && done < MOST && !self.is_full() {
            let group = &dealers[done..dealers.len().min(done + size)];
            self.take(again.dealers(tx, group)?, |row| Part::Dealer(row.dealer.clone()));
            (done, size) = (done + group.len(), size * 2);
        }
        let ended = done == dealers.len();
        Ok(if ended { None } else { done.checked_sub(1).map(|last| Part::Dealer(dealers[last].clone())) })
    }

    /// The same of the units of the whole network.
    fn take_network(&mut self, tx: &mut Tx, again: &Again) -> Result<Option<Part>, ControlError> {
        let units = again.network().into_iter().filter(|of| self.asked.may_have(&of.unit)).map(Part::Network);
        let units: Vec<Part> = units.filter(|part| *part >= self.after.part).collect();
        let mut done = 0;
        while done < units.len() && done < MOST_UNITS && !self.is_full() {
            if let Part::Network(of) = &units[done] {
                self.take(again.unit(tx, of)?, |_| units[done].clone());
            }
            done += 1;
        }
        Ok(if done == units.len() { None } else { done.checked_sub(1).map(|last| units[last].clone()) })
    }

    fn is_full(&self) -> bool {
        self.rows.len() > self.limit
    }

    fn take(&mut self, found: Vec<FindingRow>, part: impl Fn(&FindingRow) -> Part) {
        let found = found.into_iter().filter(|row| self.asked.has(row) && self.seen.has(&row.dealer));
        let placed = found.map(|row| (Place::of(part(&row), &row), row));
        let mut placed: Vec<_> = placed.filter(|(place, _)| *place > self.after).collect();
        placed.sort_by(|(a, _), (b, _)| a.cmp(b));
        self.rows.append(&mut placed);
    }

    /// What was gathered when it stopped after a part, or was through.
    fn pulled(mut self, stopped: Option<Part>) -> Pulled<FindingRow> {
        let full = self.is_full();
        let more = full || stopped.is_some();
        self.rows.truncate(self.limit);
        let last = match (self.rows.last().filter(|_| full), stopped) {
            (Some((place, _)), _) => place.clone(),
            (None, Some(part)) => Place::after(part),
            (None, None) => Place::default(),
        };
        let items = self.rows.into_iter().map(|(_, row)| row).collect();
        Pulled { items, next: Mark { seq: 0, key: last.key() }, more }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(part: Part, clause: &str, subject: &str) -> Place {
        Place {
            part,
            clause: clause.to_owned(),
            subject: subject.to_owned(),
            family: "f".to_owned(),
            over: false,
        }
    }

    fn dealer(code: &str) -> Part {
        Part::Dealer(code.to_owned())
    }

    fn network(check: &str, unit: &str) -> Part {
        Part::Network(NetworkUnit { check: check.to_owned(), unit: unit.to_owned() })
    }

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let parts = [dealer("D1"), network("satisfaction", "2026-03"), network("retention", "network")];
        for part in parts {
            for it in [place(part.clone(), "a.b", "x y\u{20ac}"), Place::after(part)] {
                assert_eq!(Place::read(&it.key()), it);
            }
        }
        assert_eq!(Place::read(&Place::default().key()), Place::default());
    }

    #[test]
    fn a_dealer_is_over_after_all_its_findings_and_the_network_comes_last() {
        let mut places = [
            place(network("c", "u"), "a", "s"),
            Place::after(dealer("D1")),
            place(dealer("D2"), "a", "s"),
            place(dealer("D1"), "z", "s"),
            place(dealer("D1"), "a", "s"),
            Place::default(),
        ];
        places.sort();
        let shown: Vec<String> = places.iter().map(Place::key).collect();
        let expected = ["\n\n\n", "D1\na\ns\nf", "D1\nz\ns\nf", "D1", "D2\na\ns\nf", "\tc\tu\na\ns\nf"];
        assert_eq!(shown, expected);
    }
}
