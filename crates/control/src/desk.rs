//! Where a use case is carried out: a tenant, a session, the person, and the time.

use farsight_ledger::settlement::Role;
use farsight_rulebook::time::Instant;
use farsight_store::registry::{self, Tenant};
use farsight_store::session::Person;
use farsight_store::{Database, Scope, Session};

use crate::ControlError;

/// What the actor begins with who runs the command at the machine and is no user: they are trusted.
pub const AT_THE_MACHINE: &str = "os:";

/// A tenant at hand.
pub struct Desk {
    /// Where the data is.
    pub database: Database,
    /// A session under the program's role.
    pub session: Session,
    /// The tenant.
    pub tenant: Tenant,
    /// Who acts.
    pub actor: String,
    /// The one clock, read by the caller.
    pub now: Instant,
    /// Whose part of the network it is; none: the whole network.
    pub person: Option<Person>,
}

impl Desk {
    /// Opens a desk for the tenant of a code, or for the only one there is.
    pub fn open(
        database: &Database,
        tenant: Option<&str>,
        actor: &str,
        now: Instant,
    ) -> Result<Self, ControlError> {
        let tenant = choose(registry::tenants(database)?, tenant)?;
        let session = database.session()?;
        Ok(Self { database: database.clone(), session, tenant, actor: actor.to_owned(), now, person: None })
    }

    /// What may be seen and done here: the whole network, or the person's part of it.
    pub const fn scope(&self) -> Scope {
        match self.person {
            None => self.tenant.network(),
            Some(person) => Scope::part(self.tenant.id, person),
        }
    }
}

/// What a user sees, by their role: the whole network, or their part of it.
pub(crate) const fn scope_of(tenant: &Tenant, role: Role, person: Person) -> Scope {
    if role.sees_a_part() { Scope::part(tenant.id, person) } else { tenant.network() }
}

fn choose(tenants: Vec<Tenant>, code: Option<&str>) -> Result<Tenant, ControlError> {
    let codes: Vec<String> = tenants.iter().map(|tenant| tenant.code.clone()).collect();
    let fault = |text: String| Err(ControlError::Usage(text));
    match (code, tenants.len()) {
        (_, 0) => {
            fault("there is no tenant yet: make one with `farsight tenant add CODE --name NAME`".to_owned())
        }
        (None, 1) => tenants.into_iter().next().map_or_else(|| fault(String::new()), Ok),
        (None, _) => {
            fault(format!("there are several tenants: name one with --tenant ({})", codes.join(", ")))
        }
        (Some(code), _) => match tenants.into_iter().find(|tenant| tenant.code == code) {
            Some(tenant) => Ok(tenant),
            None => fault(format!("no tenant '{code}': there is {}", codes.join(", "))),
        },
    }
}
