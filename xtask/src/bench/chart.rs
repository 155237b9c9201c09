//! The chart of the benchmark.

use std::fmt::Write;

use super::report::Report;
use super::rows::Who;

/// Height of one bar with its space, in pixels.
const BAR: usize = 22;
/// Width of the names, in pixels.
const NAMES: f64 = 330.0;
/// Width of a factor of ten, in pixels.
const DECADE: f64 = 100.0;

/// A bar for the wall time of each row, on a logarithmic scale that begins at 0.1 ms.
pub(super) fn svg(report: &Report) -> String {
    let height = BAR * (report.measured.len() + 1);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"960\" height=\"{height}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n"
    );
    for (index, one) in report.measured.iter().enumerate() {
        let wall = one.median(|run| run.wall) / 1000.0;
        let width = DECADE * (wall / 0.1).log10().max(0.0);
        let (top, color) = (BAR * index, color(one.row.who));
        let name = one.row.name.replace('&', "&amp;").replace('<', "&lt;");
        let program = if one.row.who == Who::Python { " (Python)" } else { "" };
        let _ = writeln!(
            svg,
            "<text x=\"{x}\" y=\"{text}\" text-anchor=\"end\">{name}{program}</text>\
             <rect x=\"{NAMES}\" y=\"{bar}\" width=\"{width:.1}\" height=\"16\" fill=\"{color}\"/>\
             <text x=\"{end:.1}\" y=\"{text}\">{wall:.2} ms</text>",
            x = NAMES - 6.0,
            text = top + 17,
            bar = top + 4,
            end = NAMES + width + 6.0,
        );
    }
    svg.push_str("</svg>\n");
    svg
}

fn color(who: Who) -> &'static str {
    match who {
        Who::System => "#8a8a8a",
        Who::Ours => "#1f6fb4",
        Who::Python => "#d9822b",
    }
}
