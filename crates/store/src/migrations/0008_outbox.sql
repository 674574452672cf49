-- Messages are delivered. state: 0 waits, 1 sent, 2 given up, 3 only kept, because nothing could deliver it.
-- What was written before there was a delivery was never to be delivered, so it is kept as it is.
-- due is when to try next; while an owner has leased the message, when the lease ends.
ALTER TABLE outbox ADD COLUMN state BIGINT NOT NULL DEFAULT 3;
ALTER TABLE outbox ADD COLUMN attempts BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN due BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN expires BIGINT NOT NULL DEFAULT 0;
ALTER TABLE outbox ADD COLUMN owner TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN reason TEXT NOT NULL DEFAULT '';

-- When the message came to its end.
ALTER TABLE outbox ADD COLUMN settled BIGINT NOT NULL DEFAULT 0;

UPDATE outbox SET settled = created;

CREATE INDEX outbox_due ON outbox (due) WHERE state = 0;

CREATE INDEX outbox_settled ON outbox (settled) WHERE state <> 0;

-- Ids are time-ordered, so that newest first is this index backwards.
CREATE INDEX outbox_by_id ON outbox (id);
