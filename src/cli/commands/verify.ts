import { basename } from 'node:path'
import { listModels, modelMetadata } from '../../models/index.ts'
import type { StateDict } from '../../weights/index.ts'
import { type Command, CommandError, defineCommand, UsageError } from '../command.ts'
import { sha256Of } from '../file-hash.ts'
import { darknetLayout, fittedNetwork } from '../fitted-network.ts'
import { fittingNetworks } from '../fitting-networks.ts'
import { parseModelOptions } from '../model-options.ts'
import { networkOptions, readWeights } from '../network.ts'
import { counted } from '../progress.ts'
import { factsOf } from '../tensor-facts.ts'

interface Check {
  readonly what: 'hash' | 'values' | 'shapes'
  /** Null where there is nothing to compare with. */
  readonly passed: boolean | null
  readonly detail: string
}

export const verify: Command = defineCommand({
  name: 'verify',
  summary: 'Checks a file of weights: its hash, its values, its shapes',
  usage: '<file>',
  options: {
    sha256: {
      kind: 'text',
      placeholder: 'hex',
      description:
        "the SHA-256 that the file should have, or its first digits; else that in the file's name counts",
    },
    model: {
      kind: 'text',
      placeholder: 'name',
      description: 'the network that the weights should fit; searched unless given',
    },
    modelOption: networkOptions.modelOption,
    key: {
      kind: 'text',
      placeholder: 'name',
      description: 'which entry of a PyTorch file holds the weights, such as ema; searched unless given',
    },
    json: { kind: 'flag', description: 'prints JSON' },
  },
  details: [
    'Three checks: the hash is the one asked for, or the one in the name of a published file, or one that the registry knows; every ' +
      'value is finite, and no variance negative; the tensors fit a network by name and shape. The exit code is 1 where one fails. ' +
      'What there is nothing to compare with is said and does not fail.',
  ],
  examples: [
    'ocelli verify resnet18-f37072fd.pth',
    'ocelli verify run/best.safetensors --model resnet18 --json',
  ],
  run: async ([path, ...more], { sha256, model, modelOption, key, json }) => {
    if (path === undefined || more.length > 0) throw new UsageError('verify takes one file')
    if (sha256 !== undefined && !/^[0-9a-f]{8,64}$/i.test(sha256)) {
      throw new UsageError(`--sha256 ${sha256}: 8 to 64 hexadecimal digits are expected`)
    }
    const digest = await sha256Of(path)
    const asked = parseModelOptions(modelOption)
    const { tensors, description } = await readWeights(path, key, await darknetLayout(path, model, asked))
    const named = model ?? description?.model
    const options = {
      ...(description?.model === named && description?.options),
      ...asked,
    }
    const checks = [
      hashCheck(path, digest, sha256?.toLowerCase()),
      valueCheck(tensors),
      named === undefined ? await searchedShapes(tensors) : await shapeCheck(named, options, tensors, path),
    ]
    const passed = checks.every((check) => check.passed !== false)
    if (json) console.log(JSON.stringify({ file: path, sha256: digest, passed, checks }, null, 2))
    else {
      console.log(`${path}: SHA-256 ${digest}`)
      const words = { true: 'ok', false: 'FAILED', null: 'unknown' }
      for (const { what, passed, detail } of checks) {
        console.log(`${what.padEnd(6)}  ${words[`${passed}`].padEnd(7)}  ${detail}`)
      }
    }
    if (!passed) process.exitCode = 1
  },
})

function hashCheck(path: string, digest: string, wanted: string | undefined): Check {
  const compared = (expected: string, source: string): Check => {
    const passed = digest.startsWith(expected)
    const detail = passed
      ? `as ${source} says`
      : `${source} says ${expected}…: download or copy the file again`
    return { what: 'hash', passed, detail }
  }
  if (wanted !== undefined) return compared(wanted, '--sha256')
  for (const name of listModels()) {
    const entry = modelMetadata(name).weights.find(
      ({ sha256, sha256Prefix }) => (sha256 ?? sha256Prefix) && digest.startsWith((sha256 ?? sha256Prefix)!),
    )
    if (entry) return { what: 'hash', passed: true, detail: `published for ${name}: ${entry.url}` }
  }
  const inName = /-([0-9a-f]{8,64})\.\w+$/.exec(basename(path))?.[1]
  if (inName !== undefined) return compared(inName, "the file's name")
  return { what: 'hash', passed: null, detail: 'no hash to compare with: give --sha256' }
}

function valueCheck(tensors: StateDict): Check {
  const problems = [...tensors].flatMap(([name, tensor]) => {
    const { nonFinite, min } = factsOf(name, tensor)
    if (nonFinite > 0)
      return [`${name}: ${counted(nonFinite, 'value is', 'values are')} infinite or not a number`]
    return name.endsWith('running_var') && min !== null && min < 0 ? [`${name}: a variance is ${min}`] : []
  })
  const detail =
    problems.length === 0
      ? `all finite in ${counted(tensors.size, 'tensor')}`
      : problems.slice(0, 8).join('; ') + (problems.length > 8 ? `; and ${problems.length - 8} more` : '')
  return { what: 'values', passed: problems.length === 0, detail }
}

async function searchedShapes(tensors: StateDict): Promise<Check> {
  const names = (await fittingNetworks(tensors)).map(({ name }) => name)
  return names.length > 0
    ? { what: 'shapes', passed: true, detail: `fits ${names.join(', ')}` }
    : {
        what: 'shapes',
        passed: null,
        detail: 'fits no network of the registry as it is; --model NAME says what is missing',
      }
}

async function shapeCheck(
  name: string,
  options: Parameters<typeof fittedNetwork>[1],
  tensors: StateDict,
  path: string,
): Promise<Check> {
  try {
    await fittedNetwork(name, options, tensors, path)
    return { what: 'shapes', passed: true, detail: `fits ${name}` }
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    return { what: 'shapes', passed: false, detail: error.message }
  }
}
