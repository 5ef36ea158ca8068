//! What the demonstration's desks have to do today: a vehicle that was not mended twice, a complaint for both posts, one
//! that waits for the manufacturer's call. Facts like the network's, written beside them.

use std::fs::File;
use std::path::Path;

use farsight_exchange::facts::{Sheet, write_csv};
use farsight_rulebook::time::{HOUR, Instant, Zone};

use crate::ControlError;

/// The dealer that the demonstration's dealer works for.
const DEALER: &str = "D00001";
const VIN: &str = "LS5DEMO0000000001";

/// Writes today's desks as fact files into a folder.
pub(super) fn write(folder: &Path, now: Instant, zone: &Zone) -> Result<(), ControlError> {
    let ago = |hours: i64| zone.rfc3339(Instant(whole_minute(now) - hours * HOUR));
    let sheets = [
        sheet(
            "work_orders",
            "work_order_id dealer_code vin fault_code created_at completed_at fixed",
            &[
                ["DEMO-W1", DEALER, VIN, "P0301", &ago(21 * 24), &ago(21 * 24 - 4), "false"],
                ["DEMO-W2", DEALER, VIN, "P0301", &ago(15), &ago(9), "false"],
            ],
        ),
        sheet(
            "complaints",
            "complaint_id dealer_code received_at dispatched_at severity category vin channel text",
            &[
                [
                    "DEMO-K1",
                    DEALER,
                    &ago(50),
                    &ago(49),
                    "major",
                    "repair-quality",
                    VIN,
                    "hotline",
                    "发动机故障灯反复点亮,修了两次仍未解决,要求负责人当面说明。",
                ],
                [
                    "DEMO-K2",
                    DEALER,
                    &ago(90),
                    &ago(89),
                    "general",
                    "parts",
                    "",
                    "wechat",
                    "配件订了两周还没有到货。",
                ],
                [
                    "DEMO-K3",
                    DEALER,
                    &ago(120),
                    &ago(119),
                    "general",
                    "waiting",
                    "",
                    "app",
                    "预约了上午,等到下午才开始检查。",
                ],
            ],
        ),
        sheet(
            "complaint_events",
            "complaint_id at kind actor_role satisfied note",
            &[
                ["DEMO-K1", &ago(40), "first-reply", "", "", "已致电客户致歉,约定到店"],
                ["DEMO-K1", &ago(20), "handled", "region-deputy-director", "", "大区副总监到店与客户见面"],
                ["DEMO-K2", &ago(80), "first-reply", "", "", "已向厂家催货"],
                ["DEMO-K2", &ago(30), "submitted", "", "", "配件已到并更换"],
                ["DEMO-K3", &ago(110), "first-reply", "", "", "已道歉并赠送保养"],
                ["DEMO-K3", &ago(100), "submitted", "", "", "客户口头接受"],
                ["DEMO-K3", &ago(26), "callback", "", "false", "客户认为没有得到答复"],
            ],
        ),
    ];
    for sheet in &sheets {
        let path = folder.join(format!("{}-desks.csv", sheet.table));
        let unwritten = |why| ControlError::File { path: path.display().to_string(), why };
        write_csv(File::create(&path).map_err(unwritten)?, sheet)?;
    }
    Ok(())
}

/// Microseconds of an instant's minute.
const fn whole_minute(at: Instant) -> i64 {
    at.0 - at.0.rem_euclid(farsight_rulebook::time::MINUTE)
}

fn sheet<const N: usize>(table: &str, columns: &str, rows: &[[&str; N]]) -> Sheet {
    Sheet {
        table: table.to_owned(),
        columns: columns.split(' ').map(str::to_owned).collect(),
        rows: rows.iter().map(|row| row.iter().map(|cell| (*cell).to_owned()).collect()).collect(),
    }
}
