//! Pictures made on the server: sparklines, columns, trends, stacked bars and the map of dots, as SVG that stands in a page.
//!
//! Pure: numbers and words in, a text out. Colour comes from the style sheet by class, never alone: shape or words say the
//! same. Nothing here knows what a number means.

use std::fmt::Write;

use farsight_rulebook::policy::Severity;
use minijinja::Value;

/// A picture as a template takes it, unescaped.
pub(crate) fn picture(svg: String) -> Value {
    Value::from_safe_string(svg)
}

/// A text as it may stand in markup.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A length, with at most one decimal.
fn n(length: f64) -> String {
    // In whole tenths: a map has thousands of lengths, and a float's digits are slow to find.
    let tenths = (length * 10.0).round() as i64;
    let sign = if tenths < 0 { "-" } else { "" };
    match (tenths.abs() / 10, tenths.abs() % 10) {
        (whole, 0) => format!("{sign}{whole}"),
        (whole, tenth) => format!("{sign}{whole}.{tenth}"),
    }
}

fn put(svg: &mut String, part: std::fmt::Arguments) {
    // Writing to a text cannot fail.
    let _ = svg.write_fmt(part);
}

/// The least and greatest of some numbers, never the same.
fn extent(numbers: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    let (low, high) =
        numbers.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    match low.partial_cmp(&high)? {
        std::cmp::Ordering::Less => Some((low, high)),
        std::cmp::Ordering::Equal => Some((low - 1.0, high + 1.0)),
        std::cmp::Ordering::Greater => None,
    }
}

/// Lines through the points that are known; a gap stays a gap, and a point alone is a dot.
fn lines(svg: &mut String, points: &[Option<(f64, f64)>]) {
    for run in points.split(Option::is_none).filter(|run| !run.is_empty()) {
        let known: Vec<_> = run.iter().flatten().collect();
        match known[..] {
            [(x, y)] => put(
                svg,
                format_args!("<circle class=\"point\" cx=\"{}\" cy=\"{}\" r=\"1.5\"/>", n(*x), n(*y)),
            ),
            _ => {
                let path: Vec<_> = known.iter().map(|(x, y)| format!("{},{}", n(*x), n(*y))).collect();
                put(svg, format_args!("<polyline class=\"line\" points=\"{}\"/>", path.join(" ")));
            }
        }
    }
}

/// A small line of a few months, the last one marked. `label` says in words what it shows.
pub(crate) fn sparkline(numbers: &[Option<f64>], label: &str) -> String {
    const WIDTH: f64 = 120.0;
    const HEIGHT: f64 = 30.0;
    const EDGE: f64 = 4.0;
    let mut svg = format!(
        "<svg class=\"spark\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\" aria-label=\"{}\">",
        escaped(label)
    );
    if let Some((low, high)) = extent(numbers.iter().flatten().copied()) {
        let step = (WIDTH - 2.0 * EDGE) / (numbers.len().max(2) - 1) as f64;
        let place = |(index, number): (usize, &Option<f64>)| {
            number.map(|y| {
                (EDGE + step * index as f64, HEIGHT - EDGE - (y - low) / (high - low) * (HEIGHT - 2.0 * EDGE))
            })
        };
        let points: Vec<_> = numbers.iter().enumerate().map(place).collect();
        lines(&mut svg, &points);
        if let Some((x, y)) = points.iter().flatten().next_back() {
            put(
                &mut svg,
                format_args!("<circle class=\"last\" cx=\"{}\" cy=\"{}\" r=\"2.6\"/>", n(*x), n(*y)),
            );
        }
    }
    svg.push_str("</svg>");
    svg
}

/// One column: what goes up from the line and what goes down, with a title in words.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    /// Stands below; may be empty.
    pub(crate) label: String,
    /// In words, all of it.
    pub(crate) title: String,
    /// Above the line, not below zero.
    pub(crate) up: f64,
    /// Below the line, not below zero.
    pub(crate) down: f64,
}

