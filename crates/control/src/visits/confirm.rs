//! A person's word on what a camera shows. That nothing can be seen becomes facts, taken in like any import, so that
//! checks and books follow; that something can be seen makes the visit inspectable after all.
//!
//! Said once, it stands: a change of mind is a correction by an import.

use farsight_ledger::settlement::Role;
use farsight_rulebook::codes::MAX_CODE_CHARS;
use farsight_rulebook::facts::Facts;
use farsight_rulebook::org::Org;
use farsight_rulebook::tables::{self, Cell, Table};
use farsight_rulebook::time::Instant;
use farsight_store::audit::Deed;
use farsight_store::facts::read;
use farsight_store::pictures::{self, Picture};
use farsight_store::registry::Tenant;
use farsight_store::session::{Isolation, Turn};
use farsight_store::visits::{self, State, Visit};
use farsight_store::{Tx, audit, draws, users};
use jiff::civil::Date;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{VisitError, wanted};
use crate::import::entered::{self, Entered};
use crate::sample::SampleError;
use crate::{ControlError, Desk, ground};

/// The source that such facts name.
pub(crate) const SOURCE: &str = "inspection desk";

/// What is decided on.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'s> {
    /// One picture, by its number.
    Picture(i64),
    /// A visit with all its pictures that are in doubt, or without any.
    Visit {
        /// The day.
        day: Date,
        /// The dealer.
        dealer: &'s str,
    },
}

/// What a decision has led to.
#[derive(Debug, Clone)]
pub struct Decided {
    /// The visit as it stands.
    pub visit: Visit,
    /// The inspection whose `not-visible` results were taken in as facts.
    pub inspection: Option<String>,
    /// New facts.
    pub facts: u64,
}

/// A decision: whose, when, and which.
struct Word<'w> {
    tenant: &'w Tenant,
    now: Instant,
    by: &'w str,
    not_visible: bool,
}

/// Takes a person's word: `not_visible` true confirms that nothing can be seen, false says that something can.
/// Whoever says it must be of hq, the call centre, or the manager of the dealer's region.
pub fn confirm(
    desk: &mut Desk,
    subject: Subject,
    by: &str,
    not_visible: bool,
) -> Result<Decided, ControlError> {
    let (own, network) = (desk.scope(), desk.tenant.network());
    let (tenant, now) = (desk.tenant.clone(), desk.now);
    let by = by.to_lowercase();
    let word = Word { tenant: &tenant, now, by: &by, not_visible };
    // What the person does not see is not there. Facts are taken in for the whole network, whose imports are numbered
    // through; who may say it is asked there again.
    desk.session.transaction(own, Isolation::ReadCommitted, |tx| found(tx, subject).map(|_| ()))?;
    desk.session.in_turn(network, Turn::Facts, |session| {
        session.transaction(network, Isolation::ReadCommitted, |tx| {
            draws::take_turn(tx)?;
            word.take(tx, subject)
        })
    })
}

/// The visit that is meant, and its pictures that are.
fn found(tx: &mut Tx, subject: Subject) -> Result<(Visit, Vec<Picture>), ControlError> {
    match subject {
        Subject::Visit { day, dealer } => {
            Ok((wanted(tx, day, dealer)?, pictures::of_visit(tx, day, dealer)?))
        }
        Subject::Picture(id) => {
            let picture = pictures::find(tx, id)?.ok_or(VisitError::NoPicture(id))?;
            Ok((wanted(tx, picture.day, &picture.dealer)?, vec![picture]))
        }
    }
}

