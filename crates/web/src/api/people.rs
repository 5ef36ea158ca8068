//! `/dealers/{dealer}/roster`: who works at a dealer, with which certificates; who begins, leaves, is certified.

use farsight_control::people::{self, Certify, Hire, Leave, Member, Revoke, Roster};
use farsight_control::{ControlError, Desk};
use farsight_store::roster::{Filter, Sort};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::caller::Caller;
use super::problem::{Given, Problem};

/// More employments than any dealer has.
const MOST: u32 = 100_000;

/// A dealer.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Path)]
pub(crate) struct OfDealer {
    /// Its code.
    dealer: String,
}

/// A dealer's roster.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RosterOut {
    /// The dealer.
    dealer_code: String,
    /// How many bays it has.
    bays: i64,
    /// Certified service advisors needed; absent where no policy is in force.
    needed: Option<i64>,
    /// Certified service advisors there are.
    certified: i64,
    /// The employments, each with the person's certificates.
    members: Vec<MemberOut>,
}

/// An employment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberOut {
    /// The person.
    person_code: String,
    /// The person's name.
    name: String,
    /// The position.
    position: String,
    /// The first day.
    #[schema(format = Date)]
    from: String,
    /// The last day.
    #[schema(format = Date)]
    to: Option<String>,
    /// Why it ended.
    leave_reason: Option<String>,
    /// Whether the position needs a certificate that the person lacks.
    uncertified: bool,
    /// The person's certificates.
    certificates: Vec<CertificateOut>,
}

/// A certificate.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CertificateOut {
    /// Its id.
    certificate_id: String,
    /// What it certifies.
    kind: String,
    /// Its level.
    level: Option<String>,
    /// The first day it counts.
    #[schema(format = Date)]
    issued_on: String,
    /// The last day it counts.
    #[schema(format = Date)]
    expires_on: String,
    /// The day it counts no longer.
    #[schema(format = Date)]
    revoked_on: Option<String>,
    /// Where it stands: `valid`, `lapsing`, `replaced`, `not-yet`, `lapsed` or `revoked`.
    standing: String,
}

fn member(member: Member) -> MemberOut {
    let uncertified = member.employment.to.is_none() && member.is_uncertified();
    let day = |day: Option<Date>| day.map(|day| day.to_string());
    let certificates = member.certificates.into_iter().map(|one| CertificateOut {
        certificate_id: one.certificate.id,
        kind: one.certificate.kind,
        level: one.certificate.level,
        issued_on: one.certificate.issued_on.to_string(),
        expires_on: one.certificate.expires_on.to_string(),
        revoked_on: day(one.certificate.revoked_on),
        standing: one.standing.name().to_owned(),
    });
    MemberOut {
        certificates: certificates.collect(),
        person_code: member.employment.person,
        name: member.employment.name,
        position: member.employment.position,
        from: member.employment.from.to_string(),
        to: day(member.employment.to),
        leave_reason: member.employment.leave_reason,
        uncertified,
    }
}

fn told(roster: Roster) -> RosterOut {
    RosterOut {
        dealer_code: roster.dealer,
        bays: roster.bays,
        needed: roster.needed,
        certified: roster.have,
        members: roster.members.into_iter().map(member).collect(),
    }
}

fn look(desk: &mut Desk, dealer: &str, ended: bool) -> Result<Roster, ControlError> {
    let filter =
        Filter { dealer: dealer.to_owned(), ended, sort: Sort::Name, limit: MOST, ..Filter::default() };
    people::roster(desk, &filter)
}

/// Who works at a dealer, or will.
pub(crate) async fn roster(caller: Caller, of: OfDealer) -> Given<RosterOut> {
    Ok(told(caller.at_desk(move |desk| look(desk, &of.dealer, false)).await?))
}

/// Who worked at a dealer.
pub(crate) async fn former(caller: Caller, of: OfDealer) -> Given<RosterOut> {
    Ok(told(caller.at_desk(move |desk| look(desk, &of.dealer, true)).await?))
}

/// Changes a roster, and gives it as it is then.
async fn changed<F>(caller: Caller, of: OfDealer, change: F) -> Given<RosterOut>
where
    F: FnOnce(&mut Desk, &str) -> Result<(), ControlError> + Send + 'static,
{
    let done = caller.at_desk(move |desk| {
        change(desk, &of.dealer)?;
        look(desk, &of.dealer, false)
    });
    Ok(told(done.await?))
}

