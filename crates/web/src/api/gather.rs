//! Small requests with facts: those that arrive while others are being stored are stored together next. Each has its own
//! answer; together they cost one transaction.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use farsight_control::import::{self, Answered, Batch};
use farsight_rulebook::tables::Table;
use tokio::sync::{Semaphore, oneshot};

use super::caller::Caller;
use super::problem::{Given, Problem};

/// So many requests are stored together at most.
const TOGETHER: usize = 512;
/// And so many bytes.
const TOGETHER_BYTES: u64 = 768 << 10;
/// So many may wait for one table of one machine.
const MOST_WAITING: usize = 4_096;
/// So many large requests are put down at once.
const LARGE: usize = 4;

/// The tenant, the machine, the table.
type Of = (i32, i32, &'static str);

struct Waiting {
    batch: Batch,
    answer: oneshot::Sender<Given<Answered>>,
}

/// Requests that wait for those before them.
pub(crate) struct Gather {
    waiting: Mutex<HashMap<Of, VecDeque<Waiting>>>,
    /// Turns to put large requests down.
    pub(crate) large: Arc<Semaphore>,
}

impl Default for Gather {
    fn default() -> Self {
        Self { waiting: Mutex::default(), large: Arc::new(Semaphore::new(LARGE)) }
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
        let of = (caller.tenant().id, caller.held().user, table.name);
        let (answer, answered) = oneshot::channel();
        if self.is_first(of, Waiting { batch, answer })? {
            let (this, caller) = (Arc::clone(&self), caller.clone());
            tokio::task::spawn_blocking(move || {
                Leading { gather: this, of, ended: false }.store_all(&caller);
            });
        }
        answered.await.unwrap_or_else(|_| Err(Problem::fault("facts were given up before they were stored")))
    }

    /// Puts a request among the waiting; says whether nobody stores for them yet.
    fn is_first(&self, of: Of, one: Waiting) -> Given<bool> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = waiting.get_mut(&of) {
            if queue.len() >= MOST_WAITING {
                let status = axum::http::StatusCode::TOO_MANY_REQUESTS;
                let detail =
                    "too many requests wait to be stored: send less at once, or more rows in one request";
                return Err(
                    Problem::new(status, "too_many_waiting", detail).later(std::time::Duration::from_secs(1))
                );
            }
            queue.push_back(one);
            return Ok(false);
        }
        waiting.insert(of, VecDeque::from([one]));
        Ok(true)
    }

    /// The next that are stored together; none: nobody waits any more, and who comes next is first again.
    fn take(&self, of: Of) -> Option<Vec<Waiting>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let queue = waiting.get_mut(&of)?;
        let (mut together, mut bytes) = (Vec::new(), 0);
        while let Some(one) = queue.front() {
            bytes += one.batch.source.bytes();
            if together.len() >= TOGETHER || (bytes > TOGETHER_BYTES && !together.is_empty()) {
                break;
            }
            together.extend(queue.pop_front());
        }
        if together.is_empty() {
            waiting.remove(&of);
            return None;
        }
        Some(together)
    }
}

/// Who stores for the others. Where that breaks off, those who wait are told.
struct Leading {
    gather: Arc<Gather>,
    of: Of,
    /// Whether nobody waited any more: those who wait now are another's.
    ended: bool,
}

impl Leading {
    fn store_all(mut self, caller: &Caller) {
        while let Some(together) = self.gather.take(self.of) {
            let (batches, answers): (Vec<Batch>, Vec<_>) =
                together.into_iter().map(|one| (one.batch, one.answer)).unzip();
            let now = caller.now();
            let stored =
                caller.desk(now).and_then(|mut desk| import::batches(&mut desk, self.of.1, &batches));
            match stored {
                Ok(stored) => {
                    for (answer, answered) in answers.into_iter().zip(stored) {
                        let _ = answer.send(Ok(answered)); // who went away does not wait for it
                    }
                }
                Err(error) => {
                    let problem = Problem::from(error);
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
        let mut waiting = self.gather.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.remove(&self.of);
    }
}
