/** Where progress is shown: a terminal gets one live line, anything else plain lines now and then. */
export interface ProgressOutput {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

export interface ProgressOptions {
  readonly total: number
  readonly unit: string
  /** Units done before, which count for nothing in the rate. */
  readonly done?: number
  readonly output?: ProgressOutput
  /** Milliseconds since some start; for tests. */
  readonly now?: () => number
}

const liveInterval = 100
const plainInterval = 10_000

/** Counts units of work and shows how far it is, how fast it goes and how long it will take. */
export class Progress {
  readonly #label: string
  readonly #options: Required<ProgressOptions>
  readonly #start: number
  #done = 0
  #shown = Number.NEGATIVE_INFINITY
  #details = ''
  #open = false

  constructor(label: string, options: ProgressOptions) {
    this.#label = label
    this.#options = { done: 0, output: process.stderr, now: () => performance.now(), ...options }
    this.#start = this.#options.now()
    this.#done = this.#options.done
  }

  /** Units of work that are done. */
  get done(): number {
    return this.#done
  }

  get live(): boolean {
    return this.#options.output.isTTY === true && process.env.CI === undefined
  }

  /** Shows a live line at once, whatever is done. */
  show(details: string = this.#details): void {
    this.#details = details
    if (!this.live) return
    this.#shown = this.#options.now()
    this.#options.output.write(`\r${this.#line()}\u001b[K`)
    this.#open = true
  }

  /** `amount` more units are done; `details` stand at the end of the line, such as the loss. */
  advance(amount: number, details = ''): void {
    this.#done += amount
    this.#details = details
    const now = this.#options.now()
    if (this.live) {
      if (now - this.#shown >= liveInterval) this.show()
    } else {
      if (this.#shown === Number.NEGATIVE_INFINITY) this.#shown = this.#start
      if (now - this.#shown < plainInterval) return
      this.#shown = now
      this.#options.output.write(`${this.#line()}\n`)
    }
  }

  /** Leaves `summary` in place of the live line. */
  finish(summary: string): void {
    this.clear()
    this.#options.output.write(`${summary}\n`)
  }

  /** Wipes a live line that is shown, so that something else can be written there. */
  clear(): void {
    if (this.#open) this.#options.output.write('\r\u001b[K')
    this.#open = false
  }

  #line(): string {
    const { total, unit, now, done } = this.#options
    const seconds = Math.max((now() - this.#start) / 1000, 1e-6)
    const rate = (this.#done - done) / seconds
    const count = `${this.#done}/${total} ${unit}`
    const speed = rate > 0 ? [`${rate >= 100 ? rate.toFixed(0) : rate.toFixed(1)} ${unit}/s`] : []
    const left = rate > 0 ? [`ETA ${formatSeconds((total - this.#done) / rate)}`] : []
    const details = this.#details ? [this.#details] : []
    const full = [this.#label, count, ...speed, ...left, ...details].join('  ')
    if (!this.live) return full
    const bar = (cells: number): string => {
      const filled = total > 0 ? Math.round((cells * this.#done) / total) : cells
      return `${this.#label} [${'='.repeat(filled)}${' '.repeat(cells - filled)}]`
    }
    // Some terminals say that they have 0 columns.
    const width = (this.#options.output.columns || 80) - 1
    // What a narrow terminal can do without goes first.
    const lines = [
      [`${bar(20)} ${count}`, ...speed, ...left, ...details].join('  '),
      [`${bar(10)} ${this.#done}/${total}`, ...speed, ...left, ...details].join('  '),
      [this.#label, `${this.#done}/${total}`, ...speed, ...left, ...details].join('  '),
      [this.#label, count, ...left, ...details].join('  '),
      [this.#label, count, ...left].join('  '),
    ]
    return lines.find((line) => line.length <= width) ?? `${this.#label}  ${count}`.slice(0, width)
  }
}

/** 4.2 s, 1:05, 2:03:09. */
export function formatSeconds(seconds: number): string {
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const pad = (n: number): string => String(n).padStart(2, '0')
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`
}

/** 1 epoch, 2 epochs. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`
}

/** 98.76 %, of a share from 0 to 1. */
export function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`
}
