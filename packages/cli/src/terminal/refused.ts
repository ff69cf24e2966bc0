/** The answer to a question of the user is no: a token is not valid, an issuer is misconfigured. It has an exit code of its own. */
export class Refused extends Error {
  /** For `--json`. */
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.name = 'Refused'
    this.code = code
  }
}
