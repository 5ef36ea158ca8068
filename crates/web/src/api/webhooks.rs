//! `/webhooks`: where a machine wants to be told of what happens, the log of what it was told, and that sent again.

use axum::http::StatusCode;
use farsight_control::webhooks::events::{EVENTS, PING};
use farsight_control::webhooks::{self, Change, Issued, Log, New, OVERLAP_HOURS, Shown};
use farsight_control::{ControlError, Desk};
use farsight_rulebook::time::Instant;
use farsight_store::telling::Listed;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::{IntoParams, ToSchema};

use super::appeals::Silent;
use super::caller::Caller;
use super::paging::{Listing, Piece, moment};
use super::problem::{Given, Problem};

const LIST: &str = "webhooks";
const DELIVERIES: &str = "webhook-deliveries";

/// A webhook.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfWebhook {
    /// Its number.
    webhook: String,
}

/// A delivery to a webhook.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfDelivery {
    /// The webhook's number.
    webhook: String,
    /// The event's number, as in `webhook-id`.
    delivery: String,
}

/// A webhook that is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewWebhook {
    /// What the caller calls it.
    #[serde(default)]
    #[schema(required = false, max_length = 100)]
    name: String,
    /// Where events are posted.
    #[schema(example = "https://dms.example/farsight")]
    url: String,
    /// The types of events: see `webhooks` of this document.
    #[schema(example = json!(["alert.opened", "entries.changed"]))]
    events: Vec<String>,
}

/// What of a webhook is to be another; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WebhookChange {
    /// What the caller calls it.
    #[schema(max_length = 100)]
    name: Option<String>,
    /// Where events are posted.
    #[schema(example = "https://dms.example/farsight")]
    url: Option<String>,
    /// The types of events. Of those that are new it is told from now on.
    #[schema(example = json!(["alert.opened"]))]
    events: Option<Vec<String>>,
    /// Whether it is told. Switched on again it is told of what happened meanwhile.
    #[schema(example = true)]
    enabled: Option<bool>,
}

/// For how long the old key signs too.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Rotation {
    /// Hours: 24 where nothing is said, 168 at most.
    #[schema(minimum = 0, maximum = 168, default = 24, example = 24)]
    overlap_hours: Option<i64>,
}

/// From when on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Since {
    /// What was given up of events made at this moment or later.
    #[schema(format = DateTime, example = "2026-03-05T00:00:00+08:00")]
    since: String,
}

/// A webhook.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookOut {
    /// Its number.
    webhook_id: String,
    /// What the caller calls it.
    name: String,
    /// Where events are posted.
    url: String,
    /// The types of events.
    events: Vec<String>,
    /// Whether it is told.
    enabled: bool,
    /// Why it is not.
    disabled_why: Option<String>,
    /// Since when.
    #[schema(format = DateTime)]
    disabled_at: Option<String>,
    /// Since when nothing was taken there; after five days it is switched off.
    #[schema(format = DateTime)]
    failing_since: Option<String>,
    /// Until when the key before the present one signs too.
    #[schema(format = DateTime)]
    old_key_until: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    made_at: String,
    /// What events are signed with, told when it is made: keep it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "whsec_…")]
    secret: Option<String>,
}

/// An event that was sent, or is to be.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryOut {
    /// The event's number, the same in every try: `webhook-id`.
    delivery_id: String,
    /// Its type.
    event: String,
    /// Where it stands: `due`, `sending`, `delivered`, `gave-up` or `dropped`.
    state: String,
    /// How often it was tried.
    attempts: i32,
    /// What came of the last try.
    last_answer: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    made_at: String,
    /// When it is tried (again), where it is to be.
    #[schema(format = DateTime)]
    next_at: Option<String>,
    /// When it arrived.
    #[schema(format = DateTime)]
    delivered_at: Option<String>,
    /// What is posted.
    #[schema(value_type = Object)]
    payload: Value,
}

/// Which events are asked for.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Sent {
    /// Those in this state: `due`, `sending`, `delivered`, `gave-up` or `dropped`.
    state: Option<String>,
    /// At most so many objects.
    #[param(minimum = 1, maximum = 500, default = 100)]
    limit: Option<i64>,
    /// `next` of the piece before.
    cursor: Option<String>,
}

/// An event that is sent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventSent {
    /// Its number.
    delivery_id: String,
}

/// How much is sent again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Again {
    /// Events.
    deliveries: usize,
}

/// It is gone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Removed {
    /// The webhook's number.
    webhook_id: String,
}

