//! A month of the whole network: its stars, its regions by satisfaction, its faults that rise.

use std::collections::HashMap;

use farsight_rulebook::case::{Case, Judged};
use farsight_rulebook::checks::{self, fault_hotspot, satisfaction};
use farsight_rulebook::finding::{Finding, Found};
use farsight_rulebook::money::Money;
use farsight_rulebook::period::Period;
use farsight_rulebook::subject::Subject;
use farsight_store::session::Isolation;
use farsight_store::sums::From;
use farsight_store::{StoreError, Tx, alerts, roster, standings};
use serde::{Deserialize, Serialize};

use crate::{ControlError, Desk, evaluate, ground};

/// An employee at one of the first places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Star {
    /// The place, from 1.
    pub place: i64,
    /// Who.
    pub person: String,
    /// Their name; empty where it is not known.
    pub name: String,
    /// The dealer of the last response.
    pub dealer: String,
    /// Good responses of all, in percent.
    pub share: String,
    /// In how many responses named.
    pub responses: i64,
    /// What it earns.
    pub reward: Money,
}

/// The first or the last region.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Region {
    /// The region.
    pub region: String,
    /// Its name.
    pub name: String,
    /// First rather than last.
    pub first: bool,
    /// The month's score.
    pub score: String,
    /// Of how many responses.
    pub responses: i64,
}

/// A fault that rises, as its alert tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Hotspot {
    /// The alert.
    pub alert: i64,
    /// The model.
    pub model: String,
    /// The fault; `*` is any in the first kilometres.
    pub fault: String,
    /// The month.
    pub month: Period,
    /// Vehicles with it.
    pub count: i64,
    /// Vehicles to be expected.
    pub expected: String,
    /// Vehicles exposed.
    pub vehicles: i64,
}

/// What a star's detail tells.
#[derive(Deserialize)]
struct OfStar {
    place: i64,
    share: String,
    responses: i64,
}

/// What a region's tells.
#[derive(Deserialize)]
struct OfRegion {
    score: String,
    responses: i64,
}

/// What a hotspot's tells.
#[derive(Deserialize)]
struct OfHotspot {
    count: i64,
    expected: String,
    vehicles: i64,
}

fn told<'d, T: Deserialize<'d>>(subject: &str, detail: &'d str) -> Result<T, ControlError> {
    let unread =
        |why| StoreError::Value(format!("{subject}: its detail {detail} is not what it should be: {why}"));
    Ok(serde_json::from_str(detail).map_err(unread)?)
}

/// The stars of a month and its first and last regions, judged now.
pub fn of_month(desk: &mut Desk, month: Period) -> Result<(Vec<Star>, Vec<Region>), ControlError> {
    let (scope, tenant, now) = (desk.scope(), desk.tenant.clone(), desk.now);
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let ground = ground::load(tx, &tenant)?;
        let Some(check) = checks::check(satisfaction::NAME) else { return Ok((Vec::new(), Vec::new())) };
        let units = [month.to_string()];
        tx.look_at_few()?;
        let facts = evaluate::facts_of_units(tx, check, &units, (&ground, now), From::Now)?;
        let case = Case::new(&facts, &ground, now, Judged::Units(units.into_iter().collect()));
        let mut found = Found::default();
        (check.evaluate)(&case, &mut found)?;
        let dealer = |finding: &Finding| facts.codes.text(finding.dealer).to_owned();
        let stars = found.findings.iter().filter_map(|it| star(it, dealer(it)).transpose());
        let mut stars = stars.collect::<Result<Vec<Star>, _>>()?;
        let people: Vec<String> = stars.iter().map(|star| star.person.clone()).collect();
        let names: HashMap<String, String> = roster::names(tx, &people)?.into_iter().collect();
        stars.iter_mut().for_each(|star| star.name = names.get(&star.person).cloned().unwrap_or_default());
        stars.sort_by(|a, b| (a.place, &a.person).cmp(&(b.place, &b.person)));
        let regions = found.findings.iter().filter_map(|it| region(it).transpose());
        let mut regions = regions.collect::<Result<Vec<Region>, _>>()?;
        let names: HashMap<String, String> = standings::regions(tx)?.into_iter().collect();
        regions.iter_mut().for_each(|of| of.name = names.get(&of.region).unwrap_or(&of.region).clone());
        regions.sort_by(|a, b| (!a.first, &a.region).cmp(&(!b.first, &b.region)));
        Ok((stars, regions))
    })
}

fn star(finding: &Finding, dealer: String) -> Result<Option<Star>, ControlError> {
    let Some(Subject::PersonMonth { person, .. }) = Subject::read(&finding.subject) else { return Ok(None) };
    let OfStar { place, share, responses } = told(&finding.subject, &finding.detail)?;
    let reward = finding.amount();
    Ok(Some(Star { place, person: person.to_owned(), name: String::new(), dealer, share, responses, reward }))
}

fn region(finding: &Finding) -> Result<Option<Region>, ControlError> {
    let Some(Subject::RegionMonth { region, .. }) = Subject::read(&finding.subject) else { return Ok(None) };
    let OfRegion { score, responses } = told(&finding.subject, &finding.detail)?;
    let first = finding.clause == "satisfaction.region-top";
    Ok(Some(Region { region: region.to_owned(), name: String::new(), first, score, responses }))
}

/// The hotspots whose alert is open, the latest month first.
pub fn hotspots(desk: &mut Desk) -> Result<Vec<Hotspot>, ControlError> {
    let scope = desk.scope();
    let open = desk.session.transaction(scope, Isolation::ReadCommitted, |tx: &mut Tx| {
        Ok::<_, ControlError>(alerts::open_of(tx, fault_hotspot::NAME)?)
    })?;
    let hotspots = open.iter().filter_map(|alert| hotspot(alert).transpose());
    let mut hotspots = hotspots.collect::<Result<Vec<Hotspot>, _>>()?;
    hotspots.sort_by(|a, b| (b.month, &a.model, &a.fault).cmp(&(a.month, &b.model, &b.fault)));
    Ok(hotspots)
}

fn hotspot(alert: &alerts::Alert) -> Result<Option<Hotspot>, ControlError> {
    let Some(Subject::ModelFaultMonth { model, fault, month }) = Subject::read(&alert.subject) else {
        return Ok(None);
    };
    let OfHotspot { count, expected, vehicles } = told(&alert.subject, &alert.detail)?;
    let (model, fault) = (model.to_owned(), fault.to_owned());
    Ok(Some(Hotspot { alert: alert.id, model, fault, month, count, expected, vehicles }))
}
