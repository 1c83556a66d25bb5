import { describe, expect, it } from 'vitest'
import {
  estimatorFromJson,
  MinMaxScaler,
  OneHotEncoder,
  OrdinalEncoder,
  SimpleImputer,
  StandardScaler,
  Table,
  type Transformer,
} from '../../src/classical/index.ts'

const table = Table.fromRows(
  [
    [1, 'red', 10],
    [2, 'blue', 10],
    [6, null, 10],
    [null, 'red', 10],
  ],
  ['size', 'colour', 'same'],
)
const rowsOf = (of: Table): unknown[] => Array.from({ length: of.length }, (_, row) => of.row(row))
// biome-ignore lint/suspicious/noExplicitAny: any transformer's options
const copyOf = async (transformer: Transformer<any>): Promise<Transformer<any>> =>
  // biome-ignore lint/suspicious/noExplicitAny: any transformer's options
  (await estimatorFromJson(JSON.parse(JSON.stringify(transformer)))) as Transformer<any>

describe('StandardScaler', () => {
  it('scales numbers by the population deviation, and leaves categories and constant columns', async () => {
    const scaler = new StandardScaler()
    const scaled = await scaler.fitTransform(table)
    expect(scaler.mean).toEqual(Float64Array.of(3, 10))
    expect(scaler.variance[0]).toBeCloseTo(14 / 3, 12)
    expect(scaled.row(0)).toEqual([-2 / Math.sqrt(14 / 3), 'red', 0])
    expect(scaled.row(3)).toEqual([null, 'red', 0])
    const back = await scaler.inverseTransform(scaled)
    expect(back.row(2)[0]).toBeCloseTo(6, 12)
    expect(rowsOf(await (await copyOf(scaler)).transform(table))).toEqual(rowsOf(scaled))
  })
})

describe('MinMaxScaler', () => {
  it('takes columns to a range', async () => {
    const scaled = await new MinMaxScaler({ featureRange: [-1, 1] }).fitTransform(table)
    expect(rowsOf(scaled.select(['size', 'same']))).toEqual([
      [-1, -1],
      [-0.6, -1],
      [1, -1],
      [null, -1],
    ])
    expect(() => new MinMaxScaler({ featureRange: [1, 0] })).toThrow('not a range')
  })
})

describe('SimpleImputer', () => {
  it('fills in means and the most frequent category', async () => {
    const imputer = new SimpleImputer()
    expect(rowsOf(await imputer.fitTransform(table)).slice(2)).toEqual([
      [6, 'red', 10],
      [3, 'red', 10],
    ])
    expect(rowsOf(await (await copyOf(imputer)).transform(table.take([3])))).toEqual([[3, 'red', 10]])
    expect((await new SimpleImputer({ strategy: 'median' }).fit(table)).statistics[0]).toBe(2)
    expect((await new SimpleImputer({ strategy: 'constant', fillValue: -1 }).fit(table)).statistics[0]).toBe(
      -1,
    )
    await expect(new SimpleImputer().fit(Table.fromRows([[null]], ['a']))).rejects.toThrow(
      "'a' has no values",
    )
  })
})

describe('encoders', () => {
  it('make columns of zeros and ones', async () => {
    const present = table.take([0, 1])
    const encoder = new OneHotEncoder()
    const encoded = await encoder.fitTransform(present)
    expect(encoded.names).toEqual(['size', 'colour=blue', 'colour=red', 'same'])
    expect(encoded.toMatrix().toArray()).toEqual([
      [1, 0, 1, 10],
      [2, 1, 0, 10],
    ])
    await expect(encoder.transform(table)).rejects.toThrow("'colour' is missing in row 2")
    const green = Table.fromRows([[1, 'green', 2]], table.names)
    await expect(encoder.transform(green)).rejects.toThrow("'green' in row 0, a category that was not fitted")
    const lenient = await new OneHotEncoder({ handleUnknown: 'ignore', drop: 'ifBinary' }).fit(present)
    expect((await lenient.transform(green)).names).toEqual(['size', 'colour=red', 'same'])
    expect((await (await copyOf(lenient)).transform(green)).row(0)).toEqual([1, 0, 2])
  })

  it('take numbers for categories where told', async () => {
    const encoded = await new OneHotEncoder({ columns: ['size'], handleUnknown: 'ignore' }).fitTransform(
      table,
    )
    expect(encoded.names).toEqual(['size=1', 'size=2', 'size=6', 'colour', 'same'])
    const strict = await new OneHotEncoder({ columns: ['size'] }).fit(table)
    await expect(strict.transform(Table.fromRows([[7, 'red', 1]], table.names))).rejects.toThrow(
      "'size' is 7 in row 0",
    )
  })

  it('number the categories', async () => {
    const encoded = await new OrdinalEncoder().fitTransform(table)
    expect(rowsOf(encoded.select(['colour']))).toEqual([[1], [0], [null], [1]])
  })
})
