import { catalogueRows, listModels, modelMetadata, publishedTop1 } from '../../models/index.ts'
import { type Command, CommandError, defineCommand, UsageError } from '../command.ts'
import { counted } from '../progress.ts'

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
    console.log(`${'name'.padEnd(width + 2)}  parameters        MACs  top-1  reference`)
    let rows = 0
    for (const row of catalogueRows) {
      const members = entries.filter((entry) => entry.row === row)
      if (members.length === 0) continue
      rows++
      const { authors, year } = members[0]!.paper
      console.log(`${row} (${authors} ${year}): ${counted(members.length, 'network')}`)
      for (const { name, parameters, macs, reference, ...metadata } of members) {
        const columns = [
          `  ${name.padEnd(width)}`,
          `${(parameters / 1e6).toFixed(3)} M`.padStart(10),
          `${(macs / 1e9).toFixed(4)} G`.padStart(10),
          (publishedTop1(metadata)?.toFixed(1) ?? '').padStart(5),
          reference,
        ]
        console.log(columns.join('  '))
      }
    }
    console.log(`${counted(entries.length, 'network')} of ${counted(rows, 'architecture')}`)
  },
})
