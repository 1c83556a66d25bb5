import { cpus } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { figuresOf } from './statistics.mjs'

const settle = 50
const quietShare = 0.15

function cpuTimes() {
  let [busy, total] = [0, 0]
  for (const { times } of cpus()) {
    const all = Object.values(times).reduce((a, b) => a + b, 0)
    busy += all - times.idle
    total += all
  }
  return { busy, total }
}

/** Waits until nothing else computes: the thread pool that ran before may still spin, and others share the machine. */
export async function quiet(patience) {
  const end = performance.now() + patience
  do {
    const before = cpuTimes()
    await sleep(settle)
    const after = cpuTimes()
    if (after.busy - before.busy <= quietShare * (after.total - before.total)) return
  } while (performance.now() < end)
}

/**
 * Has the runners, `{ name, worker }` with a workload open, time it in turns, A B A B, each for `milliseconds` a turn. Gives
 * for each name all times by variant, or by phase where the worker has phases.
 */
export async function takeTurns(runners, { turns, milliseconds, patience }) {
  const times = new Map(runners.map(({ name }) => [name, new Map()]))
  for (let turn = 0; turn < turns; turn++) {
    for (const { name, worker } of runners) {
      await quiet(patience)
      for (const [variant, measured] of Object.entries(await worker.ask('time', { milliseconds }))) {
        const all = times.get(name).get(variant) ?? []
        times.get(name).set(variant, [...all, ...measured])
      }
    }
  }
  return times
}

/** What `takeTurns` measures, of each runner its fastest variant. */
export async function interleave(runners, options) {
  const times = await takeTurns(runners, options)
  return new Map([...times].map(([name, variants]) => [name, best(variants)]))
}

function best(variants) {
  const results = [...variants].map(([variant, times]) => ({ variant, ...figuresOf(times) }))
  return results.reduce((a, b) => (b.min < a.min ? b : a))
}
