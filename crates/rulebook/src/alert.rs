//! Alerts: whose eyes one is before, when it goes one level up, until when something can be done, and (in `texts`)
//! what it says.
//!
//! Pure: what is due when, never that it is now. Opening, escalating and resolving are the store's and control's.

pub mod feeds;
pub mod posts;
mod texts;

use serde::Deserialize;

use crate::policy::{Section, Severity};
use crate::time::{HOUR, Instant, Zone};

pub use texts::{OWN_RULES, RAISED, Spoken, Told, text_keys};

/// The clause of a charge whose post nobody holds, and of a post that nobody holds today.
pub const POST_VACANT: &str = "post-vacant";
/// The family of a vacant district manager's post.
pub const DISTRICT_VACANT: &str = "post-vacant.district-manager";
/// The family of a region without director and deputy.
pub const REGION_VACANT: &str = "post-vacant.region-director";
/// The clause of a feed that went quiet.
pub const FEED_SILENT: &str = "feed-silent";
/// The clause of a camera that gives no picture.
pub const CAMERA_AWAY: &str = "camera-away";
/// The clause of a job that is tried no more.
pub const JOB_GAVE_UP: &str = "job-gave-up";
/// The clause of a machine's webhook that was switched off because it took nothing.
pub const WEBHOOK_OFF: &str = "webhook-off";
/// The clause of a watched folder or bucket that cannot be looked at.
pub const WATCH_AWAY: &str = "watch-away";

/// Before whom an alert is, lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The dealer.
    Dealer,
    /// Whoever looks after the dealer.
    DistrictManager,
    /// The region's director, or, that post vacant, the deputy.
    RegionDirector,
    /// The manufacturer's headquarters; there is nobody above.
    Hq,
}

impl Level {
    /// All of them, lowest first.
    pub const ALL: [Self; 4] = [Self::Dealer, Self::DistrictManager, Self::RegionDirector, Self::Hq];

    /// Its name in the database, files and texts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dealer => "dealer",
            Self::DistrictManager => "district-manager",
            Self::RegionDirector => "region-director",
            Self::Hq => "hq",
        }
    }

    /// The level of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// What a policy says of alerts (section `alerts`, which a policy may leave out, as it may each of its parameters).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Terms {
    /// Hours at the dealer, the district manager, the region director, before a critical alert goes one level up.
    pub critical_hours: [i64; 3],
    /// The same for a warning; a notice never goes up.
    pub warning_hours: [i64; 3],
    /// Hours for which acknowledging holds an alert at its level.
    pub acknowledged_hours: i64,
    /// Hours within which a finding that comes back reopens its alert, and at most one notice tells that.
    pub flap_hours: i64,
    /// The least hours of silence that are an alert, however often a feed comes.
    pub feed_silent_hours: i64,
}

impl Default for Terms {
    fn default() -> Self {
        Self {
            critical_hours: [24, 24, 48],
            warning_hours: [72, 72, 168],
            acknowledged_hours: 72,
            flap_hours: 24,
            feed_silent_hours: 48,
        }
    }
}

impl Terms {
    /// Reads the section `alerts` of a policy file; what is left out keeps its default.
    pub fn read(section: &mut Section) -> Self {
        const YEAR: i64 = 8_760;
        let standard = Self::default();
        let mut hours = |key: &str, otherwise: i64| section.optional_count(key, 1, YEAR).unwrap_or(otherwise);
        let (acknowledged_hours, flap_hours, feed_silent_hours) = (
            hours("acknowledged_hours", standard.acknowledged_hours),
            hours("flap_hours", standard.flap_hours),
            hours("feed_silent_hours", standard.feed_silent_hours),
        );
        let mut steps = |key: &str, otherwise| section.optional_counts(key, 1, YEAR).unwrap_or(otherwise);
        Self {
            critical_hours: steps("critical_hours", standard.critical_hours),
            warning_hours: steps("warning_hours", standard.warning_hours),
            acknowledged_hours,
            flap_hours,
            feed_silent_hours,
        }
    }

