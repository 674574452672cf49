//! A user in one line.

use std::pin::Pin;

use cognate::model::{
    AdminAddUserToGroupRequest, AdminCreateUserRequest, AdminSetUserPasswordRequest, AttributeType, DeliveryMediumType,
    MessageActionType, Secret,
};
use cognate::{Error, UserPools};

/// A user who is about to be created: await it. Without a password the user has a temporary one.
///
/// ```
/// use cognate_testkit::Cognate;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cognate = Cognate::start().await?;
/// let pool = cognate.pool("employees").with_group("Engineering").await?;
/// pool.user("maria").with_password("Correct-horse-1").in_group("Engineering").await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a user is created when it is awaited"]
pub struct UserBuilder {
    pools: UserPools,
    request: AdminCreateUserRequest,
    password: Option<Secret>,
    groups: Vec<String>,
}

impl UserBuilder {
    pub(crate) fn new(pools: UserPools, user_pool_id: String, username: String) -> Self {
        let request = AdminCreateUserRequest {
            user_pool_id,
            username,
            message_action: Some(MessageActionType::Suppress),
            ..AdminCreateUserRequest::default()
        };
        Self { pools, request, password: None, groups: Vec::new() }
    }

    /// Sets an attribute.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::start().await?;
    /// let pool = cognate.pool("employees").await?;
    /// pool.user("maria").with_attribute("name", "Maria").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_attribute(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        let attribute = AttributeType { name: name.into(), value: Some(value.into()) };
        self.request.user_attributes.get_or_insert_default().push(attribute);
        self
    }

    /// Sets a verified e-mail address.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::start().await?;
    /// let pool = cognate.pool("employees").await?;
    /// pool.user("maria").with_email("maria@example.com").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_email(self, address: impl Into<String>) -> Self {
        self.with_attribute("email", address).with_attribute("email_verified", "true")
    }

    /// Sets a password of the user's own: the user is confirmed and may sign in.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::start().await?;
    /// let pool = cognate.pool("employees").await?;
    /// pool.user("maria").with_password("Correct-horse-1").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_password(mut self, password: impl Into<String>) -> Self {
        self.password = Some(Secret::from(password.into()));
        self
    }

    /// Sets the temporary password, for which the first sign-in asks a new one; made up without it.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::start().await?;
    /// let pool = cognate.pool("employees").await?;
    /// pool.user("maria").with_temporary_password("Temporary-1").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn with_temporary_password(mut self, password: impl Into<String>) -> Self {
        self.request.temporary_password = Some(Secret::from(password.into()));
        self
    }

    /// Sends the invitation by e-mail; the user needs an address.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::start().await?;
    /// let pool = cognate.pool("employees").await?;
    /// pool.user("maria").with_email("maria@example.com").invited().await?;
    /// assert!(cognate.outbox().await?.newest_for("maria").is_some());
    /// # Ok(())
    /// # }
    /// ```
    pub fn invited(mut self) -> Self {
        self.request.message_action = None;
        self.request.desired_delivery_mediums = Some(vec![DeliveryMediumType::Email]);
        self
    }

    /// Puts the user into a group that exists.
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
    pub fn in_group(mut self, name: impl Into<String>) -> Self {
        self.groups.push(name.into());
        self
    }

    async fn create(self) -> Result<User, Error> {
        let user_pool_id = self.request.user_pool_id.clone();
        let created = self.pools.send(self.request).await?.user.unwrap_or_default();
        let username = created.username.unwrap_or_default();
        let mut attributes = created.attributes.unwrap_or_default().into_iter();
        let sub = attributes.find(|attribute| attribute.name == "sub").and_then(|sub| sub.value).unwrap_or_default();
        if let Some(password) = self.password {
            let (user_pool_id, username) = (user_pool_id.clone(), username.clone());
            let permanent = Some(true);
            self.pools.send(AdminSetUserPasswordRequest { user_pool_id, username, password, permanent }).await?;
        }
        for group_name in self.groups {
            let (user_pool_id, username) = (user_pool_id.clone(), username.clone());
            self.pools.send(AdminAddUserToGroupRequest { user_pool_id, username, group_name }).await?;
        }
        Ok(User { username, sub })
    }
}

impl IntoFuture for UserBuilder {
    type Output = Result<User, Error>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.create())
    }
}

/// A user who was created.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cognate = cognate_testkit::Cognate::start().await?;
/// let maria = cognate.pool("employees").await?.user("maria").await?;
/// assert_ne!(maria.username(), maria.sub());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    username: String,
    sub: String,
}

impl User {
    /// The user name; the `sub` where an address is the name that the user signs in with.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::start().await?;
    /// assert_eq!(cognate.pool("employees").await?.user("Maria").await?.username(), "Maria");
    /// # Ok(())
    /// # }
    /// ```
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The id that never changes.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::start().await?;
    /// assert_eq!(cognate.pool("employees").await?.user("maria").await?.sub().len(), 36);
    /// # Ok(())
    /// # }
    /// ```
    pub fn sub(&self) -> &str {
        &self.sub
    }
}
