import { checkFlag, checkNumber, checkWord } from '../option-checks.ts'
import { type KernelName, kernelNames } from './kernel.ts'

/** What kernel machines share. */
export interface KernelOptions {
  /** What a sample on the wrong side of the margin costs, above 0. Default 1. */
  readonly C?: number
  /**
   * linear xy, poly (gamma xy + coef0)^degree, rbf exp(-gamma |x - y|^2), sigmoid tanh(gamma xy + coef0). Default 'rbf'.
   */
  readonly kernel?: KernelName
  /** The degree of 'poly', an integer from 0 up. Default 3. */
  readonly degree?: number
  /**
   * The gamma of 'poly', 'rbf' and 'sigmoid': from 0 up, 'scale' (1 / (features * the variance of all numbers)) or 'auto'
   * (1 / features). Default 'scale'.
   */
  readonly gamma?: number | 'scale' | 'auto'
  /** The constant of 'poly' and 'sigmoid'. Default 0. */
  readonly coef0?: number
  /** Whether samples that will most likely stay at a bound are set aside; changes the speed. Default true. */
  readonly shrinking?: boolean
  /** How far the conditions of the optimum may be violated, above 0. Default 1e-3. */
  readonly tol?: number
  /** MiB for kernel values, above 0. Default 200. */
  readonly cacheSize?: number
  /** Most iterations, or -1 for libsvm's limit: 10 million, or 100 a variable where that is more. Default -1. */
  readonly maxIter?: number
}

export const kernelDefaults: Required<KernelOptions> = {
  C: 1,
  kernel: 'rbf',
  degree: 3,
  gamma: 'scale',
  coef0: 0,
  shrinking: true,
  tol: 1e-3,
  cacheSize: 200,
  maxIter: -1,
}

export function checkKernelOptions(what: string, options: Required<KernelOptions>): void {
  checkNumber(what, 'C', options.C, { above: 0 })
  checkWord(what, 'kernel', options.kernel, kernelNames)
  checkNumber(what, 'degree', options.degree, { atLeast: 0, atMost: 100, integer: true })
  if (typeof options.gamma === 'string') checkWord(what, 'gamma', options.gamma, ['scale', 'auto'])
  else checkNumber(what, 'gamma', options.gamma, { atLeast: 0 })
  checkNumber(what, 'coef0', options.coef0)
  checkFlag(what, 'shrinking', options.shrinking)
  checkNumber(what, 'tol', options.tol, { above: 0 })
  checkNumber(what, 'cacheSize', options.cacheSize, { above: 0 })
  checkNumber(what, 'maxIter', options.maxIter, { atLeast: -1, integer: true })
}
