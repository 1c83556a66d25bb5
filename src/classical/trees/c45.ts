import type { ClassTarget } from '../classifier.ts'
import { checkFlag, checkNumber } from '../option-checks.ts'
import { Pace } from '../pace.ts'
import type { Table } from '../tables/table.ts'
import { collapse, Pruner } from './c45-pruning.ts'
import { type BranchTest, BranchTests, type PartSamples } from './c45-tests.ts'
import { MultiwayTreeClassifier } from './multiway-classifier.ts'
import type { MultiwayNode } from './multiway-tree.ts'
import { rankColumns } from './ranked-columns.ts'

export interface C45Options {
  /** How many samples at least two branches of a test have at least, from 1 up. Default 2. */
  readonly minInstances?: number
  /** Whether the gain of a cut through numbers is lowered by log2(cuts tried) / samples. Default true. */
  readonly mdlCorrection?: boolean
  /** Whether a node becomes a leaf where the tree below it makes no fewer errors on the samples it learned from. Default true. */
  readonly collapse?: boolean
  /** Whether the tree is pruned by the errors that are expected on new samples. Default true. */
  readonly prune?: boolean
  /** How confident pruning is, above 0, up to 0.5: lower prunes more. Default 0.25. */
  readonly confidenceFactor?: number
  /** Whether pruning may put a node's largest branch in its place. Default true. */
  readonly subtreeRaising?: boolean
}

/** A node while the tree grows and is pruned. */
export interface GrowingNode {
  samples: PartSamples
  counts: Float64Array
  test: BranchTest | undefined
  children: GrowingNode[]
}

/**
 * Quinlan's C4.5, release 8, with the details of Weka's J48: tests of nominal columns have a branch for each category, those of
 * numbers two; the test of the highest gain ratio is taken, of equal ones the first, among those that gain no less than the mean.
 * A threshold is the largest number of all samples that is not above the middle of the cut. A sample with a missing value goes
 * down all branches in part, in learning and in predicting. The tree is then pruned by pessimistic estimates of its errors.
 * Sources: Quinlan, C4.5: Programs for Machine Learning, 1993; Quinlan, Improved use of continuous attributes in C4.5, JAIR 4, 1996.
 */
export class C45 extends MultiwayTreeClassifier<C45Options> {
  readonly method = 'c45'
  protected override readonly acceptsMissing = true

  constructor(options: C45Options = {}) {
    super(options, {
      minInstances: 2,
      mdlCorrection: true,
      collapse: true,
      prune: true,
      confidenceFactor: 0.25,
      subtreeRaising: true,
    })
    checkNumber(this.label, 'minInstances', this.options.minInstances, { atLeast: 1 })
    checkNumber(this.label, 'confidenceFactor', this.options.confidenceFactor, { above: 0, atMost: 0.5 })
    for (const name of ['mdlCorrection', 'collapse', 'prune', 'subtreeRaising'] as const) {
      checkFlag(this.label, name, this.options[name])
    }
  }

  protected override async learn(table: Table, target: ClassTarget): Promise<void> {
    const weights = target.weights ?? new Float64Array(table.length).fill(1)
    const rows = Int32Array.from({ length: table.length }, (_, i) => i).filter((i) => weights[i]! > 0)
    const samples = { rows, weights: weights.filter((weight) => weight > 0) }
    const tests = new BranchTests(rankColumns(table), target, this.options)
    const root = await grow(tests, samples)
    if (this.options.collapse) collapse(root)
    if (this.options.prune) await new Pruner(tests, this.options).prune(root)
    this.tree = finished(root)
  }
}

async function grow(tests: BranchTests, samples: PartSamples): Promise<GrowingNode> {
  const pace = new Pace()
  const nodeOf = (own: PartSamples): GrowingNode => ({
    samples: own,
    counts: tests.counts(own),
    test: undefined,
    children: [],
  })
  const root = nodeOf(samples)
  const stack = [root]
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    node.test = tests.select(node.samples)
    if (node.test !== undefined) node.children = tests.distribute(node.test, node.samples).map(nodeOf)
    stack.push(...node.children)
    await pace.pause()
  }
  return root
}

function finished({ counts, test, children }: GrowingNode): MultiwayNode {
  return {
    counts,
    feature: test?.feature ?? -1,
    threshold: test?.threshold ?? Number.NaN,
    children: children.map(finished),
  }
}
