//! The routes, one list: a newcomer finds the file by the path. Each says who may come, and what its path names.
//!
//! The test of isolation is made from this list: a route cannot be added without saying whose objects it shows.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, get, post};
use farsight_ledger::settlement::Role;

use crate::admit::{Who, admit};
use crate::answer::refusal;
use crate::page::PageError;
use crate::pages::{
    alerts, appeals, audit, board, cameras, complaints, dealers, desk, draws, entries, evidence, home,
    honours, inspections, jobs, me, penalties, people, policy, rectifications, search, settlements, sign_in,
    single_sign_on, statements, support, todo, tokens, uploads, users, with_provider,
};
use crate::{App, api, assets, health, live, metrics, middleware, scim};

/// What a path names with its placeholders.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Object {
    /// Nothing: the route shows what the person's scope has.
    Nothing,
    /// A dealer.
    Dealer,
    /// A complaint.
    Complaint,
    /// An inspection.
    Inspection,
    /// An entry of the ledger.
    Entry,
    /// An appeal.
    Appeal,
    /// A rectification order.
    Rectification,
    /// A request for technical support.
    Support,
    /// The draft of a discretionary penalty.
    Penalty,
    /// An alert.
    Alert,
    /// A content of the evidence store, by its signed link.
    Evidence,
    /// An upload under way.
    Upload,
    /// A day's draw: the whole tenant's.
    Draw,
    /// A month's settlement: the whole tenant's.
    Settlement,
    /// A month's statement of a dealer: `{period}` and `{dealer}`.
    Statement,
    /// A job: the whole tenant's.
    Job,
    /// A draft of a policy: the whole tenant's.
    PolicyDraft,
    /// A user of the tower.
    User,
    /// An identity provider: the whole tenant's.
    Provider,
    /// What an identity provider told, by the provider's own secret.
    Provisioned,
    /// A machine of the tenant's.
    Machine,
    /// Something of the person alone, like a session.
    Own,
    /// A secret link.
    Secret,
    /// A file of the program.
    Asset,
}

/// A route.
pub(crate) struct Route {
    pub(crate) path: &'static str,
    #[cfg_attr(not(test), expect(dead_code, reason = "the test of isolation is made from it"))]
    pub(crate) of: Object,
    pub(crate) who: Who,
    pub(crate) does: MethodRouter<App>,
}

const fn route(path: &'static str, of: Object, who: Who, does: MethodRouter<App>) -> Route {
    Route { path, of, who, does }
}

/// Who watches dealers.
pub(crate) const WATCHERS: Who = Who::Roles(&[Role::RegionalManager, Role::Hq]);
/// Who watches dealers, and dealers themselves.
pub(crate) const NETWORK: Who = Who::Roles(&[Role::RegionalManager, Role::Hq, Role::Dealer]);
/// Dealers alone.
pub(crate) const DEALERS: Who = Who::Roles(&[Role::Dealer]);
/// Whoever sees money: those, and finance.
pub(crate) const MONEY: Who = Who::Roles(&[Role::RegionalManager, Role::Hq, Role::Dealer, Role::Finance]);
/// Whoever sees facts.
pub(crate) const SEARCHERS: Who =
    Who::Roles(&[Role::RegionalManager, Role::Hq, Role::Dealer, Role::Finance, Role::CallCentre]);

/// Who hands evidence in.
pub(crate) const HANDS_IN: Who =
    Who::Roles(&[Role::RegionalManager, Role::Hq, Role::Dealer, Role::CallCentre]);
/// A plain form with files takes so much; larger ones are sent by script, piece by piece.
const FORM_BYTES: usize = 120 << 20;

/// Who takes complaints in.
pub(crate) const CALLERS: Who = Who::Roles(&[Role::CallCentre, Role::Hq]);
/// Who follows complaints.
pub(crate) const COMPLAINTS: Who =
    Who::Roles(&[Role::RegionalManager, Role::Hq, Role::Dealer, Role::CallCentre]);
