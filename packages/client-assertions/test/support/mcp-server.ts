import type { IncomingMessage, ServerResponse } from 'node:http'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'

export const report = 'All is well.'

/**
 * Answers one request as an MCP server with one tool. It is the SDK's own, and keeps no session.
 *
 * @param body of the request, which was read already
 */
export async function answerAsMcpServer(
  request: IncomingMessage,
  response: ServerResponse,
  body: Buffer,
): Promise<void> {
  if (request.method !== 'POST') {
    response.writeHead(405).end()
    return
  }
  const server = new McpServer({ name: 'reports', version: '1.0.0' })
  server.registerTool('read-report', { description: 'Reads the report' }, () => ({
    content: [{ type: 'text', text: report }],
  }))
  const transport = new StreamableHTTPServerTransport({})
  response.once('close', () => void server.close())
  await server.connect(transport)
  await transport.handleRequest(request, response, JSON.parse(body.toString()))
}
