//! What concerns the whole of the web: who comes in, and that nobody sees what is not theirs.

mod cases;
mod coming_in;
mod isolation;
