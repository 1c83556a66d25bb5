// The harness's side of the protocol: one worker process, kept alive, that answers a request at a time.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

/** Why a worker could not do what it was asked. */
export class WorkerError extends Error {}

export function startWorker(command, args, env) {
  const child = spawn(command, args, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  })
  // Engines warn on stderr; it is shown when one of them dies.
  let complaints = ''
  child.stderr.setEncoding('utf8').on('data', (text) => {
    complaints = (complaints + text).slice(-4000)
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const exited = new Promise((resolve) => {
    child.on('error', resolve)
    child.on('close', resolve)
  })
  child.stdin.on('error', () => {})

  async function ask(what, request = {}) {
    child.stdin.write(`${JSON.stringify({ do: what, ...request })}\n`)
    for (;;) {
      const { value, done } = await lines.next()
      if (done) {
        await exited
        throw new WorkerError(
          `the process ended (${child.signalCode ?? child.exitCode}): ${complaints.trim()}`,
        )
      }
      // Some engines print banners.
      if (!value.startsWith('{"answer"')) continue
      const { answer, error } = JSON.parse(value)
      if (error) throw new WorkerError(error)
      return answer
    }
  }

  return {
    ask,
    stop: async () => {
      child.stdin.end()
      child.kill()
      await exited
    },
  }
}
