//! The server itself.

use aws_sdk_cognitoidentityprovider::Config as SdkConfig;
use aws_sdk_cognitoidentityprovider::config::retry::RetryConfig;
use aws_sdk_cognitoidentityprovider::config::{BehaviorVersion, Credentials, Region};
use cognate::{Clock, Error, Server, Settings, UserPools};
use tokio::runtime::Handle;
use zeroize::Zeroizing;

use crate::folder::TemporaryFolder;
use crate::{Builder, Outbox, PoolBuilder, StartError};

/// A Cognate that runs in this process for one test, with a data folder of its own.
///
/// When it is dropped it takes no more requests; the ones that run are finished and the folder is removed by a task of
/// the surrounding runtime, so that dropping never blocks. [`Cognate::stop`] waits for that.
///
/// ```
/// use aws_sdk_cognitoidentityprovider::Client;
/// use cognate_testkit::{Cognate, aws_sdk_cognitoidentityprovider};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cognate = Cognate::start().await?;
/// let client = Client::from_conf(cognate.sdk_config());
/// let created = client.create_user_pool().pool_name("employees").send().await?;
/// assert!(created.user_pool().and_then(|pool| pool.id()).is_some());
/// # Ok(())
/// # }
/// ```
pub struct Cognate {
    /// There until the server is stopped or dropped.
    running: Option<Running>,
    endpoint: String,
    settings: Settings,
    signer: Signer,
    user_pools: UserPools,
}

/// What has to be ended, in this order.
pub(crate) struct Running {
    pub(crate) server: Server,
    pub(crate) pools: UserPools,
    pub(crate) folder: TemporaryFolder,
}

impl Running {
    async fn stop(self) {
        let Self { server, pools, folder } = self;
        server.stop().await;
        // Closing the store and removing files may wait for the disk.
        let _ = tokio::task::spawn_blocking(move || drop((pools, folder))).await;
    }
}

/// The key with which the SDK signs.
#[derive(Clone)]
pub(crate) struct Signer {
    pub(crate) id: String,
    pub(crate) secret: Zeroizing<String>,
}

impl Default for Signer {
    fn default() -> Self {
        Self { id: "AKIDTESTKIT".to_owned(), secret: Zeroizing::new("any secret will do".to_owned()) }
    }
}

impl Cognate {
    pub(crate) fn new(running: Running, settings: Settings, signer: Signer) -> Self {
        let (endpoint, user_pools) = (running.server.endpoint(), running.pools.clone());
        Self { running: Some(running), endpoint, settings, signer, user_pools }
    }

