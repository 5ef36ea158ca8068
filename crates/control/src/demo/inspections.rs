//! The demonstration's inspection desk: a visit of the day judged and confirmed, another judged half, so that both can be
//! seen; the cameras of the first have their standard pictures.

use farsight_rulebook::facts::InspectionResult::{Fail, NotApplicable, Pass};

use crate::inspections::{self, Mark};
use crate::{ControlError, Desk, ground};

/// Who judges.
const JUDGE: &str = "hq@demo.example";

/// Judges two visits as soon as there are some without doubt; says whether it did, or found that it had.
pub fn judge(desk: &mut Desk) -> Result<bool, ControlError> {
    let day = ground::zone(&desk.tenant)?.date(desk.now);
    let queue = inspections::queue(desk, day)?;
    if queue.iter().any(|queued| queued.inspection.is_some()) {
        return Ok(true);
    }
    let sound = queue.iter().filter(|queued| queued.state == "inspectable" && queued.in_doubt == 0);
    let sound: Vec<String> = sound.map(|queued| queued.dealer.clone()).collect();
    let [first, second, ..] = sound.as_slice() else { return Ok(false) };
    JUDGE.clone_into(&mut desk.actor);
    let items = inspections::items(desk, day)?;
    let results = items.iter().zip(0_u32..).map(|((item, _), place)| {
        let result = match place {
            4 => Fail,
            9 => NotApplicable,
            _ => Pass,
        };
        Mark { item, result: Some(result) }
    });
    let marks: Vec<Mark> = results.collect();
    inspections::judge(desk, day, first, &marks)?;
    let sheet = inspections::sheet(desk, day, first)?;
    for pair in &sheet.pictures {
        inspections::choose_standard(desk, pair.picture.id)?;
    }
    inspections::confirm(desk, day, first, &sheet.mark)?;
    inspections::judge(desk, day, second, &marks[..marks.len() / 2])?;
    Ok(true)
}
