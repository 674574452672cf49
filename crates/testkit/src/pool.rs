//! A pool and an app client in one line.

use std::pin::Pin;

use cognate::model::{
    AttributeDataType, CreateGroupRequest, CreateUserPoolClientRequest, CreateUserPoolRequest, ExplicitAuthFlowsType,
    SchemaAttributeType,
};
use cognate::{Error, Settings, UserPools};

use crate::UserBuilder;

/// A pool that is about to be created: await it. The app client may use every flow with a password, and refresh.
///
/// ```
/// use cognate_testkit::Cognate;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cognate = Cognate::start().await?;
/// let pool = cognate.pool("employees").with_group("Engineering").with_client_secret().await?;
/// assert!(pool.client_secret().is_some());
/// # Ok(())
/// # }
/// ```
#[must_use = "a pool is created when it is awaited"]
pub struct PoolBuilder {
    pools: UserPools,
    settings: Settings,
    pool: CreateUserPoolRequest,
    client: CreateUserPoolClientRequest,
    groups: Vec<String>,
}

impl PoolBuilder {
    pub(crate) fn new(pools: UserPools, settings: Settings, name: String) -> Self {
        let client = CreateUserPoolClientRequest {
            client_name: format!("{name}-application"),
            explicit_auth_flows: Some(vec![
                ExplicitAuthFlowsType::AllowAdminUserPasswordAuth,
                ExplicitAuthFlowsType::AllowUserPasswordAuth,
                ExplicitAuthFlowsType::AllowRefreshTokenAuth,
            ]),
            ..CreateUserPoolClientRequest::default()
        };
        let pool = CreateUserPoolRequest { pool_name: name, ..CreateUserPoolRequest::default() };
        Self { pools, settings, pool, client, groups: Vec::new() }
    }

    /// Creates a group as well.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::start().await?;
    /// let pool = cognate.pool("employees").with_group("Engineering").await?;
    /// pool.user("maria").in_group("Engineering").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_group(mut self, name: impl Into<String>) -> Self {
        self.groups.push(name.into());
        self
    }

    /// Declares a custom attribute of text that may be changed; its full name begins with `custom:`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::start().await?;
    /// let pool = cognate.pool("employees").with_custom_attribute("department").await?;
    /// pool.user("maria").with_attribute("custom:department", "Engineering").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_custom_attribute(mut self, name: impl Into<String>) -> Self {
        self.pool.schema.get_or_insert_default().push(SchemaAttributeType {
            name: Some(name.into()),
            attribute_data_type: Some(AttributeDataType::String),
            mutable: Some(true),
            ..SchemaAttributeType::default()
        });
        self
    }

    /// Gives the app client a secret.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::start().await?;
    /// assert!(cognate.pool("employees").with_client_secret().await?.client_secret().is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_client_secret(mut self) -> Self {
        self.client.generate_secret = Some(true);
        self
    }

    /// Sets any other member of `CreateUserPool`.
    ///
    /// ```
    /// use cognate_testkit::cognate::model::UsernameAttributeType;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::start().await?;
    /// let pool = cognate
    ///     .pool("customers")
    ///     .with_settings(|pool| pool.username_attributes = Some(vec![UsernameAttributeType::Email]))
    ///     .await?;
    /// let user = pool.user("maria@example.com").await?;
    /// assert_eq!(user.username(), user.sub());
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_settings(mut self, change: impl FnOnce(&mut CreateUserPoolRequest)) -> Self {
        change(&mut self.pool);
        self
    }

    /// Sets any other member of `CreateUserPoolClient`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::start().await?;
    /// let pool = cognate
    ///     .pool("customers")
    ///     .with_client_settings(|client| client.client_name = "shop".to_owned())
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_client_settings(mut self, change: impl FnOnce(&mut CreateUserPoolClientRequest)) -> Self {
        change(&mut self.client);
        self
    }

    async fn create(mut self) -> Result<Pool, Error> {
        let created = Box::pin(self.pools.send(self.pool)).await?.user_pool.unwrap_or_default();
        let id = created.id.unwrap_or_default();
        self.client.user_pool_id.clone_from(&id);
        let client = self.pools.send(self.client).await?.user_pool_client.unwrap_or_default();
        for group_name in self.groups {
            let group = CreateGroupRequest { user_pool_id: id.clone(), group_name, ..CreateGroupRequest::default() };
            self.pools.send(group).await?;
        }
        Ok(Pool {
            issuer: self.settings.issuer_of(&id),
            id,
            arn: created.arn.unwrap_or_default(),
            client_id: client.client_id.unwrap_or_default(),
            client_secret: client.client_secret.map(|secret| secret.expose().to_owned()),
            pools: self.pools,
        })
    }
}

impl IntoFuture for PoolBuilder {
    type Output = Result<Pool, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.create())
    }
}

/// A pool with its app client.
///
/// ```
/// use aws_sdk_cognitoidentityprovider::Client;
/// use cognate_testkit::{Cognate, aws_sdk_cognitoidentityprovider};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cognate = Cognate::start().await?;
/// let pool = cognate.pool("employees").await?;
/// let client = Client::from_conf(cognate.sdk_config());
/// let described = client.describe_user_pool().user_pool_id(pool.id()).send().await?;
/// assert_eq!(described.user_pool().and_then(|pool| pool.name()), Some("employees"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Pool {
    pools: UserPools,
    id: String,
    arn: String,
    issuer: String,
    client_id: String,
    client_secret: Option<String>,
}

impl Pool {
    /// The id of the pool.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::start().await?;
    /// assert!(cognate.pool("employees").await?.id().starts_with("us-east-1_"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The ARN of the pool, which tags and policies name.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::start().await?;
    /// let pool = cognate.pool("employees").await?;
    /// assert!(pool.arn().ends_with(&format!(":userpool/{}", pool.id())));
    /// # Ok(())
    /// # }
    /// ```
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// What tokens of the pool say in `iss`.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::start().await?;
    /// let pool = cognate.pool("employees").await?;
    /// assert_eq!(pool.issuer(), format!("https://cognito-idp.us-east-1.amazonaws.com/{}", pool.id()));
    /// # Ok(())
    /// # }
    /// ```
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The id of the app client.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::start().await?;
    /// assert_eq!(cognate.pool("employees").await?.client_id().len(), 26);
    /// # Ok(())
    /// # }
    /// ```
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The secret of the app client, if it has one.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::start().await?;
    /// assert!(cognate.pool("employees").await?.client_secret().is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn client_secret(&self) -> Option<&str> {
        self.client_secret.as_deref()
    }

    /// Creates a user; await it, or say first what the user is to have. Nothing is sent unless asked for.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::start().await?;
    /// let pool = cognate.pool("employees").await?;
    /// let maria = pool.user("maria").with_email("maria@example.com").with_password("Correct-horse-1").await?;
    /// assert_eq!(maria.username(), "maria");
    /// # Ok(())
    /// # }
    /// ```
    pub fn user(&self, username: impl Into<String>) -> UserBuilder {
        UserBuilder::new(self.pools.clone(), self.id.clone(), username.into())
    }
}
