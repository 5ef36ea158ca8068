//! An operation: where it is, who may call it, and what it takes and gives, all of it from the handler's own types. What
//! the document says of it cannot differ from what it does.

use std::future::Future;

use axum::body::Body;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Json, OriginalUri, Path, Query};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, patch, post};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::openapi::HttpMethod;
use utoipa::openapi::path::ParameterIn;
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::document::{Part, Schemas};
use super::paging::Piece;
use super::problem::{Given, Problem};
use crate::App;
use crate::admit::Who;
use crate::router::Object;

/// What a token has to be good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing: to know oneself.
    Nothing,
    /// Reading.
    Read,
    /// Taking deeds.
    Act,
    /// Sending facts of the table that the path ends in.
    Send,
}

/// An operation.
pub(crate) struct Operation {
    pub(crate) path: &'static str,
    pub(crate) method: HttpMethod,
    #[cfg_attr(not(test), expect(dead_code, reason = "the test of isolation is made from it"))]
    pub(crate) of: Object,
    pub(crate) who: Who,
    pub(crate) needs: Needs,
    /// Its name in the document.
    pub(crate) id: &'static str,
    /// What it does, in a sentence.
    pub(crate) about: &'static str,
    /// What it takes and gives.
    pub(crate) part: fn(&mut Schemas) -> Part,
    /// Whether it will go.
    pub(crate) goes: Option<Going>,
    pub(crate) does: MethodRouter<App>,
}

impl Operation {
    /// Its method, as a request has it.
    pub(crate) const fn verb(&self) -> &'static str {
        match self.method {
            HttpMethod::Get => "GET",
            HttpMethod::Post => "POST",
            HttpMethod::Put => "PUT",
            HttpMethod::Delete => "DELETE",
            HttpMethod::Options => "OPTIONS",
            HttpMethod::Head => "HEAD",
            HttpMethod::Patch => "PATCH",
            HttpMethod::Trace => "TRACE",
        }
    }
}

/// That an operation will go: from when it is deprecated, and the day from which it may be gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Going {
    pub(crate) deprecated_on: Date,
    pub(crate) sunset_on: Date,
}

impl Going {
    /// Says so in an answer's headers: `Deprecation` (RFC 9745) and `Sunset` (RFC 8594), each midnight of its day, UTC.
    pub(crate) fn tell(self, headers: &mut HeaderMap) {
        let midnight = |day: Date| day.at(0, 0, 0, 0).to_zoned(TimeZone::UTC).ok();
        let deprecated = midnight(self.deprecated_on).map(|at| format!("@{}", at.timestamp().as_second()));
        let sunset = midnight(self.sunset_on).map(|at| at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string());
        let said = [("deprecation", deprecated), ("sunset", sunset)];
        for (name, text) in said.into_iter().filter_map(|(name, text)| Some((name, text?))) {
            headers.extend(HeaderValue::from_str(&text).map(|value| (HeaderName::from_static(name), value)));
        }
    }
}

