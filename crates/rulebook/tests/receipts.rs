//! Receipts as a person reads them (rulebook 5), one small case for each clause.

mod common;

use common::book::Book;
use common::ground_with;
use farsight_rulebook::case::Ground;
use farsight_rulebook::facts::Deed::{Callback, FirstReply, HandledByDealerGm, Submitted};
use farsight_rulebook::facts::InspectionResult::{Fail, NotVisible};
use farsight_rulebook::facts::{Role, RulingKind};
use farsight_rulebook::messages::{Language, Voice};
use farsight_rulebook::money::Currency;
use farsight_rulebook::policy::Seat;
use farsight_rulebook::receipt::Receipt;

/// A receipt as lines: the facts, the reasons, who bears it, and what it would be otherwise.
fn lines(receipt: &Receipt, ground: &Ground, language: Language) -> Vec<String> {
    let messages = common::messages();
    let currency = Currency::of("CNY").unwrap();
    let voice = Voice { messages: &messages, language, zone: &ground.zone, currency };
    let mut lines: Vec<String> =
        receipt.facts.iter().map(|fact| format!("- {}", voice.fact(fact).unwrap())).collect();
    lines.extend(receipt.sentences.iter().map(|sentence| voice.sentence(sentence).unwrap()));
    for charged in &receipt.charged {
        lines.extend(charged.why.iter().map(|why| format!("> {}", voice.sentence(why).unwrap())));
    }
    if let Some(it) = &receipt.counterfactual {
        let policy = &ground.timeline.versions()[0].policy;
        let title = it.clause.and_then(|clause| policy.clause(clause)).map(|clause| &clause.title);
        lines.push(format!("= {}", voice.counterfactual(it, title).unwrap()));
    }
    lines
}

struct Asked<'a> {
    book: Book,
    ground: Ground,
    as_of: &'a str,
    key: (&'a str, &'a str),
    seat: Seat,
}

impl<'a> Asked<'a> {
    fn dealer(book: Book, family: &'a str, subject: &'a str) -> Self {
        let ground = ground_with(&[]);
        Self { book, ground, as_of: "2025-06-01", key: (family, subject), seat: Seat::Dealer }
    }

    fn by(self, edits: &[(&str, &str, &str)]) -> Self {
        Self { ground: ground_with(edits), ..self }
    }

    fn seat(self, seat: Seat) -> Self {
        Self { seat, ..self }
    }

    fn receipt(&self) -> Receipt {
        self.book.receipt(&self.ground, self.as_of, self.key, self.seat)
    }

    /// Compares the English lines, and has the Chinese ones said too.
    #[track_caller]
    fn reads(self, expected: &[&str]) {
        let receipt = self.receipt();
        let given = lines(&receipt, &self.ground, Language::English);
        let chinese = lines(&receipt, &self.ground, Language::Chinese);
        assert_eq!(given, expected, "{:?}", self.key);
        assert_eq!(chinese.len(), expected.len());
    }
}

fn three() -> Book {
    Book::new().fails(&["2025-01-10", "2025-02-20", "2025-03-05"])
}

#[test]
fn spot_check_first() {
    Asked::dealer(three(), "spot-check", "inspection:I-2025-01-10#item-05").reads(&[
        "- This failure (inspection I-2025-01-10), 10 Jan 2025 10:00 (Price board on display)",
        "Item “Price board on display”: failure number 1 (11 Jan 2024 to 10 Jan 2025; several on one day count once).",
        "The same item did not fail the month before (Dec 2024): a first failure.",
        "“First failure”: penalty CNY 500.00 for the service centre.",
        "> It is booked to service centre D1: that is where it happened.",
        "= Without this one fact there would be no such charge: This failure (inspection I-2025-01-10), 10 Jan 2025 10:00 (Price board on display).",
    ]);
}

