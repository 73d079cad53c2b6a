-- A session goes on after its first access token, may be a client's own, and is for one API.
CREATE TABLE longer_sessions (
    id TEXT PRIMARY KEY,
    -- Whose; without one, the client itself is the subject.
    user_id TEXT REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    -- The API that its tokens are for; without one, the issuer.
    audience TEXT,
    scope TEXT,
    created_at BIGINT NOT NULL,
    -- When a token was last made for it.
    used_at BIGINT NOT NULL,
    -- When it is over unless it is used before: at `expires_at` at the latest.
    idle_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
INSERT INTO longer_sessions (id, user_id, client_id, scope, created_at, used_at, idle_at, expires_at)
SELECT id, user_id, client_id, scope, created_at, created_at, expires_at, expires_at FROM sessions;
DROP TABLE sessions;
ALTER TABLE longer_sessions RENAME TO sessions;
CREATE INDEX sessions_user ON sessions (user_id, id);
CREATE INDEX sessions_idle_at ON sessions (idle_at);

-- The refresh token of a session that has one. Only hashes: the token itself is nowhere.
CREATE TABLE refresh_tokens (
    session_id TEXT PRIMARY KEY REFERENCES sessions (id) ON DELETE CASCADE,
    -- How many came before.
    generation BIGINT NOT NULL,
    hash BYTEA NOT NULL,
    -- The one before, when it was spent, the random bytes that this one was derived with, and what the access token
    -- was cut to that came with it. All empty for the first.
    spent_hash BYTEA,
    spent_at BIGINT,
    nonce BYTEA,
    granted TEXT
);

-- Keys of our own that only keyed hashes are made with, encrypted by the key file, with `name` as associated data.
CREATE TABLE secret_keys (
    name TEXT PRIMARY KEY,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
