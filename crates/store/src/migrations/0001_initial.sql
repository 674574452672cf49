-- The first schema. Every key begins with the pool. Compared values are bytes, times are microseconds.
-- /*clustered*/ marks tables whose rows are small enough to live in their primary key.

CREATE TABLE settings (
    name TEXT NOT NULL,
    value BYTEA NOT NULL,
    PRIMARY KEY (name)
);

CREATE TABLE user_pools (
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    record TEXT NOT NULL,
    data_key BYTEA NOT NULL,
    PRIMARY KEY (id)
);

CREATE TABLE clients (
    pool TEXT NOT NULL,
    id TEXT NOT NULL,
    version BIGINT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (pool, id)
);

-- Public operations name a client without its pool.
CREATE TABLE client_pools (
    client TEXT NOT NULL,
    pool TEXT NOT NULL,
    PRIMARY KEY (client)
);

CREATE TABLE signing_keys (
    pool TEXT NOT NULL,
    purpose TEXT NOT NULL,
    kid TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    public TEXT NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (pool, purpose)
);

CREATE TABLE users (
    pool TEXT NOT NULL,
    id BYTEA NOT NULL,
    version BIGINT NOT NULL,
    username TEXT NOT NULL,
    status TEXT NOT NULL,
    enabled BIGINT NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    attributes TEXT NOT NULL,
    hidden TEXT NOT NULL,
    PRIMARY KEY (pool, id)
);

-- The handles under which a user is found, each belonging to one user: the primary key is the uniqueness.
CREATE TABLE user_aliases (
    pool TEXT NOT NULL,
    kind TEXT NOT NULL,
    value BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    PRIMARY KEY (pool, kind, value)
) /*clustered*/;

-- What ListUsers searches. Values that nearly every user shares are left out.
CREATE TABLE user_attributes (
    pool TEXT NOT NULL,
    name TEXT NOT NULL,
    value BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    PRIMARY KEY (pool, name, value, user_id)
) /*clustered*/;

CREATE TABLE groups (
    pool TEXT NOT NULL,
    name BYTEA NOT NULL,
    version BIGINT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (pool, name)
);

CREATE TABLE group_members (
    pool TEXT NOT NULL,
    group_name BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    PRIMARY KEY (pool, group_name, user_id)
) /*clustered*/;

CREATE TABLE user_groups (
    pool TEXT NOT NULL,
    user_id BYTEA NOT NULL,
    group_name BYTEA NOT NULL,
    PRIMARY KEY (pool, user_id, group_name)
) /*clustered*/;

-- One row a family: the refresh token of a sign-in and what was refreshed from it.
CREATE TABLE refresh_tokens (
    pool TEXT NOT NULL,
    user_id BYTEA NOT NULL,
    family BYTEA NOT NULL,
    client TEXT NOT NULL,
    event_id BYTEA NOT NULL,
    auth_time BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    revoked BIGINT NOT NULL,
    PRIMARY KEY (pool, user_id, family)
) /*clustered*/;

CREATE TABLE codes (
    pool TEXT NOT NULL,
    user_id BYTEA NOT NULL,
    purpose TEXT NOT NULL,
    hash BYTEA NOT NULL,
    attribute TEXT NOT NULL,
    wrong BIGINT NOT NULL,
    created BIGINT NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (pool, user_id, purpose)
) /*clustered*/;

-- How often a user has done something that is limited, since when.
CREATE TABLE attempts (
    pool TEXT NOT NULL,
    user_id BYTEA NOT NULL,
    kind TEXT NOT NULL,
    count BIGINT NOT NULL,
    since BIGINT NOT NULL,
    PRIMARY KEY (pool, user_id, kind)
) /*clustered*/;

CREATE TABLE used_sessions (
    pool TEXT NOT NULL,
    id BYTEA NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (pool, id)
) /*clustered*/;

CREATE INDEX used_sessions_by_expiry ON used_sessions (expires);

-- Ids are time-ordered, so that newest first is the primary key backwards.
CREATE TABLE auth_events (
    pool TEXT NOT NULL,
    user_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (pool, user_id, id)
) /*clustered*/;

-- Messages to users. They hold codes and passwords, so they are sealed.
CREATE TABLE outbox (
    pool TEXT NOT NULL,
    user_id BYTEA NOT NULL,
    id BYTEA NOT NULL,
    created BIGINT NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (pool, user_id, id)
);

CREATE TABLE access_keys (
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    policy TEXT NOT NULL,
    created BIGINT NOT NULL,
    PRIMARY KEY (id)
);

-- Sharded, so that counting never makes one row hot.
CREATE TABLE counters (
    pool TEXT NOT NULL,
    shard BIGINT NOT NULL,
    users BIGINT NOT NULL,
    PRIMARY KEY (pool, shard)
) /*clustered*/;