#[test]
fn spot_check_repeat() {
    let asked = || Asked::dealer(three(), "spot-check", "inspection:I-2025-02-20#item-05");
    asked().reads(&[
        "- This failure (inspection I-2025-02-20), 20 Feb 2025 10:00 (Price board on display)",
        "- Earlier failure (inspection I-2025-01-10), 10 Jan 2025 10:00 (Price board on display)",
        "Item “Price board on display”: failure number 2 (21 Feb 2024 to 20 Feb 2025; several on one day count once).",
        "The same item failed in Jan 2025, and again the month after (Feb 2025).",
        "“Failed again the month after”: penalty CNY 1,000.00 for the service centre.",
        "“Failed again the month after”: penalty CNY 200.00 for the district manager.",
        "> It is booked to service centre D1: that is where it happened.",
        "> It is booked to DM: on 20 Feb 2025 district manager of service centre D1 (since 1 Jan 2014).",
        "= Without this one fact: Earlier failure (inspection I-2025-01-10), 10 Jan 2025 10:00 (Price board on display), it would be “First failure”: penalty CNY 500.00.",
    ]);
    asked().seat(Seat::DistrictManager).reads(&[
        "- This failure (inspection I-2025-02-20), 20 Feb 2025 10:00 (Price board on display)",
        "- Earlier failure (inspection I-2025-01-10), 10 Jan 2025 10:00 (Price board on display)",
        "- Post held by DM (district manager, since 1 Jan 2014)",
        "Item “Price board on display”: failure number 2 (21 Feb 2024 to 20 Feb 2025; several on one day count once).",
        "The same item failed in Jan 2025, and again the month after (Feb 2025).",
        "“Failed again the month after”: penalty CNY 1,000.00 for the service centre.",
        "“Failed again the month after”: penalty CNY 200.00 for the district manager.",
        "> It is booked to service centre D1: that is where it happened.",
        "> It is booked to DM: on 20 Feb 2025 district manager of service centre D1 (since 1 Jan 2014).",
        "= Without this one fact there would be no such charge: Earlier failure (inspection I-2025-01-10), 10 Jan 2025 10:00 (Price board on display).",
    ]);
    asked().by(&[("spot-check.repeat_window", "\"next-month\"", "\"next-check\"")]).reads(&[
        "- This failure (inspection I-2025-02-20), 20 Feb 2025 10:00 (Price board on display)",
        "- Earlier failure (inspection I-2025-01-10), 10 Jan 2025 10:00 (Price board on display)",
        "Item “Price board on display”: failure number 2 (21 Feb 2024 to 20 Feb 2025; several on one day count once).",
        "The same item failed at its check before (10 Jan 2025), and again this time.",
        "“Failed again the month after”: penalty CNY 1,000.00 for the service centre.",
        "“Failed again the month after”: penalty CNY 200.00 for the district manager.",
        "> It is booked to service centre D1: that is where it happened.",
        "> It is booked to DM: on 20 Feb 2025 district manager of service centre D1 (since 1 Jan 2014).",
        "= Without this one fact: Earlier failure (inspection I-2025-01-10), 10 Jan 2025 10:00 (Price board on display), it would be “First failure”: penalty CNY 500.00.",
    ]);
    let passed = Book::new().fails(&["2025-01-10", "2025-02-20"]).passes("2025-02-01");
    let passed = Asked::dealer(passed, "spot-check", "inspection:I-2025-02-20#item-05");
    passed.by(&[("spot-check.repeat_window", "\"next-month\"", "\"next-check\"")]).reads(&[
        "- This failure (inspection I-2025-02-20), 20 Feb 2025 10:00 (Price board on display)",
        "- Earlier pass (inspection I-2025-02-01), 1 Feb 2025 10:00 (Price board on display)",
        "Item “Price board on display”: failure number 2 (21 Feb 2024 to 20 Feb 2025; several on one day count once).",
        "The same item passed at its check before (1 Feb 2025): a first failure.",
        "“First failure”: penalty CNY 500.00 for the service centre.",
        "> It is booked to service centre D1: that is where it happened.",
        "= Without this one fact there would be no such charge: This failure (inspection I-2025-02-20), 20 Feb 2025 10:00 (Price board on display).",
    ]);
}

#[test]
fn spot_check_third() {
    Asked::dealer(three(), "spot-check", "inspection:I-2025-03-05#item-05").reads(&[
        "- This failure (inspection I-2025-03-05), 5 Mar 2025 10:00 (Price board on display)",
        "- Earlier failure (inspection I-2025-01-10), 10 Jan 2025 10:00 (Price board on display)",
        "- Earlier failure (inspection I-2025-02-20), 20 Feb 2025 10:00 (Price board on display)",
        "Item “Price board on display”: failure number 3 (6 Mar 2024 to 5 Mar 2025; several on one day count once).",
        "From failure number 3 on the highest step applies; a pass in between changes nothing.",
        "Managers are charged apart, once for the inspection, however many items reached the third.",
        "“Third or later failure within a year”: penalty CNY 10,000.00 for the service centre.",
        "> It is booked to service centre D1: that is where it happened.",
        "= Without this one fact: Earlier failure (inspection I-2025-01-10), 10 Jan 2025 10:00 (Price board on display), it would be “Failed again the month after”: penalty CNY 1,000.00.",
    ]);
}