fn day(field: &str, text: &str) -> Given<Date> {
    text.parse().map_err(|_| {
        Problem::refused("field_not_a_date", format!("{field} '{text}' is no date: write it like 2026-03-05"))
    })
}

/// Somebody who begins.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct HireIn {
    /// The person's code, new or known.
    #[schema(example = "person-2")]
    person_code: String,
    /// The name.
    #[schema(example = "Wang Wei")]
    name: String,
    /// The position, such as `service-advisor` or `technician`.
    #[schema(example = "technician")]
    position: String,
    /// The first day.
    #[schema(format = Date, example = "2026-03-01")]
    from: String,
}

/// Somebody begins.
pub(crate) async fn hire(caller: Caller, of: OfDealer, it: HireIn) -> Given<RosterOut> {
    let from = day("from", &it.from)?;
    let change = move |desk: &mut Desk, dealer: &str| {
        let HireIn { person_code, name, position, .. } = &it;
        people::hire(desk, &Hire { dealer, person: person_code, name, position, from })
    };
    changed(caller, of, change).await
}

/// Somebody who leaves.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LeaveIn {
    /// The person.
    #[schema(example = "person-2")]
    person_code: String,
    /// The position.
    #[schema(example = "technician")]
    position: String,
    /// The employment's first day.
    #[schema(format = Date, example = "2026-03-01")]
    from: String,
    /// The last day.
    #[schema(format = Date, example = "2026-03-31")]
    to: String,
    /// Why, such as `resigned` or `transfer`.
    #[serde(default)]
    #[schema(required = false, example = "resigned")]
    reason: String,
}

/// Somebody leaves.
pub(crate) async fn leave(caller: Caller, of: OfDealer, it: LeaveIn) -> Given<RosterOut> {
    let (from, to) = (day("from", &it.from)?, day("to", &it.to)?);
    let change = move |desk: &mut Desk, dealer: &str| {
        let LeaveIn { person_code, position, reason, .. } = &it;
        people::leave(desk, &Leave { dealer, person: person_code, position, from, to, reason })
    };
    changed(caller, of, change).await
}

/// A certificate that somebody got.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CertifyIn {
    /// The number on the certificate.
    #[schema(example = "certificate-2")]
    certificate_id: String,
    /// The holder.
    #[schema(example = "person-2")]
    person_code: String,
    /// What it certifies: `service-advisor`, `technician` or `nev`.
    #[schema(example = "technician")]
    kind: String,
    /// Its level, where it has one: `basic`, `special` or `difficult`.
    #[serde(default)]
    #[schema(required = false, example = "basic")]
    level: String,
    /// The first day it counts.
    #[schema(format = Date, example = "2026-03-01")]
    issued_on: String,
    /// The last day it counts.
    #[schema(format = Date, example = "2028-02-29")]
    expires_on: String,
}

/// Somebody is certified.
pub(crate) async fn certify(caller: Caller, of: OfDealer, it: CertifyIn) -> Given<RosterOut> {
    let (issued_on, expires_on) = (day("issued_on", &it.issued_on)?, day("expires_on", &it.expires_on)?);
    let change = move |desk: &mut Desk, dealer: &str| {
        let CertifyIn { certificate_id: certificate, person_code: person, kind, level, .. } = &it;
        people::certify(desk, &Certify { dealer, certificate, person, kind, level, issued_on, expires_on })
    };
    changed(caller, of, change).await
}

/// A certificate that counts no longer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RevokeIn {
    /// The certificate.
    #[schema(example = "certificate-2")]
    certificate_id: String,
    /// From which day on.
    #[schema(format = Date, example = "2026-03-20")]
    on: String,
}

/// A certificate is revoked.
pub(crate) async fn revoke(caller: Caller, of: OfDealer, it: RevokeIn) -> Given<RosterOut> {
    let on = day("on", &it.on)?;
    let change = move |desk: &mut Desk, dealer: &str| {
        people::revoke(desk, &Revoke { dealer, certificate: &it.certificate_id, on })
    };
    changed(caller, of, change).await
}
