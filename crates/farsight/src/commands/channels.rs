//! `farsight channel …`, `farsight subscription …`, `farsight deliveries …`.

use std::io::Read;
use std::process::ExitCode;

use farsight_control::telling::{
    self, Kind, Listed, NewChannel, Quiet, ShownChannel, State, Subscriber, Subscription, Terms,
};
use farsight_control::{Desk, ground};
use farsight_courier::{Courier, Outcome};
use farsight_rulebook::alert::Level;
use farsight_rulebook::policy::Severity;
use serde_json::json;

use super::Installation;
use super::explain::language;
use crate::arguments::{
    ChannelAddArguments, ChannelCommand, DeliveriesCommand, DeliveryState, LevelName, NoticeKind,
    SeverityName, SubscriberArguments, SubscriptionCommand, SubscriptionSetArguments,
};
use crate::failure::Failure;
use crate::output::{self, counted};

/// Addresses and keys are shorter than this together.
const MAX_BYTES: u64 = 16_384;

pub(super) fn channel(installation: &Installation, command: &ChannelCommand) -> Result<ExitCode, Failure> {
    match command {
        ChannelCommand::Add(arguments) => add(installation, arguments),
        ChannelCommand::List => list(installation),
        ChannelCommand::Test { channel, language } => test(installation, channel, language.as_deref()),
        ChannelCommand::Remove { channel } => remove(installation, channel),
    }
}

/// Adds a channel. Address and keys come on standard input: an argument would be seen by everyone on the machine.
fn add(installation: &Installation, arguments: &ChannelAddArguments) -> Result<ExitCode, Failure> {
    let mut text = String::new();
    std::io::stdin().lock().take(MAX_BYTES).read_to_string(&mut text)?;
    let lines: Vec<String> =
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect();
    let code = &arguments.channel;
    let new = NewChannel {
        code,
        name: arguments.name.as_deref().unwrap_or(code),
        kind: arguments.kind.name(),
        lines: &lines,
        keyword: arguments.keyword.as_deref(),
    };
    let reach = installation.courier()?.reach;
    telling::add(&mut installation.desk()?, &installation.sealer()?, &reach, &new)?;
    output::print(installation.global.json, &json!({ "channel": code, "kind": new.kind }), |_| {
        format!(
            "channel {code}: kept sealed; `farsight channel test {code}` tries it, `farsight subscription set --channel {code}` says what it is told"
        )
    })?;
    Ok(ExitCode::SUCCESS)
}

