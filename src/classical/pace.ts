import { yieldToEventLoop } from '../backends/yield.ts'

/** Milliseconds that a loop may keep the event loop waiting. */
const longest = 40

/** Keeps long loops from holding up timers and requests: they ask now and then whether it is time to pause. */
export class Pace {
  #last: number = performance.now()

  get isDue(): boolean {
    return performance.now() - this.#last > longest
  }

  /** Lets everything that waits run, where it is time for it. */
  async pause(): Promise<void> {
    if (!this.isDue) return
    await yieldToEventLoop()
    this.#last = performance.now()
  }
}
