//! The tenants there are, known by heart. Whoever calls may name one, strangers too, and looking one up opens a connection
//! as the owner: so only what is not known is looked up, by one at a time, and so often at most.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use farsight_store::StoreError;
use farsight_store::registry::Tenant;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};

/// Look-ups a second, however many ask for somebody unknown.
const LOOKS: NonZeroU32 = NonZeroU32::new(5).expect("not zero");

type All = Arc<[Tenant]>;

/// The tenants that are known.
pub(crate) struct Tenants {
    /// None: nobody looked yet.
    known: RwLock<Option<All>>,
    looking: Mutex<()>,
    pace: DefaultDirectRateLimiter,
}

impl Default for Tenants {
    fn default() -> Self {
        let pace = RateLimiter::direct(Quota::per_second(LOOKS));
        Self { known: RwLock::default(), looking: Mutex::default(), pace }
    }
}

impl Tenants {
    /// The tenant that fits; `ask` looks all up. One that fits is taken as it is known, for a tenant never changes.
    pub(crate) fn find(
        &self,
        ask: impl FnOnce() -> Result<Vec<Tenant>, StoreError>,
        fits: impl Fn(&Tenant) -> bool,
    ) -> Result<Option<Tenant>, StoreError> {
        let found = |all: &All| all.iter().find(|tenant| fits(tenant)).cloned();
        let known = self.known();
        match known.as_ref().and_then(found) {
            Some(tenant) => Ok(Some(tenant)),
            None => Ok(found(&self.look(ask, known)?)),
        }
    }

    /// The only tenant there is; none: there are several, or none.
    pub(crate) fn only(
        &self,
        ask: impl FnOnce() -> Result<Vec<Tenant>, StoreError>,
    ) -> Result<Option<Tenant>, StoreError> {
        let all = match self.known() {
            Some(known) if known.len() > 1 => known,
            known => self.look(ask, known)?,
        };
        Ok(if let [only] = &*all { Some(only.clone()) } else { None })
    }

    fn known(&self) -> Option<All> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// All there are; what is known already when there were looks enough. Who had to wait takes what the one before found.
    fn look(
        &self,
        ask: impl FnOnce() -> Result<Vec<Tenant>, StoreError>,
        before: Option<All>,
    ) -> Result<All, StoreError> {
        if let Some(known) = before.as_ref().filter(|_| self.pace.check().is_err()) {
            return Ok(Arc::clone(known));
        }
        let _alone = self.looking.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = self.known()
            && !before.is_some_and(|before| Arc::ptr_eq(&before, &known))
        {
            return Ok(known);
        }
        let all = All::from(ask()?);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Some(Arc::clone(&all));
        Ok(all)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;

    fn tenants(number: i32) -> Vec<Tenant> {
        let tenant = |id: i32| Tenant {
            id,
            code: format!("t{id}"),
            name: String::new(),
            time_zone: "UTC".to_owned(),
            currency: "CNY".to_owned(),
            first_judged_day: None,
            simulated: true,
        };
        (1..=number).map(tenant).collect()
    }

    #[test]
    fn strangers_make_few_look_ups_and_shut_nobody_out() {
        let (known, asked) = (Tenants::default(), AtomicUsize::new(0));
        let ask = || {
            asked.fetch_add(1, Ordering::Relaxed);
            Ok(tenants(2))
        };
        for _ in 0..100 {
            assert!(known.find(ask, |tenant| tenant.id == 2).unwrap().is_some());
        }
        assert_eq!(asked.swap(0, Ordering::Relaxed), 1, "what is known is not looked up");
        for _ in 0..10_000 {
            assert!(known.find(ask, |tenant| tenant.code == "nobody").unwrap().is_none());
            assert!(known.find(ask, |tenant| tenant.code == "t1").unwrap().is_some());
        }
        let most = LOOKS.get() as usize * 10;
        assert!((1..most).contains(&asked.load(Ordering::Relaxed)), "{asked:?}");
    }

    #[test]
    fn one_looks_for_all_who_ask_at_once() {
        let (known, asked) = (Tenants::default(), AtomicUsize::new(0));
        let ask = || {
            asked.fetch_add(1, Ordering::Relaxed);
            Ok(tenants(1))
        };
        thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| assert!(known.find(ask, |tenant| tenant.id == 1).unwrap().is_some()));
            }
        });
        assert_eq!(asked.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn a_second_tenant_is_noticed() {
        let known = Tenants::default();
        assert!(known.only(|| Ok(tenants(0))).unwrap().is_none());
        assert_eq!(known.only(|| Ok(tenants(1))).unwrap().unwrap().id, 1);
        assert!(known.only(|| Ok(tenants(2))).unwrap().is_none());
        assert!(known.find(|| Ok(tenants(3)), |tenant| tenant.id == 3).unwrap().is_some());
    }
}
