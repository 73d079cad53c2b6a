// Strict clients from the npm registry, as they are published, against a Rolecall that runs: `cargo xtask clients`.
// Where it is, and who may administer it, comes in the environment.

import assert from 'node:assert/strict'
import { webcrypto } from 'node:crypto'

// Node.js 18 has it only here.
globalThis.crypto ??= webcrypto

const jose = await import('jose')
const oauth = await import('oauth4webapi')
const client = await import('openid-client')

const { ISSUER, ALGORITHM, USERNAME, PASSWORD } = process.env
const issuer = new URL(ISSUER)
// The service is on loopback, without TLS.
const insecure = { [oauth.allowInsecureRequests]: true }
const KEYS = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'

let tried = 0
async function shows(what, check) {
  await check()
  tried += 1
  console.log(`  ${what}`)
}

const discovered = (id, secret, how) =>
  client.discovery(issuer, id, secret, how, { algorithm: 'oauth2', execute: [client.allowInsecureRequests] })

/** The administrator, who logs in as the built-in client does: with a name and without a secret. */
const own = await discovered('rolecall', undefined, client.None())
const administrator = await client.genericGrantRequest(own, 'password', { username: USERNAME, password: PASSWORD })

async function administer(method, path, body) {
  const answer = await client.fetchProtectedResource(
    own,
    administrator.access_token,
    new URL(`/admin${path}`, issuer),
    method,
    body && JSON.stringify(body),
    new Headers(body ? { 'content-type': 'application/json' } : {}),
  )
  assert.ok(answer.ok, `${method} /admin${path}: ${answer.status} ${await answer.clone().text()}`)
  return answer.json()
}

/** A client that may act for itself, with the role `user`. */
async function machine(client_name, method, more = {}) {
  const grant_types = ['client_credentials']
  const made = await administer('POST', '/clients', {
    client_name, grant_types, token_endpoint_auth_method: method, ...more,
  })
  await administer('PUT', `/clients/${made.client_id}/roles/user`)
  return made
}

// RFC 9068 and the keys, by two validators that share no code with ours.
const jwks = jose.createRemoteJWKSet(new URL('/.well-known/jwks.json', issuer))
async function validated(token, subject) {
  const expected = { issuer: ISSUER, audience: ISSUER, typ: 'at+jwt', algorithms: [ALGORITHM] }
  const { payload } = await jose.jwtVerify(token, jwks, {
    ...expected, requiredClaims: ['sub', 'client_id', 'exp', 'iat', 'jti'],
  })
  assert.equal(payload.sub, subject ?? payload.sub)
  const as = await server()
  const call = new Request(new URL('/anything', issuer), { headers: { authorization: `Bearer ${token}` } })
  const claims = await oauth.validateJwtAccessToken(as, call, ISSUER, insecure)
  assert.equal(claims.jti, payload.jti)
  return payload
}

let metadata
async function server() {
  metadata ??= await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }),
  )
  return metadata
}

console.log('openid-client:')
await shows('finds the server, and logs a person in', async () => {
  await validated(administrator.access_token)
  assert.equal(administrator.token_type, 'bearer')
})

await shows('renews a session, and its refresh token is another one each time', async () => {
  const renewed = await client.refreshTokenGrant(own, administrator.refresh_token)
  assert.notEqual(renewed.refresh_token, administrator.refresh_token)
  const again = await client.refreshTokenGrant(own, renewed.refresh_token)
  const was = await validated(administrator.access_token)
  assert.equal((await validated(again.access_token)).sid, was.sid)
})

for (const [method, how] of [['client_secret_basic', client.ClientSecretBasic], ['client_secret_post', client.ClientSecretPost]]) {
  const made = await machine(`openid-client ${method}`, method)
  const config = await discovered(made.client_id, undefined, how(made.client_secret))
  await shows(`client credentials with ${method}; introspection, and revocation`, async () => {
    const granted = await client.clientCredentialsGrant(config, { scope: 'user' })
    assert.equal(granted.scope, 'user')
    const claims = await validated(granted.access_token, made.client_id)
    assert.equal(claims.client_id, made.client_id)
    const told = await client.tokenIntrospection(config, granted.access_token)
    assert.equal(told.active, true)
    assert.deepEqual([told.sub, told.client_id, told.iss], [made.client_id, made.client_id, ISSUER])
    await client.tokenRevocation(config, granted.access_token)
    assert.deepEqual(await client.tokenIntrospection(config, granted.access_token), { active: false })
  })
}

