//! Signing in to a camera that asks for it: Digest (SHA-256 or MD5, `qop=auth`) before Basic.
//!
//! This file must never answer what was not asked, and never decide where an answer is sent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use digest_auth::{AlgorithmType, AuthContext, HttpMethod, Qop, WwwAuthenticateHeader};

use crate::camera::Credentials;
use crate::fetcher::Fresh;

/// The way of signing in that was chosen among a camera's offers; it counts its answers.
pub(crate) enum SignIn {
    Digest(Box<WwwAuthenticateHeader>),
    Basic,
}

impl SignIn {
    /// The best of a camera's offers, each a whole `WWW-Authenticate` value, or why there is none to take.
    pub(crate) fn choose<'a>(
        offers: impl IntoIterator<Item = &'a str>,
        basic_allowed: bool,
    ) -> Result<Self, &'static str> {
        let offers: Vec<String> = offers.into_iter().flat_map(challenges).collect();
        let digest = offers.iter().filter_map(|offer| digest(offer)).max_by_key(strength);
        if let Some(prompt) = digest {
            return Ok(Self::Digest(Box::new(prompt)));
        }
        let basic = offers.iter().any(|offer| after_scheme(offer, "basic").is_some());
        match (basic, basic_allowed) {
            (true, true) => Ok(Self::Basic),
            (true, false) => Err("Basic, which would send the password readably, and the rules forbid that"),
            (false, _) => Err("neither Digest nor Basic"),
        }
    }

    /// The `Authorization` value for one request.
    pub(crate) fn answer(
        &mut self,
        who: &Credentials,
        method: &str,
        uri: &str,
        fresh: &Fresh,
    ) -> Result<String, &'static str> {
        match self {
            Self::Basic => Ok(format!("Basic {}", STANDARD.encode(format!("{}:{}", who.user, who.password)))),
            Self::Digest(prompt) => {
                let method = HttpMethod(method.to_owned().into());
                let mut context =
                    AuthContext::new_with_method(&who.user, &who.password, uri, None::<&[u8]>, method);
                context.set_custom_cnonce(hex::encode(fresh()));
                prompt
                    .respond(&context)
                    .map(|answer| answer.to_string())
                    .map_err(|_| "a Digest that makes no sense")
            }
        }
    }
}

fn digest(offer: &str) -> Option<WwwAuthenticateHeader> {
    let mut prompt = digest_auth::parse(after_scheme(offer, "digest")?).ok()?;
    if let Some(offered) = &mut prompt.qop {
        // Nothing here has a body, and cameras that offer both get `auth-int` wrong.
        offered.retain(|qop| *qop == Qop::AUTH);
        if offered.is_empty() {
            return None;
        }
    }
    Some(prompt)
}

fn strength(prompt: &WwwAuthenticateHeader) -> u8 {
    match prompt.algorithm.algo {
        AlgorithmType::MD5 => 0,
        AlgorithmType::SHA2_512_256 => 1,
        AlgorithmType::SHA2_256 => 2,
    }
}

fn after_scheme<'a>(offer: &'a str, scheme: &str) -> Option<&'a str> {
    let (word, rest) = offer.split_once(' ').unwrap_or((offer, ""));
    word.eq_ignore_ascii_case(scheme).then_some(rest)
}

/// Cuts a header into its challenges: `Basic realm="a, b", Digest realm="c", nonce="d"` are two.
fn challenges(header: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for part in outside_quotes(header) {
        let part = part.trim();
        let word = part.split(['=', ' ']).next().unwrap_or_default();
        let begins = !part[word.len()..].trim_start().starts_with('=');
        match found.last_mut() {
            Some(challenge) if !begins => {
                challenge.push_str(", ");
                challenge.push_str(part);
            }
            _ if part.is_empty() => {}
            _ => found.push(part.to_owned()),
        }
    }
    found
}

/// The parts between commas that are not within quotes.
fn outside_quotes(header: &str) -> Vec<&str> {
    let (mut parts, mut from, mut quoted, mut escaped) = (Vec::new(), 0, false, false);
    for (at, sign) in header.char_indices() {
        match sign {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ',' if !quoted => {
                parts.push(&header[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&header[from..]);
    parts
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn answer(offers: &[&str], basic_allowed: bool) -> Result<String, &'static str> {
        let who = Credentials { user: "Mufasa".to_owned(), password: "Circle of Life".to_owned() };
        let fresh: Fresh = Arc::new(|| [7; 16]);
        SignIn::choose(offers.iter().copied(), basic_allowed)?.answer(&who, "GET", "/dir/index.html", &fresh)
    }

    #[test]
    fn the_strongest_offer_is_answered() {
        const MD5: &str = r#"Digest realm="r", nonce="n", qop="auth", algorithm=MD5"#;
        const SHA: &str = r#"digest realm="r", nonce="n", qop="auth,auth-int", algorithm=SHA-256"#;
        let both = format!(r#"Basic realm="a, Digest b=", {MD5}"#);
        for (offers, begins) in [
            (vec![MD5, SHA], Ok("algorithm=SHA-256")),
            (vec![MD5, r#"Basic realm="r""#], Ok("algorithm=MD5")),
            (vec![both.as_str()], Ok("algorithm=MD5")),
            (vec!["Basic realm=\"r\""], Ok("Basic TXVmYXNhOkNpcmNsZSBvZiBMaWZl")),
            (vec!["Basic"], Ok("Basic TXVmYXNhOkNpcmNsZSBvZiBMaWZl")),
            (vec!["Negotiate", "NTLM"], Err("neither Digest nor Basic")),
            (vec![r#"Digest realm="r", nonce="n", qop="auth-int""#], Err("neither Digest nor Basic")),
            (vec![r#"Digest realm="r", nonce="n", algorithm=ROT13"#], Err("neither Digest nor Basic")),
            (vec![], Err("neither Digest nor Basic")),
        ] {
            match (answer(&offers, true), begins) {
                (Ok(given), Ok(part)) => assert!(given.contains(part), "{offers:?}: {given}"),
                (given, expected) => assert_eq!(given.err(), expected.err(), "{offers:?}"),
            }
        }
        assert!(answer(&["Basic realm=\"r\""], false).unwrap_err().contains("readably"));
    }

    /// The worked examples of RFC 7616, section 3.9.1, with the `cnonce` they give.
    #[test]
    fn digests_are_those_of_the_standard() {
        for (algorithm, response) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let offer = format!(
                r#"Digest realm="http-auth@example.org", qop="auth, auth-int", algorithm={algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v""#
            );
            let Ok(SignIn::Digest(mut prompt)) = SignIn::choose([offer.as_str()], true) else {
                panic!("{algorithm}")
            };
            let mut context = AuthContext::new("Mufasa", "Circle of Life", "/dir/index.html");
            context.set_custom_cnonce("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ");
            assert_eq!(prompt.respond(&context).unwrap().response, response);
        }
    }

    #[test]
    fn a_second_answer_to_one_challenge_counts_on() {
        let mut sign_in = SignIn::choose([r#"Digest realm="r", nonce="n", qop="auth""#], true).unwrap();
        let who = Credentials { user: "u".to_owned(), password: "p".to_owned() };
        let fresh: Fresh = Arc::new(|| [1; 16]);
        for nc in ["nc=00000001", "nc=00000002"] {
            assert!(sign_in.answer(&who, "DESCRIBE", "rtsp://h/a", &fresh).unwrap().contains(nc));
        }
    }
}
