//! The verifiable draw of the spot check (rulebook 4.1): a hash chain of day keys, a frozen pool, and an order of the
//! pool that only the day's key gives.
//!
//! Nothing here keeps a secret or asks for chance: seed and keys come in. The same key and pool must give the same
//! sample on every machine, for ever.

mod published;

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use jiff::civil::Date;
use sha2::{Digest, Sha256};

pub use published::{DrawFault, Published, Verdict};

/// A key or a hash has this many bytes.
pub const KEY_BYTES: usize = 32;

/// A link of a chain: the anchor, a day's key or the seed, 32 bytes; written in lower-case hex.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key([u8; KEY_BYTES]);

impl Key {
    /// The key of these bytes.
    pub const fn new(bytes: [u8; KEY_BYTES]) -> Self {
        Self(bytes)
    }

    /// The key written as 64 lower-case hex digits; `None` for any other text.
    pub fn from_hex(text: &str) -> Option<Self> {
        let mut bytes = [0; KEY_BYTES];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        (hex::encode(bytes) == text).then_some(Self(bytes))
    }

    /// Its bytes.
    pub const fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.0
    }

    /// The key one day earlier: its SHA-256.
    #[must_use]
    pub fn previous(self) -> Self {
        Self(Sha256::digest(self.0).into())
    }

    /// The key `days` days earlier.
    #[must_use]
    pub fn earlier(self, days: u32) -> Self {
        (0..days).fold(self, |key, _| key.previous())
    }

    fn mac(&self) -> Hmac<Sha256> {
        Hmac::new_from_slice(&self.0).expect("HMAC takes keys of any length")
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Key {
    /// Says nothing: a key that is not published yet must not reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// A chain of day keys, `k_n = SHA-256(k_(n+1))`: its seed is the key of its last day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chain {
    seed: Key,
    length: u32,
}

impl Chain {
    /// The chain that ends with a seed after so many days.
    pub const fn new(seed: Key, length: u32) -> Self {
        Self { seed, length }
    }

    /// `k_0`: published when the chain is made, it binds every key to come.
    pub fn anchor(&self) -> Key {
        self.seed.earlier(self.length)
    }

    /// The key of day `index`, from 1 to the chain's length (0 is the anchor); `None` beyond its end.
    pub fn key(&self, index: u32) -> Option<Key> {
        self.length.checked_sub(index).map(|days| self.seed.earlier(days))
    }
}

/// The SHA-256 of a pool: of its codes joined by line feeds, without one at the end.
pub fn pool_hash(pool: &[String]) -> String {
    hex::encode(Sha256::digest(pool.join("\n")))
}

/// Whom the draw takes, and who stands in for whom cannot be seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawn {
    /// The dealers to inspect, in the order of the draw.
    pub sample: Vec<String>,
    /// The following dealers in order, as many as the sample.
    pub reserve: Vec<String>,
}

/// Draws from a pool: its dealers by `HMAC-SHA256(key, "YYYY-MM-DD\n" + code)`, the smallest first. A pool smaller
/// than the sample is drawn whole.
pub fn draw(key: Key, date: Date, pool: &[String], sample_size: usize) -> Drawn {
    let mut mac = key.mac();
    mac.update(format!("{date}\n").as_bytes());
    let mut order: Vec<([u8; KEY_BYTES], &String)> = pool
        .iter()
        .map(|dealer| (mac.clone().chain_update(dealer.as_bytes()).finalize().into_bytes().into(), dealer))
        .collect();
    order.sort_unstable();
    let mut dealers = order.into_iter().map(|(_, dealer)| dealer.clone());
    let sample: Vec<String> = dealers.by_ref().take(sample_size).collect();
    let reserve = dealers.take(sample.len()).collect();
    Drawn { sample, reserve }
}

/// When a dealer is looked at, as a fraction of the opening hours in 1/2^64: from `HMAC-SHA256(key,
/// "visit\nYYYY-MM-DD\n" + code)`, its first 8 bytes. Nobody foresees it without the key; anyone redoes it with it.
pub fn visit_fraction(key: Key, date: Date, dealer: &str) -> u64 {
    let mac = key.mac().chain_update(format!("visit\n{date}\n{dealer}").as_bytes());
    let bytes: [u8; KEY_BYTES] = mac.finalize().into_bytes().into();
    bytes.iter().take(8).fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn codes(codes: &[&str]) -> Vec<String> {
        codes.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_key_hashes_to_the_one_before() {
        let chain = Chain::new(Key::new([7; KEY_BYTES]), 3);
        let keys: Vec<Key> = (0..=3).map(|index| chain.key(index).unwrap()).collect();
        assert_eq!(keys[3], Key::new([7; KEY_BYTES]));
        assert!(keys.windows(2).all(|pair| pair[1].previous() == pair[0]));
        assert_eq!(keys[0], chain.anchor());
        assert_eq!(chain.key(4), None);
    }

    #[test]
    fn a_key_is_64_lower_case_hex_digits() {
        let text = "00ff".repeat(16);
        assert_eq!(Key::from_hex(&text).map(|key| key.to_string()), Some(text.clone()));
        for wrong in [text.to_uppercase(), text[1..].to_owned(), format!("{text}00"), "zz".repeat(32)] {
            assert_eq!(Key::from_hex(&wrong), None, "{wrong}");
        }
        assert_eq!(format!("{:?}", Key::new([1; KEY_BYTES])), "Key(…)");
    }

    /// Figures of `printf 'A\nB' | openssl dgst -sha256`, and of its HMAC with a key of zeros.
    #[test]
    fn hashes_are_those_of_the_tools_that_outsiders_use() {
        assert_eq!(
            pool_hash(&codes(&["A", "B"])),
            "23519a43c66b4c342f25b32e09797ec5f3fc0be388cd8243fb3449afbdce4013"
        );
        assert_eq!(
            Key::new([0; KEY_BYTES]).previous().to_string(),
            "66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925"
        );
        let fraction = visit_fraction(Key::new([0; KEY_BYTES]), date(2026, 3, 5), "A");
        assert_eq!(format!("{fraction:016x}"), "0a9ba6402eb90904");
    }

    #[test]
    fn the_sample_is_the_smallest_and_the_reserve_follows() {
        let pool: Vec<String> = (0..10).map(|number| format!("D{number}")).collect();
        let whole = draw(Key::new([1; KEY_BYTES]), date(2026, 3, 5), &pool, 10);
        assert_eq!(whole.reserve, Vec::<String>::new());
        for size in 0..12 {
            let drawn = draw(Key::new([1; KEY_BYTES]), date(2026, 3, 5), &pool, size);
            let (sample, reserve) = (size.min(10), size.min(10 - size.min(10)));
            assert_eq!(drawn.sample, whole.sample[..sample], "{size}");
            assert_eq!(drawn.reserve, whole.sample[sample..sample + reserve], "{size}");
        }
        assert_ne!(whole.sample, draw(Key::new([1; KEY_BYTES]), date(2026, 3, 6), &pool, 10).sample);
        assert_ne!(whole.sample, draw(Key::new([2; KEY_BYTES]), date(2026, 3, 5), &pool, 10).sample);
    }
}
