declare const setImmediate: ((callback: () => void) => unknown) | undefined

/** Lets pending events and timers be handled first; unlike setTimeout, browsers do not slow it down. */
export function yieldToEventLoop(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') {
      setImmediate(resolve)
      return
    }
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      port1.close()
      resolve()
    }
    port2.postMessage(undefined)
  })
}
