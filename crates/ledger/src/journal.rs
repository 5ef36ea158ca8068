//! A month's entries as vouchers for a bookkeeping system: which accounts, in double entry, balanced to the smallest unit.
//!
//! One voucher a party, in the order of kind and code; in it a pair of lines (debit, credit) for each clause, apart for what
//! was charged and what was taken back. What is taken back stands on the sides of what it takes back, negative
//! (红字冲销), so that an account's turnover is what was really charged.

use std::collections::{BTreeMap, BTreeSet};

use farsight_rulebook::finding::PartyKind;
use farsight_rulebook::money::Money;
use serde::Deserialize;

/// An account of the chart.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Its code, as the chart has it.
    pub code: String,
    /// Its name.
    pub name: String,
}

/// The two sides of a line pair.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// Where the amount is debited.
    pub debit: Account,
    /// Where it is credited.
    pub credit: Account,
}

/// The pairs of penalties and of incentives.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pairs {
    /// Of what a party pays.
    pub penalty: Option<Pair>,
    /// Of what a party gets.
    pub incentive: Option<Pair>,
}

/// Which accounts a journal uses. Everything has a default, after the Ministry of Finance's chart of accounts for enterprises.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Accounts {
    /// The voucher word (凭证字).
    pub word: String,
    /// For dealers.
    pub dealer: Pairs,
    /// For persons.
    pub person: Pairs,
    /// For clauses: by a clause's whole name, or what it begins with; the longest counts, before `dealer` and `person`.
    pub clauses: BTreeMap<String, Pairs>,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            word: "记".to_owned(),
            dealer: Pairs::default(),
            person: Pairs::default(),
            clauses: BTreeMap::new(),
        }
    }
}

/// An account that cannot be booked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountsError {
    /// A code that is empty or has spaces or other characters that no chart has.
    #[error("account code '{0}': write 1 to 32 letters, digits, '.' or '-'")]
    Code(String),
    /// A pair with the same account on both sides.
    #[error("account {0} is on both sides of a pair: nothing would be booked")]
    SameSides(String),
    /// A name that no clause begins with, misspelt perhaps: it would book nothing, and its clauses elsewhere.
    #[error(
        "no clause begins with '{0}': the page of the policy and `farsight policy show` have their names"
    )]
    Clause(String),
    /// One code with two names, the defaults' among them.
    #[error("account {code} is named '{one}' and '{other}': name it alike everywhere")]
    TwoNames {
        /// The code.
        code: String,
        /// A name.
        one: String,
        /// Another.
        other: String,
    },
    /// No voucher word.
    #[error("word: write the voucher word (凭证字), like 记")]
    Word,
}

fn pair(debit: (&str, &str), credit: (&str, &str)) -> Pair {
    let account = |(code, name): (&str, &str)| Account { code: code.to_owned(), name: name.to_owned() };
    Pair { debit: account(debit), credit: account(credit) }
}

/// The default pair of a kind of party.
fn usual(kind: PartyKind, penalty: bool) -> Pair {
    match (kind, penalty) {
        (_, true) => pair(("1221", "其他应收款"), ("6301", "营业外收入")),
        (PartyKind::Dealer, false) => pair(("6601", "销售费用"), ("2241", "其他应付款")),
        (PartyKind::Person, false) => pair(("6602", "管理费用"), ("2211", "应付职工薪酬")),
    }
}

impl Pairs {
    fn of(&self, penalty: bool) -> Option<Pair> {
        if penalty { self.penalty.clone() } else { self.incentive.clone() }
    }
}

impl Accounts {
    /// Refuses accounts that cannot be booked to; `known` are the clauses that there are.
    pub fn check(&self, known: &BTreeSet<String>) -> Result<(), AccountsError> {
        if self.word.trim().is_empty() {
            return Err(AccountsError::Word);
        }
        let begins_none = |name: &&String| !known.iter().any(|clause| clause.starts_with(name.as_str()));
        if let Some(name) = self.clauses.keys().find(begins_none) {
            return Err(AccountsError::Clause(name.clone()));
        }
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        for pair in self.pairs() {
            for account in [&pair.debit, &pair.credit] {
                let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
                if !(1..=32).contains(&account.code.len()) || !account.code.chars().all(fits) {
                    return Err(AccountsError::Code(account.code.clone()));
                }
            }
            if pair.debit.code == pair.credit.code {
                return Err(AccountsError::SameSides(pair.debit.code));
            }
            for Account { code, name } in [pair.debit, pair.credit] {
                if let Some(one) = names.insert(code.clone(), name.clone()).filter(|one| *one != name) {
                    return Err(AccountsError::TwoNames { code, one, other: name });
                }
            }
        }
        Ok(())
    }

