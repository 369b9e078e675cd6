-- What was promised to be safe before its transaction came: calls, and with a place what is owed
-- of one. Without an index, it grows at its end and costs a transaction few pages. Those that run
-- and the outbox have no rows for what is over within one transaction of the tables.
CREATE TABLE journal (
    entry_no BIGSERIAL PRIMARY KEY,
    node TEXT COLLATE "C" NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    sid TEXT COLLATE "C" NOT NULL,
    application TEXT,
    parent TEXT COLLATE "C",
    direction TEXT,
    from_told TEXT COLLATE "C",
    to_told TEXT COLLATE "C",
    state TEXT,
    ended_by TEXT,
    end_answered BIGINT,
    sip_status BIGINT,
    cause TEXT,
    created_at BIGINT,
    started_at BIGINT,
    ended_at BIGINT,
    body TEXT,
    details TEXT,
    place BIGINT,
    target TEXT,
    request BYTEA,
    owed_at BIGINT,
    due_at BIGINT,
    attempts BIGINT,
    last_error TEXT,
    is_left BIGINT
);