fn told(caller: &Caller, it: Shown, secret: Option<String>) -> WebhookOut {
    let at = |at: Instant| caller.moment(at);
    let webhook = it.webhook;
    let (disabled_at, disabled_why) = webhook.disabled.unzip();
    WebhookOut {
        webhook_id: webhook.id,
        name: webhook.name,
        url: it.url,
        events: webhook.events,
        enabled: disabled_at.is_none(),
        disabled_why,
        disabled_at: disabled_at.map(at),
        failing_since: webhook.failing_since.map(at),
        old_key_until: webhook.old_until.map(at),
        made_at: at(webhook.made_at),
        secret,
    }
}

fn sent(caller: &Caller, it: Listed) -> DeliveryOut {
    let message: Value = serde_json::from_str(&it.message).unwrap_or_default(); // it was written as JSON
    let waits = matches!(it.state.as_str(), "due" | "sending");
    DeliveryOut {
        delivery_id: it.id,
        event: message["event"].as_str().unwrap_or_default().to_owned(),
        state: it.state,
        attempts: it.tries,
        last_answer: it.last_error.or(it.last_answer),
        made_at: caller.moment(it.made_at),
        next_at: waits.then(|| caller.moment(it.next_at)),
        delivered_at: it.delivered_at.map(|at| caller.moment(at)),
        payload: json!({ "type": message["event"], "timestamp": message["at"], "data": message["data"] }),
    }
}

impl Caller {
    /// What webhooks tell is read: whoever may not read is refused. Carries it out as the machine that calls.
    async fn with_webhooks<T, F>(&self, work: F) -> Given<T>
    where
        T: Send + 'static,
        F: FnOnce(&mut Desk, webhooks::Machine, &Self) -> Result<T, ControlError> + Send + 'static,
    {
        if !self.held().reads {
            let why = "a webhook tells what could be read: use a token that may read";
            return Err(Problem::new(StatusCode::FORBIDDEN, "token_may_not", why));
        }
        let this = self.clone();
        self.at_desk(move |desk| work(desk, (this.held().user, this.held().role), &this)).await
    }
}

/// The caller's webhooks.
pub(crate) async fn list(caller: Caller, listing: Listing) -> Given<Piece<WebhookOut>> {
    let (limit, offset) = listing.wanted(LIST)?;
    let all = caller
        .with_webhooks(|desk, machine, caller| webhooks::list(desk, &caller.app().parts.sealer, machine))
        .await?;
    let total = all.len() as i64;
    let piece = all.into_iter().skip(offset as usize).take(limit as usize).collect();
    Ok(Listing::piece(LIST, (limit, offset, total), piece, |it| told(&caller, it, None)))
}

/// Subscribes an address.
pub(crate) async fn add(caller: Caller, _: super::operation::Nothing, new: NewWebhook) -> Given<WebhookOut> {
    let issued = caller.with_webhooks(move |desk, machine, caller| {
        let parts = &caller.app().parts;
        let new = New { name: new.name, url: new.url, events: new.events };
        webhooks::add(desk, (&parts.sealer, &parts.reach), machine, &new)
    });
    let Issued { shown, secret } = issued.await?;
    Ok(told(&caller, shown, Some(secret)))
}

/// One webhook.
pub(crate) async fn one(caller: Caller, of: OfWebhook) -> Given<WebhookOut> {
    let found = caller.with_webhooks(move |desk, machine, caller| {
        webhooks::find(desk, &caller.app().parts.sealer, machine, &of.webhook)
    });
    let found = found.await?;
    Ok(told(&caller, found, None))
}

/// Changes a webhook.
pub(crate) async fn change(caller: Caller, of: OfWebhook, to: WebhookChange) -> Given<WebhookOut> {
    let changed = caller.with_webhooks(move |desk, machine, caller| {
        let parts = &caller.app().parts;
        let to = Change { name: to.name, url: to.url, events: to.events, enabled: to.enabled };
        webhooks::change(desk, (&parts.sealer, &parts.reach), machine, (&of.webhook, &to))
    });
    let changed = changed.await?;
    Ok(told(&caller, changed, None))
}

/// Removes a webhook.
pub(crate) async fn remove(caller: Caller, of: OfWebhook) -> Given<Removed> {
    let webhook_id = of.webhook.clone();
    caller.with_webhooks(move |desk, machine, _| webhooks::remove(desk, machine, &of.webhook)).await?;
    Ok(Removed { webhook_id })
}

/// Gives a webhook a new key.
pub(crate) async fn rotate(caller: Caller, of: OfWebhook, rotation: Rotation) -> Given<WebhookOut> {
    let hours = rotation.overlap_hours.unwrap_or(OVERLAP_HOURS);
    let issued = caller.with_webhooks(move |desk, machine, caller| {
        webhooks::rotate(desk, &caller.app().parts.sealer, machine, (&of.webhook, hours))
    });
    let Issued { shown, secret } = issued.await?;
    Ok(told(&caller, shown, Some(secret)))
}

