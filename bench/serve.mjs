// The worker's side of the protocol: one JSON request a line on stdin, one JSON answer a line on stdout.
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** Answers requests with `handlers[request.do](request)` until stdin ends. */
export async function serve(handlers) {
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line)
    let answer
    try {
      answer = { answer: (await handlers[request.do](request)) ?? null }
    } catch (error) {
      answer = { answer: null, error: String(error?.message ?? error) }
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`)
  }
  process.exit(0)
}

const maxSamples = 4096
const maxRuns = 1000

/** Values spread over a result, enough to tell a wrong one. */
export function sampleOf(values) {
  const stride = Math.max(1, Math.floor(values.length / maxSamples))
  return Array.from({ length: Math.ceil(values.length / stride) }, (_, i) => values[i * stride])
}

/** The most memory that this process has held, in MiB. */
export function peakMemory() {
  // resourceUsage() counts what the parent held before this program was loaded, where the kernel says better.
  const status = process.platform === 'linux' ? readFileSync('/proc/self/status', 'utf8') : ''
  const kibibytes = /VmHWM:\s*(\d+)/.exec(status)?.[1] ?? process.resourceUsage().maxRSS
  return Number(kibibytes) / 1024
}

async function timed(run, milliseconds) {
  const times = []
  const end = performance.now() + milliseconds
  do {
    const start = performance.now()
    await run()
    times.push(performance.now() - start)
  } while (performance.now() < end && times.length < maxRuns)
  return times
}

/**
 * Handlers of an engine. `open(spec, model)` gives `{ run, output, close?, macs? }`: `run` is timed, `output` gives the
 * result's values. Spec says what to run, model names its ONNX file for those that read one.
 */
export function engine({ hello, open }) {
  let current
  return {
    hello,
    open: async ({ spec, model }) => {
      current = await open(spec, model)
      return { macs: await current.macs?.(), sample: sampleOf(await current.output()) }
    },
    time: async ({ milliseconds }) => ({ '': await timed(current.run, milliseconds) }),
    peak: () => peakMemory(),
    close: async () => {
      await current?.close?.()
      current = undefined
    },
  }
}
