//! Subjects and families: the names of the things judged (rulebook 3.2, formats section 2).

use jiff::civil::Date;

use crate::codes::is_code;
use crate::period::Period;

/// The parts of a subject.
#[expect(missing_docs, reason = "each form shows where its parts stand")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject<'t> {
    /// `inspection:ID`
    Inspection { inspection: &'t str },
    /// `inspection:ID#ITEM`
    InspectionItem { inspection: &'t str, item: &'t str },
    /// `complaint:ID`
    Complaint { complaint: &'t str },
    /// `certificate:ID#DAYS`
    Certificate { certificate: &'t str, days: u32 },
    /// `person:CODE/DEALER@DATE`
    PersonDealerDate { person: &'t str, dealer: &'t str, on: Date },
    /// `person:CODE/DEALER@MONTH`
    PersonDealerMonth { person: &'t str, dealer: &'t str, month: Period },
    /// `person:CODE@MONTH`
    PersonMonth { person: &'t str, month: Period },
    /// `dealer:CODE@MONTH`
    DealerMonth { dealer: &'t str, month: Period },
    /// `dealer:CODE@DATE`
    DealerDate { dealer: &'t str, on: Date },
    /// `vin:VIN/FAULT@DEALER#WORK_ORDER_ID`
    Obligation { vin: &'t str, fault: &'t str, dealer: &'t str, work_order: &'t str },
    /// `region:CODE@MONTH`
    RegionMonth { region: &'t str, month: Period },
    /// `feedback:ID`
    Feedback { feedback: &'t str },
    /// `order:ID`
    Order { work_order: &'t str },
    /// `model:MODEL/FAULT@MONTH`
    ModelFaultMonth { model: &'t str, fault: &'t str, month: Period },
}

impl<'t> Subject<'t> {
    /// Reads a subject; `None` when it has no form of the contract.
    pub fn read(text: &'t str) -> Option<Self> {
        let (noun, rest) = text.split_once(':')?;
        match noun {
            "inspection" => match rest.split_once('#') {
                Some((inspection, item)) => {
                    codes([inspection, item])?;
                    Some(Self::InspectionItem { inspection, item })
                }
                None => codes([rest]).map(|()| Self::Inspection { inspection: rest }),
            },
            "complaint" => codes([rest]).map(|()| Self::Complaint { complaint: rest }),
            "feedback" => codes([rest]).map(|()| Self::Feedback { feedback: rest }),
            "order" => codes([rest]).map(|()| Self::Order { work_order: rest }),
            "certificate" => {
                let (certificate, days) = rest.split_once('#')?;
                codes([certificate])?;
                let canonical = days.parse::<u32>().ok().filter(|number| number.to_string() == days)?;
                Some(Self::Certificate { certificate, days: canonical })
            }
            "person" => Self::read_person(rest),
            "dealer" => {
                let (dealer, when) = rest.split_once('@')?;
                codes([dealer])?;
                match month(when) {
                    Some(month) => Some(Self::DealerMonth { dealer, month }),
                    None => day(when).map(|on| Self::DealerDate { dealer, on }),
                }
            }
            "region" => {
                let (region, when) = rest.split_once('@')?;
                codes([region])?;
                month(when).map(|month| Self::RegionMonth { region, month })
            }
            "vin" => {
                let (vin, rest) = rest.split_once('/')?;
                let (fault, rest) = rest.split_once('@')?;
                let (dealer, work_order) = rest.split_once('#')?;
                codes([vin, fault, dealer, work_order])?;
                Some(Self::Obligation { vin, fault, dealer, work_order })
            }
            "model" => {
                let (model, rest) = rest.split_once('/')?;
                let (fault, when) = rest.split_once('@')?;
                codes([model])?;
                if fault != "*" {
                    codes([fault])?;
                }
                month(when).map(|month| Self::ModelFaultMonth { model, fault, month })
            }
            _ => None,
        }
    }

    fn read_person(rest: &'t str) -> Option<Self> {
        let (who, when) = rest.split_once('@')?;
        match who.split_once('/') {
            Some((person, dealer)) => {
                codes([person, dealer])?;
                match month(when) {
                    Some(month) => Some(Self::PersonDealerMonth { person, dealer, month }),
                    None => day(when).map(|on| Self::PersonDealerDate { person, dealer, on }),
                }
            }
            None => {
                codes([who])?;
                month(when).map(|month| Self::PersonMonth { person: who, month })
            }
        }
    }

    /// The families whose findings can have a subject of this form.
    pub fn families(&self) -> &'static [&'static str] {
        match self {
            Self::Inspection { .. } => &["spot-check.managers"],
            Self::InspectionItem { .. } => &["spot-check", "spot-check.not-visible"],
            Self::Complaint { .. } => &[
                "complaint.attitude",
                "complaint.reply",
                "complaint.close",
                "complaint.major",
                "complaint.mishandled",
                "repeat-repair.complaint",
            ],
            Self::Certificate { .. } => &["certification.expiring"],
            Self::PersonDealerDate { .. } => &["certification.attrition"],
            Self::PersonDealerMonth { .. } => &["certification.bonus"],
            Self::PersonMonth { .. } => &["satisfaction.star"],
            Self::DealerMonth { .. } => &[
                "bay-turnover",
                "bay-turnover.overdue",
                "bay-turnover.data-missing",
                "certification.shortfall",
                "service-clock.slow",
                "satisfaction.level",
                "mystery-shopper",
                "feedback.callback-missed",
                "retention.churn",
                "transparency.unconfirmed",
                "transparency.price",
            ],
            Self::DealerDate { .. } => &["certification.uncertified-work"],
            Self::Obligation { .. } => &["repeat-repair.unreported"],
            Self::RegionMonth { .. } => &["satisfaction.region"],
            Self::Feedback { .. } => &["feedback.late"],
            // An order may also be excused from the counts of the families below (rulebook 3.6).
            Self::Order { .. } => &[
                "service-clock.compensation",
                "service-clock.slow",
                "feedback.callback-missed",
                "transparency.unconfirmed",
            ],
            Self::ModelFaultMonth { .. } => &["fault-hotspot.rising", "fault-hotspot.early"],
        }
    }
}

/// Whether a text names a clause family of the rulebook.
pub fn is_family(name: &str) -> bool {
    const FORMS: [&str; 13] = [
        "inspection:a",
        "inspection:a#b",
        "complaint:a",
        "certificate:a#1",
        "person:a/b@2000-01-01",
        "person:a/b@2000-01",
        "person:a@2000-01",
        "dealer:a@2000-01",
        "dealer:a@2000-01-01",
        "vin:a/b@c#d",
        "region:a@2000-01",
        "feedback:a",
        "model:a/b@2000-01",
    ];
    name == "service-clock.compensation"
        || is_custom_family(name)
        || FORMS
            .iter()
            .filter_map(|form| Subject::read(form))
            .any(|subject| subject.families().contains(&name))
}

/// Whether a text could name the family of a manufacturer's own rule; which there are, its policies say.
fn is_custom_family(name: &str) -> bool {
    name.strip_prefix("custom.").is_some_and(|rule| is_code(rule) && !rule.contains('.'))
}

fn codes<const N: usize>(texts: [&str; N]) -> Option<()> {
    texts.into_iter().all(is_code).then_some(())
}

fn month(text: &str) -> Option<Period> {
    text.parse().ok()
}

fn day(text: &str) -> Option<Date> {
    let shape = text.len() == 10
        && text
            .bytes()
            .enumerate()
            .all(|(i, b)| if i == 4 || i == 7 { b == b'-' } else { b.is_ascii_digit() });
    if shape { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_the_contract_is_read_and_others_are_not() {
        for text in [
            "inspection:I-1",
            "inspection:I-1#item-01",
            "complaint:C-1",
            "certificate:K-1#60",
            "person:E-1/D1@2025-01-31",
            "person:E-1/D1@2025-01",
            "person:E-1@2025-01",
            "dealer:D1@2025-01",
            "dealer:D1@2025-01-31",
            "vin:V/P0301@D1#W-1",
            "region:R1@2025-01",
            "feedback:F-1",
            "order:W-1",
            "model:CS75/P0301@2025-01",
            "model:CS75/*@2025-01",
        ] {
            assert!(Subject::read(text).is_some(), "{text}");
        }
        for text in [
            "",
            "complaint:",
            "complaint",
            "complaint:C 1",
            "dealer:D1",
            "dealer:D1@2025",
            "dealer:D1@2025-13",
            "dealer:D1@2025-02-30",
            "certificate:K#060",
            "certificate:K#-1",
            "vin:V/P@D",
            "person:E@2025-01-01",
            "thing:1",
            "inspection:I#",
            "model:*/P@2025-01",
        ] {
            assert!(Subject::read(text).is_none(), "{text}");
        }
    }

    #[test]
    fn families_are_those_of_the_rulebook() {
        for name in [
            "spot-check",
            "spot-check.managers",
            "complaint.reply",
            "bay-turnover",
            "service-clock.compensation",
            "custom.late-orders",
        ] {
            assert!(is_family(name), "{name}");
        }
        for name in [
            "",
            "custom",
            "custom.",
            "custom.late.some",
            "spot-check.third",
            "complaint.reply-late",
            "bay-turnover.warn",
            "nonsense",
        ] {
            assert!(!is_family(name), "{name}");
        }
    }
}
