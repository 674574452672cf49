-- The devices that users confirmed. What proves a device is sealed. A device that was asked to prove itself waits for
-- the answer: some clients send it without the session of the challenge.
CREATE TABLE devices (
    pool TEXT NOT NULL,
    user_id BYTEA NOT NULL,
    device_key BYTEA NOT NULL,
    name TEXT NOT NULL,
    remembered BIGINT NOT NULL,
    created BIGINT NOT NULL,
    modified BIGINT NOT NULL,
    authenticated BIGINT NOT NULL,
    address TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    session TEXT NOT NULL,
    PRIMARY KEY (pool, user_id, device_key)
);
