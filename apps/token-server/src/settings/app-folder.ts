import { fileURLToPath } from 'node:url'

/** The folder of the app's package.json, wherever the server is started from. */
export const appFolder: string = fileURLToPath(new URL('../..', import.meta.url))
