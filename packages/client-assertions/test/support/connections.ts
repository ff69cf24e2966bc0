import { once } from 'node:events'
import { Agent, request } from 'node:https'
import type { IncomingMessage } from 'node:http'
import { connect, type ConnectionOptions } from 'node:tls'
import type { INetworkModule, NetworkRequestOptions, NetworkResponse } from '@azure/msal-node'

/** An agent that reaches a server on this machine under every host name. */
export function agentTo(origin: string, ca: string): Agent {
  const agent = new Agent({ ca })
  const port = Number(new URL(origin).port)
  agent.createConnection = (options) =>
    connect({ ...(options as ConnectionOptions), ca, host: '127.0.0.1', port })
  return agent
}

/** MSAL's own hook for requests: its default is fetch, which takes no certificate. */
export function networkClient(ca: string): INetworkModule {
  async function send<T>(
    method: string,
    url: string,
    options?: NetworkRequestOptions,
  ): Promise<NetworkResponse<T>> {
    const sending = request(url, { method, ca, headers: options?.headers ?? {} })
    sending.end(options?.body)
    const [response] = (await once(sending, 'response')) as [IncomingMessage]
    const text = Buffer.concat(await response.toArray()).toString()
    return { status: response.statusCode ?? 0, headers: {}, body: JSON.parse(text) as T }
  }
  return {
    sendGetRequestAsync: (url, options) => send('GET', url, options),
    sendPostRequestAsync: (url, options) => send('POST', url, options),
  }
}
