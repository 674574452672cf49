-- What became of the rows of import jobs, batch by batch.
CREATE TABLE import_outcomes (
    pool TEXT NOT NULL,
    job TEXT NOT NULL,
    first_line BIGINT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (pool, job, first_line)
);
