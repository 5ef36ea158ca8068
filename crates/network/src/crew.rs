//! Who is at work at a dealer on a day, and who of them may do what.

use crate::days::Day;
use crate::dice::Dice;
use crate::staff::{Position, Skill, Staff};

/// The people of one day, by their place in the staff.
#[derive(Default)]
pub(crate) struct Crew {
    advisors: Vec<usize>,
    certified: Vec<usize>,
    /// With the highest valid level (0 to 2), if any, and whether certified for electric cars.
    technicians: Vec<(usize, Option<u8>, bool)>,
}

/// Who does an order, and at what level.
pub(crate) struct Assignment {
    pub(crate) advisor: Option<usize>,
    pub(crate) technician: Option<usize>,
    pub(crate) level: u8,
}

impl Crew {
    /// Calls those who work on a day.
    pub(crate) fn call(&mut self, staff: &Staff, day: Day) {
        self.advisors.clear();
        self.certified.clear();
        self.technicians.clear();
        for (index, worker) in staff.workers.iter().enumerate() {
            if !worker.is_there(day) {
                continue;
            }
            let valid = worker.certificates.iter().filter(|c| c.is_valid(day));
            match worker.position {
                Position::Advisor => {
                    self.advisors.push(index);
                    if valid.count() > 0 {
                        self.certified.push(index);
                    }
                }
                Position::Technician => {
                    let (mut level, mut nev) = (None, false);
                    for certificate in valid {
                        match certificate.skill {
                            Skill::Technician(l) => level = level.max(Some(l)),
                            Skill::Nev => nev = true,
                            Skill::Advisor => {}
                        }
                    }
                    self.technicians.push((index, level, nev));
                }
                Position::PartsClerk | Position::GeneralManager => {}
            }
        }
    }

    /// Somebody for an order of a level, on high voltage or not: somebody certified, unless the dealer is careless
    /// this time. Without a technician of the level the order becomes one of a level the shop can do.
    pub(crate) fn assign(&self, level: u8, nev: bool, careless: f64, dice: &mut Dice) -> Assignment {
        let advisor = if self.certified.is_empty() || dice.chance(careless) {
            pick_first_more_often(&self.advisors, dice)
        } else {
            pick_first_more_often(&self.certified, dice)
        };
        let is_careless = dice.chance(careless);
        let roll = dice.unit();
        for level in (0..=level).rev() {
            let able = |t: &&(usize, Option<u8>, bool)| t.1 >= Some(level) && (t.2 || !nev);
            let count = self.technicians.iter().filter(able).count();
            if count > 0 && !is_careless {
                let technician = self.technicians.iter().filter(able).nth((roll * count as f64) as usize);
                return Assignment { advisor, technician: technician.map(|t| t.0), level };
            }
        }
        let anybody = (roll * self.technicians.len() as f64) as usize;
        Assignment { advisor, technician: self.technicians.get(anybody).map(|t| t.0), level }
    }
}

/// The first advisor has two customers for each one of the others.
fn pick_first_more_often(from: &[usize], dice: &mut Dice) -> Option<usize> {
    let drawn = dice.below(from.len() as u32 + 1) as usize;
    from.get(drawn.saturating_sub(1)).copied()
}