fn list(installation: &Installation) -> Result<ExitCode, Failure> {
    let channels = telling::list(&mut installation.desk()?)?;
    output::print(installation.global.json, &channels, |channels| match channels.as_slice() {
        [] => "no channel".to_owned(),
        channels => channels.iter().map(one_channel).collect::<Vec<_>>().join("\n"),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn one_channel(channel: &ShownChannel) -> String {
    let ShownChannel { channel: code, kind, name, added_at, .. } = channel;
    let told = if channel.subscribed { "" } else { "  (no subscription: it is told nothing)" };
    let disabled = channel.disabled_at.as_ref().map(|at| {
        format!("\n    disabled since {at}: {}", channel.disabled_why.as_deref().unwrap_or_default())
    });
    format!("{code}  {kind}  {name}  since {added_at}{told}{}", disabled.unwrap_or_default())
}

/// Sends a message by a channel now; where its pace does not allow that, a worker does.
fn test(installation: &Installation, code: &str, tag: Option<&str>) -> Result<ExitCode, Failure> {
    let language = language(tag)?;
    let sealer = installation.sealer()?;
    let settings = installation.courier()?;
    let mut desk = installation.desk()?;
    let id = telling::test(&mut desk, code, language)?;
    let outcome = super::work::runtime()?.block_on(async {
        let courier = Courier::new(&settings).map_err(anyhow::Error::from)?;
        let Some(claim) = telling::take(&mut desk, &sealer, &courier, &id)? else { return Ok(None) };
        let outcome = claim.send(&courier, desk.now).await;
        desk.now = installation.desk()?.now;
        telling::record(&mut desk, &claim, &outcome)?;
        Ok::<_, Failure>(Some(outcome))
    })?;
    tell_outcome(installation, &id, outcome.as_ref())
}

fn tell_outcome(
    installation: &Installation,
    id: &str,
    outcome: Option<&Outcome>,
) -> Result<ExitCode, Failure> {
    let (state, why) = match outcome {
        None => ("waits", "its limit is reached: a worker sends it"),
        Some(Outcome::Delivered { detail }) => ("delivered", detail.as_str()),
        Some(Outcome::Later { why, .. }) => ("later", why.as_str()),
        Some(Outcome::Never { why }) => ("never", why.as_str()),
    };
    let result = json!({ "delivery": id, "outcome": state, "why": why });
    output::print(installation.global.json, &result, |_| format!("{id}  {state}: {why}"))?;
    Ok(if matches!(state, "waits" | "delivered") { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn remove(installation: &Installation, code: &str) -> Result<ExitCode, Failure> {
    let dropped = telling::remove(&mut installation.desk()?, code)?;
    output::print(installation.global.json, &json!({ "channel": code, "dropped": dropped }), |_| {
        format!("channel {code} is removed; {} dropped", counted(dropped, "message"))
    })?;
    Ok(ExitCode::SUCCESS)
}

pub(super) fn subscription(
    installation: &Installation,
    command: &SubscriptionCommand,
) -> Result<ExitCode, Failure> {
    match command {
        SubscriptionCommand::Set(arguments) => {
            let (who, terms) = (subscriber(&arguments.who)?, terms(arguments)?);
            telling::set(&mut installation.desk()?, &who, &terms)?;
            output::print(installation.global.json, &terms, |_| {
                "this is what they hear from now on".to_owned()
            })?;
        }
        SubscriptionCommand::List => {
            let all = telling::subscriptions(&mut installation.desk()?)?;
            output::print(installation.global.json, &all, |all| match all.as_slice() {
                [] => "no subscription: everybody hears what their role hears by default".to_owned(),
                all => all.iter().map(one_subscription).collect::<Vec<_>>().join("\n"),
            })?;
        }
        SubscriptionCommand::Remove(arguments) => {
            let who = subscriber(arguments)?;
            telling::unset(&mut installation.desk()?, &who)?;
            output::print(installation.global.json, &json!({}), |_| "the default holds again".to_owned())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn one_subscription(it: &Subscription) -> String {
    format!("{}  {}", it.receiver, json!(it.terms))
}

fn subscriber(arguments: &SubscriberArguments) -> Result<Subscriber, Failure> {
    match (&arguments.person, &arguments.channel, arguments.role) {
        (Some(email), ..) => Ok(Subscriber::Person(email.clone())),
        (_, Some(code), _) => Ok(Subscriber::Channel(code.clone())),
        (_, _, Some(role)) => Ok(Subscriber::Role(super::tenants::role(role))),
        _ => Err(Failure::usage("say whose: --person EMAIL, --channel CODE or --role ROLE")),
    }
}

fn terms(arguments: &SubscriptionSetArguments) -> Result<Terms, Failure> {
    let plain = Terms::plain(language(arguments.language.as_deref())?);
    if arguments.nothing {
        return Ok(Terms { kinds: Vec::new(), each: false, ..plain });
    }
    let kinds: Vec<Kind> = arguments.kind.iter().copied().map(kind).collect();
    Ok(Terms {
        regions: arguments.region.clone(),
        dealers: arguments.dealer.clone(),
        least: match arguments.least {
            SeverityName::Notice => Severity::Notice,
            SeverityName::Warning => Severity::Warning,
            SeverityName::Critical => Severity::Critical,
        },
        levels: arguments.level.iter().copied().map(level).collect(),
        kinds: if kinds.is_empty() { plain.kinds.clone() } else { kinds },
        each: !arguments.digest_only,
        quiet: arguments.quiet.map(|(from, to)| Quiet { from, to }),
        digest_at: arguments.digest_at,
        ..plain
    })
}

const fn kind(name: NoticeKind) -> Kind {
    match name {
        NoticeKind::Opened => Kind::Opened,
        NoticeKind::Reopened => Kind::Reopened,
        NoticeKind::Worsened => Kind::Worsened,
        NoticeKind::Escalated => Kind::Escalated,
        NoticeKind::Acknowledged => Kind::Acknowledged,
        NoticeKind::Resolved => Kind::Resolved,
    }
}

const fn level(name: LevelName) -> Level {
    match name {
        LevelName::Dealer => Level::Dealer,
        LevelName::DistrictManager => Level::DistrictManager,
        LevelName::RegionDirector => Level::RegionDirector,
        LevelName::Hq => Level::Hq,
    }
}

pub(super) fn deliveries(
    installation: &Installation,
    command: &DeliveriesCommand,
) -> Result<ExitCode, Failure> {
    let mut desk = installation.desk()?;
    match command {
        DeliveriesCommand::List { state, limit } => {
            let listed = match state {
                Some(state) => telling::deliveries(&mut desk, &[delivery_state(*state)], *limit)?,
                None => telling::undelivered(&mut desk, *limit)?,
            };
            show(installation, &desk, &listed)?;
        }
        DeliveriesCommand::Again { ids, all } => {
            let only = (!all).then_some(ids.as_slice());
            let again = telling::deliver_again(&mut desk, only)?;
            output::print(installation.global.json, &json!({ "again": again }), |_| {
                format!("{}: sent again by a worker", counted(again.len() as u64, "message"))
            })?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn show(installation: &Installation, desk: &Desk, listed: &[Listed]) -> Result<(), Failure> {
    let zone = ground::zone(&desk.tenant)?;
    let shown: Vec<_> = listed
        .iter()
        .map(|it| {
            json!({
                "delivery": it.id, "receiver": it.receiver, "what": it.what, "state": it.state, "tries": it.tries,
                "made_at": zone.rfc3339(it.made_at), "next_at": zone.rfc3339(it.next_at), "last_error": it.last_error,
                "delivered_at": it.delivered_at.map(|at| zone.rfc3339(at)),
            })
        })
        .collect();
    output::print(installation.global.json, &shown, |_| match listed {
        [] => "no message".to_owned(),
        listed => {
            listed.iter().map(|it| one_delivery(it, &zone.rfc3339(it.made_at))).collect::<Vec<_>>().join("\n")
        }
    })
}

fn one_delivery(it: &Listed, made_at: &str) -> String {
    let error = it.last_error.as_ref().map_or_else(String::new, |why| format!("\n    {why}"));
    let tries = counted(it.tries.unsigned_abs().into(), "try").replace("trys", "tries");
    format!("{}  {}  {}  {}  {tries}  {made_at}{error}", it.id, it.receiver, it.what, it.state)
}

const fn delivery_state(state: DeliveryState) -> State {
    match state {
        DeliveryState::Due => State::Due,
        DeliveryState::Sending => State::Sending,
        DeliveryState::Delivered => State::Delivered,
        DeliveryState::GaveUp => State::GaveUp,
        DeliveryState::Dropped => State::Dropped,
    }
}