#[test]
fn in_chinese() {
    let asked = Asked::dealer(three(), "spot-check", "inspection:I-2025-03-05#item-05");
    assert_eq!(
        lines(&asked.receipt(), &asked.ground, Language::Chinese),
        [
            "- 本次不合格（检查 I-2025-03-05），2025年3月5日 10:00（价目公示牌）",
            "- 此前不合格（检查 I-2025-01-10），2025年1月10日 10:00（价目公示牌）",
            "- 此前不合格（检查 I-2025-02-20），2025年2月20日 10:00（价目公示牌）",
            "项目“价目公示牌”：2024年3月6日至2025年3月5日内第 3 次不合格（同一天多次只计一次）。",
            "达到 3 次即按最高一档处理，中间合格不影响计次。",
            "管理人员每次检查另计一笔，不论有几个项目达到第三次。",
            "“一年内第三次及以上不合格”条款：对服务中心处罚 10,000.00 元。",
            "> 计在服务中心 D1 名下：事情发生在该中心。",
            "= 若没有这一项：此前不合格（检查 I-2025-01-10），2025年1月10日 10:00（价目公示牌）；则按“次月再次不合格”处罚 1,000.00 元。",
        ]
    );
}

#[test]
fn spot_check_managers() {
    let asked = || Asked::dealer(three(), "spot-check.managers", "inspection:I-2025-03-05");
    asked().seat(Seat::DistrictManager).reads(&[
        "- This failure (inspection I-2025-03-05), 5 Mar 2025 10:00 (Price board on display)",
        "- Earlier failure (inspection I-2025-01-10), 10 Jan 2025 10:00 (Price board on display)",
        "- Earlier failure (inspection I-2025-02-20), 20 Feb 2025 10:00 (Price board on display)",
        "- Post held by DM (district manager, since 1 Jan 2014)",
        "Item “Price board on display”: failure number 3 (6 Mar 2024 to 5 Mar 2025; several on one day count once).",
        "1 item reached the third in this inspection of 5 Mar 2025 (Price board on display); managers are charged once an inspection.",
        "“Third or later failure within a year”: penalty CNY 1,000.00 for the district manager.",
        "“Third or later failure within a year”: penalty CNY 500.00 for the region director.",
        "> It is booked to DM: on 5 Mar 2025 district manager of service centre D1 (since 1 Jan 2014).",
        "> It is booked to RD: on 5 Mar 2025 director of region R1 (since 1 Jan 2014).",
        "> On 5 Mar 2025 service centre D1 belonged to region R1.",
        "= Without this one fact there would be no such charge: Earlier failure (inspection I-2025-01-10), 10 Jan 2025 10:00 (Price board on display).",
    ]);
    let deputy = Book::bare()
        .post("DD", Role::RegionDeputyDirector, "R2", "2020-01-01", None)
        .moves("2025-02-01", "R2");
    let deputy = deputy.fails(&["2025-01-10", "2025-02-20", "2025-03-05"]);
    Asked::dealer(deputy, "spot-check.managers", "inspection:I-2025-03-05").seat(Seat::RegionDirector).reads(&[
        "- This failure (inspection I-2025-03-05), 5 Mar 2025 10:00 (Price board on display)",
        "- Earlier failure (inspection I-2025-01-10), 10 Jan 2025 10:00 (Price board on display)",
        "- Earlier failure (inspection I-2025-02-20), 20 Feb 2025 10:00 (Price board on display)",
        "- Post held by DD (region deputy director, since 1 Jan 2020)",
        "- D1 moved to another region, 1 Feb 2025 (to R2)",
        "Item “Price board on display”: failure number 3 (6 Mar 2024 to 5 Mar 2025; several on one day count once).",
        "1 item reached the third in this inspection of 5 Mar 2025 (Price board on display); managers are charged once an inspection.",
        "“Third or later failure within a year”: penalty CNY 1,000.00 for the district manager.",
        "“Third or later failure within a year”: penalty CNY 500.00 for the region director.",
        "> It is booked to DD: on 5 Mar 2025 region R2 had no director, so its deputy director stands in (since 1 Jan 2020).",
        "> Service centre D1 has belonged to region R2 since 1 Feb 2025.",
        "> On 5 Mar 2025 the post was vacant (the district manager): this amount is not posted.",
        "= Without this one fact there would be no such charge: Earlier failure (inspection I-2025-01-10), 10 Jan 2025 10:00 (Price board on display).",
    ]);
    let by_item =
        Asked::dealer(three(), "spot-check", "inspection:I-2025-03-05#item-05").seat(Seat::DistrictManager);
    by_item.by(&[("spot-check.manager_unit", "\"inspection\"", "\"item\"")]).reads(&[
        "- This failure (inspection I-2025-03-05), 5 Mar 2025 10:00 (Price board on display)",
        "- Earlier failure (inspection I-2025-01-10), 10 Jan 2025 10:00 (Price board on display)",
        "- Earlier failure (inspection I-2025-02-20), 20 Feb 2025 10:00 (Price board on display)",
        "- Post held by DM (district manager, since 1 Jan 2014)",
        "Item “Price board on display”: failure number 3 (6 Mar 2024 to 5 Mar 2025; several on one day count once).",
        "From failure number 3 on the highest step applies; a pass in between changes nothing.",
        "Managers are charged by item, once for each third.",
        "“Third or later failure within a year”: penalty CNY 10,000.00 for the service centre.",
        "“Third or later failure within a year”: penalty CNY 1,000.00 for the district manager.",
        "“Third or later failure within a year”: penalty CNY 500.00 for the region director.",
        "> It is booked to service centre D1: that is where it happened.",
        "> It is booked to DM: on 5 Mar 2025 district manager of service centre D1 (since 1 Jan 2014).",
        "> It is booked to RD: on 5 Mar 2025 director of region R1 (since 1 Jan 2014).",
        "> On 5 Mar 2025 service centre D1 belonged to region R1.",
        "= Without this one fact: Earlier failure (inspection I-2025-01-10), 10 Jan 2025 10:00 (Price board on display), it would be “Failed again the month after”: penalty CNY 200.00.",
    ]);
}

