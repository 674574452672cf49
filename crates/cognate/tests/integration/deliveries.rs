//! The worker that delivers messages, in this process: who gets which message, and what stays of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use cognate::model::{
    AdminCreateUserRequest, AttributeType, CreateUserPoolRequest, DeliveryMediumType, MessageActionType,
};
use cognate::{AuditEntry, AuditFilter, Config, Listed, SmsSection, Undelivered, UserPools};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Mutex, Notify};

/// How long something that happens in the background may take.
const SOON: Duration = Duration::from_secs(20);

/// A gateway for text messages.
#[derive(Default)]
pub struct Gateway {
    /// The bodies that came.
    pub texts: Mutex<Vec<serde_json::Value>>,
    /// Whether it holds its answers back until it is told.
    is_slow: AtomicBool,
    goes_on: Notify,
    /// How many it holds back.
    held: AtomicU64,
}

impl Gateway {
    pub async fn start() -> (Arc<Self>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/send", listener.local_addr().unwrap());
        let gateway = Arc::new(Self::default());
        let serving = Arc::clone(&gateway);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&serving).serve(stream));
            }
        });
        (gateway, url)
    }

    async fn serve(self: Arc<Self>, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        loop {
            let mut length = 0;
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).await.unwrap_or_default() == 0 {
                    return;
                }
                if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if line == "\r\n" {
                    break;
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.unwrap();
            self.texts.lock().await.push(serde_json::from_slice(&body).unwrap());
            if self.is_slow.load(Ordering::Relaxed) {
                self.held.fetch_add(1, Ordering::Relaxed);
                self.goes_on.notified().await;
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await.unwrap();
        }
    }

    pub async fn count(&self) -> usize {
        self.texts.lock().await.len()
    }
}

fn config(folder: &TempDir, gateway: &str) -> Config {
    let mut config = Config::development(folder.path());
    config.settings.keeps_messages_readable = false;
    config.sms = Some(SmsSection { gateway: Some(gateway.to_owned()), ..SmsSection::default() });
    config
}

async fn pool(pools: &UserPools) -> String {
    let request = CreateUserPoolRequest { pool_name: "people".to_owned(), ..Default::default() };
    pools.send(request).await.unwrap().user_pool.unwrap().id.unwrap()
}

async fn invite(pools: &UserPools, pool: &str, name: &str) {
    let number = AttributeType { name: "phone_number".to_owned(), value: Some("+12065550100".to_owned()) };
    let request = AdminCreateUserRequest {
        user_pool_id: pool.to_owned(),
        username: name.to_owned(),
        desired_delivery_mediums: Some(vec![DeliveryMediumType::Sms]),
        user_attributes: Some(vec![number]),
        ..Default::default()
    };
    pools.send(request).await.unwrap();
}

