//! The values that labels may have. Whatever is told besides is counted as `other`, so that no series can be made
//! by what comes from outside.

use farsight_rulebook::checks::CHECKS;
use farsight_rulebook::tables::TABLES;

/// Whatever has no word of its own.
pub const OTHER: &str = "other";

/// How a start of a slot may end.
pub(super) const ENDINGS: &[&str] = &["done", "retry", "snoozed", "gave-up", "lost", OTHER];
/// States of slots that are unfinished, or for a person to look at.
pub(super) const STATES: &[&str] = &["queued", "waiting", "running", "retry", "gave-up"];
/// Severities of alerts.
pub(super) const SEVERITIES: &[&str] = &["notice", "warning", "critical"];
/// Runs of more than one check at once.
pub(super) const SEVERAL: &str = "several";
/// How time changes alerts.
pub(super) const TENDED: &[&str] = &["opened", "resolved", "escalated", "told-again"];
/// What is wrong with pictures.
pub(super) const FLAWS: &[&str] = &["none", "black", "covered", "blurred", "frozen", OTHER];
/// How visits to cameras end.
pub(super) const ANSWERS: &[&str] = &[
    "picture",
    "refused_url",
    "refused_scheme",
    "refused_port",
    "refused_address",
    "refused_redirect",
    "not_found",
    "unreachable",
    "untrusted",
    "broken_off",
    "timed_out",
    "sign_in_needed",
    "sign_in_refused",
    "sign_in_unsupported",
    "http_status",
    "too_many_redirects",
    "too_large",
    "not_a_picture",
    "no_ffmpeg",
    "no_frame",
    OTHER,
];
/// Kinds of channels.
pub(super) const CHANNELS: &[&str] = &["email", "wecom", "dingtalk", "feishu", "webhook", OTHER];
/// How deliveries end.
pub(super) const DELIVERIES: &[&str] = &["delivered", "later", "never", OTHER];
/// Why a sign-in by a provider's word is refused.
pub(super) const REFUSED_SIGN_INS: &[&str] = &[
    "sso_state",
    "sso_denied",
    "sso_email",
    "sso_inactive",
    "sso_rule",
    "sso_taken",
    "sso_disabled",
    "provider_address",
    "provider_away",
    "provider_answer",
    "provider_code",
    "token_missing",
    "token_unsigned",
    "token_algorithm",
    "token_key",
    "token_signature",
    "token_issuer",
    "token_audience",
    "token_nonce",
    "token_expired",
    "token_early",
    "token_subject",
    "token_odd",
    OTHER,
];

/// The checks, runs of several, and `other`.
pub(super) fn checks() -> Vec<&'static str> {
    CHECKS.iter().map(|check| check.name).chain([SEVERAL, OTHER]).collect()
}

/// The fact tables.
pub(super) fn tables() -> Vec<&'static str> {
    TABLES.iter().map(|table| table.name).collect()
}

/// The value itself where it is known, else `other`.
pub(super) fn known(values: &[&'static str], value: &str) -> &'static str {
    values.iter().find(|known| **known == value).copied().unwrap_or(OTHER)
}
