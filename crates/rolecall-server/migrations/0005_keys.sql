-- The life of a signing key: when it was published, from when on it signs, and what ended that. At which stage it is, the
-- clock says.
ALTER TABLE signing_keys RENAME COLUMN created_at TO published_at;

-- What `sealed` is: `private` (PKCS#8), `public` (a JWK: it only verifies), or `secret` (an HMAC key). A key that was
-- revoked has none.
ALTER TABLE signing_keys ADD COLUMN half TEXT NOT NULL DEFAULT 'private';

-- Which key it is, whatever it is called (RFC 7638). Empty for a secret, of which nothing is told.
ALTER TABLE signing_keys ADD COLUMN thumbprint TEXT NOT NULL DEFAULT '';
UPDATE signing_keys SET thumbprint = kid;

-- NumericDates. Empty: it never signs here; no other key follows yet; it was not revoked.
ALTER TABLE signing_keys ADD COLUMN signs_from BIGINT;
ALTER TABLE signing_keys ADD COLUMN retires_at BIGINT;
ALTER TABLE signing_keys ADD COLUMN revoked_at BIGINT;

-- The longest, in seconds, that a token of its may be good: so long it is needed after it has retired.
ALTER TABLE signing_keys ADD COLUMN token_ttl BIGINT NOT NULL DEFAULT 86400;

UPDATE signing_keys SET signs_from = published_at;

-- Which key file encrypts what is encrypted here. Empty until the file is rotated for the first time.
ALTER TABLE instance ADD COLUMN key_file TEXT;
