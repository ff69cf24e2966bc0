/** A hostile input and how it must be refused. */
export interface Refusal<Input> {
  readonly name: string
  /** The rule that it breaks or the attack that it repeats: an RFC section, a CVE. */
  readonly reference: string
  readonly input: Input
  /** The whole outcome: a status with the OAuth error and the reason in the log, or the code of a SealwrightError. */
  readonly refused: string
}

/** A neighbour of the hostile inputs that is valid. It shows that the family does not pass because everything is refused. */
export interface Acceptance<Input> {
  readonly name: string
  readonly input: Input
  readonly accepted: string
}

/** Inputs of one kind. */
export interface Family<Input> {
  readonly title: string
  readonly refusals: readonly Refusal<Input>[]
  readonly acceptances: readonly Acceptance<Input>[]
}

/** The rows of a table: name, reference, input; all of them are refused in one way. */
export function refuse<Input>(
  refused: string,
  ...rows: readonly (readonly [name: string, reference: string, input: Input])[]
): readonly Refusal<Input>[] {
  return rows.map(([name, reference, input]) => ({ name, reference, input, refused }))
}

/** The rows of a table: name, input; all of them are accepted. */
export function accept<Input>(
  accepted: string,
  ...rows: readonly (readonly [name: string, input: Input])[]
): readonly Acceptance<Input>[] {
  return rows.map(([name, input]) => ({ name, input, accepted }))
}

/** An outcome for each name. */
export type Outcomes = Readonly<Record<string, string>>

/** The outcome that each input of a family must have. */
export function expectedOutcomes<Input>({ refusals, acceptances }: Family<Input>): Outcomes {
  return Object.fromEntries([
    ...refusals.map(({ name, refused }) => [name, refused]),
    ...acceptances.map(({ name, accepted }) => [name, accepted]),
  ])
}

/** Gives every input of a family to `apply`, one after the other. */
export async function outcomesOf<Input>(
  { refusals, acceptances }: Family<Input>,
  apply: (input: Input) => Promise<string>,
): Promise<Outcomes> {
  const outcomes: Record<string, string> = {}
  for (const { name, input } of [...refusals, ...acceptances]) {
    // oxlint-disable-next-line no-await-in-loop -- one may change what the next one finds
    outcomes[name] = await apply(input)
  }
  return outcomes
}
