//! The subjects of what people do about charges and orders: `appeal:ID`, `rectification:ID`, `penalty:ID`. Evidence is
//! handed in for them as for the rulebook's own subjects. It decides nothing about the cases themselves.

use farsight_store::appeals::State;
use farsight_store::{Tx, appeals, penalties, rectifications};

use crate::ControlError;

/// Whether a subject is a case of this dealer, as far as the transaction's person sees, and takes evidence still.
pub(crate) fn takes_evidence(tx: &mut Tx, subject: &str, dealer: &str) -> Result<bool, ControlError> {
    let Some((noun, key)) = subject.split_once(':') else { return Ok(false) };
    let Ok(id) = key.parse::<i64>() else { return Ok(false) };
    Ok(match noun {
        "appeal" => appeals::find(tx, id)?
            .is_some_and(|appeal| appeal.dealer == dealer && appeal.state == State::Open),
        "penalty" => penalties::find(tx, id)?
            .is_some_and(|draft| draft.dealer == dealer && draft.state == penalties::State::Open),
        "rectification" => rectifications::dealer_of(tx, id)?.is_some_and(|of| of == dealer),
        _ => false,
    })
}
