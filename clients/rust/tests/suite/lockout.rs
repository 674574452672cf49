//! Wrong passwords slow the next ones down.

use crate::fixtures::{PASSWORD, Pool, a_pool};
use crate::refusals::{LOCKED, WRONG_PASSWORD, refused};

async fn a_pool_with_maria() -> Pool {
    let pool = a_pool().await;
    pool.user("maria").await;
    pool
}

async fn guess(pool: &Pool, times: usize) {
    for _ in 0..times {
        refused(pool.admin_sign_in("maria", "Wrong-password-1").send().await, WRONG_PASSWORD);
    }
}

#[tokio::test]
async fn four_wrong_passwords_do_no_harm() {
    let pool = a_pool_with_maria().await;
    guess(&pool, 4).await;
    pool.tokens_of("maria").await;
}

/// As many wrong passwords as lock for this long (seconds: a power of two), each as soon as the lock before ended.
async fn lock(pool: &Pool, seconds: i64) {
    guess(pool, 5).await;
    let mut locked = 1;
    while locked < seconds {
        pool.wait(locked);
        guess(pool, 1).await;
        locked *= 2;
    }
}

#[tokio::test]
async fn the_fifth_locks_for_a_second() {
    let pool = a_pool_with_maria().await;
    guess(&pool, 5).await;
    pool.wait(1);
    pool.tokens_of("maria").await;
}

#[tokio::test]
async fn a_lock_keeps_the_right_one_out_in_both_apis() {
    let pool = a_pool_with_maria().await;
    lock(&pool, 64).await;
    refused(pool.admin_sign_in("maria", PASSWORD).send().await, LOCKED);
    refused(pool.public_sign_in("maria", PASSWORD).send().await, LOCKED);
}

#[tokio::test]
async fn each_further_one_doubles_the_lock() {
    let pool = a_pool_with_maria().await;
    lock(&pool, 64).await;
    pool.wait(40);
    refused(pool.admin_sign_in("maria", PASSWORD).send().await, LOCKED);
    pool.wait(25);
    pool.tokens_of("maria").await;
}

#[tokio::test]
async fn attempts_during_a_lock_do_not_count() {
    let pool = a_pool_with_maria().await;
    lock(&pool, 64).await;
    for _ in 0..3 {
        refused(pool.admin_sign_in("maria", "Wrong-password-1").send().await, LOCKED);
    }
    pool.wait(65);
    pool.tokens_of("maria").await;
}

#[tokio::test]
async fn a_success_forgets_the_wrong_ones() {
    let pool = a_pool_with_maria().await;
    guess(&pool, 4).await;
    pool.tokens_of("maria").await;
    guess(&pool, 4).await;
    pool.tokens_of("maria").await;
}

#[tokio::test]
async fn fifteen_quiet_minutes_forget_the_wrong_ones() {
    let pool = a_pool_with_maria().await;
    guess(&pool, 4).await;
    pool.wait(15 * 60);
    guess(&pool, 4).await;
    pool.tokens_of("maria").await;
}

#[tokio::test]
async fn other_users_are_not_locked() {
    let pool = a_pool_with_maria().await;
    pool.user("john").await;
    guess(&pool, 5).await;
    pool.tokens_of("john").await;
}

#[tokio::test]
async fn guesses_at_once_are_heard_no_more_often_than_guesses_in_a_row() {
    let pool = a_pool_with_maria().await;
    lock(&pool, 64).await;
    pool.wait(65);
    let guesses: Vec<_> =
        (0..8).map(|_| tokio::spawn(pool.admin_sign_in("maria", "Wrong-password-1").send())).collect();
    for guess in guesses {
        let _ = guess.await.unwrap();
    }
    // One of them locked for two minutes, whichever it was.
    pool.wait(100);
    refused(pool.admin_sign_in("maria", PASSWORD).send().await, LOCKED);
}