#[test]
fn spot_check_not_visible() {
    let book = Book::new().looks("I-1", "item-05", "2025-01-10", NotVisible, false);
    Asked::dealer(book, "spot-check.not-visible", "inspection:I-1#item-05").reads(&[
        "- Nothing to be seen (inspection I-1), 10 Jan 2025 10:00 (Price board on display)",
        "10 Jan 2025 10:00: camera off or blocked, “Price board on display” could not be seen; it is no failure.",
    ]);
}

#[test]
fn complaint_attitude() {
    let book = Book::new().complaint("2025-03-03", false, "attitude");
    Asked::dealer(book, "complaint.attitude", "complaint:C-1").reads(&[
        "- Complaint C-1, 3 Mar 2025 10:00 (general complaint, category: attitude)",
        "A complaint about attitude was received on 3 Mar 2025; there is zero tolerance for that.",
        "“Complaint about attitude (zero tolerance)”: penalty CNY 5,000.00 for the service centre.",
        "> It is booked to service centre D1: that is where it happened.",
        "= Without this one fact there would be no such charge: Complaint C-1, 3 Mar 2025 10:00 (general complaint, category: attitude).",
    ]);
}

#[test]
fn complaint_mishandled() {
    let ruled = |first: &str, second: &str| {
        let book = Book::new().complaint("2025-03-03", false, "parts");
        let book =
            book.rules_of("U-1", RulingKind::Mishandled, "complaint:C-1", None, "2025-03-20", Some(first));
        book.rules_of("U-2", RulingKind::Mishandled, "complaint:C-1", None, "2025-04-02", Some(second))
    };
    Asked::dealer(ruled("6000", "8000"), "complaint.mishandled", "complaint:C-1").reads(&[
        "- Complaint C-1, 3 Mar 2025 10:00 (general complaint, category: parts)",
        "- Ruling U-2, 2 Apr 2025 10:00 (amount: CNY 8,000.00)",
        "There are 2 rulings; the latest holds.",
        "Ruling U-2 (2 Apr 2025 10:00) found it mishandled and set CNY 8,000.00; the policy allows CNY 5,000.00 to CNY 20,000.00.",
        "> It is booked to service centre D1: that is where it happened.",
        "= Without this one fact: Ruling U-2, 2 Apr 2025 10:00 (amount: CNY 8,000.00), it would be “Complaint mishandled (amount by ruling)”: penalty CNY 6,000.00.",
    ]);
    let lowered = Asked::dealer(ruled("8000", "6000"), "complaint.mishandled", "complaint:C-1").receipt();
    let otherwise = lowered.counterfactual.unwrap();
    assert_eq!((otherwise.without.role, otherwise.would_be.0), ("complaint", 0)); // without U-2 it would be more
}

