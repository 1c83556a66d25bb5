import type { Profile } from './record.ts'

/** The kept runs as a Chrome trace, which chrome://tracing and ui.perfetto.dev show. */
export function chromeTrace(profile: Profile): string {
  const runs = profile.programs
    .flatMap((program) =>
      program.kept.filter(({ length }) => length > 0).map((times) => ({ program, times })),
    )
    .sort((a, b) => a.times[0]! - b.times[0]!)
  const origin = runs[0]?.times[0] ?? 0
  const micro = (nanoseconds: number): number => Math.round(nanoseconds) / 1000
  const events: object[] = [
    { name: 'process_name', ph: 'M', pid: 1, args: { name: 'ocelli' } },
    { name: 'thread_name', ph: 'M', pid: 1, tid: 1, args: { name: 'programs' } },
  ]
  for (const { program, times } of runs) {
    const [start, last] = [times[0]!, times.length - 2]
    events.push({
      name: program.name,
      cat: 'program',
      ph: 'X',
      pid: 1,
      tid: 1,
      ts: micro(start - origin),
      dur: micro(times[last]! + times[last + 1]! - start),
      args: { instructions: program.instructions.length },
    })
    for (const [i, { op, description, cost }] of program.instructions.entries()) {
      const duration = times[2 * i + 1]!
      const rate = (amount: number): number => (duration > 0 ? Number((amount / duration).toPrecision(4)) : 0)
      events.push({
        name: op,
        cat: 'instruction',
        ph: 'X',
        pid: 1,
        tid: 1,
        ts: micro(times[2 * i]! - origin),
        dur: micro(duration),
        args: {
          number: i,
          description,
          macs: cost.macs,
          flops: cost.flops,
          bytes: cost.bytes,
          'GFLOP/s': rate(cost.flops),
          'GB/s': rate(cost.bytes),
        },
      })
    }
  }
  const lines = events.map((event) => JSON.stringify(event)).join(',\n')
  return `{"displayTimeUnit":"ms","traceEvents":[\n${lines}\n]}\n`
}
