//! Evidence on its way in and out: how much memory all of it may take together, and copies that were made lately.
//!
//! It must never hold a whole film, nor let slow lines keep others waiting: who finds no room puts down what they have.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use farsight_control::evidence::Copy;
use farsight_evidence::Digest;
use tokio::sync::Semaphore;

/// Room is given out in units of this size.
pub(crate) const UNIT_BYTES: usize = 1 << 20;
/// So many units for all that is being received at once.
const UNITS: usize = 16;
/// So many contents are put into the store at once: each holds two parts of 8 MiB at most.
const PUTTING: usize = 2;
/// Copies made lately may take this much.
const COPIES_BYTES: usize = 12 << 20;

type Key = (i32, Digest, Copy);

/// What the passing of evidence shares within the process.
pub(crate) struct Intake {
    /// Room to receive into.
    pub(crate) room: Arc<Semaphore>,
    /// Turns to put into the store.
    pub(crate) putting: Arc<Semaphore>,
    /// The turn to decode a picture: one at a time, for each takes as much memory as it has pixels.
    pub(crate) looking: Arc<Semaphore>,
    copies: Mutex<Copies>,
}

#[derive(Default)]
struct Copies {
    made: HashMap<Key, Bytes>,
    order: VecDeque<Key>,
    bytes: usize,
}

impl Default for Intake {
    fn default() -> Self {
        Self {
            room: Arc::new(Semaphore::new(UNITS)),
            putting: Arc::new(Semaphore::new(PUTTING)),
            looking: Arc::new(Semaphore::new(1)),
            copies: Mutex::default(),
        }
    }
}

impl Intake {
    /// A copy that was made lately.
    pub(crate) fn copy(&self, key: &Key) -> Option<Bytes> {
        self.copies.lock().unwrap_or_else(PoisonError::into_inner).made.get(key).cloned()
    }

    /// Keeps a copy while there is room; the oldest make way.
    pub(crate) fn keep(&self, key: Key, copy: &Bytes) {
        let mut copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        if copy.len() > COPIES_BYTES || copies.made.insert(key, copy.clone()).is_some() {
            return;
        }
        copies.order.push_back(key);
        copies.bytes += copy.len();
        while copies.bytes > COPIES_BYTES {
            let Some(oldest) = copies.order.pop_front() else { return };
            copies.bytes -= copies.made.remove(&oldest).map_or(0, |gone| gone.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_copies_make_way() {
        let intake = Intake::default();
        let key = |number: u8| (1, Digest::of(&[number]), Copy::Large);
        let copy = Bytes::from(vec![0; 5 << 20]);
        for number in 0..3 {
            intake.keep(key(number), &copy);
            intake.keep(key(number), &copy);
        }
        let kept: Vec<bool> = (0..3).map(|number| intake.copy(&key(number)).is_some()).collect();
        assert_eq!(kept, [false, true, true]);
        assert!(intake.copy(&(2, Digest::of(&[2]), Copy::Large)).is_none(), "another tenant's");
    }
}
