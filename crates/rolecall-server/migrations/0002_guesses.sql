-- What is left of the guesses at a password: a row for each count that is not full. Nothing in it tells a name or an
-- address: `bucket` is a keyed hash, and a name that nobody has is one of 65,536.
CREATE TABLE guesses (
    bucket TEXT PRIMARY KEY,
    -- The account that is guessed at, if there is one.
    account TEXT,
    -- NumericDate from which on it is as if nobody had guessed. Each guess puts it off.
    full_at BIGINT NOT NULL
);
CREATE INDEX guesses_account ON guesses (account);
CREATE INDEX guesses_full_at ON guesses (full_at);

-- From where an account was last used, as a keyed hash: what others guess elsewhere does not keep its owner out there.
CREATE TABLE places (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    place TEXT NOT NULL,
    used_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, place)
);
CREATE INDEX places_used_at ON places (used_at);

-- Where a call came from.
ALTER TABLE audit ADD COLUMN address TEXT;
