//! What a receiver wants to hear, and what is heard by default. Pure.

use farsight_ledger::settlement::Role;
use farsight_rulebook::alert::Level;
use farsight_rulebook::messages::Language;
use farsight_rulebook::policy::Severity;
use jiff::civil::{Time, time};
use serde::{Deserialize, Serialize};

use super::quiet::Quiet;

/// What happened to an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// It went one level up.
    Escalated,
    /// It became worse.
    Worsened,
    /// It opened.
    Opened,
    /// It came back soon after it was resolved.
    Reopened,
    /// Somebody has looked at it.
    Acknowledged,
    /// What it was about is gone.
    Resolved,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Escalated, Self::Worsened, Self::Opened, Self::Reopened, Self::Acknowledged, Self::Resolved];

    /// Its name in notices, files and texts.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Escalated => "escalated",
            Self::Worsened => "worsened",
            Self::Opened => "opened",
            Self::Reopened => "reopened",
            Self::Acknowledged => "acknowledged",
            Self::Resolved => "resolved",
        }
    }

    /// The kind of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Whether it asks somebody to look, rather than telling that nobody need.
    pub const fn asks(self) -> bool {
        !matches!(self, Self::Acknowledged | Self::Resolved)
    }
}

/// What a receiver wants to hear. A person hears nothing beyond their own regions and dealers, whatever stands here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Terms {
    /// Of these regions only; none: of all.
    pub regions: Vec<String>,
    /// Of these dealers only; none: of all.
    pub dealers: Vec<String>,
    /// Nothing milder than this.
    pub least: Severity,
    /// Before these only; none: before anybody.
    pub levels: Vec<Level>,
    /// These kinds of notices; none: none at all.
    pub kinds: Vec<Kind>,
    /// Whether notices are told as they come; if not, there is only the digest.
    pub each: bool,
    /// When only what is critical is told.
    pub quiet: Option<Quiet>,
    /// In which language.
    pub language: Language,
    /// When the day's digest is due, local time; none: there is none.
    pub digest_at: Option<Time>,
}

impl Terms {
    /// Everything from warnings on, as it comes, and no digest: for a channel that says nothing else.
    pub fn plain(language: Language) -> Self {
        Self {
            regions: Vec::new(),
            dealers: Vec::new(),
            least: Severity::Warning,
            levels: Vec::new(),
            kinds: Kind::ALL.to_vec(),
            each: true,
            quiet: None,
            language,
            digest_at: None,
        }
    }

    /// What the users of a role hear when nothing else is said: what is before them, and a digest at 8 in the morning.
    /// Finance and the call centre hear nothing.
    pub fn of_role(role: Role, language: Language) -> Option<Self> {
        let levels = match role {
            Role::Dealer => vec![Level::Dealer],
            Role::RegionalManager => vec![Level::DistrictManager, Level::RegionDirector],
            Role::Hq => vec![Level::Hq],
            Role::Operator => Vec::new(),
            Role::Finance | Role::CallCentre => return None,
        };
        Some(Self { levels, digest_at: Some(time(8, 0, 0, 0)), ..Self::plain(language) })
    }

    /// Whether a notice of this kind, severity and level is to be told. That something is over is told whatever it
    /// was, to whoever was told of it.
    pub fn want(&self, kind: Kind, severity: Severity, level: Level) -> bool {
        let before = self.levels.is_empty() || self.levels.contains(&level);
        self.each && self.kinds.contains(&kind) && (!kind.asks() || (severity >= self.least && before))
    }
}

/// The terms as JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    #[serde(default)]
    regions: Vec<String>,
    #[serde(default)]
    dealers: Vec<String>,
    least: String,
    #[serde(default)]
    levels: Vec<String>,
    kinds: Vec<String>,
    each: bool,
    quiet: Option<Quiet>,
    language: String,
    digest_at: Option<Time>,
}

impl From<Terms> for Stored {
    fn from(terms: Terms) -> Self {
        Self {
            regions: terms.regions,
            dealers: terms.dealers,
            least: terms.least.name().to_owned(),
            levels: terms.levels.into_iter().map(|level| level.name().to_owned()).collect(),
            kinds: terms.kinds.into_iter().map(|kind| kind.name().to_owned()).collect(),
            each: terms.each,
            quiet: terms.quiet,
            language: terms.language.tag().to_owned(),
            digest_at: terms.digest_at,
        }
    }
}

impl TryFrom<Stored> for Terms {
    type Error = String;

    fn try_from(stored: Stored) -> Result<Self, String> {
        fn each<T>(names: &[String], named: fn(&str) -> Option<T>) -> Result<Vec<T>, String> {
            names.iter().map(|name| named(name).ok_or_else(|| format!("no such name '{name}'"))).collect()
        }
        let one = |name: &str| format!("no such name '{name}'");
        Ok(Self {
            least: Severity::named(&stored.least).ok_or_else(|| one(&stored.least))?,
            levels: each(&stored.levels, Level::named)?,
            kinds: each(&stored.kinds, Kind::named)?,
            language: Language::tagged(&stored.language).ok_or_else(|| one(&stored.language))?,
            regions: stored.regions,
            dealers: stored.dealers,
            each: stored.each,
            quiet: stored.quiet,
            digest_at: stored.digest_at,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_read_as_they_were_written() {
        let quiet = Some(Quiet { from: time(22, 0, 0, 0), to: time(7, 0, 0, 0) });
        for role in [Role::Dealer, Role::RegionalManager, Role::Hq, Role::Operator] {
            let terms = Terms { quiet, ..Terms::of_role(role, Language::English).unwrap() };
            let text = serde_json::to_string(&terms).unwrap();
            assert_eq!(serde_json::from_str::<Terms>(&text).unwrap(), terms, "{text}");
        }
        let broken =
            r#"{"least":"dreadful","kinds":[],"each":true,"quiet":null,"language":"en","digest_at":null}"#;
        assert!(serde_json::from_str::<Terms>(broken).is_err());
    }

    #[test]
    fn a_role_hears_what_is_before_it() {
        let terms = |role| Terms::of_role(role, Language::Chinese);
        for (role, level, expected) in [
            (Role::Dealer, Level::Dealer, true),
            (Role::Dealer, Level::DistrictManager, false),
            (Role::RegionalManager, Level::Dealer, false),
            (Role::RegionalManager, Level::DistrictManager, true),
            (Role::RegionalManager, Level::RegionDirector, true),
            (Role::RegionalManager, Level::Hq, false),
            (Role::Hq, Level::RegionDirector, false),
            (Role::Hq, Level::Hq, true),
            (Role::Operator, Level::Hq, true),
        ] {
            let wants = |kind, severity| terms(role).unwrap().want(kind, severity, level);
            assert_eq!(wants(Kind::Opened, Severity::Warning), expected, "{role:?} {level:?}");
            assert!(!wants(Kind::Opened, Severity::Notice), "{role:?}: a notice is not told one by one");
            assert!(wants(Kind::Resolved, Severity::Notice), "{role:?}: what is over is, to who was told");
        }
        assert_eq!(terms(Role::Finance), None);
        assert_eq!(terms(Role::CallCentre), None);
    }
}
