//! A fact's line, read into the row that the rulebook judges.

use farsight_rulebook::facts::{
    Answer, Bays, Callback, Certificate, Complaint, ComplaintEvent, CustomerBase, Dealer, Deed, Delay,
    Employment, Facts, Feedback, Inspection, InspectionResult, Level, Move, MysteryVisit, PartPrice, Post,
    Role, Ruling, RulingKind, SupportRequest, Vehicle, WorkOrder,
};
use farsight_rulebook::money::Currency;
use farsight_rulebook::period::Period;
use farsight_rulebook::time::Instant;
use jiff::civil::Date;
use serde_json::{Map, Value};

/// A line that is no row of its table.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("column {column}: {value} cannot stand there")]
pub struct RowFault {
    /// The column.
    pub column: String,
    /// What stands there.
    pub value: String,
}

/// A line's fields, asked by column.
pub(crate) struct Fields<'f>(pub(crate) &'f Map<String, Value>);

impl Fields<'_> {
    fn fault(&self, column: &str) -> RowFault {
        let value = self.0.get(column).map_or_else(|| "nothing".to_owned(), Value::to_string);
        RowFault { column: column.to_owned(), value }
    }

    pub(crate) fn text_or(&self, column: &str) -> Result<Option<&str>, RowFault> {
        match self.0.get(column) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.fault(column)),
        }
    }

    pub(crate) fn text(&self, column: &str) -> Result<&str, RowFault> {
        self.text_or(column)?.ok_or_else(|| self.fault(column))
    }

    fn parsed_or<T>(&self, column: &str, parse: impl Fn(&str) -> Option<T>) -> Result<Option<T>, RowFault> {
        self.text_or(column)?.map(|text| parse(text).ok_or_else(|| self.fault(column))).transpose()
    }

    pub(crate) fn date_or(&self, column: &str) -> Result<Option<Date>, RowFault> {
        self.parsed_or(column, |text| text.parse().ok())
    }

    pub(crate) fn date(&self, column: &str) -> Result<Date, RowFault> {
        self.date_or(column)?.ok_or_else(|| self.fault(column))
    }

    pub(crate) fn instant_or(&self, column: &str) -> Result<Option<Instant>, RowFault> {
        self.parsed_or(column, instant)
    }

    pub(crate) fn instant(&self, column: &str) -> Result<Instant, RowFault> {
        self.instant_or(column)?.ok_or_else(|| self.fault(column))
    }

    fn number_or(&self, column: &str) -> Result<Option<i64>, RowFault> {
        match self.0.get(column) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| self.fault(column)),
        }
    }

    fn number(&self, column: &str) -> Result<i64, RowFault> {
        self.number_or(column)?.ok_or_else(|| self.fault(column))
    }

    pub(crate) fn flag_or(&self, column: &str) -> Result<Option<bool>, RowFault> {
        match self.0.get(column) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.fault(column)),
        }
    }

    /// A score or price: a decimal with two digits, in hundredths.
    fn hundredths(&self, column: &str) -> Result<i64, RowFault> {
        let read = |text: &str| {
            let (whole, part) = text.split_once('.')?;
            (part.len() == 2).then(|| format!("{whole}{part}").parse().ok()).flatten()
        };
        self.parsed_or(column, read)?.ok_or_else(|| self.fault(column))
    }

    fn level_or(&self, column: &str) -> Result<Option<Level>, RowFault> {
        self.parsed_or(column, Level::named)
    }
}

/// A moment as a pack writes it, RFC 3339.
pub(crate) fn instant(text: &str) -> Option<Instant> {
    text.parse::<jiff::Timestamp>().ok().and_then(Instant::exactly)
}

