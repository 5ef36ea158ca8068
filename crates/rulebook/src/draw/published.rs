//! A draw as it is published (formats, section 3), and what an outsider makes of it.
//!
//! Everything that a draw claims is redone from what is published with it, nothing is taken on trust.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Drawn, Key, draw, pool_hash};

/// A day's draw, as it is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// The manufacturer's code.
    pub tenant: String,
    /// The day.
    pub date: Date,
    /// n: days since the chain's first day, from 1.
    pub index: u32,
    /// `k_0`
    pub anchor: String,
    /// `k_(n-1)`
    pub previous_key: String,
    /// `k_n`; none until the day is over.
    pub key: Option<String>,
    /// The dealers that could be drawn, sorted by bytes.
    pub pool: Vec<String>,
    /// The SHA-256 of the codes joined by line feeds.
    pub pool_sha256: String,
    /// How many the policy draws.
    pub sample_size: usize,
    /// Who was drawn, in order.
    pub sample: Vec<String>,
    /// The following dealers in order, as many as the sample.
    pub reserve: Vec<String>,
    /// Dealers of the follow-up list, on top of the draw.
    pub follow_ups: Vec<String>,
    /// When the pool was frozen and its hash published, RFC 3339.
    pub committed_at: String,
    /// When the key was published, RFC 3339.
    pub revealed_at: Option<String>,
}

/// What can be said of a draw in which nothing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Redone from pool and key: the very same.
    Redone,
    /// Pool and chain are right; the rest can be redone once the key is published.
    KeyNotPublished,
}

/// The part of a published draw that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DrawFault {
    /// No chain has such a day.
    #[error(
        "`index` is {0}: the days of a chain are counted from 1, and no chain has more than {LONGEST_CHAIN}"
    )]
    Index(u32),
    /// A key is no key.
    #[error("`{0}` is not 64 lower-case hex digits")]
    NotAKey(&'static str),
    /// The pool is not in the order of its bytes, or a dealer is in it twice.
    #[error("`pool` is not sorted by bytes with each code once: '{0}' stands before '{1}'")]
    PoolOrder(String, String),
    /// The pool is not the one that was frozen.
    #[error(
        "`pool_sha256` is {published}, but the pool's hash is {computed}: this is not the pool that was frozen"
    )]
    PoolHash {
        /// As published.
        published: String,
        /// As it is.
        computed: String,
    },
    /// The key is not the one that the chain has on that day.
    #[error("`key` hashes to {computed}, not to `previous_key`: it is not the chain's key of the day")]
    Key {
        /// The key's hash.
        computed: Key,
    },
    /// The keys do not belong to the anchor.
    #[error(
        "`previous_key` does not hash to `anchor` in {steps} steps: it is of another chain or another day"
    )]
    Anchor {
        /// n − 1.
        steps: u32,
    },
    /// Someone else should have been drawn.
    #[error("`sample` differs at place {place}: published is {published}, drawn is {computed}")]
    Sample {
        /// From 1.
        place: usize,
        /// As published.
        published: String,
        /// As drawn.
        computed: String,
    },
    /// Someone else should have been next.
    #[error("`reserve` differs at place {place}: published is {published}, drawn is {computed}")]
    Reserve {
        /// From 1.
        place: usize,
        /// As published.
        published: String,
        /// As drawn.
        computed: String,
    },
    /// Follow-ups come on top of the draw, each once, from the same pool.
    #[error("`follow_ups` has {0}, who is there twice, in the sample, or not in the pool")]
    FollowUps(String),
}

impl DrawFault {
    /// The stable code.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Index(_) => "draw_index",
            Self::NotAKey(_) => "draw_not_a_key",
            Self::PoolOrder(..) => "draw_pool_order",
            Self::PoolHash { .. } => "draw_pool_hash",
            Self::Key { .. } => "draw_key",
            Self::Anchor { .. } => "draw_anchor",
            Self::Sample { .. } => "draw_sample",
            Self::Reserve { .. } => "draw_reserve",
            Self::FollowUps(_) => "draw_follow_ups",
        }
    }
}

/// No chain is longer; a larger index would only make whoever checks it work for nothing.
const LONGEST_CHAIN: u32 = 100_000;

impl Published {
    /// Redoes the draw; the first part that is wrong is the error.
    pub fn verify(&self) -> Result<Verdict, DrawFault> {
        self.verify_pool()?;
        self.verify_follow_ups()?;
        let key = self.verify_chain()?;
        let Some(key) = key else { return Ok(Verdict::KeyNotPublished) };
        let Drawn { sample, reserve } = draw(key, self.date, &self.pool, self.sample_size);
        if let Some((place, published, computed)) = first_difference(&self.sample, &sample) {
            return Err(DrawFault::Sample { place, published, computed });
        }
        if let Some((place, published, computed)) = first_difference(&self.reserve, &reserve) {
            return Err(DrawFault::Reserve { place, published, computed });
        }
        Ok(Verdict::Redone)
    }

    fn verify_pool(&self) -> Result<(), DrawFault> {
        if let Some(pair) = self.pool.windows(2).find(|pair| pair[0].as_bytes() >= pair[1].as_bytes()) {
            return Err(DrawFault::PoolOrder(pair[0].clone(), pair[1].clone()));
        }
        let computed = pool_hash(&self.pool);
        if computed != self.pool_sha256 {
            return Err(DrawFault::PoolHash { published: self.pool_sha256.clone(), computed });
        }
        Ok(())
    }

