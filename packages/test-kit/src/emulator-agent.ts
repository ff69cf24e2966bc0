import { Agent } from 'node:https'

/** An agent that trusts the CA of an emulator and finds every vault on this machine. */
export function emulatorAgent(ca: string): Agent {
  return new Agent({
    ca,
    keepAlive: true,
    lookup: (_hostname, options, callback) => {
      if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }])
      else callback(null, '127.0.0.1', 4)
    },
  })
}