#[test]
fn complaint_deadlines() {
    let late = || {
        let book =
            Book::new().complaint_of("C-1", "2025-03-03", Some("2025-03-03 12:00"), false, "parts", None);
        let book = book.deed(FirstReply, "2025-03-05 13:30").deed(Submitted, "2025-03-05 14:00");
        book.deed(Callback(Some(false)), "2025-03-07 09:00").deed(Callback(Some(true)), "2025-03-09 12:00:30")
    };
    Asked::dealer(late(), "complaint.reply", "complaint:C-1").reads(&[
        "- Complaint C-1, 3 Mar 2025 10:00 (general complaint, category: parts)",
        "- Record on complaint C-1, 5 Mar 2025 13:30 (first reply by the service centre)",
        "The clock started when it was dispatched to the service centre: 3 Mar 2025 12:00.",
        "The first reply was due within 1 day, by 4 Mar 2025 12:00.",
        "The first reply came at 5 Mar 2025 13:30, 1 day 1 hour 30 minutes late.",
        "“First reply late”: no amount is set for the service centre; this alerts, no money moves.",
    ]);
    let charging = [("complaint.close-late", "\"0.00\"", "\"300.00\"")];
    Asked::dealer(late(), "complaint.close", "complaint:C-1").by(&charging).reads(&[
        "- Complaint C-1, 3 Mar 2025 10:00 (general complaint, category: parts)",
        "- Record on complaint C-1, 5 Mar 2025 14:00 (submitted for callback by the service centre)",
        "- Record on complaint C-1, 7 Mar 2025 09:00 (callback, customer not satisfied)",
        "- Record on complaint C-1, 9 Mar 2025 12:00:30 (callback, customer satisfied)",
        "The clock started when it was dispatched to the service centre: 3 Mar 2025 12:00.",
        "A general complaint is to be closed within 3 days, by 6 Mar 2025 12:00.",
        "The customer said satisfied in the callback of 9 Mar 2025 12:00:30, 3 days 30 seconds late.",
        "The submission of 5 Mar 2025 14:00 does not count: in the callback of 7 Mar 2025 09:00 the customer was not satisfied.",
        "“Closing late”: penalty CNY 300.00 for the service centre.",
        "> It is booked to service centre D1: that is where it happened.",
        "= Without this one fact there would be no such charge: Record on complaint C-1, 7 Mar 2025 09:00 (callback, customer not satisfied).",
    ]);
    let silent = || Book::new().complaint("2025-03-03", true, "parts").deed(HandledByDealerGm, "2025-03-04");
    Asked::dealer(silent(), "complaint.reply", "complaint:C-1").reads(&[
        "- Complaint C-1, 3 Mar 2025 10:00 (major complaint, category: parts)",
        "No dispatch is recorded, so the clock started when it was received: 3 Mar 2025 10:00.",
        "The first reply was due within 1 day, by 4 Mar 2025 10:00.",
        "By 1 Jun 2025 10:00 there was no first reply.",
        "“First reply late”: no amount is set for the service centre; this alerts, no money moves.",
    ]);
    let working = [("complaint.days", "\"natural\"", "\"working\"")];
    Asked::dealer(silent(), "complaint.close", "complaint:C-1").by(&working).reads(&[
        "- Complaint C-1, 3 Mar 2025 10:00 (major complaint, category: parts)",
        "No dispatch is recorded, so the clock started when it was received: 3 Mar 2025 10:00.",
        "A major complaint is to be closed within 5 working days, by 10 Mar 2025 10:00.",
        "By 1 Jun 2025 10:00 there was no callback with a satisfied customer.",
        "The service centre did not submit it for callback by 10 Mar 2025 10:00.",
        "“Closing late”: no amount is set for the service centre; this alerts, no money moves.",
    ]);
    Asked::dealer(silent(), "complaint.major", "complaint:C-1").reads(&[
        "- Complaint C-1, 3 Mar 2025 10:00 (major complaint, category: parts)",
        "- Record on complaint C-1, 4 Mar 2025 10:00 (handled in person by the general manager)",
        "No dispatch is recorded, so the clock started when it was received: 3 Mar 2025 10:00.",
        "A major complaint is to be closed within 5 days, by 8 Mar 2025 10:00.",
        "By 1 Jun 2025 10:00 the region's deputy director had not handled it in person.",
        "The general manager was in time; the deputy director's absence is not charged to the service centre.",
        "“Major complaint not handled in person by general manager and deputy director”: no amount is set for the service centre; this alerts, no money moves.",
    ]);
}

const ADVISOR: &str = "service-advisor";

