-- Who changed what. Ids are time-ordered, so that a span of time is a range of the primary key. A pool may be gone and
-- its entries stay, so the key does not begin with it.
CREATE TABLE audit (
    id BYTEA NOT NULL,
    pool TEXT NOT NULL,
    operation TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (id)
) /*clustered*/;