/// Adds a line of a table to the facts. A table that no judgement reads adds nothing.
pub(crate) fn put(
    facts: &mut Facts,
    table: &str,
    row: &Fields<'_>,
    currency: Currency,
) -> Result<(), RowFault> {
    let codes = &mut facts.codes;
    macro_rules! code {
        ($column:literal) => {
            codes.keep(row.text($column)?)
        };
    }
    macro_rules! code_or {
        ($column:literal) => {
            row.text_or($column)?.map(|text| codes.keep(text))
        };
    }
    match table {
        "dealers" => facts.dealers.push(Dealer {
            dealer: code!("dealer_code"),
            region: code!("region_code"),
            opened_on: row.date("opened_on")?,
            closed_on: row.date_or("closed_on")?,
        }),
        "dealer_regions" => facts.moves.push(Move {
            dealer: code!("dealer_code"),
            from: row.date("from")?,
            region: code!("region_code"),
        }),
        "posts" => facts.posts.push(Post {
            person: code!("person_code"),
            role: Role::named(row.text("role")?).ok_or_else(|| row.fault("role"))?,
            scope: code!("scope_code"),
            from: row.date("from")?,
            to: row.date_or("to")?,
        }),
        "bays" => facts.bays.push(Bays {
            dealer: code!("dealer_code"),
            effective_on: row.date("effective_on")?,
            bays: row.number("bays")?,
        }),
        "customer_base" => facts.customer_base.push(CustomerBase {
            dealer: code!("dealer_code"),
            month: row.text("month")?.parse::<Period>().map_err(|_| row.fault("month"))?,
            base_customers: row.number("base_customers")?,
            visits: row.number_or("visits")?,
        }),
        "inspections" => facts.inspections.push(Inspection {
            inspection: code!("inspection_id"),
            item: code!("item_code"),
            dealer: code!("dealer_code"),
            inspected_at: row.instant("inspected_at")?,
            result: result(row)?,
            follow_up: row.text_or("kind")? == Some("follow-up"),
        }),
        "complaints" => facts.complaints.push(Complaint {
            complaint: code!("complaint_id"),
            dealer: code!("dealer_code"),
            received_at: row.instant("received_at")?,
            dispatched_at: row.instant_or("dispatched_at")?,
            major: row.text("severity")? == "major",
            category: code!("category"),
            vin: code_or!("vin"),
        }),
        "complaint_events" => facts.complaint_events.push(ComplaintEvent {
            complaint: code!("complaint_id"),
            at: row.instant("at")?,
            deed: deed(row)?,
        }),
        "employments" => facts.employments.push(Employment {
            person: code!("person_code"),
            dealer: code!("dealer_code"),
            position: code!("position"),
            from: row.date("from")?,
            to: row.date_or("to")?,
            leave_reason: code_or!("leave_reason"),
        }),
        "certificates" => facts.certificates.push(Certificate {
            certificate: code!("certificate_id"),
            person: code!("person_code"),
            kind: code!("kind"),
            level: row.level_or("level")?,
            issued_on: row.date("issued_on")?,
            expires_on: row.date("expires_on")?,
            revoked_on: row.date_or("revoked_on")?,
        }),
        "work_orders" => facts.work_orders.push(WorkOrder {
            work_order: code!("work_order_id"),
            dealer: code!("dealer_code"),
            vin: code!("vin"),
            fault: code_or!("fault_code"),
            reported_at: row.instant_or("reported_at")?,
            created_at: row.instant("created_at")?,
            diagnosed_at: row.instant_or("diagnosed_at")?,
            promised_at: row.instant_or("promised_at")?,
            completed_at: row.instant_or("completed_at")?,
            fixed: row.flag_or("fixed")?,
            advisor: code_or!("advisor_code"),
            technician: code_or!("technician_code"),
            level: row.level_or("level")?.unwrap_or(Level::Basic),
            nev: row.flag_or("nev")? == Some(true),
            odometer_km: row.number_or("odometer_km")?,
            confirmed: confirmed(row)?,
        }),
        "support_requests" => facts.support_requests.push(SupportRequest {
            request: code!("request_id"),
            dealer: code!("dealer_code"),
            vin: code!("vin"),
            fault: code!("fault_code"),
            requested_at: row.instant("requested_at")?,
        }),
        "work_order_delays" => facts.delays.push(Delay {
            work_order: code!("work_order_id"),
            given_at: row.instant("given_at")?,
            promised_at: row.instant("promised_at")?,
        }),
        "surveys" => facts.answers.push(Answer {
            response: code!("response_id"),
            factor: code!("factor"),
            dealer: code!("dealer_code"),
            employee: code_or!("employee_code"),
            answered_at: row.instant("answered_at")?,
            score: row.hundredths("score")?,
        }),
        "mystery_visits" => facts.mystery_visits.push(MysteryVisit {
            visit: code!("visit_id"),
            dealer: code!("dealer_code"),
            visited_on: row.date("visited_on")?,
            scores: visit_scores(row)?,
        }),
        "feedback" => facts.feedback.push(Feedback {
            feedback: code!("feedback_id"),
            dealer: code!("dealer_code"),
            received_at: row.instant("received_at")?,
            solved_at: row.instant_or("solved_at")?,
        }),
        "callbacks" => {
            facts.callbacks.push(Callback { work_order: code!("work_order_id"), at: row.instant("at")? });
        }
        "vehicles" => facts.vehicles.push(Vehicle {
            vin: code!("vin"),
            model: code!("model"),
            sold_on: row.date("sold_on")?,
            dealer: code_or!("dealer_code"),
        }),
        "part_prices" => facts.part_prices.push(PartPrice {
            part: code!("part_code"),
            effective_on: row.date("effective_on")?,
            // The manufacturer's own price stands under no dealer.
            dealer: row.text_or("dealer_code")?.filter(|text| !text.is_empty()).map(|text| codes.keep(text)),
            price: row.hundredths("price")?,
        }),
        "rulings" => facts.rulings.push(ruling(row, currency)?),
        _ => {}
    }
    Ok(())
}