fn advisor() -> Book {
    let book = Book::new().employed("E1", ADVISOR, "2024-01-01", Some(("2025-04-10", "resigned")));
    book.certified("K1", "E1", ADVISOR, ("2024-01-01", "2025-03-15")).certified(
        "K2",
        "E1",
        ADVISOR,
        ("2025-03-16", "2025-08-01"),
    )
}

#[test]
fn certification_attrition() {
    Asked::dealer(advisor(), "certification.attrition", "person:E1/D1@2025-04-10").reads(&[
        "- Employment of E1 (person: E1, 1 Jan 2024 to 10 Apr 2025)",
        "- Certificate K2 (person: E1, 16 Mar 2025 to 1 Aug 2025)",
        "The last day of E1 at service centre D1 was 10 Apr 2025; from 11 Apr 2025 on there is no employment there.",
        "On 10 Apr 2025 E1 was an advisor with a valid certificate.",
        "Reason given: resigned; only these are no attrition: transfer, retirement, death.",
        "“A certified advisor left”: penalty CNY 2,000.00 for the service centre.",
        "> It is booked to service centre D1: that is where it happened.",
        "= Without this one fact there would be no such charge: Certificate K2 (person: E1, 16 Mar 2025 to 1 Aug 2025).",
    ]);
}

#[test]
fn certification_bonus() {
    Asked::dealer(advisor(), "certification.bonus", "person:E1/D1@2025-03").reads(&[
        "- Employment of E1 (person: E1, 1 Jan 2024 to 10 Apr 2025)",
        "- Certificate K1 (person: E1, 1 Jan 2024 to 15 Mar 2025)",
        "- Certificate K2 (person: E1, 16 Mar 2025 to 1 Aug 2025)",
        "E1 was an advisor at service centre D1 with a valid certificate on every day of Mar 2025 (1 Mar 2025 to 31 Mar 2025).",
        "“Differential pay for certified advisors”: incentive CNY 300.00 for the service centre.",
        "> It is booked to service centre D1: that is where it happened.",
        "= Without this one fact there would be no such charge: Certificate K1 (person: E1, 1 Jan 2024 to 15 Mar 2025).",
    ]);
}

#[test]
fn certification_without_money() {
    let bays = || advisor().bays("2020-01-01", 17);
    Asked::dealer(bays(), "certification.shortfall", "dealer:D1@2025-03").reads(&[
        "- Bays of D1, 1 Jan 2020 (bays: 17)",
        "- Employment of E1 (person: E1, 1 Jan 2024 to 10 Apr 2025)",
        "- Certificate K2 (person: E1, 16 Mar 2025 to 1 Aug 2025)",
        "17 bays, one certified advisor for 8 bays, at least 2: 3 needed.",
        "On 31 Mar 2025 there were 1, 2 too few.",
        "“Too few certified advisors”: no amount is set for the service centre; this alerts, no money moves.",
    ]);
    let charging = [("certification.shortfall", "\"0.00\"", "\"700.00\"")];
    let two = bays().employed("E2", ADVISOR, "2024-06-01", None).certified(
        "K3",
        "E2",
        ADVISOR,
        ("2024-06-01", "2026-01-01"),
    );
    let otherwise = Asked::dealer(two, "certification.shortfall", "dealer:D1@2025-03")
        .by(&charging)
        .receipt()
        .counterfactual
        .unwrap();
    assert_eq!((otherwise.without.role, otherwise.would_be.0), ("bays", 0)); // two are enough without the bays
    let lapsing = Book::new().employed("E1", ADVISOR, "2024-01-01", None).certified(
        "K2",
        "E1",
        ADVISOR,
        ("2025-03-16", "2025-07-30"),
    );
    Asked::dealer(lapsing, "certification.expiring", "certificate:K2#60").reads(&[
        "- Certificate K2 (person: E1, 16 Mar 2025 to 30 Jul 2025)",
        "- Employment of E1 (person: E1, since 1 Jan 2024)",
        "The service advisor certificate of E1 lapses on 30 Jul 2025; warned 60 days before, on 31 May 2025.",
    ]);
    let work = Book::new().order("W1", "2025-03-05 15:00", |order, code| {
        (order.advisor, order.technician, order.nev) = (Some(code("A")), Some(code("T")), true);
    });
    let work = work.certified("K1", "A", ADVISOR, ("2025-01-01", "2025-12-31"));
    Asked::dealer(work, "certification.uncertified-work", "dealer:D1@2025-03-05").reads(&[
        "- Work order W1, 5 Mar 2025 15:00",
        "Work order W1: on 5 Mar 2025 T had no valid technician certificate (basic or higher).",
        "Work order W1: on 5 Mar 2025 T had no valid new-energy certificate.",
    ]);
}

