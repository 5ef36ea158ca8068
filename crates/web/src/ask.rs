//! What a list is asked for: page, order, filters and format, all in the address, so that a list can be kept and sent on.

use std::collections::BTreeMap;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use url::form_urlencoded;

use crate::page::PageError;

/// Rows on a page.
pub(crate) const PAGE_ROWS: i64 = 50;
/// Rows of an export at most.
const EXPORT_ROWS: i64 = 200_000;

/// How a list is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// As a page.
    Page,
    /// As CSV.
    Csv,
    /// As a workbook.
    Xlsx,
}

/// What a list is asked for.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    path: String,
    values: BTreeMap<String, String>,
}

impl Ask {
    /// Of a path with its query; of a key that comes twice the last counts, and an empty one is none.
    pub(crate) fn read(path: &str, query: &str) -> Self {
        let pairs = form_urlencoded::parse(query.as_bytes()).into_owned();
        let values =
            pairs.map(|(name, value)| (name, value.trim().to_owned())).filter(|(_, value)| !value.is_empty());
        Self { path: path.to_owned(), values: values.collect() }
    }

    /// A filter's value.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// A filter's value as what it must be; one that cannot be read counts as none.
    pub(crate) fn read_as<T: std::str::FromStr>(&self, name: &str) -> Option<T> {
        self.get(name)?.parse().ok()
    }

    /// The same where nothing else may be shown instead: refused under a code, whose message says how it is written.
    pub(crate) fn wanted<T: std::str::FromStr>(
        &self,
        name: &str,
        code: &str,
    ) -> Result<Option<T>, PageError> {
        let unread = |text: &str| PageError::Refused {
            code: code.to_owned(),
            text: format!("{name}: '{text}' cannot be read"),
        };
        self.get(name).map(|text| text.parse().map_err(|_| unread(text))).transpose()
    }

    /// How it is to be given.
    pub(crate) fn format(&self) -> Format {
        match self.get("format") {
            Some("csv") => Format::Csv,
            Some("xlsx") => Format::Xlsx,
            _ => Format::Page,
        }
    }

    /// The page, from 1.
    pub(crate) fn page(&self) -> i64 {
        self.read_as("page").filter(|page| (1..=1_000_000).contains(page)).unwrap_or(1)
    }

    /// How many rows to read; an export takes all.
    pub(crate) fn limit(&self) -> i64 {
        if self.format() == Format::Page { PAGE_ROWS } else { EXPORT_ROWS }
    }

    /// How many rows to leave out before.
    pub(crate) fn offset(&self) -> i64 {
        if self.format() == Format::Page { (self.page() - 1) * PAGE_ROWS } else { 0 }
    }

    /// The column to sort by, one of those given, and whether downwards; none: the list's own order.
    pub(crate) fn sort(&self, columns: &[&'static str]) -> Option<(&'static str, bool)> {
        let asked = self.get("sort")?;
        let (name, down) = asked.strip_prefix('-').map_or((asked, false), |name| (name, true));
        columns.iter().find(|column| **column == name).map(|column| (*column, down))
    }

    /// The path without query.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The address of the same list with some values changed; an empty value takes one out.
    pub(crate) fn with(&self, changes: &[(&str, &str)]) -> String {
        let mut values = self.values.clone();
        for (name, value) in changes {
            if value.is_empty() {
                values.remove(*name);
            } else {
                values.insert((*name).to_owned(), (*value).to_owned());
            }
        }
        if values.is_empty() {
            return self.path.clone();
        }
        let query: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(values).finish();
        format!("{}?{query}", self.path)
    }

    /// All values, for a form to keep those it does not change.
    pub(crate) fn values(&self) -> &BTreeMap<String, String> {
        &self.values
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Ask {
    type Rejection = PageError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, PageError> {
        Ok(Self::read(parts.uri.path(), parts.uri.query().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_in_its_address() {
        let ask = Ask::read("/dealers", "region=R1&q=&sort=-money&page=3&format=");
        assert_eq!((ask.page(), ask.offset(), ask.limit(), ask.format()), (3, 100, 50, Format::Page));
        assert_eq!(ask.sort(&["code", "money"]), Some(("money", true)));
        assert_eq!(ask.sort(&["code"]), None);
        assert_eq!(ask.get("q"), None);
        assert_eq!(ask.with(&[("page", ""), ("q", "a&b")]), "/dealers?q=a%26b&region=R1&sort=-money");
        assert_eq!(Ask::read("/dealers", "").with(&[]), "/dealers");
        let export = Ask::read("/dealers", "page=9&format=csv");
        assert_eq!((export.offset(), export.limit(), export.format()), (0, EXPORT_ROWS, Format::Csv));
        for wrong in ["page=0", "page=-1", "page=x", "page=99999999999999999999"] {
            assert_eq!(Ask::read("/", wrong).page(), 1, "{wrong}");
        }
    }
}
