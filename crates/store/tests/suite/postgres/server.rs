//! The server of the tests, and a database for each of them.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use cognate_store::{DatabaseOptions, Store};

/// The URLs of a server for tests.
pub struct Server {
    /// Its socket.
    pub url: String,
    /// Through TLS, with a password and its certificate. Empty where the server was built without TLS.
    pub tls: String,
    /// Stops when this process ends, and its end of the pipe with it.
    _process: Option<Child>,
}

/// The server of the environment, or one of our own.
pub fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        match variable("COGNATE_TEST_POSTGRES") {
            Some(url) => Server { url, tls: variable("COGNATE_TEST_POSTGRES_TLS").unwrap_or_default(), _process: None },
            None => start(),
        }
    })
}

fn start() -> Server {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../xtask/postgres");
    let mut process = Command::new(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
    let mut next = || {
        let line = lines.next().and_then(Result::ok);
        line.expect("the tests need PostgreSQL: `make packages` installs it (what is wrong stands above)")
    };
    Server { url: next(), tls: next(), _process: Some(process) }
}

/// The URL of another database of the same server.
pub fn of_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, None), |(base, query)| (base, Some(query)));
    let (server, _) = base.rsplit_once('/').unwrap();
    query.map_or_else(|| format!("{server}/{name}"), |query| format!("{server}/{name}?{query}"))
}

/// Runs statements beside the store.
pub fn sql(url: &str, statements: &str) -> Vec<Vec<Option<String>>> {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
            let connection = tokio::spawn(connection);
            let messages = client.simple_query(statements).await.unwrap();
            drop(client);
            connection.await.unwrap().unwrap();
            messages
        })
    };
    let messages = std::thread::scope(|scope| scope.spawn(run).join().unwrap());
    let rows = messages.into_iter().filter_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => {
            Some((0..row.len()).map(|column| row.get(column).map(str::to_owned)).collect())
        }
        _ => None,
    });
    rows.collect()
}

/// A database with our schema, removed at the end of its test.
pub struct Database {
    url: String,
    name: String,
}

impl Database {
    /// Copies one that was laid down before.
    pub fn fresh() -> Self {
        static TEMPLATE: OnceLock<String> = OnceLock::new();
        let template = TEMPLATE.get_or_init(|| {
            let template = Self::empty();
            drop(Store::connect(&template.url, DatabaseOptions::default()).unwrap());
            let name = template.name.clone();
            // It stays for as long as the server.
            std::mem::forget(template);
            name
        });
        Self::create(&format!("TEMPLATE {template}"))
    }

    /// One without any schema.
    pub fn empty() -> Self {
        Self::create("")
    }

    /// One made with these words behind its name.
    pub fn create(words: &str) -> Self {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let name = format!("test_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::SeqCst));
        let server = &server().url;
        sql(server, &format!("CREATE DATABASE {name} {words}"));
        Self { url: of_database(server, &name), name }
    }

    /// Where it is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs statements in it.
    pub fn sql(&self, statements: &str) -> Vec<Vec<Option<String>>> {
        sql(&self.url, statements)
    }

    /// One number.
    pub fn number(&self, query: &str) -> i64 {
        self.sql(query)[0][0].as_deref().unwrap().parse().unwrap()
    }

    /// The tables with a row that holds these bytes in some column, one entry a row.
    pub fn tables_that_mention(&self, bytes: &[u8]) -> Vec<String> {
        let digits = bytes.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        let tables = self.sql(
            "SELECT table_name, string_agg('position($1 in ' || CASE data_type WHEN 'bytea' THEN column_name \
             ELSE 'convert_to(' || column_name || '::text, ''UTF8'')' END || ') > 0', ' OR ') \
             FROM information_schema.columns WHERE table_schema = 'public' GROUP BY table_name",
        );
        let mut mentions = Vec::new();
        for row in tables {
            let (table, condition) = (row[0].clone().unwrap(), row[1].clone().unwrap());
            let condition = condition.replace("$1", &format!("'\\x{digits}'::bytea"));
            let rows = self.number(&format!("SELECT COUNT(*) FROM {table} WHERE {condition}"));
            mentions.extend((0..rows).map(|_| table.clone()));
        }
        mentions
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        sql(&server().url, &format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}