const pair = await jose.generateKeyPair('ES256', { extractable: true })
const publicKey = { ...await jose.exportJWK(pair.publicKey), kid: 'one', alg: 'ES256', use: 'sig' }
const keyed = await machine('keyed', 'private_key_jwt', { jwks: { keys: [publicKey] } })
await shows('client credentials with private_key_jwt', async () => {
  const config = await discovered(keyed.client_id, undefined, client.PrivateKeyJwt({ key: pair.privateKey, kid: 'one' }))
  await validated((await client.clientCredentialsGrant(config)).access_token, keyed.client_id)
})

console.log('oauth4webapi:')
await shows('metadata names each endpoint', async () => {
  const as = await server()
  for (const name of ['token_endpoint', 'jwks_uri', 'revocation_endpoint', 'introspection_endpoint']) {
    assert.ok(as[name]?.startsWith(ISSUER), `${name}: ${as[name]}`)
  }
})

const other = await machine('oauth4webapi', 'client_secret_basic')
const us = { client_id: other.client_id }
const basic = oauth.ClientSecretBasic(other.client_secret)
await shows('client credentials, introspection, revocation', async () => {
  const as = await server()
  const granted = await oauth.processClientCredentialsResponse(
    as, us, await oauth.clientCredentialsGrantRequest(as, us, basic, { resource: ISSUER }, insecure),
  )
  const token = granted.access_token
  const told = async () => oauth.processIntrospectionResponse(
    as, us, await oauth.introspectionRequest(as, us, basic, token, insecure),
  )
  assert.equal((await told()).active, true)
  await oauth.processRevocationResponse(await oauth.revocationRequest(as, us, basic, token, insecure))
  assert.deepEqual(await told(), { active: false })
})

await shows('a refusal is the standard\'s: a challenge for a wrong secret, a code for a wrong scope', async () => {
  const as = await server()
  const refused = (how, parameters) => oauth.clientCredentialsGrantRequest(as, us, how, parameters, insecure)
    .then((answer) => oauth.processClientCredentialsResponse(as, us, answer))
    .then(() => assert.fail('it was granted'), (error) => error)
  const wrong = await refused(oauth.ClientSecretBasic('wrong'), {})
  assert.equal(wrong.status, 401)
  // `cause` is the challenge, or the body, as the library found it.
  assert.ok(wrong.code === oauth.WWW_AUTHENTICATE_CHALLENGE || wrong.error === 'invalid_client', wrong.code)
  assert.equal((await refused(basic, { scope: 'nothing:held' })).error, 'invalid_scope')
  assert.equal((await refused(basic, { resource: 'https://nowhere.example' })).error, 'invalid_target')
})

console.log('jose:')
await shows('an assertion counts once, and only for this issuer', async () => {
  const assertion = (aud) => new jose.SignJWT({})
    .setProtectedHeader({ alg: 'ES256', kid: 'one' })
    .setIssuer(keyed.client_id).setSubject(keyed.client_id).setAudience(aud)
    .setJti(crypto.randomUUID()).setIssuedAt().setExpirationTime('60s')
    .sign(pair.privateKey)
  const ask = (jwt) => fetch(new URL('/token', issuer), {
    method: 'POST',
    body: new URLSearchParams({ grant_type: 'client_credentials', client_assertion_type: KEYS, client_assertion: jwt }),
  })
  const good = await assertion(ISSUER)
  assert.equal((await ask(good)).status, 200)
  for (const bad of [good, await assertion('https://other.example'), await assertion([ISSUER, 'https://other.example'])]) {
    const answer = await ask(bad)
    assert.equal((await answer.json()).error, 'invalid_client')
    assert.equal(answer.status, 401)
  }
})

await shows('a token for another audience, or of another type, does not validate', async () => {
  const { access_token } = administrator
  await assert.rejects(jose.jwtVerify(access_token, jwks, { audience: 'https://other.example' }))
  await assert.rejects(jose.jwtVerify(access_token, jwks, { typ: 'JWT' }))
})

console.log(`npm: ${tried} passed, 0 failed`)
