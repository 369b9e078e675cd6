-- What was promised to be safe before its transaction came: calls, and with a place what is owed
-- of one. Without an index, it grows at its end and costs a transaction few pages. Those that run
-- and the outbox have no rows for what is over within one transaction of the tables.
CREATE TABLE journal (
    entry_no INTEGER PRIMARY KEY,
    node TEXT NOT NULL,
    account TEXT NOT NULL,
    sid TEXT NOT NULL,
    application TEXT,
    parent TEXT,
    direction TEXT,
    from_told TEXT,
    to_told TEXT,
    state TEXT,
    ended_by TEXT,
    end_answered INTEGER,
    sip_status INTEGER,
    cause TEXT,
    created_at INTEGER,
    started_at INTEGER,
    ended_at INTEGER,
    body TEXT,
    details TEXT,
    place INTEGER,
    target TEXT,
    request BLOB,
    owed_at INTEGER,
    due_at INTEGER,
    attempts INTEGER,
    last_error TEXT,
    is_left INTEGER
) STRICT;
