-- What SRP checks a password by, sealed. Apart from the user, because few reads of a user need it.
CREATE TABLE srp_verifiers (
    pool TEXT NOT NULL,
    user_id BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (pool, user_id)
);

-- Failed attempts on names that nobody has, where an app client hides which names those are. Many names share a
-- bucket, so that their number is bounded whatever is tried.
CREATE TABLE strangers (
    pool TEXT NOT NULL,
    bucket BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    last_failure BIGINT NOT NULL,
    locked_until BIGINT NOT NULL,
    PRIMARY KEY (pool, bucket)
) /*clustered*/;
