//! What customers write and workshops answer.

use crate::dice::Dice;

/// The categories of complaints, with how often each comes (attitude is the zero-tolerance one, and rare).
pub(crate) const CATEGORIES: [(&str, u32); 7] = [
    ("attitude", 16),
    ("repair-quality", 310),
    ("waiting", 215),
    ("price", 150),
    ("parts", 125),
    ("sales", 64),
    ("other", 120),
];

/// Complaints by category; `{car}` is the model, `{fault}` the trouble, `{n}` a small number.
const COMPLAINTS: [(&str, &[&str]); 7] = [
    (
        "attitude",
        &[
            "服务顾问说话很冲,问{fault}怎么回事,直接回我一句“自己看说明书”。",
            "接待人员全程看手机,催了{n}次才抬头,态度非常差。",
            "因为{fault}去店里理论,服务经理当众推搡、辱骂客户,要求道歉。",
            "打电话咨询保养,对方不耐烦直接挂断电话,前后{n}次。",
            "交车时发现划痕,前台说“不是我们弄的爱找谁找谁”。",
            "客户要求看旧件,技师甩脸色,说“不信就别来修”。",
        ],
    ),
    (
        "repair-quality",
        &[
            "{car}因{fault}修了{n}次,开出去不到一星期又犯。",
            "更换配件后{fault}仍然存在,店里说检测不出问题。",
            "保养后发现机油滴漏,怀疑放油螺丝没有拧紧。",
            "{car}做完四轮定位还是跑偏,要求重新检修并退费。",
            "维修{fault}后仪表又多亮一个故障灯。",
            "钣金喷漆色差明显,返工{n}次还是不行。",
            "拆装内饰后异响,卡扣少装了{n}个。",
            "说好已经升级程序,实际{fault}一点没有改善。",
        ],
    ),
    (
        "waiting",
        &[
            "预约了上午保养,等了{n}个小时还没有进工位。",
            "{car}在店里放了{n}天,没有人告知维修进度。",
            "承诺当天交车,拖到第{n}天才通知提车。",
            "周末去保养,排队{n}小时没有人招呼。",
            "因{fault}进厂,配件一直说在路上,已经{n}天。",
            "救援电话打了{n}次才有人接,在高速上等了很久。",
        ],
    ),
    (
        "price",
        &[
            "保养报价和官网公示价不一致,多收了{n}百元。",
            "{car}修{fault},没有提前告知费用,结账时才说要自费。",
            "工时费重复收取,要求退还多收部分。",
            "强制推销燃油宝和空调清洗,不做就不给优惠。",
            "质保期内{fault}仍要求客户付检测费。",
            "结算单上有{n}项没有做的项目。",
        ],
    ),
    (
        "parts",
        &[
            "{car}需要的配件订了{n}周还没有到货。",
            "怀疑更换的不是原厂件,包装和防伪码都不给看。",
            "{fault}需要换件,店里说全国缺货,没有到货时间。",
            "换下来的旧件没有按约定归还客户。",
            "新换的配件用了{n}天又坏,要求重新质保。",
            "订件时交了定金,配件到了却没有人通知。",
        ],
    ),
    (
        "sales",
        &[
            "购买{car}时承诺的{n}次免费保养没有兑现。",
            "提车{n}个月,合格证和发票还没有给齐。",
            "销售承诺赠送的装饰与实际不符。",
            "订车时说{n}周交付,一再推迟。",
            "按揭手续费没有事先说明,要求退还。",
        ],
    ),
    (
        "other",
        &[
            "休息区空调不开,饮水机没有水,{n}次反映没有改善。",
            "车辆在店内停放时被刮伤,要求赔偿。",
            "店里频繁电话回访要求打满分,每周{n}次。",
            "客户个人信息疑似泄露,接到多家保险公司电话。",
            "洗车没有洗干净,车内脚垫丢失。",
        ],
    ),
];

/// Where complaints come from, with how often.
pub(crate) const CHANNELS: [(&str, u32); 5] =
    [("hotline", 58), ("app", 20), ("wechat", 14), ("web", 5), ("authority", 3)];

/// The text of a complaint of a category.
pub(crate) fn complaint(dice: &mut Dice, category: &str, car: &str, trouble: &str) -> String {
    let templates = COMPLAINTS.iter().find(|(c, _)| *c == category).map_or(COMPLAINTS[1].1, |(_, t)| t);
    let number = dice.between(2, 6);
    dice.pick(templates).replace("{car}", car).replace("{fault}", trouble).replace("{n}", &number.to_string())
}

/// What the dealer notes at its first reply.
pub(crate) const REPLIES: [&str; 6] = [
    "已致电客户致歉,约定到店检查",
    "已联系客户了解情况,安排技术主管跟进",
    "电话沟通,客户同意明日到店",
    "已致歉并说明配件到货时间",
    "客户情绪激动,约定当面沟通",
    "已核实情况,正在内部调查",
];
/// What the dealer notes when it submits a complaint for callback.
pub(crate) const SUBMISSIONS: [&str; 5] = [
    "已重新检修,客户试车认可",
    "已退还差额,客户表示接受",
    "配件已更换,免费保养一次",
    "已当面道歉并达成谅解",
    "已交车,赠送工时券",
];
/// What the call centre notes of a customer who is not satisfied.
pub(crate) const DISSATISFIED: [&str; 4] =
    ["客户表示问题没有解决", "客户不认可处理方案", "客户称承诺没有兑现", "客户要求继续跟进"];
/// Why a car is late.
pub(crate) const DELAYS: [&str; 5] =
    ["等待配件到货", "工位已满,顺延作业", "需要进一步检测", "等待客户确认追加项目", "外加工返回延迟"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::Purpose;

    #[test]
    fn every_category_has_texts_without_gaps() {
        let mut dice = Dice::of(1, Purpose::Draw, 0, 0);
        for (category, _) in CATEGORIES {
            assert!(COMPLAINTS.iter().any(|(known, _)| *known == category));
            for _ in 0..50 {
                assert!(!complaint(&mut dice, category, "CS75-PLUS", "刹车异响").contains('{'));
            }
        }
        assert!(COMPLAINTS.iter().map(|(_, t)| t.len()).sum::<usize>() >= 40);
    }
}
