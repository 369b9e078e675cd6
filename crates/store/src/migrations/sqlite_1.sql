-- Times are microseconds since 1970. Every row has its account.
CREATE TABLE calls (
    call_no INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    sid TEXT NOT NULL,
    node TEXT NOT NULL,
    application TEXT NOT NULL,
    parent TEXT,
    direction TEXT NOT NULL,
    from_told TEXT NOT NULL,
    to_told TEXT NOT NULL,
    from_uri TEXT NOT NULL,
    to_uri TEXT NOT NULL,
    from_name TEXT NOT NULL,
    sip_call_id TEXT NOT NULL,
    trunk TEXT,
    state TEXT NOT NULL,
    ended_by TEXT,
    end_answered INTEGER,
    sip_status INTEGER,
    sip_reason TEXT,
    cause TEXT,
    end_message TEXT,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    answered_at INTEGER,
    ended_at INTEGER,
    updated_at INTEGER NOT NULL,
    details TEXT
) STRICT;
CREATE UNIQUE INDEX calls_by_sid ON calls (account, sid);
CREATE INDEX calls_by_time ON calls (account, created_at, sid);
CREATE INDEX calls_by_from ON calls (account, from_told, created_at, sid);
CREATE INDEX calls_by_to ON calls (account, to_told, created_at, sid);
CREATE INDEX calls_by_parent ON calls (account, parent, created_at, sid) WHERE parent IS NOT NULL;
CREATE INDEX calls_unanswered ON calls (account, created_at, sid)
    WHERE state = 'ended' AND end_answered = 0;
CREATE INDEX calls_unfinished ON calls (account, created_at, sid) WHERE ended_at IS NULL;

CREATE TABLE legs (
    call_no INTEGER NOT NULL,
    account TEXT NOT NULL,
    leg TEXT NOT NULL,
    direction TEXT NOT NULL,
    sip_call_id TEXT NOT NULL,
    transport TEXT NOT NULL,
    local_address TEXT NOT NULL,
    remote_address TEXT NOT NULL,
    trunk TEXT,
    codec TEXT,
    sip_status INTEGER NOT NULL,
    started_at INTEGER NOT NULL,
    answered_at INTEGER,
    ended_at INTEGER,
    PRIMARY KEY (call_no, leg)
) STRICT, WITHOUT ROWID;

CREATE TABLE transfers (
    call_no INTEGER NOT NULL,
    account TEXT NOT NULL,
    transfer TEXT NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    refer_status INTEGER,
    notify_statuses TEXT NOT NULL,
    final_notify_status INTEGER,
    late_notify_statuses TEXT NOT NULL,
    transfer_end TEXT,
    outcome TEXT,
    ended_by TEXT,
    verdict TEXT,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    PRIMARY KEY (call_no, transfer)
) STRICT, WITHOUT ROWID;

CREATE TABLE webhooks (
    call_no INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    asked INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    slowest INTEGER NOT NULL,
    requests TEXT NOT NULL
) STRICT;

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

CREATE TABLE outbox (
    entry_no INTEGER PRIMARY KEY,
    account TEXT NOT NULL,
    id TEXT NOT NULL,
    call_sid TEXT NOT NULL,
    place INTEGER NOT NULL,
    target TEXT NOT NULL,
    request BLOB NOT NULL,
    owed_at INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    last_error TEXT,
    node TEXT NOT NULL,
    ready_at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX outbox_by_id ON outbox (account, id);
CREATE INDEX outbox_by_call ON outbox (account, call_sid, place, entry_no);
CREATE INDEX outbox_by_time ON outbox (ready_at, entry_no);

CREATE TABLE dead_letters (
    account TEXT NOT NULL,
    id TEXT NOT NULL,
    call_sid TEXT NOT NULL,
    place INTEGER NOT NULL,
    target TEXT NOT NULL,
    request BLOB NOT NULL,
    owed_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    last_error TEXT NOT NULL,
    died_at INTEGER NOT NULL,
    PRIMARY KEY (account, id)
) STRICT;
CREATE INDEX dead_letters_by_time ON dead_letters (died_at, account, id);