    /// Every pair that may be booked to.
    fn pairs(&self) -> Vec<Pair> {
        let by_kind = [(PartyKind::Dealer, &self.dealer), (PartyKind::Person, &self.person)];
        let by_kind = by_kind.into_iter().flat_map(|(kind, own)| {
            [true, false].map(|penalty| own.of(penalty).unwrap_or_else(|| usual(kind, penalty)))
        });
        let by_clause =
            self.clauses.values().flat_map(|pairs| [true, false].map(|penalty| pairs.of(penalty)));
        by_kind.chain(by_clause.flatten()).collect()
    }

    /// The pair of a clause, for a kind of party, of what it pays or gets.
    fn pair(&self, kind: PartyKind, clause: &str, penalty: bool) -> Pair {
        let begins = self.clauses.iter().filter(|(name, _)| clause.starts_with(name.as_str()));
        let named = begins
            .filter_map(|(name, pairs)| Some((name.len(), pairs.of(penalty)?)))
            .max_by_key(|(length, _)| *length);
        if let Some((_, pair)) = named {
            return pair;
        }
        let own = if kind == PartyKind::Dealer { &self.dealer } else { &self.person };
        own.of(penalty).unwrap_or_else(|| usual(kind, penalty))
    }
}

/// What an entry says, as far as it is booked.
#[derive(Debug, Clone, Copy)]
pub struct Booked<'e> {
    /// The kind of party.
    pub kind: PartyKind,
    /// Who.
    pub party: &'e str,
    /// The clause.
    pub clause: &'e str,
    /// Whether it takes something back.
    pub reversal: bool,
    /// How much: penalty < 0, incentive > 0, and the other way round for a reversal.
    pub amount: Money,
}

/// One line of a voucher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The clause.
    pub clause: String,
    /// Whether it takes something back.
    pub reversal: bool,
    /// The account.
    pub account: Account,
    /// The amount debited; none: it is credited.
    pub debit: Option<Money>,
    /// The amount credited.
    pub credit: Option<Money>,
    /// The sum of the entries, signed as they are, on the debit line; none on the credit line, so that nothing counts twice.
    pub settled: Option<Money>,
    /// How many entries, on the debit line.
    pub entries: i64,
}

/// A party's voucher.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voucher {
    /// Its number in the month, from 1.
    pub number: u32,
    /// The kind of party.
    pub kind: PartyKind,
    /// Who.
    pub party: String,
    /// Its lines, in pairs.
    pub lines: Vec<Line>,
}

/// What a journal comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Control {
    /// The sum of charges below zero.
    pub penalties: Money,
    /// The sum of charges above zero.
    pub incentives: Money,
    /// The sum of reversals.
    pub reversals: Money,
    /// How many entries.
    pub entries: i64,
    /// All debits.
    pub debit: Money,
    /// All credits.
    pub credit: Money,
}

impl Control {
    /// Penalties, incentives and reversals.
    pub fn net(&self) -> Money {
        self.penalties + self.incentives + self.reversals
    }

    /// What vouchers come to, counted from their lines alone.
    pub fn of(vouchers: &[Voucher]) -> Self {
        let mut control = Self::default();
        for line in vouchers.iter().flat_map(|voucher| &voucher.lines) {
            let settled = line.settled.unwrap_or_default();
            let part = match (line.reversal, settled.0) {
                (true, _) => &mut control.reversals,
                (false, ..0) => &mut control.penalties,
                (false, _) => &mut control.incentives,
            };
            *part = *part + settled;
            control.debit = control.debit + line.debit.unwrap_or_default();
            control.credit = control.credit + line.credit.unwrap_or_default();
            control.entries += line.entries;
        }
        control
    }
}