fn busy() -> Book {
    let book = Book::new().bays("2020-01-01", 10).dealer("D2", "R2");
    let book = book.base("2025-01", 5_000, Some(500)).base_of("D2", "2025-01", 5_000, Some(525));
    book.base("2025-02", 5_000, None)
}

#[test]
fn bay_turnover() {
    Asked::dealer(busy(), "bay-turnover", "dealer:D1@2025-01").reads(&[
        "- Base customers of D1, Jan 2025 (base customers: 5000)",
        "- Bays of D1, 1 Jan 2020 (bays: 10)",
        "Jan 2025: 5000 base customers ÷ 10 bays = 500.00 customers a bay.",
        "Factor of region R1 1.0250: the network's visits a customer (1025 ÷ 10000) ÷ the region's (500 ÷ 5000), held within 0.80 and 1.25.",
        "Threshold of rectification 450 × 1.0250 = 461.2500; 500.00 customers a bay reach it.",
        "The rectification for Jan 2025 was to be accepted within 60 days of the month's end, by 1 Apr 2025.",
        "“Bay turnover (customers per bay) too high: to be mended”: no amount is set for the service centre; this alerts, no money moves.",
    ]);
    let high = Book::new().bays("2020-01-01", 3).base("2025-01", 1_100, None);
    Asked::dealer(high, "bay-turnover", "dealer:D1@2025-01").reads(&[
        "- Base customers of D1, Jan 2025 (base customers: 1100)",
        "- Bays of D1, 1 Jan 2020 (bays: 3)",
        "Jan 2025: 1100 base customers ÷ 3 bays = 366.67 customers a bay.",
        "Visits of region R1 or of the network are not known: the factor is 1.",
        "Threshold of the warning 350 × 1.0000 = 350.0000; 366.67 customers a bay reach it.",
    ]);
    let charging = [("bay-turnover.overdue", "\"0.00\"", "\"3000.00\"")];
    let accepted = busy().rules("A-1", RulingKind::Accept, "dealer:D1@2025-01", "2025-04-20");
    Asked::dealer(accepted, "bay-turnover.overdue", "dealer:D1@2025-01").by(&charging).reads(&[
        "- Base customers of D1, Jan 2025 (base customers: 5000)",
        "- Base customers of D1, Feb 2025 (base customers: 5000)",
        "- Bays of D1, 1 Jan 2020 (bays: 10)",
        "- Ruling A-1 accepting the rectification, 20 Apr 2025 10:00",
        "One order covers: Jan 2025, Feb 2025.",
        "The rectification for Jan 2025 was to be accepted within 60 days of the month's end, by 1 Apr 2025.",
        "It was accepted on 20 Apr 2025, 19 days late.",
        "“Rectification overdue”: penalty CNY 3,000.00 for the service centre.",
        "> It is booked to service centre D1: that is where it happened.",
        "= Without this one fact there would be no such charge: Bays of D1, 1 Jan 2020 (bays: 10).",
    ]);
    Asked::dealer(busy(), "bay-turnover.overdue", "dealer:D1@2025-01").by(&charging).reads(&[
        "- Base customers of D1, Jan 2025 (base customers: 5000)",
        "- Base customers of D1, Feb 2025 (base customers: 5000)",
        "- Bays of D1, 1 Jan 2020 (bays: 10)",
        "One order covers: Jan 2025, Feb 2025.",
        "The rectification for Jan 2025 was to be accepted within 60 days of the month's end, by 1 Apr 2025.",
        "By 1 Jun 2025 10:00 it was not accepted.",
        "“Rectification overdue”: penalty CNY 3,000.00 for the service centre.",
        "> It is booked to service centre D1: that is where it happened.",
        "= Without this one fact there would be no such charge: Bays of D1, 1 Jan 2020 (bays: 10).",
    ]);
    let missing = Book::new().dealer("D2", "R2").base_of("D2", "2025-01", 5_000, None);
    Asked::dealer(missing, "bay-turnover.data-missing", "dealer:D1@2025-01").reads(&[
        "There is no number of base customers for Jan 2025.",
        "There is no number of bays at the end of Jan 2025.",
        "The figures of Jan 2025 are to be there within 10 days of the month's end (an alert from 10 Feb 2025); nothing is guessed.",
    ]);
}

fn twice() -> Book {
    Book::new().repair("W1", "2025-03-01", false).repair("W2", "2025-03-10", false)
}