/// Sends an event that says nothing but that the webhook works.
pub(crate) async fn ping(caller: Caller, of: OfWebhook, _: Silent) -> Given<EventSent> {
    let made = caller.with_webhooks(move |desk, machine, _| webhooks::ping(desk, machine, &of.webhook));
    Ok(EventSent { delivery_id: made.await? })
}

/// What was sent to a webhook.
pub(crate) async fn deliveries(caller: Caller, of: OfWebhook, asked: Sent) -> Given<Piece<DeliveryOut>> {
    let (limit, offset) = Listing::of(asked.limit, asked.cursor).wanted(DELIVERIES)?;
    let log = Log { state: asked.state, limit, offset };
    let (items, total) =
        caller.with_webhooks(move |desk, machine, _| webhooks::log(desk, machine, &of.webhook, &log)).await?;
    Ok(Listing::piece(DELIVERIES, (limit, offset, total), items, |it| sent(&caller, it)))
}

/// Sends an event again.
pub(crate) async fn redeliver(caller: Caller, of: OfDelivery, _: Silent) -> Given<EventSent> {
    let delivery_id = of.delivery.clone();
    caller
        .with_webhooks(move |desk, machine, _| {
            webhooks::deliver_again(desk, machine, &of.webhook, &of.delivery)
        })
        .await?;
    Ok(EventSent { delivery_id })
}

/// Sends again what was given up.
pub(crate) async fn redeliver_failed(caller: Caller, of: OfWebhook, from: Since) -> Given<Again> {
    // What is not there is said before what is wrong with the body.
    let id = of.webhook.clone();
    caller
        .with_webhooks(move |desk, machine, caller| {
            webhooks::find(desk, &caller.app().parts.sealer, machine, &id)
        })
        .await?;
    let since = moment(&from.since)?;
    let done = caller.with_webhooks(move |desk, machine, _| {
        webhooks::deliver_failed_again(desk, machine, &of.webhook, since)
    });
    Ok(Again { deliveries: done.await? })
}

/// The types of events, as the document tells them.
pub(super) fn events() -> Value {
    let ping = (PING, "Nothing happened: that the webhook works.", &["webhook_id"][..]);
    let all = EVENTS.iter().map(|event| (event.name, event.about, event.fields));
    let each = std::iter::once(ping).chain(all);
    Value::Object(each.map(|(name, about, fields)| (name.to_owned(), event(name, about, fields))).collect())
}

fn event(name: &str, about: &str, fields: &[&str]) -> Value {
    let mut data: Map<String, Value> =
        fields.iter().map(|field| ((*field).to_owned(), field_of(field))).collect();
    data.insert("tenant".to_owned(), json!({ "type": "string" }));
    let link = "Where to read what is told of, below the tower's address.";
    data.insert("link".to_owned(), json!({ "type": "string", "description": link }));
    let header = |name: &str, said: &str| json!({ "name": name, "in": "header", "required": true, "description": said, "schema": { "type": "string" } });
    json!({ "post": {
        "operationId": format!("on-{}", name.replace('.', "-")),
        "summary": about,
        "parameters": [
            header("webhook-id", "The event's number, the same in every try: drop what came before."),
            header("webhook-timestamp", "When this try began, in seconds since 1970: refuse what is old."),
            header("webhook-signature", "`v1,` and the base64 of the HMAC-SHA256 over `id.timestamp.body`; of several, separated by spaces, one has to fit."),
        ],
        "requestBody": { "required": true, "content": { "application/json": { "schema": {
            "type": "object",
            "required": ["type", "timestamp", "data"],
            "properties": {
                "type": { "const": name },
                "timestamp": { "type": "string", "format": "date-time", "description": "When it happened." },
                "data": { "type": "object", "properties": data },
            },
        } } } },
        "responses": { "2XX": { "description": "It was taken. Anything else is tried again, ten times over some four days; 410 switches the webhook off." } },
    } })
}

fn field_of(field: &str) -> Value {
    match field {
        "tables" => json!({ "type": "object", "additionalProperties": { "type": "object" } }),
        "dealer_code" => json!({ "type": ["string", "null"] }),
        "posted" | "reversed" | "alert_id" | "appeal_id" | "entry_id" | "first_entry_id"
        | "last_entry_id" | "first_import_id" | "last_import_id" => json!({ "type": "integer" }),
        _ => json!({ "type": "string" }),
    }
}
