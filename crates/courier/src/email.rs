//! E-mail over SMTP: plain text with an HTML alternative in which everything is escaped. The Message-ID comes from the
//! message's id, so a mailbox can drop repeats. Header fields take only what the library encodes; no text becomes one.

use std::time::{Duration, SystemTime};

use farsight_rulebook::time::Instant;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::transport::smtp::{Error, PoolConfig};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport as _, Tokio1Executor};
use serde::Deserialize;

use crate::CourierError;
use crate::fit::{Parts, fit, utf8};
use crate::inert::unlinked;
use crate::message::{Line, Message};
use crate::outcome::Outcome;
use crate::secret::{Secret, redacted};
use crate::words;

/// Of one body, in UTF-8; a digest longer than this is not read.
const BODY_BYTES: usize = 200_000;

/// How the connection to the mail server is kept from readers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Security {
    /// TLS from the first byte (port 465).
    Implicit,
    /// Plain until STARTTLS, which must succeed (port 587).
    StartTls,
    /// Never encrypted: a mail server on the same machine (port 25).
    None,
}

/// The mail server.
#[derive(Debug, Clone, Deserialize)]
pub struct Smtp {
    /// Its host name, as its certificate says.
    pub host: String,
    /// Its port; the usual one of the security when absent.
    pub port: Option<u16>,
    /// How the connection is secured.
    pub security: Security,
    /// User and password, where it asks for them.
    pub credentials: Option<(String, Secret)>,
    /// Who the mail is from: `Farsight <tower@maker.example>`.
    pub from: String,
    /// The most connections at once.
    pub connections: u32,
}

/// Sends mail through one server.
pub(crate) struct Post {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    host: String,
    password: Option<Secret>,
}

impl Post {
    pub(crate) fn new(smtp: &Smtp, timeout: Duration) -> Result<Self, CourierError> {
        let from: Mailbox = smtp.from.parse().map_err(|_| CourierError::From { from: smtp.from.clone() })?;
        let mut builder = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&smtp.host)
            .port(smtp.port.unwrap_or(usual_port(smtp.security)))
            .tls(tls(smtp)?)
            .timeout(Some(timeout))
            .pool_config(PoolConfig::new().max_size(smtp.connections.max(1)));
        if let Some((user, password)) = &smtp.credentials {
            builder = builder.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
        }
        let password = smtp.credentials.as_ref().map(|(_, password)| password.clone());
        Ok(Self { transport: builder.build(), from, host: smtp.host.clone(), password })
    }

    /// Sends one message to one mailbox.
    pub(crate) async fn send(&self, to: &str, message: &Message, now: Instant) -> Outcome {
        let Ok(to) = to.parse::<Address>() else {
            return Outcome::never("the receiver is no e-mail address: mend it");
        };
        let mail = match self.mail(to, message, now) {
            Ok(mail) => mail,
            Err(error) => {
                return Outcome::never(format!("the mail cannot be put together ({error}): report it"));
            }
        };
        match self.transport.send(mail).await {
            Ok(answer) => {
                let first = answer.first_line().unwrap_or_default();
                Outcome::Delivered {
                    detail: format!("{} answered {} {}", self.host, answer.code(), self.shown(first)),
                }
            }
            Err(error) => self.failed(&error),
        }
    }

    fn mail(
        &self,
        to: Address,
        message: &Message,
        now: Instant,
    ) -> Result<lettre::Message, lettre::error::Error> {
        let id = format!("<{}@{}>", message.id, self.from.email.domain());
        let automatic =
            HeaderValue::new(HeaderName::new_from_ascii_str("Auto-Submitted"), "auto-generated".to_owned());
        lettre::Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(message.headline())
            .date(SystemTime::from(now.timestamp()))
            .message_id(Some(id))
            .raw_header(automatic)
            .multipart(MultiPart::alternative_plain_html(plain(message), html(message)))
    }

    /// A refusal for good apart from a refusal for now. That the server does not know us (530, 534, 535, 538) is the
    /// operator's to mend and no fault of the receiver's: the mail waits.
    fn failed(&self, error: &Error) -> Outcome {
        let said = self.shown(&error.to_string());
        let code = error.status().map(|code| code.to_string());
        let signing_in = matches!(code.as_deref(), Some("530" | "534" | "535" | "538"));
        if signing_in {
            return Outcome::later(format!(
                "{} does not let us in: {said}; check user and password",
                self.host
            ));
        }
        if error.is_permanent() {
            return Outcome::never(format!("{} refused the mail: {said}; check the address", self.host));
        }
        Outcome::later(format!("tried to send through {}: {said}; it is tried again", self.host))
    }

    fn shown(&self, text: &str) -> String {
        let secrets: Vec<_> = self.password.iter().map(Secret::expose).collect();
        redacted(text, &secrets)
    }
}

