import { yieldToEventLoop } from '../backends/yield.ts'

/** Lets a limited number of tasks run at a time, in the order asked for. */
export class Slots {
  #free: number
  #closed = false
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  async use<R>(task: () => R | Promise<R>): Promise<R> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      // Samples that are made without waiting would otherwise keep the training step from starting.
      await yieldToEventLoop()
      if (this.#closed) throw new Error('the iteration has ended')
      return await task()
    } finally {
      const resume = this.#waiting.shift()
      if (resume) resume()
      else this.#free++
    }
  }

  /** Tasks that have not begun are not run. */
  close(): void {
    this.#closed = true
  }
}
