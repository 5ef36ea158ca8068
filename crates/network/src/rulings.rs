//! Rulings: what authorised people decided.

use crate::days::{Moment, Span};
use crate::tables::{Books, Table};

/// Who decides appeals, mishandled complaints and rectifications at the manufacturer.
pub(crate) const APPEALS: &str = "HQ-001";
pub(crate) const COMPLAINTS_DESK: &str = "HQ-002";
pub(crate) const RECTIFICATION: &str = "HQ-003";

/// The manufacturer's people at headquarters who sign rulings.
pub(crate) const SIGNATORIES: [&str; 3] = [APPEALS, COMPLAINTS_DESK, RECTIFICATION];

/// A ruling.
pub(crate) struct Ruling<'a> {
    pub(crate) id: String,
    pub(crate) kind: &'a str,
    pub(crate) subject: String,
    /// Empty: every family.
    pub(crate) family: &'a str,
    pub(crate) decided: Moment,
    pub(crate) decided_by: &'a str,
    /// Whole yuan.
    pub(crate) amount: Option<i64>,
    pub(crate) note: &'a str,
}

impl Ruling<'_> {
    /// Its row, when the window has it.
    pub(crate) fn write(&self, span: Span, books: &mut Books) {
        if !span.writes(self.decided, &[]) {
            return;
        }
        let sheet = books.of(Table::Rulings);
        sheet.text(&self.id).text(self.kind).text(&self.subject).text(self.family).moment(self.decided);
        sheet.text(self.decided_by);
        match self.amount {
            Some(yuan) => sheet.hundredths(yuan * 100),
            None => sheet.none(),
        };
        sheet.text(self.note).end();
    }
}
