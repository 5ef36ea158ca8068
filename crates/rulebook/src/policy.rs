//! Policy: the dated parameters, clauses and charges that findings are judged by (rulebook 2).

mod clause;
mod read;
mod timeline;

pub use clause::{Amount, ChargeTerms, Clause, Seat, Severity, Source, Text};
pub use read::{PolicyError, Section};
pub use timeline::{Timeline, Version};

use crate::alert;
use crate::appeal;
use crate::checks::{
    bay_turnover, certification, complaint, custom, fault_hotspot, feedback, field_staff, mystery_shopper,
    repeat_repair, retention, satisfaction, service_clock, spot_check, transparency,
};
use crate::money::Currency;

/// One policy: every clause with its titles, its parameters and the charges it carries.
#[derive(Debug, Clone)]
pub struct Policy {
    /// Its name, such as `changan-2014`.
    pub name: String,
    /// What it is, in both languages.
    pub title: Text,
    /// `late_limit_months` (rulebook 3.5): penalties older than this at posting are not posted.
    pub late_limit_months: Option<u32>,
    /// Days of notice before a version judges that costs dealers more; 0: none is promised.
    pub notice_days: i64,
    /// Rulebook 4.1.
    pub spot_check: spot_check::Terms,
    /// Rulebook 4.2.
    pub complaint: complaint::Terms,
    /// Rulebook 4.3.
    pub certification: certification::Terms,
    /// Rulebook 4.4.
    pub bay_turnover: bay_turnover::Terms,
    /// Rulebook 4.5.
    pub repeat_repair: repeat_repair::Terms,
    /// Rulebook 4.6; none, here and below: this policy does not judge by it.
    pub service_clock: Option<service_clock::Terms>,
    /// Rulebook 4.7.
    pub satisfaction: Option<satisfaction::Terms>,
    /// Rulebook 4.8.
    pub mystery_shopper: Option<mystery_shopper::Terms>,
    /// Rulebook 4.9.
    pub feedback: Option<feedback::Terms>,
    /// Rulebook 4.10.
    pub retention: Option<retention::Terms>,
    /// Rulebook 4.11.
    pub fault_hotspot: Option<fault_hotspot::Terms>,
    /// Rulebook 4.12.
    pub transparency: Option<transparency::Terms>,
    /// Rulebook 4.13.
    pub field_staff: Option<field_staff::Terms>,
    /// The manufacturer's own rules.
    pub custom: Option<custom::Terms>,
    /// How alerts live.
    pub alerts: alert::Terms,
    /// How entries are contested.
    pub appeal: appeal::Terms,
}

impl Policy {
    /// Whether both say the same of a check that stands on its own section alone.
    fn says_alike(&self, other: &Self, check: &str) -> bool {
        match check {
            spot_check::NAME => self.spot_check == other.spot_check,
            complaint::NAME => self.complaint == other.complaint,
            certification::NAME => self.certification == other.certification,
            bay_turnover::NAME => self.bay_turnover == other.bay_turnover,
            service_clock::NAME => self.service_clock == other.service_clock,
            satisfaction::NAME => self.satisfaction == other.satisfaction,
            mystery_shopper::NAME => self.mystery_shopper == other.mystery_shopper,
            feedback::NAME => self.feedback == other.feedback,
            retention::NAME => self.retention == other.retention,
            fault_hotspot::NAME => self.fault_hotspot == other.fault_hotspot,
            transparency::NAME => self.transparency == other.transparency,
            _ => false,
        }
    }

    /// Reads a policy file. Every fault is reported, each with its line; nothing is guessed.
    pub fn read(text: &str, currency: Currency) -> Result<Self, Vec<PolicyError>> {
        Self::read_among(text, currency, None)
    }

    /// The same; a region it names has to be one of these, where they are known.
    pub fn read_among(
        text: &str,
        currency: Currency,
        regions: Option<&[String]>,
    ) -> Result<Self, Vec<PolicyError>> {
        let mut file = Section::file(text, currency, regions)?;
        let name = file.name("name");
        let title = file.text_in_both("title");
        let (late_limit_months, notice_days) = file.section("general", |general| {
            (
                general.optional_count("late_limit_months", 1, 1_200),
                general.optional_count("notice_days", 0, 366),
            )
        });
        let policy = Self {
            name,
            title,
            late_limit_months: late_limit_months.map(|months| months as u32),
            notice_days: notice_days.unwrap_or(0),
            spot_check: file.section("spot-check", spot_check::Terms::read),
            complaint: file.section("complaint", complaint::Terms::read),
            certification: file.section("certification", certification::Terms::read),
            bay_turnover: file.section("bay-turnover", bay_turnover::Terms::read),
            repeat_repair: file.section("repeat-repair", repeat_repair::Terms::read),
            service_clock: file.optional_section("service-clock", service_clock::Terms::read),
            satisfaction: file.optional_section("satisfaction", satisfaction::Terms::read),
            mystery_shopper: file.optional_section("mystery-shopper", mystery_shopper::Terms::read),
            feedback: file.optional_section("feedback", feedback::Terms::read),
            retention: file.optional_section("retention", retention::Terms::read),
            fault_hotspot: file.optional_section("fault-hotspot", fault_hotspot::Terms::read),
            transparency: file.optional_section("transparency", transparency::Terms::read),
            field_staff: file.optional_section("field-staff", field_staff::Terms::read),
            custom: file.optional_section("custom", custom::Terms::read),
            alerts: file.section("alerts", alert::Terms::read),
            appeal: file.section("appeal", appeal::Terms::read),
        };
        file.finish()?;
        Ok(policy)
    }

    /// Every clause, in the order of the rulebook.
    pub fn clauses(&self) -> Vec<&Clause> {
        let mut clauses = self.spot_check.clauses();
        clauses.extend(self.complaint.clauses());
        clauses.extend(self.certification.clauses());
        clauses.extend(self.bay_turnover.clauses());
        clauses.extend(self.repeat_repair.clauses());
        clauses.extend(self.service_clock.iter().flat_map(service_clock::Terms::clauses));
        clauses.extend(self.satisfaction.iter().flat_map(satisfaction::Terms::clauses));
        clauses.extend(self.mystery_shopper.iter().flat_map(mystery_shopper::Terms::clauses));
        clauses.extend(self.feedback.iter().flat_map(feedback::Terms::clauses));
        clauses.extend(self.retention.iter().flat_map(retention::Terms::clauses));
        clauses.extend(self.fault_hotspot.iter().flat_map(fault_hotspot::Terms::clauses));
        clauses.extend(self.transparency.iter().flat_map(transparency::Terms::clauses));
        clauses.extend(self.custom.iter().flat_map(custom::Terms::clauses));
        clauses
    }

    /// The clause of this full name, such as `spot-check.third`.
    pub fn clause(&self, name: &str) -> Option<&Clause> {
        self.clauses().into_iter().find(|clause| clause.name == name)
    }
}
