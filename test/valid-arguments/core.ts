import { generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { join } from 'node:path'
import * as core from '../../packages/core/src/index.ts'
import { localStore, openFolderStore } from '../../packages/local-store/src/index.ts'
import type { Calls } from './calls.ts'

/** The functions of core. */
export async function validCalls(folder: string): Promise<Calls> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const signer = core.createLocalSigner(privateKey)
  const store = await openFolderStore(join(folder, 'core'))
  const key = await store.create('key', { keyType: 'ec-p256' })
  const backend = localStore()
  const jwk = privateKey.export({ format: 'jwk' })
  const { signal } = new AbortController()
  const der = sign('sha256', Buffer.from('x'), privateKey)
  return {
    algorithm: [core.algorithm, 'RS256'],
    algorithmsOf: [core.algorithmsOf, privateKey],
    canDelete: [core.canDelete, store],
    canDisable: [core.canDisable, store],
    canExportPkcs12: [core.canExportPkcs12, store],
    canImportPkcs12: [core.canImportPkcs12, store],
    canLocate: [core.canLocate, backend],
    canRotate: [core.canRotate, store],
    // Rows of the table are not the caller's.
    chooseAlgorithm: [core.chooseAlgorithm, [Object.create(core.algorithm('ES256'))], 'ES256'],
    createLocalSigner: [core.createLocalSigner, privateKey, { algorithm: 'ES256' }],
    ecdsaSignatureFromDer: [core.ecdsaSignatureFromDer, der, 32],
    ecdsaSignatureToDer: [core.ecdsaSignatureToDer, core.ecdsaSignatureFromDer(der, 32), 32],
    importJwk: [core.importJwk, { ...jwk, use: 'sig', key_ops: ['sign'], alg: 'ES256', kid: randomUUID() }],
    isSealwrightError: [core.isSealwrightError, new Error('x'), 'NOT_FOUND'],
    isSyncSigner: [core.isSyncSigner, signer],
    jwkThumbprint: [core.jwkThumbprint, publicKey],
    keyType: [core.keyType, 'ec-p256'],
    openSigningKey: [
      core.openSigningKey,
      `store:${folder}/core?name=key`,
      {
        backends: [backend],
        password: '',
        create: { keyType: 'ec-p256', subject: 'CN=a', validityDays: 1, signal },
        signal,
      },
    ],
    publicJwk: [core.publicJwk, publicKey],
    signingKeyJwk: [core.signingKeyJwk, key, 'ES256'],
    'Signer.sign': [signer.sign.bind(signer), Buffer.from('x'), { signal }],
    'Signer.signSync': [signer.signSync.bind(signer), Buffer.from('x')],
    'SigningKey.signer': [key.signer.bind(key), 'ES256'],
  }
}