    fn verify_follow_ups(&self) -> Result<(), DrawFault> {
        let odd = |place: usize, dealer: &String| {
            self.follow_ups[..place].contains(dealer)
                || self.sample.contains(dealer)
                || self.pool.binary_search(dealer).is_err()
        };
        match self.follow_ups.iter().enumerate().find(|(place, dealer)| odd(*place, dealer)) {
            Some((_, dealer)) => Err(DrawFault::FollowUps(dealer.clone())),
            None => Ok(()),
        }
    }

    /// The keys, each from the one after it, down to the anchor.
    fn verify_chain(&self) -> Result<Option<Key>, DrawFault> {
        if !(1..=LONGEST_CHAIN).contains(&self.index) {
            return Err(DrawFault::Index(self.index));
        }
        let read = |name, text: &str| Key::from_hex(text).ok_or(DrawFault::NotAKey(name));
        let anchor = read("anchor", &self.anchor)?;
        let previous = read("previous_key", &self.previous_key)?;
        let key = self.key.as_deref().map(|key| read("key", key)).transpose()?;
        if let Some(computed) = key.map(Key::previous).filter(|computed| *computed != previous) {
            return Err(DrawFault::Key { computed });
        }
        let steps = self.index - 1;
        if previous.earlier(steps) != anchor {
            return Err(DrawFault::Anchor { steps });
        }
        Ok(key)
    }
}

/// The first place, from 1, where two lists differ, and what stands there.
fn first_difference(published: &[String], computed: &[String]) -> Option<(usize, String, String)> {
    let at = |list: &[String], place: usize| list.get(place).map_or("nobody".to_owned(), Clone::clone);
    (0..published.len().max(computed.len()))
        .find(|place| published.get(*place) != computed.get(*place))
        .map(|place| (place + 1, at(published, place), at(computed, place)))
}

#[cfg(test)]
mod tests {
    use super::super::Chain;
    use super::*;
    use jiff::civil::date;

    fn published() -> Published {
        let chain = Chain::new(Key::new([7; 32]), 10);
        let pool: Vec<String> = (10..20).map(|number| format!("D{number}")).collect();
        let (key, previous) = (chain.key(4).unwrap(), chain.key(3).unwrap());
        let Drawn { sample, reserve } = draw(key, date(2026, 3, 5), &pool, 3);
        let follow_ups = pool.iter().filter(|dealer| !sample.contains(dealer)).take(2).cloned().collect();
        Published {
            tenant: "t".to_owned(),
            date: date(2026, 3, 5),
            index: 4,
            anchor: chain.anchor().to_string(),
            previous_key: previous.to_string(),
            key: Some(key.to_string()),
            pool_sha256: pool_hash(&pool),
            pool,
            sample_size: 3,
            sample,
            reserve,
            follow_ups,
            committed_at: "2026-03-05T06:00:00+08:00".to_owned(),
            revealed_at: Some("2026-03-06T00:00:00+08:00".to_owned()),
        }
    }

    #[test]
    fn a_draw_is_redone_or_waits_for_its_key() {
        assert_eq!(published().verify(), Ok(Verdict::Redone));
        let sealed = Published { key: None, revealed_at: None, ..published() };
        assert_eq!(sealed.verify(), Ok(Verdict::KeyNotPublished));
    }

    #[track_caller]
    fn told(code: &str, change: impl FnOnce(&mut Published)) {
        let mut published = published();
        change(&mut published);
        assert_eq!(published.verify().map_err(|fault| fault.code()), Err(code));
    }

    #[test]
    fn the_part_that_is_wrong_is_told() {
        told("draw_index", |draw| draw.index = 0);
        told("draw_index", |draw| draw.index = u32::MAX);
        told("draw_not_a_key", |draw| draw.anchor = "anchor".to_owned());
        told("draw_not_a_key", |draw| draw.key = Some(draw.anchor.to_uppercase()));
        told("draw_key", |draw| draw.key = Some(draw.anchor.clone()));
        told("draw_anchor", |draw| draw.index = 5);
        told("draw_anchor", |draw| draw.anchor.clone_from(&draw.previous_key));
        told("draw_pool_order", |draw| draw.pool.swap(3, 4));
        told("draw_pool_order", |draw| draw.pool[4] = draw.pool[3].clone());
        told("draw_pool_hash", |draw| drop(draw.pool.pop()));
        told("draw_pool_hash", |draw| draw.pool_sha256 = draw.pool_sha256.to_uppercase());
        told("draw_sample", |draw| draw.sample.swap(0, 1));
        told("draw_sample", |draw| drop(draw.sample.pop()));
        told("draw_sample", |draw| draw.date = date(2026, 3, 6));
        told("draw_sample", |draw| draw.sample_size = 4);
        told("draw_reserve", |draw| drop(draw.reserve.pop()));
        told("draw_reserve", |draw| draw.reserve.reverse());
        told("draw_follow_ups", |draw| draw.follow_ups.push(draw.sample[0].clone()));
        told("draw_follow_ups", |draw| draw.follow_ups.push(draw.follow_ups[0].clone()));
        told("draw_follow_ups", |draw| draw.follow_ups.push("D99".to_owned()));
    }

    #[test]
    fn it_is_written_as_the_contract_has_it_and_read_again() {
        let text = serde_json::to_string(&published()).unwrap();
        let mut from = 0;
        for field in "tenant date index anchor previous_key key pool pool_sha256 sample_size sample reserve follow_ups committed_at revealed_at".split(' ') {
            let place = text[from..].find(&format!("\"{field}\":")).unwrap_or_else(|| panic!("{field} in its order"));
            from += place;
        }
        assert_eq!(serde_json::from_str::<Published>(&text).unwrap(), published());
    }
}
