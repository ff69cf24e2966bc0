import { deserialize, serialize } from 'node:v8'
import type { Settings } from '../settings/settings.ts'
import type { Channel } from './channel.ts'

/** The topic of the question. */
const topic = 'settings'

/** Milliseconds that the primary may take to answer. It may be starting other workers. */
const timeout = 10_000

/** Makes the primary answer with the settings in effect. */
export function answerSettings(worker: Channel, settings: () => Settings): void {
  worker.on(topic, () => packSettings(settings()))
}

/** The settings in effect, from the primary: by now the file may have others. */
export async function askForSettings(primary: Channel): Promise<Settings> {
  return unpackSettings(await primary.ask(topic, undefined, timeout))
}

/** Settings as a text, since messages are JSON, which has neither maps nor dates. */
export function packSettings(settings: Settings): string {
  return serialize(settings).toString('base64')
}

/** @param packed from the primary, which has checked the settings */
export function unpackSettings(packed: unknown): Settings {
  const settings: Settings = deserialize(Buffer.from(String(packed), 'base64'))
  return settings
}
