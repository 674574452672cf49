-- What tells the servers that share a database of a change to a pool or an app client: one row a pool, which changes with
-- each of them. Rows of deleted pools stay for a while, because the others have to hear of it.
CREATE TABLE config_changes (
    pool TEXT NOT NULL,
    version BIGINT NOT NULL,
    changed BIGINT NOT NULL,
    PRIMARY KEY (pool)
) /*clustered*/;

CREATE INDEX config_changes_by_age ON config_changes (changed);

-- An import job belongs to the server that renews its lease. done is how many lines of the file are behind it.
ALTER TABLE import_jobs ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE import_jobs ADD COLUMN lease BIGINT NOT NULL DEFAULT 0;
ALTER TABLE import_jobs ADD COLUMN done BIGINT NOT NULL DEFAULT 0;

CREATE INDEX import_jobs_running ON import_jobs (lease) WHERE status IN ('Pending', 'InProgress', 'Stopping');

-- When a part of a file came: a draft that nobody goes on with is removed later.
ALTER TABLE import_files ADD COLUMN came BIGINT NOT NULL DEFAULT 0;
