let enabled = true

export function isGradEnabled(): boolean {
  return enabled
}

/** Runs fn (synchronous) with the recording of gradients switched on or off. */
export function withGradMode<T>(mode: boolean, fn: () => T): T {
  const before = enabled
  enabled = mode
  try {
    return fn()
  } finally {
    enabled = before
  }
}
