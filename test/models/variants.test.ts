import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createModel, type ModelOptions, modelMetadata, summary } from '../../src/models/index.ts'
import { sharedPath } from '../support/shared.ts'

/** A variant of the literature: the network that it is here, or why there is none. */
interface Mapping {
  readonly row: string
  readonly variant: string
  readonly name?: string
  readonly options?: ModelOptions
  readonly reason?: string
  /** Why its counts are not those that the list has. */
  readonly difference?: string
}

interface Listed {
  readonly row: string
  readonly variant: string
  readonly params: number | null
  readonly macs: number | null
  readonly inputSize: readonly [number, number, number]
  readonly numClasses: number | null
}

const folder = join(import.meta.dirname, 'variants')
const mappings = readdirSync(folder)
  .filter((file) => file.endsWith('.json'))
  .flatMap((file) => JSON.parse(readFileSync(join(folder, file), 'utf8')) as Mapping[])
const keyOf = ({ row, variant }: { readonly row: string; readonly variant: string }): string =>
  `${row}: ${variant}`

describe('variants of the literature', () => {
  const path = sharedPath('zoo', 'variants.json')
  if (path === undefined) {
    it.skip('the list is absent', () => {})
    return
  }
  const listed = JSON.parse(readFileSync(path, 'utf8')) as readonly Listed[]
  const byKey = new Map(mappings.map((mapping) => [keyOf(mapping), mapping]))

  it('are each a network here, or left out for a reason', () => {
    expect(byKey.size).toBe(mappings.length)
    const known = new Set(listed.map(keyOf))
    expect(mappings.map(keyOf).filter((key) => !known.has(key))).toEqual([])
    expect(listed.map(keyOf).filter((key) => !byKey.has(key))).toEqual([])
    for (const mapping of mappings) expect(mapping.name ?? mapping.reason, keyOf(mapping)).toBeTruthy()
  })

  const offered = listed.flatMap((entry) => {
    const mapping = byKey.get(keyOf(entry))
    return mapping?.name === undefined ? [] : [[keyOf(entry), entry, mapping] as const]
  })
  it.each(offered)('%s has the counts of its sources', async (_, entry, { name, options, difference }) => {
    const network = await createModel(name!, {
      ...(entry.numClasses !== null && { numClasses: entry.numClasses }),
      ...options,
    })
    const [, height, width] = entry.inputSize
    const { channels = 3 } = modelMetadata(name!).preprocessing
    const parameters = network.parameters().reduce((sum, { size }) => sum + size, 0)
    const { macs } = summary(network.eval(), [1, channels, height, width])
    const apart = entry.macs === null ? 0 : Math.abs(macs - entry.macs) / entry.macs
    if (difference === undefined) {
      expect(parameters).toBe(entry.params ?? parameters)
      expect(apart).toBeLessThan(1e-3)
    } else if (entry.params !== null || entry.macs !== null) {
      expect(parameters !== entry.params || apart >= 1e-3, 'there is no difference').toBe(true)
    }
  })
})
