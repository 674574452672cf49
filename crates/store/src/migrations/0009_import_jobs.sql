-- Jobs that take users in from CSV files, and the files until the job is over, in parts of bounded size.
CREATE TABLE import_jobs (
    pool TEXT NOT NULL,
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    created BIGINT NOT NULL,
    status TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (pool, id)
);

CREATE INDEX import_jobs_by_age ON import_jobs (pool, created, id);

CREATE TABLE import_files (
    pool TEXT NOT NULL,
    job TEXT NOT NULL,
    part BIGINT NOT NULL,
    data BYTEA NOT NULL,
    PRIMARY KEY (pool, job, part)
);
