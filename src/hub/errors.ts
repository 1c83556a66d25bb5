export interface HubErrorOptions extends ErrorOptions {
  /** What to do about it. */
  readonly advice?: string
  /** The server's status, where it answered with one. */
  readonly status?: number
}

/** Weights that could not be had: the message says which, why, and what to do next. */
export class HubError extends Error {
  override readonly name: string = 'HubError'
  /** The address or the name that was asked for. */
  readonly source: string
  readonly advice: string | undefined
  readonly status: number | undefined

  constructor(source: string, what: string, { advice, status, ...options }: HubErrorOptions = {}) {
    super(`${source}: ${what}${advice === undefined ? '' : `; ${advice}`}`, options)
    this.source = source
    this.advice = advice
    this.status = status
  }
}
