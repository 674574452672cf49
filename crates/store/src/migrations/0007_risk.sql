-- What pools and app clients do about risks; the pool's own has no client.
CREATE TABLE risk_configurations (
    pool TEXT NOT NULL,
    client TEXT NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (pool, client)
);

-- Addresses, devices and countries of a user's sign-ins: the first and the last of them, and what feedback said.
CREATE TABLE risk_marks (
    pool TEXT NOT NULL,
    user_id BYTEA NOT NULL,
    kind TEXT NOT NULL,
    value BYTEA NOT NULL,
    standing TEXT NOT NULL,
    first_seen BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    PRIMARY KEY (pool, user_id, kind, value)
) /*clustered*/;
