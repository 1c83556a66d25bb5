#!/usr/bin/env node
import { DataError } from '../data/index.ts'
import { ImageDecodeError, MissingDecoderError } from '../data/node.ts'
import { HubError } from '../hub/index.ts'
import { ShapeError, silenceBackendChoice } from '../tensor/index.ts'
import { NonFiniteLossError } from '../train/index.ts'
import { FileWriteError } from '../weights/file.ts'
import { CheckpointError } from '../weights/index.ts'
import { type Command, CommandError, commandHelp, runCommand, UsageError } from './command.ts'
import { commands } from './commands/index.ts'
import { version } from './version.ts'

/** Failures that their message explains; anything else is a fault of ours and shows its stack. */
const expectedErrors = [
  CommandError,
  CheckpointError,
  FileWriteError,
  HubError,
  DataError,
  MissingDecoderError,
  NonFiniteLossError,
  ShapeError,
]

function overview(): string {
  const width = Math.max(...commands.map((command) => command.name.length))
  return [
    'ocelli: convolutional networks, from the command line',
    '',
    'usage: ocelli <command> [options]',
    '',
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    '',
    'ocelli <command> --help tells more; ocelli demo is a good first command',
  ].join('\n')
}

function find(name: string): Command {
  const command = commands.find((candidate) => candidate.name === name)
  if (command) return command
  throw new UsageError(
    `there is no command '${name}'; it is one of ${commands.map((c) => c.name).join(', ')}`,
  )
}

/** What the system refuses, such as a folder that may not be written: its message names the operation and the path. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).syscall === 'string'
}

function failureText(error: unknown): string {
  if (!(error instanceof Error)) return `ocelli: ${error}`
  const expected = expectedErrors.some((kind) => error instanceof kind) || isSystemError(error)
  if (!expected) return error.stack ?? error.message
  const hint =
    error instanceof ImageDecodeError && !isSystemError(error.cause) ? ' (--skip-corrupt does)' : ''
  return `ocelli: ${error.message}${hint}`
}

/** Runs one command line; gives the exit code. */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  try {
    if (name === '--version' || name === '-v') console.log(version())
    else if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
      console.log(rest[0] === undefined ? overview() : commandHelp(find(rest[0])))
    } else if (rest.includes('--help') || rest.includes('-h')) console.log(commandHelp(find(name)))
    else await runCommand(find(name), rest)
    return typeof process.exitCode === 'number' ? process.exitCode : 0
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`ocelli: ${error.message}`)
      return 2
    }
    console.error(failureText(error))
    return 1
  }
}

// Whoever reads the output may stop early, as `head` does.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit(0)
  })
}

// Commands that compute begin with a line on the device.
silenceBackendChoice()

process.exitCode = await main(process.argv.slice(2))