/// Where an operation is, whose objects its path names, and who may call it.
pub(crate) type Place = (&'static str, Object, Who);
/// Its name in the document, and what it does.
pub(crate) type Said = (&'static str, &'static str);

/// No placeholders, or no query.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// An operation that stays: one that gives something needs a token that reads, any other one that takes deeds.
pub(crate) fn operation(
    (path, of, who): Place,
    (id, about): Said,
    method: HttpMethod,
    part: fn(&mut Schemas) -> Part,
    does: MethodRouter<App>,
) -> Operation {
    let needs = if method == HttpMethod::Get { Needs::Read } else { Needs::Act };
    Operation { path, method, of, who, needs, id, about, part, goes: None, does }
}

/// An operation that gives an object.
pub(crate) fn read<P, T, F, A>(place: Place, said: Said, handler: F) -> Operation
where
    P: DeserializeOwned + IntoParams + Send + 'static,
    T: Serialize + ToSchema + 'static,
    F: Fn(Caller, P) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Given<T>> + Send,
{
    let does =
        get(move |caller: Caller, headers: HeaderMap, named: Named<P>, _: Asked<Nothing>| async move {
            shown(&headers, &handler(caller, named.0).await?)
        });
    let part = |schemas: &mut Schemas| Part {
        parameters: P::into_params(|| Some(ParameterIn::Path)),
        gives: Some(schemas.of::<T>()),
        ..Part::default()
    };
    operation(place, said, HttpMethod::Get, part, does)
}

/// An operation that gives objects, piece by piece.
pub(crate) fn list<Q, T, F, A>(place: Place, said: Said, handler: F) -> Operation
where
    Q: DeserializeOwned + IntoParams + Send + 'static,
    T: Serialize + ToSchema + 'static,
    F: Fn(Caller, Q) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Given<Piece<T>>> + Send,
{
    let does = get(move |caller: Caller, headers: HeaderMap, asked: Asked<Q>| async move {
        shown(&headers, &handler(caller, asked.0).await?)
    });
    let part = |schemas: &mut Schemas| Part {
        parameters: Q::into_params(|| Some(ParameterIn::Query)),
        gives: Some(schemas.piece::<T>()),
        ..Part::default()
    };
    operation(place, said, HttpMethod::Get, part, does)
}

/// The same of objects that have to be worked out: `basis` tells for little what they stand on, and where a caller has
/// them already nothing is worked out.
pub(crate) fn derived<Q, T, S, B, F, A>(place: Place, said: Said, basis: S, handler: F) -> Operation
where
    Q: DeserializeOwned + IntoParams + Send + 'static,
    T: Serialize + ToSchema + 'static,
    S: Fn(Caller) -> B + Clone + Send + Sync + 'static,
    B: Future<Output = Given<String>> + Send,
    F: Fn(Caller, Q) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Given<Piece<T>>> + Send,
{
    let shown = handler.clone();
    let does = get(move |caller: Caller, headers: HeaderMap, uri: OriginalUri, asked: Asked<Q>| async move {
        acceptable(&headers)?;
        let basis = basis(caller.clone()).await?;
        let tag = tag(format!("{basis}?{}", uri.query().unwrap_or_default()).as_bytes());
        if is_known(&headers, &tag) {
            return Ok(tagged(StatusCode::NOT_MODIFIED.into_response(), &tag));
        }
        let body = json(&shown(caller, asked.0).await?)?;
        Ok::<_, Problem>(tagged(body.into_response(), &tag))
    });
    Operation { does, ..list(place, said, handler) }
}

/// An operation that gives what belongs to an object, piece by piece.
pub(crate) fn list_of<P, Q, T, F, A>(place: Place, said: Said, handler: F) -> Operation
where
    P: DeserializeOwned + IntoParams + Send + 'static,
    Q: DeserializeOwned + IntoParams + Send + 'static,
    T: Serialize + ToSchema + 'static,
    F: Fn(Caller, P, Q) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Given<Piece<T>>> + Send,
{
    let does = get(move |caller: Caller, headers: HeaderMap, named: Named<P>, asked: Asked<Q>| async move {
        Ok::<_, Problem>(shown(&headers, &handler(caller, named.0, asked.0).await?))
    });
    let part = |schemas: &mut Schemas| Part {
        parameters: [P::into_params(|| Some(ParameterIn::Path)), Q::into_params(|| Some(ParameterIn::Query))]
            .concat(),
        gives: Some(schemas.piece::<T>()),
        ..Part::default()
    };
    operation(place, said, HttpMethod::Get, part, does)
}

/// An operation that does something, told by a body.
pub(crate) fn act<P, B, T, F, A>(place: Place, said: Said, handler: F) -> Operation
where
    P: DeserializeOwned + IntoParams + Send + 'static,
    B: DeserializeOwned + ToSchema + Send + 'static,
    T: Serialize + ToSchema + 'static,
    F: Fn(Caller, P, B) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Given<T>> + Send,
{
    by_body(HttpMethod::Post, place, said, handler)
}

/// An operation that changes an object, told by a body that has what is to be another.
pub(crate) fn change<P, B, T, F, A>(place: Place, said: Said, handler: F) -> Operation
where
    P: DeserializeOwned + IntoParams + Send + 'static,
    B: DeserializeOwned + ToSchema + Send + 'static,
    T: Serialize + ToSchema + 'static,
    F: Fn(Caller, P, B) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Given<T>> + Send,
{
    by_body(HttpMethod::Patch, place, said, handler)
}

/// An operation that removes an object.
pub(crate) fn remove<P, T, F, A>(place: Place, said: Said, handler: F) -> Operation
where
    P: DeserializeOwned + IntoParams + Send + 'static,
    T: Serialize + ToSchema + 'static,
    F: Fn(Caller, P) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Given<T>> + Send,
{
    let does = delete(move |caller: Caller, named: Named<P>| async move {
        Ok::<_, Problem>(Json(handler(caller, named.0).await?))
    });
    let part = |schemas: &mut Schemas| Part {
        parameters: P::into_params(|| Some(ParameterIn::Path)),
        gives: Some(schemas.of::<T>()),
        ..Part::default()
    };
    operation(place, said, HttpMethod::Delete, part, does)
}

fn by_body<P, B, T, F, A>(method: HttpMethod, place: Place, said: Said, handler: F) -> Operation
where
    P: DeserializeOwned + IntoParams + Send + 'static,
    B: DeserializeOwned + ToSchema + Send + 'static,
    T: Serialize + ToSchema + 'static,
    F: Fn(Caller, P, B) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = Given<T>> + Send,
{
    let does = move |caller: Caller, named: Named<P>, body: Result<Json<B>, JsonRejection>| async move {
        let Json(body) = body.map_err(|why| unreadable(&why))?;
        Ok::<_, Problem>(Json(handler(caller, named.0, body).await?))
    };
    let does = if method == HttpMethod::Patch { patch(does) } else { post(does) };
    let part = |schemas: &mut Schemas| Part {
        parameters: P::into_params(|| Some(ParameterIn::Path)),
        takes: Some(schemas.of::<B>()),
        gives: Some(schemas.of::<T>()),
        ..Part::default()
    };
    operation(place, said, method, part, does)
}

/// What a path names; what cannot be read names nothing.
pub(crate) struct Named<P>(pub(crate) P);

impl<P: DeserializeOwned + Send, S: Send + Sync> axum::extract::FromRequestParts<S> for Named<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Given<Self> {
        let Path(named) = Path::from_request_parts(parts, state).await.map_err(|_| Problem::not_found())?;
        Ok(Self(named))
    }
}

