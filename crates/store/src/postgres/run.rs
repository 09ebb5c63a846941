//! Statements and rows of PostgreSQL.

use deadpool_postgres::Object;
use tokio_postgres::types::private::BytesMut;
use tokio_postgres::types::{IsNull, ToSql, Type, to_sql_checked};

use super::failure::{Failure, failed};
use super::pipeline::{Sent, in_order};
use crate::row::{Cell, Row};
use crate::sql::{Arg, ArgType, Sql};

/// Texts that a connection keeps prepared; more are begun anew.
const PREPARED: usize = 400;

impl ToSql for Arg {
    fn to_sql(
        &self,
        ty: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn std::error::Error + Sync + Send>> {
        match self {
            Self::Null(_) => Ok(IsNull::Yes),
            Self::Bool(b) => b.to_sql(ty, out),
            Self::Int(n) => n.to_sql(ty, out),
            Self::Text(t) => t.as_str().to_sql(ty, out),
            Self::Bytes(b) => b.as_slice().to_sql(ty, out),
        }
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

/// The type of an argument.
pub(crate) fn type_of(arg: &Arg) -> Type {
    match arg.kind() {
        ArgType::Bool => Type::BOOL,
        ArgType::Int => Type::INT8,
        ArgType::Text => Type::TEXT,
        ArgType::Bytes => Type::BYTEA,
    }
}

/// Prepares a text, or takes it as it was prepared before on this connection.
pub(crate) async fn prepare(
    client: &Object,
    text: &str,
    types: &[Type],
) -> Result<tokio_postgres::Statement, Failure> {
    if client.statement_cache.size() > PREPARED {
        client.statement_cache.clear();
    }
    client.prepare_typed_cached(text, types).await.map_err(|e| failed(&e))
}

/// Asks a question. A known text keeps its plan.
pub(crate) async fn rows(client: &Object, sql: &Sql, known: bool) -> Result<Vec<Row>, Failure> {
    let answer = if known {
        let types: Vec<Type> = sql.args.iter().map(type_of).collect();
        let statement = prepare(client, &sql.text, &types).await?;
        let args: Vec<&(dyn ToSql + Sync)> = sql.args.iter().map(|a| a as &(dyn ToSql + Sync)).collect();
        client.query(&statement, &args).await
    } else {
        let args: Vec<(&(dyn ToSql + Sync), Type)> =
            sql.args.iter().map(|a| (a as &(dyn ToSql + Sync), type_of(a))).collect();
        client.query_typed(&sql.text, &args).await
    };
    convert(&answer.map_err(|e| failed(&e))?)
}

/// Asks several questions, sent together; the first failure ends it.
pub(crate) async fn together(client: &Object, questions: &[Sql]) -> Result<Vec<Vec<Row>>, Failure> {
    let mut statements = Vec::with_capacity(questions.len());
    for sql in questions {
        let types: Vec<Type> = sql.args.iter().map(type_of).collect();
        statements.push(prepare(client, &sql.text, &types).await?);
    }
    let args: Vec<Vec<&(dyn ToSql + Sync)>> =
        questions.iter().map(|sql| sql.args.iter().map(|arg| arg as &(dyn ToSql + Sync)).collect()).collect();
    let sent = statements.iter().zip(&args).map(|(statement, args)| -> Sent<'_, _> {
        Box::pin(async move { client.query(statement, args).await.map_err(|e| failed(&e)) })
    });
    let answers = in_order(sent.collect()).await;
    answers.into_iter().map(|rows| convert(&rows?)).collect()
}

/// The server's rows as ours.
pub(crate) fn convert(rows: &[tokio_postgres::Row]) -> Result<Vec<Row>, Failure> {
    rows.iter()
        .map(|row| {
            let cells = row.columns().iter().enumerate().map(|(i, column)| cell(row, i, column.type_()));
            Ok(Row(cells.collect::<Result<_, _>>().map_err(|e| failed(&e))?))
        })
        .collect()
}

fn cell(row: &tokio_postgres::Row, at: usize, kind: &Type) -> Result<Cell, tokio_postgres::Error> {
    Ok(match *kind {
        Type::BOOL => row.try_get::<_, Option<bool>>(at)?.map_or(Cell::Null, Cell::Bool),
        Type::INT8 => row.try_get::<_, Option<i64>>(at)?.map_or(Cell::Null, Cell::Int),
        Type::INT4 => row.try_get::<_, Option<i32>>(at)?.map_or(Cell::Null, |n| Cell::Int(n.into())),
        Type::INT2 => row.try_get::<_, Option<i16>>(at)?.map_or(Cell::Null, |n| Cell::Int(n.into())),
        Type::FLOAT8 => row.try_get::<_, Option<f64>>(at)?.map_or(Cell::Null, Cell::Float),
        Type::FLOAT4 => row.try_get::<_, Option<f32>>(at)?.map_or(Cell::Null, |f| Cell::Float(f.into())),
        Type::BYTEA => row.try_get::<_, Option<Vec<u8>>>(at)?.map_or(Cell::Null, Cell::Bytes),
        _ => row.try_get::<_, Option<String>>(at)?.map_or(Cell::Null, Cell::Text),
    })
}
