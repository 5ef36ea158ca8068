//! The scorecard of regional staff (rulebook 4.13): a ranking, no charge.

use farsight_rulebook::case::{Case, Judged};
use farsight_rulebook::checks::field_staff;
use farsight_rulebook::facts::Facts;
use farsight_rulebook::period::Quarter;
use farsight_rulebook::time::Instant;
use farsight_store::facts::read::{self, Wanted, Which};
use farsight_store::session::Isolation;
use serde::Serialize;

use crate::{ControlError, Desk, ground};

/// A district manager's quarter, in hundredths; a part that is missing is none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Score {
    /// Who.
    pub person: String,
    /// The mean exam score.
    pub exams: Option<i64>,
    /// Items passed of those passed or failed, in percent.
    pub inspections: Option<i64>,
    /// The mean of the dealers' month scores.
    pub satisfaction: Option<i64>,
    /// The whole.
    pub score: i64,
}

/// The scores of a quarter as of now, or as of a moment that is past and as things were known then: the best first, equal
/// ones by code.
pub fn scores(
    desk: &mut Desk,
    quarter: Quarter,
    known_at: Option<Instant>,
) -> Result<Vec<Score>, ControlError> {
    let (scope, tenant, as_of) = (desk.scope(), desk.tenant.clone(), known_at.unwrap_or(desk.now));
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        tx.as_known_at(known_at);
        let ground = ground::load(tx, &tenant)?;
        tx.look_at_few()?;
        let mut facts = Facts::default();
        read::network(tx, &mut facts)?;
        read::exams(tx, &mut facts)?;
        let mut wanted = Wanted::default();
        for dealer in read::dealer_codes(tx)? {
            quarter.months().into_iter().for_each(|month| wanted.push_month(&dealer, month));
        }
        tx.want(&wanted)?;
        read::inspections_of_days(tx, &mut facts, ground.zone.name())?;
        read::answers(tx, &mut facts, Which::OfDealerDays, ground.zone.name())?;
        let case = Case::new(&facts, &ground, as_of, Judged::All);
        let scores = field_staff::scores(&case, quarter);
        Ok(scores.into_iter().map(|score| told(&facts, score)).collect())
    })
}

fn told(facts: &Facts, score: field_staff::Score) -> Score {
    let field_staff::Score { person, exams, inspections, satisfaction, score } = score;
    Score { person: facts.codes.text(person).to_owned(), exams, inspections, satisfaction, score }
}
