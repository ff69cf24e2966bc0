const nightlyRuns = process.env['SEALWRIGHT_FUZZ_RUNS']

/** A nightly run tries more inputs, and others each time. Any other run tries the same, so that it tells of the change alone. */
export const runs: { readonly numRuns: number; readonly seed?: number } =
  nightlyRuns === undefined ? { numRuns: 400, seed: 1 } : { numRuns: Number(nightlyRuns) }

/**
 * What any input may take, in milliseconds of processor time, which a busy machine does not stretch. Key derivations count too:
 * tests keep their iterations few.
 */
const maximumMilliseconds = 50
/** Garbage collection makes anything late now and then, and nothing late each time. */
const tries = 8

/**
 * How reading one input ends: `read`, or the code of a SealwrightError.
 *
 * @param read may run several times
 * @throws whatever it throws that is no SealwrightError, and an Error for what takes longer than 50 ms each time
 */
export async function promptOutcome(read: () => Promise<unknown>): Promise<string> {
  const durations: number[] = []
  for (let attempt = 0; attempt < tries; attempt++) {
    const start = process.cpuUsage()
    // oxlint-disable-next-line no-await-in-loop
    const outcome = await outcomeOf(read)
    const { user, system } = process.cpuUsage(start)
    const duration = (user + system) / 1000
    if (duration <= maximumMilliseconds) return outcome
    durations.push(duration)
  }
  throw new Error(`the input takes ${Math.min(...durations)} ms, ${tries} times out of ${tries}`)
}

async function outcomeOf(read: () => Promise<unknown>): Promise<string> {
  try {
    await read()
    return 'read'
  } catch (error) {
    if (error instanceof Error && error.name === 'SealwrightError') return String(Reflect.get(error, 'code'))
    throw error
  }
}
