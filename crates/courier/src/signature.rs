//! HMAC-SHA256 in base64: what DingTalk, Feishu and Standard Webhooks all sign with.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The signature of a text's parts, one after the other, under a key of any length.
pub(crate) fn signature(key: &[u8], parts: &[&[u8]]) -> String {
    // An HMAC takes keys of every length; the library's error is for other constructions.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { unreachable!("HMAC takes every key") };
    for part in parts {
        mac.update(part);
    }
    STANDARD.encode(mac.finalize().into_bytes())
}
