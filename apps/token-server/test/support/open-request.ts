import { once } from 'node:events'
import { connect } from 'node:net'

/** A request whose head the server has read. */
export interface OpenRequest {
  /** Sends the body. Resolves with the whole answer once the connection is closed. */
  finish(): Promise<string>
}

/** Begins a token request on a connection of its own. Its body is still to come. */
export async function beginRequest(port: number, body: string, host = 'localhost'): Promise<OpenRequest> {
  const socket = connect(port, host).setEncoding('utf8')
  let answer = ''
  socket.on('data', (text: string) => (answer += text))
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  socket.write(
    'POST /connect/token HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\nExpect: 100-continue\r\n\r\n`,
  )
  while (!answer.includes('100 Continue')) await once(socket, 'data')
  return {
    async finish() {
      socket.write(body)
      await closed
      return answer
    },
  }
}
