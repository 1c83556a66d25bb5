import { Pace } from '../pace.ts'
import type { DualOptions, DualProblem, DualSolution } from './dual-problem.ts'
import type { KernelRows } from './kernel-rows.ts'
import { clipDifference, clipSum, largestFirst } from './smo-step.ts'

/** What stands for a curvature that is not above 0. */
const tau = 1e-12

/** Solves the dual problem by sequential minimal optimisation. */
export function solveDual(problem: DualProblem, options: DualOptions): Promise<DualSolution> {
  return new Smo(problem, options).solve()
}

/**
 * Sequential minimal optimisation with the working set of second order of Fan, Chen and Lin (JMLR 6, 2005), and shrinking as
 * in libsvm (Chang and Lin 2011). Variables are kept in an order in which the active ones come first.
 */
class Smo {
  readonly #kernel: KernelRows
  readonly #options: DualOptions
  readonly #size: number
  /** The variable at each place; what follows is in the order of places. */
  readonly #variables: Int32Array
  readonly #rows: Int32Array
  readonly #signs: Int8Array
  readonly #upper: Float64Array
  readonly #linear: Float64Array
  readonly #alpha: Float64Array
  readonly #gradient: Float64Array
  /** The part of the gradient that variables at their upper bound make. */
  readonly #fixed: Float64Array
  readonly #curvature: Float64Array
  #active: number
  #unshrunk = false

  constructor({ kernel, index, signs, linear, upper }: DualProblem, options: DualOptions) {
    this.#kernel = kernel
    this.#options = options
    this.#size = index.length
    this.#variables = Int32Array.from({ length: this.#size }, (_, t) => t)
    this.#rows = index.slice()
    this.#signs = signs.slice()
    this.#upper = upper.slice()
    this.#linear = linear.slice()
    this.#alpha = new Float64Array(this.#size)
    this.#gradient = linear.slice()
    this.#fixed = new Float64Array(this.#size)
    this.#curvature = Float64Array.from(index, (row) => kernel.diagonal[row]!)
    this.#active = this.#size
  }

