//! What concerns the whole of the web: who comes in, and that nobody sees what is not theirs.

mod board;
mod cases;
mod certified;
mod coming_in;
mod desks;
mod doing;
mod examples;
mod isolation;
mod large;
mod machines;
mod oneself;
mod policy;
mod provider;
mod said_of_people;
mod sandbox;
mod sending;
mod settling;
mod single_sign_on;
mod webhooks;
