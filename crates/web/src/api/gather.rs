//! Small requests with facts: those that arrive while others are being stored are stored together next. Each has its own
//! answer; together they cost one transaction.
//!
//! Whoever waits, waits here, holding no thread and no connection: a few of each tenant have those at a time, since facts
//! of a tenant are taken in one after the other anyway. What waits is bounded; who comes beyond that is told to come back.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::http::StatusCode;
use farsight_control::import::{self, Answered, Batch};
use farsight_rulebook::tables::Table;
use farsight_rulebook::time::Instant;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::caller::Caller;
use super::problem::{Given, Problem};

/// So many requests are stored together at most.
const TOGETHER: usize = 512;
/// And so many bytes.
const TOGETHER_BYTES: u64 = 768 << 10;
/// So many may wait for one table of one machine.
const MOST_WAITING: usize = 4_096;
/// And so many bytes of one tenant.
const MOST_WAITING_BYTES: u64 = 64 << 20;
/// And so many bytes of all tenants.
const MOST_WAITING_BYTES_IN_ALL: u64 = 256 << 20;
/// So many large requests of a tenant are on disk at once, or on their way there.
pub(crate) const LARGE: usize = 8;
/// So many of a tenant have a thread and a connection: one that stores, and one that is ready to.
const STORING: usize = 2;
/// And so many of all tenants: connections are left for those who read.
const STORING_IN_ALL: usize = 6;

/// The tenant, the machine, the table, and the moment that it says where the tenant is simulated.
type Of = (i32, i32, &'static str, Option<Instant>);

struct Waiting {
    batch: Batch,
    answer: oneshot::Sender<Given<Answered>>,
}

/// What waits to be stored.
#[derive(Default)]
struct Queues {
    of: HashMap<Of, VecDeque<Waiting>>,
    bytes: Room,
}

/// How many bytes wait, by tenant.
#[derive(Default)]
struct Room(HashMap<i32, u64>);

impl Room {
    /// Takes room for bytes of a tenant; says whether there was enough.
    fn take(&mut self, tenant: i32, bytes: u64) -> bool {
        let (own, all) = (self.0.get(&tenant).copied().unwrap_or_default(), self.0.values().sum::<u64>());
        let fits = own + bytes <= MOST_WAITING_BYTES && all + bytes <= MOST_WAITING_BYTES_IN_ALL;
        if fits {
            self.0.insert(tenant, own + bytes);
        }
        fits
    }

    /// Gives back what was taken.
    fn give(&mut self, tenant: i32, bytes: u64) {
        if let Some(own) = self.0.get_mut(&tenant) {
            *own -= bytes;
            if *own == 0 {
                self.0.remove(&tenant);
            }
        }
    }
}

/// The turns of a tenant.
struct Turns {
    large: Arc<Semaphore>,
    storing: Arc<Semaphore>,
}

/// Requests that wait for those before them.
pub(crate) struct Gather {
    queues: Mutex<Queues>,
    turns: Mutex<HashMap<i32, Turns>>,
    storing: Arc<Semaphore>,
}

impl Default for Gather {
    fn default() -> Self {
        let storing = Arc::new(Semaphore::new(STORING_IN_ALL));
        Self { queues: Mutex::default(), turns: Mutex::default(), storing }
    }
}

impl Gather {
    /// Has a request's facts stored; whoever comes first stores for those who come meanwhile.
    pub(crate) async fn submit(
        self: Arc<Self>,
        caller: &Caller,
        table: &'static Table,
        batch: Batch,
    ) -> Given<Answered> {
        let of = (caller.tenant().id, caller.held().user, table.name, caller.simulated());
        let (answer, answered) = oneshot::channel();
        if self.is_first(of, Waiting { batch, answer })? {
            tokio::spawn(Leading { gather: self, of, ended: false }.store_all(caller.clone()));
        }
        // The sender goes away only with a panic, or with the program.
        answered.await.unwrap_or_else(|_| Err(Problem::fault("facts were given up before they were stored")))
    }

    /// Stores requests of one machine and table in their tenant's turn, on a thread that may block; `kept` lives as long.
    pub(crate) async fn store<K: Send + 'static>(
        &self,
        caller: &Caller,
        batches: Vec<Batch>,
        kept: K,
    ) -> Given<Vec<Answered>> {
        let turn = self.turn(caller.tenant().id).await;
        let caller = caller.clone();
        let stored = tokio::task::spawn_blocking(move || {
            let now = caller.now();
            let user = caller.held().user;
            let stored = caller.desk(now).and_then(|mut desk| import::batches(&mut desk, user, &batches));
            drop((turn, kept));
            stored
        });
        stored.await.map_err(|error| Problem::fault(&error.to_string()))?.map_err(Problem::from)
    }

    /// A place for a large request, to be kept until it is stored.
    pub(crate) fn large(&self, tenant: i32) -> Given<OwnedSemaphorePermit> {
        let large = self.of_tenant(tenant, |turns| Arc::clone(&turns.large));
        large.try_acquire_owned().map_err(|_| {
            let detail = "as many large requests as are taken at once are under way: try again soon";
            too_many("too_many_large_requests", detail, Duration::from_secs(5))
        })
    }

    /// A turn to store: of the tenant, and of all.
    async fn turn(&self, tenant: i32) -> [OwnedSemaphorePermit; 2] {
        let storing = self.of_tenant(tenant, |turns| Arc::clone(&turns.storing));
        let (Ok(own), Ok(any)) =
            (storing.acquire_owned().await, Arc::clone(&self.storing).acquire_owned().await)
        else {
            unreachable!("nobody closes these semaphores")
        };
        [own, any]
    }

    fn of_tenant<T>(&self, tenant: i32, take: impl FnOnce(&Turns) -> T) -> T {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        take(turns.entry(tenant).or_insert_with(|| Turns {
            large: Arc::new(Semaphore::new(LARGE)),
            storing: Arc::new(Semaphore::new(STORING)),
        }))
    }

    /// Puts a request among the waiting; says whether nobody stores for them yet.
    fn is_first(&self, of: Of, one: Waiting) -> Given<bool> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let Queues { of: queues, bytes } = &mut *queues;
        let queue = queues.get_mut(&of);
        let is_full = queue.as_ref().is_some_and(|queue| queue.len() >= MOST_WAITING);
        if is_full || !bytes.take(of.0, one.batch.source.bytes()) {
            let detail =
                "too many requests wait to be stored: send less at once, or more rows in one request";
            return Err(too_many("too_many_waiting", detail, Duration::from_secs(1)));
        }
        let is_first = queue.is_none();
        match queue {
            Some(queue) => queue.push_back(one),
            None => drop(queues.insert(of, VecDeque::from([one]))),
        }
        Ok(is_first)
    }

    /// The next that are stored together; none: nobody waits any more, and who comes next is first again.
    fn take(&self, of: Of) -> Option<Vec<Waiting>> {
        let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = queues.of.get_mut(&of)?;
        let (mut together, mut bytes) = (Vec::new(), 0);
        while let Some(one) = queue.front() {
            let more = bytes + one.batch.source.bytes();
            if together.len() >= TOGETHER || (more > TOGETHER_BYTES && !together.is_empty()) {
                break;
            }
            bytes = more;
            together.extend(queue.pop_front());
        }
        queues.bytes.give(of.0, bytes);
        if together.is_empty() {
            queues.of.remove(&of);
            return None;
        }
        Some(together)
    }
}