/// A clause, whether something is taken back, and whether it is a penalty.
type Part = (String, bool, bool);
/// The sum of each part's entries, and how many there are.
type Sums = BTreeMap<Part, (Money, i64)>;

/// Adds entries up to vouchers.
#[derive(Debug, Default)]
pub struct Journal {
    /// By kind and code of the party.
    sums: BTreeMap<(PartyKind, String), Sums>,
}

impl Journal {
    /// Adds an entry.
    pub fn add(&mut self, booked: Booked) {
        let Booked { kind, party, clause, reversal, amount } = booked;
        let penalty = (amount < Money::ZERO) != reversal;
        let of_party = self.sums.entry((kind, party.to_owned())).or_default();
        let sum = of_party.entry((clause.to_owned(), reversal, penalty)).or_default();
        *sum = (sum.0 + amount, sum.1 + 1);
    }

    /// The vouchers, by accounts.
    pub fn vouchers(self, accounts: &Accounts) -> Vec<Voucher> {
        let mut vouchers = Vec::with_capacity(self.sums.len());
        for (number, ((kind, party), sums)) in (1..).zip(self.sums) {
            let pairs = sums.into_iter().flat_map(|((clause, reversal, penalty), sum)| {
                lines(accounts.pair(kind, &clause, penalty), (clause, reversal, penalty), sum)
            });
            vouchers.push(Voucher { number, kind, party, lines: pairs.collect() });
        }
        vouchers
    }
}

