import { backendReason } from '../../tensor/index.ts'
import { type Command, defineCommand, UsageError } from '../command.ts'
import { backendInfo } from '../device.ts'
import { version } from '../version.ts'

export const info: Command = defineCommand({
  name: 'info',
  summary: 'Shows the device, threads and instruction set that run, and why',
  usage: '',
  options: { json: { kind: 'flag', description: 'prints JSON' } },
  examples: ['ocelli info', 'OCELLI_THREADS=1 ocelli info --json'],
  run: async (extra, { json }) => {
    if (extra.length > 0) throw new UsageError(`info takes options only, not '${extra[0]}'`)
    const { name, device, threads, instructionSet } = await backendInfo()
    const facts = {
      ocelli: version(),
      node: process.version,
      platform: `${process.platform}-${process.arch}`,
      backend: name,
      device,
      threads,
      instructionSet,
      reason: backendReason(),
    }
    if (json) console.log(JSON.stringify(facts, null, 2))
    else for (const [key, value] of Object.entries(facts)) console.log(`${key.padEnd(15)} ${value}`)
  },
})
