/** A browser that logs a person in: it follows redirections, keeps cookies and sends forms, up to a URL it cannot open. */
export async function logIn(start: URL, redirectUri: string): Promise<URL> {
  const cookies = new Map<string, string>()
  const open = async (url: URL, body?: URLSearchParams): Promise<Response> => {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(body !== undefined && { method: 'POST', body }),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      cookies.set(name, value)
    }
    return response
  }
  let url = start
  let response = await open(url)
  for (let page = 0; page < 12; page++) {
    const location = response.headers.get('location')
    if (location !== null) {
      url = new URL(location, url)
      if (url.href.startsWith(redirectUri)) return url
      response = await open(url)
      continue
    }
    const form = await response.text()
    const [, action] = /<form[^>]*action="([^"]+)"/.exec(form) ?? []
    const [, prompt = ''] = /name="prompt" value="([^"]+)"/.exec(form) ?? []
    if (action === undefined) throw new Error(`no form at ${url.href}: ${response.status} ${form}`)
    const fields = prompt === 'login' ? { prompt, login: 'alice', password: 'any' } : { prompt }
    response = await open(new URL(action, url), new URLSearchParams(fields))
  }
  throw new Error(`the login does not end; it is at ${url.href}`)
}
