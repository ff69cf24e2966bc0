import {
  createAssertionSource,
  googleServiceAccount,
  type GoogleServiceAccountOptions,
} from '@sealwright/client-assertions'
import type { SigningKey } from '@sealwright/core'
import { OAuth2Client } from 'google-auth-library'

interface TokenResponse {
  access_token: string
  expires_in: number
}

export function googleClient(key: SigningKey, account: GoogleServiceAccountOptions): OAuth2Client {
  const assertions = createAssertionSource(key, googleServiceAccount(account))
  const client = new OAuth2Client()
  client.refreshHandler = async () => {
    const { data } = await client.transporter.request<TokenResponse>({
      method: 'POST',
      url: 'https://oauth2.googleapis.com/token',
      data: new URLSearchParams({
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: await assertions.assertion(),
      }),
    })
    return { access_token: data.access_token, expiry_date: Date.now() + data.expires_in * 1000 }
  }
  return client
}
