/** Data that cannot be used; the message names the file or folder and says why. */
export class DataError extends Error {
  override readonly name: string = 'DataError'
  readonly path: string

  constructor(path: string, why: string, options?: ErrorOptions) {
    super(`${path}: ${why}`, options)
    this.path = path
  }
}
