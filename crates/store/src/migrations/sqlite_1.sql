-- Times are microseconds since 1970. Every row has its account.

-- Calls that are over. Rows come in the order in which calls end, and identifiers of calls begin
-- with the time, so that all three trees grow at their ends and a transaction touches few pages.
CREATE TABLE calls (
    call_no INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    sid TEXT NOT NULL,
    application TEXT NOT NULL,
    parent TEXT,
    direction TEXT NOT NULL,
    from_told TEXT NOT NULL,
    to_told TEXT NOT NULL,
    state TEXT NOT NULL,
    ended_by TEXT,
    end_answered INTEGER,
    sip_status INTEGER,
    cause TEXT,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    body TEXT NOT NULL,
    details TEXT
) STRICT;
CREATE UNIQUE INDEX calls_by_sid ON calls (sid, account);
-- Every filter of a list is decided within this index, whose entries are a tenth of the rows: a
-- filter that finds nothing costs a fifth of a microsecond for each call of the account. An index
-- for each filter would cost every call several pages of its own.
CREATE INDEX calls_by_time ON calls (account, created_at, sid, started_at, ended_at, from_told,
    to_told, parent, direction, end_answered, sip_status, ended_by, cause, state);

-- Calls that run, and the node and the run of the server that has them.
CREATE TABLE live_calls (
    call_no INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    sid TEXT NOT NULL,
    application TEXT NOT NULL,
    parent TEXT,
    direction TEXT NOT NULL,
    from_told TEXT NOT NULL,
    to_told TEXT NOT NULL,
    state TEXT NOT NULL,
    ended_by TEXT,
    end_answered INTEGER,
    sip_status INTEGER,
    cause TEXT,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    ended_at INTEGER,
    body TEXT NOT NULL,
    details TEXT,
    node TEXT NOT NULL,
    run INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX live_calls_by_sid ON live_calls (account, sid);

CREATE TABLE recordings (
    account TEXT NOT NULL,
    sid TEXT NOT NULL,
    call_sid TEXT NOT NULL,
    state TEXT NOT NULL,
    source TEXT NOT NULL,
    format TEXT NOT NULL,
    channels INTEGER NOT NULL,
    size INTEGER NOT NULL,
    duration INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    details TEXT,
    PRIMARY KEY (account, sid)
) STRICT;
CREATE INDEX recordings_by_time ON recordings (account, started_at, sid);
CREATE INDEX recordings_by_call ON recordings (account, call_sid, started_at, sid);

-- Requests that are owed. `ready_at` is none while whoever owed one is delivering it, which is
-- the life of most: the index has only those that wait.
CREATE TABLE outbox (
    entry_no INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    call_sid TEXT NOT NULL,
    place INTEGER NOT NULL,
    target TEXT NOT NULL,
    request BLOB NOT NULL,
    owed_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    last_error TEXT,
    node TEXT NOT NULL,
    held_until INTEGER,
    ready_at INTEGER
) STRICT;
CREATE UNIQUE INDEX outbox_by_call ON outbox (account, call_sid, place);
CREATE INDEX outbox_by_time ON outbox (ready_at, entry_no) WHERE ready_at IS NOT NULL;

CREATE TABLE dead_letters (
    account TEXT NOT NULL,
    call_sid TEXT NOT NULL,
    place INTEGER NOT NULL,
    target TEXT NOT NULL,
    request BLOB NOT NULL,
    owed_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    last_error TEXT NOT NULL,
    died_at INTEGER NOT NULL,
    PRIMARY KEY (account, call_sid, place)
) STRICT;
CREATE INDEX dead_letters_by_time ON dead_letters (died_at, account, call_sid, place);
