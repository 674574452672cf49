-- What SRP checks a password by, sealed. Apart from the user, because few reads of a user need it.
CREATE TABLE srp_verifiers (
    pool TEXT NOT NULL,
    user_id BYTEA NOT NULL,
    sealed BYTEA NOT NULL,
    PRIMARY KEY (pool, user_id)
);