impl Word<'_> {
    fn take(&self, tx: &mut Tx, subject: Subject) -> Result<Decided, ControlError> {
        let (visit, pictures) = found(tx, subject)?;
        self.may(tx, &visit)?;
        match subject {
            Subject::Picture(_) => pictures.iter().try_for_each(|picture| self.refuse_picture(picture))?,
            Subject::Visit { .. } => self.refuse_visit(&visit, &pictures)?,
        }
        let mut decided = 0;
        for picture in pictures.iter().filter(|picture| picture.state == pictures::State::Candidate) {
            pictures::decide(tx, picture.id, self.state(), self.by, self.now)?;
            decided += 1;
        }
        self.follow(tx, visit, decided, matches!(subject, Subject::Visit { .. }))
    }

    const fn state(&self) -> pictures::State {
        if self.not_visible { pictures::State::Confirmed } else { pictures::State::Dismissed }
    }

    /// Who sees the dealer from above may say what its camera shows; neither the dealer nor another region's manager.
    fn may(&self, tx: &mut Tx, visit: &Visit) -> Result<(), ControlError> {
        let user = users::find(tx, self.by)?;
        let allowed = match user {
            Some(user) if matches!(user.role, Role::Hq | Role::CallCentre) => true,
            Some(user) if user.role == Role::RegionalManager => {
                let mut facts = Facts::default();
                read::network(tx, &mut facts)?;
                let dealer = facts.codes.find(&visit.dealer);
                let region = dealer.and_then(|dealer| Org::new(&facts).region(dealer, visit.day));
                region.is_some_and(|region| user.regions.iter().any(|own| own == facts.codes.text(region)))
            }
            _ => false,
        };
        if allowed { Ok(()) } else { Err(VisitError::MayNot { by: self.by.to_owned() }.into()) }
    }

    fn refuse_picture(&self, picture: &Picture) -> Result<(), VisitError> {
        let what = format!("picture {}", picture.id);
        match picture.state {
            pictures::State::Fine => Err(VisitError::NothingToDecide(what)),
            pictures::State::Candidate => Ok(()),
            state if state == self.state() => Ok(()),
            _ => Err(VisitError::Decided { what, by: picture.confirmed_by.clone().unwrap_or_default() }),
        }
    }

    fn refuse_visit(&self, visit: &Visit, pictures: &[Picture]) -> Result<(), VisitError> {
        let (day, dealer) = (visit.day, visit.dealer.clone());
        let what = format!("the visit to {dealer} on {day}");
        let is_not_visible = visit.state == State::NotVisible;
        match &visit.decided_by {
            Some(by) if is_not_visible != self.not_visible => {
                Err(VisitError::Decided { what, by: by.clone() })
            }
            None if !is_not_visible => Err(VisitError::NothingToDecide(what)),
            None if !self.not_visible && pictures.is_empty() => Err(VisitError::NoPictures { day, dealer }),
            _ => Ok(()),
        }
    }

    /// What follows for the visit.
    fn follow(&self, tx: &mut Tx, visit: Visit, decided: i32, whole: bool) -> Result<Decided, ControlError> {
        let (day, dealer) = (visit.day, visit.dealer.clone());
        let mut outcome = Decided { visit, inspection: None, facts: 0 };
        let visit = &outcome.visit;
        let all = pictures::of_visit(tx, day, &dealer)?;
        let nothing_left = all.iter().all(|picture| picture.state == pictures::State::Confirmed);
        if visit.state == State::NotVisible
            && visit.decided_by.is_none()
            && self.not_visible
            && (nothing_left || whole)
        {
            visits::decide(tx, visit, State::NotVisible, 0, self.by, self.now)?;
            let (inspection, facts) = self.enter(tx, visit)?;
            outcome = Decided { inspection: Some(inspection), facts, ..outcome };
        } else if !self.not_visible && decided > 0 {
            let cameras = visit.inspectable_cameras + decided;
            visits::decide(tx, visit, State::Inspectable, cameras, self.by, self.now)?;
        }
        if decided > 0 || outcome.inspection.is_some() {
            let detail = json!({
                "not_visible": self.not_visible, "pictures": decided, "inspection": outcome.inspection,
            });
            let (subject, detail) = (format!("visit:{dealer}@{day}"), detail.to_string());
            let deed = Deed { actor: self.by, action: "visit.decide", subject: &subject, detail: &detail };
            audit::add(tx, self.now, &deed)?;
        }
        outcome.visit = wanted(tx, day, &dealer)?;
        Ok(outcome)
    }

    /// The visit's results, `not-visible` for every item of the policy, taken in as facts.
    fn enter(&self, tx: &mut Tx, visit: &Visit) -> Result<(String, u64), ControlError> {
        let ground = ground::load(tx, self.tenant)?;
        let version = ground.timeline.in_force(visit.day).ok_or(SampleError::NoPolicy(visit.day))?;
        let inspection = inspection_id(visit);
        let refused = |why: String| VisitError::Refused { inspection: inspection.clone(), why };
        let table = tables::table("inspections").ok_or_else(|| refused("no table inspections".to_owned()))?;
        let at = visit.concluded_at.unwrap_or(self.now);
        let row = |item: &'_ str| -> Vec<(&'static str, String)> {
            vec![
                ("inspection_id", inspection.clone()),
                ("item_code", item.to_owned()),
                ("dealer_code", visit.dealer.clone()),
                ("result", "not-visible".to_owned()),
                ("kind", visit.kind.name().to_owned()),
            ]
        };
        let texts: Vec<_> = version.policy.spot_check.items.iter().map(|(item, _)| row(item)).collect();
        let rows: Vec<Vec<Cell>> = texts.iter().map(|row| cells(table, row, at)).collect();
        let entered = Entered { table, source: SOURCE, by: self.by, rows: &rows };
        let merged = entered::enter(tx, &entered, self.now)?.map_err(refused)?;
        Ok((inspection, merged.added))
    }
}

/// A row of a table: these texts, one moment for every instant, nothing else.
pub(crate) fn cells<'c>(table: &Table, texts: &'c [(&'static str, String)], at: Instant) -> Vec<Cell<'c>> {
    let cell = |column: &tables::Column| match texts.iter().find(|(name, _)| *name == column.name) {
        Some((_, text)) => Cell::Text(text),
        None if column.kind == tables::Kind::Instant => Cell::Instant(at),
        None => Cell::Missing,
    };
    table.all_columns().map(cell).collect()
}

/// `visit-DATE-DEALER`; a dealer whose code is too long for that by its hash.
pub(crate) fn inspection_id(visit: &Visit) -> String {
    let id = format!("visit-{}-{}", visit.day, visit.dealer);
    if id.len() <= MAX_CODE_CHARS {
        return id;
    }
    let hash = hex::encode(Sha256::digest(&visit.dealer));
    format!("visit-{}-{}", visit.day, &hash[..32])
}
