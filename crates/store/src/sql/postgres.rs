//! PostgreSQL. The connection is encrypted, and the server's certificate checked, when the URL says
//! `sslmode=require`; `sslrootcert=FILE` names authorities other than the system's.

use std::collections::HashMap;
use std::error::Error;
use std::future::Future;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use futures_util::future::try_join_all;
use tokio::runtime::Runtime;
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, NoTls, Statement};

use super::postgres_tls;
use super::{Cell, Database, Row, Use, Value, Values};
use crate::error::{ErrorKind, StoreError};

/// How long a connection may take to make.
const CONNECT: Duration = Duration::from_secs(5);
/// How long one step may take. A network that swallows packets says nothing by itself.
const STEP: Duration = Duration::from_secs(30);
/// How many prepared statements are kept.
const STATEMENTS: usize = 64;
/// Any number, as long as every server uses the same for its lock.
const SCHEMA_LOCK: i64 = 0x686f_6f6b_666c_6173;

/// A connection. It lives in the thread that made it and does its work when it is asked.
pub(super) struct Postgres {
    runtime: Runtime,
    client: Client,
    statements: HashMap<String, Statement>,
}

impl Postgres {
    pub(super) fn connect(url: &str, purpose: Use) -> Result<Postgres, StoreError> {
        // The message of the parser quotes nothing of the URL, which may hold a password.
        let (url, authorities) = postgres_tls::without_authorities(url);
        let mut config = Config::from_str(&url).map_err(|e| {
            let message = format!("store.url cannot be read: {}", said(&e));
            StoreError::new(ErrorKind::Operator, message)
        })?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_application_name().is_none() {
            config.application_name("hookflash");
        }
        config.tcp_user_timeout(STEP);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| StoreError::new(ErrorKind::Unavailable, e.to_string()))?;
        // The work of a connection goes on beside the statements, and its errors come back from
        // those that wait for it.
        let client = if config.get_ssl_mode() == SslMode::Require {
            let tls = postgres_tls::tls(authorities.as_deref().map(Path::new))?;
            within(&runtime, async {
                let (client, connection) = config.connect(tls).await?;
                drop(tokio::spawn(connection));
                Ok(client)
            })?
        } else {
            within(&runtime, async {
                let (client, connection) = config.connect(NoTls).await?;
                drop(tokio::spawn(connection));
                Ok(client)
            })?
        };
        let mut postgres = Postgres {
            runtime,
            client,
            statements: HashMap::new(),
        };
        if purpose == Use::Reading {
            postgres.script("SET default_transaction_read_only = on")?;
        }
        Ok(postgres)
    }

    fn prepared(&mut self, sql: &str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = within(&self.runtime, self.client.prepare(sql))?;
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }
}

/// Does one step within its time.
fn within<T>(
    runtime: &Runtime,
    step: impl Future<Output = Result<T, tokio_postgres::Error>>,
) -> Result<T, StoreError> {
    let result = runtime.block_on(async { tokio::time::timeout(STEP, step).await });
    match result {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(e)) => Err(error(&e)),
        Err(_) => Err(StoreError::new(
            ErrorKind::Unavailable,
            format!("PostgreSQL did not answer within {} s", STEP.as_secs()),
        )),
    }
}

fn error(error: &tokio_postgres::Error) -> StoreError {
    let refused = |state: &SqlState| {
        // Classes: data, integrity, limits, and syntax or names. Whatever else the server says is
        // about itself, the connection or what else goes on, and passes.
        let class = state.code().get(..2).unwrap_or_default();
        matches!(class, "22" | "23" | "54" | "42")
    };
    let kind = match error.code() {
        Some(state) if refused(state) => ErrorKind::Refused,
        Some(_) => ErrorKind::Unavailable,
        None if error.is_closed() => ErrorKind::Unavailable,
        // A value that does not fit its column, found before anything was sent.
        None if error.to_string().contains("serializing parameter") => ErrorKind::Refused,
        None => ErrorKind::Unavailable,
    };
    StoreError::new(kind, format!("PostgreSQL: {}", said(error)))
}

/// An error with its causes, the only place where some of them say what it is.
fn said(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

impl ToSql for Value<'_> {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        match self {
            Value::Null => Ok(IsNull::Yes),
            Value::Int(number) => number.to_sql_checked(ty, out),
            Value::Text(text) => text.as_ref().to_sql_checked(ty, out),
            Value::Bytes(bytes) => bytes.to_sql_checked(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        // Each value asks for itself.
        true
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Cell {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Cell, Box<dyn Error + Sync + Send>> {
        match *ty {
            Type::INT8 => Ok(Cell::Int(i64::from_sql(ty, raw)?)),
            Type::INT4 => Ok(Cell::Int(i32::from_sql(ty, raw)?.into())),
            Type::BYTEA => Ok(Cell::Bytes(raw.to_vec())),
            _ => Ok(Cell::Text(String::from_sql(ty, raw)?)),
        }
    }

    fn from_sql_null(_: &Type) -> Result<Cell, Box<dyn Error + Sync + Send>> {
        Ok(Cell::Null)
    }

    fn accepts(ty: &Type) -> bool {
        matches!(*ty, Type::INT8 | Type::INT4 | Type::BYTEA) || <String as FromSql>::accepts(ty)
    }
}

impl Database for Postgres {
    fn begin(&mut self, durable: bool) -> Result<(), StoreError> {
        let sql = match durable {
            true => "BEGIN",
            false => "BEGIN; SET LOCAL synchronous_commit = off",
        };
        self.script(sql)
    }

    fn commit(&mut self) -> Result<(), StoreError> {
        self.script("COMMIT")
    }

    fn rollback(&mut self) {
        if !self.client.is_closed() {
            // A connection that cannot even do this is found out by the next statement.
            let _ = self.script("ROLLBACK");
        }
    }

    /// All of them travel at once, so that a batch costs one way there and back.
    fn run(&mut self, sql: &str, all: Values<'_, '_>) -> Result<Vec<Vec<Row>>, StoreError> {
        let statement = self.prepared(sql)?;
        let columns = statement.columns().len();
        let client = &self.client;
        let all: Vec<Vec<Value<'_>>> = all.collect();
        let each = all.iter().map(|values| {
            let values: Vec<&(dyn ToSql + Sync)> = values
                .iter()
                .map(|value| value as &(dyn ToSql + Sync))
                .collect();
            let statement = &statement;
            async move { client.query(statement, &values).await }
        });
        let results = within(&self.runtime, try_join_all(each))?;
        let mut read = Vec::with_capacity(results.len());
        for rows in results {
            let mut found = Vec::with_capacity(rows.len());
            for row in rows {
                let cells: Result<Vec<Cell>, _> = (0..columns).map(|n| row.try_get(n)).collect();
                found.push(Row::new(cells.map_err(|e| error(&e))?));
            }
            read.push(found);
        }
        Ok(read)
    }

    fn script(&mut self, sql: &str) -> Result<(), StoreError> {
        within(&self.runtime, self.client.batch_execute(sql))
    }

    fn lock_schema(&mut self) -> Result<(), StoreError> {
        self.script(&format!("SELECT pg_advisory_xact_lock({SCHEMA_LOCK})"))
    }

    fn migrations(&self) -> &'static [&'static str] {
        &[
            include_str!("../migrations/postgres_1.sql"),
            include_str!("../migrations/postgres_2.sql"),
            include_str!("../migrations/postgres_3.sql"),
        ]
    }

    fn is_gone(&self) -> bool {
        self.client.is_closed()
    }
}
