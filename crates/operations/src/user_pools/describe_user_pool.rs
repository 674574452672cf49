//! `DescribeUserPool`.
//!
//! Errors: `ResourceNotFound` (pool).

use cognate_domain::pool_rules;
use cognate_model::{DescribeUserPoolRequest, DescribeUserPoolResponse};
use cognate_store::counters;

use crate::{Context, Error};

pub(crate) async fn handle(cx: &Context, request: DescribeUserPoolRequest) -> Result<DescribeUserPoolResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    let users = cx.read(|tx| Ok(counters::users(tx, pool.id())?)).await?;
    Ok(DescribeUserPoolResponse { user_pool: Some(pool_rules::describe(&pool, users)) })
}