/// What a query asks.
pub(crate) struct Asked<Q>(pub(crate) Q);

impl<Q: DeserializeOwned + Send, S: Send + Sync> axum::extract::FromRequestParts<S> for Asked<Q> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut axum::http::request::Parts, state: &S) -> Given<Self> {
        let asked = Query::from_request_parts(parts, state).await;
        let Query(asked) = asked.map_err(|why| Problem::refused("bad_query", why.body_text()))?;
        Ok(Self(asked))
    }
}

fn unreadable(why: &JsonRejection) -> Problem {
    let code = match why.status() {
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "media_type",
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        _ => "bad_body",
    };
    let status =
        if why.status() == StatusCode::BAD_REQUEST { StatusCode::UNPROCESSABLE_ENTITY } else { why.status() };
    Problem::new(status, code, why.body_text())
}

/// An object as it is given: with a tag by which a caller that has it already is told so.
fn shown<T: Serialize>(headers: &HeaderMap, it: &T) -> Given<Response> {
    acceptable(headers)?;
    let (kind, body) = json(it)?;
    let tag = tag(&body);
    if is_known(headers, &tag) {
        return Ok(tagged(StatusCode::NOT_MODIFIED.into_response(), &tag));
    }
    Ok(tagged((kind, Body::from(body)).into_response(), &tag))
}

fn acceptable(headers: &HeaderMap) -> Given<()> {
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
    if ["application/json", "application/*", "*/*"].iter().any(|kind| accepts.contains(kind)) {
        return Ok(());
    }
    Err(Problem::new(StatusCode::NOT_ACCEPTABLE, "not_acceptable", "this is application/json: accept it"))
}

/// A body with its media type.
type Told = ([(HeaderName, HeaderValue); 1], Vec<u8>);

/// An object as JSON, with the header that says so.
fn json<T: Serialize>(it: &T) -> Given<Told> {
    let body = serde_json::to_vec(it).map_err(|why| Problem::fault(&why.to_string()))?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body))
}

fn tag(of: &[u8]) -> String {
    format!("W/\"{}\"", hex::encode(&Sha256::digest(of)[..16]))
}

fn is_known(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag || one.trim() == "*"))
}

fn tagged(mut answer: Response, tag: &str) -> Response {
    let kept = HeaderValue::from_static("private, no-cache");
    answer.headers_mut().insert(header::CACHE_CONTROL, kept);
    if let Ok(tag) = HeaderValue::from_str(tag) {
        answer.headers_mut().insert(header::ETAG, tag);
    }
    answer
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn what_will_go_says_so() {
        let mut headers = HeaderMap::new();
        Going { deprecated_on: date(2026, 7, 1), sunset_on: date(2027, 7, 1) }.tell(&mut headers);
        assert_eq!(headers["deprecation"], "@1782864000");
        assert_eq!(headers["sunset"], "Thu, 01 Jul 2027 00:00:00 GMT");
    }
}
