//! Guesses at one user that several nodes hear at once: no more count than one node would hear.

use cognate::UserPools;
use cognate::model::{
    AdminCreateUserRequest, AdminSetUserPasswordRequest, CreateUserPoolClientRequest, CreateUserPoolRequest,
    InitiateAuthRequest, RespondToAuthChallengeRequest,
};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::api::{Refusal, refused, send};
use crate::nodes::{Cluster, PASSWORD};

struct Pool {
    nodes: [UserPools; 2],
    client: String,
}

impl Pool {
    /// Two nodes, a pool and maria.
    async fn new(cluster: &Cluster, mut pool: Value, client: Value) -> Self {
        let nodes = [cluster.open(), cluster.open()];
        pool["PoolName"] = json!("people");
        let pool = send::<CreateUserPoolRequest>(&nodes[0], pool).await.unwrap().user_pool.unwrap().id.unwrap();
        let mut members = client;
        members["UserPoolId"] = json!(pool);
        members["ClientName"] = json!("web");
        let client = send::<CreateUserPoolClientRequest>(&nodes[0], members).await.unwrap();
        let user = json!({
            "UserPoolId": pool, "Username": "maria", "MessageAction": "SUPPRESS",
            "UserAttributes": [
                {"Name": "email", "Value": "maria@example.com"}, {"Name": "email_verified", "Value": "true"},
            ],
        });
        send::<AdminCreateUserRequest>(&nodes[0], user).await.unwrap();
        let password = json!({"UserPoolId": pool, "Username": "maria", "Password": PASSWORD, "Permanent": true});
        send::<AdminSetUserPasswordRequest>(&nodes[0], password).await.unwrap();
        Self { nodes, client: client.user_pool_client.unwrap().client_id.unwrap() }
    }

    fn guess(&self, name: &str, password: &str) -> Value {
        let parameters = json!({"USERNAME": name, "PASSWORD": password});
        json!({"ClientId": self.client, "AuthFlow": "USER_PASSWORD_AUTH", "AuthParameters": parameters})
    }

    /// So many failures that the next one locks for minutes, longer than this takes.
    async fn fail_often(&self, name: &str) {
        for number in 0..12 {
            let guess = self.guess(name, &format!("Wrong-horse-{number}"));
            assert_eq!(send::<InitiateAuthRequest>(&self.nodes[number % 2], guess).await.unwrap_err(), wrong());
            self.nodes.iter().for_each(|node| node.clock().advance(300));
        }
    }

    /// Thirty wrong guesses at each node at once, and two right ones as soon as one of those was heard.
    async fn crowd(&self, name: &str) -> (Vec<Refusal>, Vec<Refusal>) {
        let mut wrong_ones = JoinSet::new();
        for number in 0..60 {
            let (node, guess) = (self.nodes[number % 2].clone(), self.guess(name, &format!("Wrong-mule-{number}")));
            wrong_ones.spawn(async move { send::<InitiateAuthRequest>(&node, guess).await.unwrap_err() });
        }
        let mut heard = Vec::new();
        while !heard.contains(&wrong()) {
            heard.push(wrong_ones.join_next().await.expect("one of them is heard").unwrap());
        }
        let right = self.nodes.iter().map(|node| send::<InitiateAuthRequest>(node, self.guess(name, PASSWORD)));
        let mut refusals = Vec::new();
        for guess in right {
            refusals.push(guess.await.expect_err("it comes after the lock"));
        }
        heard.extend(wrong_ones.join_all().await);
        (heard, refusals)
    }
}

fn wrong() -> Refusal {
    refused("NotAuthorizedException", "Incorrect username or password.")
}

fn locked() -> Refusal {
    refused("NotAuthorizedException", "Password attempts exceeded")
}

fn count(refusals: &[Refusal], which: &Refusal) -> usize {
    refusals.iter().filter(|refusal| *refusal == which).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_guesses_at_two_nodes_none_is_heard_after_the_lock() {
    let Some(cluster) = Cluster::new() else { return };
    let client = json!({"ExplicitAuthFlows": ["ALLOW_USER_PASSWORD_AUTH"], "PreventUserExistenceErrors": "ENABLED"});
    let pool = Pool::new(&cluster, json!({}), client).await;
    for name in ["maria", "nobody"] {
        pool.fail_often(name).await;
        let (heard, late) = pool.crowd(name).await;
        assert_eq!((count(&heard, &wrong()), count(&heard, &locked())), (1, 59), "{name}: {heard:?}");
        assert_eq!(late, [locked(), locked()], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_wrong_codes_at_two_nodes_ten_are_heard() {
    let Some(cluster) = Cluster::new() else { return };
    let policies = json!({"SignInPolicy": {"AllowedFirstAuthFactors": ["PASSWORD", "EMAIL_OTP"]}});
    let client = json!({"ExplicitAuthFlows": ["ALLOW_USER_AUTH"]});
    let pool = Pool::new(&cluster, json!({"Policies": policies}), client).await;
    let parameters = json!({"USERNAME": "maria", "PREFERRED_CHALLENGE": "EMAIL_OTP"});
    let begin = json!({"ClientId": pool.client, "AuthFlow": "USER_AUTH", "AuthParameters": parameters});
    let session = send::<InitiateAuthRequest>(&pool.nodes[0], begin).await.unwrap().session.unwrap();
    let mut answers = JoinSet::new();
    for number in 0..40 {
        let responses = json!({"USERNAME": "maria", "EMAIL_OTP_CODE": format!("x{number:07}")});
        let answer = json!({
            "ClientId": pool.client, "ChallengeName": "EMAIL_OTP", "Session": session, "ChallengeResponses": responses,
        });
        let node = pool.nodes[number % 2].clone();
        answers.spawn(async move { send::<RespondToAuthChallengeRequest>(&node, answer).await.unwrap_err() });
    }
    let answers = answers.join_all().await;
    let heard = refused("CodeMismatchException", "Invalid code or auth state for the user.");
    assert_eq!((count(&answers, &heard), count(&answers, &locked())), (10, 30), "{answers:?}");
}