fn too_many(code: &str, detail: &str, wait: Duration) -> Problem {
    Problem::new(StatusCode::TOO_MANY_REQUESTS, code, detail).later(wait)
}

/// Who stores for the others. Where that breaks off, those who wait are told.
struct Leading {
    gather: Arc<Gather>,
    of: Of,
    /// Whether nobody waited any more: those who wait now are another's.
    ended: bool,
}

impl Leading {
    async fn store_all(mut self, caller: Caller) {
        while let Some(together) = self.gather.take(self.of) {
            let (batches, answers): (Vec<Batch>, Vec<_>) =
                together.into_iter().map(|one| (one.batch, one.answer)).unzip();
            match self.gather.store(&caller, batches, ()).await {
                Ok(stored) => {
                    for (answer, answered) in answers.into_iter().zip(stored) {
                        let _ = answer.send(Ok(answered)); // who went away does not wait for it
                    }
                }
                Err(problem) => {
                    for answer in answers {
                        let _ = answer.send(Err(problem.clone()));
                    }
                }
            }
        }
        self.ended = true;
    }
}

impl Drop for Leading {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        let mut queues = self.gather.queues.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = queues.of.remove(&self.of).unwrap_or_default();
        queues.bytes.give(self.of.0, gone.iter().map(|one| one.batch.source.bytes()).sum());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_that_has_no_more_room_leaves_room_to_others() {
        let mut room = Room::default();
        for tenant in 0..4 {
            assert!(room.take(tenant, MOST_WAITING_BYTES), "{tenant}");
            assert!(!room.take(tenant, 1), "{tenant}");
        }
        assert!(!room.take(4, 1), "there is none in all");
        room.give(0, 2);
        assert!(room.take(4, 1) && room.take(0, 1) && !room.take(0, 1));
        for (tenant, bytes) in [(0, MOST_WAITING_BYTES - 1), (4, 1)] {
            room.give(tenant, bytes);
        }
        assert_eq!(room.0.len(), 3, "who has nothing waiting is forgotten");
    }
}