/// Columns up and down from a line.
pub(crate) fn columns(columns: &[Column], label: &str) -> String {
    const WIDTH: f64 = 720.0;
    const HEIGHT: f64 = 170.0;
    const BELOW: f64 = 18.0;
    let mut svg = format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
        escaped(label)
    );
    let (up, down) =
        columns.iter().fold((0.0_f64, 0.0_f64), |(up, down), c| (up.max(c.up), down.max(c.down)));
    let scale = (HEIGHT - BELOW - 8.0) / (up + down).max(1.0);
    let line = 4.0 + up * scale;
    let step = WIDTH / columns.len().max(1) as f64;
    for (index, column) in columns.iter().enumerate() {
        let (x, width) = (step * index as f64 + step * 0.15, step * 0.7);
        put(&mut svg, format_args!("<g><title>{}</title>", escaped(&column.title)));
        if column.up > 0.0 {
            let height = column.up * scale;
            put(
                &mut svg,
                format_args!(
                    "<rect class=\"up\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
                    n(x),
                    n(line - height),
                    n(width),
                    n(height)
                ),
            );
        }
        if column.down > 0.0 {
            put(
                &mut svg,
                format_args!(
                    "<rect class=\"down\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
                    n(x),
                    n(line),
                    n(width),
                    n(column.down * scale)
                ),
            );
        }
        svg.push_str("</g>");
        below(&mut svg, x + width / 2.0, HEIGHT - 5.0, &column.label);
    }
    put(
        &mut svg,
        format_args!("<line class=\"axis\" x1=\"0\" x2=\"{WIDTH}\" y1=\"{0}\" y2=\"{0}\"/></svg>", n(line)),
    );
    svg
}

fn below(svg: &mut String, x: f64, y: f64, text: &str) {
    if !text.is_empty() {
        put(
            svg,
            format_args!(
                "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
                n(x),
                n(y),
                escaped(text)
            ),
        );
    }
}

/// A line to be kept below or above.
#[derive(Debug, Clone)]
pub(crate) struct Threshold {
    /// Where.
    pub(crate) at: f64,
    /// What it is, in words.
    pub(crate) label: String,
    /// Its class: `warning` or `critical`.
    pub(crate) tone: &'static str,
}

/// Figures of months as a line, with a scale, and with thresholds drawn in. `labels` stand below, one a point or empty.
pub(crate) fn trend(
    numbers: &[Option<f64>],
    labels: &[String],
    thresholds: &[Threshold],
    shown: impl Fn(f64) -> String,
    label: &str,
) -> String {
    const WIDTH: f64 = 720.0;
    const HEIGHT: f64 = 190.0;
    const LEFT: f64 = 56.0;
    const RIGHT: f64 = 10.0;
    const ABOVE: f64 = 18.0;
    const BELOW: f64 = 22.0;
    let mut svg = format!(
        "<svg class=\"chart\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
        escaped(label)
    );
    let all = numbers.iter().flatten().copied().chain(thresholds.iter().map(|threshold| threshold.at));
    let Some((low, high)) = extent(all.chain([0.0])) else {
        svg.push_str("</svg>");
        return svg;
    };
    let y_of = |y: f64| HEIGHT - BELOW - (y - low) / (high - low) * (HEIGHT - ABOVE - BELOW);
    for part in 0..=4 {
        let at = low + (high - low) * f64::from(part) / 4.0;
        let y = y_of(at);
        put(
            &mut svg,
            format_args!(
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\"/><text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
                n(WIDTH - RIGHT),
                n(LEFT - 6.0),
                n(y_of(at) + 4.0),
                escaped(&shown(at)),
                y = n(y)
            ),
        );
    }
    let step = (WIDTH - LEFT - RIGHT) / (numbers.len().max(2) - 1) as f64;
    let place =
        |(index, number): (usize, &Option<f64>)| number.map(|y| (LEFT + step * index as f64, y_of(y)));
    let points: Vec<_> = numbers.iter().enumerate().map(place).collect();
    lines(&mut svg, &points);
    for ((point, number), month) in points.iter().zip(numbers).zip(labels) {
        if let (Some((x, y)), Some(number)) = (point, number) {
            put(
                &mut svg,
                format_args!(
                    "<circle class=\"point\" cx=\"{}\" cy=\"{}\" r=\"3\"><title>{} {}</title></circle>",
                    n(*x),
                    n(*y),
                    escaped(month),
                    escaped(&shown(*number))
                ),
            );
        }
    }
    for (index, month) in
        labels.iter().enumerate().filter(|(index, _)| (labels.len() - 1 - index).is_multiple_of(3))
    {
        below(&mut svg, (LEFT + step * index as f64).clamp(LEFT + 4.0, WIDTH - 24.0), HEIGHT - 5.0, month);
    }
    for threshold in thresholds {
        let y = n(y_of(threshold.at));
        put(
            &mut svg,
            format_args!(
                "<line class=\"threshold {}\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\"/><text class=\"{}\" x=\"{}\" y=\"{}\">{}</text>",
                threshold.tone,
                n(WIDTH - RIGHT),
                threshold.tone,
                n(LEFT + 6.0),
                n(y_of(threshold.at) - 4.0),
                escaped(&threshold.label)
            ),
        );
    }
    svg.push_str("</svg>");
    svg
}

