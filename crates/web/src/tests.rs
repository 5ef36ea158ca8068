//! What concerns the whole of the web: who comes in, and that nobody sees what is not theirs.

mod board;
mod cases;
mod coming_in;
mod desks;
mod isolation;
mod machines;
mod sending;
mod settling;
