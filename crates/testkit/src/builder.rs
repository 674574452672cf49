//! How a server for tests is set up.

use std::sync::Arc;

use cognate::custom_challenges::CustomChallenges;
use cognate::{
    Config, Database, DatabaseOptions, DatabaseUrl, DeclaredPools, Door, Issuer, Limits, OpenPoolsError, ServerError,
    UserPools,
};
use thiserror::Error;
use tokio::net::TcpListener;
use zeroize::Zeroizing;

use crate::Cognate;
use crate::folder::TemporaryFolder;
use crate::server::{Running, Signer};

/// Why a server did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// No port of the loopback interface is free.
    #[error("cannot listen: {0}")]
    Listen(#[from] std::io::Error),
    /// The data folder is unusable.
    #[error(transparent)]
    Open(#[from] OpenPoolsError),
    /// The declared pools are not well-formed, or contradict each other.
    #[error("declared pools: {0}")]
    Pools(String),
    /// The server does not run.
    #[error(transparent)]
    Server(#[from] ServerError),
}

/// Sets up a [`Cognate`] before it starts.
///
/// ```
/// use cognate_testkit::Cognate;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cognate = Cognate::builder().region("eu-west-1").start().await?;
/// assert!(cognate.pool("employees").await?.id().starts_with("eu-west-1_"));
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder does nothing until `start`"]
#[derive(Clone, Default)]
pub struct Builder {
    pools: Option<String>,
    signer: Option<Signer>,
    region: Option<String>,
    is_own_issuer: bool,
    database: Option<DatabaseUrl>,
    custom_challenges: Option<Arc<dyn CustomChallenges>>,
}

impl Builder {
    /// Declares pools, clients, groups and users, in the form of the file of `cognate dev --pools`.
    ///
    /// ```
    /// use cognate_testkit::Cognate;
    /// use cognate_testkit::cognate::model::AdminGetUserRequest;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let declared = r#"
    ///     [[pools]]
    ///     id = "us-east-1_example123"
    ///
    ///     [[pools.users]]
    ///     username = "maria"
    ///     password = "Correct-horse-1"
    /// "#;
    /// let cognate = Cognate::builder().pools_toml(declared).start().await?;
    /// let maria = AdminGetUserRequest {
    ///     user_pool_id: "us-east-1_example123".into(),
    ///     username: "maria".into(),
    ///     ..Default::default()
    /// };
    /// assert_eq!(cognate.user_pools().send(maria).await?.enabled, Some(true));
    /// # Ok(())
    /// # }
    /// ```
    pub fn pools_toml(mut self, text: impl Into<String>) -> Self {
        self.pools = Some(text.into());
        self
    }

    /// Verifies signatures, as `cognate serve` does, against this root key and the access keys that are made later.
    /// Without it any well-formed credentials are let in.
    ///
    /// ```
    /// use aws_sdk_cognitoidentityprovider::{Client, config::Credentials};
    /// use cognate_testkit::{Cognate, aws_sdk_cognitoidentityprovider};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = Cognate::builder().verify_signatures("AKIDROOT", "the secret").start().await?;
    /// Client::from_conf(cognate.sdk_config()).list_user_pools().max_results(1).send().await?;
    ///
    /// let stranger = Credentials::new("AKIDROOT", "another secret", None, None, "test");
    /// let config = cognate.sdk_config().to_builder().credentials_provider(stranger).build();
    /// assert!(Client::from_conf(config).list_user_pools().max_results(1).send().await.is_err());
    /// # Ok(())
    /// # }
    /// ```
    pub fn verify_signatures(mut self, root_access_key_id: impl Into<String>, secret: impl Into<String>) -> Self {
        let secret = Zeroizing::new(secret.into());
        self.signer = Some(Signer { id: root_access_key_id.into(), secret });
        self
    }

    /// Sets the region in pool ids, ARNs and signatures; `us-east-1` without it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::builder().region("eu-west-1").start().await?;
    /// assert_eq!(cognate.region(), "eu-west-1");
    /// # Ok(())
    /// # }
    /// ```
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// Lets tokens name this server as their issuer, for verifiers that fetch the keys from there. Without it tokens
    /// name the live service, as verifiers made for it insist.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::builder().issues_tokens_in_its_own_name().start().await?;
    /// let pool = cognate.pool("employees").await?;
    /// assert_eq!(pool.issuer(), format!("{}/{}", cognate.endpoint(), pool.id()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn issues_tokens_in_its_own_name(mut self) -> Self {
        self.is_own_issuer = true;
        self
    }

    /// Keeps the data in this PostgreSQL database (`postgres://…`) instead of a folder, for who runs on one and tests on
    /// one. It must be empty and of this server alone: the master key is made anew and lost at the end, so nobody can use
    /// the data afterwards. The database stays, for its owner to drop.
    ///
    /// ```no_run
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let url = "postgres://cognate:password@127.0.0.1/test_1";
    /// let cognate = cognate_testkit::Cognate::builder().database(url).start().await?;
    /// cognate.pool("employees").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn database(mut self, url: impl Into<DatabaseUrl>) -> Self {
        self.database = Some(url.into());
        self
    }

    /// Lets this double decide in the place of the triggers of custom authentication (`CUSTOM_AUTH`). A pool whose
    /// users sign in that way must name all three triggers.
    pub fn custom_challenges(mut self, double: Arc<dyn CustomChallenges>) -> Self {
        self.custom_challenges = Some(double);
        self
    }

    /// Starts the server on a free port.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::builder().start().await?;
    /// assert!(cognate.endpoint().starts_with("http://127.0.0.1:"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn start(self) -> Result<Cognate, StartError> {
        let declared = self.pools.as_deref().map(DeclaredPools::parse).transpose();
        let declared = declared.map_err(|error| StartError::Pools(error.to_string()))?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let folder = TemporaryFolder::new();
        let mut config = Config::development(folder.path());
        if let Some(region) = self.region {
            config.settings.region = region;
        }
        if self.is_own_issuer {
            config.settings.issuer = Issuer::Base(format!("http://{}", listener.local_addr()?));
        }
        config.database = self.database.map(|url| Database { url, options: DatabaseOptions::default() });
        let settings = config.settings.clone();
        let open = move || match self.custom_challenges {
            Some(double) => UserPools::open_with_custom_challenges(config, double),
            None => UserPools::open(config),
        };
        let opened = tokio::task::spawn_blocking(open).await;
        let pools = opened.map_err(std::io::Error::other)??;
        if let Some(declared) = &declared {
            pools.declare(declared).await.map_err(|error| StartError::Pools(error.to_string()))?;
        }
        let door = match &self.signer {
            Some(Signer { id, secret }) => Door::DevVerified { root_id: id.clone(), root_secret: secret.clone() },
            None => Door::Dev,
        };
        let server = pools.serve(listener, &door, Limits::development())?;
        Ok(Cognate::new(Running { server, pools, folder }, settings, self.signer.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pools_that_are_not_well_formed_are_told() {
        let refused = Cognate::builder().pools_toml("[[pools]]\nnome = \"employees\"").start().await;
        assert!(matches!(refused, Err(StartError::Pools(reason)) if reason.contains("nome")));
    }
}