/// A bar of parts, each with its class; its words stand beside it in the page.
pub(crate) fn stacked(parts: &[(&'static str, i64)], label: &str) -> String {
    const WIDTH: f64 = 300.0;
    let mut svg = format!(
        "<svg class=\"bar\" viewBox=\"0 0 {WIDTH} 12\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{}\">",
        escaped(label)
    );
    let total = parts.iter().map(|(_, size)| size).sum::<i64>().max(1) as f64;
    put(&mut svg, format_args!("<rect class=\"rest\" width=\"{WIDTH}\" height=\"12\"/>"));
    let mut x = 0.0;
    for (class, size) in parts.iter().filter(|(_, size)| *size > 0) {
        let width = WIDTH * *size as f64 / total;
        put(
            &mut svg,
            format_args!("<rect class=\"{class}\" x=\"{}\" width=\"{}\" height=\"12\"/>", n(x), n(width)),
        );
        x += width;
    }
    svg.push_str("</svg>");
    svg
}

/// A round number of degrees that divides a stretch into a few parts.
fn round_step(degrees: f64) -> f64 {
    [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0].into_iter().find(|step| degrees / step <= 7.0).unwrap_or(30.0)
}

/// The multiples of a step between two numbers.
fn multiples(low: f64, high: f64, step: f64) -> impl Iterator<Item = f64> {
    ((low / step).ceil() as i64..=(high / step).floor() as i64).map(move |at| at as f64 * step)
}

/// A dealer on the map.
#[derive(Debug, Clone)]
pub(crate) struct Dot<'d> {
    /// Latitude, in degrees.
    pub(crate) lat: f64,
    /// Longitude, in degrees.
    pub(crate) lon: f64,
    /// What it says.
    pub(crate) title: &'d str,
    /// Where it leads.
    pub(crate) to: &'d str,
    /// Colour and shape.
    pub(crate) worst: Severity,
}

/// More dots than this are too many to lead anywhere each: those without trouble are drawn alone.
const MOST_LINKS: usize = 1_500;

const fn shape(worst: Severity) -> &'static str {
    match worst {
        Severity::Critical => "critical",
        Severity::Warning => "warning",
        Severity::Notice => "notice",
        Severity::None => "good",
    }
}

