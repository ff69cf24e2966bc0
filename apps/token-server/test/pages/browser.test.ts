import { lacks, run } from '@sealwright/test-kit/tools'
import axe from 'axe-core'
import { chromium, type Browser, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { settingsFile, listeningServer } from '../support/server.ts'

/** The part of axe's results that is used here. */
interface AxeResults {
  readonly violations: readonly {
    readonly id: string
    readonly nodes: readonly { readonly html: string }[]
  }[]
}

async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source)
  const { violations: found } = await page.evaluate<AxeResults>('axe.run()')
  return found.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html}`))
}

async function getToken(page: Page): Promise<void> {
  await page.getByLabel('Client secret').fill('the secret')
  await page.getByRole('button', { name: 'Get a token' }).click()
  await page.getByRole('heading', { name: 'Decoded' }).waitFor()
}

describe.skipIf(lacks('chromium'))('in a browser [needs chromium]', () => {
  let browser: Browser

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: run('which chromium').trim(), args: ['--no-sandbox'] })
  })

  afterAll(() => browser.close())

  async function open(
    context: Parameters<Browser['newContext']>[0] = {},
  ): Promise<{ page: Page; origin: string; complaints: string[] }> {
    const { origin } = await listeningServer({ file: settingsFile({ issuer: undefined }) })
    const page = await browser.newPage(context)
    onTestFinished(() => page.close())
    const complaints: string[] = []
    page.on('console', (message) => void complaints.push(message.text()))
    page.on('pageerror', (error) => void complaints.push(error.message))
    await page.goto(origin)
    return { page, origin, complaints }
  }

  test.each([
    { script: true, colorScheme: 'light', width: 1280 },
    { script: false, colorScheme: 'dark', width: 390 },
  ] as const)(
    'a token lives and dies: $width px, $colorScheme, script: $script',
    async ({ script, colorScheme, width }) => {
      const { page, complaints } = await open({
        javaScriptEnabled: script,
        colorScheme,
        viewport: { width, height: 900 },
      })
      await getToken(page)
      await page.getByRole('button', { name: 'Call the sample API' }).click()
      await page.getByText('The API verified the token and accepts it.').waitFor()
      for (const forgery of [/one bit/, /none/]) {
        await page.getByRole('button', { name: forgery }).click()
        await page.getByText('the API refuses the token.').waitFor()
        expect(await page.getByText('401 Unauthorized').count()).toBe(1)
      }
      const overflow = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'
      expect(await page.evaluate<number>(overflow)).toBe(0)
      expect(complaints).toEqual([])
    },
  )

  test.each([
    { colorScheme: 'light', width: 1280 },
    { colorScheme: 'dark', width: 390 },
  ] as const)('axe finds nothing: $width px, $colorScheme', async ({ colorScheme, width }) => {
    const { page } = await open({ colorScheme, viewport: { width, height: 900 } })
    await getToken(page)
    await page.getByRole('button', { name: /subject/ }).click()
    await page.getByText('the API refuses the token.').waitFor()
    expect(await violations(page)).toEqual([])
  })

  test('the figures follow what the server does, and the curl lines can be copied', async () => {
    const { page, origin, complaints } = await open({ permissions: ['clipboard-read', 'clipboard-write'] })
    const body = new URLSearchParams({ grant_type: 'client_credentials' })
    const headers = { authorization: `Basic ${btoa('client:the%20secret')}` }
    for (let count = 0; count < 7; count++) {
      const response = await fetch(`${origin}/connect/token`, { method: 'POST', headers, body })
      expect(response.status).toBe(200)
    }
    await page.locator('#activity dd', { hasText: /^7$/ }).waitFor()
    await page.getByRole('button', { name: 'Copy' }).first().click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    expect(await page.evaluate<string>('navigator.clipboard.readText()')).toBe(
      `curl -s ${origin}/connect/token -u client -d grant_type=client_credentials`,
    )
    expect(complaints).toEqual([])
  })

  test.each([1280, 390])('no curl line breaks inside an option: %i px', async (width) => {
    const { page } = await open({ viewport: { width, height: 900 } })
    // A word on two lines has two boxes.
    const boxes = await page.evaluate<readonly number[]>(
      `[...document.querySelectorAll('.line pre span')].map((word) => word.getClientRects().length)`,
    )
    expect(boxes.length).toBeGreaterThan(5)
    expect(new Set(boxes)).toEqual(new Set([1]))
  })

  test('the keyboard reaches every link, button and field', async () => {
    const { page } = await open()
    const all = 'a, button, input:not([type=hidden]), pre[tabindex]'
    const count = await page.evaluate<number>(`document.querySelectorAll('${all}').length`)
    expect(count).toBeGreaterThan(10)
    const reached = new Set<number>()
    for (let pressed = 0; pressed <= count; pressed++) {
      await page.keyboard.press('Tab')
      reached.add(
        await page.evaluate<number>(
          `[...document.querySelectorAll('${all}')].indexOf(document.activeElement)`,
        ),
      )
    }
    reached.delete(-1)
    expect(reached.size).toBe(count)
  })
})
