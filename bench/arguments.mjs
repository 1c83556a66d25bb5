import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { root } from './paths.mjs'

export const suiteNames = ['kernels', 'inference', 'training', 'wasm', 'startup', 'memory', 'classical']

export const usage = `usage: npm run bench [-- [SUITE...] [OPTIONS]]
  --suite NAME          ${suiteNames.join(', ')}; all without it; may be repeated, or named without --suite
  --only PATTERN        cases whose name and batch ('resnet18 b8') match a regular expression
  --threads N           number of threads; may be repeated or a list; 1 and all cores without it
  --peer NAME           peers instead of a suite's own; may be repeated
  --turns N             turns that each engine gets (5)
  --milliseconds N      how long a turn runs at least (200)
  --patience N          milliseconds to wait before a turn for a quiet machine (1000)
  --mnist FOLDER        MNIST for the suite classical (../shared/assets/datasets/mnist beside the repository)
  --quick               classical with a tenth of the samples: to try it, not to measure
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
  let parsed
  try {
    const many = { type: 'string', multiple: true, default: [] }
    const one = (value) => ({ type: 'string', default: value })
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        suite: many,
        threads: many,
        peer: many,
        only: one(''),
        turns: one('5'),
        milliseconds: one('200'),
        patience: one('1000'),
        json: { type: 'string' },
        mnist: { type: 'string' },
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    })
  } catch (error) {
    throw new UsageError(error.message)
  }
  const { values, positionals } = parsed
  const threads = listed(values.threads).map((text) => integer('threads', text, 1))
  const suites = listed([...positionals, ...values.suite]).map((name) => oneOf('suite', name, suiteNames))
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
    mnist: values.mnist ?? resolve(root, '../shared/assets/datasets/mnist'),
    quick: values.quick,
  }
}
