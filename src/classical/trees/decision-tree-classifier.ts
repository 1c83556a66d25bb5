import { argmaxRows, type ClassTarget, ProbabilisticClassifier } from '../classifier.ts'
import { NotFittedError } from '../errors.ts'
import type { FitOptions } from '../estimator.ts'
import type { Features, Labels } from '../input.ts'
import { checkWord } from '../option-checks.ts'
import type { Json, StateReader } from '../state.ts'
import { Matrix } from '../tables/matrix.ts'
import type { Table } from '../tables/table.ts'
import { type BinaryTree, depthOf, leavesOf, treeFromJson, treeToJson } from './binary-tree.ts'
import { type TreeTextOptions, treeDiagramOf, treeText } from './binary-tree-text.ts'
import { checkTreeOptions, type DecisionTreeOptions, importances, learnTree, treeDefaults } from './cart.ts'
import { EntropyCriterion, GiniCriterion } from './class-criteria.ts'
import type { TreeDiagramNode } from './diagram.ts'
import { type PruningPath, pruningPath } from './pruning.ts'

export interface DecisionTreeClassifierOptions extends DecisionTreeOptions {
  /** What measures how mixed a node is: 1 - sum p^2 (`gini`) or -sum p log2 p (`entropy`). Default `gini`. */
  readonly criterion?: 'gini' | 'entropy'
}

/**
 * A tree of two-way divisions that lower the impurity most (CART). Probabilities are the shares of the classes in a leaf.
 *
 * - A column of numbers divides at a threshold halfway between two values; numbers within 1e-7 count as equal.
 * - A nominal column divides its categories into two sets: the best two with two classes, or with up to 10 categories in a
 *   node; with more of both, the best among those that the categories' order by the share of any one class gives.
 * - Missing values go to the side where they lower the impurity most, and can be a side of their own. What did not occur in a
 *   node goes where most of the weight went.
 *
 * Source: Breiman, Friedman, Olshen and Stone, Classification and Regression Trees, 1984.
 */
export class DecisionTreeClassifier extends ProbabilisticClassifier<DecisionTreeClassifierOptions, 'either'> {
  readonly method = 'cart'
  protected override readonly reads = 'either'
  protected override readonly acceptsMissing = true
  protected override readonly takesWeights = true
  protected override readonly fewestClasses = 1
  #tree: BinaryTree | undefined

  constructor(options: DecisionTreeClassifierOptions = {}) {
    super(options, { ...treeDefaults, criterion: 'gini' })
    checkWord(this.label, 'criterion', this.options.criterion, ['gini', 'entropy'])
    checkTreeOptions(this.label, this.options)
  }

  /** The tree, its `value` the shares of the classes. */
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

  /** How much each column lowers the impurity, all divisions together; the sum is 1, or 0 where nothing is divided. */
  get featureImportances(): Float64Array {
    return importances(this.tree, this.features.length)
  }

  protected override async learn(x: Matrix | Table, target: ClassTarget): Promise<void> {
    const Criterion = this.options.criterion === 'gini' ? GiniCriterion : EntropyCriterion
    this.#tree = await learnTree(x, target.weights, this.options, (samples) => new Criterion(target, samples))
  }

  protected override probabilities(x: Matrix | Table): Matrix {
    const { value } = this.tree
    const leaves = leavesOf(this.tree, x)
    const result = new Matrix(leaves.length, value.columns)
    for (const [i, leaf] of leaves.entries()) result.row(i).set(value.row(leaf))
    return result
  }

  protected override async decide(x: Matrix | Table): Promise<Int32Array> {
    const classOf = argmaxRows(this.tree.value)
    return leavesOf(this.tree, x).map((leaf) => classOf[leaf]!)
  }

  /** The position of the leaf in `tree` that each sample reaches. */
  async apply(x: Features): Promise<Int32Array> {
    return leavesOf(this.tree, await this.readSamples(x))
  }

  /** The trees that pruning with growing `ccpAlpha` gives, learned from these samples with this method's other options. */
  async costComplexityPruningPath(x: Features, y: Labels, options: FitOptions = {}): Promise<PruningPath> {
    const { tree } = await this.clone({ ccpAlpha: 0 }).fit(x, y, options)
    return pruningPath(tree)
  }

  /** The tree in words, a line for each outcome, as scikit-learn's export_text. */
  toText(options: TreeTextOptions = {}): string {
    return treeText(this.tree, { features: this.features, classes: this.classes }, options)
  }

  /** The tree as nested nodes, for `treeDiagram` of `ocelli/plots`. */
  toDiagram(): TreeDiagramNode {
    return treeDiagramOf(this.tree, { features: this.features, classes: this.classes })
  }

  protected override learnedToJson(): { readonly [key: string]: Json } {
    return { tree: treeToJson(this.tree) }
  }

  protected override restoreClassifier(state: StateReader, classes: number): void {
    this.#tree = treeFromJson(state.object('tree'), this.features, classes)
  }
}