/// Who changes rosters.
pub(crate) const ROSTERS: Who = Who::Roles(&[Role::Hq, Role::Dealer]);

/// Headquarters alone.
pub(crate) const HEADQUARTERS: Who = Who::Roles(&[Role::Hq]);
/// Whoever settles months.
pub(crate) const SETTLERS: Who = Who::Roles(&[Role::Finance, Role::Hq]);
/// Who runs the installation.
pub(crate) const OPERATORS: Who = Who::Roles(&[Role::Operator]);
/// Who looks after users.
pub(crate) const ADMINISTRATORS: Who = Who::Roles(&[Role::Hq, Role::Operator]);
/// Who reads what was decided.
pub(crate) const READERS_OF_AUDIT: Who = Who::Roles(&[Role::Finance, Role::Hq, Role::Operator]);

/// Every route there is.
#[rustfmt::skip]
pub(crate) fn routes() -> Vec<Route> {
    use Object::{Alert, Appeal, Asset, Complaint, Dealer, Draw, Entry, Evidence, Inspection, Job, Nothing, Own, Penalty, PolicyDraft, Provider, Provisioned, Rectification, Secret, Settlement, Statement, Upload, User};
    use Who::{Anyone, Entered, HalfEntered, Machine};
    vec![
        // Machines that look after the tower.
        route("/healthz", Nothing, Machine, get(health::alive)),
        route("/readyz", Nothing, Machine, get(health::ready)),
        route("/metrics", Nothing, Machine, get(metrics::show)),
        route("/api/v1/openapi.json", Nothing, Machine, get(api::docs::document)),
        route("/api/v1/docs", Nothing, Anyone, get(api::docs::page)),
        route("/assets/{hash}/{name}", Asset, Machine, get(assets::show)),
        route("/favicon.ico", Asset, Machine, get(assets::icon)),
        // Coming in, and oneself.
        route("/", Nothing, Entered, get(home::show)),
        route("/sign-in", Nothing, Anyone, get(sign_in::show).post(sign_in::sign_in)),
        route("/sign-in/code", Nothing, HalfEntered, get(sign_in::code).post(sign_in::show_code)),
        route("/sign-in/with/{tenant}/{provider}", Provider, Anyone, get(with_provider::start)),
        route("/sign-in/return", Nothing, Anyone, get(with_provider::come_back)),
        route("/sign-out", Nothing, HalfEntered, post(sign_in::sign_out)),
        route("/sign-out/by/{tenant}/{provider}", Provider, Machine, post(with_provider::farewell)),
        route("/reset", Nothing, Anyone, get(sign_in::reset).post(sign_in::ask_reset)),
        route("/reset/{tenant}/{secret}", Secret, Anyone, get(sign_in::new_password).post(sign_in::set_password)),
        route("/wish", Nothing, Anyone, post(sign_in::wish)),
        route("/me", Own, Entered, get(me::show)),
        route("/me/password", Own, Entered, post(me::change_password)),
        route("/me/second-factor", Own, HalfEntered, get(me::second_factor).post(me::confirm)),
        route("/me/second-factor/gone", Own, Entered, post(me::take_away)),
        route("/me/telling", Own, Entered, post(me::telling::choose)),
        route("/me/telling/default", Own, Entered, post(me::telling::choose_nothing)),
        route("/me/sessions/end", Own, Entered, post(me::end_others)),
        route("/me/sessions/{session}/end", Own, Entered, post(me::end_one)),
        route("/events", Nothing, Entered, get(live::events)),
        // Board, dealers, alerts, search.
        route("/board", Nothing, WATCHERS, get(board::show)),
        route("/dealers", Nothing, WATCHERS, get(dealers::list)),
        route("/dealers/{dealer}", Dealer, NETWORK, get(dealers::show)),
        route("/alerts", Nothing, NETWORK, get(alerts::list)),
        route("/alerts/{alert}", Alert, NETWORK, get(alerts::show)),
        route("/alerts/{alert}/acknowledge", Alert, NETWORK, post(alerts::acknowledge)),
        route("/search", Nothing, SEARCHERS, get(search::show)),

        // Inspections, evidence, draws, cameras.
        route("/desk", Nothing, WATCHERS, get(desk::today)),
        route("/desk/{date}", Draw, WATCHERS, get(desk::day)),
        route("/desk/{date}/{dealer}", Dealer, WATCHERS, get(desk::sheet).post(desk::judge)),
        route("/desk/{date}/{dealer}/confirm", Dealer, WATCHERS, get(desk::review).post(desk::confirm)),
        route("/desk/{date}/{dealer}/visible", Dealer, WATCHERS, post(desk::visible)),
        route("/desk/{date}/{dealer}/standard", Dealer, WATCHERS, post(desk::standard)),
        route("/inspections", Nothing, NETWORK, get(inspections::list)),
        route("/inspections/{inspection}", Inspection, NETWORK, get(inspections::one)),
        route("/draws", Nothing, NETWORK, get(draws::list)),
        route("/draws/{date}", Draw, NETWORK, get(draws::one).post(draws::check)),
        route("/draws/{date}/proof.json", Draw, NETWORK, get(draws::proof)),
        route("/cameras", Nothing, WATCHERS, get(cameras::list)),
        route("/uploads", Own, HANDS_IN, post(uploads::begin).options(uploads::options)),
        route("/uploads/{upload}", Upload, HANDS_IN, get(uploads::state).head(uploads::head).patch(uploads::patch).delete(uploads::give_up).options(uploads::options)),
        route("/evidence", Own, HANDS_IN, post(evidence::send).layer(DefaultBodyLimit::max(FORM_BYTES))),
        route("/evidence/{sha256}", Evidence, Entered, get(evidence::show)),

        // Complaints, support, people.
        route("/queue", Nothing, CALLERS, get(complaints::queue)),
        route("/complaints", Nothing, COMPLAINTS, get(complaints::list)),
        route("/complaints/new", Nothing, CALLERS, get(complaints::intake).post(complaints::take_in)),
        route("/complaints/{complaint}", Complaint, COMPLAINTS, get(complaints::show).post(complaints::act)),
        route("/support", Nothing, NETWORK, get(support::list).post(support::request)),
        route("/support/resolved", Nothing, NETWORK, post(support::resolve)),
        route("/people", Nothing, NETWORK, get(people::dealers)),
        route("/people/{dealer}", Dealer, NETWORK, get(people::roster)),
        route("/people/{dealer}/hire", Dealer, ROSTERS, post(people::hire)),
        route("/people/{dealer}/leave", Dealer, ROSTERS, post(people::leave)),
        route("/people/{dealer}/certify", Dealer, ROSTERS, post(people::certify)),
        route("/people/{dealer}/revoke", Dealer, ROSTERS, post(people::revoke)),
        route("/people/{dealer}/workbook", Dealer, NETWORK, get(people::workbook)),
        route("/people/{dealer}/import", Dealer, ROSTERS, get(people::import).post(people::look_through)),
        route("/people/{dealer}/import/take", Dealer, ROSTERS, post(people::take_in)),

        // To do, entries, appeals, rectifications, penalties.
        route("/todo", Nothing, DEALERS, get(todo::show)),
        route("/entries", Nothing, MONEY, get(entries::list)),
        route("/entries/{entry}", Entry, MONEY, get(entries::show)),
        route("/entries/{entry}/appeal", Entry, DEALERS, get(entries::appeal).post(entries::make_appeal)),
        route("/appeals", Nothing, MONEY, get(appeals::list)),
        route("/appeals/{appeal}", Appeal, MONEY, get(appeals::show).post(appeals::act)),
        route("/rectifications", Nothing, NETWORK, get(rectifications::list)),
        route("/rectifications/new", Nothing, WATCHERS, get(rectifications::new).post(rectifications::order)),
        route("/rectifications/{order}", Rectification, NETWORK, get(rectifications::show).post(rectifications::act)),
        route("/penalties", Nothing, WATCHERS, get(penalties::list)),
        route("/penalties/new", Nothing, WATCHERS, get(penalties::new).post(penalties::draft)),
        route("/penalties/{draft}", Penalty, WATCHERS, get(penalties::show).post(penalties::act)),

        // Settlements, statements, policy, jobs, users, audit.
        route("/settlements", Nothing, SETTLERS, get(settlements::list)),
        route("/settlements/{period}", Settlement, SETTLERS, get(settlements::show)),
        route("/settlements/{period}/calculate", Settlement, SETTLERS, post(settlements::calculate)),
        route("/settlements/{period}/review", Settlement, SETTLERS, post(settlements::review)),
        route("/settlements/{period}/approve", Settlement, SETTLERS, post(settlements::approve)),
        route("/settlements/{period}/lock", Settlement, SETTLERS, post(settlements::lock)),
        route("/settlements/{period}/lines", Settlement, SETTLERS, get(settlements::lines)),
        route("/settlements/{period}/people", Settlement, SETTLERS, get(settlements::people)),
        route("/settlements/{period}/changes", Settlement, SETTLERS, get(settlements::changes)),
        route("/settlements/{period}/export", Settlement, SETTLERS, get(settlements::file)),
        route("/statements", Nothing, MONEY, get(statements::list)),
        route("/statements/{period}/{dealer}", Statement, MONEY, get(statements::show)),
        route("/statements/{period}/{dealer}/confirm", Statement, MONEY, post(statements::confirm)),
        route("/statements/{period}/{dealer}/dispute", Statement, MONEY, post(statements::dispute)),
        route("/statements/{period}/{dealer}/reply", Statement, MONEY, post(statements::reply)),
        route("/policy", Nothing, MONEY, get(policy::show)),
        route("/policy/drafts/new", Nothing, Who::Roles(&[Role::Hq]), get(policy::drafts::new).post(policy::drafts::add)),
        route("/policy/drafts/{policy_draft}", PolicyDraft, Who::Roles(&[Role::Hq]), get(policy::drafts::show).post(policy::drafts::act)),
        route("/policy/drafts/{policy_draft}/replay", PolicyDraft, Who::Roles(&[Role::Hq]), get(policy::replay::show)),
        route("/organisation", Nothing, Who::Roles(&[Role::Hq]), get(policy::organisation)),
        route("/stars", Nothing, Who::Roles(&[Role::Hq]), get(honours::stars)),
        route("/hotspots", Nothing, Who::Roles(&[Role::Hq]), get(honours::hotspots)),
        route("/staff", Nothing, Who::Roles(&[Role::Hq]), get(honours::staff)),
        route("/jobs", Nothing, OPERATORS, get(jobs::list)),
        route("/jobs/pause", Nothing, OPERATORS, post(jobs::pause)),
        route("/jobs/resume", Nothing, OPERATORS, post(jobs::resume)),
        route("/jobs/{job}", Job, OPERATORS, get(jobs::show)),
        route("/jobs/{job}/run", Job, OPERATORS, post(jobs::call)),
        route("/jobs/{job}/retry", Job, OPERATORS, post(jobs::retry)),
        route("/feeds", Nothing, OPERATORS, get(jobs::feeds)),
        route("/deliveries", Nothing, OPERATORS, get(jobs::deliveries)),
        route("/deliveries/again", Nothing, OPERATORS, post(jobs::deliver_again)),
        route("/audit", Nothing, READERS_OF_AUDIT, get(audit::list)),
        route("/audit/verify", Nothing, READERS_OF_AUDIT, post(audit::verify)),
        route("/users", Nothing, ADMINISTRATORS, get(users::list).post(users::add)),
        route("/users/{user}", User, ADMINISTRATORS, get(users::show).post(users::change)),
        route("/users/{user}/disable", User, ADMINISTRATORS, post(users::disable)),
        route("/users/{user}/enable", User, ADMINISTRATORS, post(users::enable)),
        route("/users/{user}/invite", User, ADMINISTRATORS, post(users::invite)),
        route("/single-sign-on", Nothing, ADMINISTRATORS, get(single_sign_on::list).post(single_sign_on::add)),
        route("/single-sign-on/{provider}", Provider, ADMINISTRATORS, get(single_sign_on::show).post(single_sign_on::change)),
        route("/single-sign-on/{provider}/rules", Provider, ADMINISTRATORS, post(single_sign_on::rules)),
        route("/single-sign-on/{provider}/try", Provider, ADMINISTRATORS, post(single_sign_on::try_claims)),
        route("/single-sign-on/{provider}/look", Provider, ADMINISTRATORS, post(single_sign_on::look)),
        route("/single-sign-on/{provider}/unlink", Provider, ADMINISTRATORS, post(single_sign_on::unlink)),
        route("/single-sign-on/{provider}/secret", Provider, ADMINISTRATORS, post(single_sign_on::make_secret)),
        route("/single-sign-on/{provider}/secret/gone", Provider, ADMINISTRATORS, post(single_sign_on::take_secret_away)),
        route("/tokens", Nothing, ADMINISTRATORS, get(tokens::list).post(tokens::add)),
        route("/tokens/{machine}/rotate", Object::Machine, ADMINISTRATORS, post(tokens::rotate)),
        route("/tokens/{machine}/revoke", Object::Machine, ADMINISTRATORS, post(tokens::revoke)),

        // Identity providers tell of their people (SCIM 2.0).
        route("/scim/v2/{tenant}/ServiceProviderConfig", Provisioned, Machine, get(scim::about::config)),
        route("/scim/v2/{tenant}/ResourceTypes", Provisioned, Machine, get(scim::about::resource_types)),
        route("/scim/v2/{tenant}/ResourceTypes/{name}", Provisioned, Machine, get(scim::about::resource_type)),
        route("/scim/v2/{tenant}/Schemas", Provisioned, Machine, get(scim::about::schemas)),
        route("/scim/v2/{tenant}/Schemas/{name}", Provisioned, Machine, get(scim::about::schema)),
        route("/scim/v2/{tenant}/Users", Provisioned, Machine, get(scim::users::list).post(scim::users::add)),
        route("/scim/v2/{tenant}/Users/{id}", Provisioned, Machine, get(scim::users::show).put(scim::users::replace).patch(scim::users::patch).delete(scim::users::delete)),
        route("/scim/v2/{tenant}/Groups", Provisioned, Machine, get(scim::groups::list).post(scim::groups::add)),
        route("/scim/v2/{tenant}/Groups/{id}", Provisioned, Machine, get(scim::groups::show).put(scim::groups::replace).patch(scim::groups::patch).delete(scim::groups::delete)),
    ]
}

/// What answers requests: the routes, each behind who may come, within the layers of [`middleware`].
pub fn router(app: App) -> Router {
    let bare = routes().into_iter().fold(Router::new(), |router, route| {
        let admitted = route.does.layer(from_fn_with_state((app.clone(), route.who), admit));
        router.route(route.path, admitted)
    });
    let bare = api::operations().into_iter().fold(bare, |router, operation| {
        let (who, needs, goes) = (operation.who, operation.needs, operation.goes);
        let gate = api::Gate { app: app.clone(), who, needs, goes };
        router.route(operation.path, operation.does.layer(from_fn_with_state(gate, api::admit)))
    });
    let nowhere = Router::new()
        .fallback(async || PageError::NotFound)
        .layer(from_fn_with_state((app.clone(), Who::Anyone), admit));
    let whole = bare
        .fallback_service(nowhere)
        .method_not_allowed_fallback(async || refusal(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"));
    middleware::around(whole, &app).with_state(app)
}
