//! Policy files: reading, checking, the two that ship; drafts and versions.

mod changes;
pub mod drafts;
mod own;
pub mod replay;
mod text;

use farsight_rulebook::messages::{Language, Voice};
use farsight_rulebook::money::Currency;
use farsight_rulebook::policy::Policy;
use jiff::civil::Date;

use crate::{ControlError, Desk, explain, ground};

pub use changes::{Change, Toll, What};
pub use text::{ChargeRead, ClauseRead, Parameter, PolicyRead, Section, VersionRead, text};

/// The day both shipped policies are in force from (rulebook, head).
pub const SHIPPED_EFFECTIVE_ON: Date = Date::constant(2014, 9, 1);

/// The policies that ship (`config/policies`).
pub const SHIPPED: [(&str, &str); 2] = [
    ("changan-2014", include_str!("../../../config/policies/changan-2014.toml")),
    ("example-2026", include_str!("../../../config/policies/example-2026.toml")),
];

/// The most bytes a policy file has.
pub const MAX_BYTES: u64 = 4 << 20;

/// A policy file and where it comes from.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name or path.
    pub name: String,
    /// What it says.
    pub text: String,
}

impl Source {
    /// The shipped policy of this name, or else the file.
    pub fn named(name: &str) -> Result<Self, ControlError> {
        if let Some((_, text)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name) {
            return Ok(Self { name: name.to_owned(), text: (*text).to_owned() });
        }
        let failed = |why| ControlError::File {
            path: format!(
                "policy '{name}' (neither a shipped one, changan-2014 or example-2026, nor a readable file)"
            ),
            why,
        };
        let size = std::fs::metadata(name).map_err(failed)?.len();
        if size > MAX_BYTES {
            return Err(failed(std::io::Error::other(format!(
                "{size} bytes: a policy file has at most {MAX_BYTES}"
            ))));
        }
        let text = std::fs::read_to_string(name).map_err(failed)?;
        Ok(Self { name: name.to_owned(), text })
    }
}

/// Changes as sentences, in their order.
pub fn say(desk: &Desk, changes: &[Change], language: Language) -> Result<Vec<String>, ControlError> {
    let (messages, zone) = (explain::messages()?, ground::zone(&desk.tenant)?);
    let voice =
        Voice { messages: &messages, language, zone: &zone, currency: ground::currency(&desk.tenant)? };
    changes.iter().map(|change| change.say(&voice).map_err(explain::unsaid)).collect()
}

/// Reads a policy; every fault is told with its line.
pub fn read(source: &Source, currency: Currency) -> Result<Policy, ControlError> {
    read_among(source, currency, None)
}

/// The policies that ship, in the currency that they are written in.
pub(crate) fn shipped() -> Result<Vec<Policy>, ControlError> {
    let yuan = Currency::of("CNY").ok_or_else(|| ControlError::Usage("'CNY' is no currency".to_owned()))?;
    SHIPPED.iter().map(|(name, _)| read(&Source::named(name)?, yuan)).collect()
}

/// The same; a region it names has to be one of these, where they are known.
fn read_among(
    source: &Source,
    currency: Currency,
    regions: Option<&[String]>,
) -> Result<Policy, ControlError> {
    Policy::read_among(&source.text, currency, regions)
        .map_err(|faults| ControlError::Policy { file: source.name.clone(), faults })
}
