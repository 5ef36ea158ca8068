//! Cases of the demonstration: appeals in each state, orders to mend, penalty drafts. All by the use cases, as the demo's
//! people; what is refused (nothing fits in a small network) is left out.

use farsight_rulebook::money::Money;
use farsight_rulebook::time::plus_days;
use farsight_store::entries::{Filter, Sort, Standing};
use farsight_store::session::Isolation;
use farsight_store::users;

use crate::appeals::{self, Verdict};
use crate::penalties;
use crate::rectifications::{self, Wanted};
use crate::{ControlError, Desk, entries, ground};

pub(super) const DEALER: &str = "dealer@demo.example";
const REGION: &str = "region@demo.example";
const HQ: &str = "hq@demo.example";

/// Makes the cases; the desk is given back as it came.
pub(super) fn make(desk: &mut Desk) -> Result<(), ControlError> {
    let actor = std::mem::replace(&mut desk.actor, DEALER.to_owned());
    let made = appeals_of(desk).and_then(|()| orders_of(desk)).and_then(|()| drafts_of(desk));
    desk.actor = actor;
    made
}

/// Something that may be refused in a small network.
pub(super) fn if_it_fits<T>(result: Result<T, ControlError>) -> Result<Option<T>, ControlError> {
    match result {
        Ok(done) => Ok(Some(done)),
        Err(
            ControlError::Appeal(_)
            | ControlError::Rectification(_)
            | ControlError::Penalty(_)
            | ControlError::Statement(_),
        ) => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) fn own_dealers(desk: &mut Desk) -> Result<Vec<String>, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        Ok(users::find(tx, DEALER)?.map(|user| user.dealers).unwrap_or_default())
    })
}

/// One appeal that is rejected, one that waits, and one that is upheld.
fn appeals_of(desk: &mut Desk) -> Result<(), ControlError> {
    for dealer in own_dealers(desk)? {
        let live = Filter {
            dealer: Some(dealer),
            standing: Some(Standing::Live),
            sort: Sort::Id,
            descending: true,
            limit: 40,
            ..Filter::default()
        };
        let texts = [
            "抽查当时设备正在检修，请看照片。",
            "事发时摄像头角度已变，请复核当日画面。",
            "当日区域停电，供电公司已出具证明。",
        ];
        let mut made = Vec::new();
        for row in entries::list(desk, &live)?.rows {
            let Some(text) = texts.get(made.len()) else { break };
            DEALER.clone_into(&mut desk.actor);
            made.extend(if_it_fits(appeals::make(desk, row.id, text))?);
        }
        if let Some(first) = made.first().filter(|_| made.len() > 1) {
            HQ.clone_into(&mut desk.actor);
            if_it_fits(appeals::decide(desk, *first, Verdict::Reject, "检修记录晚于抽查时间，维持原处罚。"))?;
        }
        if let Some(third) = made.get(2) {
            HQ.clone_into(&mut desk.actor);
            if_it_fits(appeals::decide(desk, *third, Verdict::Uphold, "停电证明属实，予以免责。"))?;
        }
    }
    Ok(())
}

/// Orders given by hand, to the demo's dealer and to others of the region.
fn orders_of(desk: &mut Desk) -> Result<(), ControlError> {
    let (scope, today) = (desk.scope(), ground::zone(&desk.tenant)?.date(desk.now));
    let all = desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        Ok::<_, ControlError>(farsight_store::facts::read::dealer_codes(tx)?)
    })?;
    let titles = ["消防通道清理并重新划线", "更换客户休息区破损座椅", "旧件存放区加装标识"];
    for ((dealer, title), days) in all.iter().zip(titles).zip([5, 12, 30]) {
        for by in [REGION, HQ] {
            by.clone_into(&mut desk.actor);
            let wanted = Wanted { dealer, inspection: "", title, body: "", due_on: plus_days(today, days) };
            if if_it_fits(rectifications::order(desk, &wanted))?.is_some() {
                break;
            }
        }
    }
    Ok(())
}

/// Two drafts: one that headquarters approved, one that waits.
fn drafts_of(desk: &mut Desk) -> Result<(), ControlError> {
    let (scope, now) = (desk.scope(), desk.now);
    let recent = desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        Ok::<_, ControlError>(farsight_store::penalties::latest_complaints(tx, now, 40)?)
    })?;
    let mut made = Vec::new();
    for complaint in recent {
        if made.len() == 2 {
            break;
        }
        REGION.clone_into(&mut desk.actor);
        let amount = Money(if made.is_empty() { 800_000 } else { 500_000 });
        let draft = penalties::draft(desk, &complaint, amount, "两次回访客户均未得到答复，处理明显不当。");
        made.extend(if_it_fits(draft)?);
    }
    if let Some(first) = made.first() {
        HQ.clone_into(&mut desk.actor);
        if_it_fits(penalties::decide(desk, *first, true, "情况属实，同意。"))?;
    }
    Ok(())
}
