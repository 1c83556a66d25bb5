import { geometricMean } from './statistics.mjs'

const percent = (share) => (share === null || share === undefined ? '' : `${(100 * share).toFixed(0)} %`)
const number = (value, digits) => (value === null || value === undefined ? '' : value.toFixed(digits))

function time(value) {
  return number(value, value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3)
}

const columns = [
  ['case', 36, (row) => row.case],
  ['batch', 5, (row) => row.batch],
  ['threads', 7, (row) => row.threads],
  ['ours', 8, (row) => time(row.oursMs ?? row.oursMiB)],
  ['median', 8, (row) => time(row.oursMedianMs)],
  ['GFLOP/s', 7, (row) => number(row.gflops, 0)],
  ['of peak', 7, (row) => percent(row.peakShare)],
  ['GB/s', 6, (row) => number(row.gigabytes, 1)],
  ['of bw', 6, (row) => percent(row.bandwidthShare)],
  ['bound', 7, (row) => (row.share > 0 ? row.bound : '')],
  ['peer', 17, (row) => row.peer ?? ''],
  ['theirs', 8, (row) => time(row.peerMs ?? row.peerMiB)],
  ['median', 8, (row) => time(row.peerMedianMs)],
  ['ratio', 6, (row) => number(row.ratio, 2)],
  ['note', 0, (row) => row.note ?? row.peerVariant ?? ''],
]

const cell = (text, width, i) => {
  const value = String(text ?? '')
  return i === 0 || columns[i][0] === 'peer' ? value.padEnd(width) : value.padStart(width)
}

export const header = () =>
  columns
    .map(([title, width], i) => cell(title, width, i))
    .join(' ')
    .trimEnd()

export const line = (row) =>
  columns
    .map(([, width, of], i) => cell(of(row), width, i))
    .join(' ')
    .trimEnd()

export const labelOf = ({ case: name, batch, threads }) =>
  [name, batch && `batch ${batch}`, threads && `${threads} threads`].filter(Boolean).join(', ')

/** For each suite and peer: the geometric mean of the ratios, and the worst of them. */
export function summarizeRows(rows) {
  const groups = new Map()
  for (const row of rows) {
    if (!row.ratio) continue
    const key = `${row.suite}|${row.peer}`
    groups.set(key, [...(groups.get(key) ?? []), row])
  }
  return [...groups.values()].map((group) => {
    const worst = group.reduce((a, b) => (b.ratio < a.ratio ? b : a))
    const { suite, peer } = worst
    return {
      suite,
      peer,
      rows: group.length,
      geometricMean: geometricMean(group.map((row) => row.ratio)),
      worst,
    }
  })
}

export function formatSummary(summaries) {
  return summaries.map(
    ({ suite, peer, rows, geometricMean: mean, worst }) =>
      `${suite.padEnd(10)} against ${peer.padEnd(17)} geometric mean ${mean.toFixed(3)} over ${rows} rows; ` +
      `worst ${worst.ratio.toFixed(2)}: ${labelOf(worst)}`,
  )
}