  async solve(): Promise<DualSolution> {
    const { maxIter, shrinking } = this.#options
    const limit = maxIter < 0 ? Math.max(1e7, 100 * this.#size) : maxIter
    const period = Math.min(this.#size, 1000)
    const pace = new Pace()
    let untilShrinking = period + 1
    let iterations = 0
    let converged = false
    while (iterations < limit) {
      if (--untilShrinking === 0) {
        untilShrinking = period
        if (shrinking) await this.#shrink()
      }
      if (!(await this.#improve())) {
        await this.#reactivate()
        if (!(await this.#improve())) {
          converged = true
          break
        }
        untilShrinking = 1
      }
      iterations++
      if (iterations % 64 === 0) await pace.pause()
    }
    if (!converged) await this.#reactivate()
    return this.#solution(iterations, converged)
  }

  /** Improves the two variables that promise most; false where none violates the conditions of the optimum. */
  async #improve(): Promise<boolean> {
    const [i, most] = this.#first()
    if (i < 0) return false
    const rowI = this.#kernel.cached(this.#rows[i]!) ?? (await this.#load(i))
    const j = this.#second(i, most, rowI)
    if (j < 0) return false
    const rowJ = this.#kernel.cached(this.#rows[j]!) ?? (await this.#load(j))
    this.#update(i, j, rowI, rowJ)
    return true
  }

  /** The variable that can move up its label and has the largest -y G, and that number. */
  #first(): readonly [number, number] {
    const [signs, alpha, upper, gradient] = [this.#signs, this.#alpha, this.#upper, this.#gradient] as const
    let most = Number.NEGATIVE_INFINITY
    let found = -1
    for (let t = 0; t < this.#active; t++) {
      if (signs[t]! > 0) {
        if (alpha[t]! < upper[t]! && -gradient[t]! >= most) {
          most = -gradient[t]!
          found = t
        }
      } else if (alpha[t]! > 0 && gradient[t]! >= most) {
        most = gradient[t]!
        found = t
      }
    }
    return [found, most]
  }

  /** The partner with which the objective falls most; -1 where none violates the conditions by `tol`. */
  #second(i: number, most: number, row: Float32Array): number {
    const [signs, alpha, upper, gradient] = [this.#signs, this.#alpha, this.#upper, this.#gradient] as const
    const [rows, curvature] = [this.#rows, this.#curvature] as const
    const own = curvature[i]!
    let lowest = Number.NEGATIVE_INFINITY
    let best = Number.POSITIVE_INFINITY
    let found = -1
    for (let t = 0; t < this.#active; t++) {
      const positive = signs[t]! > 0
      if (positive ? alpha[t]! <= 0 : alpha[t]! >= upper[t]!) continue
      const value = positive ? gradient[t]! : -gradient[t]!
      if (value >= lowest) lowest = value
      const difference = most + value
      if (difference <= 0) continue
      const bend = own + curvature[t]! - 2 * row[rows[t]!]!
      const change = -(difference * difference) / (bend > 0 ? bend : tau)
      if (change <= best) {
        best = change
        found = t
      }
    }
    return most + lowest < this.#options.tol ? -1 : found
  }

  #load(place: number): Promise<Float32Array> {
    return this.#kernel.load(this.#rows[place]!, () => this.#likely())
  }

  /** The rows of the active variables, those first that violate the conditions of the optimum most. */
  #likely(): Int32Array {
    const violations = Float64Array.from({ length: this.#active }, (_, t) => {
      const slope = this.#signs[t]! * this.#gradient[t]!
      return Math.max(
        this.#canRise(t) ? -slope : Number.NEGATIVE_INFINITY,
        this.#canFall(t) ? slope : Number.NEGATIVE_INFINITY,
      )
    })
    return largestFirst(violations).map((t) => this.#rows[t]!)
  }

  #update(i: number, j: number, rowI: Float32Array, rowJ: Float32Array): void {
    const [alpha, gradient] = [this.#alpha, this.#gradient] as const
    const [oldI, oldJ] = [alpha[i]!, alpha[j]!]
    const [upperI, upperJ] = [this.#upper[i]!, this.#upper[j]!]
    const bend = this.#curvature[i]! + this.#curvature[j]! - 2 * rowI[this.#rows[j]!]!
    const curvature = bend > 0 ? bend : tau
    if (this.#signs[i] === this.#signs[j]) {
      const delta = (gradient[i]! - gradient[j]!) / curvature
      clipSum(alpha, i, j, oldI - delta, oldJ + delta, oldI + oldJ, upperI, upperJ)
    } else {
      const delta = (-gradient[i]! - gradient[j]!) / curvature
      clipDifference(alpha, i, j, oldI + delta, oldJ + delta, oldI - oldJ, upperI, upperJ)
    }
    this.#addRows(this.#signs[i]! * (alpha[i]! - oldI), rowI, this.#signs[j]! * (alpha[j]! - oldJ), rowJ)
    this.#fix(i, oldI, rowI)
    this.#fix(j, oldJ, rowJ)
  }

  #addRows(a: number, rowI: Float32Array, b: number, rowJ: Float32Array): void {
    const [gradient, signs, rows] = [this.#gradient, this.#signs, this.#rows] as const
    for (let t = 0; t < this.#active; t++) {
      const row = rows[t]!
      gradient[t]! += signs[t]! * (a * rowI[row]! + b * rowJ[row]!)
    }
  }

  /** Keeps `#fixed` where a variable reaches or leaves its upper bound. */
  #fix(t: number, old: number, row: Float32Array): void {
    const bound = this.#upper[t]!
    const is = this.#alpha[t]! >= bound
    if (is === old >= bound) return
    const change = (is ? bound : -bound) * this.#signs[t]!
    for (let s = 0; s < this.#size; s++) this.#fixed[s]! += this.#signs[s]! * change * row[this.#rows[s]!]!
  }

  /** Sets aside variables at a bound that will most likely stay there. */
  async #shrink(): Promise<void> {
    let [up, down] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
    for (let t = 0; t < this.#active; t++) {
      const slope = this.#signs[t]! * this.#gradient[t]!
      if (this.#canRise(t)) up = Math.max(up, -slope)
      if (this.#canFall(t)) down = Math.max(down, slope)
    }
    if (!this.#unshrunk && up + down <= this.#options.tol * 10) {
      this.#unshrunk = true
      await this.#reactivate()
    }
    for (let t = 0; t < this.#active; t++) {
      if (!this.#isSettled(t, up, down)) continue
      this.#active--
      while (this.#active > t) {
        if (!this.#isSettled(this.#active, up, down)) {
          this.#swap(t, this.#active)
          break
        }
        this.#active--
      }
    }
  }

  /** Whether y a can grow. */
  #canRise(t: number): boolean {
    return this.#signs[t]! > 0 ? this.#alpha[t]! < this.#upper[t]! : this.#alpha[t]! > 0
  }

  /** Whether y a can become less. */
  #canFall(t: number): boolean {
    return this.#signs[t]! > 0 ? this.#alpha[t]! > 0 : this.#alpha[t]! < this.#upper[t]!
  }

  #isSettled(t: number, up: number, down: number): boolean {
    const slope = this.#signs[t]! * this.#gradient[t]!
    if (!this.#canRise(t)) return -slope > up
    if (!this.#canFall(t)) return slope > down
    return false
  }

  /** Computes the gradient of the variables that were set aside, and takes them back. */
  async #reactivate(): Promise<void> {
    const active = this.#active
    if (active === this.#size) return
    for (let t = active; t < this.#size; t++) this.#gradient[t] = this.#fixed[t]! + this.#linear[t]!
    for (let s = 0; s < active; s++) {
      const alpha = this.#alpha[s]!
      if (alpha <= 0 || alpha >= this.#upper[s]!) continue
      const row = this.#kernel.cached(this.#rows[s]!) ?? (await this.#load(s))
      const weight = alpha * this.#signs[s]!
      for (let t = active; t < this.#size; t++) {
        this.#gradient[t]! += this.#signs[t]! * weight * row[this.#rows[t]!]!
      }
    }
    this.#active = this.#size
  }

  #swap(a: number, b: number): void {
    for (const values of [
      this.#variables,
      this.#rows,
      this.#signs,
      this.#upper,
      this.#linear,
      this.#alpha,
      this.#gradient,
      this.#fixed,
      this.#curvature,
    ]) {
      const value = values[a]!
      values[a] = values[b]!
      values[b] = value
    }
  }

  #solution(iterations: number, converged: boolean): DualSolution {
    const alpha = new Float64Array(this.#size)
    let [low, high] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
    let [sum, free, objective] = [0, 0, 0]
    for (let t = 0; t < this.#size; t++) {
      alpha[this.#variables[t]!] = this.#alpha[t]!
      objective += (this.#alpha[t]! * (this.#gradient[t]! + this.#linear[t]!)) / 2
      const slope = this.#signs[t]! * this.#gradient[t]!
      const [rises, falls] = [this.#canRise(t), this.#canFall(t)]
      if (rises && falls) {
        sum += slope
        free++
      } else if (rises) high = Math.min(high, slope)
      else low = Math.max(low, slope)
    }
    const rho = free > 0 ? sum / free : (low + high) / 2
    return { alpha, rho, objective, iterations, converged }
  }
}