/// Waits until the outbox is as wanted, and gives it.
async fn until(pools: &UserPools, wanted: impl Fn(&[Listed]) -> bool) -> Vec<Listed> {
    let reached = async {
        loop {
            let listed = pools.outbox(None, 1_000).await.unwrap();
            if wanted(&listed) {
                return listed;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(SOON, reached).await.expect("the outbox becomes as wanted in time")
}

fn are_all(listed: &[Listed], state: &str) -> bool {
    listed.iter().all(|listed| listed.state == state)
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_workers_one_delivers_each_message() {
    let folder = tempfile::tempdir().unwrap();
    let (gateway, url) = Gateway::start().await;
    let one = UserPools::open(config(&folder, &url)).unwrap();
    let two = UserPools::open_beside(config(&folder, &url)).unwrap();
    let pool = pool(&one).await;
    for number in 0..60 {
        invite(&one, &pool, &format!("user{number}")).await;
    }
    let workers = [one.deliver(), two.deliver()];
    let sent = until(&one, |listed| are_all(listed, "sent")).await;
    assert!(sent.iter().all(|listed| listed.attempts == 1));
    assert_eq!(gateway.count().await, 60);
    for worker in workers {
        worker.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_sent_says_only_who_and_what_for() {
    let folder = tempfile::tempdir().unwrap();
    let (gateway, url) = Gateway::start().await;
    let pools = UserPools::open(config(&folder, &url)).unwrap();
    let worker = pools.deliver();
    let pool = pool(&pools).await;
    invite(&pools, &pool, "maria").await;
    until(&pools, |listed| are_all(listed, "sent")).await;
    let text = gateway.texts.lock().await[0]["text"].as_str().unwrap().to_owned();
    assert!(text.starts_with("Your username is maria and temporary password is "), "{text}");
    // As they are at rest: nothing is taken away here.
    let left = pools.messages(None, None).await.unwrap().remove(0);
    assert_eq!((left.destination.as_str(), left.body.as_str()), ("+*******0100", ""));
    assert_eq!((left.code, left.temporary_password, left.subject, left.html), (None, None, None, None));
    assert_eq!((left.username.as_str(), left.purpose.as_str()), ("maria", "AdminCreateUser"));
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_that_passes_the_lease_sends_nothing_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (gateway, url) = Gateway::start().await;
    gateway.is_slow.store(true, Ordering::Relaxed);
    let pools = UserPools::open(config(&folder, &url)).unwrap();
    let worker = pools.deliver();
    let pool = pool(&pools).await;
    invite(&pools, &pool, "maria").await;
    while gateway.held.load(Ordering::Relaxed) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    pools.clock().advance(600);
    // The next message comes through; by then the outbox was looked at with the clock moved.
    gateway.is_slow.store(false, Ordering::Relaxed);
    invite(&pools, &pool, "nina").await;
    until(&pools, |listed| listed.iter().any(|listed| listed.state == "sent")).await;
    gateway.goes_on.notify_waiters();
    let sent = until(&pools, |listed| are_all(listed, "sent")).await;
    assert!(sent.iter().all(|listed| listed.attempts == 1), "{sent:?}");
    assert_eq!(gateway.count().await, 2);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_who_owns_the_folder_frees_leases() {
    let folder = tempfile::tempdir().unwrap();
    let (gateway, url) = Gateway::start().await;
    gateway.is_slow.store(true, Ordering::Relaxed);
    let pools = UserPools::open(config(&folder, &url)).unwrap();
    let worker = pools.deliver();
    let pool = pool(&pools).await;
    invite(&pools, &pool, "maria").await;
    while gateway.held.load(Ordering::Relaxed) == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let beside = UserPools::open_beside(config(&folder, &url)).unwrap();
    let now = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let due = async |pools: &UserPools| pools.outbox(None, 1).await.unwrap()[0].next_attempt_at.unwrap();
    assert!(due(&beside).await > now + 30.0, "it is still leased");
    let said = beside.retry_message(&beside.outbox(None, 1).await.unwrap()[0].id).await.unwrap_err().to_string();
    assert_eq!(said, "the message is being delivered");
    assert!(retries(&beside).await.is_empty());
    // The process ends in the middle of it.
    drop((worker, beside));
    drop(pools);
    let (gateway, url) = Gateway::start().await;
    let reopened = async {
        loop {
            // The old worker lets go of the store once its attempt ends or is cut off.
            match UserPools::open(config(&folder, &url)) {
                Ok(pools) => return pools,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    };
    let pools = tokio::time::timeout(SOON, reopened).await.expect("the folder is free in time");
    assert!(due(&pools).await <= now + 30.0);
    let worker = pools.deliver();
    until(&pools, |listed| are_all(listed, "sent")).await;
    assert_eq!(gateway.count().await, 1);
    worker.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn old_messages_go_after_a_week() {
    let folder = tempfile::tempdir().unwrap();
    let (_gateway, url) = Gateway::start().await;
    let pools = UserPools::open(config(&folder, &url)).unwrap();
    let worker = pools.deliver();
    let pool = pool(&pools).await;
    invite(&pools, &pool, "maria").await;
    until(&pools, |listed| are_all(listed, "sent")).await;
    pools.clock().advance(7 * 86_400 - 60);
    invite(&pools, &pool, "nina").await;
    until(&pools, |listed| listed.len() == 2 && are_all(listed, "sent")).await;
    pools.clock().advance(1_000);
    let left = until(&pools, |listed| listed.len() == 1).await;
    assert_eq!(left[0].message.username, "nina");
    worker.stop().await;
}

/// What the audit trail tells of messages that were to be tried again.
async fn retries(pools: &UserPools) -> Vec<AuditEntry> {
    let only = AuditFilter { operation: Some("RetryMessage".to_owned()), ..AuditFilter::default() };
    pools.audit(&only).await.unwrap()
}

#[tokio::test]
async fn who_has_a_message_tried_again_is_in_the_trail() {
    let folder = tempfile::tempdir().unwrap();
    let pools = UserPools::open(config(&folder, "http://127.0.0.1:9/")).unwrap();
    let pool = pool(&pools).await;
    invite(&pools, &pool, "maria").await;
    let id = pools.outbox(None, 1).await.unwrap()[0].id.clone();
    pools.retry_message(&id).await.unwrap();
    pools.retry_message("00000000-0000-0000-0000-000000000000").await.unwrap_err();
    let [entry] = &retries(&pools).await[..] else { panic!("one was tried again") };
    assert_eq!((entry.pool.as_ref(), entry.record.resource.get("MessageId")), (Some(&pool), Some(&id)));
}

#[tokio::test]
async fn what_sends_nothing_needs_no_way() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = config(&folder, "http://127.0.0.1:9/");
    config.sms = None;
    config.settings.undelivered = Undelivered::Refuse;
    let pools = UserPools::open(config).unwrap();
    let pool = pool(&pools).await;
    let request = AdminCreateUserRequest {
        user_pool_id: pool,
        username: "maria".to_owned(),
        message_action: Some(MessageActionType::Suppress),
        ..Default::default()
    };
    pools.send(request).await.unwrap();
    assert!(pools.outbox(None, 10).await.unwrap().is_empty());
    assert!(pools.outbox(Some("lost"), 10).await.is_err());
    for id in ["", "no id", "00000000-0000-0000-0000-000000000000"] {
        assert!(pools.retry_message(id).await.unwrap_err().to_string().starts_with("there is no message"));
    }
}
