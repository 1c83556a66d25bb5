import { F, Module, type Parameter, parameter } from '../nn/index.ts'
import { full, type Generator, noGrad, rand, type Tensor, tensor, where } from '../tensor/index.ts'

export interface MarginLossOptions {
  /** How far positives must be nearer, and negatives further, than beta. */
  readonly margin?: number
  /** Where beta, the distance that separates positives from negatives, starts. */
  readonly beta?: number
  /** Which negatives: drawn so that all distances are seen alike (Wu et al. 2017), or the nearest of the batch. */
  readonly mining?: 'distanceWeighted' | 'hardest'
  /** Draws the negatives; the default generator unless given. */
  readonly generator?: Generator
}

interface Pairs {
  readonly anchors: Int32Array
  readonly positives: Int32Array
  /** The negative of each pair, as a place in the matrix [batch, most] of drawn negatives. */
  readonly slots: Int32Array
  /** The most negatives that an anchor needs. */
  readonly most: number
}

/** Smaller distances weigh no more than this one; further negatives have no loss. */
const [nearest, furthest] = [0.5, 1.4]
const excluded = -1e30

/**
 * The margin loss of MultiGrain: in a batch that holds several views of each instance, each anchor's views are to be nearer
 * than `beta` (learned) and as many negatives further, by `margin`. The mean over the terms that are not 0.
 */
export class MarginLoss extends Module {
  beta: Parameter
  readonly #margin: number
  readonly #mining: 'distanceWeighted' | 'hardest'
  readonly #generator: Generator | undefined

  constructor({ margin = 0.2, beta = 1.2, mining = 'distanceWeighted', generator }: MarginLossOptions = {}) {
    super()
    this.beta = parameter(full([], beta))
    this.#margin = margin
    this.#mining = mining
    this.#generator = generator
  }

  /** `descriptors` [batch, channels] of length 1; `instances` says of which image each one is a view. */
  override forward(descriptors: Tensor, instances: ArrayLike<number>): Tensor {
    const pairs = pairsOf(instances)
    if (pairs.most === 0) return descriptors.sum().mul(0)
    const negatives = noGrad(() => this.#negatives(descriptors, instances, pairs))
    const chosen = (index: Tensor): Tensor => descriptors.indexSelect(0, index)
    const anchors = chosen(indices(pairs.anchors))
    const near = distance(anchors, chosen(indices(pairs.positives)))
    const far = distance(anchors, chosen(negatives))
    const tooFar = near.sub(this.beta).add(this.#margin).relu()
    const tooNear = this.beta.sub(far).add(this.#margin).relu()
    const counted = tooFar.gt(0).float().sum().add(tooNear.gt(0).float().sum())
    return tooFar.sum().add(tooNear.sum()).div(counted.clamp(1).detach())
  }

  /** For each pair the row of a negative. */
  #negatives(descriptors: Tensor, instances: ArrayLike<number>, { most, slots }: Pairs): Tensor {
    const [batch, channels] = descriptors.shape as [number, number]
    const other = differing(instances)
    const squares = descriptors.square().sum(1, true)
    const inner = descriptors.matmul(descriptors.t())
    const distances = squares.add(squares.t()).sub(inner.mul(2)).clamp(0).sqrt().clamp(nearest)
    const drawn =
      this.#mining === 'hardest'
        ? where(other, distances.neg(), excluded).topk(most, 1).indices
        : this.#draw(logWeights(distances, channels), other, distances.lt(furthest), batch, most)
    return drawn.reshape(-1).indexSelect(0, indices(slots))
  }

  /**
   * Adding Gumbel noise to log weights draws in their proportion: the largest few without repetition, or, where there are
   * not enough, the largest of fresh noise for each. Where none is near enough to count, all negatives weigh the same.
   */
  #draw(weights: Tensor, other: Tensor, near: Tensor, batch: number, most: number): Tensor {
    const gumbel = (shape: readonly number[]): Tensor =>
      rand(shape, this.#generator && { generator: this.#generator })
        .clamp(1e-20)
        .log()
        .neg()
        .clamp(1e-20)
        .log()
        .neg()
    const useful = other.logicalAnd(near)
    const usefulCount = useful.float().sum(1, true)
    const some = usefulCount.gt(0)
    const logits = where(some, where(useful, weights, excluded), where(other, 0, excluded))
    const available = where(some, usefulCount, other.float().sum(1, true))
    const distinct = logits.add(gumbel([batch, batch])).topk(most, 1).indices
    const repeated = logits
      .unsqueeze(1)
      .add(gumbel([batch, most, batch]))
      .argmax(2)
    return where(available.ge(most), distinct, repeated)
  }
}

/** The inverse density of distances between random points of a sphere, as a logarithm with 0 as its largest. */
function logWeights(distances: Tensor, channels: number): Tensor {
  const chord = distances.square().mul(-0.25).add(1).clamp(1e-12)
  const weights = distances
    .log()
    .mul(2 - channels)
    .sub(chord.log().mul((channels - 3) / 2))
  return weights.sub(weights.max())
}

function distance(a: Tensor, b: Tensor): Tensor {
  return a.sub(b).square().sum(1).add(1e-8).sqrt()
}

function indices(values: Int32Array): Tensor {
  return tensor(values, [values.length])
}

/** [batch, batch]: whether two rows are of different instances. */
function differing(instances: ArrayLike<number>): Tensor {
  const row = tensor(Int32Array.from(instances), [instances.length])
  return row.unsqueeze(1).ne(row.unsqueeze(0))
}

function pairsOf(instances: ArrayLike<number>): Pairs {
  const list = Array.from(instances)
  const positives = list.map((instance, i) =>
    list.flatMap((other, j) => (other === instance && j !== i ? [j] : [])),
  )
  if (list.length > 0 && list.every((instance) => instance === list[0])) {
    throw new RangeError('MarginLoss: all samples of the batch are of one instance; there are no negatives')
  }
  const most = Math.max(0, ...positives.map(({ length }) => length))
  return {
    anchors: Int32Array.from(positives.flatMap((of, i) => of.map(() => i))),
    positives: Int32Array.from(positives.flat()),
    slots: Int32Array.from(positives.flatMap((of, i) => of.map((_, slot) => i * most + slot))),
    most,
  }
}

export interface MultiGrainLossOptions extends MarginLossOptions {
  /** The share of the classification's loss; the rest is the margin loss's. */
  readonly lambda?: number
}

/** lambda times the cross-entropy plus (1 - lambda) times the margin loss, of MultiGrain's two outputs. */
export class MultiGrainLoss extends Module {
  margin: MarginLoss
  readonly #lambda: number

  constructor({ lambda = 0.5, ...options }: MultiGrainLossOptions = {}) {
    super()
    this.margin = new MarginLoss(options)
    this.#lambda = lambda
  }

  override forward(outputs: readonly Tensor[], labels: Tensor, instances: ArrayLike<number>): Tensor {
    const [logits, descriptors] = outputs as [Tensor, Tensor]
    const classification = F.crossEntropy(logits, labels).mul(this.#lambda)
    if (this.#lambda === 1) return classification
    return classification.add(this.margin.forward(descriptors, instances).mul(1 - this.#lambda))
  }
}
