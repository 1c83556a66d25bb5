export interface Interruption {
  readonly signal: AbortSignal
  /** What the shell expects of a command that ended so. */
  readonly exitCode: () => number
  readonly stop: () => void
}

/** The first Ctrl-C (or a polite kill) asks for a stop after the running step; the second ends the process at once. */
export function listenForInterruption(): Interruption {
  const controller = new AbortController()
  let exitCode = 130
  const onSignal = (name: NodeJS.Signals): void => {
    exitCode = name === 'SIGINT' ? 130 : 143
    if (controller.signal.aborted) process.exit(exitCode)
    controller.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return {
    signal: controller.signal,
    exitCode: () => exitCode,
    stop: () => {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
    },
  }
}
