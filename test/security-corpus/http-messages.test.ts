import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { listeningAttackedServer, plantedSecrets } from './attacked-server.ts'
import { expectedOutcomes, outcomesOf } from './corpus.ts'
import { httpMessageFamilies } from './families/http-messages.ts'
import { secretsIn } from './secret-forms.ts'

test.each(httpMessageFamilies)('$title', async (family) => {
  const { port, log, answers } = await listeningAttackedServer()
  const outcomes = await outcomesOf(family, async (message) => {
    const answer = await exchange(port, message.replaceAll('{port}', String(port)))
    answers.push(answer.replaceAll(/"access_token":"[^"]*"/g, ''))
    const statuses = [...answer.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => status)
    return statuses.filter((status) => status !== '100').join(' ') || 'none'
  })
  expect(outcomes).toEqual(expectedOutcomes(family))
  expect(secretsIn([...log, ...answers], plantedSecrets)).toEqual([])
})

/** All that the server sends until it ends the connection. It does so after each message here. */
function exchange(port: number, message: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, 'localhost', () => socket.write(message, 'latin1'))
    socket.setEncoding('latin1').on('data', (text: string) => (answer += text))
    // The server may be gone before it has read everything.
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer))
  })
}
