import { stat } from 'node:fs/promises'
import { formatShape, sizeOf } from '../../graph/shape.ts'
import { loadStateDictFile } from '../../weights/file.ts'
import type { PlainValue } from '../../weights/index.ts'
import { type Command, defineCommand, UsageError } from '../command.ts'
import { fittingNetworks } from '../fitting-networks.ts'
import { counted } from '../progress.ts'
import { factsOf, type TensorFacts } from '../tensor-facts.ts'
import { localFile } from '../weight-files.ts'

export const inspect: Command = defineCommand({
  name: 'inspect',
  summary: 'Shows what a file of weights holds, and which networks it fits',
  usage: '<file>',
  options: {
    key: {
      kind: 'text',
      placeholder: 'name',
      description: 'which entry of a PyTorch file holds the weights, such as ema; searched unless given',
    },
    json: { kind: 'flag', description: 'prints JSON' },
  },
  details: ['Nothing in the file is executed, whatever it holds.'],
  examples: ['ocelli inspect resnet18-f37072fd.pth', 'ocelli inspect run/best.safetensors --json'],
  run: async ([given, ...more], { key, json }) => {
    if (given === undefined || more.length > 0) throw new UsageError('inspect takes one file')
    const path = await localFile(given)
    const file = await loadStateDictFile(path, { ...(key !== undefined && { key }) })
    const { size } = await stat(path)
    const tensors = [...file.tensors].map(([name, tensor]) => factsOf(name, tensor))
    const networks = await fittingNetworks(file.tensors)
    const also = Object.entries(file.values).map(([name, value]) => [name, summaryOf(value)] as const)
    if (json) {
      const { format, metadata } = file
      const report = { file: path, format, bytes: size, key: file.key, networks, metadata }
      console.log(JSON.stringify({ ...report, also: Object.fromEntries(also), tensors }, null, 2))
      return
    }
    const values = tensors.reduce((sum, { shape }) => sum + sizeOf(shape), 0)
    const where = file.key === '' ? '' : `, under ${file.key}`
    console.log(
      `${path}: ${file.format}, ${(size / 1e6).toFixed(1)} MB; ${counted(tensors.length, 'tensor')} of ` +
        `${counted(values, 'value')}${where}`,
    )
    const names = networks.map(
      ({ name, numClasses }) => `${name} (${counted(numClasses, 'class', 'classes')})`,
    )
    console.log(names.length > 0 ? `fits: ${names.join(', ')}` : 'fits no network of the registry as it is')
    for (const [name, text] of Object.entries(file.metadata)) console.log(`${name}: ${shortened(text)}`)
    for (const [name, text] of also) console.log(`beside the weights: ${name} (${text})`)
    printTable(tensors)
    const broken = tensors.reduce((sum, { nonFinite }) => sum + nonFinite, 0)
    if (broken > 0) console.log(`${counted(broken, 'value is', 'values are')} infinite or not a number`)
  },
})

function printTable(tensors: readonly TensorFacts[]): void {
  const header = ['name', 'shape', 'type', 'min', 'max', 'mean', 'std', 'not finite']
  const rows = tensors.map(({ name, shape, dtype, min, max, mean, std, nonFinite }) => [
    name,
    formatShape(shape),
    dtype,
    ...[min, max, mean, std].map((value) => (value === null ? '' : String(Number(value.toPrecision(4))))),
    nonFinite === 0 ? '' : String(nonFinite),
  ])
  const widths = header.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]!.length)))
  for (const row of [header, ...rows]) {
    const cells = row.map((cell, i) => (i < 3 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!)))
    console.log(cells.join('  ').trimEnd())
  }
}

function summaryOf(value: PlainValue): string {
  if (typeof value === 'string') return shortened(value)
  if (value === null || typeof value !== 'object') return String(value)
  if (value instanceof Uint8Array) return counted(value.length, 'byte')
  if (Array.isArray(value)) return `a list of ${value.length}`
  const names = Object.keys(value)
  return names.length === 0 ? 'empty' : shortened(names.join(', '))
}

function shortened(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 99)}…`
}
