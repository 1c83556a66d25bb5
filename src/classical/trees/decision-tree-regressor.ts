import { NotFittedError } from '../errors.ts'
import type { FitOptions } from '../estimator.ts'
import type { Features, Targets } from '../input.ts'
import { checkWord } from '../option-checks.ts'
import { type NumberTarget, Regressor } from '../regressor.ts'
import type { Json, StateReader } from '../state.ts'
import type { Matrix } from '../tables/matrix.ts'
import type { Table } from '../tables/table.ts'
import { type BinaryTree, depthOf, leavesOf, treeFromJson, treeToJson } from './binary-tree.ts'
import { type TreeTextOptions, treeDiagramOf, treeText } from './binary-tree-text.ts'
import { checkTreeOptions, type DecisionTreeOptions, importances, learnTree, treeDefaults } from './cart.ts'
import type { TreeDiagramNode } from './diagram.ts'
import { AbsoluteErrorCriterion, SquaredErrorCriterion } from './number-criteria.ts'
import { type PruningPath, pruningPath } from './pruning.ts'

export interface DecisionTreeRegressorOptions extends DecisionTreeOptions {
  /**
   * What measures how far apart a node's targets are: the mean squared distance to their mean (`squaredError`) or the mean
   * distance to their median (`absoluteError`). Leaves predict the mean or the median. Default `squaredError`.
   */
  readonly criterion?: 'squaredError' | 'absoluteError'
}

/**
 * A tree of two-way divisions that lower the error most (CART). Columns of numbers and missing values are treated as in
 * `DecisionTreeClassifier`; a nominal column divides its categories into the best two sets, with `absoluteError` and more than
 * 10 categories in a node into the best that their order by medians gives.
 *
 * Source: Breiman, Friedman, Olshen and Stone, Classification and Regression Trees, 1984.
 */
export class DecisionTreeRegressor extends Regressor<DecisionTreeRegressorOptions, 'either'> {
  readonly method = 'cart-regressor'
  protected override readonly reads = 'either'
  protected override readonly acceptsMissing = true
  protected override readonly takesWeights = true
  #tree: BinaryTree | undefined

  constructor(options: DecisionTreeRegressorOptions = {}) {
    super(options, { ...treeDefaults, criterion: 'squaredError' })
    checkWord(this.label, 'criterion', this.options.criterion, ['squaredError', 'absoluteError'])
    checkTreeOptions(this.label, this.options)
  }

  /** The tree, its `value` the means or medians. */
  get tree(): BinaryTree {
    if (this.#tree === undefined) throw new NotFittedError(this.label)
    return this.#tree
  }

  /** Divisions on the longest way from the root to a leaf. */
  get depth(): number {
    return depthOf(this.tree)
  }

  get leafCount(): number {
    return this.tree.feature.reduce((count, feature) => count + (feature < 0 ? 1 : 0), 0)
  }

  /** How much each column lowers the error, all divisions together; the sum is 1, or 0 where nothing is divided. */
  get featureImportances(): Float64Array {
    return importances(this.tree, this.features.length)
  }

  protected override async learn(x: Matrix | Table, target: NumberTarget): Promise<void> {
    const Criterion =
      this.options.criterion === 'squaredError' ? SquaredErrorCriterion : AbsoluteErrorCriterion
    this.#tree = await learnTree(x, target.weights, this.options, (samples) => new Criterion(target, samples))
  }

  protected override estimate(x: Matrix | Table): Float64Array {
    return Float64Array.from(leavesOf(this.tree, x), (leaf) => this.tree.value.data[leaf]!)
  }

  /** The position of the leaf in `tree` that each sample reaches. */
  async apply(x: Features): Promise<Int32Array> {
    return leavesOf(this.tree, await this.readSamples(x))
  }

  /** The trees that pruning with growing `ccpAlpha` gives, learned from these samples with this method's other options. */
  async costComplexityPruningPath(x: Features, y: Targets, options: FitOptions = {}): Promise<PruningPath> {
    const { tree } = await this.clone({ ccpAlpha: 0 }).fit(x, y, options)
    return pruningPath(tree)
  }

  /** The tree in words, a line for each outcome, as scikit-learn's export_text. */
  toText(options: TreeTextOptions = {}): string {
    return treeText(this.tree, { features: this.features, classes: undefined }, options)
  }

  /** The tree as nested nodes, for `treeDiagram` of `ocelli/plots`. */
  toDiagram(): TreeDiagramNode {
    return treeDiagramOf(this.tree, { features: this.features, classes: undefined })
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return { tree: treeToJson(this.tree) }
  }

  protected override restoreLearned(state: StateReader): void {
    this.#tree = treeFromJson(state.object('tree'), this.features, 1)
  }
}
