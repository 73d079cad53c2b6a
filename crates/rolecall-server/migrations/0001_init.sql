-- One text for both databases. Time is a NumericDate (seconds since 1970). `BYTEA` is written `BLOB` for SQLite.

-- Whose database this is. One row, written when set-up is complete.
CREATE TABLE instance (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    id TEXT NOT NULL,
    made_by TEXT NOT NULL,
    issuer TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- The version of everything that can alter a decision. One row; a change updates it first.
CREATE TABLE policy (
    one BIGINT PRIMARY KEY CHECK (one = 1),
    version BIGINT NOT NULL,
    tag TEXT NOT NULL,
    floor BIGINT NOT NULL,
    -- The process that may write; whether the last one left in order; and the longest lease by which anybody who did
    -- not may still be deciding.
    holder TEXT NOT NULL,
    signed_off BOOLEAN NOT NULL,
    lease_ms BIGINT NOT NULL
);
INSERT INTO policy (one, version, tag, floor, holder, signed_off, lease_ms) VALUES (1, 0, '', 0, '', TRUE, 0);

-- Whom each change concerns. All four empty: the policy or the keys.
CREATE TABLE changes (
    version BIGINT NOT NULL,
    seq BIGINT NOT NULL,
    tag TEXT NOT NULL,
    at BIGINT NOT NULL,
    subject TEXT,
    session TEXT,
    client TEXT,
    signing_key TEXT,
    PRIMARY KEY (version, seq)
);
CREATE INDEX changes_at ON changes (at);

-- Processes that follow the database (with the feed).
CREATE TABLE nodes (
    id TEXT PRIMARY KEY,
    beat BIGINT NOT NULL,
    in_force BIGINT NOT NULL,
    lease_ms BIGINT NOT NULL,
    host TEXT NOT NULL
);

CREATE TABLE users (
    id TEXT PRIMARY KEY,
    username TEXT NOT NULL UNIQUE,
    email TEXT UNIQUE,
    -- A PHC string; without one, nobody logs in.
    password TEXT,
    disabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE roles (
    name TEXT PRIMARY KEY,
    -- The version that made it: a token from before knows another role of this name.
    born BIGINT NOT NULL
);

CREATE TABLE role_permissions (
    role TEXT NOT NULL REFERENCES roles (name) ON DELETE CASCADE,
    permission TEXT NOT NULL,
    PRIMARY KEY (role, permission)
);

CREATE TABLE role_inherits (
    role TEXT NOT NULL REFERENCES roles (name) ON DELETE CASCADE,
    -- May be a built-in role, which has no row.
    junior TEXT NOT NULL,
    PRIMARY KEY (role, junior)
);
CREATE INDEX role_inherits_junior ON role_inherits (junior);

CREATE TABLE user_assignments (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    -- Where it holds; empty: everywhere.
    organisation TEXT NOT NULL,
    -- NumericDate at which it ends.
    until BIGINT,
    PRIMARY KEY (user_id, role, organisation)
);
CREATE INDEX user_assignments_role ON user_assignments (role);

-- One log-in of one subject from one client.
CREATE TABLE sessions (
    id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    client_id TEXT NOT NULL,
    scope TEXT,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_expires ON sessions (expires_at);

-- The private half is encrypted by the key file, with `kid` and `algorithm` as associated data.
CREATE TABLE signing_keys (
    kid TEXT PRIMARY KEY,
    algorithm TEXT NOT NULL,
    sealed BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);

-- Who did what to whom. `node`, `n` and `hash` are for the chain that will prove it whole.
CREATE TABLE audit (
    id TEXT PRIMARY KEY,
    at BIGINT NOT NULL,
    actor TEXT,
    actor_name TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT,
    detail TEXT NOT NULL,
    version BIGINT,
    request_id TEXT,
    node TEXT,
    n BIGINT,
    hash BYTEA
);
CREATE INDEX audit_subject ON audit (subject, id);
CREATE INDEX audit_actor ON audit (actor, id);
CREATE INDEX audit_action ON audit (action, id);
CREATE INDEX audit_at ON audit (at);
