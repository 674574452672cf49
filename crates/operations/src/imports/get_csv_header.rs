//! `GetCSVHeader`: the columns of a file for an import job.
//!
//! Errors: `ResourceNotFound` (pool).

use cognate_domain::import_csv;
use cognate_model::{GetCSVHeaderRequest, GetCSVHeaderResponse};

use crate::{Context, Error};

pub(crate) async fn handle(cx: &Context, request: GetCSVHeaderRequest) -> Result<GetCSVHeaderResponse, Error> {
    let pool = cx.pool(&request.user_pool_id).await?;
    Ok(GetCSVHeaderResponse { user_pool_id: Some(pool.id().to_owned()), csv_header: Some(import_csv::header(&pool)) })
}
