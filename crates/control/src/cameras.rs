//! Cameras: which are away, and how one signs in; a password is stored sealed and opened only for a visit.
//!
//! A password never reaches a log, an error text or the audit log.

use std::fmt;

use farsight_cameras::Rules;
use farsight_store::audit::Deed;
use farsight_store::cameras::{self, Camera, CameraState};
use farsight_store::registry::Tenant;
use farsight_store::session::Isolation;
use farsight_store::{StoreError, audit};
use serde_json::json;

pub use farsight_store::cameras::{CameraOrder, Condition, ListedCamera};

use crate::sealing::Sealer;
use crate::{ControlError, Desk};

/// A user and password, opened.
#[derive(Clone, PartialEq, Eq)]
pub struct SignIn {
    /// The user.
    pub user: String,
    /// The password.
    pub password: String,
}

impl fmt::Debug for SignIn {
    /// Does not tell the password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignIn({}, …)", self.user)
    }
}

fn purpose(tenant: &Tenant, camera: &str) -> String {
    format!("camera:{}:{camera}", tenant.code)
}

/// Keeps how one signs in to a camera that is among the facts; takes the place of what was kept before.
pub fn set_credentials(
    desk: &mut Desk,
    sealer: &Sealer,
    camera: &str,
    user: &str,
    password: &str,
) -> Result<(), ControlError> {
    let usage = |text: String| Err(ControlError::Usage(text));
    if user.is_empty() || user.contains(':') || user.contains(char::is_control) {
        return usage(format!("'{user}' is no user of a camera: give --user, without colons"));
    }
    if password.is_empty() {
        return usage("the password is empty: give it on standard input".to_owned());
    }
    let (scope, now, actor) = (desk.scope(), desk.now, desk.actor.clone());
    let sealed = sealer.seal(&purpose(&desk.tenant, camera), password.as_bytes());
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        if !cameras::is_known(tx, camera)? {
            return usage(format!("no camera {camera}: import it first, or correct the code"));
        }
        cameras::put_sign_in(tx, camera, user, &sealed)?;
        let detail = json!({ "user": user }).to_string();
        audit::add(
            tx,
            now,
            &Deed { actor: &actor, action: "camera.sign-in", subject: camera, detail: &detail },
        )?;
        Ok(())
    })
}

/// Cameras that count as away, by code, and how each is.
pub fn away(desk: &mut Desk) -> Result<Vec<(String, CameraState)>, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| Ok(cameras::away(tx)?))
}

/// The wanted page of the cameras that the person sees, how many there are in all, and how many in each condition.
pub fn list(
    desk: &mut Desk,
    dealer: Option<&str>,
    condition: Option<Condition>,
    order: CameraOrder,
    page: (i64, i64),
) -> Result<CameraList, ControlError> {
    let scope = desk.scope();
    desk.session.transaction(scope, Isolation::Snapshot, |tx| {
        let (cameras, total) = cameras::list(tx, dealer, condition, order, page)?;
        Ok(CameraList { cameras, total, conditions: cameras::conditions(tx)? })
    })
}

/// A page of cameras.
#[derive(Debug, Clone)]
pub struct CameraList {
    /// The cameras of the page.
    pub cameras: Vec<ListedCamera>,
    /// How many there are in all.
    pub total: i64,
    /// How many are in each condition, whatever is filtered.
    pub conditions: Vec<(Condition, i64)>,
}

/// How one signs in to a camera, opened; none where nothing is kept.
pub(crate) fn open(
    sealer: &Sealer,
    tenant: &Tenant,
    camera: &Camera,
) -> Result<Option<SignIn>, ControlError> {
    let (Some(user), Some(sealed)) = (&camera.sign_in_user, &camera.sealed_secret) else { return Ok(None) };
    let password = sealer.open(&purpose(tenant, &camera.code), sealed)?;
    let password = String::from_utf8(password)
        .map_err(|_| StoreError::Value(format!("the password of camera {}", camera.code)))?;
    Ok(Some(SignIn { user: user.clone(), password }))
}

/// Where the tenant's cameras may be; where nobody has said, on the internet and nowhere else.
pub fn rules(desk: &mut Desk) -> Result<Rules, ControlError> {
    let scope = desk.scope();
    let told = desk
        .session
        .transaction(scope, Isolation::ReadCommitted, |tx| Ok::<_, ControlError>(cameras::rules(tx)?))?;
    match told {
        None => Ok(Rules::default()),
        Some(told) => serde_json::from_str(&told)
            .map_err(|error| StoreError::Value(format!("the rules of cameras: {error}")).into()),
    }
}

/// Says where the tenant's cameras may be: the operator's word, whose network it is.
pub fn set_rules(desk: &mut Desk, rules: &Rules) -> Result<(), ControlError> {
    let (scope, now, actor) = (desk.scope(), desk.now, desk.actor.clone());
    let told = json!(rules).to_string();
    desk.session.transaction(scope, Isolation::ReadCommitted, |tx| {
        cameras::set_rules(tx, &told, now, &actor)?;
        audit::add(tx, now, &Deed { actor: &actor, action: "camera.rules", subject: "", detail: &told })?;
        Ok(())
    })
}
