import { describeKeyRingEvent, type KeyRingEvent } from '@sealwright/keyring'

/** What the user of a command should know of an event of a key ring; null for any other. */
export function noteOf(event: KeyRingEvent): string | null {
  // Where no key can be read, the command fails and says why.
  if ('age' in event && event.age === null) return null
  const { level, message } = describeKeyRingEvent(event)
  return level === 'info' && event.type !== 'created' ? null : `sealwright: ${message}`
}
