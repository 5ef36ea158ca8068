//! Telling people, on the real database, with real receivers on this machine and a clock that is set by hand.

mod digests;
mod many;
mod receivers;
mod robots;
mod webhooks;
mod whom;
mod world;
