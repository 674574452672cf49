//! What became of the rows of a job, in the words of the live service, which writes them to CloudWatch.

use std::collections::BTreeMap;

use cognate_model::UserImportJobType;
use cognate_store::import_jobs::{self, Outcome, Outcomes};

use crate::{Context, Error};

/// How many batches of rows are read at once.
const BATCHES: i64 = 100;

/// Tells what became of each row of a job so far, in the order of lines, and gives the job. For whoever holds the data:
/// the API has no operation for it.
pub async fn read(cx: &Context, job: &str, tell: &mut (dyn FnMut(&str) + Send)) -> Result<UserImportJobType, Error> {
    let mut pools = cx.read(|tx| Ok(import_jobs::pools_of(tx, job)?)).await?;
    let unknown = || Error::not_found(format!("User import job {job} does not exist."));
    let pool = pools.pop().ok_or_else(unknown)?;
    // The job first: if it is over, so are its rows.
    let found = cx.read(|tx| super::find(tx, &pool, job, cx.now())).await?.job;
    let mut after = 0;
    loop {
        let outcomes = cx.read(|tx| Ok(import_jobs::outcomes(tx, &pool, job, after, BATCHES)?)).await?;
        let Some(last) = outcomes.last() else { return Ok(found) };
        after = last.last;
        lines(&outcomes).for_each(|line| tell(&line));
    }
}

/// Lines that follow each other and have one outcome, as one.
pub(super) fn runs(outcomes: BTreeMap<u64, Outcome>) -> Vec<Outcomes> {
    let mut runs: Vec<Outcomes> = Vec::new();
    for (number, outcome) in outcomes {
        match runs.last_mut() {
            Some(run) if run.outcome == outcome && run.last + 1 == number => run.last = number,
            _ => runs.push(Outcomes { first: number, last: number, outcome }),
        }
    }
    runs
}

/// A text for each line.
pub(super) fn lines(outcomes: &[Outcomes]) -> impl Iterator<Item = String> {
    outcomes.iter().flat_map(|run| (run.first..=run.last).map(|number| line(number, &run.outcome)))
}

fn line(number: u64, outcome: &Outcome) -> String {
    match outcome {
        Outcome::Succeeded => format!("[SUCCEEDED] Line Number {number} - The import succeeded."),
        Outcome::Skipped => format!("[SKIPPED] Line Number {number} - The user already exists."),
        Outcome::Failed(reason) => format!("[FAILED] Line Number {number} - {reason}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_one_outcome_are_kept_as_one_and_told_one_by_one() {
        let failed = || Outcome::Failed("why".to_owned());
        let outcomes: BTreeMap<u64, Outcome> = [
            (2, Outcome::Succeeded),
            (3, Outcome::Succeeded),
            (5, Outcome::Succeeded),
            (6, Outcome::Skipped),
            (7, failed()),
        ]
        .into();
        let runs = runs(outcomes);
        let spans: Vec<_> = runs.iter().map(|run| (run.first, run.last)).collect();
        assert_eq!(spans, [(2, 3), (5, 5), (6, 6), (7, 7)]);
        let lines: Vec<String> = lines(&runs).collect();
        assert_eq!(lines.len(), 5);
        assert_eq!(lines[1], "[SUCCEEDED] Line Number 3 - The import succeeded.");
        assert_eq!(lines[4], "[FAILED] Line Number 7 - why");
    }
}
