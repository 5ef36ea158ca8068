//! One function a command; each opens what it needs, calls one use case, prints.

mod alerts;
mod books;
mod cameras;
mod channels;
mod demo;
mod evidence;
mod explain;
mod export;
mod import;
mod jobs;
mod journal;
mod pack;
mod policy;
mod replay;
mod sample;
mod serve;
mod tenants;
mod tokens;
mod watches;
mod work;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use farsight_control::sealing::Sealer;
use farsight_control::watches::Places;
use farsight_control::{Desk, ground};
use farsight_jobs::means::Watched;
use farsight_ledger::journal::Accounts;
use farsight_rulebook::moment;
use farsight_rulebook::time::{Instant, Zone};
use farsight_store::cluster::{self, Cluster};
use farsight_store::registry::Tenant;
use farsight_store::{Database, schema};
use farsight_web::Front;

use crate::arguments::{
    Arguments, AuditCommand, Command, Global, Knowledge, PolicyCommand, SampleCommand, TenantCommand,
    UserCommand,
};
use crate::configuration::{self, Configuration};
use crate::failure::Failure;
use crate::output;
use crate::{chance, clock};

/// Runs a command.
pub(crate) fn run(arguments: Arguments) -> Result<ExitCode, Failure> {
    let Arguments { global, command } = arguments;
    if let Command::Policy(PolicyCommand::Check { file, currency }) = &command {
        return policy::check(&global, file, currency); // needs no database
    }
    if let Command::Sample(arguments) = &command
        && let Some(SampleCommand::Verify { file: Some(file), .. }) = &arguments.command
    {
        return sample::verify_file(&global, file); // an outsider has no database
    }
    if let Command::Verify { pack } = &command {
        return pack::verify(&global, pack); // an auditor has no database
    }
    if matches!(command, Command::Demo(_) | Command::Serve(_) | Command::Work(_)) {
        crate::arenas::have_few();
    }
    let installation = Installation::open(&global)?;
    let code = match command {
        Command::Demo(arguments) => demo::run(&installation, &arguments),
        Command::Migrate => migrate(&installation),
        Command::Tenant(TenantCommand::Add(arguments)) => tenants::add(&installation, &arguments),
        Command::Tenant(TenantCommand::List) => tenants::list(&installation),
        Command::User(UserCommand::Add(arguments)) => tenants::add_user(&installation, &arguments),
        Command::User(UserCommand::Invite { email }) => tenants::invite(&installation, &email),
        Command::User(UserCommand::Password { email }) => tenants::set_password(&installation, &email),
        Command::User(UserCommand::List) => tenants::list_users(&installation),
        Command::Token(command) => tokens::run(&installation, &command),
        Command::Watch(command) => watches::run(&installation, &command),
        Command::Import(arguments) => import::run(&installation, &arguments),
        Command::Check(arguments) => books::check(&installation, &arguments),
        Command::Settle(arguments) => books::settle(&installation, &arguments),
        Command::Review(arguments) => {
            books::step(&installation, &arguments, farsight_control::settle::review)
        }
        Command::Approve(arguments) => {
            books::step(&installation, &arguments, farsight_control::settle::approve)
        }
        Command::Lock(arguments) => books::step(&installation, &arguments, farsight_control::settle::lock),
        Command::Export(arguments) => export::run(&installation, &arguments),
        Command::Alerts(arguments) => alerts::run(&installation, &arguments),
        Command::Explain(arguments) => explain::run(&installation, &arguments),
        Command::Serve(arguments) => serve::run(&installation, &arguments),
        Command::Work(arguments) => work::run(&installation, &arguments),
        Command::Evidence(command) => evidence::run(&installation, &command),
        Command::Jobs(command) => jobs::run(&installation, &command),
        Command::Sample(arguments) => sample::run(&installation, &arguments),
        Command::Plan { date } => sample::plan(&installation, date),
        Command::Camera(command) => cameras::run(&installation, &command),
        Command::Channel(command) => channels::channel(&installation, &command),
        Command::Subscription(command) => channels::subscription(&installation, &command),
        Command::Deliveries(command) => channels::deliveries(&installation, &command),
        Command::Figures { from_nothing } => books::work_out_figures(&installation, from_nothing),
        Command::Audit(AuditCommand::Verify) => books::verify_audit(&installation),
        Command::Policy(command) => policy::run(&installation, &command),
        Command::Verify { .. } => Ok(ExitCode::SUCCESS),
    };
    let closed = installation.close();
    let code = code?;
    closed?;
    Ok(code)
}

/// The database at hand, and what was asked of every command.
pub(crate) struct Installation {
    pub(crate) global: Global,
    pub(crate) database: Database,
    tenant: Option<String>,
    data: Option<PathBuf>,
    evidence: Option<String>,
    key_file: Option<PathBuf>,
    web: configuration::Web,
    smtp: Option<configuration::courier::Mail>,
    reach: configuration::courier::Beyond,
    watch: configuration::Watch,
    accounts: Accounts,
    migrated: Vec<String>,
    cluster: Option<Cluster>,
}