    /// Hours at a level before an alert goes one up; none: it stays there.
    pub const fn hours(&self, severity: Severity, level: Level) -> Option<i64> {
        let steps = match severity {
            Severity::Critical => &self.critical_hours,
            Severity::Warning => &self.warning_hours,
            Severity::Notice | Severity::None => return None,
        };
        match level {
            Level::Dealer => Some(steps[0]),
            Level::DistrictManager => Some(steps[1]),
            Level::RegionDirector => Some(steps[2]),
            Level::Hq => None,
        }
    }

    /// When an alert that came to a level goes one up: from that instant on it is due; none: never.
    pub fn escalates_at(&self, since: Instant, severity: Severity, level: Level) -> Option<Instant> {
        self.hours(severity, level).map(|hours| since.plus_hours(hours))
    }

    /// The latest earlier moment of resolving at which a finding that comes back still reopens its alert.
    pub const fn reopens_from(&self, at: Instant) -> Instant {
        Instant(at.0 - self.flap_hours * HOUR)
    }
}

/// Before whom the alert of a finding opens: the dealer it concerns, or the region, or, it concerning neither, headquarters.
pub const fn opens_before(dealer: &str, region: &str) -> Level {
    match (dealer.is_empty(), region.is_empty()) {
        (false, _) => Level::Dealer,
        (true, false) => Level::RegionDirector,
        (true, true) => Level::Hq,
    }
}

/// The deadlines that a finding's detail may name.
#[derive(Deserialize)]
struct Deadlines {
    due_at: Option<jiff::Timestamp>,
    due_on: Option<jiff::civil::Date>,
    expires_on: Option<jiff::civil::Date>,
}

/// The clauses whose findings name a deadline.
const WITH_DEADLINE: [&str; 8] = [
    "complaint.reply-late",
    "complaint.close-late",
    "complaint.major-unattended",
    "certification.expiring",
    "bay-turnover.rectify",
    "bay-turnover.overdue",
    "repeat-repair.unreported",
    "feedback.late",
];

/// Until when what a finding asks for can be done, or was to be done: the deadline that its detail (JSON) names, of a
/// day its end in the tenant's zone.
pub fn due_at(clause: &str, detail: &str, zone: &Zone) -> Option<Instant> {
    if !WITH_DEADLINE.contains(&clause) {
        return None;
    }
    let deadlines: Deadlines = serde_json::from_str(detail).ok()?;
    let at = deadlines.due_at.map(|at| Instant(at.as_microsecond()));
    at.or_else(|| deadlines.due_on.or(deadlines.expires_on).map(|day| zone.end_of(day)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_lasts_as_long_as_the_policy_says() {
        let terms = Terms::default();
        let table = [
            (Severity::Critical, [Some(24), Some(24), Some(48), None]),
            (Severity::Warning, [Some(72), Some(72), Some(168), None]),
            (Severity::Notice, [None; 4]),
            (Severity::None, [None; 4]),
        ];
        for (severity, hours) in table {
            assert_eq!(Level::ALL.map(|level| terms.hours(severity, level)), hours, "{severity:?}");
        }
        let since = Instant(5);
        assert_eq!(
            terms.escalates_at(since, Severity::Critical, Level::Dealer),
            Some(Instant(5 + 24 * HOUR))
        );
        assert_eq!(Level::ALL.map(|level| Level::named(level.name())), Level::ALL.map(Some));
    }

    #[test]
    fn a_deadline_is_the_details_instant_or_the_end_of_its_day() {
        let zone = Zone::shanghai();
        let shown = |clause: &str, detail: &str| due_at(clause, detail, &zone).map(|at| zone.rfc3339(at));
        let table = [
            (
                "complaint.reply-late",
                r#"{"due_at":"2026-03-05T14:00:00+08:00","done_at":null}"#,
                Some("2026-03-05T14:00:00+08:00"),
            ),
            ("bay-turnover.rectify", r#"{"due_on":"2026-04-01"}"#, Some("2026-04-02T00:00:00+08:00")),
            (
                "certification.expiring",
                r#"{"expires_on":"2026-04-01","days":7}"#,
                Some("2026-04-02T00:00:00+08:00"),
            ),
            ("spot-check.first", r#"{"due_on":"2026-04-01"}"#, None),
            ("bay-turnover.rectify", "{}", None),
        ];
        for (clause, detail, due) in table {
            assert_eq!(shown(clause, detail).as_deref(), due, "{clause} {detail}");
        }
    }
}
