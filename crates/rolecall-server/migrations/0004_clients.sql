-- Programs that ask for tokens (RFC 6749, 2). The built-in one has no row.
CREATE TABLE clients (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    -- How it proves who it is (RFC 7591, `token_endpoint_auth_method`).
    auth_method TEXT NOT NULL,
    -- Its public keys, as a JWK Set: for `private_key_jwt`.
    jwks TEXT,
    -- Whether people type their passwords into it.
    first_party BOOLEAN NOT NULL,
    -- The API that its tokens are for when it names none; without one, what is so for everybody.
    default_audience TEXT,
    disabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);

-- What a client has several of, by kind: grant types, redirect URIs, origins of CORS, APIs.
CREATE TABLE client_lists (
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (client_id, kind, value)
);
CREATE INDEX client_lists_value ON client_lists (kind, value);

-- What a client proves by who it is: SHA-256 of 256 random bits and their prefix.
CREATE TABLE client_secrets (
    id TEXT PRIMARY KEY,
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    hash BYTEA NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX client_secrets_client ON client_secrets (client_id);

-- Roles of clients that act for themselves; as `user_assignments` has those of users.
CREATE TABLE client_assignments (
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    role TEXT NOT NULL,
    organisation TEXT NOT NULL,
    until BIGINT,
    PRIMARY KEY (client_id, role, organisation)
);
CREATE INDEX client_assignments_role ON client_assignments (role);

-- Assertions that were used (RFC 7523, 3), by a hash of their `jti`, until they would be refused as expired.
CREATE TABLE used_assertions (
    client_id TEXT NOT NULL REFERENCES clients (id) ON DELETE CASCADE,
    jti TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (client_id, jti)
);
CREATE INDEX used_assertions_expires ON used_assertions (expires_at);

-- APIs that tokens can be for (RFC 8707). The service itself has no row.
CREATE TABLE apis (
    id TEXT PRIMARY KEY,
    -- `aud` in its tokens.
    identifier TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    disabled BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);
