//! The table, for people and for programs.

use serde_json::{Value, json};

use crate::rows::{Against, Figure, Row, reference};
use crate::{Bench, Failure, load};

const HEAD: [&str; 8] = ["mode", "users", "work", "CPU s/1000", "ratios", "p50 µs", "p99 µs", "req/s"];
const REACH: &str = "to reach";

/// The table as text.
pub fn text(bench: &Bench, rows: &[Row]) -> String {
    let head = HEAD.into_iter().chain([REACH]).map(str::to_owned).collect();
    let lines: Vec<Vec<String>> = std::iter::once(head).chain(rows.iter().map(|row| cells(rows, row))).collect();
    let widths: Vec<usize> = (0..=HEAD.len())
        .map(|column| lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max())
        .map(Option::unwrap_or_default)
        .collect();
    let mut text = format!(
        "CPU seconds of the server per 1,000 requests, {} connections, {} s each, {}\n\n",
        load::CONNECTIONS,
        bench.length.as_secs_f64(),
        machine()
    );
    for (number, line) in lines.iter().enumerate() {
        let padded = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        text.push_str(&format!("| {} |\n", padded.collect::<Vec<_>>().join(" | ")));
        if number == 0 {
            let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
            text.push_str(&format!("| {} |\n", rule.join(" | ")));
        }
    }
    text
}

/// The table as JSON.
pub fn json(bench: &Bench, rows: &[Row]) -> Result<String, Failure> {
    let document = json!({
        "machine": machine(),
        "connections": load::CONNECTIONS,
        "seconds": bench.length.as_secs_f64(),
        "rows": rows.iter().map(|row| object(rows, row)).collect::<Vec<_>>(),
    });
    serde_json::to_string_pretty(&document).map_err(|e| e.to_string())
}

fn cells(rows: &[Row], row: &Row) -> Vec<String> {
    let figure = match row.figure {
        Figure::Cpu(cpu) => format!("{cpu:.4}"),
        Figure::Millis { median, best } => format!("{median:.0} ms, best {best:.0}"),
        Figure::Mebibytes(mebibytes) => format!("{mebibytes:.0} MiB"),
        Figure::Delay(_) => String::new(),
    };
    let ratios: Vec<String> =
        ratios(rows, row).map(|(against, ratio)| format!("{ratio:.2} x {}", name(against))).collect();
    let times = |read: fn(&load::Times) -> String| row.times.as_ref().map(read).unwrap_or_default();
    vec![
        row.mode.name().to_owned(),
        row.users.map(|users| users.to_string()).unwrap_or_default(),
        row.name.to_owned(),
        figure,
        ratios.join(", "),
        times(|times| times.p50.to_string()),
        times(|times| times.p99.to_string()),
        times(|times| format!("{:.0}", times.rate)),
        row.reach.to_owned(),
    ]
}

fn object(rows: &[Row], row: &Row) -> Value {
    let (unit, figure) = match row.figure {
        Figure::Cpu(cpu) => ("cpuSecondsPer1000", cpu),
        Figure::Millis { median, .. } => ("milliseconds", median),
        Figure::Mebibytes(mebibytes) => ("mebibytes", mebibytes),
        Figure::Delay(micros) => ("p99Micros", micros),
    };
    let ratios: serde_json::Map<String, Value> =
        ratios(rows, row).map(|(against, ratio)| (name(against).to_owned(), ratio.into())).collect();
    let mut object = json!({
        "mode": row.mode.name(), "users": row.users, "work": row.name,
        unit: figure, "ratios": ratios, "toReach": row.reach,
    });
    if let Figure::Millis { best, .. } = row.figure {
        object["bestMilliseconds"] = best.into();
    }
    if let Some(times) = row.times {
        object["p50Micros"] = times.p50.into();
        object["p99Micros"] = times.p99.into();
        object["requestsPerSecond"] = times.rate.into();
    }
    object
}

fn ratios<'a>(rows: &'a [Row], row: &'a Row) -> impl Iterator<Item = (Against, f64)> + 'a {
    row.against.iter().filter_map(move |against| {
        let own = match (against, row.times, row.figure) {
            (Against::SmallMedian, Some(times), _) => f64::from(times.p50),
            (_, _, Figure::Cpu(figure) | Figure::Delay(figure)) => figure,
            _ => return None,
        };
        Some((*against, own / reference(rows, row, *against)?))
    })
}

fn name(against: Against) -> &'static str {
    match against {
        Against::Echo => "echo",
        Against::Hash => "hash",
        Against::Signatures => "signatures",
        Against::SignIn => "hash + signatures",
        Against::Srp => "powers + signatures",
        Against::SignaturesTogether | Against::SignInTogether => "the same on every core",
        Against::Sqlite => "SQLite",
        Against::Small => "small pool",
        Against::SmallMedian => "small pool's p50",
        Against::Alone => "p99 alone",
    }
}

/// What the machine is.
pub fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let model = std::fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| {
        let line = text.lines().find(|line| line.starts_with("model name"))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    });
    format!("{cores} cores of {}", model.unwrap_or_else(|| "an unnamed processor".to_owned()))
}