/// Whether advisor, technician and inspector have all confirmed an order.
fn confirmed(row: &Fields<'_>) -> Result<bool, RowFault> {
    let by = |column| Ok(row.flag_or(column)? == Some(true));
    Ok(by("confirmed_advisor")? & by("confirmed_technician")? & by("confirmed_inspector")?)
}

fn visit_scores(row: &Fields<'_>) -> Result<[i64; 4], RowFault> {
    let of = |column| row.hundredths(column);
    Ok([of("response")?, of("attitude")?, of("professionalism")?, of("transparency")?])
}

fn result(row: &Fields<'_>) -> Result<InspectionResult, RowFault> {
    Ok(match row.text("result")? {
        "pass" => InspectionResult::Pass,
        "fail" => InspectionResult::Fail,
        "na" => InspectionResult::NotApplicable,
        "not-visible" => InspectionResult::NotVisible,
        _ => return Err(row.fault("result")),
    })
}

fn deed(row: &Fields<'_>) -> Result<Deed, RowFault> {
    Ok(match (row.text("kind")?, row.text_or("actor_role")?) {
        ("first-reply", _) => Deed::FirstReply,
        ("handled", Some("dealer-gm")) => Deed::HandledByDealerGm,
        ("handled", _) => Deed::HandledByDeputyDirector,
        ("submitted", _) => Deed::Submitted,
        ("callback", _) => Deed::Callback(row.flag_or("satisfied")?),
        _ => return Err(row.fault("kind")),
    })
}

fn ruling(row: &Fields<'_>, currency: Currency) -> Result<Ruling, RowFault> {
    Ok(Ruling {
        ruling: row.text("ruling_id")?.to_owned(),
        kind: RulingKind::named(row.text("kind")?).ok_or_else(|| row.fault("kind"))?,
        subject: row.text("subject")?.to_owned(),
        family: row.text_or("family")?.map(str::to_owned),
        decided_at: row.instant("decided_at")?,
        amount: row.parsed_or("amount", |text| currency.parse(text).ok())?,
    })
}
