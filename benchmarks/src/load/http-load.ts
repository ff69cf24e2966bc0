import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/**
 * Connections that are kept open, each sending one request after the other. It parses as little HTTP as possible, so
 * that the cores are left to the servers.
 */
export class HttpLoad {
  readonly #sockets: readonly Socket[]
  readonly #request: string

  private constructor(sockets: readonly Socket[], request: string) {
    this.#sockets = sockets
    this.#request = request
  }

  /**
   * @param ports of servers on this machine, which get as many connections each
   * @param request head and body as they are sent
   */
  static async open(ports: readonly number[], connections: number, request: string): Promise<HttpLoad> {
    const sockets = Array.from({ length: connections }, (_, index) =>
      connect(ports[index % ports.length] ?? 0, '127.0.0.1').setNoDelay(),
    )
    await Promise.all(sockets.map((socket) => once(socket, 'connect')))
    return new HttpLoad(sockets, request)
  }

  /** Sends that many requests over all connections and resolves with the last answer. */
  async run(count: number): Promise<string> {
    let left = count
    let last = ''
    await Promise.all(
      this.#sockets.map(async (socket) => {
        while (left > 0) {
          left--
          last = await exchange(socket, this.#request)
        }
      }),
    )
    return last
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}

/** Sends a request; resolves with the answer's body, and rejects when the answer is not 200. */
function exchange(socket: Socket, request: string): Promise<string> {
  // A connection closed between two requests reports it only once.
  if (socket.destroyed) return Promise.reject(new Error('the server closed an idle connection'))
  return new Promise((resolve, reject) => {
    let answer = ''
    const read = (chunk: Buffer): void => {
      answer += chunk.toString('latin1')
      const headEnd = answer.indexOf('\r\n\r\n')
      if (headEnd === -1) return
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(answer)?.[1] ?? Number.NaN)
      if (!answer.startsWith('HTTP/1.1 200') || Number.isNaN(length)) {
        done()
        reject(new Error(`the server answered ${answer.slice(0, 500)}`))
      } else if (answer.length >= headEnd + 4 + length) {
        done()
        resolve(answer.slice(headEnd + 4))
      }
    }
    const lost = (): void => {
      done()
      reject(new Error('the server closed the connection'))
    }
    function done(): void {
      socket.off('data', read)
      socket.off('close', lost)
    }
    socket.on('data', read)
    socket.on('close', lost)
    socket.write(request)
  })
}