/// Dots where they lie, in a plain projection of their own extent. Each leads to its page; the keyboard stops at those
/// with trouble only, the list has all.
pub(crate) fn map(dots: &[Dot], label: &str) -> String {
    const WIDTH: f64 = 640.0;
    const EDGE: f64 = 12.0;
    let known = || dots.iter().filter(|dot| dot.lat.abs() <= 90.0 && dot.lon.abs() <= 180.0);
    let Some((south, north)) = extent(known().map(|dot| dot.lat)) else { return String::new() };
    let Some((west, east)) = extent(known().map(|dot| dot.lon)) else { return String::new() };
    // A degree of longitude is shorter the further from the equator.
    let narrow = f64::midpoint(south, north).to_radians().cos().max(0.1);
    let scale = ((WIDTH - 2.0 * EDGE) / ((east - west) * narrow)).min(400.0 / (north - south));
    let width = (east - west) * narrow * scale;
    let (left, height) = ((WIDTH - width) / 2.0, (north - south) * scale + 2.0 * EDGE);
    let mut svg = format!(
        "<svg class=\"map\" viewBox=\"0 0 {WIDTH} {}\" role=\"group\" aria-label=\"{}\"><defs>\
         <circle id=\"dot-good\" r=\"2.6\"/><rect id=\"dot-notice\" x=\"-3\" y=\"-3\" width=\"6\" height=\"6\"/>\
         <path id=\"dot-warning\" d=\"M0-5 4.6 3.6H-4.6z\"/><path id=\"dot-critical\" d=\"M0-5.6 5.6 0 0 5.6-5.6 0z\"/></defs>",
        n(height),
        escaped(label)
    );
    let across = |lon: f64| left + (lon - west) * narrow * scale;
    let down = |lat: f64| EDGE + (north - lat) * scale;
    svg.push_str("<g class=\"graticule\" aria-hidden=\"true\">");
    let step = round_step((east - west).max(north - south));
    for lon in multiples(west, east, step) {
        let x = n(across(lon));
        put(
            &mut svg,
            format_args!("<path d=\"M{x} 0V{}\"/><text x=\"{x}\" y=\"9\">{}°</text>", n(height), n(lon)),
        );
    }
    for lat in multiples(south, north, step) {
        let y = n(down(lat));
        put(&mut svg, format_args!("<path d=\"M0 {y}H{WIDTH}\"/><text x=\"2\" y=\"{y}\">{}°</text>", n(lat)));
    }
    svg.push_str("</g>");
    let links = dots.len() <= MOST_LINKS;
    for dot in known() {
        let (x, y) = (across(dot.lon), down(dot.lat));
        let shape = shape(dot.worst);
        let (x, y) = (n(x), n(y));
        let drawn = format_args!("<use href=\"#dot-{shape}\" class=\"{shape}\" x=\"{x}\" y=\"{y}\"/>");
        let trouble = dot.worst >= Severity::Warning;
        if links || trouble {
            let stop = if trouble { "" } else { " tabindex=\"-1\"" };
            let (to, title) = (escaped(dot.to), escaped(dot.title));
            put(&mut svg, format_args!("<a href=\"{to}\"{stop}><title>{title}</title>{drawn}</a>"));
        } else {
            put(&mut svg, drawn);
        }
    }
    svg.push_str("</svg>");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A picture is markup that can be read, whatever is drawn.
    #[track_caller]
    fn whole(svg: &str) {
        let mut open = Vec::new();
        for tag in svg.split('<').skip(1) {
            let (tag, _) = tag.split_once('>').expect("a tag that ends");
            let name = tag.trim_start_matches('/').split([' ', '/']).next().expect("a name");
            match (tag.starts_with('/'), tag.ends_with('/')) {
                (true, _) => assert_eq!(open.pop(), Some(name), "{svg}"),
                (false, false) => open.push(name),
                (false, true) => {}
            }
        }
        assert!(
            open.is_empty() && !svg.contains("NaN") && !svg.contains("inf") && !svg.contains("style="),
            "{svg}"
        );
    }

    #[test]
    fn a_sparkline_keeps_its_gaps() {
        let svg = sparkline(&[Some(1.0), Some(2.0), None, Some(3.0), None], "a < b");
        whole(&svg);
        assert!(svg.contains("aria-label=\"a &lt; b\""));
        assert_eq!(svg.matches("<polyline").count(), 1, "{svg}");
        assert!(svg.contains("<polyline class=\"line\" points=\"4,26 32,15\"/>"), "{svg}");
        assert!(svg.contains("<circle class=\"last\" cx=\"88\" cy=\"4\" r=\"2.6\"/>"), "{svg}");
        for numbers in [&[][..], &[None], &[Some(0.0)], &[Some(5.0), Some(5.0)]] {
            whole(&sparkline(numbers, ""));
        }
    }

    #[test]
    fn columns_stand_on_one_line() {
        let column = |up, down| Column { label: "1".to_owned(), title: "\"".to_owned(), up, down };
        let svg = columns(&[column(3.0, 1.0), column(0.0, 0.0)], "money");
        whole(&svg);
        assert!(svg.contains("<rect class=\"up\" x=\"54\" y=\"4\" width=\"252\" height=\"108\"/>"), "{svg}");
        assert!(
            svg.contains("<rect class=\"down\" x=\"54\" y=\"112\" width=\"252\" height=\"36\"/>"),
            "{svg}"
        );
        whole(&columns(&[], ""));
        whole(&columns(&[column(0.0, 0.0)], ""));
    }

    #[test]
    fn thresholds_are_always_in_the_picture() {
        let limit = Threshold { at: 450.0, label: "rectify".to_owned(), tone: "critical" };
        let svg = trend(&[Some(100.0), None], &["a".to_owned(), "b".to_owned()], &[limit], n, "turnover");
        whole(&svg);
        assert!(
            svg.contains("<line class=\"threshold critical\" x1=\"56\" x2=\"710\" y1=\"18\" y2=\"18\"/>"),
            "{svg}"
        );
        whole(&trend(&[], &[], &[], n, ""));
    }

    #[test]
    fn a_bar_is_filled_by_its_parts() {
        let svg = stacked(&[("good", 3), ("critical", 0), ("waiting", 1)], "3 of 4");
        whole(&svg);
        assert!(svg.contains("<rect class=\"good\" x=\"0\" width=\"225\" height=\"12\"/>"), "{svg}");
        assert!(svg.contains("<rect class=\"waiting\" x=\"225\" width=\"75\" height=\"12\"/>"), "{svg}");
        whole(&stacked(&[], ""));
    }

    #[test]
    fn dots_lie_where_they_are_and_lead_on() {
        let dot = |lat, lon, worst| Dot { lat, lon, title: "A & B", to: "/dealers/A", worst };
        let dots = [
            dot(20.0, 100.0, Severity::None),
            dot(40.0, 100.0, Severity::Critical),
            dot(20.0, 120.0, Severity::Warning),
            dot(f64::NAN, 120.0, Severity::Warning),
        ];
        let svg = map(&dots, "dealers");
        whole(&svg);
        assert_eq!(svg.matches("<a href=\"/dealers/A\"").count(), 3, "{svg}");
        assert_eq!(svg.matches("tabindex").count(), 1);
        let place = |shape: &str| {
            let at = svg.split(&format!("class=\"{shape}\" x=\"")).nth(1).expect("a dot");
            let (x, rest) = at.split_once("\" y=\"").expect("x and y");
            let number = |text: &str| text.parse::<f64>().expect("a number");
            (number(x), number(rest.split('"').next().expect("y")))
        };
        let (south, north, east) = (place("good"), place("critical"), place("warning"));
        assert!(north.1 < south.1 && (north.0 - south.0).abs() < 0.1, "north is up");
        assert!(east.0 > south.0 && (east.1 - south.1).abs() < 0.1, "east is right");
        assert_eq!(map(&[], ""), "");
        whole(&map(&dots[..1], ""));
    }
}
