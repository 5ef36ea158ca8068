//! Requests to a provider: only where the operator's rules lead, no redirect followed, each answer bounded in time and size.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use farsight_courier::Reach;
use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse, http};

use crate::IdentityError;

/// From looking the name up to the last byte.
const TIME: Duration = Duration::from_secs(10);
/// Metadata, keys and tokens are far smaller.
const ANSWER_BYTES: usize = 1 << 20;

/// The way to providers.
pub(crate) struct Wire {
    reach: Reach,
    client: reqwest::Client,
}

/// Why there was no answer.
#[derive(Debug)]
pub(crate) struct Lost(pub(crate) IdentityError);

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Lost {}

impl Wire {
    pub(crate) fn new(reach: &Reach) -> Result<Self, farsight_courier::CourierError> {
        Ok(Self { reach: reach.clone(), client: reach.client()? })
    }

    /// Whether the rules lead to an address.
    pub(crate) fn judge(&self, url: &str) -> Result<(), IdentityError> {
        self.reach.webhook(url).map(|_| ()).map_err(|refusal| IdentityError::Address(refusal.to_string()))
    }

    async fn ask(&self, request: HttpRequest) -> Result<HttpResponse, IdentityError> {
        self.judge(&request.uri().to_string())?;
        let request = reqwest::Request::try_from(request).map_err(|error| away(&error))?;
        tokio::time::timeout(TIME, self.answered(request))
            .await
            .unwrap_or_else(|_| Err(IdentityError::Away(format!("no answer within {} s", TIME.as_secs()))))
    }

    async fn answered(&self, request: reqwest::Request) -> Result<HttpResponse, IdentityError> {
        let mut answer = self.client.execute(request).await.map_err(|error| away(&error))?;
        let (status, headers) = (answer.status(), answer.headers().clone());
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| away(&error))? {
            if body.len() + chunk.len() > ANSWER_BYTES {
                return Err(IdentityError::Answer(format!("it is larger than {ANSWER_BYTES} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        let mut response = http::Response::new(body);
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }

    /// What the provider tells about who has an access token, where it tells it as plain JSON.
    pub(crate) async fn about(&self, url: &str, token: &str) -> Result<Vec<u8>, IdentityError> {
        let request = http::Request::builder()
            .uri(url)
            .header(http::header::AUTHORIZATION, format!("Bearer {token}"))
            .header(http::header::ACCEPT, "application/json")
            .body(Vec::new())
            .map_err(|_| {
                IdentityError::Answer("its address of user information cannot be read".to_owned())
            })?;
        let answer = self.ask(request).await?;
        if answer.status().is_success() {
            return Ok(answer.into_body());
        }
        Err(IdentityError::Answer(format!("asked for user information it answers {}", answer.status())))
    }
}

/// The innermost cause: unlike the outermost it never tells the address.
fn away(error: &reqwest::Error) -> IdentityError {
    let mut innermost: Option<&(dyn Error + 'static)> = error.source();
    while let Some(deeper) = innermost.and_then(Error::source) {
        innermost = Some(deeper);
    }
    IdentityError::Away(innermost.map_or_else(|| "the request failed".to_owned(), ToString::to_string))
}

impl<'c> AsyncHttpClient<'c> for Wire {
    type Error = Lost;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, Lost>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(async move { self.ask(request).await.map_err(Lost) })
    }
}
