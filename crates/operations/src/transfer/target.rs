//! The pools that an import writes into, each opened once.

use std::collections::HashMap;
use std::sync::Arc;

use cognate_domain::Pool;

use super::Stopped;
use crate::verifier::prefix;
use crate::{Context, Error, OpenPool};

/// A pool that lines go to, whatever they call it.
pub(crate) struct Target {
    pub(crate) pool: Arc<OpenPool>,
}

impl Target {
    /// Whether what SRP checks passwords by still does here: it was made for the name of a pool.
    pub(super) fn keeps_verifiers_of(&self, source: Option<&str>) -> bool {
        source.is_some_and(|source| prefix(source) == self.pool.short_name())
    }
}

/// By the ids that lines give, with the last one that was named for lines that name none.
#[derive(Clone, Default)]
pub(super) struct Targets {
    /// All lines go there.
    into: Option<Arc<Target>>,
    by_id: HashMap<String, Arc<Target>>,
    /// The pool that the file itself spoke of last.
    last: Option<String>,
    /// With `into`: the one pool that the file may speak of.
    only: Option<String>,
}

impl Targets {
    pub(super) async fn new(cx: &Context, into: Option<&str>) -> Result<Self, Stopped> {
        let Some(id) = into else { return Ok(Self::default()) };
        let pool = cx.pool(id).await.map_err(|error| Stopped::because(told(&error)))?;
        Ok(Self { into: Some(Arc::new(Target { pool })), ..Self::default() })
    }

    /// Whether lines go elsewhere than they say.
    pub(super) fn redirects(&self) -> bool {
        self.into.is_some()
    }

    /// Notes a pool of the file, which is there by now unless lines are redirected.
    pub(super) async fn note(&mut self, cx: &Context, pool: &Pool) -> Result<(), String> {
        self.last = Some(pool.id().to_owned());
        self.open(cx, Some(pool.id())).await.map(|_| ())
    }

    /// Opens the pool of a line. Users' lines are looked up with [`Targets::get`], which does not wait.
    pub(super) async fn open(&mut self, cx: &Context, named: Option<&str>) -> Result<Arc<Target>, String> {
        if let (Some(_), Some(named)) = (&self.into, named) {
            let only = self.only.get_or_insert_with(|| named.to_owned());
            if only != named {
                return Err(format!("the file holds {only} and {named}, of which one alone can go into another pool"));
            }
        }
        if let Some(known) = self.get(named) {
            return Ok(known);
        }
        let id = named.or(self.last.as_deref()).ok_or("no pool is named; give one with --into")?;
        let pool = cx.pool(id).await.map_err(|error| told(&error))?;
        let target = Arc::new(Target { pool });
        self.by_id.insert(id.to_owned(), Arc::clone(&target));
        Ok(target)
    }

    /// The pool of a line, if it was opened.
    pub(super) fn get(&self, named: Option<&str>) -> Option<Arc<Target>> {
        let known = || self.by_id.get(named.or(self.last.as_deref())?).cloned();
        match (&self.into, named, &self.only) {
            // The second pool of a file that goes into one.
            (Some(_), Some(named), Some(only)) if named != only => None,
            (Some(into), ..) => Some(Arc::clone(into)),
            (None, ..) => known(),
        }
    }
}

/// What an error says to an operator.
pub(super) fn told(error: &Error) -> String {
    match error {
        Error::Refused(refusal) => refusal.message.to_string(),
        other => other.to_string(),
    }
}
