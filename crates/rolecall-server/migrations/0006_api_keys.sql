-- What people give to programs that are to call for them. Only hashes: the key itself is nowhere.
CREATE TABLE api_keys (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    hash BYTEA NOT NULL,
    -- What it is cut to: never nothing.
    scope TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- When a session was last opened by it.
    used_at BIGINT
);
CREATE INDEX api_keys_user ON api_keys (user_id, id);
CREATE INDEX api_keys_expires_at ON api_keys (expires_at);

-- The key that opened a session, which ends with it.
ALTER TABLE sessions ADD COLUMN api_key TEXT REFERENCES api_keys (id) ON DELETE CASCADE;
CREATE INDEX sessions_api_key ON sessions (api_key) WHERE api_key IS NOT NULL;
