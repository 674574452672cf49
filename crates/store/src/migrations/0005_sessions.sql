-- Which refresh token of a family is the current one, and until when those before it answer again.
ALTER TABLE refresh_tokens ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;
ALTER TABLE refresh_tokens ADD COLUMN graces TEXT NOT NULL DEFAULT '[]';

-- The device that a refresh has to name; empty where there is none.
ALTER TABLE refresh_tokens ADD COLUMN device TEXT NOT NULL DEFAULT '';

-- The session that users and administrators see: when and from where it was used last. 0 where none is tracked.
ALTER TABLE refresh_tokens ADD COLUMN last_active BIGINT NOT NULL DEFAULT 0;
ALTER TABLE refresh_tokens ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE refresh_tokens ADD COLUMN device_type TEXT NOT NULL DEFAULT '';

-- Signing keys follow each other. A key is published from its first row on, and signs from signs_from; 0 there means
-- that no server has published it yet. The number makes two rotations at once collide instead of both counting.
CREATE TABLE numbered_keys (
    pool TEXT NOT NULL,
    purpose TEXT NOT NULL,
    number BIGINT NOT NULL,
    kid TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    public TEXT NOT NULL,
    created BIGINT NOT NULL,
    ahead BIGINT NOT NULL,
    signs_from BIGINT NOT NULL,
    PRIMARY KEY (pool, purpose, number)
);

INSERT INTO numbered_keys (pool, purpose, number, kid, sealed, public, created, ahead, signs_from)
    SELECT pool, purpose, 1, kid, sealed, public, created, 0, created FROM signing_keys;

DROP TABLE signing_keys;

ALTER TABLE numbered_keys RENAME TO signing_keys;