fn lines(pair: Pair, (clause, reversal, penalty): Part, (settled, entries): (Money, i64)) -> [Line; 2] {
    // What is charged is positive on both sides, what is taken back negative.
    let amount = if penalty { settled.opposite() } else { settled };
    let debit = Line {
        clause: clause.clone(),
        reversal,
        account: pair.debit,
        debit: Some(amount),
        credit: None,
        settled: Some(settled),
        entries,
    };
    let credit = Line {
        clause,
        account: pair.credit,
        debit: None,
        credit: Some(amount),
        settled: None,
        entries: 0,
        ..debit.clone()
    };
    [debit, credit]
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn booked<'e>(party: &'e str, clause: &'e str, reversal: bool, amount: i64) -> Booked<'e> {
        Booked { kind: PartyKind::Dealer, party, clause, reversal, amount: Money(amount) }
    }

    #[track_caller]
    fn check(entries: &[Booked], expected: &[&str]) {
        let mut journal = Journal::default();
        entries.iter().for_each(|entry| journal.add(*entry));
        let side = |amount: Option<Money>| amount.map_or("-".to_owned(), |amount| amount.0.to_string());
        let vouchers = journal.vouchers(&Accounts::default());
        let told: Vec<String> = vouchers
            .iter()
            .flat_map(|voucher| voucher.lines.iter().map(move |line| (voucher, line)))
            .map(|(voucher, line)| {
                let (code, debit, credit) = (&line.account.code, side(line.debit), side(line.credit));
                format!("{} {} {} {code} {debit} {credit}", voucher.number, voucher.party, line.clause)
            })
            .collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn a_penalty_is_a_claim_an_incentive_a_debt_and_what_is_taken_back_is_red() {
        check(
            &[booked("D2", "a.first", false, -500), booked("D2", "a.first", false, -250)],
            &["1 D2 a.first 1221 750 -", "1 D2 a.first 6301 - 750"],
        );
        check(
            &[booked("D2", "b.bonus", false, 300), booked("D1", "a.first", true, 500)],
            &[
                "1 D1 a.first 1221 -500 -",
                "1 D1 a.first 6301 - -500",
                "2 D2 b.bonus 6601 300 -",
                "2 D2 b.bonus 2241 - 300",
            ],
        );
        check(
            &[booked("D1", "b.bonus", true, -300)],
            &["1 D1 b.bonus 6601 -300 -", "1 D1 b.bonus 2241 - -300"],
        );
        check(&[], &[]);
    }

    #[test]
    fn the_longest_name_of_a_clause_counts() {
        let pairs = |code: &str| Pairs { penalty: Some(pair((code, "x"), ("9", "y"))), incentive: None };
        let accounts = Accounts {
            dealer: pairs("1"),
            clauses: [("spot-check", pairs("2")), ("spot-check.third", pairs("3"))]
                .map(|(name, pairs)| (name.to_owned(), pairs))
                .into(),
            ..Accounts::default()
        };
        let code = |clause, penalty| accounts.pair(PartyKind::Dealer, clause, penalty).debit.code;
        assert_eq!(
            [code("complaint.reply", true), code("spot-check.first", true), code("spot-check.third", true)],
            ["1", "2", "3"]
        );
        assert_eq!(code("spot-check.third", false), "6601", "what is not named is usual");
        let known = ["spot-check.first", "spot-check.third"].map(str::to_owned).into();
        assert_eq!(accounts.check(&known), Ok(()));
        let odd = |debit: &str| Accounts { dealer: pairs(debit), ..Accounts::default() }.check(&known);
        assert_eq!(odd("9"), Err(AccountsError::SameSides("9".to_owned())));
        assert_eq!(odd("12 21"), Err(AccountsError::Code("12 21".to_owned())));
        assert_eq!(odd(""), Err(AccountsError::Code(String::new())));
    }

    #[test]
    fn what_would_be_booked_elsewhere_unseen_is_refused() {
        let known = ["certification.bonus", "spot-check.first"].map(str::to_owned).into();
        let of = |clause: &str, debit: (&str, &str)| {
            let pairs = Pairs { penalty: Some(pair(debit, ("9", "y"))), incentive: None };
            let clauses = [(clause.to_owned(), pairs)].into();
            Accounts { clauses, ..Accounts::default() }.check(&known)
        };
        assert_eq!(of("certification.bonus", ("7", "x")), Ok(()));
        assert_eq!(of("certif", ("7", "x")), Ok(()));
        let misspelt = "certfication.bonus".to_owned();
        assert_eq!(of("certfication.bonus", ("7", "x")), Err(AccountsError::Clause(misspelt)));
        // The default has another name for it.
        let two = |one: &str, other: &str| {
            Err(AccountsError::TwoNames { code: "1221".into(), one: one.into(), other: other.into() })
        };
        assert_eq!(of("spot-check", ("1221", "Claims")), two("其他应收款", "Claims"));
        assert_eq!(of("spot-check", ("1221", "其他应收款")), Ok(()));
        for word in ["", "  "] {
            let accounts = Accounts { word: word.to_owned(), ..Accounts::default() };
            assert_eq!(accounts.check(&known), Err(AccountsError::Word));
        }
        assert_eq!(Accounts::default().check(&known), Ok(()));
    }

    proptest! {
        /// Whatever is booked: each voucher balances, and the journal comes to what the entries come to.
        #[test]
        fn every_voucher_balances_and_the_sums_are_those_of_the_entries(
            entries in prop::collection::vec((0_u8..4, 0_u8..3, any::<bool>(), prop_oneof![-900_i64..0, 1_i64..900]), 0..40)
        ) {
            let mut journal = Journal::default();
            let mut expected = Control::default();
            for (party, clause, reversal, amount) in &entries {
                let (party, clause) = (format!("D{party}"), format!("c.{clause}"));
                journal.add(booked(&party, &clause, *reversal, *amount));
                let part = match (reversal, amount) {
                    (true, _) => &mut expected.reversals,
                    (false, ..0) => &mut expected.penalties,
                    (false, _) => &mut expected.incentives,
                };
                *part = *part + Money(*amount);
                expected.entries += 1;
            }
            let vouchers = journal.vouchers(&Accounts::default());
            for voucher in &vouchers {
                let of = Control::of(std::slice::from_ref(voucher));
                prop_assert_eq!(of.debit, of.credit);
            }
            let control = Control::of(&vouchers);
            prop_assert_eq!((control.penalties, control.incentives, control.reversals, control.entries),
                (expected.penalties, expected.incentives, expected.reversals, expected.entries));
            prop_assert_eq!(control.debit, control.credit);
        }
    }
}
