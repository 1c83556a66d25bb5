/** What to do about a file that was cut off or changed on its way. */
export const copyAgain = 'download or copy it again'

export interface CheckpointErrorOptions extends ErrorOptions {
  /** What to do about it. */
  readonly advice?: string
}

/** A weight file that cannot be read: the message says which file, where in it, what is wrong and what to do. */
export class CheckpointError extends Error {
  override readonly name: string = 'CheckpointError'
  readonly file: string
  /** Position in the file (or in the archive member that `file` names), in bytes; undefined where none applies. */
  readonly offset: number | undefined
  /** The message without the advice. */
  readonly problem: string
  readonly advice: string | undefined

  constructor(
    file: string,
    what: string,
    offset?: number,
    { advice, ...options }: CheckpointErrorOptions = {},
  ) {
    const problem = offset === undefined ? `${file}: ${what}` : `${file}: byte ${offset}: ${what}`
    super(advice === undefined ? problem : `${problem}; ${advice}`, options)
    this.file = file
    this.offset = offset
    this.problem = problem
    this.advice = advice
  }
}
