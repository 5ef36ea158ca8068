//! Cars: models, the faults they have, and vehicles with their identification numbers.

use crate::days::Day;
use crate::dice::{Dice, stir};

/// A car model.
pub(crate) struct Model {
    pub(crate) code: &'static str,
    /// Places 4 to 8 of its vehicles' numbers.
    descriptor: &'static [u8; 5],
    pub(crate) nev: bool,
    /// Share of the vehicles, in hundredths.
    share: u64,
}

/// The models on the road; shares add up to 100.
pub(crate) const MODELS: [Model; 8] = [
    Model { code: "CS75-PLUS", descriptor: b"A3DBE", nev: false, share: 26 },
    Model { code: "CS55-PLUS", descriptor: b"A2ABE", nev: false, share: 18 },
    Model { code: "CS35-PLUS", descriptor: b"A2DJ2", nev: false, share: 14 },
    Model { code: "EADO", descriptor: b"C3AB3", nev: false, share: 14 },
    Model { code: "UNI-V", descriptor: b"C4BCF", nev: false, share: 9 },
    Model { code: "UNI-K", descriptor: b"A4DCF", nev: false, share: 5 },
    Model { code: "LUMIN", descriptor: b"H1GA0", nev: true, share: 8 },
    Model { code: "SHENLAN-SL03", descriptor: b"H3JA1", nev: true, share: 6 },
];

/// A fault as a workshop codes it.
pub(crate) struct Fault {
    pub(crate) code: &'static str,
    /// How a customer would call it.
    pub(crate) called: &'static str,
    /// How often against others, on a mild day.
    weight: f64,
    /// How much more often in heat (negative: in cold).
    heat: f64,
    /// Only electric cars (`Some(true)`), only others (`Some(false)`), or all.
    nev: Option<bool>,
}

const fn fault(code: &'static str, called: &'static str, weight: f64, heat: f64, nev: Option<bool>) -> Fault {
    Fault { code, called, weight, heat, nev }
}

/// The faults.
pub(crate) const FAULTS: [Fault; 15] = [
    fault("P0301", "发动机抖动", 9.0, 0.0, Some(false)),
    fault("P0171", "发动机故障灯亮", 7.0, 0.0, Some(false)),
    fault("P0420", "尾气报警", 5.0, 0.0, Some(false)),
    fault("P0700", "变速箱顿挫", 7.0, 0.0, Some(false)),
    fault("P1A10", "动力电池报警", 8.0, 0.3, Some(true)),
    fault("P0AA6", "无法充电", 7.0, -0.3, Some(true)),
    fault("U0100", "仪表多个故障灯亮", 5.0, 0.0, None),
    fault("B1000", "中控黑屏", 8.0, 0.0, None),
    fault("B1A31", "车窗升降异响", 5.0, 0.0, None),
    fault("C1201", "车身稳定系统报警", 5.0, 0.0, None),
    fault("M-TYRE", "轮胎偏磨", 9.0, 0.2, None),
    fault("M-BRAKE", "刹车异响", 10.0, 0.0, None),
    fault("BATT-LOW", "蓄电池亏电", 7.0, -0.9, None),
    fault("AC-NOCOLD", "空调不制冷", 7.5, 0.97, None),
    fault("HEAT-WEAK", "暖风不热", 3.0, -0.97, None),
];

impl Fault {
    fn weight_on(&self, heat: f64, nev: bool) -> f64 {
        if self.nev.is_some_and(|only| only != nev) {
            return 0.0;
        }
        let push = self.heat * heat;
        self.weight * if push >= 0.0 { 1.0 + 2.2 * push } else { 1.0 + push }
    }
}

/// A fault as the season and the kind of car make likely.
pub(crate) fn draw_fault(dice: &mut Dice, heat: f64, nev: bool) -> &'static Fault {
    let total: f64 = FAULTS.iter().map(|f| f.weight_on(heat, nev)).sum();
    let mut left = dice.unit() * total;
    for fault in &FAULTS {
        left -= fault.weight_on(heat, nev);
        if left < 0.0 {
            return fault;
        }
    }
    &FAULTS[0]
}

/// The fault of a code in the list.
pub(crate) fn fault_named(code: &str) -> &'static Fault {
    FAULTS.iter().find(|f| f.code == code).unwrap_or(&FAULTS[0])
}

/// A vehicle.
#[derive(Clone, Copy)]
pub(crate) struct Vehicle {
    pub(crate) model: &'static Model,
    pub(crate) sold: Day,
    vin: [u8; 17],
    kilometres_a_day: i64,
}

impl Vehicle {
    pub(crate) fn vin(&self) -> &str {
        std::str::from_utf8(&self.vin).unwrap_or_default()
    }

    /// What its odometer shows on a day.
    pub(crate) fn odometer(&self, day: Day) -> i64 {
        12 + (day.0 - self.sold.0).max(0) * self.kilometres_a_day
    }
}

/// The vehicles a dealer sold: the later the number, the later the sale. A share of them was sold before the
/// plan begins, the others at an even pace since.
#[derive(Clone, Copy)]
pub(crate) struct Pool {
    pub(crate) dealer: u32,
    pub(crate) begins: Day,
    pub(crate) before: u32,
    /// Days from one sale to the next.
    pub(crate) pace: f64,
    /// How many it may be at most; the same for all pools of a network.
    pub(crate) most: u32,
}

