//! The few words the courier adds to a message itself, in the message's language. What happened is said by the
//! message; nothing here speaks of dealers or money.

use farsight_rulebook::messages::Language;
use farsight_rulebook::policy::Severity;

/// The caption of the link.
pub(crate) fn open(language: Language) -> &'static str {
    match language {
        Language::Chinese => "查看详情",
        Language::English => "Open",
    }
}

/// The line that says how many characters had to be left out.
pub(crate) fn left_out(language: Language, characters: usize) -> String {
    match language {
        Language::Chinese => format!("……（超出长度限制，省略 {characters} 字）"),
        Language::English => format!("… ({characters} characters left out: too long for this channel)"),
    }
}

/// The title with how urgent it is before it.
pub(crate) fn headline(language: Language, severity: Severity, title: &str) -> String {
    match (language, severity) {
        (_, Severity::None) => title.to_owned(),
        (Language::Chinese, Severity::Notice) => format!("【提示】{title}"),
        (Language::Chinese, Severity::Warning) => format!("【注意】{title}"),
        (Language::Chinese, Severity::Critical) => format!("【紧急】{title}"),
        (Language::English, Severity::Notice) => format!("Notice: {title}"),
        (Language::English, Severity::Warning) => format!("Warning: {title}"),
        (Language::English, Severity::Critical) => format!("Critical: {title}"),
    }
}
