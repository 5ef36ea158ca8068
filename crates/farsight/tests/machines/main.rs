//! Machines at the real `farsight serve`: the same facts give the same books by whatever way they come in, nothing is lost
//! or doubled by who pulls meanwhile, and what docs/api.md and docs/examples say works as it stands there.

mod client;
mod facts;
mod pulls;

const EXE: &str = env!("CARGO_BIN_EXE_farsight");
