import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll } from 'vitest'

export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly finished: Promise<Finished>
  /** Resolves once standard error has matched. */
  readonly said: (pattern: RegExp) => Promise<void>
  readonly kill: (signal: NodeJS.Signals) => void
}

export interface Settings {
  readonly cwd: string
  readonly input?: string | Uint8Array
  readonly env?: Readonly<Record<string, string>>
  /** Another build than this repository's. */
  readonly main?: string
}

const built = join(import.meta.dirname, '../../dist/cli/main.js')

/** Starts the built command line in a process of its own. */
export function start(args: readonly string[], { cwd, input, env, main = built }: Settings): Running {
  const child = spawn(process.execPath, [main, ...args], { cwd, env: { ...process.env, ...env } })
  const output = { stdout: '', stderr: '' }
  const waiting = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      output[name] += text
      for (const check of waiting) check()
    })
  }
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  const finished = new Promise<Finished>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => resolve({ code, signal, ...output }))
  })
  return {
    finished,
    said: async (pattern) => {
      const matched = new Promise<void>((resolve) => {
        const check = (): void => {
          if (pattern.test(output.stderr)) resolve()
        }
        waiting.add(check)
        check()
      })
      const ended = finished.then(({ stderr }) => {
        if (!pattern.test(stderr)) throw new Error(`ended without saying ${pattern}:\n${stderr}`)
      })
      await Promise.race([matched, ended])
    },
    kill: (signal) => void child.kill(signal),
  }
}

/** Runs the command line to its end. */
export function ocelli(args: readonly string[], settings: Settings): Promise<Finished> {
  return start(args, settings).finished
}

/** A folder that goes away with the test file. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'ocelli-cli-'))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export type Colour = readonly [red: number, green: number, blue: number]

export async function writePicture(path: string, [r, g, b]: Colour, side = 40): Promise<void> {
  const image = sharp({ create: { width: side, height: side, channels: 3, background: { r, g, b } } })
  await image.toFile(path)
}
