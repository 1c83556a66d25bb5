/** A weight file that cannot be read: the message says which file, where in it, what is wrong and what to do. */
export class CheckpointError extends Error {
  override readonly name: string = 'CheckpointError'
  readonly file: string
  /** Position in the file (or in the archive member that `file` names), in bytes; undefined where none applies. */
  readonly offset: number | undefined

  constructor(file: string, what: string, offset?: number, options?: ErrorOptions) {
    super(offset === undefined ? `${file}: ${what}` : `${file}: byte ${offset}: ${what}`, options)
    this.file = file
    this.offset = offset
  }
}
