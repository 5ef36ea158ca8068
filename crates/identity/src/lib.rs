//! Identity: OpenID providers asked within an operator's network rules, and what they say judged.
//!
//! It knows how to send a browser to a provider, to trade the code that it brings back for a token, and to say whose token
//! it is. Who that is here, and what they may do, is `control`'s to decide. It must never read a clock or a random source,
//! follow a redirect, read an answer without bound, reach where the operator's rules do not lead, take a token that is not
//! signed by a key that the provider publishes, or let a secret or token into an error.

mod error;
mod farewell;
mod judge;
mod providers;
mod wire;

pub use error::IdentityError;
pub use farewell::Farewell;
pub use judge::Told;
pub use providers::{Providers, Registration, Secrets};
