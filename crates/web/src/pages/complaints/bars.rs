//! A complaint's clocks as bars: kept, waiting for the manufacturer, overdue, each by colour and pattern; the deadline as a
//! mark. SVG made here, without a word in it: the words stand beside it.

use std::fmt::Write;

use farsight_rulebook::checks::complaint::Clocks;
use farsight_rulebook::checks::complaint::clocks::Clock;
use farsight_rulebook::time::Instant;

/// The width of a bar in its own measure.
const WIDTH: i64 = 1_000;
/// Its height.
const HEIGHT: i64 = 26;

/// The span of time that all bars of a complaint show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Scale {
    /// Its beginning.
    pub(super) from: Instant,
    /// Its end.
    pub(super) to: Instant,
}

impl Scale {
    /// From the clocks' start to the last deadline or deed, and a little more.
    pub(super) fn of(clocks: &Clocks) -> Self {
        let all =
            [Some(&clocks.reply), Some(&clocks.close), clocks.dealer_gm.as_ref(), clocks.deputy.as_ref()];
        let ends = all.into_iter().flatten().flat_map(|clock| {
            let last = clock.stretches.last().map_or(clock.due, |stretch| stretch.to);
            [clock.due, last]
        });
        let last = ends.max().unwrap_or(clocks.start);
        let span = (last.0 - clocks.start.0).max(1);
        Self { from: clocks.start, to: Instant(clocks.start.0 + span + span / 25) }
    }

    fn place(self, at: Instant) -> i64 {
        let span = i128::from((self.to.0 - self.from.0).max(1));
        let place = i128::from(at.0 - self.from.0) * i128::from(WIDTH) / span;
        place.clamp(0, i128::from(WIDTH)) as i64
    }
}

/// The bar of a clock; `told` says in words what it shows.
pub(super) fn bar(clock: &Clock, scale: Scale, told: &str) -> String {
    let mut svg = format!(
        "<svg class=\"clock-bar\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">\
         <rect class=\"clock-ground\" x=\"0\" y=\"6\" width=\"{WIDTH}\" height=\"14\"/>",
        escaped(told)
    );
    for stretch in &clock.stretches {
        let (from, to) = (scale.place(stretch.from), scale.place(stretch.to));
        let width = (to - from).max(2);
        let phase = stretch.phase.name();
        let _ = write!(
            svg,
            "<rect class=\"clock-{phase}\" x=\"{from}\" y=\"6\" width=\"{width}\" height=\"14\"/>{}",
            pattern(phase, from, width)
        );
    }
    let due = scale.place(clock.due);
    let _ = write!(svg, "<path class=\"clock-due\" d=\"M{due} 0V{HEIGHT}\"/></svg>");
    svg
}

/// What tells a stretch from others without its colour: waiting is dashed along, overdue is crossed.
fn pattern(phase: &str, from: i64, width: i64) -> String {
    let to = from + width;
    match phase {
        "waiting" => format!("<path class=\"clock-dash\" d=\"M{from} 13H{to}\"/>"),
        "overdue" => {
            let mut strokes = String::new();
            for step in 0..=width / 14 {
                let left = from + step * 14;
                let _ = write!(strokes, "M{left} 20L{} 6", (left + 7).min(to));
            }
            format!("<path class=\"clock-cross\" d=\"{strokes}\"/>")
        }
        _ => String::new(),
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use farsight_rulebook::checks::complaint::clocks::{Phase, Stretch};

    #[test]
    fn stretches_lie_where_they_belong() {
        let clock = Clock {
            due: Instant(500),
            done: None,
            late: true,
            stretches: vec![
                Stretch { from: Instant(0), to: Instant(500), phase: Phase::Kept },
                Stretch { from: Instant(500), to: Instant(1_000), phase: Phase::Overdue },
            ],
        };
        let svg = bar(&clock, Scale { from: Instant(0), to: Instant(1_000) }, "a \"b\" <c>");
        assert!(svg.contains("<rect class=\"clock-kept\" x=\"0\" y=\"6\" width=\"500\""), "{svg}");
        assert!(svg.contains("<rect class=\"clock-overdue\" x=\"500\" y=\"6\" width=\"500\""), "{svg}");
        assert!(svg.contains("d=\"M500 0V26\"") && svg.contains("a &quot;b&quot; &lt;c&gt;"), "{svg}");
    }
}
