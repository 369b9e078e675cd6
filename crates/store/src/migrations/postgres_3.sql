-- What was promised to be safe is written down as a whole, a row for what came together. What a
-- server that died has left in the old journal goes to its tables first.
INSERT INTO outbox (account, call_sid, place, target, request, owed_at, due_at, attempts, last_error,
    node, held_until, ready_at)
SELECT account, sid, place, target, request, owed_at, due_at, attempts, last_error, node, NULL, due_at
FROM journal WHERE place IS NOT NULL ORDER BY entry_no
ON CONFLICT (account, call_sid, place) DO NOTHING;
INSERT INTO calls (account, sid, application, parent, direction, from_told, to_told, state, ended_by,
    end_answered, sip_status, cause, created_at, started_at, ended_at, body, details)
SELECT account, sid, application, parent, direction, from_told, to_told, state, ended_by,
    end_answered, sip_status, cause, created_at, started_at, ended_at, body, details
FROM journal WHERE entry_no IN (SELECT max(entry_no) FROM journal WHERE place IS NULL AND state = 'ended'
    GROUP BY account, sid)
ON CONFLICT (account, sid) DO UPDATE SET body = excluded.body, details = excluded.details;
DELETE FROM live_calls WHERE EXISTS (SELECT 1 FROM journal j
    WHERE j.account = live_calls.account AND j.sid = live_calls.sid AND j.place IS NULL);
INSERT INTO live_calls (account, sid, application, parent, direction, from_told, to_told, state, ended_by,
    end_answered, sip_status, cause, created_at, started_at, ended_at, body, details, node, run)
SELECT account, sid, application, parent, direction, from_told, to_told, state, ended_by,
    end_answered, sip_status, cause, created_at, started_at, ended_at, body, details,
    node, 0
FROM journal WHERE entry_no IN (SELECT max(entry_no) FROM journal WHERE place IS NULL AND state <> 'ended'
    GROUP BY account, sid)
    AND NOT EXISTS (SELECT 1 FROM calls c WHERE c.account = journal.account AND c.sid = journal.sid);
DROP TABLE journal;

CREATE TABLE journal (
    entry_no BIGSERIAL PRIMARY KEY,
    node TEXT COLLATE "C" NOT NULL,
    entries BYTEA NOT NULL
);
