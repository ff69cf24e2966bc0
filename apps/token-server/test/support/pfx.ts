import { chmodSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '@sealwright/test-kit/tools'

/** A PFX with a self-signed certificate, made by the openssl command line. */
export function opensslPfx(folder: string, name: string, subject: string, password: string): string {
  const [key, certificate, pfx] = ['key', 'crt', 'pfx'].map((type) => join(folder, `${name}.${type}`))
  if (key === undefined || certificate === undefined || pfx === undefined) throw new Error('unreachable')
  run([
    'openssl',
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    key,
    '-out',
    certificate,
    '-subj',
    subject,
    '-days',
    '90',
  ])
  run([
    'openssl',
    'pkcs12',
    '-export',
    '-inkey',
    key,
    '-in',
    certificate,
    '-out',
    pfx,
    '-passout',
    `pass:${password}`,
  ])
  chmodSync(pfx, 0o600)
  return pfx
}

/** A PFX with a self-signed certificate, made by the JDK's keytool. */
export function keytoolPfx(folder: string, subject: string, password: string): string {
  const pfx = join(folder, 'keytool.p12')
  run([
    'keytool',
    '-genkeypair',
    '-keyalg',
    'EC',
    '-groupname',
    'secp256r1',
    '-alias',
    'a',
    '-dname',
    subject,
    '-keystore',
    pfx,
    '-storetype',
    'PKCS12',
    '-storepass',
    password,
    '-validity',
    '90',
  ])
  chmodSync(pfx, 0o600)
  return pfx
}
