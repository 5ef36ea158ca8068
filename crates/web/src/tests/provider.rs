//! A provider that plays by the rules until it is told not to: discovery and keys are right, its token is what a test says.

use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use ring::{digest, hmac};
use serde_json::{Value, json};
use tokio::sync::Notify;

/// This tower's name and secret there.
pub(crate) const CLIENT: (&str, &str) = ("tower", "a secret of the tower's");

/// A key of the provider, with its name.
struct Key {
    kid: &'static str,
    pair: EcdsaKeyPair,
}

impl Key {
    fn new(kid: &'static str) -> Self {
        let random = SystemRandom::new();
        let kept = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let pair =
            EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, kept.as_ref(), &random).unwrap();
        Self { kid, pair }
    }

    fn published(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let (x, y) = (encode(&point[1..33]), encode(&point[33..]));
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.kid, "x": x, "y": y })
    }
}

/// How a token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signed {
    /// As it should be.
    Right,
    /// Not at all, and it says so.
    NotAtAll,
    /// By HS256 with the public key for a secret.
    WithThePublicKey,
    /// By HS256 with the client's secret.
    WithTheClientsSecret,
    /// By a key that is not published, under the name of one that is.
    ByAnother,
    /// By a key whose name nobody knows.
    ByUnknown,
}

struct Inner {
    key: Key,
    other: Key,
    answer: Value,
    challenge: String,
    asked_for_keys: usize,
    codes: Vec<String>,
    silent: bool,
}

/// The provider, served on this machine.
#[derive(Clone)]
pub(crate) struct Provider {
    pub(crate) issuer: String,
    inner: Arc<Mutex<Inner>>,
    waiting: Arc<Notify>,
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Provider {
    pub(crate) async fn serve() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inner = Inner {
            key: Key::new("first"),
            other: Key::new("first"),
            answer: json!({}),
            challenge: String::new(),
            asked_for_keys: 0,
            codes: Vec::new(),
            silent: false,
        };
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let provider = Self { issuer, inner: Arc::new(Mutex::new(inner)), waiting: Arc::default() };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(metadata))
            .route("/jwks", get(keys))
            .route("/token", post(token))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    /// Signs from now on with a new key, and publishes that one alone.
    pub(crate) fn rotate(&self) {
        self.inner.lock().unwrap().key = Key::new("second");
    }

    /// Gives no answer from now on about itself; `waiting` tells that somebody asked.
    pub(crate) fn fall_silent(&self) -> Arc<Notify> {
        self.inner.lock().unwrap().silent = true;
        Arc::clone(&self.waiting)
    }

    /// How often its keys were asked for.
    pub(crate) fn asked_for_keys(&self) -> usize {
        self.inner.lock().unwrap().asked_for_keys
    }

    /// What it will answer for the next code: a token of these claims, or whatever else.
    pub(crate) fn will_answer(&self, answer: Value, challenge: &str) {
        let mut inner = self.inner.lock().unwrap();
        inner.answer = answer;
        challenge.clone_into(&mut inner.challenge);
    }

    /// A token of these claims.
    pub(crate) fn token(&self, claims: &Value, signed: Signed) -> String {
        let inner = self.inner.lock().unwrap();
        let (alg, kid) = match signed {
            Signed::NotAtAll => ("none", inner.key.kid),
            Signed::WithThePublicKey | Signed::WithTheClientsSecret => ("HS256", inner.key.kid),
            Signed::ByUnknown => ("ES256", "unknown"),
            Signed::Right | Signed::ByAnother => ("ES256", inner.key.kid),
        };
        let kind = if claims.get("events").is_some() { "logout+jwt" } else { "JWT" };
        let header = json!({ "alg": alg, "kid": kid, "typ": kind });
        let text =
            format!("{}.{}", encode(header.to_string().as_bytes()), encode(claims.to_string().as_bytes()));
        let signature = match signed {
            Signed::NotAtAll => Vec::new(),
            Signed::WithThePublicKey => mac(inner.key.pair.public_key().as_ref(), &text),
            Signed::WithTheClientsSecret => mac(CLIENT.1.as_bytes(), &text),
            Signed::Right | Signed::ByUnknown => sign(&inner.key, &text),
            Signed::ByAnother => sign(&inner.other, &text),
        };
        format!("{text}.{}", encode(&signature))
    }
}

fn sign(key: &Key, text: &str) -> Vec<u8> {
    key.pair.sign(&SystemRandom::new(), text.as_bytes()).unwrap().as_ref().to_vec()
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

async fn metadata(State(provider): State<Provider>) -> Json<Value> {
    let silent = provider.inner.lock().unwrap().silent;
    if silent {
        provider.waiting.notify_one();
        std::future::pending::<()>().await;
    }
    let issuer = &provider.issuer;
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/jwks"),
        "end_session_endpoint": format!("{issuer}/end"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
    }))
}

async fn keys(State(provider): State<Provider>) -> Json<Value> {
    let mut inner = provider.inner.lock().unwrap();
    inner.asked_for_keys += 1;
    Json(json!({ "keys": [inner.key.published()] }))
}

/// Trades a code: once, for who can show what the challenge was made of.
async fn token(State(provider): State<Provider>, Form(asked): Form<Vec<(String, String)>>) -> Response {
    let get = |name: &str| asked.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str());
    let mut inner = provider.inner.lock().unwrap();
    let shown = encode(digest::digest(&digest::SHA256, get("code_verifier").as_bytes()).as_ref());
    let used = inner.codes.iter().any(|code| code == get("code"));
    inner.codes.push(get("code").to_owned());
    if used || shown != inner.challenge {
        return (StatusCode::BAD_REQUEST, Json(json!({ "error": "invalid_grant" }))).into_response();
    }
    Json(inner.answer.clone()).into_response()
}
