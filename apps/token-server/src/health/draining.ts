/**
 * Whether the server is about to close. `/health/ready` tells load balancers, which then send requests to other servers. This
 * server goes on answering until its listener closes.
 */
export class Draining {
  #hasBegun = false

  get hasBegun(): boolean {
    return this.#hasBegun
  }

  begin(): void {
    this.#hasBegun = true
  }
}
