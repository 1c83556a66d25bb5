/** Probability 1 / (1 + exp(a f + b)) of the first class, from a decision value f. */
export interface Sigmoid {
  readonly a: number
  readonly b: number
}

export function sigmoidOf(f: number, { a, b }: Sigmoid): number {
  const z = a * f + b
  return z >= 0 ? Math.exp(-z) / (1 + Math.exp(-z)) : 1 / (1 + Math.exp(z))
}

const mostIterations = 100
const shortestStep = 1e-10
/** Keeps the Hessian positive definite. */
const ridge = 1e-12
const smallestGradient = 1e-5

/**
 * Fits a sigmoid to decision values (Platt 1999) by Newton's method with backtracking (Lin, Lin and Weng, Machine Learning
 * 68, 2007). Targets are (N+ + 1) / (N+ + 2) and 1 / (N- + 2).
 * @param signs 1 for the first class, -1 for the second.
 */
export function fitSigmoid(decisions: Float64Array, signs: Int8Array): Sigmoid {
  const positive = signs.filter((sign) => sign > 0).length
  const negative = signs.length - positive
  const [high, low] = [(positive + 1) / (positive + 2), 1 / (negative + 2)]
  const targets = Float64Array.from(signs, (sign) => (sign > 0 ? high : low))
  let current: Sigmoid = { a: 0, b: Math.log((negative + 1) / (positive + 1)) }
  let loss = sigmoidLoss(decisions, targets, current)
  for (let iteration = 0; iteration < mostIterations; iteration++) {
    const { h11, h22, h21, g1, g2 } = derivatives(decisions, targets, current)
    if (Math.abs(g1) < smallestGradient && Math.abs(g2) < smallestGradient) break
    const determinant = h11 * h22 - h21 * h21
    const da = -(h22 * g1 - h21 * g2) / determinant
    const db = -(-h21 * g1 + h11 * g2) / determinant
    const slope = g1 * da + g2 * db
    let step = 1
    for (; step >= shortestStep; step /= 2) {
      const next = { a: current.a + step * da, b: current.b + step * db }
      const nextLoss = sigmoidLoss(decisions, targets, next)
      if (nextLoss >= loss + 1e-4 * step * slope) continue
      current = next
      loss = nextLoss
      break
    }
    if (step < shortestStep) break
  }
  return current
}

function sigmoidLoss(decisions: Float64Array, targets: Float64Array, { a, b }: Sigmoid): number {
  let loss = 0
  for (let i = 0; i < decisions.length; i++) {
    const z = a * decisions[i]! + b
    loss +=
      z >= 0
        ? targets[i]! * z + Math.log(1 + Math.exp(-z))
        : (targets[i]! - 1) * z + Math.log(1 + Math.exp(z))
  }
  return loss
}

function derivatives(
  decisions: Float64Array,
  targets: Float64Array,
  sigmoid: Sigmoid,
): { h11: number; h22: number; h21: number; g1: number; g2: number } {
  let [h11, h22, h21, g1, g2] = [ridge, ridge, 0, 0, 0]
  for (let i = 0; i < decisions.length; i++) {
    const f = decisions[i]!
    const p = sigmoidOf(f, sigmoid)
    const bend = p * (1 - p)
    h11 += f * f * bend
    h22 += bend
    h21 += f * bend
    const difference = targets[i]! - p
    g1 += f * difference
    g2 += difference
  }
  return { h11, h22, h21, g1, g2 }
}

/**
 * Probabilities of k classes from those of pairs (the second method of Wu, Lin and Weng, JMLR 5, 2004): the p with sum 1 of
 * the smallest sum over pairs of (r_ts p_s - r_st p_t)^2, to 0.005 / k as in libsvm.
 * @param pairwise k x k numbers: at t * k + s the probability of class t where only t and s are possible.
 */
export function couplePairs(pairwise: Float64Array, k: number): Float64Array {
  const q = new Float64Array(k * k)
  for (let t = 0; t < k; t++) {
    for (let j = 0; j < k; j++) {
      if (j === t) continue
      q[t * k + t]! += pairwise[j * k + t]! ** 2
      q[t * k + j] = -pairwise[j * k + t]! * pairwise[t * k + j]!
    }
  }
  const p = new Float64Array(k).fill(1 / k)
  const qp = new Float64Array(k)
  for (let iteration = 0; iteration < Math.max(100, k); iteration++) {
    let total = 0
    for (let t = 0; t < k; t++) {
      qp[t] = 0
      for (let j = 0; j < k; j++) qp[t]! += q[t * k + j]! * p[j]!
      total += p[t]! * qp[t]!
    }
    const now = total
    if (qp.every((value) => Math.abs(value - now) < 0.005 / k)) break
    for (let t = 0; t < k; t++) {
      const own = q[t * k + t]!
      const change = (total - qp[t]!) / own
      p[t]! += change
      total = (total + change * (change * own + 2 * qp[t]!)) / (1 + change) / (1 + change)
      for (let j = 0; j < k; j++) {
        qp[j] = (qp[j]! + change * q[t * k + j]!) / (1 + change)
        p[j]! /= 1 + change
      }
    }
  }
  return p
}
