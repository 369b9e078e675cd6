-- Times are microseconds since 1970. Every row has its account.

-- Calls that are over.
CREATE TABLE calls (
    call_no BIGSERIAL PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL,
    sid TEXT COLLATE "C" NOT NULL,
    application TEXT NOT NULL,
    parent TEXT COLLATE "C",
    direction TEXT NOT NULL,
    from_told TEXT COLLATE "C" NOT NULL,
    to_told TEXT COLLATE "C" NOT NULL,
    state TEXT NOT NULL,
    ended_by TEXT,
    end_answered BIGINT,
    sip_status BIGINT,
    cause TEXT,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    body TEXT NOT NULL,
    details TEXT
);
CREATE UNIQUE INDEX calls_by_sid ON calls (sid, account);
CREATE INDEX calls_by_time ON calls (account, created_at, sid);
CREATE INDEX calls_by_end ON calls (account, ended_at, created_at);
CREATE INDEX calls_by_from ON calls (account, from_told, created_at, sid);
CREATE INDEX calls_by_to ON calls (account, to_told, created_at, sid);
CREATE INDEX calls_by_parent ON calls (account, parent, created_at, sid) WHERE parent IS NOT NULL;
CREATE INDEX calls_by_cause ON calls (account, cause, created_at, sid) WHERE cause IS NOT NULL;
CREATE INDEX calls_unanswered ON calls (account, created_at, sid) WHERE end_answered = 0;

-- Calls that run, and the node and the run of the server that has them.
CREATE TABLE live_calls (
    call_no BIGSERIAL PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL,
    sid TEXT COLLATE "C" NOT NULL,
    application TEXT NOT NULL,
    parent TEXT COLLATE "C",
    direction TEXT NOT NULL,
    from_told TEXT COLLATE "C" NOT NULL,
    to_told TEXT COLLATE "C" NOT NULL,
    state TEXT NOT NULL,
    ended_by TEXT,
    end_answered BIGINT,
    sip_status BIGINT,
    cause TEXT,
    created_at BIGINT NOT NULL,
    started_at BIGINT,
    ended_at BIGINT,
    body TEXT NOT NULL,
    details TEXT,
    node TEXT COLLATE "C" NOT NULL,
    run BIGINT NOT NULL
);
CREATE UNIQUE INDEX live_calls_by_sid ON live_calls (account, sid);

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

-- Requests that are owed. `ready_at` is none while whoever owed one is delivering it, which is
-- the life of most: the index has only those that wait.
CREATE TABLE outbox (
    entry_no BIGSERIAL PRIMARY KEY,
    account TEXT COLLATE "C" NOT NULL,
    call_sid TEXT COLLATE "C" NOT NULL,
    place BIGINT NOT NULL,
    target TEXT NOT NULL,
    request BYTEA NOT NULL,
    owed_at BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    last_error TEXT,
    node TEXT COLLATE "C" NOT NULL,
    held_until BIGINT,
    ready_at BIGINT
);
CREATE UNIQUE INDEX outbox_by_call ON outbox (account, call_sid, place);
CREATE INDEX outbox_by_time ON outbox (ready_at, entry_no) WHERE ready_at IS NOT NULL;

CREATE TABLE dead_letters (
    account TEXT COLLATE "C" NOT NULL,
    call_sid TEXT COLLATE "C" NOT NULL,
    place BIGINT NOT NULL,
    target TEXT NOT NULL,
    request BYTEA NOT NULL,
    owed_at BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    last_error TEXT NOT NULL,
    died_at BIGINT NOT NULL,
    PRIMARY KEY (account, call_sid, place)
);
CREATE INDEX dead_letters_by_time ON dead_letters (died_at, account, call_sid, place);
