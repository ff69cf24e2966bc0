/** Whether what is read from the URL cannot be changed on its way: https, or http on this machine, such as a developer's. */
export function isSecureUrl({ protocol, hostname }: URL): boolean {
  const isLocal = ['localhost', '127.0.0.1', '[::1]'].includes(hostname)
  return protocol === 'https:' || (protocol === 'http:' && isLocal)
}
