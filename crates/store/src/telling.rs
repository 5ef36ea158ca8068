//! Telling people, as rows: channels, subscriptions, news not yet told, deliveries, and when robots were sent to.
//!
//! Secrets come here sealed and leave sealed. What is to be told, to whom and when is decided by the caller.

mod channels;
mod deliveries;
mod news;
mod open;
mod robots;
mod subscriptions;

pub use channels::{Channel, all, disable, find, put, remove};
pub use deliveries::{
    Attempted, Delivery, Listed, State, Waiting, add, again, again_of, busy_robots, claim, drop_of, end,
    find as find_delivery, forget, give_up_lost, give_up_of, hold_back, let_go, list, of_receiver, page,
};
pub use news::{
    News, NewsOf, cursor, forget_told, held_receivers, hold, mark_told, move_cursor, read as news, release,
    told_among,
};
pub use open::{OpenAlert, digested, mark_digested, open_alerts};
pub use robots::{arrived, lock, reserve, sent_since};
pub use subscriptions::{
    all as subscriptions, find as subscription, remove as remove_subscription, set as set_subscription,
};
