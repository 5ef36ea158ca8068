//! tmp
mod drawn;
use drawn::*;
use farsight_evidence::picture::*;
use rand::RngExt as _;

fn pct(mut v: Vec<f32>) -> String {
    v.sort_by(f32::total_cmp);
    let n = v.len();
    format!(
        "min {:.3} p5 {:.3} med {:.3} p95 {:.3} max {:.3} n {n}",
        v[0],
        v[n / 20],
        v[n / 2],
        v[n * 19 / 20],
        v[n - 1]
    )
}

#[test]
fn flaws() {
    let mut sets: std::collections::BTreeMap<String, Vec<Flaws>> = Default::default();
    for s in 0..24u64 {
        let mut r = seeded(900 + s);
        let (w, h) = [(1280, 720), (640, 480), (1920, 1080)][(s % 3) as usize];
        let q = [40u8, 60, 80, 95][(s % 4) as usize];
        let base = hall(s, w, h);
        let mut add = |name: &str, p: image::RgbImage, dev: f32| {
            let mut p = p;
            clock(&mut p, s as u32 * 7);
            noise(&mut p, dev, s);
            sets.entry(name.into()).or_default().push(look(&jpeg(&p, q)).unwrap().flaws);
        };
        for d in [1.0, 4.0, 8.0] {
            add(&format!("a sound n{d}"), base.clone(), d);
        }
        add("a sound dim.4", relit(&base, 0.4, 0.0), 3.0);
        add("a sound dim.25", relit(&base, 0.25, 0.0), 3.0);
        add("a sound bright", relit(&base, 1.3, 20.0), 3.0);
        add("a sound flat .4+90", relit(&base, 0.4, 90.0), 3.0);
        add("a sound upscaled1.5", resized(&resized(&base, w * 2 / 3, h * 2 / 3), w, h), 3.0);
        for b in [200.0f32, 130.0, 100.0, 60.0] {
            for d in [1.0, 6.0] {
                add(&format!("blur w/{b} n{d}"), unfocused(&base, w as f32 / b), d);
            }
        }
        add("night black", relit(&base, 0.06, 4.0), 3.0);
        add("cap black", image::RgbImage::from_pixel(w, h, image::Rgb([3, 3, 4])), 4.0);
        let c = [r.random_range(20..235u8), r.random_range(20..235u8), r.random_range(20..235u8)];
        let tape = image::RgbImage::from_fn(w, h, |x, _| {
            let g = (x * 16 / w) as i32 - 8;
            image::Rgb(c.map(|v| (v as i32 + g).clamp(0, 255) as u8))
        });
        add("tape", tape, 5.0);
        add("heavy smear w/8", unfocused(&base, w as f32 / 8.0), 3.0);
    }
    for (k, v) in sets {
        println!(
            "{k}\n  black {}\n  cover {}\n  sharp {}",
            pct(v.iter().map(|f| f.black.number).collect()),
            pct(v.iter().map(|f| f.covered.number).collect()),
            pct(v.iter().map(|f| f.blurred.number).collect())
        );
    }
}

#[test]
fn prints() {
    let all: Vec<Fingerprints> =
        (0..120u64).map(|s| look(&jpeg(&hall(s, 640, 480), 80)).unwrap().fingerprint).collect();
    let mut other = vec![];
    for i in 0..all.len() {
        for j in 0..i {
            other.push(all[i].distance(&all[j]) as f32);
        }
    }
    println!("other {}", pct(other.clone()));
    for t in 4..20 {
        println!("<= {t}: {}", other.iter().filter(|d| **d <= t as f32).count());
    }
    let mut sets: std::collections::BTreeMap<String, Vec<f32>> = Default::default();
    for s in 0..25u64 {
        let base = hall(s, 640, 480);
        let f = &all[s as usize];
        let mut add = |n: &str, p: image::RgbImage, q: u8| {
            sets.entry(n.into()).or_default().push(look(&jpeg(&p, q)).unwrap().fingerprint.distance(f) as f32)
        };
        for t in 0..8 {
            add("turned q40", turned(&base, t), 40);
        }
        let mut n = base.clone();
        noise(&mut n, 8.0, s);
        add("noise8 q40", n, 40);
        add("half", resized(&base, 320, 240), 60);
        add("double", resized(&base, 1280, 960), 60);
        add("quarter turned", turned(&resized(&base, 160, 120), 5), 60);
        add("squeezed", resized(&base, 640, 360), 80);
        add("dark", relit(&base, 0.5, 0.0), 60);
        add("light", relit(&base, 1.2, 20.0), 60);
        add("light2", relit(&base, 1.5, 0.0), 60);
        let mut c = base.clone();
        clock(&mut c, s as u32);
        add("clock", c, 80);
        add("crop 2%", image::imageops::crop_imm(&base, 6, 5, 628, 470).to_image(), 80);
        add("crop 5%", image::imageops::crop_imm(&base, 16, 12, 608, 456).to_image(), 80);
    }
    for (k, v) in sets {
        println!("{k} {}", pct(v));
    }
}

#[test]
fn froz() {
    let mut sets: std::collections::BTreeMap<String, Vec<Likeness>> = Default::default();
    for s in 0..3u64 {
        for (w, h) in [(640, 480), (1280, 720)] {
            let base = hall(s, w, h);
            let shot = |sec: Option<u32>, dev: f32, seed: u64| {
                let mut p = base.clone();
                noise(&mut p, dev, seed);
                if let Some(sec) = sec {
                    clock(&mut p, sec);
                }
                p
            };
            for dev in [1.0f32, 2.0, 3.0, 5.0] {
                let frame = shot(Some(100), dev, s);
                let fresh = shot(Some(100), dev, s + 1000);
                let tick = shot(Some(101), dev, s);
                for qa in [40u8, 60, 75, 90, 95] {
                    let a = jpeg(&frame, qa);
                    for qb in [40u8, 60, 75, 90, 95] {
                        let mut add = |n: String, b: &[u8]| {
                            let l = frozen(&a, b).unwrap();
                            sets.entry(n).or_default().push(l);
                        };
                        add("SAME common".into(), &jpeg(&frame, qb));
                        add("SAME derived".into(), &jpeg(&pixels(&a), qb));
                        add(format!("NEW noise{dev} minq{}", qa.min(qb)), &jpeg(&fresh, qb));
                        add("NEW tick".into(), &jpeg(&tick, qb));
                    }
                    sets.entry("SAME png derived".into())
                        .or_default()
                        .push(frozen(&a, &png(&pixels(&a))).unwrap());
                }
            }
        }
    }
    for (k, v) in sets {
        println!(
            "{k}: frozen {}/{} changed {} fresh {}",
            v.iter().filter(|l| l.frozen).count(),
            v.len(),
            pct(v.iter().map(|l| l.changed_blocks as f32).collect()),
            pct(v.iter().map(|l| l.fresh_share).collect())
        );
    }
}
