//! What the end-to-end tests share: a database of its own for each test, an office to work in, and the books as rows.
//!
//! - [`tower`]: one private cluster for all tests of all processes, and databases copied from a migrated template.
//! - [`office`]: a tenant at work: import, check, settle, export, each one line.
//! - [`served`]: the real server, and a machine that calls it.
//! - [`sheets`]: fact files as tables of texts, to turn, cut and write in every format.
//! - [`books`]: exports as comparable rows, and the cases with the books they must give.

#![expect(missing_docs, reason = "helpers of tests, named after what they do")]

pub mod books;
pub mod chance;
pub mod cli;
pub mod office;
pub mod served;
pub mod sheets;
pub mod tower;

pub use books::{Case, Rows};
pub use cli::Farsight;
pub use office::Office;
pub use sheets::{Folder, Sheet};
pub use tower::Tower;
