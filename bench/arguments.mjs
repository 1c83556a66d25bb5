import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'

export const suiteNames = ['kernels', 'inference', 'training', 'wasm', 'startup', 'memory']

export const usage = `usage: npm run bench [-- OPTIONS]
  --suite NAME          ${suiteNames.join(', ')}; all without it; may be repeated
  --only PATTERN        cases whose name and batch ('resnet18 b8') match a regular expression
  --threads N           number of threads; may be repeated or a list; 1 and all cores without it
  --peer NAME           peers instead of a suite's own; may be repeated
  --turns N             turns that each engine gets (5)
  --milliseconds N      how long a turn runs at least (200)
  --patience N          milliseconds to wait before a turn for a quiet machine (1000)
  --json FILE           the figures as JSON`

export class UsageError extends Error {}

function integer(name, text, least) {
  const value = Number(text)
  if (!Number.isInteger(value) || value < least)
    throw new UsageError(`--${name} is '${text}'; it must be an integer >= ${least}`)
  return value
}

const listed = (values) => values.flatMap((value) => value.split(',').filter((part) => part !== ''))

function oneOf(name, value, known) {
  if (known.includes(value)) return value
  throw new UsageError(`--${name} is '${value}'; it must be one of ${known.join(', ')}`)
}

function pattern(text) {
  try {
    return new RegExp(text)
  } catch (error) {
    throw new UsageError(`--only: ${error.message}`)
  }
}

/** The command line's options, checked. */
export function parseArguments(args, peerNames) {
  let values
  try {
    const many = { type: 'string', multiple: true, default: [] }
    const one = (value) => ({ type: 'string', default: value })
    values = parseArgs({
      args,
      options: {
        suite: many,
        threads: many,
        peer: many,
        only: one(''),
        turns: one('5'),
        milliseconds: one('200'),
        patience: one('1000'),
        json: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values
  } catch (error) {
    throw new UsageError(error.message)
  }
  const threads = listed(values.threads).map((text) => integer('threads', text, 1))
  const suites = listed(values.suite).map((name) => oneOf('suite', name, suiteNames))
  const only = pattern(values.only)
  return {
    help: values.help,
    suites: suites.length > 0 ? suites : suiteNames,
    threads: [...new Set(threads.length > 0 ? threads : [1, availableParallelism()])],
    peers: listed(values.peer).map((name) => oneOf('peer', name, peerNames)),
    matches: (label) => only.test(label),
    turns: integer('turns', values.turns, 1),
    milliseconds: integer('milliseconds', values.milliseconds, 0),
    patience: integer('patience', values.patience, 0),
    json: values.json,
  }
}
