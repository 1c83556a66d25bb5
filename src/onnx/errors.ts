/** A graph that cannot be run: the message says which node, which operator and why. */
export class GraphError extends Error {
  override readonly name: string = 'GraphError'
}

/** A shape or another setting hangs on values that are computed when the network runs, and so is not known before. */
export class DataDependentError extends GraphError {
  override readonly name = 'DataDependentError'
}

/** A kind of an operator that Ocelli does not have, such as convolutions of three dimensions. */
export class UnsupportedError extends GraphError {
  override readonly name = 'UnsupportedError'
}