impl Installation {
    fn open(global: &Global) -> Result<Self, Failure> {
        let configuration = Configuration::read(global.config.as_deref())?;
        // The file names a database where neither command line nor environment name a data folder.
        let configured = configuration.database.filter(|_| global.data.is_none());
        let data = global.data.clone().or(configuration.data);
        let (database, cluster) = match global.database.clone().or(configured) {
            Some(url) => (Database::at(&url), None),
            None => {
                let data = data.clone().map_or_else(configuration::default_data, Ok)?;
                let options = cluster::Options {
                    bin_dir: std::env::var_os("FARSIGHT_PG_BIN")
                        .map(Into::into)
                        .or(configuration.postgres_bin),
                    search_path: std::env::var_os("PATH"),
                    runtime_dir: std::env::var_os("XDG_RUNTIME_DIR").map(Into::into),
                    ..cluster::Options::default()
                };
                let cluster = Cluster::open(&data, options)?;
                (Database::at(&cluster.url()), Some(cluster))
            }
        };
        let migrated = if schema::is_behind(&database)? { schema::migrate(&database)? } else { Vec::new() };
        let tenant = global.tenant.clone().or(configuration.tenant);
        Ok(Self {
            global: global.clone(),
            database,
            tenant,
            data,
            evidence: global.evidence.clone().or(configuration.evidence),
            key_file: std::env::var_os("FARSIGHT_KEY_FILE").map(Into::into).or(configuration.key_file),
            web: configuration.web,
            smtp: configuration.smtp,
            reach: configuration.reach,
            watch: configuration.watch,
            accounts: configuration.journal,
            migrated,
            cluster,
        })
    }

    /// The data folder: that of the private cluster, or, with a database of yours, where the rest is kept.
    fn data(&self) -> Result<PathBuf, Failure> {
        self.data.clone().map_or_else(configuration::default_data, Ok)
    }

    /// What secrets are sealed with.
    pub(crate) fn sealer(&self) -> Result<Sealer, Failure> {
        let file = match &self.key_file {
            Some(file) => file.clone(),
            None => self.data()?.join("key"),
        };
        Ok(Sealer::from_file(&file, chance::unforeseeable)?)
    }

    /// How messages leave.
    pub(crate) fn courier(&self) -> Result<farsight_courier::Settings, Failure> {
        configuration::courier::settings(self.smtp.as_ref(), &self.reach)
    }

    /// The accounts that journals are booked to.
    pub(crate) fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Where files with facts may be put; a bucket's sign-in is the usual `AWS_…` environment.
    pub(crate) fn watched(&self) -> Watched {
        let settings = std::env::vars().filter(|(name, _)| name.starts_with("AWS_")).collect();
        Watched { places: Places(self.watch.places.clone()), settings }
    }

    /// The tower's address for links; that of `farsight serve` as it stands where none is configured.
    pub(crate) fn tower(&self) -> String {
        self.web.address.clone().unwrap_or_else(|| "http://127.0.0.1:8080".to_owned())
    }

    /// How browsers reach a program that listens at an address.
    pub(crate) fn front(&self, listen: SocketAddr) -> Front {
        self.web.front(listen)
    }

    /// Where evidence is kept, as a URL.
    pub(crate) fn evidence(&self) -> Result<String, Failure> {
        match &self.evidence {
            Some(url) => Ok(url.clone()),
            None => Ok(format!(
                "file://{}",
                std::path::absolute(self.data()?.join("evidence")).unwrap_or_default().display()
            )),
        }
    }

    fn close(self) -> Result<(), Failure> {
        match self.cluster {
            Some(cluster) => Ok(cluster.close()?),
            None => Ok(()),
        }
    }

    /// The tenant asked for, at its present moment.
    pub(crate) fn desk(&self) -> Result<Desk, Failure> {
        let mut desk =
            Desk::open(&self.database, self.tenant.as_deref(), &configuration::system_actor(), clock::now())?;
        if let Some(now) = &self.global.now {
            desk.now = Self::simulated_now(&desk.tenant, now)?;
        }
        Ok(desk)
    }

    /// `--now`, which only a simulated tenant takes.
    fn simulated_now(tenant: &Tenant, now: &str) -> Result<Instant, Failure> {
        if !tenant.simulated {
            return Err(Failure::usage(format!(
                "tenant '{}' is real: its time is the present and --now is refused (only `tenant add --simulated` takes it)",
                tenant.code
            )));
        }
        instant(now, &ground::zone(tenant)?, "--now")
    }
}

impl Knowledge {
    /// The moment that is asked for, if one is.
    pub(crate) fn at(&self, desk: &Desk) -> Result<Option<Instant>, Failure> {
        let zone = ground::zone(&desk.tenant)?;
        self.known_at.as_deref().map(|text| instant(text, &zone, "--known-at")).transpose()
    }
}

/// An instant of the command line: RFC 3339 with offset, or local.
pub(crate) fn instant(text: &str, zone: &Zone, option: &str) -> Result<Instant, Failure> {
    moment::read(text, zone).map_err(|error| Failure::usage(format!("{option} '{text}' {error}")))
}

fn migrate(installation: &Installation) -> Result<ExitCode, Failure> {
    #[derive(serde::Serialize)]
    struct Migrated<'m> {
        migrated: &'m [String],
    }
    // The queue's tables are apalis's own; it too finds them done the second time.
    work::runtime()?.block_on(farsight_jobs::worker::Queue::open(&installation.database))?;
    let result = Migrated { migrated: &installation.migrated };
    output::print(installation.global.json, &result, |result| match result.migrated {
        [] => "the database is up to date".to_owned(),
        versions => format!("the database is brought up to date: {}", versions.join(", ")),
    })?;
    Ok(ExitCode::SUCCESS)
}
