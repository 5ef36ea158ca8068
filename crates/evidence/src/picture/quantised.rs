//! How coarsely a picture's brightness was rounded when it was compressed: the steps a JPEG states in its head. It must
//! never decode, nor trust a length.

/// The lowest frequencies of a block that are compared, as (row, column); compression keeps these best.
pub(super) const LOWEST: [(usize, usize); 10] =
    [(0, 0), (0, 1), (1, 0), (2, 0), (1, 1), (0, 2), (0, 3), (1, 2), (2, 1), (3, 0)];

/// The steps of [`LOWEST`], in the order a JPEG writes them, which is that one.
pub(super) type Steps = [f32; LOWEST.len()];

/// What a picture without loss is rounded to.
const LOSSLESS: Steps = [1.0; LOWEST.len()];

const TABLES: u8 = 0xdb;
const SCAN: u8 = 0xda;

/// The steps of the first table, which is the brightness' by every common encoder; of what is no JPEG those of a
/// picture without loss.
pub(super) fn steps(bytes: &[u8]) -> Steps {
    let mut rest = bytes.strip_prefix(&[0xff, 0xd8]).unwrap_or_default();
    while let [0xff, marker, high, low, tail @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low])).saturating_sub(2);
        let Some((segment, after)) = tail.split_at_checked(length) else { break };
        match *marker {
            TABLES => {
                if let Some(found) = first_table(segment) {
                    return found;
                }
            }
            SCAN => break,
            _ => {}
        }
        rest = after;
    }
    LOSSLESS
}

fn first_table(mut segment: &[u8]) -> Option<Steps> {
    while let [kind, tail @ ..] = segment {
        let wide = kind >> 4 != 0;
        let (table, after) = tail.split_at_checked(if wide { 128 } else { 64 })?;
        if kind % 16 == 0 {
            return Some(std::array::from_fn(|index| {
                let step = if wide {
                    u16::from_be_bytes([table[2 * index], table[2 * index + 1]])
                } else {
                    table[index].into()
                };
                f32::from(step.max(1))
            }));
        }
        segment = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A JPEG's head with a table of each width, the second of which is the brightness'.
    fn head() -> Vec<u8> {
        let mut head = vec![0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xdb, 0, 2 + 65 + 129, 0x01];
        head.extend([9; 64]);
        head.push(0x10);
        (300..364_u16).for_each(|step| head.extend(step.to_be_bytes()));
        head
    }

    fn whole(steps: Steps) -> [u16; LOWEST.len()] {
        steps.map(|step| step as u16)
    }

    #[test]
    fn the_first_table_is_found_behind_others() {
        assert_eq!(whole(steps(&head()))[..3], [300, 301, 302]);
    }

    #[test]
    fn what_is_cut_or_no_jpeg_counts_as_lossless() {
        for cut in 0..head().len() {
            assert_eq!(whole(steps(&head()[..cut])), whole(LOSSLESS));
        }
        assert_eq!(whole(steps(b"\x89PNG\r\n\x1a\n")), whole(LOSSLESS));
    }
}
