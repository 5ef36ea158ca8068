//! The header of a file against the columns of its table.

use farsight_rulebook::tables::Table;

use crate::error::shown;

/// For each column of a file, where it stands in a row of the table; or everything wrong with the header.
pub(crate) fn places<'n>(
    table: &Table,
    names: impl Iterator<Item = &'n str>,
) -> Result<Vec<usize>, Vec<String>> {
    let (mut places, mut problems) = (Vec::new(), Vec::new());
    for (at, name) in names.enumerate() {
        let name = name.trim_matches([' ', '\t']);
        match table.column(name) {
            Some((place, _)) if places.contains(&place) => {
                problems.push(format!("column '{name}' stands twice: keep one"));
            }
            Some((place, _)) => places.push(place),
            None if name.is_empty() => {
                problems.push(format!("column {} has no name: name or remove it", at + 1));
            }
            None => problems.push(format!("unknown column '{}'{}", shown(name), hint(table, name))),
        }
    }
    let missing = |(place, column): &(usize, &farsight_rulebook::tables::Column)| {
        column.required && !places.contains(place)
    };
    let missing: Vec<_> = table
        .key()
        .filter(missing)
        .map(|(_, column)| format!("key column '{}' is missing", column.name))
        .collect();
    problems.extend(missing);
    if problems.is_empty() { Ok(places) } else { Err(problems) }
}

/// What was likely meant by an unknown name, as the end of a sentence.
pub(crate) fn hint(table: &Table, name: &str) -> String {
    if name.contains([';', '\t', '|']) {
        return ": columns are separated by commas, not by semicolons, tabs or bars".to_owned();
    }
    let name = name.chars().take(100).collect::<String>().to_lowercase();
    let near = table.all_columns().map(|column| (distance(column.name, &name), column.name)).min();
    match near {
        Some((far, near)) if far <= 1 + near.len() / 4 => format!(": did you mean '{near}'?"),
        _ => {
            let known: Vec<_> = table.all_columns().map(|column| column.name).collect();
            format!(": {} has {}", table.name, known.join(", "))
        }
    }
}

/// How many letters must change to make one word the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (i, a) in one.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, b) in other.chars().enumerate() {
            let change = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use farsight_rulebook::tables::table;

    #[test]
    fn headers_are_matched_or_everything_wrong_is_told() {
        let bays = table("bays").unwrap();
        let read = |header: &str| places(bays, header.split(','));
        assert_eq!(read("bays,voided, dealer_code ,effective_on"), Ok(vec![2, 3, 0, 1]));
        assert_eq!(read("dealer_code,effective_on"), Ok(vec![0, 1]), "a correction may lack columns");
        assert_eq!(
            read("dealer,bays,bays,,colour").unwrap_err(),
            [
                "unknown column 'dealer': bays has dealer_code, effective_on, bays, voided",
                "column 'bays' stands twice: keep one",
                "column 4 has no name: name or remove it",
                "unknown column 'colour': bays has dealer_code, effective_on, bays, voided",
                "key column 'dealer_code' is missing",
                "key column 'effective_on' is missing",
            ]
        );
        let wrong = read("dealer_cod,Effective_On").unwrap_err();
        assert_eq!(wrong[0], "unknown column 'dealer_cod': did you mean 'dealer_code'?");
        assert_eq!(wrong[1], "unknown column 'Effective_On': did you mean 'effective_on'?");
        assert!(
            read("dealer_code;effective_on;bays").unwrap_err()[0]
                .ends_with("not by semicolons, tabs or bars")
        );
        let prices = table("part_prices").unwrap();
        assert!(
            places(prices, "part_code,effective_on,price".split(',')).is_ok(),
            "an optional key column may lack"
        );
    }
}
