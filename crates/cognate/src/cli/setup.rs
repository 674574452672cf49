//! The options that say how a server is set up: those of `dev`, `serve` and `doctor`.

use std::path::Path;

use clap::Args;
use cognate::FileConfig;

use super::delivery::Delivery;
use super::{Data, Failure, Knowledge, Outside};

/// How a server is set up.
#[derive(Args, Clone)]
pub(super) struct Setup {
    #[command(flatten)]
    pub(super) data: Data,
    #[command(flatten)]
    knowledge: Knowledge,
    #[command(flatten)]
    delivery: Delivery,
    #[command(flatten)]
    outside: Outside,
}

impl Setup {
    /// The settings of a file, under what the command line says.
    pub(super) fn over(&self, path: Option<&Path>) -> Result<FileConfig, Failure> {
        let over =
            |file: &FileConfig| self.delivery.over(&self.outside.over(&self.knowledge.over(&self.data.over(file))));
        match path {
            Some(path) => FileConfig::read_under(path, over),
            None => Ok(over(&FileConfig::default())),
        }
    }
}