#[test]
fn repeat_repair() {
    Asked::dealer(twice(), "repeat-repair.unreported", "vin:V1/F1@D1#W2").reads(&[
        "- Repair, work order W2, 10 Mar 2025 10:00 (not fixed)",
        "- Repair, work order W1, 1 Mar 2025 10:00 (not fixed)",
        "Vehicle V1, fault F1: 2 attempts within 365 days, not fixed.",
        "The last was completed at 10 Mar 2025 10:00; support was to be asked for within 24 hours of that, by 11 Mar 2025 10:00.",
        "By 1 Jun 2025 10:00 support was not asked for.",
    ]);
    let complained = twice().complaint_of("C-1", "2025-03-10 15:00", None, false, "waiting", Some("V1"));
    let complained = complained.asks("Q1", "2025-03-13 12:00");
    Asked::dealer(complained, "repeat-repair.complaint", "complaint:C-1").reads(&[
        "- Complaint C-1, 10 Mar 2025 15:00 (category: waiting time)",
        "- Repair, work order W1, 1 Mar 2025 10:00 (not fixed)",
        "- Repair, work order W2, 10 Mar 2025 10:00 (not fixed)",
        "- Request Q1 for technical support, 13 Mar 2025 12:00",
        "Vehicle V1, fault F1: 2 attempts within 365 days, not fixed.",
        "The last was completed at 10 Mar 2025 10:00; support was to be asked for within 24 hours of that, by 11 Mar 2025 10:00.",
        "Support was asked for only at 13 Mar 2025 12:00, 2 days 2 hours late.",
        "The customer complained about this vehicle at 10 Mar 2025 15:00 (waiting time), after the completion at 10 Mar 2025 10:00 and before support was asked for or it was fixed: it counts as caused by that.",
        "The complaint came before the deadline; it is dated by the deadline, 11 Mar 2025.",
        "“Complaint after support was not asked for”: penalty CNY 5,000.00 for the service centre.",
        "> It is booked to service centre D1: that is where it happened.",
        "= Without this one fact there would be no such charge: Repair, work order W1, 1 Mar 2025 10:00 (not fixed).",
    ]);
}

#[test]
fn a_vacant_post_is_told_and_leaves_nothing_to_explain_away() {
    let book = Book::bare().fails(&["2025-01-10", "2025-02-20"]);
    let asked =
        Asked::dealer(book, "spot-check", "inspection:I-2025-02-20#item-05").seat(Seat::DistrictManager);
    let receipt = asked.receipt();
    assert_eq!(receipt.amount.0, -20_000);
    assert_eq!(receipt.charged.last().unwrap().party, None);
    asked.reads(&[
        "- This failure (inspection I-2025-02-20), 20 Feb 2025 10:00 (Price board on display)",
        "- Earlier failure (inspection I-2025-01-10), 10 Jan 2025 10:00 (Price board on display)",
        "Item “Price board on display”: failure number 2 (21 Feb 2024 to 20 Feb 2025; several on one day count once).",
        "The same item failed in Jan 2025, and again the month after (Feb 2025).",
        "“Failed again the month after”: penalty CNY 1,000.00 for the service centre.",
        "“Failed again the month after”: penalty CNY 200.00 for the district manager.",
        "> It is booked to service centre D1: that is where it happened.",
        "> On 20 Feb 2025 the post was vacant (the district manager): this amount is not posted.",
        "= Without this one fact there would be no such charge: Earlier failure (inspection I-2025-01-10), 10 Jan 2025 10:00 (Price board on display).",
    ]);
}

#[test]
fn of_equal_facts_the_earliest_that_is_not_judged_itself_is_told() {
    let days = ["2025-01-10", "2025-02-20", "2025-03-05"];
    let both = days
        .iter()
        .fold(three(), |book, when| book.looks(&format!("I-{when}"), "item-07", when, Fail, false));
    let receipt = Asked::dealer(both, "spot-check.managers", "inspection:I-2025-03-05")
        .seat(Seat::RegionDirector)
        .receipt();
    assert_eq!(receipt.counterfactual, None); // either item alone is third enough
    assert_eq!(receipt.facts.iter().filter(|fact| fact.judged).count(), 2);
    let four = Book::new().fails(&["2025-01-10", "2025-02-20", "2025-03-05", "2025-03-06"]);
    let receipt = Asked::dealer(four, "spot-check", "inspection:I-2025-03-06#item-05").receipt();
    let otherwise = receipt.counterfactual.unwrap();
    assert_eq!((otherwise.without.role, otherwise.would_be.0), ("failure", 0)); // without any other it is still a third
}
