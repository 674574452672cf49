//! What users were sent.

use cognate::Message;

/// The messages that users were sent, newest first.
///
/// ```
/// use cognate_testkit::Cognate;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cognate = Cognate::start().await?;
/// let pool = cognate.pool("employees").await?;
/// pool.user("maria").with_email("maria@example.com").invited().await?;
/// let outbox = cognate.outbox().await?;
/// assert_eq!(outbox.messages().len(), 1);
/// assert!(outbox.newest_for("john").is_none());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Outbox(Vec<Message>);

impl Outbox {
    pub(crate) fn new(messages: Vec<Message>) -> Self {
        Self(messages)
    }

    /// Every message, newest first.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = cognate_testkit::Cognate::start().await?;
    /// assert!(cognate.outbox().await?.messages().is_empty());
    /// # Ok(())
    /// # }
    /// ```
    pub fn messages(&self) -> &[Message] {
        &self.0
    }

    /// The messages of one pool, for tests in which users of several pools have one name.
    ///
    /// ```
    /// use cognate_testkit::Cognate;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = Cognate::start().await?;
    /// let (here, there) = (cognate.pool("employees").await?, cognate.pool("customers").await?);
    /// here.user("maria").with_email("maria@example.com").invited().await?;
    /// let outbox = cognate.outbox().await?;
    /// assert!(outbox.of_pool(here.id()).newest_for("maria").is_some());
    /// assert!(outbox.of_pool(there.id()).newest_for("maria").is_none());
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn of_pool(&self, id: &str) -> Self {
        Self(self.0.iter().filter(|message| message.pool_id == id).cloned().collect())
    }

    /// The newest message to a user: by user name, or by the address or number that it went to.
    ///
    /// ```
    /// use cognate_testkit::Cognate;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let cognate = Cognate::start().await?;
    /// let pool = cognate.pool("employees").await?;
    /// pool.user("maria").with_email("maria@example.com").invited().await?;
    /// let outbox = cognate.outbox().await?;
    /// assert_eq!(outbox.newest_for("maria"), outbox.newest_for("maria@example.com"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn newest_for(&self, user: &str) -> Option<Message> {
        self.0.iter().find(|message| message.username == user || message.destination == user).cloned()
    }
}
