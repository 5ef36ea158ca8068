//! People at the desk: a dealer's roster and certificates, who is missing, what lapses; changes one by one or by a
//! workbook. All of it is facts; what is needed and where a certificate stands is the rulebook's (4.3).

mod deeds;
mod look;
mod refusal;
mod workbook;

pub use deeds::{Certify, Hire, Leave, Revoke, certify, hire, leave, revoke};
pub use look::{Certified, Dealers, Member, Place, Roster, dealers, roster};
pub use refusal::Refusal;
pub use workbook::{Checked, download, preview, take_in};