/// Most vehicles of one dealer where as many orders come as usual; with more orders there may be more.
pub(crate) const MOST_VEHICLES: u32 = 2_000;
/// How many serial numbers there are: every vehicle of the network has its own.
pub(crate) const SERIAL_NUMBERS: u32 = LETTERS.len() as u32 * 1_000_000;
/// How far back the vehicles sold before the plan go, in days.
const YEARS_OF_SALES: i64 = 2_000;
/// Letters and digits of vehicle identification numbers (ISO 3779: no I, O, Q).
const LETTERS: &[u8; 33] = b"0123456789ABCDEFGHJKLMNPRSTUVWXYZ";
/// Letters of model years from 2010 on.
const YEARS: &[u8; 30] = b"ABCDEFGHJKLMNPRSTVWXY123456789";

impl Pool {
    /// How many are sold by a day.
    pub(crate) fn sold_by(&self, day: Day) -> u32 {
        let since = ((day.0 - self.begins.0).max(0) as f64 / self.pace) as u32;
        (self.before + since).min(self.most - 1)
    }

    /// The vehicle of a number.
    pub(crate) fn vehicle(&self, seed: u64, number: u32) -> Vehicle {
        let mut traits = stir(seed, u64::from(self.dealer), u64::from(number));
        let mut trait_of = |count: u64| {
            let value = traits % count;
            traits /= count;
            value
        };
        let mut share = trait_of(100);
        let model = MODELS
            .iter()
            .find(|m| match share.checked_sub(m.share) {
                Some(left) => {
                    share = left;
                    false
                }
                None => true,
            })
            .unwrap_or(&MODELS[0]);
        let jitter = trait_of(1000) as f64 / 1000.0;
        let sold = if number < self.before {
            let age = (f64::from(self.before - number) - jitter) / f64::from(self.before);
            self.begins.plus(-1 - (age * YEARS_OF_SALES as f64) as i64)
        } else {
            self.begins.plus(((f64::from(number - self.before) + jitter) * self.pace) as i64)
        };
        let kilometres_a_day = 15 + trait_of(46) as i64;
        Vehicle { model, sold, vin: self.vin(number, model, sold), kilometres_a_day }
    }

    fn vin(&self, number: u32, model: &Model, sold: Day) -> [u8; 17] {
        // A bijection on plant and serial number: the factor shares no prime with 33 000 000.
        let vehicle = u64::from(self.dealer) * u64::from(self.most) + u64::from(number);
        let serial = (vehicle * 19_260_817 + 20_417_659) % u64::from(SERIAL_NUMBERS);
        let mut vin = *b"LS500000000000000";
        vin[3..8].copy_from_slice(model.descriptor);
        vin[9] = YEARS[(i64::from(sold.date().year()) - 2010).rem_euclid(30) as usize];
        vin[10] = LETTERS[(serial / 1_000_000) as usize];
        let mut left = serial % 1_000_000;
        for place in vin[11..].iter_mut().rev() {
            *place = b'0' + (left % 10) as u8;
            left /= 10;
        }
        vin[8] = check_digit(&vin);
        vin
    }
}

/// The check digit of a vehicle identification number (GB 16735, place 9).
fn check_digit(vin: &[u8; 17]) -> u8 {
    const WEIGHTS: [u32; 17] = [8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2];
    let value = |letter: u8| match letter {
        b'0'..=b'9' => u32::from(letter - b'0'),
        b'A'..=b'H' => u32::from(letter - b'A') + 1,
        b'J'..=b'R' => u32::from(letter - b'J') + 1,
        b'S'..=b'Z' => u32::from(letter - b'S') + 2,
        _ => 0,
    };
    let sum: u32 = vin.iter().zip(WEIGHTS).map(|(letter, weight)| value(*letter) * weight).sum();
    if sum % 11 == 10 { b'X' } else { b'0' + (sum % 11) as u8 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    fn pool(dealer: u32) -> Pool {
        Pool { dealer, begins: Day(20_000), before: 150, pace: 12.5, most: MOST_VEHICLES }
    }

    #[test]
    fn a_known_number_has_its_check_digit() {
        assert_eq!(check_digit(b"1M8GDM9AXKP042788"), b'X');
        assert_eq!(check_digit(b"11111111111111111"), b'1');
    }

    #[test]
    fn vehicles_are_sold_in_order_and_none_share_a_number() {
        let mut vins = HashSet::new();
        for dealer in 0..20 {
            let pool = pool(dealer);
            for day in [0, 1, 100, 700] {
                let day = Day(20_000 + day);
                let sold = pool.sold_by(day);
                assert!((0..sold).all(|n| pool.vehicle(1, n).sold <= day));
            }
            for number in 0..MOST_VEHICLES {
                let vehicle = pool.vehicle(1, number);
                assert!(vehicle.vin().bytes().all(|b| b.is_ascii_alphanumeric() && !b"IOQ".contains(&b)));
                assert!(vins.insert(vehicle.vin().to_owned()));
            }
        }
        assert_eq!(MODELS.iter().map(|m| m.share).sum::<u64>(), 100);
    }

    #[test]
    fn summer_breaks_the_air_conditioning_and_winter_the_battery() {
        let mut dice = Dice::of(1, crate::dice::Purpose::Draw, 0, 0);
        let mut share = |code: &str, heat: f64| {
            (0..4_000).filter(|_| draw_fault(&mut dice, heat, false).code == code).count()
        };
        assert!(share("AC-NOCOLD", 1.0) > 10 * share("AC-NOCOLD", -1.0));
        assert!(share("BATT-LOW", -1.0) > 5 * share("BATT-LOW", 1.0));
    }
}
