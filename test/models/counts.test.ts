import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import {
  createModel,
  formatSummary,
  hasModel,
  listModels,
  type ModelOptions,
  modelMetadata,
  summary,
} from '../../src/models/index.ts'
import { toSize } from '../../src/transforms/image.ts'
import { sharedPath } from '../support/shared.ts'

const readJson = (path: string | URL): unknown => JSON.parse(readFileSync(path, 'utf8'))

interface Counts {
  readonly parameters: number
  readonly macs: number
}

async function countsOf(
  name: string,
  options: ModelOptions = {},
  input?: readonly number[],
): Promise<Counts> {
  const network = await createModel(name, options)
  const { inputSize, channels = 3 } = modelMetadata(name).preprocessing
  const shape = input ?? [channels, ...toSize(inputSize, name)]
  const counted = summary(network.eval(), [1, ...shape])
  expect(formatSummary(counted)).toContain(`parameters   ${counted.parameters.toLocaleString('en-US')}`)
  return { parameters: counted.trainableParameters, macs: counted.macs }
}

describe('the number of parameters and of multiply-accumulates', () => {
  it.each(listModels())('of %s is that of its metadata', async (name) => {
    const { parameters, macs } = modelMetadata(name)
    expect(await countsOf(name)).toEqual({ parameters, macs })
  })

  const fromPyTorch = readJson(new URL('fixtures/counts.json', import.meta.url)) as Readonly<
    Record<string, Counts>
  >
  it.each(Object.entries(fromPyTorch))('of %s is what PyTorch counts', (name, counts) => {
    const { parameters, macs } = modelMetadata(name)
    expect({ parameters, macs }).toEqual(counts)
  })
})

interface Listed {
  readonly name: string
  readonly params: number
  readonly referenceOptions?: Readonly<Record<string, unknown>>
}

const camelCase = (key: string): string => key.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase())

describe('the names that the registry must offer', () => {
  const path = sharedPath('zoo', 'index.json')
  if (path === undefined) {
    it.skip('the list is absent', () => {})
    return
  }
  const { networks } = readJson(path) as { readonly networks: readonly Listed[] }
  it.each(
    networks.map(({ name, referenceOptions = {}, params }) => [name, referenceOptions, params] as const),
  )('%s with %j has %s parameters', async (name, options, params) => {
    if (!hasModel(name)) expect.fail(`${name} is not in the registry`)
    const camel = Object.fromEntries(Object.entries(options).map(([key, value]) => [camelCase(key), value]))
    const network = await createModel(name, camel)
    const parameters = network.parameters().reduce((sum, { size }) => sum + size, 0)
    expect(parameters).toBe(params ?? parameters)
  })
})
