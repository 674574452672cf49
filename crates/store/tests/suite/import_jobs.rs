//! Import jobs and their files.

use cognate_model::{Timestamp, UserImportJobStatusType, UserImportJobType};
use cognate_store::import_jobs::{self, Outcome, Outcomes, StoredJob};

use crate::harness::{Engine, OTHER, POOL, read, write};

/// A job that was created then.
pub fn job(created: i64, status: &str) -> StoredJob {
    let job = UserImportJobType {
        job_id: Some(format!("import-{created}")),
        creation_date: Some(Timestamp::from_micros(created * 1_000)),
        status: UserImportJobStatusType::parse(status),
        ..UserImportJobType::default()
    };
    StoredJob::new(job)
}

pub async fn jobs_come_newest_first_page_by_page(engine: &impl Engine) {
    let store = engine.open();
    write(&store, |tx| {
        (1..=3).try_for_each(|created| import_jobs::insert(tx, POOL, &job(created, "Created")))?;
        import_jobs::insert(tx, OTHER, &job(4, "Created"))
    })
    .await;
    let first = read(&store, |tx| import_jobs::list(tx, POOL, None, 2)).await;
    assert_eq!(first, [job(3, "Created"), job(2, "Created")]);
    let place = (2_000, "import-2".to_owned());
    assert_eq!(read(&store, |tx| import_jobs::list(tx, POOL, Some(&place), 2)).await, [job(1, "Created")]);
    assert_eq!(read(&store, |tx| import_jobs::count(tx, POOL)).await, 3);
}

pub async fn jobs_on_their_way_are_found(engine: &impl Engine) {
    let store = engine.open();
    for (number, status) in (1..).zip(["Created", "Succeeded", "Failed", "Stopped", "Expired"]) {
        write(&store, move |tx| import_jobs::insert(tx, POOL, &job(number, status))).await;
    }
    assert!(!read(&store, |tx| import_jobs::is_one_running(tx, POOL)).await);
    for (number, status) in (6..).zip(["Pending", "InProgress", "Stopping"]) {
        write(&store, move |tx| import_jobs::insert(tx, OTHER, &job(number, status))).await;
    }
    assert!(!read(&store, |tx| import_jobs::is_one_running(tx, POOL)).await);
    assert!(read(&store, |tx| import_jobs::is_one_running(tx, OTHER)).await);
    let running = read(&store, |tx| import_jobs::running(tx, 1)).await;
    assert_eq!(running.len(), 3);
    assert!(running.iter().all(|(pool, _)| pool == OTHER));
    let mut leased = running[0].1.clone();
    (leased.owner, leased.lease, leased.done) = ("node".to_owned(), 100, 7);
    let (id, written) = (leased.id().to_owned(), leased.clone());
    write(&store, move |tx| import_jobs::update(tx, OTHER, &written)).await;
    leased.version += 1;
    assert_eq!(read(&store, |tx| import_jobs::get(tx, OTHER, &id)).await, Some(leased));
    assert_eq!(read(&store, |tx| import_jobs::running(tx, 100)).await.len(), 2, "its lease has not ended");
    assert_eq!(read(&store, |tx| import_jobs::running(tx, 101)).await.len(), 3);
}

pub async fn a_draft_takes_the_place_of_a_file_at_once(engine: &impl Engine) {
    let store = engine.open();
    let draft = import_jobs::draft_of("import-1", "upload");
    let new = draft.clone();
    write(&store, move |tx| {
        import_jobs::insert_part(tx, POOL, "import-1", 0, b"old", 5)?;
        import_jobs::insert_part(tx, POOL, "import-1", 1, b"older", 5)?;
        import_jobs::insert_part(tx, POOL, &new, 0, b"new", 5)
    })
    .await;
    assert_eq!(read(&store, |tx| import_jobs::part(tx, POOL, "import-1", 0)).await, Some(b"old".to_vec()));
    let new = draft.clone();
    write(&store, move |tx| import_jobs::settle_draft(tx, POOL, &new, "import-1")).await;
    assert_eq!(read(&store, |tx| import_jobs::part(tx, POOL, "import-1", 0)).await, Some(b"new".to_vec()));
    assert_eq!(read(&store, |tx| import_jobs::part(tx, POOL, "import-1", 1)).await, None);
    let left = draft.clone();
    write(&store, move |tx| import_jobs::insert_part(tx, POOL, &left, 0, b"half", 5)).await;
    write(&store, |tx| import_jobs::delete_drafts(tx, 5)).await;
    assert!(read(&store, |tx| import_jobs::part(tx, POOL, &draft, 0)).await.is_some(), "it may still be on its way");
    write(&store, |tx| import_jobs::delete_drafts(tx, 6)).await;
    assert_eq!(read(&store, |tx| import_jobs::part(tx, POOL, &draft, 0)).await, None);
    assert!(read(&store, |tx| import_jobs::part(tx, POOL, "import-1", 0)).await.is_some());
}

pub async fn outcomes_come_in_the_order_of_lines_batch_by_batch(engine: &impl Engine) {
    let store = engine.open();
    let outcome = |first, last, outcome| Outcomes { first, last, outcome };
    let early = [outcome(2, 3, Outcome::Succeeded), outcome(4, 4, Outcome::Failed("why".to_owned()))];
    let late = [outcome(5, 300, Outcome::Skipped)];
    let (first, second) = (early.clone(), late.clone());
    write(&store, move |tx| {
        import_jobs::insert_outcomes(tx, POOL, "import-1", &second)?;
        import_jobs::insert_outcomes(tx, POOL, "import-1", &first)?;
        import_jobs::insert_outcomes(tx, OTHER, "import-1", &[])?;
        import_jobs::insert(tx, OTHER, &job(1, "Created"))
    })
    .await;
    assert_eq!(read(&store, |tx| import_jobs::outcomes(tx, POOL, "import-1", 0, 1)).await, early);
    assert_eq!(read(&store, |tx| import_jobs::outcomes(tx, POOL, "import-1", 4, 9)).await, late);
    assert_eq!(read(&store, |tx| import_jobs::outcomes(tx, OTHER, "import-1", 0, 9)).await, []);
    assert_eq!(read(&store, |tx| import_jobs::pools_of(tx, "import-1")).await, [OTHER]);
    assert_eq!(read(&store, |tx| import_jobs::pools_of(tx, "import-2")).await, Vec::<String>::new());
}
