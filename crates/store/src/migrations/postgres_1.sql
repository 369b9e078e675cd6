-- Times are microseconds since 1970. Every row has its account.
CREATE TABLE calls (
    call_no BIGSERIAL PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL,
    sid TEXT COLLATE "C" NOT NULL,
    node TEXT COLLATE "C" NOT NULL,
    application TEXT NOT NULL,
    parent TEXT COLLATE "C",
    direction TEXT NOT NULL,
    from_told TEXT COLLATE "C" NOT NULL,
    to_told TEXT COLLATE "C" NOT NULL,
    from_uri TEXT NOT NULL,
    to_uri TEXT NOT NULL,
    from_name TEXT NOT NULL,
    sip_call_id TEXT NOT NULL,
    trunk TEXT,
    state TEXT NOT NULL,
    ended_by TEXT,
    end_answered BIGINT,
    sip_status BIGINT,
    sip_reason TEXT,
    cause TEXT,
    end_message TEXT,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    answered_at BIGINT,
    ended_at BIGINT,
    updated_at BIGINT NOT NULL,
    details TEXT
);
CREATE UNIQUE INDEX calls_by_sid ON calls (account, sid);
CREATE INDEX calls_by_time ON calls (account, created_at, sid);
CREATE INDEX calls_by_from ON calls (account, from_told, created_at, sid);
CREATE INDEX calls_by_to ON calls (account, to_told, created_at, sid);
CREATE INDEX calls_by_parent ON calls (account, parent, created_at, sid) WHERE parent IS NOT NULL;
CREATE INDEX calls_unanswered ON calls (account, created_at, sid)
    WHERE state = 'ended' AND end_answered = 0;
CREATE INDEX calls_unfinished ON calls (account, created_at, sid) WHERE ended_at IS NULL;

CREATE TABLE legs (
    call_no BIGINT NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    leg TEXT COLLATE "C" NOT NULL,
    direction TEXT NOT NULL,
    sip_call_id TEXT NOT NULL,
    transport TEXT NOT NULL,
    local_address TEXT NOT NULL,
    remote_address TEXT NOT NULL,
    trunk TEXT,
    codec TEXT,
    sip_status BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    answered_at BIGINT,
    ended_at BIGINT,
    PRIMARY KEY (call_no, leg)
);

CREATE TABLE transfers (
    call_no BIGINT NOT NULL,
    account TEXT COLLATE "C" NOT NULL,
    transfer TEXT COLLATE "C" NOT NULL,
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    refer_status BIGINT,
    notify_statuses TEXT NOT NULL,
    final_notify_status BIGINT,
    late_notify_statuses TEXT NOT NULL,
    transfer_end TEXT,
    outcome TEXT,
    ended_by TEXT,
    verdict TEXT,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    PRIMARY KEY (call_no, transfer)
);

CREATE TABLE webhooks (
    call_no BIGINT PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL,
    asked BIGINT NOT NULL,
    failed BIGINT NOT NULL,
    slowest BIGINT NOT NULL,
    requests TEXT NOT NULL
);

CREATE TABLE recordings (
    account TEXT COLLATE "C" NOT NULL,
    sid TEXT COLLATE "C" NOT NULL,
    call_sid TEXT COLLATE "C" NOT NULL,
    state TEXT NOT NULL,
    source TEXT NOT NULL,
    format TEXT NOT NULL,
    channels BIGINT NOT NULL,
    size BIGINT NOT NULL,
    duration BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    ended_at BIGINT,
    details TEXT,
    PRIMARY KEY (account, sid)
);
CREATE INDEX recordings_by_time ON recordings (account, started_at, sid);
CREATE INDEX recordings_by_call ON recordings (account, call_sid, started_at, sid);

CREATE TABLE outbox (
    entry_no BIGSERIAL PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    call_sid TEXT COLLATE "C" NOT NULL,
    place BIGINT NOT NULL,
    target TEXT NOT NULL,
    request BYTEA NOT NULL,
    owed_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    last_error TEXT,
    node TEXT COLLATE "C" NOT NULL,
    ready_at BIGINT NOT NULL
);
CREATE UNIQUE INDEX outbox_by_id ON outbox (account, id);
CREATE INDEX outbox_by_call ON outbox (account, call_sid, place, entry_no);
CREATE INDEX outbox_by_time ON outbox (ready_at, entry_no);

CREATE TABLE dead_letters (
    account TEXT COLLATE "C" NOT NULL,
    id TEXT COLLATE "C" NOT NULL,
    call_sid TEXT COLLATE "C" NOT NULL,
    place BIGINT NOT NULL,
    target TEXT NOT NULL,
    request BYTEA NOT NULL,
    owed_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    last_error TEXT NOT NULL,
    died_at BIGINT NOT NULL,
    PRIMARY KEY (account, id)
);
CREATE INDEX dead_letters_by_time ON dead_letters (died_at, account, id);
