import { lookup as lookupName } from 'node:dns'
import { Agent } from 'node:https'
import { isIP } from 'node:net'

/**
 * An agent that reaches every host name at one host, and trusts only these certificates.
 *
 * @param trusted PEM
 * @param host a name or an address; an address to listen on stands for this machine
 */
export function createAgent(trusted: readonly string[], host: string): Agent {
  const target = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host
  const family = isIP(target)
  return new Agent({
    ca: [...trusted],
    keepAlive: true,
    lookup(_hostname, options, callback) {
      if (family === 0) lookupName(target, options, callback)
      else if (options.all === true) callback(null, [{ address: target, family }])
      else callback(null, target, family)
    },
  })
}
