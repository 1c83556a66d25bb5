import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { init } from 'echarts'
import { catalogueRows, publishedTop1 } from '../dist/models/index.js'
import { billions, millions, table } from './markdown.mjs'

const tests = resolve(import.meta.dirname, '../test/models')
const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'))

/** What was compared with a reference implementation, by the network's name. */
function comparisons() {
  const parts = new Map(
    readJson(join(tests, 'fixtures/reference-cases.json')).map((entry) => [entry.name, new Set(entry.parts)]),
  )
  const own = join(tests, 'golden')
  for (const file of readdirSync(own).filter((name) => name.endsWith('.json'))) {
    for (const golden of readJson(join(own, file)).cases) {
      const known = parts.get(golden.name) ?? new Set()
      known.add('outputs')
      if (golden.backward_eval) known.add('gradients')
      if (golden.backward_train) known.add('training')
      parts.set(golden.name, known)
    }
  }
  return parts
}

const status = (parts) =>
  parts === undefined
    ? 'counts'
    : ['outputs', 'gradients', 'training'].filter((part) => parts.has(part)).join(', ')

function paperText({ authors, title, year, arxiv }) {
  const text = `${authors}: ${title} (${year})`
  return arxiv === undefined ? text : `[${text}](https://arxiv.org/abs/${arxiv})`
}

const sizeText = ({ inputSize, channels = 3 }) => {
  const [height, width] = typeof inputSize === 'number' ? [inputSize, inputSize] : inputSize
  return channels === 3 && height === width ? `${height}` : `${channels}x${height}x${width}`
}

function section(row, members, compared) {
  const papers = [...new Map(members.map(({ paper }) => [paper.title, paper])).values()]
  const rows = members.map((member) => [
    `\`${member.name}\``,
    millions(member.parameters),
    billions(member.macs),
    sizeText(member.preprocessing),
    publishedTop1(member)?.toFixed(1) ?? '',
    member.reference,
    status(compared.get(member.name)),
    member.weights.map(({ tag, url }) => `[${tag}](${url})`).join(' '),
  ])
  const header = ['name', 'params (M)', 'MACs (G)', 'input', 'top-1', 'reference', 'checked', 'weights']
  const noted = members.filter(({ note }) => note)
  const notes = [...new Set(noted.map(({ note }) => note))].map((note) => {
    const names = noted.filter((member) => member.note === note).map(({ name }) => `\`${name}\``)
    return `- ${names.join(', ')}: ${note.trim()}`
  })
  return [
    `### ${row}`,
    papers.map(paperText).join('; '),
    table(header, rows, [1, 2, 3, 4]),
    ...(notes.length > 0 ? [notes.join('\n')] : []),
  ].join('\n\n')
}

/** One section a row of the catalogue, one line a network. */
export function zooSections(all) {
  const compared = comparisons()
  return catalogueRows
    .map((row) => [row, all.filter((member) => member.row === row)])
    .filter(([, members]) => members.length > 0)
    .map(([row, members]) => section(row, members, compared))
    .join('\n\n')
}

/** The published accuracy on ImageNet, in percent, of networks that classify photographs. */
export function imageNetTop1(member) {
  const { numClasses, preprocessing, accuracy } = member
  const { channels = 3 } = preprocessing
  const elsewhere = accuracy?.dataSet !== undefined && accuracy.dataSet !== 'ImageNet'
  return numClasses < 1000 || channels !== 3 || elsewhere ? null : publishedTop1(member)
}

/** The points that none beats in both ways. */
function frontier(points) {
  const best = []
  for (const point of points.toSorted((a, b) => a.value[0] - b.value[0] || b.value[1] - a.value[1])) {
    if (best.length === 0 || point.value[1] > best.at(-1).value[1]) best.push(point)
  }
  return best
}

/** Accuracy on ImageNet against work and against size, as an SVG. */
export function zooPicture(all) {
  const networks = all
    .map((member) => ({ ...member, top1: imageNetTop1(member) }))
    .filter(({ top1 }) => top1 !== null)
  const panels = [
    { title: 'multiply-accumulates (millions)', value: ({ macs }) => macs / 1e6 },
    { title: 'parameters (millions)', value: ({ parameters }) => parameters / 1e6 },
  ]
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: 1200, height: 560 })
  const grey = '#6b7280'
  chart.setOption({
    animation: false,
    backgroundColor: '#ffffff',
    title: panels.map(({ title }, i) => ({
      text: `ImageNet top-1 (%) against ${title}`,
      left: i === 0 ? 60 : 660,
      top: 10,
      textStyle: { fontSize: 14, color: '#111827' },
    })),
    grid: [
      { left: 60, top: 50, width: 510, height: 450 },
      { left: 660, top: 50, width: 510, height: 450 },
    ],
    xAxis: panels.map(({ title }, gridIndex) => ({
      type: 'log',
      gridIndex,
      name: title,
      nameLocation: 'middle',
      nameGap: 28,
      min: ({ min }) => 0.7 * min,
      axisLabel: { color: grey, formatter: (value) => Number(value.toPrecision(2)).toString() },
      splitLine: { lineStyle: { color: '#eef0f3' } },
    })),
    yAxis: panels.map((_, gridIndex) => ({
      gridIndex,
      min: 45,
      max: 90,
      axisLabel: { color: grey },
      splitLine: { lineStyle: { color: '#eef0f3' } },
    })),
    series: panels.flatMap(({ value }, i) => {
      const points = networks.map((member) => ({ name: member.name, value: [value(member), member.top1] }))
      const best = frontier(points)
      const shared = { xAxisIndex: i, yAxisIndex: i }
      return [
        {
          ...shared,
          type: 'scatter',
          symbolSize: 5,
          itemStyle: { color: '#3b82f6', opacity: 0.55 },
          data: points,
        },
        {
          ...shared,
          type: 'line',
          symbolSize: 7,
          lineStyle: { color: '#dc2626', width: 1 },
          itemStyle: { color: '#dc2626' },
          labelLayout: { hideOverlap: true },
          label: {
            show: true,
            position: 'top',
            fontSize: 10,
            color: '#111827',
            formatter: ({ name }) => name,
          },
          data: best,
        },
      ]
    }),
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return `${svg.replace('>', '><title>ImageNet accuracy against work and size</title>')}\n`
}
