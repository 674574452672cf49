-- Passkeys. Their ids are made by authenticators; the primary key is what keeps one from belonging to two users.

CREATE TABLE passkeys (
    pool TEXT NOT NULL,
    credential_id BYTEA NOT NULL,
    user_id BYTEA NOT NULL,
    version BIGINT NOT NULL,
    created BIGINT NOT NULL,
    counter BIGINT NOT NULL,
    backed_up BIGINT NOT NULL,
    public_key BYTEA NOT NULL,
    details TEXT NOT NULL,
    PRIMARY KEY (pool, credential_id)
);

CREATE INDEX passkeys_by_user ON passkeys (pool, user_id, created, credential_id);

-- The registration that a user has begun: one at a time.
CREATE TABLE passkey_challenges (
    pool TEXT NOT NULL,
    user_id BYTEA NOT NULL,
    client TEXT NOT NULL,
    challenge BYTEA NOT NULL,
    expires BIGINT NOT NULL,
    PRIMARY KEY (pool, user_id)
) /*clustered*/;
