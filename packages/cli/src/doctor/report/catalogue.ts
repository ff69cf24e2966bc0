/** What `sealwright doctor` can find. `docs/doctor.md` has the same table. */
export interface CatalogueEntry {
  readonly severity: 'error' | 'warning'
  readonly why: string
  readonly fix: string
}

const findings = {
  'discovery-unavailable': {
    severity: 'error',
    why: 'Verifiers cannot discover the keys.',
    fix: 'Serve the metadata below the issuer, at /.well-known/openid-configuration.',
  },
  'issuer-not-https': {
    severity: 'error',
    why: 'A network attacker can replace the keys (RFC 8414 §2).',
    fix: 'Serve the issuer over https, and put the https URL into its configuration.',
  },
  'issuer-mismatch': {
    severity: 'error',
    why: 'Verifiers compare the two and refuse the metadata (RFC 8414 §3.3).',
    fix: 'Set the issuer of the server to the URL that clients use, with or without the slash at its end.',
  },
  'endpoint-not-https': {
    severity: 'error',
    why: 'A network attacker can read or replace what this endpoint sends.',
    fix: 'Put an https URL into the metadata; behind a proxy set the public URL of the issuer.',
  },
  'jwks-uri-missing': {
    severity: 'error',
    why: 'Verifiers cannot find the keys.',
    fix: 'Add jwks_uri to the metadata (RFC 8414 §2).',
  },
  'jwks-uri-elsewhere': {
    severity: 'warning',
    why: 'Another host decides which tokens are valid, and some verifiers refuse it.',
    fix: 'Serve the JWK Set from the origin of the issuer, unless the other host is yours.',
  },
  'token-endpoint-elsewhere': {
    severity: 'warning',
    why: 'Clients send their secrets to another host.',
    fix: 'Serve the token endpoint from the origin of the issuer, unless the other host is yours.',
  },
  'jwks-unavailable': {
    severity: 'error',
    why: 'Verifiers cannot get the keys, and refuse every token once their copy is old.',
    fix: 'Serve the JWK Set at the jwks_uri of the metadata.',
  },
  'jwks-malformed': {
    severity: 'error',
    why: 'Verifiers refuse the whole set.',
    fix: 'Serve a JSON object with an array "keys" (RFC 7517 §5).',
  },
  'jwks-empty': {
    severity: 'error',
    why: 'Every token is refused.',
    fix: 'Publish the signing key; sealwright jwks and @sealwright/keyring do.',
  },
  'jwks-too-many-keys': {
    severity: 'error',
    why: 'Some verifiers ignore the keys after the hundredth, and refuse their tokens.',
    fix: 'Remove retired keys, or rotate less often.',
  },
  'jwks-content-type': {
    severity: 'warning',
    why: 'Strict clients refuse the answer.',
    fix: 'Send Content-Type: application/jwk-set+json, or application/json.',
  },
  'jwks-no-cors': {
    severity: 'warning',
    why: 'Programs in browsers cannot read the keys.',
    fix: 'Send Access-Control-Allow-Origin: * with the JWK Set, which is public.',
  },
  'jwks-no-max-age': {
    severity: 'warning',
    why: 'Each verifier chooses how long it keeps the keys, so no rotation is safe for all of them.',
    fix: 'Send Cache-Control: public, max-age=SECONDS with the JWK Set.',
  },
  'jwks-not-cacheable': {
    severity: 'warning',
    why: 'Verifiers request the keys again and again, and fail whenever the server does.',
    fix: 'Send Cache-Control: public, max-age=SECONDS instead of no-store or max-age=0.',
  },
  'jwks-max-age-mismatch': {
    severity: 'error',
    why: 'Verifiers keep the keys longer than the rotation allows for.',
    fix: 'Look for a CDN or proxy that changes Cache-Control, or set jwksMaxAge of the rotation policy to the value that is sent.',
  },
  'jwk-private': {
    severity: 'error',
    why: 'Everyone can sign tokens with this key.',
    fix: 'Revoke the key now (sealwright revoke), and publish only public members.',
  },
  'jwk-malformed': {
    severity: 'error',
    why: 'Verifiers refuse its tokens, and some of them the whole set.',
    fix: 'Publish the key as RFC 7517 and RFC 7518 require; sealwright inspect shows its errors.',
  },
  'jwk-weak': {
    severity: 'error',
    why: 'The key can be broken, or verifiers refuse it (RFC 7518 §3.3).',
    fix: 'Rotate to an RSA key of at least 2048 bits, or to an EC key.',
  },
  'jwk-no-kid': {
    severity: 'error',
    why: 'Verifiers cannot choose the key.',
    fix: 'Publish its RFC 7638 thumbprint as kid, and put the same into its tokens.',
  },
  'jwk-duplicate-kid': {
    severity: 'error',
    why: 'Verifiers pick one of these keys, and refuse the tokens of the others.',
    fix: 'Use a different kid for each key, such as the RFC 7638 thumbprint.',
  },
  'jwk-no-use': {
    severity: 'warning',
    why: 'Some verifiers skip a key that does not say what it is for.',
    fix: 'Publish "use": "sig" and the "alg" of the key.',
  },
  'x5c-malformed': {
    severity: 'error',
    why: 'Verifiers that read certificates refuse the key.',
    fix: 'Publish standard base64 (not base64url, no PEM) of the DER of each certificate (RFC 7517 §4.7).',
  },
  'x5c-other-key': {
    severity: 'error',
    why: 'Verifiers that take the key from the certificate refuse every token.',
    fix: 'Publish the certificate of this very key; after a renewal read the store again.',
  },
  'x5t-mismatch': {
    severity: 'error',
    why: 'Verifiers that look for the thumbprint do not find the key.',
    fix: 'Publish the thumbprint of the first certificate in x5c (RFC 7517 §4.8, §4.9).',
  },
  'certificate-expired': {
    severity: 'error',
    why: 'Verifiers that check dates refuse its tokens, and a vault may refuse to sign.',
    fix: 'Renew the certificate (sealwright cert renew) or rotate the key (sealwright rotate).',
  },
  'certificate-not-yet-valid': {
    severity: 'error',
    why: 'Verifiers that check dates refuse its tokens, and a vault refuses to sign.',
    fix: 'Wait, or check the clock of the machine that made the certificate.',
  },
  'certificate-expires-soon': {
    severity: 'warning',
    why: 'Nothing signs after it has expired, and its tokens must expire before that.',
    fix: 'Rotate now (sealwright rotate), so that the next key is announced in time.',
  },
  'certificate-weak': {
    severity: 'warning',
    why: 'Strict verifiers refuse it.',
    fix: 'Make a new certificate (sealwright cert renew); sealwright inspect shows what is weak.',
  },
  'instance-unavailable': {
    severity: 'error',
    why: 'Clients that are sent to this instance cannot verify tokens.',
    fix: 'Start the instance, or remove it from the load balancer.',
  },
  'instances-differ': {
    severity: 'error',
    why: 'A token of one instance is refused by verifiers that read the keys of another.',
    fix: 'Use the same signing URI for every instance, and have all of them read it: kill -HUP, or wait for the refresh.',
  },
  'clock-off': {
    severity: 'error',
    why: 'Tokens are refused as not yet valid, and rotations happen at the wrong time.',
    fix: 'Synchronize the clock of the server (NTP); if this machine is wrong, synchronize it.',
  },
  'token-unavailable': {
    severity: 'error',
    why: 'Clients get no token.',
    fix: 'Check the client id, its secret, its scopes and the log of the server.',
  },
  'token-not-signed': {
    severity: 'error',
    why: 'Anyone can forge such a token: it has no signature, or its verifiers share the secret.',
    fix: 'Sign with an asymmetric algorithm, such as RS256 or ES256.',
  },
  'token-no-kid': {
    severity: 'error',
    why: 'Verifiers cannot choose among several keys.',
    fix: 'Put the kid of the key into the header of each token.',
  },
  'token-kid-unknown': {
    severity: 'error',
    why: 'Verifiers refuse the token.',
    fix: 'Publish the key before it signs: the server signs and publishes with different keys.',
  },
  'token-alg-mismatch': {
    severity: 'error',
    why: 'Verifiers refuse the token (RFC 7517 §4.4).',
    fix: 'Publish the alg that the server signs with, or leave alg out for a key with several.',
  },
  'token-signature-invalid': {
    severity: 'error',
    why: 'Verifiers refuse the token.',
    fix: 'Publish the public key that belongs to the signing key. The kid is the same, but the keys are not a pair.',
  },
  'token-issuer-mismatch': {
    severity: 'error',
    why: 'Verifiers refuse the token (RFC 9068 §4).',
    fix: 'Sign with the iss that the metadata has, character by character.',
  },
  'token-time-invalid': {
    severity: 'error',
    why: 'Verifiers refuse the token.',
    fix: 'Compare the clocks of the server and of this machine; set exp, nbf and iat in seconds.',
  },
  'token-no-expiry': {
    severity: 'error',
    why: 'A stolen token is valid for as long as its key is published.',
    fix: 'Set exp, such as an hour from now.',
  },
  'token-no-audience': {
    severity: 'warning',
    why: 'Every API of the issuer accepts the token, so one API can replay it at another.',
    fix: 'Set aud to the API that the token is for (RFC 9068 §2.2).',
  },
  'token-outlives-policy': {
    severity: 'error',
    why: 'After a rotation its key leaves the JWK Set before the token expires.',
    fix: 'Set tokenLifetime of the rotation policy to the longest token, or issue shorter ones.',
  },
  'token-outlives-certificate': {
    severity: 'error',
    why: 'The key leaves the JWK Set at the end of its certificate, before the token expires.',
    fix: 'Rotate before the certificate ends, or issue shorter tokens until then.',
  },
  'tampered-token-accepted': {
    severity: 'error',
    why: 'Anyone can forge tokens.',
    fix: 'Have the API verify the signature with the JWK Set, and allow only the algorithms of its keys.',
  },
  'api-refuses-token': {
    severity: 'error',
    why: 'Clients cannot use the API.',
    fix: 'Check the issuer, the audience and the scopes that the API expects.',
  },
  'api-unavailable': {
    severity: 'error',
    why: 'Clients cannot reach the API, and it could not be tested whether it refuses modified tokens.',
    fix: 'Do what the message says, and run it again.',
  },
  'key-unavailable': {
    severity: 'error',
    why: 'Servers with the same identity or password cannot open the key either.',
    fix: 'Do what the message says, and run it again.',
  },
  'key-not-published': {
    severity: 'error',
    why: 'Verifiers refuse the tokens of this key.',
    fix: 'Have every instance read its keys (kill -HUP), and check that they use this signing URI.',
  },
  'key-revoked-published': {
    severity: 'error',
    why: 'Verifiers accept the tokens of a key that was switched off.',
    fix: 'Have every instance read its keys (kill -HUP), and purge the caches in between.',
  },
  'published-key-unknown': {
    severity: 'warning',
    why: 'The holder of that key can sign tokens.',
    fix: 'Add --key for its place. If no place of yours has it, remove it from the JWK Set.',
  },
  'permission-missing': {
    severity: 'error',
    why: 'The servers cannot do their work with this identity.',
    fix: 'Grant the permission that is named.',
  },
  'permission-excess': {
    severity: 'warning',
    why: 'An attacker on a server can do this to the signing key.',
    fix: 'Use an identity for the servers that can read and sign only, and another one for administration.',
  },
  'private-key-exportable': {
    severity: 'warning',
    why: 'Every identity with secrets/get or keys/release can copy the private key.',
    fix: 'Rotate: sealwright rotate creates a version that is not exportable.',
  },
  'no-signer': {
    severity: 'error',
    why: 'No token can be issued.',
    fix: 'Make a new key now (sealwright rotate, sealwright cert create).',
  },
  'rotation-key-unknown': {
    severity: 'error',
    why: 'A verifier that cached the JWK Set before the announcement does not have the new key yet.',
    fix: 'Announce the key for longer, or let verifiers keep the JWK Set for a shorter time.',
  },
  'rotation-key-removed': {
    severity: 'error',
    why: 'The old key leaves the JWK Set while tokens that it signed are still valid.',
    fix: 'Keep the key published for longer, or issue shorter tokens. Rotate earlier where its certificate ends.',
  },
  'policy-impossible': {
    severity: 'error',
    why: 'A key ring refuses such a policy: it cannot keep every token valid through outages and rotations.',
    fix: 'Change the times as the message says. Every server must have the same ones.',
  },
} as const

/** The id of a finding. It stays the same from release to release. */
export type FindingId = keyof typeof findings

/** Every finding by its id, in the order of the examination. */
export const catalogue: Readonly<Record<FindingId, CatalogueEntry>> = findings
