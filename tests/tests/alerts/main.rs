//! The life of alerts on the real database, and the notices that tell of it.

mod coming_back;
mod life;
mod raised;
mod world;
