import { describe, expect, it } from 'vitest'
import {
  type Column,
  DecisionTreeClassifier,
  DecisionTreeRegressor,
  Table,
} from '../../src/classical/index.ts'
import { isMissing } from '../../src/classical/tables/table.ts'
import { Generator } from '../../src/tensor/index.ts'

type Measure = (targets: readonly number[], weights: readonly number[]) => number

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

/** Impurities times weight, from their definitions. */
const measures = {
  gini: (targets, weights) => {
    const total = sum(weights)
    const squares = [...new Set(targets)].map(
      (each) => (sum(weights.filter((_, i) => targets[i] === each)) / total) ** 2,
    )
    return total * (1 - sum(squares))
  },
  entropy: (targets, weights) => {
    const total = sum(weights)
    const shares = [...new Set(targets)].map(
      (each) => sum(weights.filter((_, i) => targets[i] === each)) / total,
    )
    return -total * sum(shares.map((p) => p * Math.log2(p)))
  },
  squaredError: (targets, weights) => {
    const mean = sum(targets.map((t, i) => t * weights[i]!)) / sum(weights)
    return sum(targets.map((t, i) => weights[i]! * (t - mean) ** 2))
  },
  // A median is the best of all targets.
  absoluteError: (targets, weights) =>
    Math.min(...targets.map((m) => sum(targets.map((t, i) => weights[i]! * Math.abs(t - m))))),
} satisfies Record<string, Measure>

/** Every way in which a column can divide the rows in two: lists of what goes left. */
function divisions(column: Column, rows: number): boolean[][] {
  const all = Array.from({ length: rows }, (_, row) => row)
  const missing = all.map((row) => isMissing(column, row))
  if (column.kind === 'numeric') {
    return [...new Set(column.values)].flatMap((cut) =>
      [true, false].map((missingLeft) =>
        all.map((row) => (missing[row] ? missingLeft : Number.isNaN(cut) || column.values[row]! <= cut)),
      ),
    )
  }
  const parts = column.categories.length + 1
  return Array.from({ length: 2 ** parts }, (_, set) =>
    all.map((row) => (set & (1 << (missing[row] ? parts - 1 : column.codes[row]!))) !== 0),
  )
}

function leastImpurity(
  table: Table,
  targets: readonly number[],
  weights: readonly number[],
  measure: Measure,
  minSamplesLeaf: number,
): number {
  let least = Number.POSITIVE_INFINITY
  for (const column of table.columns) {
    for (const isLeft of divisions(column, table.length)) {
      const sides = [true, false].map((side) => [...isLeft.keys()].filter((row) => isLeft[row] === side))
      if (sides.some((rows) => rows.length < minSamplesLeaf)) continue
      const impurity = sum(
        sides.map((rows) =>
          measure(
            rows.map((row) => targets[row]!),
            rows.map((row) => weights[row]!),
          ),
        ),
      )
      least = Math.min(least, impurity)
    }
  }
  return least
}

function randomColumn(generator: Generator, name: string, rows: number): Column {
  const gaps = generator.integer(3) === 0
  const isGap = (): boolean => gaps && generator.integer(4) === 0
  if (generator.integer(2) === 0) {
    const distinct = 2 + generator.integer(5)
    const categories = Array.from({ length: distinct }, (_, i) => `c${i}`)
    const codes = Int32Array.from({ length: rows }, () => (isGap() ? -1 : generator.integer(distinct)))
    return { kind: 'nominal', name, categories, codes }
  }
  const integers = generator.integer(2) === 0
  const number = (): number => (integers ? generator.integer(6) : generator.normal())
  return {
    kind: 'numeric',
    name,
    values: Float64Array.from({ length: rows }, () => (isGap() ? Number.NaN : number())),
  }
}

describe('the first division of a tree', () => {
  it.each(Object.keys(measures) as (keyof typeof measures)[])(
    'lowers %s as much as any division of any column can',
    async (criterion) => {
      const generator = new Generator(7)
      for (let trial = 0; trial < 60; trial++) {
        const rows = 6 + generator.integer(30)
        const table = new Table(
          Array.from({ length: 1 + generator.integer(3) }, (_, i) => randomColumn(generator, `x${i}`, rows)),
        )
        const classes = 2 + generator.integer(3)
        const isClassifier = criterion === 'gini' || criterion === 'entropy'
        const targets = Array.from({ length: rows }, () =>
          isClassifier ? generator.integer(classes) : Math.round(generator.normal() * 4),
        )
        const sampleWeight = Array.from({ length: rows }, () =>
          trial % 3 === 0 ? 0.5 + generator.uniform() : 1,
        )
        const minSamplesLeaf = 1 + generator.integer(3)
        const options = { maxDepth: 1, minSamplesLeaf }
        const model = isClassifier
          ? await new DecisionTreeClassifier({ ...options, criterion }).fit(table, targets, { sampleWeight })
          : await new DecisionTreeRegressor({ ...options, criterion }).fit(table, targets, { sampleWeight })
        const { tree } = model
        const least = leastImpurity(table, targets, sampleWeight, measures[criterion], minSamplesLeaf)
        expect(tree.impurity[0]! * tree.weight[0]!).toBeCloseTo(measures[criterion](targets, sampleWeight), 8)
        if (tree.feature.length === 1) {
          const isPure = tree.impurity[0]! < 1e-12
          expect(isPure || least === Number.POSITIVE_INFINITY, `trial ${trial}`).toBe(true)
          continue
        }
        const reached = tree.impurity[1]! * tree.weight[1]! + tree.impurity[2]! * tree.weight[2]!
        expect(reached, `trial ${trial}`).toBeCloseTo(least, 8)
        // Samples go where the tree says that they went.
        const leaves = await model.apply(table)
        expect(leaves.filter((leaf) => leaf === 1).length).toBe(tree.samples[1])
      }
    },
  )

  it('orders many categories of several classes by their shares', async () => {
    const rows = 600
    const generator = new Generator(3)
    const codes = Int32Array.from({ length: rows }, () => generator.integer(30))
    const categories = Array.from({ length: 30 }, (_, i) => `c${i}`)
    const table = new Table([{ kind: 'nominal', name: 'a', categories, codes }])
    const targets = Array.from(codes, (code) => (code % 3 === 0 ? 0 : 1 + (code % 2)))
    const model = await new DecisionTreeClassifier().fit(table, targets)
    expect(await model.score(table, targets)).toBe(1)
    expect(model.leafCount).toBe(3)
    const numbers = await new DecisionTreeRegressor({ criterion: 'absoluteError' }).fit(table, targets)
    expect(await numbers.score(table, targets)).toBe(1)
  })

  it('keeps apart numbers of any size', async () => {
    const x = [[-1e300], [-1], [0], [1e-5], [1e300]]
    const model = await new DecisionTreeRegressor().fit(x, [1, 2, 3, 4, 5])
    expect(Array.from(await model.predict(x))).toEqual([1, 2, 3, 4, 5])
  })
})