    /// Starts a server without any pools that lets any well-formed credentials in.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let one = cognate_testkit::Cognate::start().await?;
    /// let another = cognate_testkit::Cognate::start().await?;
    /// assert_ne!(one.endpoint(), another.endpoint());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start() -> Result<Self, StartError> {
        Self::builder().start().await
    }

    /// Sets up a server before it starts: with declared pools, verified signatures, another region.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let pools = "[[pools]]\nid = \"us-east-1_example123\"";
    /// let cognate = cognate_testkit::Cognate::builder().pools_toml(pools).start().await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// A configuration of the AWS SDK for this server: endpoint, region and credentials that it accepts. Retries are
    /// off, so that a test sees the first answer.
    ///
    /// ```
    /// use aws_sdk_cognitoidentityprovider::Client;
    /// use cognate_testkit::{Cognate, aws_sdk_cognitoidentityprovider};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = Cognate::start().await?;
    /// let client = Client::from_conf(cognate.sdk_config());
    /// let listed = client.list_user_pools().max_results(10).send().await?;
    /// assert!(listed.user_pools().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn sdk_config(&self) -> SdkConfig {
        let Signer { id, secret } = &self.signer;
        SdkConfig::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(&self.endpoint)
            .region(Region::new(self.settings.region.clone()))
            .credentials_provider(Credentials::new(id, secret.as_str(), None, None, "cognate-testkit"))
            .retry_config(RetryConfig::disabled())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .build()
    }

    /// The URL under which the server answers, for clients that are not the AWS SDK for Rust.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::start().await?;
    /// assert!(cognate.endpoint().starts_with("http://127.0.0.1:"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// The region for which clients sign.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// assert_eq!(cognate_testkit::Cognate::start().await?.region(), "us-east-1");
    /// # Ok(())
    /// # }
    /// ```
    pub fn region(&self) -> &str {
        &self.settings.region
    }

    /// The clock from which the server reads the time: lockouts, codes, sessions and tokens all follow it.
    ///
    /// ```
    /// use aws_sdk_cognitoidentityprovider::Client;
    /// use aws_sdk_cognitoidentityprovider::types::AuthFlowType::{RefreshTokenAuth, UserPasswordAuth};
    /// use cognate_testkit::{Cognate, aws_sdk_cognitoidentityprovider};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = Cognate::start().await?;
    /// let pool = cognate.pool("employees").await?;
    /// pool.user("maria").with_password("Correct-horse-1").await?;
    /// let client = Client::from_conf(cognate.sdk_config());
    /// let signed_in = client
    ///     .initiate_auth()
    ///     .client_id(pool.client_id())
    ///     .auth_flow(UserPasswordAuth)
    ///     .auth_parameters("USERNAME", "maria")
    ///     .auth_parameters("PASSWORD", "Correct-horse-1")
    ///     .send()
    ///     .await?;
    /// let tokens = signed_in.authentication_result().ok_or("tokens are answered")?;
    /// let access_token = tokens.access_token().ok_or("an access token is among them")?;
    /// client.get_user().access_token(access_token).send().await?;
    ///
    /// cognate.clock().advance(3_601);
    ///
    /// let refused = client.get_user().access_token(access_token).send().await;
    /// assert!(refused.is_err_and(|error| error.into_service_error().is_not_authorized_exception()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn clock(&self) -> &Clock {
        self.user_pools.clock()
    }

    /// The messages that users were sent until now, newest first.
    ///
    /// ```
    /// use cognate_testkit::Cognate;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = Cognate::start().await?;
    /// let pool = cognate.pool("employees").await?;
    /// pool.user("maria").with_email("maria@example.com").invited().await?;
    /// let invitation = cognate.outbox().await?.newest_for("maria").ok_or("an invitation was sent")?;
    /// assert!(invitation.body.contains(&invitation.temporary_password.ok_or("it carries a password")?));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn outbox(&self) -> Result<Outbox, Error> {
        Ok(Outbox::new(self.user_pools.messages(None, None).await?))
    }

    /// Creates a pool and an app client in one line; await it, or say first what the pool is to have.
    ///
    /// ```
    /// use cognate_testkit::Cognate;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = Cognate::start().await?;
    /// let plain = cognate.pool("customers").await?;
    /// let richer = cognate.pool("employees").with_group("Engineering").with_custom_attribute("department").await?;
    /// assert_ne!(plain.id(), richer.id());
    /// # Ok(())
    /// # }
    /// ```
    pub fn pool(&self, name: impl Into<String>) -> PoolBuilder {
        PoolBuilder::new(self.user_pools.clone(), self.settings.clone(), name.into())
    }

    /// The same pools in-process: operations without the network, access keys, declared pools.
    ///
    /// ```
    /// use cognate_testkit::Cognate;
    /// use cognate_testkit::cognate::model::ListUserPoolsRequest;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = Cognate::start().await?;
    /// let listed = cognate.user_pools().send(ListUserPoolsRequest { max_results: 10, ..Default::default() }).await?;
    /// assert_eq!(listed.user_pools.map(|pools| pools.len()), Some(0));
    /// # Ok(())
    /// # }
    /// ```
    pub fn user_pools(&self) -> &UserPools {
        &self.user_pools
    }

    /// Stops the server: running requests are finished, then the data folder is removed.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::start().await?;
    /// let address = cognate.endpoint().trim_start_matches("http://").to_owned();
    /// cognate.stop().await;
    /// assert!(tokio::net::TcpStream::connect(address).await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn stop(mut self) {
        let running = self.running.take();
        drop(self);
        if let Some(running) = running {
            running.stop().await;
        }
    }
}

impl Drop for Cognate {
    fn drop(&mut self) {
        let Some(running) = self.running.take() else { return };
        // Outside of a runtime, or in one that ends, dropping the parts has to do: it stops the server as well.
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(running.stop());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder_of(cognate: &Cognate) -> std::path::PathBuf {
        cognate.running.as_ref().unwrap().folder.path().to_path_buf()
    }

    #[tokio::test]
    async fn a_stopped_server_leaves_nothing_behind() {
        let cognate = Cognate::start().await.unwrap();
        let folder = folder_of(&cognate);
        assert!(folder.exists());
        cognate.stop().await;
        assert!(!folder.exists());
    }

    #[tokio::test]
    async fn a_dropped_server_leaves_nothing_behind_soon() {
        let cognate = Cognate::start().await.unwrap();
        let folder = folder_of(&cognate);
        drop(cognate);
        let gone = async {
            while folder.exists() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(10), gone).await.unwrap();
    }

    #[test]
    fn a_server_dropped_with_its_runtime_leaves_nothing_behind() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let folder = runtime.block_on(async {
            let cognate = Cognate::start().await.unwrap();
            folder_of(&cognate)
        });
        drop(runtime);
        assert!(!folder.exists());
    }

    #[test]
    fn a_server_may_outlive_its_runtime() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let cognate = runtime.block_on(Cognate::start()).unwrap();
        let folder = folder_of(&cognate);
        drop(runtime);
        drop(cognate);
        assert!(!folder.exists());
    }
}
