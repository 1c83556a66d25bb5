import type { ClassTarget } from '../classifier.ts'
import { InputError } from '../errors.ts'
import type { NominalColumn, Table } from '../tables/table.ts'
import { informationOf } from './information.ts'
import { MultiwayTreeClassifier } from './multiway-classifier.ts'
import { type MultiwayNode, negligibleWeight, totalOf } from './multiway-tree.ts'

export type Id3Options = Record<never, never>

/**
 * A tree over nominal columns: each node tests the column of the highest information gain, the first of equal ones, until
 * nothing is gained. There is no pruning; a branch without samples predicts its parent's majority. Columns of numbers and missing
 * values need `C45`. Source: Quinlan, Induction of Decision Trees, Machine Learning 1, 1986.
 */
export class Id3 extends MultiwayTreeClassifier<Id3Options> {
  readonly method = 'id3'

  constructor(options: Id3Options = {}) {
    super(options, {})
  }

  protected override learn({ columns, length }: Table, target: ClassTarget): void {
    const numeric = columns.find(({ kind }) => kind === 'numeric')
    if (numeric !== undefined) {
      throw new InputError(
        `${this.label}: '${numeric.name}' holds numbers, and it tests categories only; use C45, which cuts numbers`,
      )
    }
    const rows = Int32Array.from({ length }, (_, i) => i)
    this.tree = grow(columns as readonly NominalColumn[], target, rows)
  }
}

function grow(columns: readonly NominalColumn[], target: ClassTarget, rows: Int32Array): MultiwayNode {
  const counts = new Float64Array(target.classes.length)
  for (const row of rows) counts[target.codes[row]!]! += target.weights?.[row] ?? 1
  const leaf = { counts, feature: -1, threshold: Number.NaN, children: [] }
  let best = { gain: negligibleWeight, feature: -1 }
  if (totalOf(counts) > 0) {
    for (const [feature, column] of columns.entries()) {
      const { gain } = informationOf(branchCounts(column, target, rows))
      if (gain > best.gain) best = { gain, feature }
    }
  }
  const tested = columns[best.feature]
  if (tested === undefined) return leaf
  const children = tested.categories.map((_, category) =>
    grow(
      columns,
      target,
      rows.filter((row) => tested.codes[row] === category),
    ),
  )
  return { ...leaf, feature: best.feature, children }
}

/** The weight of each class in each category. */
function branchCounts(column: NominalColumn, target: ClassTarget, rows: Int32Array): Float64Array[] {
  const branches = column.categories.map(() => new Float64Array(target.classes.length))
  for (const row of rows) branches[column.codes[row]!]![target.codes[row]!]! += target.weights?.[row] ?? 1
  return branches
}
