-- What each server that shares a database took out of which buckets of its rate limits: its newest reports, in turn.
CREATE TABLE spent_rates (
    node TEXT NOT NULL,
    slot BIGINT NOT NULL,
    report BIGINT NOT NULL,
    told BIGINT NOT NULL,
    spent BYTEA NOT NULL,
    PRIMARY KEY (node, slot)
) /*clustered*/;
