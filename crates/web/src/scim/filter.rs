//! Filters as Entra ID and Okta write them (RFC 7644, 3.4.2.2): `attribute eq value`, several with `and`.

use farsight_store::identities::Wanted;

use super::Fault;
use crate::ask::Ask;

/// As many as are given at once.
const MOST: i64 = 200;

/// What a list is asked for: filter, startIndex and count. `name` is what the resource's name is called.
pub(crate) fn wanted(ask: &Ask, name: &str) -> Result<Wanted, Fault> {
    let mut wanted = Wanted {
        from: ask.read_as::<i64>("startIndex").unwrap_or(1).clamp(1, 1_000_000_000),
        count: ask.read_as::<i64>("count").unwrap_or(MOST).clamp(0, MOST),
        ..Wanted::default()
    };
    for (attribute, value) in terms(ask.get("filter").unwrap_or_default())? {
        match attribute.to_ascii_lowercase().as_str() {
            it if it == name.to_ascii_lowercase() => wanted.name = Some(value),
            "externalid" => wanted.external_id = Some(value),
            "id" => wanted.id = Some(value),
            "active" if name == "userName" => wanted.active = Some(value.eq_ignore_ascii_case("true")),
            // What a user is called by mail is what they sign in as.
            "emails" | "emails.value" if name == "userName" => wanted.name = Some(value),
            _ => {
                return Err(Fault::filter(
                    "a filter asks for a name, externalId, id or active, by eq and and",
                ));
            }
        }
    }
    Ok(wanted)
}

/// The terms of a filter: attribute and value, all of which have to hold.
pub(crate) fn terms(filter: &str) -> Result<Vec<(String, String)>, Fault> {
    let mut words = words(filter)?.into_iter().peekable();
    let mut terms = Vec::new();
    while words.peek().is_some() {
        let parts = (words.next(), words.next(), words.next());
        let (Some(attribute), Some(operator), Some(value)) = parts else {
            return Err(Fault::filter("a filter is like userName eq \"name\""));
        };
        if !operator.eq_ignore_ascii_case("eq") {
            return Err(Fault::filter("a filter compares by eq"));
        }
        terms.push((attribute, value));
        match words.next() {
            None => return Ok(terms),
            Some(and) if and.eq_ignore_ascii_case("and") && words.peek().is_some() => {}
            Some(_) => return Err(Fault::filter("terms of a filter are joined by and")),
        }
    }
    Ok(terms)
}

/// The words of a filter; what stands in quotes is one.
fn words(filter: &str) -> Result<Vec<String>, Fault> {
    let mut words = Vec::new();
    let mut rest = filter.trim();
    while !rest.is_empty() {
        let (word, left) = if rest.starts_with('"') {
            quoted(rest).ok_or_else(|| Fault::filter("a quote is open in the filter"))?
        } else {
            let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
            (rest[..end].to_owned(), &rest[end..])
        };
        words.push(word);
        rest = left.trim_start();
    }
    Ok(words)
}

/// A JSON text at the beginning, and what follows it.
fn quoted(text: &str) -> Option<(String, &str)> {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some((serde_json::from_str(&text[..=at]).ok()?, &text[at + 1..])),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_as_they_are_written() {
        let read = |filter: &str| {
            terms(filter).ok().map(|terms| {
                let said: Vec<String> = terms.iter().map(|(name, value)| format!("{name}={value}")).collect();
                said.join("&")
            })
        };
        for (filter, said) in [
            (r#"userName eq "a@b""#, Some("userName=a@b")),
            (r#"externalId EQ "x y" and active eq true"#, Some("externalId=x y&active=true")),
            (r#"userName eq "say \"and\" eq""#, Some(r#"userName=say "and" eq"#)),
            ("", Some("")),
            (r#"userName sw "a""#, None),
            (r#"userName eq "a" or active eq true"#, None),
            (r#"userName eq "a" and"#, None),
            (r#"userName eq "a"#, None),
            ("userName", None),
        ] {
            assert_eq!(read(filter).as_deref(), said, "{filter}");
        }
    }
}
