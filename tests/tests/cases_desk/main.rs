//! What people do about charges and orders, on the real database: each refusal, each four eyes, and that the books follow.

mod appeals;
mod orders;
mod penalties;
mod risk;
mod world;
