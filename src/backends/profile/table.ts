import type { InstructionProfile, Limits } from './record.ts'

/** Instructions of one kind or a single one, for each run. */
export interface ProfileRow {
  readonly op: string
  /** Of a single instruction. */
  readonly description: string
  /** The instruction's place in its program; of a single one. */
  readonly number: number | null
  readonly count: number
  readonly milliseconds: number
  /** In the run in which it was fastest. */
  readonly fastestMilliseconds: number
  /** Of the time in all instructions, from 0 to 1. */
  readonly share: number
  readonly macs: number
  readonly flops: number
  readonly bytes: number
  readonly gflops: number
  readonly gigabytes: number
  /** The least time that the machine's limits allow, as a share of the time taken; null where limits are not known. */
  readonly ofLimit: number | null
  readonly boundBy: 'compute' | 'memory' | null
}

/** One row for each instruction, the longest first. `runs`: what times are divided by. */
export function instructionRows(
  instructions: readonly InstructionProfile[],
  runs: number,
  limits: Limits | null,
): ProfileRow[] {
  const groups = instructions.map((instruction, i) => ({
    op: instruction.op,
    description: instruction.description,
    number: i,
    members: [instruction],
  }))
  return rowsOf(groups, runs, limits)
}

/** One row for each kind of instruction, the one that takes longest first. */
export function opRows(
  instructions: readonly InstructionProfile[],
  runs: number,
  limits: Limits | null,
): ProfileRow[] {
  const kinds = [...new Set(instructions.map(({ op }) => op))]
  const groups = kinds.map((op) => ({
    op,
    description: '',
    number: null,
    members: instructions.filter((instruction) => instruction.op === op),
  }))
  return rowsOf(groups, runs, limits)
}

interface Group extends Pick<ProfileRow, 'op' | 'description' | 'number'> {
  readonly members: readonly InstructionProfile[]
}

function rowsOf(groups: readonly Group[], runs: number, limits: Limits | null): ProfileRow[] {
  const total = sum(groups.flatMap(({ members }) => members.map(({ nanoseconds }) => nanoseconds)))
  const rows = groups.map(({ members, ...named }): ProfileRow => {
    const nanoseconds = sum(members.map((member) => member.nanoseconds)) / runs
    const flops = sum(members.map(({ cost }) => cost.flops))
    const bytes = sum(members.map(({ cost }) => cost.bytes))
    const rate = (amount: number): number => (nanoseconds > 0 ? amount / nanoseconds : 0)
    const compute = limits === null ? 0 : flops / limits.gflops
    const memory = limits === null ? 0 : bytes / limits.gigabytes
    const least =
      limits === null
        ? null
        : sum(members.map(({ cost }) => Math.max(cost.flops / limits.gflops, cost.bytes / limits.gigabytes)))
    return {
      ...named,
      count: members.length,
      milliseconds: nanoseconds / 1e6,
      fastestMilliseconds: sum(members.map(({ fastest }) => fastest)) / 1e6,
      share: total > 0 ? (nanoseconds * runs) / total : 0,
      macs: sum(members.map(({ cost }) => cost.macs)),
      flops,
      bytes,
      gflops: rate(flops),
      gigabytes: rate(bytes),
      ofLimit: least === null ? null : rate(least),
      boundBy: limits === null ? null : compute >= memory ? 'compute' : 'memory',
    }
  })
  return rows.sort((a, b) => b.milliseconds - a.milliseconds)
}

/** Rows as text; of more than `most` the first ones. */
export function formatRows(rows: readonly ProfileRow[], most: number = rows.length): string {
  const shown = rows.slice(0, most)
  const single = shown.every(({ number }) => number !== null)
  const table: readonly (readonly string[])[] = [
    [single ? '#' : 'count', 'ms', 'fastest', 'share', 'GFLOP/s', 'GB/s', 'of limit', 'instruction'],
    ...shown.map((row) => [
      `${row.number ?? row.count}`,
      row.milliseconds.toFixed(3),
      row.fastestMilliseconds.toFixed(3),
      `${(100 * row.share).toFixed(1)} %`,
      row.gflops.toFixed(1),
      row.gigabytes.toFixed(1),
      row.ofLimit === null ? '' : `${(100 * row.ofLimit).toFixed(0)} % ${row.boundBy}`,
      `${row.op} ${row.description}`.trimEnd(),
    ]),
  ]
  const widths = table[0]!.map((_, column) => Math.max(...table.map((cells) => cells[column]!.length)))
  const last = widths.length - 1
  const lines = table.map((cells) =>
    cells.map((cell, column) => (column === last ? cell : cell.padStart(widths[column]!))).join('  '),
  )
  const rest = rows.length - shown.length
  return [...lines, ...(rest > 0 ? [`and ${rest} more`] : [])].join('\n')
}

export function formatLimits(limits: Limits | null): string {
  if (limits === null) return 'limits not known'
  return `limits ${limits.gflops.toFixed(0)} GFLOP/s, ${limits.gigabytes.toFixed(1)} GB/s`
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0)
}