const fn usual_port(security: Security) -> u16 {
    match security {
        Security::Implicit => 465,
        Security::StartTls => 587,
        Security::None => 25,
    }
}

fn tls(smtp: &Smtp) -> Result<Tls, CourierError> {
    let parameters = || {
        TlsParameters::new_rustls(smtp.host.clone())
            .map_err(|error| CourierError::Tls { why: redacted(&error.to_string(), &[]) })
    };
    Ok(match smtp.security {
        Security::Implicit => Tls::Wrapper(parameters()?),
        Security::StartTls => Tls::Required(parameters()?),
        Security::None => Tls::None,
    })
}

/// The text for programs that show no HTML.
fn plain(message: &Message) -> String {
    let lines: Vec<_> = message.lines.iter().map(plain_line).collect();
    let link = message.link_address().map(|url| format!("{}: {url}", words::open(message.language)));
    let foot = format!("{} · {}", message.at, message.id);
    let foot: Vec<_> = link.into_iter().chain([foot]).collect();
    let head = unlinked(&message.headline());
    let parts = Parts { head: &head, body: &lines.join("\n"), foot: &foot.join("\n"), joint: "\n\n" };
    fit(&parts, BODY_BYTES, utf8, message.language)
}

fn plain_line(line: &Line) -> String {
    let text = unlinked(line.text());
    match line {
        Line::Heading(_) => format!("\n{text}"),
        Line::Item(_) => format!("- {text}"),
        Line::Text(_) => text,
    }
}

/// The same for programs that do.
fn html(message: &Message) -> String {
    let mut page = format!("<h3>{}</h3>\n", escaped(&unlinked(&message.headline())));
    let mut left: usize = 0;
    for line in &message.lines {
        let shown = html_line(line);
        if left == 0 && page.len() + shown.len() <= BODY_BYTES {
            page.push_str(&shown);
        } else {
            left += line.text().chars().count(); // whole lines only: a tag must not be cut
        }
    }
    if left > 0 {
        page.push_str(&format!("<p>{}</p>\n", words::left_out(message.language, left)));
    }
    if let Some(url) = message.link_address() {
        page.push_str(&format!(
            "<p><a href=\"{}\">{}</a></p>\n",
            escaped(&url),
            words::open(message.language)
        ));
    }
    page.push_str(&format!("<p><small>{} · {}</small></p>\n", escaped(&message.at), escaped(&message.id)));
    page
}

fn html_line(line: &Line) -> String {
    let text = escaped(&unlinked(line.text()));
    match line {
        Line::Heading(_) => format!("<h4>{text}</h4>\n"),
        Line::Item(_) => format!("<p>• {text}</p>\n"),
        Line::Text(_) => format!("<p>{text}</p>\n"),
    }
}

fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::tests::sound;

    #[test]
    fn html_holds_nothing_of_what_others_wrote_but_words() {
        let mut message = sound();
        message.lines = vec![Line::Text("<script>alert('&')</script> https://evil.example".to_owned())];
        message.link = Some("https://tower.example/a?x=\"><b>&y=1".to_owned());
        let page = html(&message);
        assert!(!page.contains("<script") && !page.contains("<b>") && !page.contains("://evil"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(&#39;&amp;&#39;)"), "{page}");
    }

    #[test]
    fn a_long_digest_says_what_is_missing() {
        let mut message = sound();
        message.lines = vec![Line::Item("投诉".repeat(500)); 200];
        for text in [plain(&message), html(&message)] {
            assert!(text.len() < BODY_BYTES + 2_000 && text.contains("省略") && text.contains("msg_1"));
        }
    }

    #[test]
    fn the_text_reads_so() {
        let expected = "【注意】D1 未通过视频抽查\n\n\n处理\n- D1\n请整改\n\n查看详情: https://tower.example/alerts/1\n\
                        2026-03-05T06:30:00Z · msg_1";
        assert_eq!(plain(&sound()), expected);
    }
}
