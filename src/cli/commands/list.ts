import { listModels, modelMetadata } from '../../models/index.ts'
import { type Command, CommandError, defineCommand, UsageError } from '../command.ts'

export const list: Command = defineCommand({
  name: 'list',
  summary: 'Lists the networks, with their parameters, work and weights',
  usage: '[pattern]',
  options: { json: { kind: 'flag', description: 'prints JSON' } },
  examples: ['ocelli list', "ocelli list 'resnet*'"],
  run: async ([pattern = '*', ...more], { json }) => {
    if (more.length > 0)
      throw new UsageError("list takes one pattern, in quotes where it holds *, such as 'resnet*'")
    const names = listModels(pattern)
    if (names.length === 0) throw new CommandError(`no network matches '${pattern}'; ocelli list shows all`)
    const entries = names.map((name) => ({ name, ...modelMetadata(name) }))
    if (json) {
      console.log(JSON.stringify(entries, null, 2))
      return
    }
    const width = Math.max(...names.map((name) => name.length))
    console.log(`${'name'.padEnd(width)}  parameters       MACs  top-1  family`)
    for (const { name, parameters, macs, weights, family } of entries) {
      const best = weights.length > 0 ? Math.max(...weights.map((w) => w.top1)).toFixed(1) : ''
      const columns = [
        name.padEnd(width),
        `${(parameters / 1e6).toFixed(3)} M`.padStart(10),
        `${(macs / 1e9).toFixed(4)} G`.padStart(9),
        best.padStart(5),
        family,
      ]
      console.log(columns.join('  '))
    }
  },
})
