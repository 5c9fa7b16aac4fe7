// SPDX-License-Identifier: GPL-2.0
//! PostMark's ratios as a plot.

use anyhow::{anyhow, Result};
use plotters::{coord::Shift, prelude::*};

use crate::{
    cells::{Cells, Spread},
    path::Path,
    report::About,
    work::{postmark, BLOCKS},
};

const SIZE: (u32, u32) = (1000, 560);

/// Ratios from here on are shown; nothing is faster than local by much.
const LEAST: f64 = 0.7;

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// mfs.svg: two panels, times and instructions, as multiples of local over the block size.
pub(crate) fn svg(about: &About, cells: &Cells) -> Result<String> {
    let mut text = String::new();
    {
        let area = SVGBackend::with_string(&mut text, SIZE).into_drawing_area();
        draw(&area, about, cells).map_err(|error| anyhow!("the plot: {error}"))?;
    }
    Ok(text)
}

type Drawn = std::result::Result<(), Box<dyn std::error::Error>>;

fn draw(area: &Area<'_>, about: &About, cells: &Cells) -> Drawn {
    area.fill(&WHITE)?;
    let title = format!(
        "PostMark: multiples of local ext4 ({}, integrity {}, {} host cores, {})",
        about.accelerator, about.integrity, about.host_cores, about.kernel
    );
    let area = area.titled(&title, ("sans-serif", 18))?;
    let (left, right) = area.split_horizontally(SIZE.0 / 2);
    panel(&left, "time", cells, |path, bytes| {
        cells.time_ratio(postmark(bytes), path, Path::Local)
    })?;
    panel(
        &right,
        "instructions of both guests",
        cells,
        |path, bytes| cells.insn_ratio(postmark(bytes), path, Path::Local),
    )?;
    area.present()?;
    Ok(())
}

fn color(path: Path) -> RGBColor {
    match path {
        Path::Local | Path::Overlayfs => BLACK,
        Path::MfsHere => RGBColor(0, 130, 60),
        Path::MfsAfar => RGBColor(0, 90, 200),
        Path::Nfs => RGBColor(220, 120, 0),
        Path::NfsNoDeleg => RGBColor(150, 90, 30),
        Path::NfsCoherent => RGBColor(210, 0, 60),
        Path::NfsCoherentNoDeleg => RGBColor(130, 0, 130),
    }
}

fn panel(
    area: &Area<'_>,
    title: &str,
    cells: &Cells,
    ratio: impl Fn(Path, u64) -> Option<Spread>,
) -> Drawn {
    let paths =
        (Path::COMPARED.into_iter()).filter(|path| *path != Path::Local && cells.has(*path));
    let lines: Vec<(Path, Vec<(f64, Spread)>)> = paths
        .map(|path| {
            // The blocks are powers of two, so their logarithms are the places on the axis.
            let points = BLOCKS.map(|bytes| Some(((bytes as f64).log2(), ratio(path, bytes)?)));
            (path, points.into_iter().flatten().collect())
        })
        .collect();
    let greatest = lines
        .iter()
        .flat_map(|(_, points)| points)
        .map(|(_, spread)| spread.max);
    // The names of the lines are above them.
    let top = greatest.fold(2.0, f64::max) * 3.5;
    let mut chart = ChartBuilder::on(area)
        .caption(title, ("sans-serif", 16))
        .margin(8)
        .x_label_area_size(34)
        .y_label_area_size(46)
        .build_cartesian_2d(5.5f64..14.5, (LEAST..top).log_scale())?;
    chart
        .configure_mesh()
        .x_labels(9)
        .x_label_formatter(&|place| format!("{:.0}", place.exp2()))
        .y_label_formatter(&|value| format!("{value} x"))
        .x_desc("bytes per read() and write()")
        .light_line_style(WHITE)
        .draw()?;
    for (path, points) in &lines {
        let color = color(*path);
        let medians = points.iter().map(|(place, spread)| (*place, spread.median));
        chart
            .draw_series(LineSeries::new(medians.clone(), color.stroke_width(2)))?
            .label(path.name())
            .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
        chart.draw_series(medians.map(|at| Circle::new(at, 3, color.filled())))?;
        chart.draw_series(points.iter().map(|(place, spread)| {
            PathElement::new([(*place, spread.min), (*place, spread.max)], color)
        }))?;
    }
    chart
        .configure_series_labels()
        .position(SeriesLabelPosition::UpperRight)
        .background_style(WHITE.mix(0.8))
        .border_style(BLACK.mix(0.3))
        .draw()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{cells::Sample, report::tests::about};

    #[test]
    fn every_measured_path_is_named_and_drawn_in_both_panels() {
        let mut cells = Cells::default();
        for (at, path) in Path::COMPARED.into_iter().enumerate() {
            for (place, bytes) in BLOCKS.into_iter().enumerate() {
                let cost = (1 + 7 * at - at * place / 2) as u64;
                let sample = Sample {
                    elapsed_ns: cost,
                    count: 0,
                    bytes: 0,
                    insns: Some(cost),
                };
                if path != Path::Nfs {
                    cells.add(postmark(bytes), path, sample);
                }
            }
        }
        let text = svg(&about(), &cells).unwrap();
        for path in Path::COMPARED {
            let named = text
                .lines()
                .filter(|line| line.trim() == path.name())
                .count();
            let wanted = match path {
                Path::Local | Path::Nfs => 0,
                _ => 2,
            };
            assert_eq!(named, wanted, "{}", path.name());
        }
        assert_eq!(text.matches("<circle").count(), 2 * 5 * BLOCKS.len());
    }
}
